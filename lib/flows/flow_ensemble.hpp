#pragma once

#include "flows/reference_flow.hpp"
#include "numerics/vector_form.hpp"

#include <cstdint>
#include <vector>

namespace flowcheck {

struct EnsembleOptions {
  double tolerance = 1e-8;                 ///< of the ends, about: see flow_ensemble()
  int step_limit = 10'000;                 ///< steps of one trajectory
  VectorForm form = widest_vector_form();  ///< for comparison; the bytes do not depend on it
};

struct EnsembleResult {
  Matrix ends = {};                            ///< X_{s,t} of each column, d × n
  std::vector<Termination> terminations = {};  ///< of each column
  std::int64_t expansions = 0;  ///< of the velocity along its flow, one a step of a trajectory
  bool converged = true;        ///< all of them
};

/// Flow of an interpolation towards N(0, σ²I) * ρ, ρ = Σ wₖ δ_{μₖ}, σ ≥ 0, of many points from one
/// level to another, forwards or backwards.
///
/// With S = a² + σ²b², z = x/√S and the clock φ = b/√S, which runs from 0 to 1/σ, nothing is left
/// of the flow but the posterior mean of the centres,
///
///   dz/dφ = E[μ | Z + φμ = z] = Σ rₖμₖ,    rₖ ∝ wₖ e^{φ⟨z, μₖ⟩ − φ²|μₖ|²/2},
///
/// whatever the schedule: the flow towards ρ itself in the clock r, stopped at 1/σ. By Taylor
/// expansions of order 12: the rates of change of log rₖ are linear in z, so that the coefficients
/// of all rₖ and of z follow from one another by convolutions, for the price of about seven
/// velocities and of one exponential a component [JorbaZou2005]. The velocity after a step says
/// what the expansion has missed dz/dφ by, and h/13 times that corrects z and, to second order, the
/// weights: the first term left out goes, of the next a fourteenth remains. Each trajectory has
/// steps of its own, so long that by the last four terms (h/ρ)¹⁴ is 4 tolerances, and no longer
/// than 0.45 ρ, for beyond the terms foretell less. Where a step, the last one too, has to be
/// corrected by more than 25 tolerances (1 + max |z_i|), it is taken back and shortened. As the
/// Jacobian of this flow only expands, an error made on the way is amplified by at most
/// √S_s ‖∇X_{0,t}‖. Measured in tolerances (1 + |x|) max(1, ‖∇X‖), at 1e-8: ends of 10⁵
/// trajectories to a ring of eight within 1.9 (six draws), half of them within 0.5; of 10⁴ each to
/// and from a hundred random mixtures in up to five dimensions within 5 and 7.1, at 1e-11 within
/// 6.3 and 7.8.
///
/// A point is a lane of the vector kernels and blocks of points run over oneTBB: the bytes depend
/// on neither the form nor the number of threads nor what other points there are.
///
/// @param target  components share σ²I
/// @param points  d × n
/// @throws std::invalid_argument  another mixture, wrong dimension, a level that is no level, a = 0
/// for σ = 0, tolerance ≤ 0, or the form is not supported
[[nodiscard]] EnsembleResult flow_ensemble(const GaussianMixture& target,
                                           const NoiseLevel& from,
                                           const NoiseLevel& to,
                                           const Matrix& points,
                                           const EnsembleOptions& options = {});

}  // namespace flowcheck
