#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_laws.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/special_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

namespace flowcheck {
namespace jko_32 {

constexpr int steps = 20;

// W₂(p_n, ρ_{nγ}), the steps' own rounding included.
Estimate distance_to_flow(const JkoChain& chain, int n, double rounding) {
  const double time = chain.step_size(1) * n;
  return max(0.0,
             widened(fokker_planck_law(chain[0], chain.target, time).w2_to(chain[n]), rounding));
}

// The three bounds on sup_n W₂(p_n, ρ_{nγ}), strongest first, held against every n.
Outcome evaluate(const GaussianProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("KL(p₀ ‖ q) < ∞");
  const JkoChain chain = problem.exact().chain(steps);
  const double gamma = problem.step_size;
  const Estimate moreau_yosida = jko_minimum(chain[0], chain.target, gamma);
  const Estimate entropy = chain.kl_to_target(0);
  std::vector<Bound> bounds;
  double rounding = 0.0;
  for (int n = 1; n <= steps; ++n) {
    rounding += step_rounding(chain, n);
    const Estimate gap = distance_to_flow(chain, n, rounding);
    const double scale = problem.length();
    bounds.push_back({.lhs = gap,
                      .rhs = sqrt(gamma * (entropy - moreau_yosida)),
                      .part = "Moreau–Yosida",
                      .scale = scale});
    bounds.push_back({.lhs = gap,
                      .rhs = gamma * chain.fisher_norm(0) / sqrt(Estimate(2.0)),
                      .part = "γ√(I₀/2)",
                      .scale = scale});
    bounds.push_back({.lhs = gap, .rhs = sqrt(gamma * entropy), .part = "√(γKL₀)", .scale = scale});
  }
  return bounds;
}

// Error at a fixed time while γ is halved four times. The error's next term is a relative
// γ·stiffness and can have either sign, so the slopes may pass through their limit: they are
// trusted to that much at the smallest γ, or to their spread where that is more.
using ErrorOf = std::function<double(double gamma)>;

Estimate order_in_gamma(double largest, double stiffness, const ErrorOf& error) {
  std::vector<double> gammas;
  std::vector<double> errors;
  for (int k = 0; k < 5; ++k) {
    gammas.push_back(std::ldexp(largest, -k));
    errors.push_back(error(gammas.back()));
  }
  const Estimate slope = observed_order(gammas, errors);
  const double spread = 0.5 * slope.width();
  return Estimate::converged(slope.value, std::max(spread, gammas.back() * stiffness));
}

// At t = 1/λ, with 16, 32, …, 256 steps.
Estimate order_of_chain(const GaussianProblem& problem) {
  const double time = 1.0 / problem.convexity().value;
  const double stiffness = 1.0 / problem.target.eigenvalues()(0);
  return order_in_gamma(time / 16.0, stiffness, [&](double gamma) {
    GaussianProblem finer = problem.exact();
    finer.step_size = gamma;
    const int n = static_cast<int>(std::lround(time / gamma));
    return distance_to_flow(finer.chain(n), n, 0.0).value;
  });
}

Outcome first_order(Trial& trial) {
  return order(order_of_chain(draw_random_pair(trial.rng, 8, true)), 1.0, "order in γ");
}

// From an atom, p_1 has variance ≈ γ and ρ_γ ≈ 2γ: one step is (√2 − 1)√(γd) off.
GaussianProblem atom() {
  return {.start = Gaussian::dirac(Vector::Constant(1, 2.0)), .target = Gaussian::standard(1)};
}

Estimate order_from_atom() {
  return order_in_gamma(1e-3, 1.0, [](double gamma) {
    GaussianProblem problem = atom();
    problem.step_size = gamma;
    return distance_to_flow(problem.chain(1), 1, 0.0).value;
  });
}

Outcome half_order(Trial&) {
  GaussianProblem problem = atom();
  problem.step_size = 1e-6;
  const JkoChain chain = problem.chain(1);
  const Estimate error = distance_to_flow(chain, 1, step_rounding(chain, 1));
  // The next term is relative O(γ); 1 % says that this is the constant.
  const double constant = (std::numbers::sqrt2 - 1.0) * std::sqrt(problem.step_size);
  return std::vector<Bound>{
      order(order_from_atom(), 0.5, "order of the first step"),
      {.lhs = error, .rhs = 1.01 * constant, .part = "at most (√2 − 1)√γ", .auxiliary = true},
      {.lhs = 0.99 * constant, .rhs = error, .part = "at least (√2 − 1)√γ", .auxiliary = true}};
}

// A translate of q by m moves by m((1 + a)^{−n} − e^{−an}) less than the flow, at most λmγ/(2e) at
// n ≈ 1/a: the fraction √2/(2e) = 0.26 of the bound is the largest a translation reaches.
Bound translate_constant(const GaussianProblem& problem,
                         const Estimate& constant,
                         const char* part) {
  const int n = std::max(1, static_cast<int>(std::lround(1.0 / problem.ratio().value)));
  const JkoChain chain = problem.exact().chain(n);
  double rounding = 0.0;
  for (int k = 1; k <= n; ++k) rounding += step_rounding(chain, k);
  return {.lhs = distance_to_flow(chain, n, rounding),
          .rhs = constant * problem.step_size * chain.fisher_norm(0),
          .part = part,
          .scale = problem.length()};
}

GaussianProblem unit_translate(double gamma) {
  return {.start = Gaussian(Vector::Constant(1, 3.0), Matrix::Identity(1, 1)),
          .target = Gaussian::standard(1),
          .step_size = gamma};
}

Outcome sharp_constant(Trial&) {
  const GaussianProblem problem = unit_translate(0.004);
  Bound sharp = translate_constant(problem, 0.5 / std::numbers::e, "sharp for translates");
  sharp.auxiliary = true;
  return std::vector<Bound>{translate_constant(problem, sqrt(Estimate(0.5)), "γ√(I₀/2)"), sharp};
}

Outcome low_constant(Trial&) {
  return translate_constant(unit_translate(0.01), 0.1, "");
}

Outcome second_order(const GaussianProblem& problem) {
  return order(order_of_chain(problem), 2.0, "order in γ");
}

Outcome first_order_for_atom(Trial&) {
  return order(order_from_atom(), 1.0, "order of the first step");
}

// What is measured on three grids, in the limit of fine ones.
Estimate refined(const std::function<Estimate(const LineGrid&)>& quantity, Index coarsest) {
  return max(0.0, richardson(quantity(LineGrid(coarsest)), quantity(LineGrid(2 * coarsest - 1)),
                             quantity(LineGrid(4 * coarsest - 3))));
}

// By t = 2 the flow is within e^{−2} of N(0, 1), and no further from the steps than before.
constexpr double compared_until = 2.0;
constexpr int most_line_steps = 40;

// Data that are not Gaussian, towards N(0, 1), up to nγ = 2. The chain's own rounding is below its
// errors by as many orders as the grids' differences are above it.
Outcome on_the_line(const GaussianMixture& start, double gamma) {
  const int wanted = static_cast<int>(std::ceil(std::min(compared_until / gamma, 1e9)));
  const int line_steps = std::min(wanted, most_line_steps);
  const GaussianMixture q(Gaussian::standard(1));
  std::vector<LineMeasure> flow;
  for (int n = 0; n <= line_steps; ++n) flow.push_back(line_measure(ou_law(start, n * gamma)));
  const LineFunctional& G = line_target(0);
  std::vector<LineJkoChain> chains;
  for (const Index points : {401, 801, 1601}) {
    chains.push_back(line_jko_chain(line_map(LineGrid(points), flow[0]), G,
                                    {.step_sizes = constant_steps(gamma, line_steps)}));
  }
  const auto limit = [&](const auto& quantity) {
    return max(0.0, richardson(quantity(chains[0]), quantity(chains[1]), quantity(chains[2])));
  };
  const Estimate entropy = kl(start, q);
  const Estimate fisher = fisher_information(start, q);
  const Estimate moreau_yosida = limit([&](const LineJkoChain& chain) {
    return chain.objective(1) + square(chain.step_length(1)) / (2.0 * gamma);
  });
  std::vector<Bound> bounds;
  for (int n = 1; n <= line_steps; ++n) {
    const Estimate gap = limit([&](const LineJkoChain& chain) {
      return w2(chain[n], line_map(chain[n].grid(), flow[static_cast<std::size_t>(n)]));
    });
    bounds.push_back(
        {.lhs = gap, .rhs = sqrt(gamma * (entropy - moreau_yosida)), .part = "Moreau–Yosida"});
    bounds.push_back({.lhs = gap, .rhs = gamma * sqrt(0.5 * fisher), .part = "γ√(I₀/2)"});
    bounds.push_back({.lhs = gap, .rhs = sqrt(gamma * entropy), .part = "√(γKL₀)"});
  }
  if (wanted > line_steps) {
    bounds.push_back(
        left_out(fmt::format("n > {}", line_steps),
                 fmt::format("left out: takes {} steps to nγ = {:g}, at most {} are run", wanted,
                             compared_until, line_steps)));
  }
  return bounds;
}

Outcome mixtures(Trial& trial) {
  const GaussianMixture start = draw_mixture(trial.rng, 2);
  return on_the_line(start, trial.rng.log_uniform(0.05, 0.5));
}

// The uniform law on [−1, 1] after time t of the Ornstein–Uhlenbeck process: e^{−t}U + τZ.
LineMeasure spread_uniform(double time) {
  const double edge = std::exp(-time);
  const double tau = std::sqrt(-std::expm1(-2.0 * time));
  const auto log_mass = [=](double x) {  // log of the difference of two Φ, from the nearer tail
    const double near = log_normal_cdf((edge - std::abs(x)) / tau);
    const double far = log_normal_cdf((-edge - std::abs(x)) / tau);
    return near + std::log1p(-std::exp(far - near));
  };
  const auto kernel = [=](double x, double centre) {  // against that mass
    const double u = (x - centre) / tau;
    return std::exp(-0.5 * u * u - log_mass(x)) / (tau * std::sqrt(2.0 * std::numbers::pi));
  };
  const auto slope = [=](double x) { return kernel(x, edge) - kernel(x, -edge); };
  return LineMeasure({.value = [=](double x) { return -log_mass(x); },
                      .slope = slope,
                      .curvature =
                          [=](double x) {
                            const double bent =
                                (x + edge) * kernel(x, -edge) - (x - edge) * kernel(x, edge);
                            return bent / (tau * tau) + slope(x) * slope(x);
                          },
                      .landmarks = {-edge, edge}});
}

// From the uniform law on [−1, 1], where I₀ = ∞: how far the first step is from the flow.
double first_error_from_uniform(double gamma) {
  return refined(
             [gamma](const LineGrid& grid) {
               const LineMap start = line_map(grid, uniform_law(-1.0, 1.0));
               const LineMap next = answered_line_step(start, line_target(0), gamma).step;
               return w2(next, line_map(grid, spread_uniform(gamma)));
             },
             801)
      .value;
}

Outcome first_order_for_uniform(Trial&) {
  return order(order_in_gamma(4e-3, 1.0, first_error_from_uniform), 1.0, "order of the first step");
}

}  // namespace jko_32

Claim jko_32_jko_to_fokker_planck() {
  using namespace jko_32;
  return {.id = "JKO-32",
          .statement =
              "−log q convex, exact steps, ρ₀ = p₀ ⇒ supₙ W₂²(pₙ, ρₙᵧ) ≤ γ(KL₀ − min F₁) ≤ "
              "½γ²I₀, and ≤ γKL₀",
          .source = "[AmbrosioGigliSavare2008]",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ 0", "exact steps", "KL(p₀ ‖ q) < ∞",
                         "I(p₀ ‖ q) < ∞ for the first order"},
          .instances =
              [] {
                std::vector<Instance> all = gaussian_families(evaluate);
                all.push_back({.name = "halving γ", .draw = first_order});
                all.push_back({.name = "mixtures on the line", .draw = mixtures});
                return all;
              }(),
          .tight = {{.name = "translate, γ → 0", .draw = sharp_constant, .repeat = false},
                    {.name = "first step from an atom", .draw = half_order, .repeat = false}},
          .controls = {translate("second order", second_order, 0.0),
                       {.name = "0.1 γ√I₀", .draw = low_constant, .repeat = false},
                       {.name = "first order from an atom",
                        .draw = first_order_for_atom,
                        .repeat = false},
                       {.name = "first order from a uniform law",
                        .draw = first_order_for_uniform,
                        .repeat = false}},
          .on_target = on_line_mixture_target(evaluate, on_the_line),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
