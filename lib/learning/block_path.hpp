#pragma once

#include "flows/flow.hpp"
#include "learning/interpolant.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/estimate.hpp"

#include <functional>
#include <vector>

namespace flowcheck {

/// A path's law and velocity at points, one a column.
struct PathValues {
  Vector log_densities = {};
  Matrix scores = {};
  Matrix velocities = {};
};

/// A block's path at one time, factored: I = I_t and İ of a mixture are jointly a mixture of
/// Gaussians. With the components' posterior weights rₖ(x), by log-sum-exp,
///
///   v(x) = E[İ | I = x] = Σ rₖ uₖ,    uₖ = E İₖ + Gₖ(x − E Iₖ),    Gₖ = Cov(İₖ, Iₖ) Cov(Iₖ)⁻¹,
///   ∇v(x) = Σ rₖ Gₖ + Σ rₖ (uₖ − v)(sₖ − s̄)ᵀ,    sₖ = −Cov(Iₖ)⁻¹(x − E Iₖ),
///   tr Cov(İ | I = x) = Σ rₖ (tr Cov(İₖ | Iₖ) + |uₖ − v|²).
///
/// Regular wherever every component's law has a density. Cost of a point: O(K d²).
class BlockSlice {
 public:
  const GaussianMixture& law() const { return law_; }  ///< ρ_t

  Matrix velocities(const Matrix& points) const;   ///< v at each column, d × n
  PathValues values(const Matrix& points) const;   ///< all of it from one pass
  Vector divergences(const Matrix& points) const;  ///< div v; ∂ₓv on the line
  Vector residuals(const Matrix& points) const;    ///< tr Cov(İ | I = x)
  Matrix jacobian(const Vector& x) const;          ///< ∇v, d × d, not symmetric in general
  Vector velocity(const Vector& x) const { return velocities(x); }

 private:
  friend class BlockPath;

  struct Component {
    Vector mean = {};       // E I
    Vector mean_rate = {};  // E İ
    Matrix slope = {};      // G
    Matrix precision = {};  // Cov(I)⁻¹
    double log_factor = 0.0;
    double residual = 0.0;  // tr Cov(İ | I)
  };
  struct Posterior {
    Matrix weights = {};              // K × n
    std::vector<Matrix> rates = {};   // uₖ, d × n each
    std::vector<Matrix> scores = {};  // sₖ
    Vector log_totals = {};           // log ρ_t
  };

  BlockSlice(GaussianMixture law, std::vector<Component> components)
      : law_(std::move(law)), components_(std::move(components)) {}
  Posterior posterior(const Matrix& points) const;

  GaussianMixture law_;
  std::vector<Component> components_;
};

/// The exact path of one block of Local Flow Matching from a mixture: x_l ~ p, x_r its
/// Ornstein–Uhlenbeck image by γ under a coupling, I_t their interpolant. Shuffled is what it is in
/// the limit of large samples, independent. γ = +∞ is the free block, x_r ~ N(0, I).
class BlockPath {
 public:
  /// @throws std::invalid_argument  γ < 0 or NaN
  BlockPath(GaussianMixture data, double step_size, Interpolant interpolant, Coupling coupling);

  const GaussianMixture& data() const { return data_; }    ///< p_{n−1}, at t = 0
  const GaussianMixture& right() const { return right_; }  ///< p_n*, the law of x_r
  double step_size() const { return step_size_; }
  Interpolant interpolant() const { return interpolant_; }
  bool is_dependent() const { return dependent_; }

  GaussianMixture law(double t) const;  ///< ρ_t; K² components for an independent coupling

  /// @throws std::invalid_argument  t not in [0, 1], or ρ_t has no density
  BlockSlice at(double t) const;

  VelocityField velocity() const;      ///< v(t, x), factored anew at every call
  TangentField tangent_field() const;  ///< v with its Jacobian

 private:
  GaussianMixture data_;
  GaussianMixture right_;
  double step_size_;
  Interpolant interpolant_;
  bool dependent_;
};

/// E|x|² of a mixture.
double second_moment(const GaussianMixture& p);

/// ∫₀¹ E|İ_t|² dt in closed form: with M₂ of both ends and c = E⟨x_l, x_r⟩,
///
///   linear M₂(p) + M₂(p*) − 2c,    trigonometric (π²/4)(½M₂(p) + ½M₂(p*) − 2c/π).
Estimate squared_rate(const BlockPath& path);

struct BlockEnergyOptions {
  int panels = 4;  ///< of time, ten Gauss nodes each; doubled for the error
  int nodes = 48;  ///< of the trapezoidal rule for each component's law, a side; doubled likewise
};

/// Where ∫E|İ|² goes: what the regression explains and what it cannot.
struct BlockEnergies {
  Estimate kinetic = {};  ///< ∫∫ |v|² ρ_t dx dt
  Estimate floor = {};    ///< ∫∫ tr Cov(İ | I) ρ_t dx dt, the least training loss
};

/// ∫∫ |v̂ − v|² ρ_t dx dt of a learned field, what the training loss exceeds its floor by. The field
/// is called with points, d × n, and returns as many velocities.
using LearnedField = std::function<Matrix(double t, const Matrix& points)>;
Estimate squared_velocity_error(const BlockPath& path,
                                const LearnedField& learned,
                                const BlockEnergyOptions& options = {});

/// By quadrature, d ≤ 2. @throws std::invalid_argument  d > 2, or p has no density
BlockEnergies block_energies(const BlockPath& path, const BlockEnergyOptions& options = {});

/// sup ‖∇v‖ over t and x, d ≤ 2, seen at ten times a panel with both ends, and at the nodes of each
/// component: sampled, a lower bound.
Estimate steepest_gradient(const BlockPath& path, const BlockEnergyOptions& options = {});

}  // namespace flowcheck
