#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <cstddef>

namespace flowcheck {
namespace jko_15 {

constexpr int steps = 12;

// Both constants for N = 1 … 12. The stored steps are exact but for their rounding ε, which enters
// the proof as
//
//   4γNΔ_N ≤ W₀² + 12N³γε(W₀ + Nγε).
Outcome sublinear(const ChainProblem& given) {
  if (!given.is_convex()) return Outcome::not_applicable("λ ≥ 0");
  const ChainMeasures run = given.exact().chain(steps);
  const double gamma = given.step_size;
  std::vector<Bound> bounds;
  for (std::size_t at = 1; at < run.kl.size(); ++at) {
    const auto n = static_cast<double>(at);
    const Estimate drift = n * gamma * run.largest_error[at];
    const Estimate start = square(run.w2[0]) + 12.0 * n * n * drift * (run.w2[0] + drift);
    const Estimate kl = run.kl[at];
    bounds.push_back({.lhs = kl, .rhs = start / (4.0 * gamma * n), .part = "sharp", .scale = 1.0});
    bounds.push_back(
        {.lhs = kl, .rhs = start / (2.0 * gamma * n), .part = "textbook", .scale = 1.0});
  }
  return bounds;
}

// G(ρ) = c∫|x| dρ on the line, convex and no more, with minimiser δ₀. A step moves every atom by γc
// towards 0, or onto it: the proximal map of c|x|, atom by atom.
struct Shrinkage {
  Vector atoms;  // of equal weight
  double slope = 1.0;
  double step_size = 1.0;
};

Estimate mean_of(const Vector& positive) {
  return Estimate::closed_form(positive.mean(), round_off(positive.mean(), positive.size()));
}

Estimate squared_distance(const Shrinkage& problem) {
  return mean_of(problem.atoms.cwiseAbs2());
}

Estimate gap_after(Shrinkage problem, int n) {
  const double threshold = problem.step_size * problem.slope;
  const double rounding = 2.0 * n * unit_round_off * problem.atoms.cwiseAbs().maxCoeff();
  for (int k = 0; k < n; ++k) {
    problem.atoms = problem.atoms.unaryExpr(
        [threshold](double x) { return std::copysign(std::fdim(std::abs(x), threshold), x); });
  }
  return problem.slope * widened(mean_of(problem.atoms.cwiseAbs()), rounding);
}

// c = W₀/(2γN): atoms far from 0 are half way there after N steps.
Shrinkage half_way(Vector atoms, double step_size, int n) {
  const double distance = std::sqrt(atoms.cwiseAbs2().mean());
  return {
      .atoms = std::move(atoms), .slope = distance / (2.0 * step_size * n), .step_size = step_size};
}

Shrinkage draw_atom(Rng& rng, int n) {
  const double place = rng.uniform(1.0, 5.0);
  return half_way(Vector::Constant(1, place), rng.log_uniform(0.05, 2.0), n);
}

Outcome cloud(Trial& trial) {
  const double shift = trial.rng.uniform(0.0, 10.0);
  const Vector atoms = trial.rng.normal_vector(20).array() + shift;
  const Shrinkage problem = half_way(atoms, trial.rng.log_uniform(0.05, 2.0), 8);
  std::vector<Bound> bounds;
  for (int n = 1; n <= 20; ++n) {
    const Estimate start = squared_distance(problem) / problem.step_size;
    bounds.push_back({.lhs = gap_after(problem, n), .rhs = start / (4.0 * n), .part = "sharp"});
    bounds.push_back({.lhs = gap_after(problem, n), .rhs = start / (2.0 * n), .part = "textbook"});
  }
  return bounds;
}

constexpr int arrival = 20;

Outcome atom(Trial& trial) {
  const Shrinkage problem = draw_atom(trial.rng, arrival);
  return Bound{.lhs = gap_after(problem, arrival),
               .rhs = squared_distance(problem) / (4.0 * problem.step_size * arrival),
               .part = "sharp"};
}

Outcome small_constant(Trial& trial) {
  const Shrinkage problem = draw_atom(trial.rng, arrival);
  return Bound{.lhs = gap_after(problem, arrival),
               .rhs = squared_distance(problem) / (4.4 * problem.step_size * arrival)};
}

Outcome quadratic_rate(Trial& trial) {
  const Shrinkage problem = draw_atom(trial.rng, arrival);
  return Bound{.lhs = gap_after(problem, arrival),
               .rhs = squared_distance(problem) / (4.0 * problem.step_size * arrival * arrival)};
}

// The exponential rate of JKO-13 with λ = 1, before the atom has arrived.
Outcome exponential_rate(Trial& trial) {
  const Shrinkage problem = draw_atom(trial.rng, arrival);
  const Estimate factor = 1.0 / (1.0 + Estimate(problem.step_size));
  return Bound{.lhs = gap_after(problem, arrival),
               .rhs = pow(factor, 2 * arrival) * gap_after(problem, 0)};
}

std::vector<Instance> families() {
  std::vector<Instance> result = chain_families(sublinear);
  result.push_back({.name = "G = ∫c|x| dρ, atoms", .draw = cloud});
  return result;
}

}  // namespace jko_15

Claim jko_15_sublinear() {
  using namespace jko_15;
  return {.id = "JKO-15",
          .statement =
              "G is convex, exact steps ⇒ G(p_N) − min G ≤ W₂²(p₀, q)/(4γN) ≤ W₂²(p₀, q)/(2γN)",
          .source = "1/(2γN): [AmbrosioGigliSavare2008]; 1/(4γN): derived",
          .provenance = Provenance::derived,
          .hypotheses = {"G convex along generalised geodesics (λ = 0)", "exact steps",
                         "a minimiser q with W₂(p₀, q) < ∞"},
          .instances = families(),
          .tight = {{.name = "G = ∫c|x| dρ, an atom half way to 0", .draw = atom}},
          .controls = {{.name = "W₀²/(4.4γN)", .draw = small_constant},
                       {.name = "O(1/N²)", .draw = quadratic_rate},
                       {.name = "exponential before arrival", .draw = exponential_rate}},
          .on_target = on_chain_target(sublinear),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
