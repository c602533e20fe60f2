// Chains on the plane as the claims see them: against Gaussians, and what is wrong or refused.

#include "jko/plane_problem.hpp"

#include "claims/check.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>

namespace flowcheck::plane_problem_test {

namespace {

// Axes that neither the start nor the target shares.
Gaussian start() {
  return {Vector{{1.0, -0.6}}, Matrix{{0.9, -0.2}, {-0.2, 0.7}}};
}
Gaussian target() {
  return {Vector{{0.2, 0.1}}, Matrix{{1.1, 0.3}, {0.3, 0.8}}};
}
PlaneJkoProblem plane(const Gaussian& p, Index cells) {
  return {GaussianMixture(p), target(), cells};
}

GaussianMixture three_modes(double variance) {
  return GaussianMixture::isotropic(Vector{{0.5, 0.3, 0.2}},
                                    Matrix{{1.0, -1.2, 0.0}, {0.5, 0.0, -1.0}}, variance);
}

// Of the mass 2e-6 lie outside of the rectangle.
bool near(const Estimate& found, const Estimate& exact) {
  return std::abs(found.value - exact.value) < 2e-4 && found.lower <= exact.upper + 2e-5 &&
         exact.lower <= found.upper + 2e-5;
}

}  // namespace

TEST_CASE("a chain on the plane measures of Gaussians what the closed form does", "[jko][exact]") {
  const PlaneChainProblem problem(plane(start(), 48), 0.4, 0.0);
  const ChainMeasures found = ChainProblem(problem).chain(2);
  const JkoChain chain =
      jko_chain(start(), target(), {.step_sizes = constant_steps(0.4, 2), .error = 0.0});
  const ChainMeasures exact = measures(chain);
  CHECK(ChainProblem(problem).convexity.value == convexity(target()).value);
  for (std::size_t n = 0; n <= 2; ++n) {
    CAPTURE(n);
    for (const auto of : {&ChainMeasures::w2, &ChainMeasures::kl, &ChainMeasures::slope,
                          &ChainMeasures::step_length}) {
      CAPTURE((found.*of)[n], (exact.*of)[n]);
      CHECK(near((found.*of)[n], (exact.*of)[n]));
    }
    CHECK(found.error[n].upper < 2e-3);
  }
  const std::vector<Competitor> pi = found.competitors(2);
  REQUIRE(pi.size() == 2);
  CHECK(pi[0].after.value == found.w2[2].value);
  CHECK(near(pi[0].map_distance, optimal_map_distance(chain[1], chain[2], target())));
  CHECK(pi[1].after.value == found.step_length[2].value);
}

TEST_CASE("a step with an error is the exact one towards the target shifted by it",
          "[jko][exact]") {
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

TEST_CASE("two chains on the plane share the laws they have in common", "[jko][property]") {
  const PlaneChainProblem problem(plane(start(), 32), 0.4, 0.1);
  const ChainProblem one = problem;
  const ChainProblem other = problem;
  const ChainMeasures two = one.chain(2);
  const ChainMeasures first = other.chain(1);
  CHECK(first.kl.size() == 2);
  CHECK(first.w2[1].value == two.w2[1].value);
  CHECK(first.error[1].value == 0.1);
  CHECK(other.exact().chain(1).error[1].value < 0.01);
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
  const Target user{.start = three_modes(0.64), .reference = Gaussian::standard(2)};
  for (const Claim& claim : {jko_30_talagrand_log_sobolev_hwi(), jko_03_evi_paper()}) {
    CAPTURE(claim.id);
    CHECK(check(claim, {.target = user}).verdict == Verdict::holds);
  }
  CHECK(check(jko_05_step_and_slope(), {.target = user}).reason ==
        "the start is Gaussian, or d = 1");
  CHECK(check(jko_19_gaussian_step(), {.target = user}).reason == "the start is Gaussian");
}

TEST_CASE("what has no steps on the plane is refused", "[jko][precondition]") {
  const Gaussian q = Gaussian::standard(2);
  const auto modes = [](double variance, double distance) {
    return GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{0.0, distance}, {0.0, 0.0}},
                                      variance);
  };
  CHECK_THROWS_AS(PlaneJkoProblem(modes(0.0, 1.0), q), std::invalid_argument);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1e-3, 1.0), q), std::invalid_argument);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1.0, 40.0), q), std::invalid_argument);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1.0, 1.0), Gaussian::standard(3)), std::invalid_argument);
  CHECK_THROWS_AS(PlaneJkoProblem(modes(1.0, 1.0), Gaussian::dirac(Vector::Zero(2))),
                  std::invalid_argument);
  CHECK_THROWS_AS(log_density(GaussianMixture(Gaussian::standard(3))), std::invalid_argument);
  const PlaneJkoProblem problem(modes(1.0, 1.0), q, 32);
  CHECK_THROWS_AS(problem.next(problem.first(), 0.3, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(problem.next(problem.first(), 0.0), std::invalid_argument);
}

TEST_CASE("log_density on the plane is the mixture's own, with its gradient", "[jko][exact]") {
  const GaussianMixture p(Vector{{0.3, 0.7}}, Matrix{{0.0, 2.0}, {1.0, -1.0}},
                          {Matrix{{1.0, 0.4}, {0.4, 0.5}}, Matrix{{0.2, 0.0}, {0.0, 2.0}}});
  const PlaneFunction f = log_density(p);
  for (const auto& [x, y] : {std::array{0.3, 0.2}, std::array{-9.0, 4.0}, std::array{2.0, 30.0}}) {
    CAPTURE(x, y);
    const PlaneValue found = f(x, y);
    const Vector at{{x, y}};
    CHECK(found.value == Approx(p.log_density(at)).epsilon(1e-13));
    CHECK(found.dx == Approx(p.score(at)[0]).epsilon(1e-12));
    CHECK(found.dy == Approx(p.score(at)[1]).epsilon(1e-12));
  }
}

}  // namespace flowcheck::plane_problem_test
