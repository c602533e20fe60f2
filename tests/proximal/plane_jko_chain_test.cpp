// Chains on the plane against those of Gaussians, and what has none.

#include "proximal/plane_jko_chain.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "measures/line_laws.hpp"
#include "proximal/jko_chain.hpp"
#include "proximal/line_map.hpp"

#include <Eigen/LU>
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <vector>

namespace flowcheck::plane_jko_chain_test {

namespace {

// Axes that neither the start nor the target shares.
Gaussian start() {
  return {Vector{{1.0, -0.6}}, Matrix{{0.9, -0.1}, {-0.1, 0.7}}};
}
Gaussian target() {
  return {Vector{{0.2, 0.1}}, Matrix{{1.1, 0.15}, {0.15, 0.8}}};
}
PlaneJkoProblem plane(const Gaussian& p, Index cells) {
  return {GaussianMixture(p), target(), cells};
}

Gaussian correlated(double correlation) {
  return {Vector::Zero(2), Matrix{{1.0, correlation}, {correlation, 1.0}}};
}

// Of the mass 2e-6 lie outside of the rectangle.
bool near(const Estimate& found, const Estimate& exact) {
  return std::abs(found.value - exact.value) < 2e-4 && found.lower <= exact.upper + 2e-5 &&
         exact.lower <= found.upper + 2e-5;
}

}  // namespace

TEST_CASE("a chain on the plane measures of Gaussians what the closed form does",
          "[proximal][exact]") {
  const PlaneJkoProblem problem = plane(start(), 48);
  const JkoChain exact =
      jko_chain(start(), target(), {.step_sizes = constant_steps(0.4, 2), .error = 0.0});
  const std::vector<PlaneLaw> found = plane_jko_chain(problem, constant_steps(0.4, 2));
  REQUIRE(found.size() == 3);
  std::vector<PlaneDistance> to_target;
  for (int n = 0; n <= 2; ++n) {
    CAPTURE(n);
    const PlaneLaw& law = found[static_cast<std::size_t>(n)];
    to_target.push_back(problem.to_target(law));
    CHECK(near(to_target.back().w2, exact.w2_to_target(n)));
    CHECK(near(law.kl, exact.kl_to_target(n)));
    CHECK(near(law.slope, exact.fisher_norm(n)));
    if (n == 0) continue;
    CHECK(near(law.step_length, exact.step_length(n)));
    CHECK(law.error.upper < 2e-3);
    const Estimate D =
        map_distance(law, to_target[static_cast<std::size_t>(n) - 1], to_target.back());
    CAPTURE(D);
    CHECK(near(D, optimal_map_distance(exact[n - 1], exact[n], target())));
    CHECK(D.width() < 1e-3 * D.value);
  }
  CHECK_THROWS_AS(map_distance(found[0], to_target[0], to_target[0]), std::invalid_argument);
}

TEST_CASE("a step with an error is the exact one towards the target shifted by it",
          "[proximal][exact]") {
  // q e^ψ with ψ linear is q moved by εQe.
  constexpr double gamma = 0.4;
  constexpr double error = 0.2;
  const PlaneJkoProblem problem = plane(start(), 48);
  const PlaneLaw found = problem.next(problem.first(), gamma, error);
  const Vector e = (start().mean() - target().mean()).normalized();
  const Gaussian moved(target().mean() + error * target().covariance() * e, target().covariance());
  const Gaussian exact = jko_step(start(), moved, gamma);
  CHECK(near(found.kl, kl(exact, target())));
  CHECK(near(found.slope, fisher_norm(exact, target())));
  CHECK(near(found.step_length, w2(start(), exact)));
  CHECK(near(found.error, first_order_error(start(), exact, target(), gamma).norm));
  CHECK(found.error.value == error);
  CHECK(std::abs(found.mean[0] - exact.mean()[0]) < 2e-4);
}

TEST_CASE("a step with a prescribed field of errors lies beside the exact one as Gaussians do",
          "[proximal][exact]") {
  // ψ(x) = ⟨b, x − μ⟩ − ½⟨x − μ, C(x − μ)⟩ makes a Gaussian of q, of precision A + C.
  constexpr double gamma = 0.4;
  const Vector mu = target().mean();
  const Vector b{{0.1, -0.05}};
  const Matrix C{{0.1, 0.04}, {0.04, -0.06}};
  const PlaneFunction psi = [&](double x, double y) {
    const Vector z = Vector{{x, y}} - mu;
    const Vector slope = b - C * z;
    return PlaneValue{.value = b.dot(z) - 0.5 * z.dot(C * z), .dx = slope[0], .dy = slope[1]};
  };
  const Matrix Q = (target().precision() + C).inverse();
  const Gaussian next = jko_step(start(), Gaussian(mu + Q * b, 0.5 * (Q + Q.transpose())), gamma);
  const Gaussian best = jko_step(start(), target(), gamma);
  const auto F = [&](const Gaussian& rho) { return jko_objective(rho, start(), target(), gamma); };

  const PlaneJkoProblem problem = plane(start(), 48);
  const PlaneStepPair found = problem.step_pair(problem.first(), gamma, psi);
  CAPTURE(found.error, found.gap, found.map_distance);
  CHECK(near(found.error, first_order_error(start(), next, target(), gamma).norm));
  CHECK(found.best_error.upper < 2e-3);
  CHECK(near(found.objective, F(best)));
  CHECK(near(found.gap, F(next) - F(best)));
  CHECK(found.gap.width() < 0.2 * found.gap.value);
  CHECK(near(found.map_distance, optimal_map_distance(start(), next, best)));
  CHECK(found.map_distance.width() < 0.1 * found.map_distance.value);
}

TEST_CASE("steps from components turned against each other are found above a higher floor",
          "[proximal][property]") {
  const GaussianMixture p(
      Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}, {-1.0, 1.0}},
      {0.8 * correlated(0.7).covariance(), 0.8 * correlated(-0.7).covariance()});
  constexpr double gamma = 0.5;
  const PlaneJkoProblem problem = with_start_floor(p, Gaussian::standard(2), 96, gamma, 0.1);
  CHECK(problem.start_floor() > 1e-5);
  CHECK(problem.start_floor() <= 1e-3);
  const PlaneLaw found = problem.next(problem.first(), gamma);
  CHECK(found.step_length.width() < 0.05 * found.step_length.value);
  CHECK(found.kl.upper < problem.first().kl.lower);
}

TEST_CASE("a distance from separate modes encloses the one of its factors",
          "[proximal][reference]") {
  // ½N(−1.5, 0.7²) + ½N(1.5, 0.7²) on one axis, N(0, 0.7²) on the other.
  const GaussianMixture modes =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.5, 1.5}, {0.0, 0.0}}, 0.49);
  const auto on_line = [](Index points) {
    const LineGrid grid(points);
    return w2(line_map(grid, gaussian_mixture_law({0.5, 0.5}, {-1.5, 1.5}, {0.7, 0.7})),
              gaussian_map(grid, 0.0, 1.0));
  };
  const Estimate exact = sqrt(square(richardson(on_line(801), on_line(1601))) + 0.3 * 0.3);
  const PlaneJkoProblem problem(modes, Gaussian::standard(2), 96);
  const PlaneDistance found = problem.to_target(problem.first());
  CAPTURE(found.w2, exact);
  CHECK(found.w2.lower < exact.lower);
  CHECK(found.w2.upper > exact.upper);
  CHECK(found.w2.width() < 0.002 * exact.value);
  CHECK(found.map.folded_square > 0.0);
  CHECK(found.map.folded_square < 1e-4);
}

TEST_CASE("a distance between laws of crossed tails is found above a floor", "[proximal][exact]") {
  const double correlation = GENERATE(0.5, 0.7, 0.8);
  const PlaneJkoProblem problem(GaussianMixture(correlated(-correlation)), correlated(correlation),
                                32);
  const PlaneDistance found = problem.to_target(problem.first());
  const Estimate exact = w2(correlated(-correlation), correlated(correlation));
  CAPTURE(found.w2, exact);
  CHECK(found.w2.lower < exact.lower);
  CHECK(found.w2.upper > exact.upper);
  CHECK(found.w2.width() < (correlation < 0.75 ? 0.01 : 0.02) * exact.value);
}

TEST_CASE("steps from a strongly correlated start are found above a floor under it",
          "[proximal][exact]") {
  constexpr double gamma = 0.3;
  const Gaussian p(Vector{{0.5, -0.2}}, correlated(0.8).covariance());
  const Gaussian q = Gaussian::standard(2);
  const PlaneJkoProblem problem = with_start_floor(GaussianMixture(p), q, 64, gamma, 0.0);
  CHECK(problem.start_floor() > 0.0);
  const PlaneLaw before = problem.first();
  const PlaneLaw found = problem.next(before, gamma);
  const PlaneDistance to_start = problem.to_target(before);
  const PlaneDistance to_next = problem.to_target(found);
  const Gaussian next = jko_step(p, q, gamma);
  // p with the floor is 10⁻⁵ of its mass away.
  const auto within = [](const Estimate& estimate, const Estimate& exact) {
    CAPTURE(estimate, exact);
    return estimate.lower <= exact.upper + 1e-3 && exact.lower <= estimate.upper + 1e-3 &&
           estimate.width() < 0.05 * exact.value;
  };
  CHECK(within(found.step_length, w2(p, next)));
  CHECK(within(to_start.w2, w2(p, q)));
  CHECK(within(to_next.w2, w2(next, q)));
  const Estimate D = map_distance(found, to_start, to_next);
  const Estimate exact = optimal_map_distance(p, next, q);
  CAPTURE(D, exact);
  CHECK(D.lower <= exact.upper + 1e-3);
  CHECK(D.upper >= exact.lower - 1e-3);
  CHECK(D.width() < 0.2 * exact.value);
}

TEST_CASE("what has no steps on the plane is refused", "[proximal][precondition]") {
  const Gaussian q = Gaussian::standard(2);
  const auto modes = [](double variance, double distance) {
    return GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{0.0, distance}, {0.0, 0.0}},
                                      variance);
  };
  CHECK_THROWS_AS(PlaneJkoProblem(modes(0.0, 1.0), q), std::invalid_argument);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1e-3, 1.0), q), PlaneTooNarrow);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1.0, 40.0), q), PlaneTooNarrow);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1.0, 1.0), q, 32, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1.0, 1.0), Gaussian::standard(3)), std::invalid_argument);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1.0, 1.0), Gaussian::dirac(Vector::Zero(2))),
                  std::invalid_argument);
  CHECK_THROWS_AS(log_density(GaussianMixture(Gaussian::standard(3))), std::invalid_argument);
  const PlaneJkoProblem problem(modes(1.0, 1.0), q, 32);
  CHECK_THROWS_AS(problem.next(problem.first(), 0.3, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(problem.next(problem.first(), 0.0), std::invalid_argument);
  // Between corners that are far into one tail and not the other no map is found.
  const PlaneJkoProblem crossed(GaussianMixture(correlated(-0.9)), correlated(0.9), 32);
  CHECK_THROWS_AS(crossed.to_target(crossed.first()), PlaneStepNotFound);
  CHECK_THROWS_AS(crossed.next(crossed.first(), 0.3), PlaneStepNotFound);
}

TEST_CASE("log_density on the plane is the mixture's own, with its gradient", "[proximal][exact]") {
  const GaussianMixture p(Vector{{0.3, 0.7}}, Matrix{{0.0, 2.0}, {1.0, -1.0}},
                          {Matrix{{1.0, 0.4}, {0.4, 0.5}}, Matrix{{0.2, 0.0}, {0.0, 2.0}}});
  const PlaneFunction f = log_density(p);
  for (const auto& [x, y] : {std::array{0.3, 0.2}, std::array{-9.0, 4.0}, std::array{2.0, 30.0}}) {
    CAPTURE(x, y);
    const PlaneValue found = f(x, y);
    const Vector at{{x, y}};
    CHECK(found.value == Approx(p.log_density(at)).epsilon(1e-13));
    CHECK(found.dx == Approx(p.score(at)[0]).epsilon(1e-12).margin(1e-12));
    CHECK(found.dy == Approx(p.score(at)[1]).epsilon(1e-12).margin(1e-12));
  }
}

TEST_CASE("the floor under a start serves exact steps and those with an error",
          "[proximal][property]") {
  const GaussianMixture p(Vector{{0.4, 0.6}}, Matrix{{-1.0, 1.0}, {0.0, 0.5}},
                          {Matrix{{0.6, 0.2}, {0.2, 0.4}}, Matrix{{0.3, 0.0}, {0.0, 0.9}}});
  constexpr double gamma = 0.5;
  constexpr double error = 0.1;
  const Gaussian q = Gaussian::standard(2);
  const PlaneJkoProblem problem = with_start_floor(p, q, 96, gamma, error);
  CHECK(problem.next(problem.first(), gamma, error).error.value > 0.0);
  CHECK_NOTHROW(problem.next(problem.first(), gamma, 0.0));
  // Without a floor the one is found, the other is not.
  const PlaneJkoProblem bare(p, q, 96, 0.0);
  CHECK_NOTHROW(bare.next(bare.first(), gamma, error));
  CHECK_THROWS_AS(bare.next(bare.first(), gamma, 0.0), PlaneStepNotFound);
}

TEST_CASE("a floor moves the mean of a start towards the rectangle's centre", "[proximal][exact]") {
  const GaussianMixture p(Vector{{0.8, 0.2}}, Matrix{{-2.0, 1.0}, {0.5, -1.0}},
                          {Matrix{{0.5, 0.1}, {0.1, 0.4}}, Matrix{{0.3, 0.0}, {0.0, 0.9}}});
  const double floor = GENERATE(0.0, 1e-3);
  CAPTURE(floor);
  const PlaneJkoProblem problem(p, Gaussian::standard(2), 96, floor);
  const PlaneLaw law = problem.first();
  const PlaneGrid grid(problem.rectangle(), 192);
  const PlaneArray density =
      grid.sample([&](double x, double y) { return std::exp(law.log_density(x, y).value); });
  const PlaneArray mass = density / density.sum();
  const double x = (mass * grid.sample([](double at, double) { return at; })).sum();
  const double y = (mass * grid.sample([](double, double at) { return at; })).sum();
  // Five standard deviations: 6·10⁻⁷ of a component is outside, at most some 6 from the mean.
  constexpr double cut_off = 4e-6;
  CHECK(law.mean[0] == Approx(x).margin(cut_off));
  CHECK(law.mean[1] == Approx(y).margin(cut_off));
}

}  // namespace flowcheck::plane_jko_chain_test
