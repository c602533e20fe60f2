#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/generated_law.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_curvature.hpp"
#include "measures/line_laws.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/line_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>

namespace flowcheck {
namespace jko_28 {

constexpr int steps = 8;

// DT of the generation map T = T_{n+1}^n, an optimal map between Gaussians: constant, symmetric.
struct Jacobian {
  Matrix matrix;
  double error = 0.0;  // bound on its rounding, in operator norm

  Estimate least() const { return Estimate::closed_form(smallest_eigenpair(matrix).value, error); }
  Estimate largest() const {  // Lip(T)
    return Estimate::closed_form(largest_eigenpair(matrix).value, error);
  }
};

Jacobian generation_map(const Gaussian& next, const Gaussian& current) {
  return {.matrix = optimal_map(next, current).linear,
          .error = optimal_map_round_off(next, current) / std::sqrt(next.eigenvalues()(0))};
}

// 1/α for −∇²log p ⪰ αI (the largest variance), 1/β for −∇²log p ⪯ βI (the smallest).
Estimate largest_variance(const Gaussian& p) {
  const double s = p.eigenvalues()(p.dimension() - 1);
  return Estimate::closed_form(s, round_off(s, p.dimension()));
}
Estimate least_variance(const Gaussian& p) {
  const double error = round_off(p.eigenvalues()(p.dimension() - 1), p.dimension());
  return Estimate::closed_form(p.eigenvalues()(0), error);
}

// What the rounding of a stored exact step can do to DT: γ‖K‖, K the linear part of its measured ξ.
double step_error(const JkoChain& chain, int n) {
  return chain.step_size(n) * chain.error(n).upper / std::sqrt(chain[n].eigenvalues()(0));
}

// (i) 1 + γ(λ − β) ≤ DT ≤ 1 + γ(Λ − α), for any Gaussian target.
void add_map_bounds(const JkoChain& chain, std::vector<Bound>& bounds) {
  const Estimate lambda = convexity(chain.target);
  const Estimate Lambda = 1.0 / least_variance(chain.target);
  for (int n = 1; n <= chain.steps(); ++n) {
    const double gamma = chain.step_size(n);
    const Jacobian DT = generation_map(chain[n], chain[n - 1]);
    const double error = step_error(chain, n);
    const Estimate beta = 1.0 / least_variance(chain[n]);
    const Estimate alpha = 1.0 / largest_variance(chain[n]);
    const double scale = 1.0 + gamma * (Lambda.upper + beta.upper);
    bounds.push_back({.lhs = widened(1.0 + gamma * (lambda - beta), error),
                      .rhs = DT.least(),
                      .part = "(i) DT from below",
                      .scale = scale});
    bounds.push_back({.lhs = DT.largest(),
                      .rhs = widened(1.0 + gamma * (Lambda - alpha), error),
                      .part = "(i) DT from above",
                      .scale = scale});
  }
}

// The variance of a Gaussian step towards N(μ, I/λ): s'² for s², cancellation-free.
Estimate stepped_variance(const Estimate& variance, double gamma, const Estimate& lambda) {
  const Estimate a = gamma * lambda;
  return square((sqrt(variance) + sqrt(variance + 4.0 * gamma * (1.0 + a))) / (2.0 * (1.0 + a)));
}

// (ii) 1/α steps like a variance, and Lip(T) ≤ √(α_{n+1}/α_n); (iv) d = 1: so does 1/β. Both of
// stored iterates: the rounding of a step moves a standard deviation by γε/(1 + γλ) at most.
void add_propagation(const JkoChain& chain, std::vector<Bound>& bounds) {
  const Estimate lambda = convexity(chain.target);
  for (int n = 1; n <= chain.steps(); ++n) {
    const double gamma = chain.step_size(n);
    const double error = gamma * chain.error(n).upper;
    const Estimate before = largest_variance(chain[n - 1]);
    const Estimate after = largest_variance(chain[n]);
    const double deviation = std::sqrt(before.upper + after.upper);
    bounds.push_back({.lhs = sqrt(after),
                      .rhs = widened(sqrt(stepped_variance(before, gamma, lambda)), error),
                      .part = "(ii) log-concavity",
                      .scale = deviation});
    const Jacobian DT = generation_map(chain[n], chain[n - 1]);
    bounds.push_back({.lhs = DT.largest(),
                      .rhs = widened(sqrt(before / after), step_error(chain, n)),
                      .part = "(ii) Lipschitz constant",
                      .scale = 1.0 + DT.largest().value});
    if (chain.target.dimension() == 1) {
      bounds.push_back(
          {.lhs =
               widened(sqrt(stepped_variance(least_variance(chain[n - 1]), gamma, lambda)), error),
           .rhs = sqrt(least_variance(chain[n])),
           .part = "(iv) log-convexity, d = 1",
           .scale = deviation});
    } else {
      bounds.push_back(left_out("(iv) log-convexity, d = 1", "d = 1"));
    }
  }
}

// Lip of p_N → p₀, the composition of all generation maps.
Estimate composite_lipschitz(const JkoChain& chain) {
  const Index d = chain.target.dimension();
  Matrix product = Matrix::Identity(d, d);
  double error = 0.0;
  for (int n = chain.steps(); n > 0; --n) {
    const Jacobian DT = generation_map(chain[n], chain[n - 1]);
    const double size = largest_eigenpair(DT.matrix).value;
    const double here = DT.error + step_error(chain, n) + round_off(size, d);
    error = error * (size + here) + here * product.norm();
    product = DT.matrix * product;
  }
  const double squared = largest_eigenpair(symmetrised(product.transpose() * product)).value;
  const double largest = std::sqrt(squared);
  return Estimate::closed_form(largest, error + round_off(largest, d));
}

// (iii) The whole generation map is √(α_N/α₀)-Lipschitz, so that inversion errors add up linearly.
void add_composition(const JkoChain& chain, std::vector<Bound>& bounds) {
  const Estimate lambda = convexity(chain.target);
  const int N = chain.steps();
  const Estimate start = largest_variance(chain[0]);
  const Estimate lipschitz = composite_lipschitz(chain);
  const Estimate caffarelli = max(1.0, sqrt(lambda * start));
  bounds.push_back({.lhs = lipschitz,
                    .rhs = sqrt(start / largest_variance(chain[N])),
                    .part = "(iii) generation map",
                    .scale = 1.0 + lipschitz.value});
  bounds.push_back({.lhs = lipschitz, .rhs = caffarelli, .part = "(iii) max(1, √(λ/α₀))"});

  const double error = 0.01 * std::sqrt(start.value);
  const std::vector<GeneratedLaw> exact = generated_laws(chain);
  const std::vector<GeneratedLaw> inexact =
      with_round_off(chain, inexact_reverse_process(chain, error));
  Estimate sum = 0.0;
  for (int n = 1; n <= N; ++n) sum = sum + sqrt(start / largest_variance(chain[n]));
  bounds.push_back({.lhs = w2(exact[0], inexact[0]),
                    .rhs = error * sum,
                    .part = "(iii) inversion error",
                    .scale = std::sqrt(start.value)});
  bounds.push_back({.lhs = w2(exact[0], inexact[0]),
                    .rhs = N * error * caffarelli,
                    .part = "(iii) inversion error, linear in N",
                    .scale = std::sqrt(start.value)});
}

bool is_isotropic(const Gaussian& q) {
  const Index d = q.dimension();
  return (q.covariance() - q.covariance()(0, 0) * Matrix::Identity(d, d)).isZero(0.0);
}

constexpr std::array<const char*, 7> for_isotropic_targets = {"(ii) log-concavity",
                                                              "(ii) Lipschitz constant",
                                                              "(iv) log-convexity, d = 1",
                                                              "(iii) generation map",
                                                              "(iii) max(1, √(λ/α₀))",
                                                              "(iii) inversion error",
                                                              "(iii) inversion error, linear in N"};

// (i) for any Gaussian target, the rest for V = λ|x|²/2.
Outcome lipschitz_bounds(const GaussianProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("p₀ has a density");
  const JkoChain chain = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  add_map_bounds(chain, bounds);
  if (is_isotropic(problem.target)) {
    add_propagation(chain, bounds);
    add_composition(chain, bounds);
  } else {
    for (const char* part : for_isotropic_targets) {
      bounds.push_back(left_out(part, "V = λ|x|²/2"));
    }
  }
  return bounds;
}

GaussianProblem towards_isotropic(const GaussianProblem& problem) {
  GaussianProblem result = problem;
  const Index d = problem.target.dimension();
  result.target =
      Gaussian(problem.target.mean(), problem.target.covariance()(0, 0) * Matrix::Identity(d, d));
  return result;
}

// Everything is attained on the line but max(1, √(λ/α₀)) and what is linear in N.
Outcome on_the_line(Trial& trial) {
  const GaussianProblem problem = first_coordinate(draw_random_pair(trial.rng, 4, true));
  const JkoChain chain = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  add_map_bounds(chain, bounds);
  add_propagation(chain, bounds);
  add_composition(chain, bounds);
  std::erase_if(bounds, [](const Bound& bound) {
    return bound.part.ends_with("max(1, √(λ/α₀))") || bound.part.ends_with("linear in N");
  });
  return bounds;
}

// √(α_N/α₀) replaced by its square root, on a wide start.
Outcome root_of_constant(const GaussianProblem& problem) {
  const JkoChain chain = problem.exact().chain(steps);
  return Bound{.lhs = composite_lipschitz(chain),
               .rhs = sqrt(sqrt(largest_variance(chain[0]) / largest_variance(chain[steps])))};
}

GaussianProblem wide_start() {
  GaussianProblem problem = line_translate(0.0, 0.5, 0.0);
  problem.start = Gaussian(Vector::Zero(1), Matrix::Constant(1, 1, 25.0));
  return problem;
}

// Log-concavity dropped (α = 0 assumed where it is not so), in closed form rather than for the
// dossier's fitted mixture: p₁ = ½N(−2, 1) + ½N(2, 1), q = N(0, 1), γ = ½ is the exact step from
// the image of p₁ under T = Id + γ∇log(p₁/q), increasing since T' = 1 + γ·4/cosh²(2x) > 0. At 0 the
// map stretches by 1 + 4γ, beyond 1 + γΛ.
Outcome two_modes(Trial&) {
  const double gamma = 0.5;
  const double mode = 2.0;
  return Bound{.lhs = Estimate::closed_form(1.0 + gamma * mode * mode, round_off(1.0, 1)),
               .rhs = 1.0 + gamma};
}

// On the line, from laws that are not Gaussian: a function of z at the nodes |z| ≤ reach of a grid,
// its limit from that grid and two finer ones, and the extremes of that.
class NodeField {
 public:
  using OnGrid = std::function<Vector(const LineJkoChain& chain)>;  // at the inner nodes

  NodeField(const std::array<LineJkoChain, 3>& chains, const OnGrid& field, double reach = 5.0) {
    const LineGrid& grid = chains[0].target.grid();
    std::array<Vector, 3> fields;
    for (std::size_t k = 0; k < 3; ++k) fields[k] = field(chains[k]);
    for (Index i = 1; i + 1 < grid.points(); ++i) {
      if (std::abs(grid.nodes()[i]) > reach) continue;
      values_.push_back(richardson(fields[0][i - 1], fields[1][2 * i - 1], fields[2][4 * i - 1]));
    }
  }

  Estimate largest() const {
    return extreme([](auto& a, auto& b) { return max(a, b); });
  }
  Estimate least() const {
    return extreme([](auto& a, auto& b) { return min(a, b); });
  }

 private:
  template <class Choose>
  Estimate extreme(const Choose& choose) const {
    Estimate result = values_.front();
    for (const Estimate& value : values_) result = choose(result, value);
    return result;
  }

  std::vector<Estimate> values_;
};

// Sums of neighbouring increments, 2hT' at the inner nodes.
Vector stretch(const LineMap& p) {
  const Vector& d = p.increments();
  return d.head(d.size() - 1) + d.tail(d.size() - 1);
}

// DT of the generation map p_n → p_k, k < n, where p_n has mass.
Vector generation_slope(const LineJkoChain& chain, int n, int k) {
  return stretch(chain[k]).cwiseQuotient(stretch(chain[n]));
}

// −(log p_n)'' at T_n(z): (z + (log T')')/T' and once more its derivative by T' dz.
Vector log_concavity(const LineMap& p) {
  const double h = p.grid().spacing();
  const Vector& d = p.increments();
  const Index inner = d.size() - 1;
  const Vector slope = stretch(p) / (2.0 * h);
  const Vector log_change = (d.tail(inner).array() / d.head(inner).array()).log() / h;
  const Vector force = (p.grid().nodes().segment(1, inner) + log_change).cwiseQuotient(slope);
  Vector result = Vector::Zero(inner);
  result.segment(1, inner - 2) = (force.tail(inner - 2) - force.head(inner - 2)) / (2.0 * h);
  return result.cwiseQuotient(slope);
}

constexpr int line_steps = 4;

std::array<LineJkoChain, 3> line_chains(const LineMeasure& start,
                                        const LineFunctional& G,
                                        double gamma,
                                        Index coarsest = 401) {
  const auto on = [&](Index points) {
    return line_jko_chain(line_map(LineGrid(points), start), G,
                          {.step_sizes = constant_steps(gamma, line_steps)});
  };
  return {on(coarsest), on(2 * coarsest - 1), on(4 * coarsest - 3)};
}

// (i) with the extremes of −(log p_n)'' as they are measured: from below where V'' is least in the
// middle, V = x²/2 + x⁴/4, and from above where it is largest there, V = x²/4 + ½log 2cosh 2x, so
// that V'' and p_n do not have their extremes in the same tail.
// Λ is any bound of V''; with V''(0) = 2.5 itself, a law with its own least curvature at 0 attains
// the bound as nearly as grids can tell.
Outcome mixtures_on_the_line(Trial& trial) {
  const LineMeasure start = draw_overlapping_mixture(trial.rng);
  const double gamma = trial.rng.log_uniform(0.05, 1.0);
  const auto stiff = line_chains(start, line_target(1), gamma);
  const auto soft = line_chains(start, line_target(2), gamma);
  const double Lambda = 2.51;
  std::vector<Bound> bounds;
  for (int n = 1; n <= line_steps; ++n) {
    const auto DT = [n](const LineJkoChain& chain) { return generation_slope(chain, n, n - 1); };
    const auto curvature = [n](const LineJkoChain& chain) { return log_concavity(chain[n]); };
    bounds.push_back({.lhs = 1.0 + gamma * (1.0 - NodeField(stiff, curvature).largest()),
                      .rhs = NodeField(stiff, DT).least(),
                      .part = "(i) DT from below"});
    bounds.push_back({.lhs = NodeField(soft, DT).largest(),
                      .rhs = 1.0 + gamma * (Lambda - NodeField(soft, curvature).least()),
                      .part = "(i) DT from above"});
  }
  return bounds;
}

// What (ii) and (iii) say of chains towards V = λx²/2 from α₀ ≤ −(log p₀)''. It is looked at where
// |z| ≤ reach.
void add_log_concavity(std::vector<Bound>& bounds,
                       const std::array<LineJkoChain, 3>& chains,
                       const Estimate& alpha_0,
                       double lambda,
                       double reach) {
  const double gamma = chains[0].step_size(1);
  Estimate alpha = alpha_0;
  for (int n = 1; n <= line_steps; ++n) {
    const Estimate alpha_next = 1.0 / stepped_variance(1.0 / alpha, gamma, lambda);
    const auto DT = [n](const LineJkoChain& chain) { return generation_slope(chain, n, n - 1); };
    const auto curvature = [n](const LineJkoChain& chain) { return log_concavity(chain[n]); };
    bounds.push_back({.lhs = alpha_next,
                      .rhs = NodeField(chains, curvature, reach).least(),
                      .part = "(ii) log-concavity"});
    bounds.push_back({.lhs = NodeField(chains, DT, reach).largest(),
                      .rhs = sqrt(alpha_next / alpha),
                      .part = "(ii) Lipschitz constant"});
    alpha = alpha_next;
  }
  const auto whole = [](const LineJkoChain& chain) {
    return generation_slope(chain, line_steps, 0);
  };
  bounds.push_back({.lhs = NodeField(chains, whole, reach).largest(),
                    .rhs = sqrt(alpha / alpha_0),
                    .part = "(iii) generation map"});
}

// (iv) from −(log p₀)'' ≤ β₀.
void add_log_convexity(std::vector<Bound>& bounds,
                       const std::array<LineJkoChain, 3>& chains,
                       const Estimate& beta_0,
                       double lambda,
                       double reach) {
  const double gamma = chains[0].step_size(1);
  Estimate beta = beta_0;
  for (int n = 1; n <= line_steps; ++n) {
    const Estimate beta_next = 1.0 / stepped_variance(1.0 / beta, gamma, lambda);
    const auto DT = [n](const LineJkoChain& chain) { return generation_slope(chain, n, n - 1); };
    const auto curvature = [n](const LineJkoChain& chain) { return log_concavity(chain[n]); };
    bounds.push_back({.lhs = NodeField(chains, curvature, reach).largest(),
                      .rhs = beta_next,
                      .part = "(iv) log-convexity, d = 1"});
    bounds.push_back({.lhs = sqrt(beta_next / beta),
                      .rhs = NodeField(chains, DT, reach).least(),
                      .part = "(iv) DT from below, d = 1"});
    beta = beta_next;
  }
}

// p_0 ∝ e^{−sx²/2 − b log cosh 2x}, α₀ = s and β₀ = s + 4b. What has α in it is attained in the
// tails, at |z| = 5 to nine digits, which no grid can tell from a violation.
Outcome log_concave(double s, double b, double lambda, double gamma) {
  const auto chains =
      line_chains(log_cosh_law(s, b, 2.0), relative_entropy(quadratic_energy(lambda)), gamma);
  std::vector<Bound> bounds;
  add_log_concavity(bounds, chains, s, lambda, 2.0);
  add_log_convexity(bounds, chains, s + 4.0 * b, lambda, 5.0);
  return bounds;
}

// (i) as a user's mixture has it towards N(0, 1): at each node, with −(log p_n)'' there in place of
// its bound, for the grids' errors of the two are much the same where p_n is steep. With V'' = 1
// both are equalities then, so that they are held to λ = 0.99 and Λ = 1.01, bounds of V'' too.
void add_map_bounds(std::vector<Bound>& bounds, const std::array<LineJkoChain, 3>& chains) {
  const double gamma = chains[0].step_size(1);
  for (int n = 1; n <= line_steps; ++n) {
    const NodeField sum(chains, [&](const LineJkoChain& chain) -> Vector {
      return generation_slope(chain, n, n - 1) + gamma * log_concavity(chain[n]);
    });
    bounds.push_back(
        {.lhs = 1.0 + gamma * Estimate(0.99), .rhs = sum.least(), .part = "(i) DT from below"});
    bounds.push_back(
        {.lhs = sum.largest(), .rhs = 1.0 + gamma * Estimate(1.01), .part = "(i) DT from above"});
  }
}

// α₀ and β₀ by the search for the extremes of (log p₀)''.
Outcome user_mixture(const GaussianMixture& start, double gamma) {
  const auto chains =
      line_chains(line_measure(start), relative_entropy(quadratic_energy(1.0)), gamma, 801);
  const CurvatureExtreme least = largest_log_density_curvature(start);
  const Estimate alpha_0 = -least.value;
  const Estimate beta_0 = -smallest_log_density_curvature(start).value;
  std::vector<Bound> bounds;
  add_map_bounds(bounds, chains);
  add_log_convexity(bounds, chains, beta_0, 1.0, 2.0);
  if (alpha_0.lower > 0.0) {
    add_log_concavity(bounds, chains, alpha_0, 1.0, 2.0);
    return bounds;
  }
  const std::string failed =
      fmt::format("α₀ > 0: in units of the reference −(log p₀)'' is {:.6g} at x = {:.6g}",
                  alpha_0.value, least.place);
  for (const char* part :
       {"(ii) log-concavity", "(ii) Lipschitz constant", "(iii) generation map"}) {
    bounds.push_back(left_out(part, failed));
  }
  return bounds;
}

Outcome log_concave_on_the_line(Trial& trial) {
  const double s = trial.rng.uniform(0.5, 2.0);
  const double b = trial.rng.uniform(0.1, 0.5);
  const double lambda = trial.rng.log_uniform(0.3, 3.0);
  return log_concave(s, b, lambda, trial.rng.log_uniform(0.05, 1.0));
}

// The dossier's three laws, towards N(0, 1) with γ = ½.
Instance dossier_law(std::string name, double s, double b) {
  return {.name = std::move(name),
          .draw = [s, b](Trial&) { return log_concave(s, b, 1.0, 0.5); },
          .repeat = false};
}

// The dossier's bimodal data: T_1^0 is steep between the modes, 1 + γΛ is all that (i) allows to
// log-concave data. A piece's slope is a mean of the map's: the finer the grid, the larger.
Outcome bimodal(Trial&) {
  const LineMap start =
      line_map(LineGrid(1601), gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6}));
  const LineJkoResult step = answered_line_step(start, line_target(0), 0.5);
  const double steepest = LineBlock(step.step, start).lipschitz_on_nodes(5.0).value;
  return Bound{.lhs = Estimate::closed_form(steepest, round_off(steepest, 1)), .rhs = 1.5};
}

std::vector<Instance> families() {
  std::vector<Instance> result = gaussian_families(lipschitz_bounds);
  for (Instance& family : gaussian_families(lipschitz_bounds, towards_isotropic)) {
    family.name += ", isotropic target";
    result.push_back(std::move(family));
  }
  result.push_back({.name = "mixtures on the line", .draw = mixtures_on_the_line});
  result.push_back({.name = "log-concave on the line", .draw = log_concave_on_the_line});
  result.push_back(dossier_law("log-concave, s = 0.4, b = 0.5", 0.4, 0.5));
  result.push_back(dossier_law("log-concave, s = 0.05, b = 1", 0.05, 1.0));
  result.push_back(dossier_law("log-concave, s = 2, b = 0.3", 2.0, 0.3));
  return result;
}

}  // namespace jko_28

Claim jko_28_lipschitz_maps() {
  using namespace jko_28;
  return {.id = "JKO-28",
          .statement =
              "αI ⪯ −∇²log pₙ₊₁ ⪯ βI, λI ⪯ ∇²V ⪯ ΛI ⇒ 1 + γ(λ − β) ≤ DTₙ₊₁ⁿ ≤ 1 + γ(Λ − α); V = "
              "λ|x|²/2 ⇒ 1/αₙ steps like a variance, Lip(p_N → p₀) ≤ √(α_N/α₀) ≤ max(1, √(λ/α₀))",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"p₀ has a density", "exact steps", "V = λ|x|²/2 and α₀ > 0 for (ii)-(iv)",
                         "d = 1 for (iv)"},
          .instances = families(),
          .tight = {{.name = "the line", .draw = on_the_line}},
          .controls = {fixed_instance("(α_N/α₀)^{1/4}", root_of_constant, wide_start()),
                       {.name = "no log-concavity", .draw = bimodal, .repeat = false},
                       {.name = "no log-concavity, in closed form",
                        .draw = two_modes,
                        .repeat = false}},
          .on_target = on_line_mixture_target(lipschitz_bounds, user_mixture),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
