#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/manufactured_problem.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"

#include <cstddef>
#include <functional>
#include <numbers>

namespace flowcheck {
namespace jko_30 {

constexpr int steps = 2;

// The three inequalities with some λ, the true one or a wrong one, for p_0 and the iterates of
// exact steps. Of the three only HWI says something for λ ≤ 0.
Outcome inequalities(const ChainProblem& problem, const Estimate& lambda) {
  const ChainMeasures run = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = problem.has_density ? 0 : 1; n <= steps; ++n) {
    const Estimate entropy = run.kl[n];
    const Estimate quadratic = 0.5 * lambda * square(run.w2[n]);
    if (lambda.lower > 0.0) {
      bounds.push_back({.lhs = quadratic, .rhs = entropy, .part = "Talagrand", .scale = 1.0});
      bounds.push_back({.lhs = 2.0 * lambda * entropy,
                        .rhs = square(run.slope[n]),
                        .part = "log-Sobolev",
                        .scale = 1.0});
    } else {
      for (const char* part : {"Talagrand", "log-Sobolev"}) {
        bounds.push_back(left_out(part, "λ > 0"));
      }
    }
    bounds.push_back(
        {.lhs = entropy + quadratic, .rhs = run.w2[n] * run.slope[n], .part = "HWI", .scale = 1.0});
  }
  return bounds;
}

Outcome evaluate(const ChainProblem& problem) {
  return inequalities(problem, problem.convexity);
}

// The laws of chains whose W_n is not known.
Outcome log_sobolev(const ChainProblem& problem) {
  const ChainMeasures run = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 0; n < run.kl.size(); ++n) {
    bounds.push_back({.lhs = 2.0 * problem.convexity * run.kl[n],
                      .rhs = square(run.slope[n]),
                      .part = "log-Sobolev",
                      .scale = 1.0});
  }
  return bounds;
}

Outcome too_convex(const ChainProblem& problem) {
  return inequalities(problem, 1.5 * problem.convexity);
}

// q ∝ 1/cosh x is log-concave with V'' → 0 in its tails: no λ > 0 is left for it. A shift by R
// costs KL ~ R, I ≤ 4, but W₂² = R².
Outcome sech_shifted(Trial&) {
  constexpr double lambda = 0.1;
  constexpr double shift = 100.0;
  // In powers of e^{−|x|}, which do not overflow.
  const Estimate pi = Estimate::closed_form(std::numbers::pi, unit_round_off * std::numbers::pi);
  const auto density = [&](const Estimate& x) {
    const Estimate e = exp(-abs(x));
    return 2.0 / pi * e / (1.0 + square(e));
  };
  const auto V = [](const Estimate& x) { return abs(x) + log(1.0 + exp(-2.0 * abs(x))); };
  const auto slope = [](const Estimate& x) { return 2.0 / (1.0 + exp(-2.0 * x)) - 1.0; };  // tanh
  // The density has e^{−200} left at the ends.
  const auto mean = [&](const std::function<Estimate(const Estimate&)>& f) {
    return quadrature([&](double x) { return density(x) * f(x); }, {-200.0, 0.0, 200.0});
  };
  const Estimate entropy = mean([&](const Estimate& x) { return V(x + shift) - V(x); });
  const Estimate fisher =
      mean([&](const Estimate& x) { return square(slope(x + shift) - slope(x)); });
  return std::vector<Bound>{
      {.lhs = 0.5 * lambda * shift * shift, .rhs = entropy, .part = "Talagrand"},
      {.lhs = 2.0 * lambda * entropy, .rhs = fisher, .part = "log-Sobolev"}};
}

}  // namespace jko_30

Claim jko_30_talagrand_log_sobolev_hwi() {
  using namespace jko_30;
  return {.id = "JKO-30",
          .statement =
              "−log q is λ-convex ⇒ (λ/2)W₂²(p, q) ≤ KL(p ‖ q) ≤ I/(2λ), KL ≤ W₂√I − "
              "(λ/2)W₂²",
          .source = "[OttoVillani2000]",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI with λ > 0 (HWI: any λ)", "KL(p ‖ q) < ∞"},
          .instances = with(chain_families(evaluate), manufactured_family(log_sobolev)),
          .tight = {translate("translate", evaluate, 0.0)},
          .controls = {translate("1.5 λ", too_convex, 0.0),
                       {.name = "q ∝ 1/cosh, λ = 0.1", .draw = sech_shifted, .repeat = false}},
          .on_target = on_chain_target(evaluate),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
