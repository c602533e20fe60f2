// Chains on the plane as the claims see them: against Gaussians, and what is wrong or refused.

#include "jko/plane_problem.hpp"

#include "claims/check.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/plane_geodesic.hpp"

#include <Eigen/LU>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <future>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck::plane_problem_test {

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

}  // namespace

TEST_CASE("a problem on the plane measures of Gaussians what a Gaussian problem does",
          "[jko][exact]") {
  const ChainProblem found = PlaneChainProblem(plane(start(), 32), 0.4, 0.0);
  const ChainProblem exact =
      GaussianProblem{.start = start(), .target = target(), .step_size = 0.4};
  CHECK(found.convexity.value == exact.convexity.value);
  CHECK(found.length == Approx(exact.length).epsilon(1e-12));
  CHECK(found.distance.value == Approx(exact.distance.value).margin(2e-4));
  const ChainMeasures run = found.chain(1);
  const ChainMeasures expected = exact.chain(1);
  for (const auto of : {&ChainMeasures::w2, &ChainMeasures::kl, &ChainMeasures::slope,
                        &ChainMeasures::step_length}) {
    for (std::size_t n = 0; n <= 1; ++n) {
      CHECK((run.*of)[n].value == Approx((expected.*of)[n].value).margin(5e-4));
    }
  }
  const std::vector<Competitor> pi = run.competitors(1);
  REQUIRE(pi.size() == 2);
  CHECK(pi[0].after.value == run.w2[1].value);
  CHECK(pi[0].map_distance.value ==
        Approx(expected.competitors(1)[0].map_distance.value).margin(5e-4));
  CHECK(pi[1].after.value == run.step_length[1].value);
}

TEST_CASE("two chains on the plane share the laws they have in common", "[jko][property]") {
  const PlaneChainProblem problem(plane(start(), 32), 0.4, 0.1);
  const ChainProblem one = problem;
  const ChainProblem other = problem;
  const ChainMeasures two = one.chain(2);
  const ChainMeasures first = other.chain(1);
  CHECK(first.kl.size() == 2);
  CHECK(first.w2[1].value == two.w2[1].value);
  CHECK(first.error[1].value == 0.1);
  CHECK(problem.laws_solved() == 3);  // p_0, p_1, p_2, whoever asked
  CHECK(other.exact().chain(1).error[1].value < 0.01);
  CHECK(problem.laws_solved() == 4);  // and p_1 without an error, from the same p_0
}

TEST_CASE("threads that ask for the same laws get the same ones, or the same exception",
          "[jko][property]") {
  const auto asked_twice = [](const PlaneChainProblem& problem) {
    const auto ask = [&problem] { return problem.chain({0.4}, {0.1}).w2; };
    auto one = std::async(std::launch::async, ask);
    auto other = std::async(std::launch::async, ask);
    one.wait();
    other.wait();
    return std::pair(std::move(one), std::move(other));
  };
  const PlaneChainProblem problem(plane(start(), 32), 0.4, 0.1);
  auto [one, other] = asked_twice(problem);
  const std::vector<Estimate> found = one.get();
  const std::vector<Estimate> same = other.get();
  REQUIRE(found.size() == 2);
  for (std::size_t n = 0; n < 2; ++n) {
    CHECK(found[n].lower == same[n].lower);
    CHECK(found[n].upper == same[n].upper);
  }
  CHECK(problem.laws_solved() == 2);

  const Matrix crossed{{1.0, -0.9}, {-0.9, 1.0}};
  const Gaussian p(Vector::Zero(2), crossed);
  const Gaussian q(Vector::Zero(2), -crossed + 2.0 * Matrix::Identity(2, 2));
  auto [none, neither] =
      asked_twice(PlaneChainProblem(PlaneJkoProblem(GaussianMixture(p), q, 32), 0.4, 0.1));
  CHECK_THROWS_AS(none.get(), PlaneStepNotFound);
  CHECK_THROWS_AS(neither.get(), PlaneStepNotFound);
}

TEST_CASE("a floor under a user's start stands in the name of every check", "[jko][property]") {
  const GaussianMixture crossed(Vector{{0.5, 0.5}}, Matrix{{-0.5, 0.5}, {0.0, 0.2}},
                                {Matrix{{1.0, 0.7}, {0.7, 1.0}}, Matrix{{1.0, -0.7}, {-0.7, 1.0}}});
  const Gaussian q = Gaussian::standard(2);
  const Target floored{.start = crossed, .reference = q, .start_floor = 1e-5};
  const Target bare{.start = three_modes(0.8), .reference = q, .start_floor = 0.0};
  const auto names_hold = [](const Target& user, const std::string& name) {
    const ClaimResult result = check(jko_30_talagrand_log_sobolev_hwi(), {.target = user});
    CHECK(result.verdict == Verdict::holds);
    REQUIRE_FALSE(result.checks.empty());
    for (const CheckResult& one : result.checks)
      CHECK_THAT(one.instance, Catch::Matchers::StartsWith(name));
    return result.checks.front().instance;
  };
  CHECK_THAT(names_hold(floored, "target"), Catch::Matchers::Contains("floor 1e-05"));
  CHECK_THAT(names_hold(bare, "target"), !Catch::Matchers::Contains("floor"));
}

TEST_CASE("a generalised geodesic on the plane is that of Gaussians where its maps are affine",
          "[jko][JKO-01][exact]") {
  const Gaussian q = target();
  const auto affine = [](const Vector& offset, const Matrix& linear) {
    return PlaneGradientMap{.centre = start().mean(), .offset = offset, .linear = linear};
  };
  const auto image = [](const PlaneGradientMap& T) {
    return Gaussian(T.offset, T.linear * start().covariance() * T.linear);
  };
  const PlaneGradientMap from = affine(Vector{{0.4, 0.3}}, Matrix{{0.9, 0.2}, {0.2, 0.6}});
  const PlaneGradientMap to = affine(Vector{{-0.5, 0.1}}, Matrix{{0.7, -0.3}, {-0.3, 1.4}});
  const PlaneGeodesic g{GaussianMixture(start()), from, to};
  const auto near = [](const Estimate& found, const Estimate& exact) {
    CAPTURE(found, exact);
    return found.lower - 1e-9 <= exact.value && exact.value <= found.upper + 1e-9 &&
           found.width() < 1e-6;
  };
  CHECK(near(kl_along(g, q, 0.0), kl(image(from), q)));
  CHECK(near(kl_along(g, q, 1.0), kl(image(to), q)));
  const PlaneGradientMap middle =
      affine(0.5 * (from.offset + to.offset), 0.5 * (from.linear + to.linear));
  CHECK(near(kl_along(g, q, 0.5), kl(image(middle), q)));
  CHECK(near(squared_length(g), square(optimal_map_distance(start(), image(from), image(to)))));
  // The slope is dKL(ρ_t ‖ q)/dt at 0.
  constexpr double h = 1e-3;
  const double difference = (4.0 * kl_along(g, q, h).value - kl_along(g, q, 2.0 * h).value -
                             3.0 * kl_along(g, q, 0.0).value) /
                            (2.0 * h);
  CHECK(slope_along(g, q).value == Approx(difference).epsilon(1e-5));
}

TEST_CASE("a drawn gradient map bends and is the gradient of a convex function",
          "[jko][JKO-01][property]") {
  const auto seed = GENERATE(1, 2, 3, 4);
  Rng rng(static_cast<std::uint64_t>(seed), 0);
  const GaussianMixture p = three_modes(0.8);
  const PlaneGradientMap T = draw_gradient_map(rng, p);
  constexpr double h = 1e-5;
  double bend = 0.0;
  for (int i = 0; i < 50; ++i) {
    const Vector x = 2.0 * rng.normal_vector(2);
    const Matrix J = T.jacobian(x);
    CHECK(std::abs(J(0, 1) - J(1, 0)) < 1e-14);
    CHECK(J.determinant() > 0.0);
    CHECK(J.trace() > 0.0);
    bend = std::max(bend, (J - T.linear).norm());
    for (Index k = 0; k < 2; ++k) {
      const Vector e = Vector::Unit(2, k);
      const Vector slope = (T(x + h * e) - T(x - h * e)) / (2.0 * h);
      CHECK((slope - J.col(k)).norm() < 1e-8);
    }
  }
  CHECK(bend > 0.05);
}

TEST_CASE("a rate of e^{−γλ} is violated on the plane", "[jko][JKO-11][control]") {
  // A translate of q along its flattest direction contracts by 1/(1 + γλ) and no more.
  const Gaussian q = target();
  const Gaussian p(q.mean() + 2.0 * q.eigenvectors().col(1), q.covariance());
  const ChainProblem chain = PlaneChainProblem(plane(p, 32), 1.0, 0.0);
  const ChainMeasures run = chain.chain(2);
  const Bound wrong{.lhs = run.w2[2], .rhs = exp(-2.0 * chain.ratio()) * run.w2[0]};
  CAPTURE(run.w2[2], wrong.rhs);
  CHECK(violated_with_room(wrong, 1e-8));
  const Bound right{.lhs = run.w2[2], .rhs = pow(1.0 / (1.0 + chain.ratio()), 2) * run.w2[0]};
  CHECK_THAT(tightness(right), Catch::Matchers::WithinAbs(1.0, 1e-3));
}

TEST_CASE("a user's mixture on the plane gets a verdict or a named hypothesis", "[jko][property]") {
  const Target user{.start = three_modes(0.8), .reference = Gaussian::standard(2)};
  for (const Claim& claim :
       {jko_01_convexity(), jko_30_talagrand_log_sobolev_hwi(), jko_03_evi_paper(),
        jko_04_suboptimality(), jko_05_step_and_slope(), jko_21_variable_steps()}) {
    CAPTURE(claim.id);
    CHECK(check(claim, {.target = user}).verdict == Verdict::holds);
  }
  const Target exact{.start = three_modes(0.8), .reference = Gaussian::standard(2), .error = 0.0};
  CHECK(check(jko_04_suboptimality(), {.target = exact}).reason == "ε > 0 on the plane");
  CHECK(check(jko_19_gaussian_step(), {.target = user}).reason ==
        "left out: evaluated for Gaussian starts and on the line");
}

}  // namespace flowcheck::plane_problem_test
