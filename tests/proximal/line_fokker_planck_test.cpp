#include "proximal/line_fokker_planck.hpp"

#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "measures/line_laws.hpp"
#include "numerics/observed_order.hpp"
#include "support/estimates.hpp"

#include <array>
#include <cmath>

namespace flowcheck::line_fokker_planck_test {

namespace {

constexpr std::array<double, 2> means = {-1.5, 1.2};
constexpr std::array<double, 2> deviations = {0.7, 0.6};

LineMeasure mixture() {
  return gaussian_mixture_law({0.4, 0.6}, {means[0], means[1]}, {deviations[0], deviations[1]});
}

// Each component of a mixture makes its own way to N(0, 1).
LineMeasure mixture_at(double time) {
  const double decay = std::exp(-time);
  const auto deviation = [&](double s) {
    return std::sqrt(decay * decay * s * s - std::expm1(-2.0 * time));
  };
  return gaussian_mixture_law({0.4, 0.6}, {decay * means[0], decay * means[1]},
                              {deviation(deviations[0]), deviation(deviations[1])});
}

double gap(const Estimate& a, const Estimate& b) {
  return std::max({0.0, a.lower - b.upper, b.lower - a.upper});
}

}  // namespace

TEST_CASE("the flow of a mixture towards N(0, 1) encloses its closed form", "[proximal][exact]") {
  const LineMeasure q = gaussian_law();
  const std::vector<double> times = {0.25, 1.0};
  const LineFokkerPlanck flow(mixture(), q, times);
  const LineGrid grid(801);
  for (std::size_t k = 0; k < times.size(); ++k) {
    CAPTURE(times[k]);
    const LineMeasure exact = mixture_at(times[k]);
    CHECK(gap(flow.kl(k), kl(exact, q)) == 0.0);
    CHECK(gap(flow.fisher_information(k), fisher_information(exact, q)) == 0.0);
    CHECK(flow.kl(k).grade == Grade::converged);
    CHECK(flow.kl(k).width() < 0.01 * flow.kl(k).value);
    const Estimate distance = flow.w2_to_target(k, grid);
    CHECK(gap(distance, w2(line_map(grid, exact), line_map(grid, q))) == 0.0);
    CHECK(distance.width() < 0.01 * distance.value);
    CHECK(flow.finest().edge_mass(k) < 1e-15);
  }
}

TEST_CASE("the flow of a Gaussian encloses its closed form", "[proximal][exact]") {
  // N(2, ½²) is N(2e^{−t}, ¼e^{−2t} + 1 − e^{−2t}) at time t.
  const double time = 0.5;
  const LineFokkerPlanck flow(gaussian_law(2.0, 0.5), gaussian_law(), {time});
  const double decay = std::exp(-time);
  const Gaussian exact(Vector::Constant(1, 2.0 * decay),
                       Matrix::Constant(1, 1, 0.25 * decay * decay - std::expm1(-2.0 * time)));
  CHECK(gap(flow.kl(0), kl(exact, Gaussian::standard(1))) == 0.0);
  const LineGrid grid(801);
  const Estimate error =
      flow.w2(0, gaussian_map(grid, 2.0 * decay, std::sqrt(exact.covariance()(0, 0))));
  CHECK(error.lower <= 1e-5);
  CHECK(error.upper < 1e-3);
}

TEST_CASE("the flow on a grid has order one in the time step and two in the cells",
          "[proximal][order]") {
  const LineMeasure q = gaussian_law();
  const double time = 0.5;
  const double exact = kl(mixture_at(time), q).value;
  std::vector<double> cells;
  std::vector<double> joint;
  LineFokkerPlanckOptions options{.cells = 50, .steps = 4};
  for (int k = 0; k < 4; ++k) {
    const LineFlow flow = line_flow(mixture(), q, {time}, options);
    cells.push_back(flow.laws[0].spacing);
    joint.push_back(std::abs(flow.kl(0).value - exact));
    options.cells *= 2;
    options.steps *= 4;
  }
  CHECK_THAT(observed_order(cells, joint).value, Catch::Matchers::WithinAbs(2.0, 0.1));

  std::vector<double> steps;
  std::vector<double> errors;
  double before = 0.0;
  for (const int count : {32, 64, 128, 256, 512}) {
    const double value =
        line_flow(mixture(), q, {time}, {.cells = 200, .steps = count}).kl(0).value;
    if (before != 0.0) {
      steps.push_back(1.0 / count);
      errors.push_back(std::abs(value - before));
    }
    before = value;
  }
  CHECK_THAT(observed_order(steps, errors).value, Catch::Matchers::WithinAbs(1.0, 0.1));
}

TEST_CASE("the flow keeps mass and sign, and its relative entropy falls", "[proximal][property]") {
  const int k = GENERATE(0, 1, 2, 3);
  CAPTURE(k);
  const std::array<LineMeasure, 4> targets = {quartic_law(1.0, 1.0), log_cosh_law(0.5, 0.5, 2.0),
                                              double_well_law(1.5), rippled_gaussian_law(0.8, 2.0)};
  const std::array<LineMeasure, 4> starts = {mixture(), uniform_law(-1.0, 2.0),
                                             gaussian_law(-1.5, 0.3), laplace_law(0.5)};
  const LineMeasure& q = targets[static_cast<std::size_t>(k)];
  const std::vector<double> times = {0.0, 1e-3, 0.01, 0.1, 1.0, 10.0};
  for (const LineMeasure& start : starts) {
    const LineFlow flow = line_flow(start, q, times, {.cells = 300, .steps = 10});
    for (std::size_t n = 0; n < times.size(); ++n) {
      CAPTURE(n);
      const Vector& m = flow.laws[n].masses;
      if (n > 0) CHECK(m.minCoeff() >= 0.0);
      CHECK(std::abs(m.sum() - 1.0) <= flow.relative_error);
      if (n > 0) CHECK(flow.kl(n).lower < flow.kl(n - 1).upper);
      CHECK(flow.dissipation(n).value >= 0.0);
    }
  }
}

TEST_CASE("the flow ends in the law of its potential and stays there", "[proximal][property]") {
  const LineFlow flow =
      line_flow(mixture(), quartic_law(1.0, 1.0), {40.0, 80.0}, {.cells = 200, .steps = 100});
  for (std::size_t n = 0; n < 2; ++n) {
    for (Index i = 0; i < flow.log_stationary.size(); ++i) {
      if (flow.log_stationary[i] < -50.0) continue;
      const double ratio = flow.laws[n].masses[i] / std::exp(flow.log_stationary[i]);
      if (std::abs(ratio - 1.0) > 2.0 * flow.relative_error) FAIL_CHECK(i << ": " << ratio);
    }
  }
}

TEST_CASE("relative entropy decays at the rate that convexity promises, and at no higher one",
          "[proximal][property]") {
  const bool quartic = GENERATE(false, true);
  CAPTURE(quartic);
  const double lambda = quartic ? 1.0 : 0.5;
  const LineMeasure q = quartic ? quartic_law(1.0, 1.0) : log_cosh_law(0.5, 0.5, 2.0);
  const std::vector<double> times = {0.05, 0.2, 0.6, 1.5, 3.0};
  const LineFokkerPlanck flow(mixture(), q, times);
  const LineGrid grid(801);
  const Estimate kl_0 = kl(mixture(), q);
  const Estimate w_0 = w2(line_map(grid, mixture()), line_map(grid, q));
  for (std::size_t k = 0; k < times.size(); ++k) {
    CAPTURE(times[k]);
    const double decay = std::exp(-lambda * times[k]);
    CHECK(flow.kl(k).lower <= (decay * decay * kl_0).upper);
    CHECK(flow.w2_to_target(k, grid).lower <= (decay * w_0).upper);
    CHECK(flow.kl(k).lower <=
          (0.5 * lambda * square(w_0) / std::expm1(2.0 * lambda * times[k])).upper);
  }
  // Control: the curvature 8 of a double well's wells is no rate.
  const LineFokkerPlanck well(gaussian_law(-2.0, 0.3), double_well_law(2.0), {1.0});
  CHECK(well.kl(0).lower > 0.5);
  CHECK(well.kl(0).lower >
        100.0 * std::exp(-16.0) * kl(gaussian_law(-2.0, 0.3), double_well_law(2.0)).upper);
}

TEST_CASE("a law on cells has the quantiles of its masses", "[proximal][exact]") {
  // Uniform on [1, 3]: T(z) = 1 + 2Φ(z).
  const CellLaw law{.lower = 1.0, .spacing = 0.5, .masses = Vector::Constant(4, 0.25)};
  const LineMap map = line_map(LineGrid(101), law);
  const LineMap exact = line_map(LineGrid(101), uniform_law(1.0, 3.0));
  CHECK(w2(map, exact).upper < 1e-13);
  const CellLaw empty{.lower = 0.0, .spacing = 1.0, .masses = Vector::Zero(4)};
  CHECK_THROWS_AS(line_map(LineGrid(101), empty), std::invalid_argument);
}

TEST_CASE("the flow refuses what it cannot follow", "[proximal][precondition]") {
  const LineMeasure q = gaussian_law();
  CHECK_THROWS_AS(line_flow(q, uniform_law(0.0, 1.0), {1.0}), std::invalid_argument);
  CHECK_THROWS_AS(line_flow(q, q, {}), std::invalid_argument);
  CHECK_THROWS_AS(line_flow(q, q, {1.0, 0.5}), std::invalid_argument);
  CHECK_THROWS_AS(line_flow(q, q, {-1.0}), std::invalid_argument);
  CHECK_THROWS_AS(line_flow(q, q, {1.0}, {.cells = 4}), std::invalid_argument);
  CHECK_THROWS_AS(line_flow(q, q, {1.0}, {.steps = 0}), std::invalid_argument);
  CHECK_THROWS_AS(line_flow(q, q, {1.0}, {.tail = 0.7}), std::invalid_argument);
  // e^{V(x + h) − V(x)} overflows.
  CHECK_THROWS_AS(line_flow(gaussian_law(0.0, 20.0), quartic_law(0.0, 1.0), {1.0}, {.cells = 8}),
                  std::invalid_argument);
}

}  // namespace flowcheck::line_fokker_planck_test
