#include "measures/line_laws.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/special_functions.hpp"
#include "proximal/line_jko_chain.hpp"
#include "support/estimates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace flowcheck::line_jko_test {

namespace {

// The laws of the JKO dossier's table R2: V = x²/2, x²/2 + x⁴/4, x²/4 + ½ log 2 cosh 2x.
LineEnergy reference_energy(int k) {
  return k == 0   ? quadratic_energy()
         : k == 1 ? quartic_energy(1.0, 1.0)
                  : log_cosh_energy(0.5, 0.5, 2.0);
}

LineMeasure reference_data() {
  return gaussian_mixture_law({0.4, 0.6}, {-1.5, 1.2}, {0.7, 0.6});
}

LineMap step(const LineMap& current, const LineFunctional& G, double gamma) {
  const LineJkoResult result = line_jko_step(current, G, gamma);
  REQUIRE(result.termination == Termination::converged);
  return result.step;
}

LineMap minimiser(const LineGrid& grid, const LineFunctional& G) {
  const LineJkoResult result = line_minimiser(grid, G);
  REQUIRE(result.termination == Termination::converged);
  return result.step;
}

double weighted_norm(const LineGrid& grid, const Vector& x) {
  return std::sqrt(grid.node_masses().dot(x.cwiseAbs2()));
}

}  // namespace

TEST_CASE("masses of a line grid keep their digits in the tails", "[proximal][exact]") {
  const LineGrid grid(1601, 8.0);
  CHECK_THAT(grid.node_masses().sum(), WithinRoundOff(1.0, 1));
  CHECK_THAT(grid.edge_masses().sum(), WithinRoundOff(1.0, 1));
  CHECK(grid.nodes()[0] == -8.0);
  CHECK(grid.nodes()[1600] == 8.0);
  CHECK(grid.node_masses() == grid.node_masses().reverse());
  // A sum of cells is the tail, Φ(−6) by its complementary error function; e^{−z²/2} has its
  // exponent to z²u, here 64u, the cells' ends to as much again.
  const double tail = grid.edge_masses().head(200).sum() + normal_cdf(-8.0);
  CHECK_THAT(tail, Catch::Matchers::WithinRel(normal_cdf(-6.0), 256.0 * unit_round_off));
}

TEST_CASE("masses of a line grid keep their digits on a fine grid", "[proximal][exact]") {
  // ∫φ over a cell about m is hφ(m)(1 + h²(m² − 1)/24) up to h⁴. A width taken from a cell's
  // rounded ends would be off by 1e-11.
  const LineGrid grid(100'001, 8.0);
  const double h = grid.spacing();
  double worst = 0.0;
  for (Index i = 0; i + 1 < grid.points(); ++i) {
    const double m = 0.5 * (grid.nodes()[i] + grid.nodes()[i + 1]);
    const double mass = h * normal_density(m) * (1.0 + h * h * (m * m - 1.0) / 24.0);
    worst = std::max(worst, std::abs(grid.edge_masses()[i] / mass - 1.0));
  }
  CHECK(worst < 256.0 * unit_round_off);
}

TEST_CASE("chains on the line reproduce the reference values", "[proximal][reference]") {
  // jko.md R2, last digit shown in error by up to one.
  struct Row {
    double kl[4], w[3], s[2], log_z, fisher;
  };
  const std::array<Row, 3> table = {Row{{.41308782, .084349992, .019174637, .004773173},
                                        {.580307589, .278168728, .139324112},
                                        {.31959394, .14371146},
                                        .918938533205,
                                        2.08978381},
                                    Row{{2.2300847, .133411396, .010259539, .000944597},
                                        {.825375450, .226527618, .067073014},
                                        {.605345467, .162465268},
                                        .660235389856,
                                        49.47813421},
                                    Row{{.6193503, .121729459, .027056005, .006679979},
                                        {.693437688, .328694640, .163542136},
                                        {.393114818, .172352513},
                                        .317142295530,
                                        3.13743461}};
  const int k = GENERATE(0, 1, 2);
  CAPTURE(k);
  const Row& row = table[static_cast<std::size_t>(k)];
  const LineFunctional G = relative_entropy(reference_energy(k));
  CHECK_THAT(G.potential.log_normaliser.value, WithinPrinted(row.log_z, 12));
  std::vector<LineJkoChain> chains;
  for (const Index points : {801, 1601, 3201}) {
    chains.push_back(line_jko_chain(line_map(LineGrid(points), reference_data()), G,
                                    {.step_sizes = constant_steps(0.5, 3)}));
  }
  const auto continuum = [&](const auto& quantity) {
    return richardson(quantity(chains[0]), quantity(chains[1]), quantity(chains[2]));
  };
  for (int n = 0; n < 4; ++n) {
    CAPTURE(n);
    const Estimate kl = continuum([&](const LineJkoChain& c) { return c.objective(n); });
    const int decimals = n > 0 ? 9 : k == 0 ? 8 : 7;
    CHECK_THAT(kl.value, Catch::Matchers::WithinAbs(row.kl[n], 1.5 * std::pow(10.0, -decimals)));
    CHECK(kl.grade == Grade::converged);
    if (n < 3) {
      const Estimate w = continuum([&](const LineJkoChain& c) { return c.w2_to_target(n); });
      CHECK_THAT(w.value, Catch::Matchers::WithinAbs(row.w[n], 1.5e-9));
    }
    if (n == 1 || n == 2) {
      const Estimate s = continuum([&](const LineJkoChain& c) { return c.step_length(n); });
      CHECK_THAT(s.value, Catch::Matchers::WithinAbs(row.s[n - 1], k == 0 ? 1.5e-8 : 1.5e-9));
    }
  }
  // I_0 by quadrature is the limit of the discrete slope.
  const Estimate fisher = continuum([](const LineJkoChain& c) { return square(c.slope(0)); });
  CHECK_THAT(fisher.value, Catch::Matchers::WithinAbs(row.fisher, 1e-5 * row.fisher));
}

TEST_CASE("a Gaussian step on the line converges to the closed form with order 2",
          "[proximal][order]") {
  // jko.md C1: N(1, 2²) to N(m', s'²) towards N(0, 1) with γ = ½.
  const double gamma = 0.5;
  const double deviation =
      (2.0 + std::sqrt(4.0 + 4.0 * gamma * (1.0 + gamma))) / (2.0 * (1.0 + gamma));
  const LineFunctional G = relative_entropy(quadratic_energy());
  std::vector<double> steps;
  std::vector<double> errors;
  for (const Index points : {101, 201, 401, 801, 1601}) {
    const LineGrid grid(points);
    const LineMap exact = gaussian_map(grid, 1.0 / (1.0 + gamma), deviation);
    const LineMap found = step(gaussian_map(grid, 1.0, 2.0), G, gamma);
    steps.push_back(grid.spacing());
    errors.push_back(w2(found, exact).value);
    // The mean steps by 1/(1 + γ) for any data, without a discretisation error.
    CHECK_THAT(found.mean().value, WithinRoundOff(1.0 / (1.0 + gamma), 2));
  }
  const Estimate order = observed_order(steps, errors);
  CHECK_THAT(order.value, Catch::Matchers::WithinAbs(2.0, 0.1));
  CHECK(errors.back() < 1e-5);
}

TEST_CASE("a step from a Dirac measure is the tilted Gaussian", "[proximal][exact]") {
  // jko.md C4: p_1 ∝ exp(−V − (x − m)²/(2γ)); for V = x²/2 it is N(m/(1 + γ), γ/(1 + γ)).
  const double m = 1.5;
  const double gamma = 0.4;
  const int k = GENERATE(0, 1, 2);
  CAPTURE(k);
  const LineEnergy V = reference_energy(k);
  const auto at = [=](double x, int derivative) {
    double value[3];
    V.values({&x, 1}, &value[0], &value[1], &value[2]);
    const double y = x - m;
    const double own[3] = {0.5 * y * y / gamma, y / gamma, 1.0 / gamma};
    return value[derivative] + own[derivative];
  };
  const LineMeasure expected({.value = [=](double x) { return at(x, 0); },
                              .slope = [=](double x) { return at(x, 1); },
                              .curvature = [=](double x) { return at(x, 2); },
                              .centre = 1.0});
  std::vector<Vector> errors;
  for (const Index points : {801, 1601}) {
    const LineGrid grid(points);
    const LineMap found = step(gaussian_map(grid, m, 0.0), relative_entropy(V), gamma);
    errors.push_back(found.values() - line_map(grid, expected).values());
  }
  const Vector z = LineGrid(801).nodes();
  double coarse = 0.0;
  double fine = 0.0;
  double extrapolated = 0.0;  // at the nodes of both grids
  for (Index i = 0; i < 801; ++i) {
    if (std::abs(z[i]) >= 5.0) continue;
    coarse = std::max(coarse, std::abs(errors[0][i]));
    fine = std::max(fine, std::abs(errors[1][2 * i]));
    extrapolated = std::max(extrapolated, std::abs(4.0 * errors[1][2 * i] - errors[0][i]) / 3.0);
  }
  CHECK_THAT(coarse / fine, Catch::Matchers::WithinAbs(4.0, 0.2));
  CHECK(extrapolated < 0.02 * fine);
}

TEST_CASE("a step is found where V is far from convex but F is not", "[proximal][reference]") {
  // V = x²/2 + cos 3x, V'' from −8 to 10: Newton's method alone wanders from these starts.
  const LineFunctional G = relative_entropy(line_energy(rippled_gaussian_law(1.0, 3.0)));
  const double mean = GENERATE(0.5, 2.0);
  const Index points = GENERATE(401, 801, 1601);
  CAPTURE(mean, points);
  const LineJkoResult result = line_jko_step(gaussian_map(LineGrid(points), mean, 1.0), G, 0.1);
  CHECK(result.termination == Termination::converged);
  CHECK(result.residual.value < 1e-12);
}

TEST_CASE("a tilted step has the first-order error it was given", "[proximal][exact]") {
  const int k = GENERATE(0, 1, 2);
  const ErrorField kind =
      GENERATE(ErrorField::constant, ErrorField::random, ErrorField::adversarial);
  const double error = GENERATE(1e-2, 1.0);
  CAPTURE(k, static_cast<int>(kind), error);
  const LineGrid grid(801);
  const LineFunctional G = relative_entropy(reference_energy(k));
  const LineMap current = line_map(grid, reference_data());
  const LineMap target = minimiser(grid, G);
  const LineJkoResult result =
      inexact_line_jko_step(current, G, 0.5, target, {.error = error, .field = kind, .seed = 7});
  REQUIRE(result.termination == Termination::converged);
  CHECK_THAT(result.error, Encloses(error));
  CHECK_THAT(result.residual, Encloses(0.0));
  CHECK(result.error.width() < 1e-11);
  // What is measured by the formula of the first-order condition and no solver.
  const Vector xi = slope(G, result.step).field + (result.step.values() - current.values()) / 0.5;
  CHECK(std::abs(weighted_norm(grid, xi) - error) <= result.error.budget.round_off);
  if (kind == ErrorField::adversarial) {
    const Vector away = result.step.values() - target.values();
    const double aligned = grid.node_masses().dot(xi.cwiseProduct(away)) /
                           (weighted_norm(grid, xi) * weighted_norm(grid, away));
    CHECK(aligned > 0.999);
  }
}

TEST_CASE("steps far shorter than the law is wide converge to the rounding of T",
          "[proximal][property]") {
  const double gamma = GENERATE(1e-6, 1e-8, 1e-10);
  const double width = GENERATE(1.0, 30.0);
  CAPTURE(gamma, width);
  const LineMap current = gaussian_map(LineGrid(801), 2.0, width);
  const LineJkoResult result = line_jko_step(current, relative_entropy(quadratic_energy()), gamma);
  REQUIRE(result.termination == Termination::converged);
  CHECK(result.distance_bound < 32.0 * unit_round_off * std::hypot(2.0, width));
}

TEST_CASE("the discrete steps obey the laws of JKO steps to round-off", "[proximal][property]") {
  const int k = GENERATE(0, 1, 2);
  const double gamma = GENERATE(0.1, 0.5, 2.0);
  const double error = GENERATE(0.0, 0.05);
  const ErrorField kind = GENERATE(ErrorField::random, ErrorField::adversarial);
  CAPTURE(k, gamma, error, static_cast<int>(kind));
  const LineFunctional G = relative_entropy(reference_energy(k));
  const double lambda = G.convexity();
  const double a = gamma * lambda;
  const LineGrid grid(401);
  const LineJkoChain chain =
      line_jko_chain(line_map(grid, reference_data()), G,
                     {.step_sizes = constant_steps(gamma, 4), .error = error, .field = kind});
  const LineMap other = line_map(grid, laplace_law(0.8));
  for (int n = 1; n <= chain.steps(); ++n) {
    CAPTURE(n);
    const Estimate epsilon = chain.error(n);
    const Estimate squared_step = square(chain.step_length(n));
    // JKO-02: the discrete evolution variational inequality, for three competitors.
    for (const LineMap& rho : {chain.target, other, chain[n - 1]}) {
      const Estimate D = w2(chain[n], rho);
      const Estimate left = Estimate(1.0 + a) * square(D) +
                            Estimate(2.0 * gamma) * (chain.objective(n) - value(G, rho)) +
                            squared_step;
      const Estimate right = square(w2(chain[n - 1], rho)) + Estimate(2.0 * gamma) * epsilon * D;
      CHECK(left.value <= right.value + (left.upper - left.value) + (right.upper - right.value));
      CHECK(left.width() + right.width() < 1e-11 * (1.0 + gamma));
    }
    // JKO-06: descent.
    const Estimate descent = chain.objective(n - 1) - chain.objective(n);
    const Estimate promised =
        Estimate((2.0 + a) / (2.0 * gamma)) * squared_step - epsilon * chain.step_length(n);
    CHECK(promised.lower <= descent.upper);
    // JKO-11: contraction.
    const Estimate contracted =
        (chain.w2_to_target(n - 1) + Estimate(gamma) * epsilon) / Estimate(1.0 + a);
    CHECK(chain.w2_to_target(n).lower <= contracted.upper);
    // JKO-05: the step's length is the slope.
    CHECK(abs(chain.slope(n) - chain.step_length(n) / Estimate(gamma)).lower <= epsilon.upper);
  }
}

TEST_CASE("the laws on the line would notice a wrong constant", "[proximal][control]") {
  // JKO-02 with 1.2a in place of a, and JKO-11 with e^{−a}: a translate of q, moved back by ξ.
  const LineGrid grid(401);
  const LineFunctional G = relative_entropy(quadratic_energy());
  const LineMap target = minimiser(grid, G);
  Vector moved = target.values();
  moved.array() += 3.0;
  const LineMap start(grid, moved, target.increments());
  const LineJkoChain chain = line_jko_chain(start, G, {.step_sizes = {0.5}});
  const double W_0 = chain.w2_to_target(0).value;
  const double W_1 = chain.w2_to_target(1).value;
  const double S = chain.step_length(1).value;
  const double gap = chain.gap(1).value;
  const double squares = W_1 * W_1 + gap + S * S - W_0 * W_0;
  CHECK_THAT(squares + 0.5 * W_1 * W_1, Catch::Matchers::WithinAbs(0.0, 1e-12));
  CHECK(squares + 1.2 * 0.5 * W_1 * W_1 > 0.1);
  CHECK_THAT(W_1, WithinRoundOff(W_0 / 1.5, 4));
  CHECK(W_1 > W_0 * std::exp(-0.5) + 0.1);
}

TEST_CASE("a step decreases the energy of a porous medium and ends where its slope says",
          "[proximal][property]") {
  const double m = GENERATE(0.5, 2.0, 3.0);
  CAPTURE(m);
  const double gamma = 0.25;
  const LineGrid grid(801);
  const LineFunctional G = porous_medium(m, quadratic_energy());
  const LineMap current = line_map(grid, uniform_law(-1.0, 1.0));
  CHECK(current.has_density());
  const LineJkoResult result = line_jko_step(current, G, gamma);
  REQUIRE(result.termination == Termination::converged);
  CHECK_THAT(result.residual, Encloses(0.0));
  CHECK(result.step.has_density());
  const Estimate S = w2(result.step, current);
  const Estimate descent = value(G, current) - value(G, result.step);
  CHECK((Estimate((2.0 + gamma) / (2.0 * gamma)) * square(S)).lower <= descent.upper);
  CHECK(descent.lower > 0.0);
  CHECK_THAT(slope(G, result.step).norm.value, Catch::Matchers::WithinRel(S.value / gamma, 1e-9));
  // Symmetric data stay so, which centres the law.
  CHECK_THAT(result.step.mean().value, Catch::Matchers::WithinAbs(0.0, 1e-13));
}

TEST_CASE("a front that passes where its tail is drawn to takes the tail along",
          "[proximal][property]") {
  // From narrow laws: the front ends beyond most of what the tails were, which shrink by 1e-8.
  const double m = GENERATE(0.4, 1.5, 2.0, 3.0, 5.0);
  const bool confined = GENERATE(false, true);
  CAPTURE(m, confined);
  const LineGrid grid(401);
  const LineFunctional G = porous_medium(m, confined ? quadratic_energy() : LineEnergy{});
  const LineJkoResult result = line_jko_step(gaussian_map(grid, 0.3, 0.158), G, 1.59);
  CAPTURE(result.iterations, result.decrement);
  CHECK(result.termination == Termination::converged);
  CHECK_THAT(result.residual, Encloses(0.0));
  CHECK(result.iterations <= 100);  // one a cell of the tail would take more than the limit of 200
}

TEST_CASE("a quadratic interaction steps the mean and the deviation at different rates",
          "[proximal][exact]") {
  // jko.md JKO-18: V = λx²/2, K = κx²/2: the mean steps with λ, the deviation with λ + κ.
  const double gamma = 0.5;
  const double kappa = GENERATE(-0.5, 3.0);
  CAPTURE(kappa);
  LineFunctional G = relative_entropy(quadratic_energy());
  G.interaction = kappa;
  const double a = gamma * (1.0 + kappa);
  const double deviation = (2.0 + std::sqrt(4.0 + 4.0 * gamma * (1.0 + a))) / (2.0 * (1.0 + a));
  std::vector<double> errors;
  for (const Index points : {801, 1601}) {
    const LineGrid grid(points);
    const LineJkoResult result = line_jko_step(gaussian_map(grid, 3.0, 2.0), G, gamma);
    REQUIRE(result.termination == Termination::converged);
    CHECK_THAT(result.residual, Encloses(0.0));
    CHECK_THAT(result.step.mean().value, WithinRoundOff(2.0, 2));
    errors.push_back(w2(result.step, gaussian_map(grid, 2.0, deviation)).value);
  }
  CHECK(errors[1] < 1e-5);
  CHECK_THAT(errors[0] / errors[1], Catch::Matchers::WithinAbs(4.0, 0.2));
}

TEST_CASE("without internal energy each point makes a proximal step of its own",
          "[proximal][exact]") {
  const LineGrid grid(101);
  const LineFunctional G = potential_energy(quadratic_energy(2.0));
  const LineMap found = step(gaussian_map(grid, 1.0, 0.5), G, 0.5);
  const LineMap exact = gaussian_map(grid, 0.5, 0.25);
  CHECK(w2(found, exact).upper < 1e-14);
}

TEST_CASE("a compact support away from zero keeps its increments", "[proximal][property]") {
  // F⁻¹(Φ(z)) saturates at 6 beyond z ≈ 6; the increments do not: there dᵢ = ωᵢ for length 1.
  const LineGrid grid(1601);
  const LineMap map = line_map(grid, uniform_law(5.0, 6.0));
  CHECK(map.has_density());
  for (Index i = 0; i < 1600; ++i) {
    const double expected = grid.edge_masses()[i];
    if (std::abs(map.increments()[i] - expected) > 1e-4 * expected) FAIL_CHECK(i);
  }
  const LineFunctional G = relative_entropy(quadratic_energy());
  const LineJkoResult result = line_jko_step(map, G, 0.5);
  CHECK(result.termination == Termination::converged);
  CHECK_THAT(result.residual, Encloses(0.0));
  CHECK_THAT(result.step.mean().value, Catch::Matchers::WithinAbs(5.5 / 1.5, 1e-10));
}

TEST_CASE("points on the line are their quantiles, in any order and with weights",
          "[proximal][exact]") {
  const LineGrid grid(801);
  const LineMap sorted = line_map(grid, PointCloud(Matrix{{-2.0, -2.0, 1.0, 5.0}}));
  const LineMap shuffled = line_map(grid, PointCloud(Matrix{{5.0, -2.0, 1.0, -2.0}}));
  const LineMap weighted =
      line_map(grid, PointCloud(Matrix{{1.0, -2.0, 5.0}}, Vector{{0.25, 0.5, 0.25}}));
  CHECK(sorted.values() == shuffled.values());
  CHECK(sorted.values() == weighted.values());
  CHECK(sorted.values()[0] == -2.0);
  CHECK(sorted.values()[800] == 5.0);
  // Masses of nodes at the jumps go one way or the other.
  const double cell = grid.node_masses().maxCoeff();
  CHECK_THAT(sorted.mean().value, Catch::Matchers::WithinAbs(0.5, 7.0 * cell));
}

TEST_CASE("a mixture on the line has densities for components, or atoms, and not both",
          "[proximal][precondition]") {
  const LineGrid grid(401);
  const auto mixture = [](double first, double second) {
    return GaussianMixture(Vector{{0.4, 0.6}}, Matrix{{-1.5, 1.2}},
                           {Matrix{{first}}, Matrix{{second}}});
  };
  CHECK(w2(line_map(grid, mixture(0.49, 0.36)), line_map(grid, reference_data())).upper < 1e-13);
  const LineMap atoms = line_map(grid, mixture(0.0, 0.0));
  CHECK(atoms.values().minCoeff() == -1.5);
  CHECK(atoms.values().maxCoeff() == 1.2);
  CHECK_THROWS_AS(line_map(grid, mixture(0.0, 0.36)), std::invalid_argument);
  CHECK_THROWS_AS(line_map(grid, PointCloud(Matrix::Zero(2, 3))), std::invalid_argument);
}

TEST_CASE("a chain may be given its target, and an error for each step", "[proximal][property]") {
  const LineGrid grid(401);
  const LineFunctional G = relative_entropy(reference_energy(0));
  const LineMap start = line_map(grid, reference_data());
  const JkoChainOptions options{.step_sizes = {0.5, 0.3}, .errors = {0.1, 0.0}};
  const LineJkoChain found = line_jko_chain(start, G, options);
  const LineJkoChain given = line_jko_chain(start, G, minimiser(grid, G), options);
  CHECK(found[2].values() == given[2].values());
  CHECK_THAT(given.error(1), Encloses(0.1));
  CHECK_THAT(given.error(2), Encloses(0.0));
  // Where G is not convex, any T_q will do.
  const LineFunctional well = relative_entropy(line_energy(double_well_law(2.0)));
  const LineJkoChain chain =
      line_jko_chain(start, well, line_map(grid, double_well_law(2.0)), {.step_sizes = {0.1}});
  CHECK(chain.objective(1).value < chain.objective(0).value);
}

TEST_CASE("a step is found on grids of any size and whatever the step size",
          "[proximal][property]") {
  const Index points = GENERATE(3, 4, 5, 512, 513, 1024, 1025, 1026, 1027, 2050);
  const double gamma = GENERATE(1e-4, 1.0, 1e3);
  CAPTURE(points, gamma);
  const LineGrid grid(points);
  const LineFunctional G = relative_entropy(log_cosh_energy(0.5, 0.5, 2.0));
  // On few points the ends carry mass, and round-off of their values is above the tolerance.
  const double weight = points < 100 ? 0.5 : 1.5;
  const Vector heavy = (weight * grid.nodes().array()).sinh();
  for (const LineMap& current :
       {line_map(grid, laplace_law()), LineMap(grid, heavy), gaussian_map(grid, 30.0, 0.1)}) {
    const LineJkoResult result = line_jko_step(current, G, gamma);
    CHECK(result.termination == Termination::converged);
    CHECK_THAT(result.residual, Encloses(0.0));
  }
}

TEST_CASE("a step from two atoms splits the line between them", "[proximal][reference]") {
  // ½δ₋₂ + ½δ₂ towards N(0, 1) with γ = ½: N(±4/3, 1/3), each cut off at 0. Its entropy .46535900
  // by quadrature; jko.md JKO-26 has .465.
  const LineFunctional G = relative_entropy(quadratic_energy());
  std::vector<Estimate> entropies;
  for (const Index points : {3202, 6402}) {
    const LineGrid grid(points);
    const LineMap atoms(grid,
                        grid.nodes().unaryExpr([](double z) { return z < 0.0 ? -2.0 : 2.0; }));
    CHECK_FALSE(atoms.has_density());
    const LineJkoResult result = line_jko_step(atoms, G, 0.5);
    REQUIRE(result.termination == Termination::converged);
    CHECK_THAT(result.residual, Encloses(0.0));
    entropies.push_back(value(G, result.step));
  }
  CHECK_THAT(richardson(entropies[0], entropies[1]), Encloses(0.46535900));
  CHECK_THAT(richardson(entropies[0], entropies[1]).value, WithinPrinted(0.46536, 5));
}

TEST_CASE("a nested start changes the work and not the answer", "[proximal][property]") {
  const LineGrid grid(3201);
  const LineFunctional G = relative_entropy(quartic_energy(1.0, 1.0));
  const LineMap current = line_map(grid, reference_data());
  const LineJkoResult nested = line_jko_step(current, G, 0.5);
  const LineJkoResult plain = line_jko_step(current, G, 0.5, {.nested = false});
  REQUIRE(nested.termination == Termination::converged);
  REQUIRE(plain.termination == Termination::converged);
  CHECK(nested.iterations < plain.iterations);
  CHECK(w2(nested.step, plain.step).value <= nested.distance_bound + plain.distance_bound);
  CHECK(nested.distance_bound < 1e-10);
}

TEST_CASE("a nested start on a fine grid is right before its first Newton step",
          "[proximal][property]") {
  // The error left is of order h⁴ of the grids below: 4e-9 of the first without the second.
  const LineGrid grid(GENERATE(256 * 801 + 1, 1'000'001));  // a quarter, a sixteenth as fine before
  CAPTURE(grid.points());
  const LineFunctional G = relative_entropy(quartic_energy(1.0, 1.0));
  const LineJkoResult result =
      line_jko_step(gaussian_map(grid, 1.0, 0.6), G, 0.5, {.decrement_tolerance = 1e-12});
  REQUIRE(result.termination == Termination::converged);
  CHECK(result.iterations == 1);
  CHECK(result.decrement < 1e-12);
  CHECK_THAT(result.residual, Encloses(0.0));
}

TEST_CASE("a semiconvex potential is stepped while the step is unique, and refused beyond",
          "[proximal][precondition]") {
  // V = (x² − 4)²/4: V″ ≥ −4, so γ < ¼.
  const LineEnergy V = line_energy(double_well_law(2.0));
  CHECK(V.convexity == -4.0);
  const LineFunctional G = relative_entropy(V);
  const LineGrid grid(401);
  const LineMap current = gaussian_map(grid, -2.0, 0.3);
  const LineJkoResult result = line_jko_step(current, G, 0.2);
  REQUIRE(result.termination == Termination::converged);
  CHECK_THAT(result.residual, Encloses(0.0));
  const Estimate S = w2(result.step, current);
  const Estimate descent = value(G, current) - value(G, result.step);
  CHECK((Estimate((2.0 - 0.8) / 0.4) * square(S)).lower <= descent.upper);
  CHECK_THROWS_AS(line_jko_step(current, G, 0.25), std::invalid_argument);
  CHECK_THROWS_AS(line_minimiser(grid, G), std::invalid_argument);
  // A bound that V does not keep is noticed where the iteration meets it.
  LineFunctional wrong = G;
  wrong.potential.convexity = 1.0;
  CHECK_THROWS_AS(line_jko_step(gaussian_map(grid, 0.0, 0.3), wrong, 0.2), std::invalid_argument);
}

TEST_CASE("what makes no step on the line is refused", "[proximal][precondition]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const LineGrid grid(5);
  const LineMap map = gaussian_map(grid, 0.0, 1.0);
  const LineFunctional G = relative_entropy(quadratic_energy());
  CHECK_THROWS_AS(LineGrid(2), std::invalid_argument);
  CHECK_THROWS_AS(LineGrid(5, nan), std::invalid_argument);
  CHECK_THROWS_AS(LineGrid(5, 31.0), std::invalid_argument);
  CHECK_THROWS_AS(LineMap(grid, Vector()), std::invalid_argument);
  CHECK_THROWS_AS(LineMap(grid, Vector::Constant(5, nan)), std::invalid_argument);
  for (const double wrong : {nan, infinity, -infinity}) {
    for (const Index at : {0, 2, 4}) {
      Vector values = grid.nodes();
      values[at] = wrong;
      CHECK_THROWS_AS(LineMap(grid, values, Vector::Constant(4, grid.spacing())),
                      std::invalid_argument);
      Vector increments = Vector::Constant(4, grid.spacing());
      increments[std::min<Index>(at, 3)] = wrong;
      CHECK_THROWS_AS(LineMap(grid, grid.nodes(), increments), std::invalid_argument);
    }
  }
  CHECK_THROWS_AS(LineMap(grid, -grid.nodes()), std::invalid_argument);
  CHECK_THROWS_AS(LineMap(grid, grid.nodes(), Vector::Ones(4)), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_map(grid, 0.0, -1.0), std::invalid_argument);
  CHECK_THROWS_AS(w2(map, gaussian_map(LineGrid(7), 0.0, 1.0)), std::invalid_argument);
  for (const double gamma : {0.0, -1.0, nan, infinity}) {
    CHECK_THROWS_AS(line_jko_step(map, G, gamma), std::invalid_argument);
  }
  CHECK_THROWS_AS(line_jko_step(map, G, 1.0, {.tilt = Vector::Zero(4)}), std::invalid_argument);
  CHECK_THROWS_AS(line_jko_step(map, G, 1.0, {.tilt = Vector::Constant(5, nan)}),
                  std::invalid_argument);
  CHECK_THROWS_AS(line_jko_step(map, {.potential = G.potential, .diffusion = -1.0}, 1.0),
                  std::invalid_argument);
  CHECK_THROWS_AS(inexact_line_jko_step(map, G, 1.0, map, {.error = -1.0}), std::invalid_argument);
  CHECK_THROWS_AS(slope(G, gaussian_map(grid, 0.0, 0.0)), std::invalid_argument);
  CHECK(value(G, gaussian_map(grid, 0.0, 0.0)).value == infinity);
  CHECK_THROWS_AS(porous_medium(1.0), std::invalid_argument);
  CHECK_THROWS_AS(porous_medium(0.3), std::invalid_argument);  // not bounded from below
  CHECK_THROWS_AS(porous_medium(20.1), std::invalid_argument);
  CHECK_THROWS_AS(line_energy(uniform_law(0.0, 1.0)), std::invalid_argument);
  CHECK_THROWS_AS(line_minimiser(grid, porous_medium(2.0)), std::invalid_argument);
  // An overflowing potential is an outcome, not an error.
  LineFunctional cliff = G;
  cliff.potential.values = [nan](std::span<const double> x, double* value, double* slope,
                                 double* second) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (value) value[i] = nan;
      if (slope) slope[i] = nan;
      if (second) second[i] = nan;
    }
  };
  CHECK(line_jko_step(map, cliff, 1.0).termination == Termination::not_finite);
}

}  // namespace flowcheck::line_jko_test
