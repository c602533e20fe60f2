#include "proximal/jko_chain.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "measures/random_gaussian.hpp"
#include "proximal/gaussian_objective.hpp"
#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::jko_chain_test {

TEST_CASE("a chain of translates contracts at the implicit-Euler rate", "[proximal][exact]") {
  const Gaussian q = Gaussian::standard(2);
  const Gaussian p(Vector::Constant(2, 3.0), q.covariance());
  const JkoChain chain = jko_chain(p, q, {.step_sizes = {0.5, 1.0, 0.25}});
  CHECK_THAT(chain.w2_to_target(3), Encloses(std::sqrt(18.0) / (1.5 * 2.0 * 1.25)));
  CHECK_THAT(chain.kl_to_target(3).value, WithinRoundOff(9.0 / std::pow(1.5 * 2.0 * 1.25, 2), 2));
  CHECK_THAT(chain.step_length(1).value, WithinRoundOff(std::sqrt(18.0) / 3.0, 2));
  CHECK_THAT(chain.fisher_norm(0).value, WithinRoundOff(std::sqrt(18.0), 2));
  CHECK(chain.largest_error(0).value == 0.0);
  CHECK(chain.largest_error(3).upper < 1e-12);
  CHECK(chain.steps() == 3);
}

TEST_CASE("the reverse process undoes the forward one", "[proximal][property]") {
  Rng rng(1);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian q = random_gaussian(rng, 3);
  const JkoChain chain = jko_chain(p, q, {.step_sizes = constant_steps(0.5, 6), .error = 0.05});
  const std::vector<Gaussian> reverse = reverse_process(chain);
  REQUIRE(reverse.size() == 7);
  const double expected = kl(chain[6], q).value;
  for (int n = 0; n <= 6; ++n) {
    CAPTURE(n);
    CHECK_THAT(kl(chain[n], reverse[static_cast<std::size_t>(n)]).value,
               Catch::Matchers::WithinRel(expected, 1e-9));
  }
}

TEST_CASE("an inexact inverse moves the law by at most its amplified error",
          "[proximal][property]") {
  Rng rng(2);
  const Gaussian p = random_gaussian(rng, 2);
  const Gaussian q = random_gaussian(rng, 2);
  const JkoChain chain = jko_chain(p, q, {.step_sizes = constant_steps(0.5, 1)});
  const double error = 1e-3;
  const double moved =
      w2(reverse_process(chain)[0], inexact_reverse_process(chain, error)[0]).value;
  const AffineMap F = forward_blocks(chain)[0];
  const double stretch = 1.0 / F.linear.norm();
  CHECK(moved >= stretch * error * (1.0 - 1e-9));
  CHECK(moved <= inverse(F).linear.norm() * error * (1.0 + 1e-9));
  CHECK_THROWS_AS(inexact_reverse_process(chain, -1.0), std::invalid_argument);
}

TEST_CASE("a quadratic objective steps its mean and its covariance at different rates",
          "[proximal][exact]") {
  // jko.md JKO-18 N: γ = ½, λ = 1, κ = 3: the mean contracts by 2/3, not by 1/3.
  const GaussianObjective G{
      .centre = Vector::Zero(1), .curvature = Matrix::Identity(1, 1), .interaction = 3.0};
  const Gaussian p(Vector::Constant(1, 1.0), Matrix::Constant(1, 1, 4.0));
  const Gaussian next = jko_step(p, G, 0.5);
  CHECK_THAT(next.mean()(0), WithinRoundOff(2.0 / 3.0, 1));
  CHECK_THAT(G.minimiser().covariance()(0, 0), WithinRoundOff(0.25, 1));
  CHECK(G.convexity().value == 1.0);
  const auto objective = [&](double mean, double variance) {
    const Gaussian rho(Vector::Constant(1, mean), Matrix::Constant(1, 1, variance));
    return G.gap(rho).value + proximal_penalty(squared_w2(p, rho), 0.5).value;
  };
  const double least = objective(next.mean()(0), next.covariance()(0, 0));
  for (const double h : {1e-1, 1e-2, 1e-3}) {
    CHECK(objective(next.mean()(0) + h, next.covariance()(0, 0)) > least);
    CHECK(objective(next.mean()(0) - h, next.covariance()(0, 0)) > least);
    CHECK(objective(next.mean()(0), next.covariance()(0, 0) + h) > least);
    CHECK(objective(next.mean()(0), next.covariance()(0, 0) - h) > least);
  }
  CHECK_THAT(G.gap(G.minimiser()).value, WithinRoundOff(0.0, 1, 1.0));
}

TEST_CASE("chains refuse what has no answer", "[proximal][precondition]") {
  const Gaussian q = Gaussian::standard(1);
  CHECK_THROWS_AS(jko_chain(q, q, {.step_sizes = {0.5, -0.5}}), std::invalid_argument);
  CHECK_THROWS_AS(constant_steps(0.5, -1), std::invalid_argument);
  CHECK_THROWS_AS(
      forward_blocks(jko_chain(Gaussian::dirac(Vector::Zero(1)), q, {.step_sizes = {0.5}})),
      std::invalid_argument);
}

}  // namespace flowcheck::jko_chain_test
