#pragma once

#include "claims/claim.hpp"
#include "proximal/plane_jko_chain.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace flowcheck {

/// p_0, …, p_N on the plane, and how far they are from q.
struct PlaneMeasuredChain {
  std::vector<PlaneLaw> laws = {};          ///< N + 1
  std::vector<Estimate> w2 = {};            ///< W_n = W₂(p_n, q)
  std::vector<Estimate> map_distance = {};  ///< D of the step p_{n−1} → p_n to q; 0 for n = 0
};

/// What a JKO claim is evaluated on where the start is a mixture on the plane. A step is a
/// Monge–Ampère equation, so the laws of a chain are kept, and shared by all copies: claims that
/// ask for the same steps, or for the first of them, pay for them once. Threads may ask at the same
/// time: they solve for different laws side by side and wait for each other's where it is the same.
struct PlaneChainProblem {
  PlaneJkoProblem problem;
  double step_size = 0.3;  ///< γ
  double error = 0.0;      ///< ε

  PlaneChainProblem(PlaneJkoProblem of, double gamma, double epsilon);

  /// @throws std::invalid_argument  a step or a distance was not found
  PlaneMeasuredChain chain(const std::vector<double>& step_sizes,
                           const std::vector<double>& errors) const;
  std::size_t laws_solved() const;  ///< by all copies

 private:
  struct Store;
  std::shared_ptr<Store> store_;
};

/// M1, the dossier's three modes on the plane: means (1, ½), (−1.2, 0), (0, −1), weights .5, .3,
/// .2.
GaussianMixture three_modes(double sigma);

/// M1 with common σ = 0.8, towards N(0, I), γ = 0.3 and
/// ε = 0.1, on 48 cells a side; from standard scale on also σ = 1, and a reference whose axes are
/// not those of the start, on 64.
const std::vector<PlaneChainProblem>& plane_problems(Scale scale);

/// The user's problem on user_cells a side, its start above the target's floor or, where that names
/// none, that of with_start_floor(). The laws of the last one asked for are kept.
/// @throws PlaneTooNarrow     a component is too narrow for the grid
/// @throws PlaneStepNotFound  as with_start_floor()
PlaneChainProblem plane_problem(const Target& target);

}  // namespace flowcheck
