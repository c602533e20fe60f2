#include "proximal/affine_block.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "measures/random_gaussian.hpp"
#include "proximal/jko_step.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cstdint>

namespace flowcheck::affine_block_test {

TEST_CASE("the training loss of a block is the JKO functional of its map", "[proximal][exact]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{5});
  CAPTURE(dimension);
  Rng rng(31, static_cast<std::uint64_t>(dimension));
  const Gaussian p = random_gaussian(rng, dimension);
  const Gaussian q = random_gaussian(rng, dimension);
  const AffineMap T{.linear = rng.normal_matrix(dimension, dimension),
                    .offset = rng.normal_vector(dimension)};
  const double gamma = 0.7;

  // E|T(x) − x|² by the definition: mean and covariance of T(x) − x.
  const AffineMap move{.linear = T.linear - Matrix::Identity(dimension, dimension),
                       .offset = T.offset};
  const Gaussian displacement = pushforward(move, p);
  const double penalty =
      (displacement.mean().squaredNorm() + displacement.covariance().trace()) / (2.0 * gamma);
  const Estimate expected = kl(pushforward(T, p), q) + penalty;
  const Estimate measured = block_loss(T, p, q, gamma) + block_loss_constant(p, q);
  CHECK(measured.value == Approx(expected.value).epsilon(1e-11));
  CHECK(measured.lower <= expected.upper);
  CHECK(expected.lower <= measured.upper);
}

TEST_CASE("a trained affine block is the exact JKO step", "[proximal][exact]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{3}, Index{4});
  const auto gamma = GENERATE(0.1, 0.5, 2.0);
  CAPTURE(dimension, gamma);
  Rng rng(32, static_cast<std::uint64_t>(dimension));
  const Gaussian p = random_gaussian(rng, dimension);
  const Gaussian q = random_gaussian(rng, dimension);
  const AffineBlockResult block = affine_block(p, q, gamma);
  CAPTURE(block.gradient_norm, block.iterations, block.loss_error, block.map_error);

  REQUIRE(block.termination == Termination::converged);
  const Gaussian next = jko_step(p, q, gamma);
  const Estimate least = jko_objective(next, p, q, gamma);
  CHECK(std::abs(block.loss + block_loss_constant(p, q).value - least.value) < 1e-11);
  CHECK(block.loss == Approx(block_loss(block.map, p, q, gamma).value).epsilon(1e-12));

  const AffineMap optimal = optimal_map(p, next);
  const double distance = std::hypot((block.map(p.mean()) - next.mean()).norm(),
                                     ((block.map.linear - optimal.linear) * p.factor()).norm());
  CHECK(distance <= 1.01 * block.map_error + 1e-13);
  CHECK(block.map_error < 1e-5);
}

TEST_CASE("a block that is not trained enough says so", "[proximal][control]") {
  Rng rng(33);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian q = random_gaussian(rng, 3);
  const AffineBlockResult block = affine_block(p, q, 0.5, {.max_iterations = 2});
  CHECK(block.termination == Termination::iteration_limit);
  CHECK(block.loss_error > 1e-6);
}

TEST_CASE("the loss of a block that is not invertible is infinite", "[proximal][exact]") {
  const Gaussian q = Gaussian::standard(2);
  const AffineMap flat{.linear = Matrix::Zero(2, 2), .offset = Vector::Zero(2)};
  CHECK(std::isinf(block_loss(flat, q, q, 1.0).value));
}

TEST_CASE("affine_block refuses what has no loss", "[proximal][precondition]") {
  const Gaussian q = Gaussian::standard(2);
  const Gaussian atom = Gaussian::dirac(Vector::Zero(2));
  const AffineMap identity{.linear = Matrix::Identity(2, 2), .offset = Vector::Zero(2)};
  CHECK_THROWS_AS(affine_block(q, q, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(affine_block(atom, q, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(affine_block(q, atom, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(block_loss(identity, Gaussian::standard(3), Gaussian::standard(3), 1.0),
                  std::invalid_argument);
  CHECK_THROWS_AS(block_loss_constant(atom, q), std::invalid_argument);
}

}  // namespace flowcheck::affine_block_test
