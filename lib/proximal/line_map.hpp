#pragma once

#include "measures/gaussian_mixture.hpp"
#include "measures/line_measure.hpp"
#include "measures/point_cloud.hpp"
#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

#include <memory>

namespace flowcheck {

/// The grid on which measures of the line are transport maps from N(0, 1):
///
///   zᵢ = −Z + ih,  i = 0 … M − 1,  h = 2Z/(M − 1),
///   wᵢ = N(0, 1)-mass of the points nearest to zᵢ, the end ones with their tails,
///   ωᵢ = N(0, 1)-mass of [zᵢ, zᵢ₊₁],  i = 0 … M − 2,
///
/// both normalised to Σ = 1. Masses are sums of positive terms, good to 64 u relative for
/// |z| ≤ 8 however small: differences of Φ would lose u/h of a cell's mass, and all of it in the
/// tails. A value; copies share the tables.
class LineGrid {
 public:
  /// @param points      M ≥ 3
  /// @param half_width  Z, in (0, 30]: beyond, masses are below the smallest doubles
  /// @throws std::invalid_argument  outside these
  explicit LineGrid(Index points = 801, double half_width = 8.0);

  Index points() const { return tables_->nodes.size(); }
  double half_width() const { return tables_->half_width; }
  double spacing() const { return tables_->spacing; }                 ///< h
  const Vector& nodes() const { return tables_->nodes; }              ///< z
  const Vector& node_masses() const { return tables_->node_masses; }  ///< w, length M
  const Vector& edge_masses() const { return tables_->edge_masses; }  ///< ω, length M − 1

  /// The same half width with a quarter of the points, a sixteenth where these are more than
  /// 500 000, nullptr where they are 800 or fewer.
  const LineGrid* coarser() const { return tables_->coarser.get(); }

  /// Same M and Z, hence the same tables.
  friend bool operator==(const LineGrid& a, const LineGrid& b) {
    return a.points() == b.points() && a.half_width() == b.half_width();
  }

 private:
  struct Tables {
    double half_width = 0.0;
    double spacing = 0.0;
    Vector nodes = {};
    Vector node_masses = {};
    Vector edge_masses = {};
    std::shared_ptr<const LineGrid> coarser = {};
  };
  std::shared_ptr<const Tables> tables_;
};

/// A measure p = T_# N(0, 1) on the line, T increasing, by its values on a grid:
///
///   Tᵢ = T(zᵢ),    dᵢ = Tᵢ₊₁ − Tᵢ ≥ 0,
///
/// the increments being kept beside the values. Where T saturates (a compact support away from 0)
/// Tᵢ₊₁ − Tᵢ underflows at |z| ≈ 6 while dᵢ is still known to its last places; on fine grids the
/// subtraction loses u|T|/h of every increment, and with it the first-order error of a step. The
/// two agree to a few units in the last place of |T|. Increments of zero are atoms.
class LineMap {
 public:
  /// Increments by subtraction.
  /// @throws std::invalid_argument  not M values, not finite, or not ascending
  LineMap(LineGrid grid, Vector values);
  /// @throws std::invalid_argument  as above, a negative increment, or one that is not the
  /// difference of its values to 1e-9 of |T| + Σd
  LineMap(LineGrid grid, Vector values, Vector increments);

  const LineGrid& grid() const { return grid_; }
  const Vector& values() const { return values_; }          ///< T, length M
  const Vector& increments() const { return increments_; }  ///< d, length M − 1
  bool has_density() const { return has_density_; }         ///< every increment is positive

  Estimate mean() const;      ///< Σ wᵢTᵢ, of the discrete measure
  Estimate variance() const;  ///< Σ wᵢ(Tᵢ − mean)²

 private:
  LineGrid grid_;
  Vector values_;
  Vector increments_;
  bool has_density_ = false;
};

/// T = F⁻¹ ∘ Φ of a measure with a density, quantiles from the nearer tail. An increment is a
/// difference of quantiles or ∫ φ/p(T) dz over its cell by Gauss's rule, whichever is known better.
LineMap line_map(const LineGrid& grid, const LineMeasure& p);

/// The quantiles of Σ wₖδ_{xₖ} at Φ(zᵢ), counted from the nearer end.
/// @throws std::invalid_argument  d ≠ 1
LineMap line_map(const LineGrid& grid, const PointCloud& p);

/// Of a mixture of laws with densities as above, of a mixture of atoms as points.
/// @throws std::invalid_argument  d ≠ 1, components of both kinds, or modes too far apart for the
/// increments between them
LineMap line_map(const LineGrid& grid, const GaussianMixture& p);

/// T = m + sz, s ≥ 0: N(m, s²), a Dirac for s = 0.
LineMap gaussian_map(const LineGrid& grid, double mean, double standard_deviation);

/// ‖T − T'‖ in ℓ²_w, which is W₂ of the discrete measures; the enclosure is for round-off alone.
/// @throws std::invalid_argument  the grids differ
Estimate w2(const LineMap& p, const LineMap& q);

/// The limit h → 0 of a quantity of order h², from its values at spacings 2h and h: their
/// Richardson value, `converged` with what it differs by from the finer one as discretisation
/// error.
Estimate richardson(const Estimate& coarse, const Estimate& fine);

/// The same from 4h, 2h and h: the error is the difference of the last two Richardson values.
Estimate richardson(const Estimate& coarse, const Estimate& middle, const Estimate& fine);

}  // namespace flowcheck
