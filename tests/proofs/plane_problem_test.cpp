// Chains on the plane as the claims see them: against Gaussians, and what is wrong or refused.

#include "jko/plane_problem.hpp"

#include "claims/check.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"

#include <catch2/catch.hpp>

#include <cmath>

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
       {jko_30_talagrand_log_sobolev_hwi(), jko_03_evi_paper(), jko_05_step_and_slope()}) {
    CAPTURE(claim.id);
    CHECK(check(claim, {.target = user}).verdict == Verdict::holds);
  }
  CHECK(check(jko_04_suboptimality(), {.target = user}).reason ==
        "left out: evaluated for Gaussian starts and on the line");
  CHECK(check(jko_19_gaussian_step(), {.target = user}).reason ==
        "left out: evaluated for Gaussian starts and on the line");
}

}  // namespace flowcheck::plane_problem_test
