#pragma once

#include "numerics/types.hpp"

#include <vector>

namespace flowcheck {

/// ρ = Σ wₖ δ_{mₖ} in the plane.
struct PlanarCentres {
  Matrix means = {};                ///< mₖ, 2 × K, distinct
  Eigen::ArrayXd log_weights = {};  ///< log wₖ, finite
};

/// All places n + Δ with |⟨Δ, e⟩| ≤ along, |⟨Δ, f⟩| ≤ across, f ⟂ e, and |Δ| ≤ radius.
struct Spread {
  Eigen::Vector2d e = Eigen::Vector2d::UnitX();
  double along = 0.0;
  double across = 0.0;
  double radius = 0.0;
};

/// About all αu + βw, |α|, |β| ≤ 1, with e of length 1.
Spread spread_of(const Eigen::Vector2d& u, const Eigen::Vector2d& w, const Eigen::Vector2d& e);

/// Ends n far out in the normal cone of a vertex v of the centres' hull, where only some centres
/// keep their weight: ⟨n, v − mₖ⟩ ≥ lagₖ. Arrays of length K.
struct FarEnds {
  Index vertex = 0;             ///< the index of v, which is left
  Eigen::ArrayXd is_left = {};  ///< 1, or 0 of a centre that loses its weight
  Eigen::ArrayXd lags = {};     ///< lagₖ
};

/// Of Cov(W | s(n + Δ)) for all n + Δ within a spread of axes e and f ⟂ e.
struct CovarianceWithin {
  double largest = 0.0;                             ///< λ_max ≤
  double along = 0.0;                               ///< ⟨e, Cov e⟩ ≤
  double across = 0.0;                              ///< ⟨f, Cov f⟩ ≤
  Eigen::Matrix2d least = Eigen::Matrix2d::Zero();  ///< ⪯ Cov
};

/// What is known of all trajectories that end within a spread of one place.
struct FollowedBack {
  double above = 0.0;                                ///< ∫ s λ_max Cov ds on each, from above
  double middle = 0.0;                               ///< on the one that ends in the middle
  Eigen::Vector2d start = Eigen::Vector2d::Zero();   ///< where that one starts
  Spread spread = {};                                ///< the others about it at the start
  double leak = 0.0;                                 ///< to the spread, by centres not left
  Eigen::Matrix2d weight = Eigen::Matrix2d::Zero();  ///< step⁻¹ ∫ s² Cov ds in the middle
};

/// The flow dn/ds = E[W | sn], W ~ ρ tilted by e^{⟨sn, w⟩ − s²|w|²/2}, from s₀ to s₁, followed back
/// from its ends with what ends near: as its slope s Cov(W | sn) ⪰ 0, no two trajectories part on
/// their way back. In a box about the middle
///
///   Cov(W | θ + Δ) ⪯ E[e^{⟨X, Δ⟩} XXᵀ | θ],    X = W − E[W | θ],
///
/// convex in Δ, so that its corners bound it. Up to rounding and to the steps in s: the error of
/// the integral is added as its two rules differ, that of a trajectory as its steps show it, and a
/// step back contracts by the least of what holds at its two ends.
/// Derivation: docs/derivations/flow_map_stretch.md.
class TiltedFlow {
 public:
  /// @throws std::invalid_argument  not 0 ≤ s₀ ≤ s₁, or shapes that do not fit
  TiltedFlow(PlanarCentres centres, double first, double last);

  const Matrix& means() const { return centres_.means; }
  double last() const { return last_; }    ///< s₁
  double width() const { return width_; }  ///< all centres are within, about the origin
  int steps() const { return steps_; }

  Eigen::Matrix2d covariance_at_end(const Eigen::Vector2d& n) const;  ///< Cov(W | s₁n)

  CovarianceWithin covariance_within(const Eigen::Vector2d& end, const Spread& spread) const;

  /// Cost O(K) a step, fifteen sums over the centres.
  FollowedBack followed_back(const Eigen::Vector2d& end, const Spread& spread) const;

  /// The middle is a trajectory of the centres that are left; the others may have any weight that
  /// their lag allows them. To infinity along any direction in which no lag falls.
  FollowedBack followed_back(const Eigen::Vector2d& end,
                             const Spread& spread,
                             const FarEnds& far) const;

 private:
  // The tilt at s has log weights c + ⟨sn, m⟩, up to one constant.
  struct Slice {
    double s = 0.0;
    Eigen::ArrayXd constants;
  };
  struct Law;
  struct Contraction;

  Law law_at(const Slice& slice, const Eigen::Vector2d& n, const FarEnds* far) const;
  Eigen::ArrayXd farthest_behind(Index vertex) const;
  Eigen::ArrayXd weights_of_others(const Slice& slice,
                                   const FarEnds& far,
                                   const Eigen::ArrayXd& farthest) const;
  CovarianceWithin within(const Slice& slice,
                          const Law& law,
                          const Spread& spread,
                          const Eigen::Matrix2d& others) const;
  Spread one_step_back(const Contraction& by, const Spread& now) const;
  FollowedBack followed(Eigen::Vector2d n, Spread spread, const FarEnds* far) const;

  PlanarCentres centres_;
  double last_ = 0.0;
  double width_ = 0.0;
  double step_ = 0.0;
  int steps_ = 0;
  std::vector<Slice> slices_ = {};  // at the steps and half way
};

}  // namespace flowcheck
