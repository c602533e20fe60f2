// Steps in transport coordinates. G_h is convex in ℓ²_w and its steps are proximal points there, so
// that what is claimed of JKO steps on the line holds on any grid, however coarse.

#include "margin_spaces.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_jko_step.hpp"
#include "proximal/line_newton.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

const LineGrid& search_grid() {
  static const LineGrid grid(41, 5.0);
  return grid;
}

// V = λx²/2 + b log(2 cosh k(x − c)) + fx⁴/4. Its normaliser is left out: no difference of values
// of G has it.
LineEnergy draw_potential(SearchPoint& at) {
  const double lambda = at.log_uniform("convexity", 0.01, 10.0);
  const double b = at.uniform("kink", 0.0, 5.0);
  const double k = at.log_uniform("kink_steepness", 0.3, 5.0);
  const double c = at.uniform("kink_place", -2.0, 2.0);
  const double f = at.uniform("quartic", 0.0, 1.0);
  return {.values =
              [=](std::span<const double> x, double* value, double* slope, double* curvature) {
                for (std::size_t i = 0; i < x.size(); ++i) {
                  const double y = k * (x[i] - c);
                  const double decay = std::exp(-2.0 * std::abs(y));
                  const double tanh_y = std::copysign((1.0 - decay) / (1.0 + decay), y);
                  const double square = x[i] * x[i];
                  if (value) {
                    value[i] = square * (0.5 * lambda + 0.25 * f * square) +
                               b * (std::abs(y) + std::log1p(decay));
                  }
                  if (slope) slope[i] = x[i] * (lambda + f * square) + b * k * tanh_y;
                  if (curvature) {
                    curvature[i] = lambda + 3.0 * f * square +
                                   b * k * k * 4.0 * decay / ((1.0 + decay) * (1.0 + decay));
                  }
                }
              },
          .convexity = lambda};
}

constexpr std::array<const char*, 5> bumps = {"bump_1", "bump_2", "bump_3", "bump_4", "bump_5"};

// dᵢ = hs exp Σ aₖ e^{−((z − k)/0.6)²/2}, k = −2 … 2: where aₖ is large the law has a gap.
LineMap draw_law(SearchPoint& at) {
  const LineGrid& grid = search_grid();
  static const Matrix shapes = [&grid] {
    Matrix result(grid.points() - 1, 5);
    for (Index k = 0; k < 5; ++k) {
      for (Index i = 0; i < result.rows(); ++i) {
        const double middle = grid.nodes()[i] + 0.5 * grid.spacing();
        const double x = (middle - static_cast<double>(k - 2)) / 0.6;
        result(i, k) = std::exp(-0.5 * x * x);
      }
    }
    return result;
  }();
  const double mean = at.uniform("centre", -4.0, 4.0);
  const double spread = at.log_uniform("spread", 0.05, 5.0);
  Vector heights(5);
  for (std::size_t k = 0; k < bumps.size(); ++k) {
    heights[static_cast<Index>(k)] = at.uniform(bumps[k], -3.0, 3.0);
  }
  Vector d = grid.spacing() * spread * (shapes * heights).array().exp().matrix();
  Vector T = values_of(d, mean);
  return {grid, std::move(T), std::move(d)};
}

// ξ = (1 + a)/γ · s(c₁ + c₂ tanh z + c₃ cos 2z), in units in which it moves a step by about sc.
Vector draw_error(SearchPoint& at, double gamma, double a) {
  const Vector& z = search_grid().nodes();
  const double size = at.log_uniform("error_size", 1e-3, 3.0);
  const double constant = at.uniform("error_constant", -1.0, 1.0);
  const double odd = at.uniform("error_odd", -1.0, 1.0);
  const double even = at.uniform("error_even", -1.0, 1.0);
  return (1.0 + a) / gamma * size *
         (constant + odd * z.array().tanh() + even * (2.0 * z.array()).cos()).matrix();
}

double draw_step_size(SearchPoint& at) {
  return at.log_uniform("step_size", 0.01, 100.0);
}

Bound no_step() {
  return left_out("", "the step converged");
}

bool answered(const LineJkoResult& result) {
  return result.termination == Termination::converged && result.residual.upper < 1e-6;
}

// Σ S² ≤ (4γ/(2 + a))(G_0 − G_N) + 4γ²Σε²/(2 + a)², three steps with errors of any direction.
Bound sum_of_steps(SearchPoint& at) {
  constexpr int steps = 3;
  const LineFunctional G = relative_entropy(draw_potential(at));
  const LineMap start = draw_law(at);
  const double gamma = draw_step_size(at);
  const Estimate a = gamma * Estimate(G.convexity());
  std::array<Vector, steps> errors;
  for (Vector& error : errors) error = draw_error(at, gamma, a.value);
  LineMap p = start;
  Estimate lengths = 0.0;
  Estimate squared_errors = 0.0;
  for (const Vector& error : errors) {
    const LineJkoResult next = line_jko_step(p, G, gamma, {.tilt = error});
    if (!answered(next)) return no_step();
    lengths = lengths + square(w2(p, next.step));
    squared_errors = squared_errors + square(next.error);
    p = next.step;
  }
  const Estimate factor = 4.0 * gamma / (2.0 + a);
  return {.lhs = lengths,
          .rhs = factor * (value(G, start) - value(G, p)) + square(0.5 * factor) * squared_errors};
}

// A step p → p' of any functional, and a law π beside it, with what the inequalities of JKO-18 are
// made of.
struct AnyStep {
  double gamma = 1.0;
  Estimate modulus = {};  // λ, or what a wrong statement takes for it
  Estimate error = {};    // ε
  Estimate length = {};   // S
  Estimate fall = {};     // G(p) − G(p')
  Estimate slope_before = {}, slope_after = {};
  Estimate other_above = {};                     // G(π) − G(p')
  Estimate other_before = {}, other_after = {};  // W₂(p, π), W₂(p', π)

  Estimate a() const { return gamma * modulus; }
};

Bound descent(const AnyStep& s) {
  return {.lhs = (2.0 + s.a()) * square(s.length) / (2.0 * s.gamma),
          .rhs = s.fall + s.error * s.length};
}

Bound slope_contraction(const AnyStep& s) {
  return {.lhs = s.slope_after, .rhs = (s.slope_before + s.error) / (1.0 + s.a()) + s.error};
}

// (1 + a)W₂²(p', π) + 2γ(G(p') − G(π)) + S² ≤ W₂²(p, π) + 2γεW₂(p', π), with what is there for any
// functional moved to the right: with it on both sides, π = p' would be an equality.
Bound evi(const AnyStep& s) {
  const Estimate cross = square(s.other_before) - square(s.length) - square(s.other_after);
  return {.lhs = s.a() * square(s.other_after),
          .rhs = cross + 2.0 * s.gamma * (s.other_above + s.error * s.other_after)};
}

// A step of ∫V + θ∫ρ^m/(m − 1) + κ-interaction, m ≠ 1, beside its minimiser.
struct InternalStep : AnyStep {
  Estimate gap_before = {}, gap_after = {};        // Δ
  Estimate target_before = {}, target_after = {};  // W₂ to q
};

enum class Modulus { true_one, with_interaction };

double modulus_of(const LineFunctional& G, Modulus modulus) {
  return modulus == Modulus::true_one ? G.convexity()
                                      : G.potential.convexity + std::abs(G.interaction);
}

using OfInternalStep = std::function<Bound(const InternalStep&)>;

LineFunctional draw_functional(SearchPoint& at) {
  LineEnergy V = draw_potential(at);
  const double diffusion = at.log_uniform("diffusion", 0.1, 10.0);
  const double interaction = at.uniform("interaction", -0.8, 5.0);
  const double lambda = V.convexity;
  return {.potential = std::move(V),
          .diffusion = diffusion,
          .interaction = interaction < 0.0 ? interaction * lambda : interaction};
}

// Everything but γ, λ and ε.
template <class Functional>
void set_values(AnyStep& s,
                const Functional& G,
                const LineMap& before,
                const LineMap& after,
                const LineMap& other) {
  s.length = w2(before, after);
  s.fall = value(G, before) - value(G, after);
  s.slope_before = slope(G, before).norm;
  s.slope_after = slope(G, after).norm;
  s.other_above = value(G, other) - value(G, after);
  s.other_before = w2(before, other);
  s.other_after = w2(after, other);
}

Statement internal_energy(Modulus modulus, const OfInternalStep& bound) {
  return [=](SearchPoint& at) {
    LineFunctional G = draw_functional(at);
    G.exponent = at.log_uniform("exponent", 0.4, 4.0);
    const LineMap start = draw_law(at);
    const LineMap other = draw_law(at);
    const double gamma = draw_step_size(at);
    const Vector error = draw_error(at, gamma, gamma * G.convexity());
    const LineJkoResult target = line_minimiser(search_grid(), G);
    const LineJkoResult next = line_jko_step(start, G, gamma, {.tilt = error});
    if (!answered(target) || !answered(next)) return no_step();
    InternalStep s;
    s.gamma = gamma;
    s.modulus = modulus_of(G, modulus);
    s.error = next.error;
    set_values(s, G, start, next.step, other);
    // What is left of G below the minimiser found is at most residual · distance.
    const Estimate least =
        widened(value(G, target.step), target.residual.upper * target.distance_bound);
    s.gap_before = value(G, start) - least;
    s.gap_after = value(G, next.step) - least;
    s.target_before = widened(w2(start, target.step), target.distance_bound);
    s.target_after = widened(w2(next.step, target.step), target.distance_bound);
    return bound(s);
  };
}

Bound w2_contraction(const InternalStep& s) {
  return {.lhs = s.target_after, .rhs = (s.target_before + s.gamma * s.error) / (1.0 + s.a())};
}

Bound objective_contraction(const InternalStep& s) {
  const auto r = [&](const Estimate& gap) { return sqrt(2.0 * s.modulus * max(0.0, gap)); };
  const Estimate a = s.a();
  return {.lhs = r(s.gap_after),
          .rhs = max((r(s.gap_before) + a * s.error) / (1.0 + a), (1.0 + a) * s.error / (2.0 + a))};
}

// Entropy with an interaction ½∬K dρdρ that is not quadratic, K = κz²/2 + qz⁴/4 + r√(1 + k²z²):
// K″ ≥ κ, G is λ + min(κ, 0)-convex.
struct InteractingFunctional {
  LineFunctional rest;  // with κ
  double quartic = 0.0;
  double cone = 0.0;
  double steepness = 1.0;

  double convexity() const { return rest.convexity(); }
};

InteractingFunctional draw_interacting(SearchPoint& at) {
  InteractingFunctional G{.rest = draw_functional(at)};
  G.quartic = at.uniform("interaction_quartic", 0.0, 1.0);
  G.cone = at.uniform("interaction_cone", 0.0, 5.0);
  G.steepness = at.log_uniform("interaction_steepness", 0.3, 5.0);
  return G;
}

struct PairSums {
  double value = 0.0;
  Vector field = {};
  double size = 0.0;  // of the field's terms, ‖·‖_w
};

// ½Σwᵢwⱼ(K(Tᵢ − Tⱼ) − κ(Tᵢ − Tⱼ)²/2) and its gradient in ℓ²_w.
PairSums pair_sums(const InteractingFunctional& G, const LineMap& p) {
  const Vector& T = p.values();
  const Vector& w = p.grid().node_masses();
  PairSums sums{.field = Vector::Zero(T.size())};
  Vector sizes = Vector::Zero(T.size());
  const double k = G.steepness;
  for (Index i = 0; i < T.size(); ++i) {
    for (Index j = 0; j < i; ++j) {
      const double z = T[i] - T[j];
      const double root = std::sqrt(1.0 + k * k * z * z);
      const double force = z * (G.quartic * z * z + G.cone * k * k / root);
      sums.value += w[i] * w[j] * (0.25 * G.quartic * z * z * z * z + G.cone * root);
      sums.field[i] += w[j] * force;
      sums.field[j] -= w[i] * force;
      sizes[i] += w[j] * std::abs(force);
      sizes[j] += w[i] * std::abs(force);
    }
  }
  sums.value += 0.5 * G.cone * w.squaredNorm();
  sums.size = std::sqrt(w.dot(sizes.cwiseAbs2()));
  return sums;
}

Estimate norm_on_grid(const Vector& field, double noise) {
  const double norm = std::sqrt(search_grid().node_masses().dot(field.cwiseAbs2()));
  return max(0.0, Estimate::closed_form(norm, noise + round_off(norm, 2)));
}

Estimate value(const InteractingFunctional& G, const LineMap& p) {
  const PairSums sums = pair_sums(G, p);
  return value(G.rest, p) +
         Estimate::closed_form(sums.value, round_off(sums.value, p.values().size()));
}

LineSlope slope(const InteractingFunctional& G, const LineMap& p) {
  const LineSlope rest = slope(G.rest, p);
  const PairSums sums = pair_sums(G, p);
  const Vector field = rest.field + sums.field;
  const double noise = rest.norm.budget.round_off + round_off(sums.size, p.values().size());
  return {field, norm_on_grid(field, noise)};
}

// The law that a step leads to p' from, made backwards: T = T' + γ(η' − ξ), F being convex. Nothing
// where that is not ascending.
struct ManufacturedLineStep {
  std::optional<LineMap> before = {};
  LineSlope slope_after = {};
  Estimate error = {};
};

ManufacturedLineStep step_to(const InteractingFunctional& G,
                             const LineMap& after,
                             double gamma,
                             const Vector& error) {
  ManufacturedLineStep step{.slope_after = slope(G, after)};
  const Vector move = gamma * (step.slope_after.field - error);
  const Index edges = after.increments().size();
  Vector d = after.increments() + (move.tail(edges) - move.head(edges));
  if (!(d.minCoeff() > 0.0)) return step;
  Vector T = values_of(d, after.values()[edges / 2] + move[edges / 2]);
  step.before = LineMap(after.grid(), std::move(T), std::move(d));
  // ξ of the stored pair.
  const Vector& before = step.before->values();
  const Vector found = step.slope_after.field + (after.values() - before) / gamma;
  const double sizes = norm_on_grid(before, 0.0).value + norm_on_grid(after.values(), 0.0).value;
  step.error = norm_on_grid(
      found, step.slope_after.norm.budget.round_off + 8.0 * unit_round_off / gamma * sizes);
  return step;
}

using OfAnyStep = std::function<Bound(const AnyStep&)>;

Statement interaction(Modulus modulus, const OfAnyStep& bound) {
  return [=](SearchPoint& at) {
    const InteractingFunctional G = draw_interacting(at);
    const LineMap after = draw_law(at);
    const LineMap other = draw_law(at);
    const double gamma = draw_step_size(at);
    const Vector error = draw_error(at, gamma, gamma * G.convexity());
    const ManufacturedLineStep step = step_to(G, after, gamma, error);
    if (!step.before) return left_out("", "a law has this step");
    AnyStep s{.gamma = gamma, .modulus = modulus_of(G.rest, modulus), .error = step.error};
    set_values(s, G, *step.before, after, other);
    return bound(s);
  };
}

// (1 + a)W₂(p', ν') ≤ W₂(p, ν) of two exact steps.
Statement two_laws(Modulus modulus) {
  return [=](SearchPoint& at) {
    const InteractingFunctional G = draw_interacting(at);
    const LineMap first = draw_law(at);
    const LineMap second = draw_law(at);
    const double gamma = draw_step_size(at);
    const Vector none = Vector::Zero(search_grid().points());
    const ManufacturedLineStep to_first = step_to(G, first, gamma, none);
    const ManufacturedLineStep to_second = step_to(G, second, gamma, none);
    if (!to_first.before || !to_second.before) return left_out("", "laws have these steps");
    const Estimate a = gamma * Estimate(modulus_of(G.rest, modulus));
    return Bound{.lhs = (1.0 + a) * w2(first, second),
                 .rhs = w2(*to_first.before, *to_second.before) +
                        gamma * (to_first.error + to_second.error)};
  };
}

// The gradient flow of G_h from two laws, by two implicit steps; the rate of their approach
// against log(1 + γλ) a step, which is λ as γ → 0.
Bound approach_of_two(SearchPoint& at) {
  constexpr int steps = 2;
  const LineFunctional G = relative_entropy(draw_potential(at));
  LineMap p = draw_law(at);
  LineMap q = draw_law(at);
  const double gamma = at.log_uniform("step_size", 0.01, 1.0);
  const Estimate before = w2(p, q);
  double undone = 0.0;
  for (int n = 0; n < steps; ++n) {
    const LineJkoResult of_p = line_jko_step(p, G, gamma);
    const LineJkoResult of_q = line_jko_step(q, G, gamma);
    if (!answered(of_p) || !answered(of_q)) return no_step();
    p = of_p.step;
    q = of_q.step;
    undone += of_p.distance_bound + of_q.distance_bound;
  }
  const Estimate after = max(0.0, widened(w2(p, q), undone));
  const Estimate whole = steps * log(1.0 + gamma * Estimate(G.convexity()));
  return {.lhs = 1.0, .rhs = log(before / after) / whole};
}

// Two steps of γ against the gradient flow, which is followed by `substeps` implicit steps for each
// of them.
struct StepsAndFlow {
  LineFunctional G;
  LineMap start = gaussian_map(search_grid(), 0.0, 1.0);
  double gamma = 1.0;
  std::array<LineMap, 2> steps = {start, start};
  bool answered = true;
  double undone = 0.0;  // F(p_1) − min F_1 at most

  explicit StepsAndFlow(SearchPoint& at)
      : G(relative_entropy(draw_potential(at))), start(draw_law(at)), gamma(draw_step_size(at)) {
    const LineJkoResult first = line_jko_step(start, G, gamma);
    answered = flowcheck::answered(first);
    undone = first.residual.upper * first.distance_bound;
    steps = {first.step, followed(first.step, gamma)};
  }

  LineMap followed(const LineMap& p, double step_size) {
    const LineJkoResult next = line_jko_step(p, G, step_size);
    answered = answered && flowcheck::answered(next);
    return answered ? next.step : p;
  }

  // sup W₂(p_n, ρ_{nγ}).
  Estimate distance(int substeps) {
    LineMap rho = start;
    Estimate largest = 0.0;
    for (const LineMap& step : steps) {
      for (int k = 0; k < substeps; ++k) rho = followed(rho, gamma / substeps);
      largest = max(largest, w2(step, rho));
    }
    return largest;
  }

  // √(γ(G_0 − min F_1)).
  Estimate moreau_yosida() const {
    const Estimate least =
        widened(value(G, steps[0]) + square(w2(start, steps[0])) / (2.0 * gamma), undone);
    return sqrt(gamma * max(0.0, value(G, start) - least));
  }
};

using RightSide = std::function<Estimate(const StepsAndFlow&)>;

Statement near_the_flow(const RightSide& bound) {
  return [=](SearchPoint& at) {
    StepsAndFlow run(at);
    const Estimate distance = run.distance(4);
    if (!run.answered) return no_step();
    return Bound{.lhs = distance, .rhs = bound(run)};
  };
}

// The same against the flow itself, the limit of short substeps: of first order, so that what one
// halving changes is what is left.
Statement near_the_refined_flow(int substeps, const RightSide& bound) {
  return [=](SearchPoint& at) {
    StepsAndFlow run(at);
    const Estimate coarse = run.distance(substeps);
    const Estimate fine = run.distance(2 * substeps);
    if (!run.answered) return no_step();
    const double change = std::abs(fine.value - coarse.value);
    const double noise = coarse.budget.round_off + fine.budget.round_off;
    return Bound{.lhs = max(0.0, Estimate::converged(fine.value, 2.0 * change, noise)),
                 .rhs = bound(run)};
  };
}

Estimate small_constant(const StepsAndFlow& run) {
  return 0.1 * run.gamma * slope(run.G, run.start).norm;
}

// G_0 − min F_1 ≤ ½γI_0.
Bound moreau_yosida_gap(SearchPoint& at) {
  const StepsAndFlow run(at);
  if (!run.answered) return no_step();
  return {.lhs = square(run.moreau_yosida()),
          .rhs = 0.5 * square(run.gamma * slope(run.G, run.start).norm)};
}

void add_step_laws(std::vector<SearchSpace>& spaces) {
  const auto add = [&](const char* part, const auto& statement) {
    spaces.push_back({.claim = "JKO-18",
                      .part = part,
                      .statement = statement(Modulus::true_one),
                      .wrong = "modulus λ + |κ|",
                      .control = statement(Modulus::with_interaction)});
  };
  const auto of_internal = [](const OfInternalStep& bound) {
    return [=](Modulus modulus) { return internal_energy(modulus, bound); };
  };
  add("internal energy: evolution inequality", of_internal(evi));
  add("internal energy: descent", of_internal(descent));
  add("internal energy: slope", of_internal(slope_contraction));
  add("internal energy: W₂", of_internal(w2_contraction));
  add("internal energy: objective", of_internal(objective_contraction));
  const auto of_interaction = [](const OfAnyStep& bound) {
    return [=](Modulus modulus) { return interaction(modulus, bound); };
  };
  add("interaction: evolution inequality", of_interaction(evi));
  add("interaction: descent", of_interaction(descent));
  add("interaction: slope", of_interaction(slope_contraction));
  add("interaction: two laws", two_laws);
}

}  // namespace

std::vector<SearchSpace> line_search_spaces() {
  std::vector<SearchSpace> spaces;
  spaces.push_back({.claim = "JKO-07",
                    .part = "line",
                    .statement = sum_of_steps,
                    .wrong = "0.9 of the right side",
                    .control = with_right_side(sum_of_steps, 0.9)});
  add_step_laws(spaces);
  spaces.push_back({.claim = "JKO-31(iv)",
                    .part = "implicit steps where V is not quadratic",
                    .statement = approach_of_two,
                    .wrong = "rate 1.1 λ",
                    .control = with_right_side(approach_of_two, 1.0 / 1.1)});
  const RightSide moreau_yosida = [](const StepsAndFlow& run) { return run.moreau_yosida(); };
  spaces.push_back({.claim = "JKO-32",
                    .part = "distance to the flow",
                    .statement = near_the_flow(moreau_yosida),
                    .wrong = "0.1 γ√I₀",
                    .control = near_the_refined_flow(8, small_constant),
                    .careful = near_the_refined_flow(64, moreau_yosida)});
  spaces.push_back({.claim = "JKO-32",
                    .part = "Moreau–Yosida value",
                    .statement = moreau_yosida_gap,
                    .wrong = "0.9 of the right side",
                    .control = with_right_side(moreau_yosida_gap, 0.9)});
  return spaces;
}

}  // namespace flowcheck
