#pragma once

#include "measures/line_measure.hpp"
#include "proximal/line_map.hpp"

#include <cstddef>
#include <vector>

namespace flowcheck {

/// A law on the line by its masses mᵢ on the cells [lower + ih, lower + (i + 1)h] of a window.
struct CellLaw {
  double lower = 0.0;
  double spacing = 0.0;  ///< h
  Vector masses = {};    ///< m, summing to one

  Vector density() const { return masses / spacing; }  ///< mean density of each cell
};

/// Quantiles at Φ(zᵢ), counted from the nearer tail; within a cell the density is exponential, with
/// the slope of its neighbours' logarithms.
/// @throws std::invalid_argument  a negative mass, or none at all
LineMap line_map(const LineGrid& grid, const CellLaw& law);

struct LineFokkerPlanckOptions {
  Index cells = 200;    ///< of the coarsest of the three grids
  int steps = 8;        ///< implicit steps between two times, on the coarsest grid
  double tail = 1e-18;  ///< the window ends where start and target have this mass left
};

/// The Fokker–Planck flow ∂ₜρ = ∂ₓ(ρ(V′ + ∂ₓ log ρ)) of KL(· ‖ q), q = e^{−V}/Z, on one grid: a
/// Markov chain on the cells' centres xᵢ with the rates
///
///   i → i ± 1:   e^{−(V(xᵢ±₁) − V(xᵢ))/2}/h²,
///
/// reversible with respect to πᵢ ∝ e^{−V(xᵢ)}, and implicit Euler in time. Masses stay positive and
/// keep their sum, π stays, and the relative entropy to π never grows. Errors are of first order in
/// the time step and of second in h.
///
/// The tridiagonal systems are eliminated without a subtraction, which keeps every mass to its
/// relative precision, 16 u for each cell passed in each step.
struct LineFlow {
  std::vector<double> times = {};
  std::vector<CellLaw> laws = {};  ///< at those times
  Vector log_stationary = {};      ///< log π
  double outside = 0.0;            ///< mass of the start beyond the window, put into its end cells
  double relative_error = 0.0;     ///< of a mass, by round-off

  Estimate kl(std::size_t k) const;  ///< KL(m ‖ π) at times[k], enclosed for round-off
  /// Σ (rᵢ₊₁ − rᵢ)(log rᵢ₊₁ − log rᵢ)√(πᵢπᵢ₊₁)/h² with r = m/π, the rate at which kl() falls;
  /// +∞ next to cells without mass.
  Estimate dissipation(std::size_t k) const;
  double edge_mass(std::size_t k) const;  ///< mass in the two end cells
  CellLaw stationary() const;
};

LineFlow line_flow(const LineMeasure& start,
                   const LineMeasure& target,
                   const std::vector<double>& times,
                   const LineFokkerPlanckOptions& options = {});

/// The same flow enclosed by refinement: three grids, each with twice the cells and four times the
/// steps of the one before, all of whose errors are a quarter, and Richardson's value of the three.
/// That takes cells which resolve the start, and steps which resolve the time asked for: of a start
/// with edges the first times are of lower order than the enclosure supposes.
class LineFokkerPlanck {
 public:
  /// @param start   ρ_0
  /// @param target  q, on all of ℝ
  /// @param times   ascending, ≥ 0; as many implicit steps are made between any two
  /// @throws std::invalid_argument  a target with an edge, fewer than 8 cells, no steps, a tail not
  /// in (0, ½), times not ascending, or a grid too coarse for V: rates that overflow
  LineFokkerPlanck(const LineMeasure& start,
                   const LineMeasure& target,
                   const std::vector<double>& times,
                   const LineFokkerPlanckOptions& options = {});

  const LineFlow& coarse() const { return levels_[0]; }
  const LineFlow& middle() const { return levels_[1]; }
  const LineFlow& finest() const { return levels_[2]; }

  Estimate kl(std::size_t k) const;                  ///< KL(ρ_t ‖ q), t = times[k]
  Estimate fisher_information(std::size_t k) const;  ///< I(ρ_t ‖ q)
  /// W₂(ρ_t, p): of the discrete measures on p's grid.
  Estimate w2(std::size_t k, const LineMap& p) const;
  /// W₂(ρ_t, q), q being each grid's own stationary law.
  Estimate w2_to_target(std::size_t k, const LineGrid& grid) const;

 private:
  std::vector<LineFlow> levels_;
};

}  // namespace flowcheck
