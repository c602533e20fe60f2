#include "distances/sinkhorn.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <cmath>

namespace flowcheck::sinkhorn_test {

namespace {

PointCloud normal_cloud(std::uint64_t stream, Index dimension, Index count) {
  Rng rng(11, stream);
  return PointCloud(rng.normal_matrix(dimension, count));
}

PointCloud weighted_cloud(std::uint64_t stream, Index dimension, Index count) {
  Rng rng(12, stream);
  Matrix points = rng.normal_matrix(dimension, count);
  Vector weights(count);
  for (Index i = 0; i < count; ++i) weights(i) = rng.uniform(0.1, 1.0);
  weights /= weights.sum();
  return PointCloud(std::move(points), std::move(weights));
}

// The iteration as it is written in textbooks, every sum a log-sum-exp over a stored cost matrix.
double textbook_cost(const PointCloud& p, const PointCloud& q, double epsilon, int iterations) {
  const Index n = p.size();
  const Index m = q.size();
  Matrix cost(n, m);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < m; ++j) {
      cost(i, j) = (p.points().col(i) - q.points().col(j)).squaredNorm();
    }
  }
  Vector f = Vector::Zero(n);
  Vector g = Vector::Zero(m);
  const auto soft_minimum = [epsilon](const Eigen::ArrayXd& exponents) {
    const double top = exponents.maxCoeff();
    return -epsilon * (top + std::log((exponents - top).exp().sum()));
  };
  for (int k = 0; k < iterations; ++k) {
    for (Index i = 0; i < n; ++i) {
      f(i) =
          soft_minimum((g - cost.row(i).transpose()).array() / epsilon + q.weights().array().log());
    }
    for (Index j = 0; j < m; ++j) {
      g(j) = soft_minimum((f - cost.col(j)).array() / epsilon + p.weights().array().log());
    }
  }
  return f.dot(p.weights()) + g.dot(q.weights());
}

}  // namespace

TEST_CASE("entropic_transport brackets the textbook iteration's limit", "[distances][reference]") {
  const double epsilon = GENERATE(3.0, 0.3, 0.05);
  const bool weighted = GENERATE(false, true);
  CAPTURE(epsilon, weighted);
  const PointCloud p = weighted ? weighted_cloud(0, 2, 10) : normal_cloud(0, 2, 10);
  const PointCloud q = weighted ? weighted_cloud(1, 2, 13) : normal_cloud(1, 2, 13);
  const SinkhornResult result =
      entropic_transport(p, q, {.regularisation = epsilon, .error_tolerance = 1e-9});
  CHECK(result.termination == Termination::converged);
  CHECK(result.marginal_error <= 1e-9);
  CHECK(result.cost.width() < 1e-6);
  const double expected = textbook_cost(p, q, epsilon, 4000);
  CHECK(result.cost.lower <= expected + 1e-12);
  CHECK(result.cost.upper >= expected - 1e-12);
}

TEST_CASE("The bracket holds however early the iteration stops", "[distances][property]") {
  const int iterations = GENERATE(1, 2, 5, 20);
  CAPTURE(iterations);
  const PointCloud p = weighted_cloud(2, 3, 10);
  const PointCloud q = normal_cloud(3, 3, 12);
  const SinkhornResult rough = entropic_transport(
      p, q, {.regularisation = 0.2, .error_tolerance = 1e-14, .max_iterations = iterations});
  const double expected = textbook_cost(p, q, 0.2, 5000);
  CHECK(rough.termination == Termination::iteration_limit);
  CHECK(rough.cost.lower <= expected);
  CHECK(rough.cost.upper >= expected);
  CHECK(rough.duality_gap > 0.0);
}

TEST_CASE("The bracket holds for skewed weights and in the stages of a small ε",
          "[distances][property]") {
  const int iterations = GENERATE(0, 1, 2, 5);
  CAPTURE(iterations);
  int worst = 0;
  for (std::uint64_t stream = 0; stream < 200; ++stream) {
    Rng rng(14, stream);
    const auto skewed = [&rng](Index count) {
      Vector weights(count);
      for (Index i = 0; i < count; ++i) weights(i) = rng.log_uniform(1e-6, 1.0);
      weights /= weights.sum();
      return PointCloud(2.0 * rng.normal_matrix(1, count), weights);
    };
    const PointCloud p = skewed(2);
    const PointCloud q = skewed(3);
    const Estimate rough =
        entropic_transport(
            p, q, {.regularisation = 0.2, .error_tolerance = 1e-13, .max_iterations = iterations})
            .cost;
    const Estimate fine =
        entropic_transport(p, q, {.regularisation = 0.2, .error_tolerance = 1e-12}).cost;
    worst += !(rough.lower <= fine.upper && fine.lower <= rough.upper);
  }
  CHECK(worst == 0);
  const SinkhornResult early =
      entropic_transport(normal_cloud(12, 2, 60), normal_cloud(13, 2, 60),
                         {.regularisation = 1e-4, .max_iterations = iterations});
  CHECK(early.termination == Termination::iteration_limit);
  CHECK_FALSE(early.cost.is_nan());
  CHECK(early.cost.upper >= early.cost.lower);
}

TEST_CASE("The potentials' plan has the marginal error that is reported", "[distances][exact]") {
  const PointCloud p = weighted_cloud(4, 2, 20);
  const PointCloud q = weighted_cloud(5, 2, 30);
  const double epsilon = 0.1;
  const SinkhornResult result =
      entropic_transport(p, q, {.regularisation = epsilon, .error_tolerance = 1e-3});
  Matrix plan(p.size(), q.size());
  for (Index i = 0; i < p.size(); ++i) {
    for (Index j = 0; j < q.size(); ++j) {
      const double cost = (p.points().col(i) - q.points().col(j)).squaredNorm();
      plan(i, j) =
          p.weights()(i) * q.weights()(j) *
          std::exp((result.first_potential(i) + result.second_potential(j) - cost) / epsilon);
    }
  }
  const double error = (plan.rowwise().sum() - p.weights()).lpNorm<1>() +
                       (plan.colwise().sum().transpose() - q.weights()).lpNorm<1>();
  CHECK(error == Approx(result.marginal_error).margin(1e-13));
  CHECK(error <= 1e-3);
}

TEST_CASE("The debiased divergence of a translate is the squared shift, whatever ε",
          "[distances][exact]") {
  const double relative = GENERATE(1.0, 0.1, 0.03);
  CAPTURE(relative);
  const PointCloud p = normal_cloud(6, 2, 40);
  const Vector shift{{0.7, -0.4}};
  const PointCloud q(p.points().colwise() + shift);
  const double epsilon = relative * median_squared_distance(p, q);
  const SinkhornDivergence result =
      sinkhorn_divergence(p, q, {.regularisation = epsilon, .error_tolerance = 1e-10});
  CHECK(result.termination == Termination::converged);
  CHECK(result.value.lower <= shift.squaredNorm());
  CHECK(result.value.upper >= shift.squaredNorm());
  CHECK(result.value.width() < 1e-7);
}

TEST_CASE("The divergence of equal clouds is zero, of unequal ones is not", "[distances][exact]") {
  const PointCloud p = normal_cloud(7, 2, 30);
  const SinkhornOptions options{.regularisation = 0.2, .error_tolerance = 1e-11};
  const Estimate same = sinkhorn_divergence(p, p, options).value;
  CHECK(same.lower <= 0.0);
  CHECK(same.upper >= 0.0);
  CHECK(same.width() < 1e-8);
  CHECK(sinkhorn_divergence(p, normal_cloud(8, 2, 30), options).value.lower > 1e-3);
}

TEST_CASE("One point, repeated points and a mass off by 1e-16 are nothing special",
          "[distances][exact]") {
  const PointCloud one(Matrix{{1.0}, {2.0}});
  const PointCloud other(Matrix{{4.0}, {-2.0}});
  const SinkhornResult single = entropic_transport(one, other, {.regularisation = 0.1});
  CHECK(single.termination == Termination::converged);
  CHECK(single.cost.lower <= 25.0);
  CHECK(single.cost.upper >= 25.0);

  const PointCloud repeated(Matrix{{1.0, 1.0, 1.0}, {2.0, 2.0, 2.0}},
                            Vector{{1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0 + 1e-16}});
  const SinkhornResult many = entropic_transport(repeated, other, {.regularisation = 0.1});
  CHECK(many.termination == Termination::converged);
  CHECK(many.cost.upper >= 25.0);
  CHECK(many.cost.width() < 1e-9);

  const PointCloud with_empty(Matrix{{1.0, 50.0}, {2.0, 0.0}}, Vector{{1.0, 0.0}});
  CHECK(entropic_transport(with_empty, other, {.regularisation = 0.1}).cost.value ==
        Approx(25.0).epsilon(1e-12));
}

TEST_CASE("A far outlier and a small ε neither overflow nor stop the iteration",
          "[distances][property]") {
  Rng rng(13);
  Matrix points = rng.normal_matrix(2, 40);
  points.col(0) *= 1e3;
  const PointCloud p(points);
  const PointCloud q = normal_cloud(9, 2, 40);
  const SinkhornResult result =
      entropic_transport(p, q, {.regularisation = 0.05, .error_tolerance = 1e-6});
  CHECK(result.termination == Termination::converged);
  CHECK(std::isfinite(result.cost.upper));
  CHECK(result.duality_gap < 1e-2);
}

TEST_CASE("An error below round-off is reported as a stall", "[distances][control]") {
  const SinkhornResult result = entropic_transport(
      normal_cloud(10, 2, 50), normal_cloud(11, 2, 50),
      {.regularisation = 0.5, .error_tolerance = 1e-22, .max_iterations = 100'000});
  CHECK(result.termination == Termination::stalled);
  CHECK(result.marginal_error < 1e-13);
}

TEST_CASE("Exponentials are counted by kernels built, three at least", "[distances][exact]") {
  const PointCloud p = normal_cloud(40, 2, 30);
  const PointCloud q = normal_cloud(41, 2, 20);
  const SinkhornResult easy = entropic_transport(p, q, {.regularisation = 5.0});
  CHECK(easy.exponentials == 3 * 30 * 20);  // one each half-step, and the bracket's
  const SinkhornResult staged = entropic_transport(p, q, {.regularisation = 0.01});
  CHECK(staged.exponentials % (30 * 20) == 0);
  CHECK(staged.exponentials >= 5 * 30 * 20);  // a larger ε before it
}

TEST_CASE("entropic_transport refuses what it cannot regularise or hold",
          "[distances][precondition]") {
  const PointCloud p = normal_cloud(0, 2, 3);
  CHECK_THROWS_AS(entropic_transport(p, p, {}), std::invalid_argument);
  CHECK_THROWS_AS(entropic_transport(p, normal_cloud(0, 3, 3), {.regularisation = 1.0}),
                  std::invalid_argument);
  CHECK_THROWS_AS(entropic_transport(p, p, {.regularisation = 1.0, .largest_kernel = 8}),
                  std::invalid_argument);
}

}  // namespace flowcheck::sinkhorn_test
