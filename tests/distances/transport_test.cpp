#include "distances/transport.hpp"

#include "measures/random_gaussian.hpp"
#include "support/dense_transport.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace flowcheck::transport_test {

namespace {

// Doubles are rational numbers: a certificate is checked without rounding.
using Rational = boost::multiprecision::cpp_rational;

Rational exactly(double x) {
  return Rational(x);
}

Rational exact_cost(const PointCloud& p, Index i, const PointCloud& q, Index j) {
  Rational sum = 0;
  for (Index k = 0; k < p.dimension(); ++k) {
    const Rational difference = exactly(p.points()(k, i)) - exactly(q.points()(k, j));
    sum += difference * difference;
  }
  return sum;
}

std::vector<Rational> exact_weights(const PointCloud& cloud) {
  std::vector<Rational> weights;
  Rational sum = 0;
  for (Index k = 0; k < cloud.size(); ++k) {
    weights.push_back(cloud.uniform() ? Rational(1) : exactly(cloud.weights()(k)));
    sum += weights.back();
  }
  for (Rational& weight : weights) weight /= sum;
  return weights;
}

double largest_cost(const PointCloud& p, const PointCloud& q) {
  double largest = 0.0;
  for (Index i = 0; i < p.size(); ++i) {
    for (Index j = 0; j < q.size(); ++j) {
      largest = std::max(largest, (p.points().col(i) - q.points().col(j)).squaredNorm());
    }
  }
  return largest;
}

// The plan moves one measure to the other, and costs what is said.
void check_plan(const TransportResult& result, const PointCloud& p, const PointCloud& q) {
  Vector rows = Vector::Zero(p.size());
  Vector columns = Vector::Zero(q.size());
  double cost = 0.0;
  for (const TransportArc& arc : result.plan) {
    CHECK(arc.mass > 0.0);
    rows(arc.from) += arc.mass;
    columns(arc.to) += arc.mass;
    cost += arc.mass * (p.points().col(arc.from) - q.points().col(arc.to)).squaredNorm();
  }
  CHECK((rows - p.weights() / p.weights().sum()).cwiseAbs().maxCoeff() <= 1e-14);
  CHECK((columns - q.weights() / q.weights().sum()).cwiseAbs().maxCoeff() <= 1e-14);
  CHECK(result.squared_w2.value == Approx(cost).epsilon(1e-12).margin(1e-300));
  CHECK(static_cast<Index>(result.plan.size()) <= p.size() + q.size() - 1);
}

// The potentials are feasible as the doubles they are, and their value explains the bracket's end.
void check_potentials(const TransportResult& result, const PointCloud& p, const PointCloud& q) {
  Rational value = 0;
  const std::vector<Rational> a = exact_weights(p);
  const std::vector<Rational> b = exact_weights(q);
  int broken = 0;
  for (Index i = 0; i < p.size(); ++i) {
    const Rational u = exactly(result.first_potential(i));
    value += a[static_cast<std::size_t>(i)] * u;
    for (Index j = 0; j < q.size(); ++j) {
      if (u + exactly(result.second_potential(j)) > exact_cost(p, i, q, j)) ++broken;
    }
  }
  for (Index j = 0; j < q.size(); ++j) {
    value += b[static_cast<std::size_t>(j)] * exactly(result.second_potential(j));
  }
  CHECK(broken == 0);
  CHECK(value <= exactly(result.squared_w2.upper));
  // Where the bracket comes from potentials in twice the working precision, these are behind it by
  // what rounding takes.
  if (p.dimension() > 1) {
    const Rational rounding = exactly(1e-15 * largest_cost(p, q));
    CHECK(exactly(result.squared_w2.lower) <= std::max(value, Rational(0)) + rounding);
  }
}

void check_certified(const TransportResult& result,
                     const PointCloud& p,
                     const PointCloud& q,
                     double tolerance = 1e-13) {
  REQUIRE(result.termination == Termination::converged);
  CHECK(result.squared_w2.grade == Grade::certified);
  CHECK(result.w2.grade == Grade::certified);
  CHECK(result.squared_w2.lower <= result.squared_w2.value);
  CHECK(result.squared_w2.value <= result.squared_w2.upper);
  CHECK(result.squared_w2.width() <= tolerance * largest_cost(p, q) + 1e-290);
  CHECK(result.w2.lower * result.w2.lower <= result.squared_w2.lower * (1.0 + 1e-15) + 1e-300);
  CHECK(result.w2.upper * result.w2.upper >= result.squared_w2.upper * (1.0 - 1e-15));
  check_plan(result, p, q);
  check_potentials(result, p, q);
}

PointCloud integer_cloud(Rng& rng, Index d, Index n, Index side) {
  Matrix points(d, n);
  for (Index k = 0; k < points.size(); ++k) {
    points.data()[k] = static_cast<double>(rng.uniform_index(side));
  }
  return PointCloud(points);
}

// Weights that are multiples of 2⁻²⁰, some of them zero.
struct DyadicWeights {
  std::vector<std::int64_t> integers = {};
  Vector weights = {};
};

DyadicWeights dyadic_weights(Rng& rng, Index n) {
  constexpr std::int64_t whole = std::int64_t{1} << 20;
  DyadicWeights result{.integers = std::vector<std::int64_t>(static_cast<std::size_t>(n), 0)};
  std::int64_t left = whole;
  for (Index k = 0; k + 1 < n; ++k) {
    const std::int64_t part = rng.uniform_index(4) == 0 ? 0 : rng.uniform_index(2 * left / n + 1);
    result.integers[static_cast<std::size_t>(k)] = part;
    left -= part;
  }
  result.integers.back() = left;
  result.weights.resize(n);
  for (Index k = 0; k < n; ++k) {
    result.weights(k) =
        std::ldexp(static_cast<double>(result.integers[static_cast<std::size_t>(k)]), -20);
  }
  return result;
}

Matrix integer_costs(const Matrix& x, const Matrix& y) {
  Matrix C(x.cols(), y.cols());
  for (Index j = 0; j < y.cols(); ++j) C.col(j) = (x.colwise() - y.col(j)).colwise().squaredNorm();
  return C;
}

PointCloud random_cloud(Rng& rng, Index d, Index n, bool weighted) {
  const Matrix points = rng.normal_matrix(d, n);
  if (!weighted) return PointCloud(points);
  Vector weights(n);
  for (Index k = 0; k < n; ++k) weights(k) = rng.uniform(0.0, 1.0);
  return PointCloud(points, weights / weights.sum());
}

}  // namespace

TEST_CASE("optimal_transport finds what trying all permutations finds", "[distances][exact]") {
  const auto n = GENERATE(range(Index{1}, Index{8}));
  const auto d = GENERATE(Index{1}, Index{2}, Index{5});
  CAPTURE(n, d);
  Rng rng(31, static_cast<std::uint64_t>(100 * n + d));
  for (int trial = 0; trial < 5; ++trial) {
    const PointCloud p = random_cloud(rng, d, n, false);
    const PointCloud q(2.0 * rng.normal_matrix(d, n));
    const TransportResult result = optimal_transport(p, q);
    check_certified(result, p, q);
    std::vector<Index> permutation(static_cast<std::size_t>(n));
    std::iota(permutation.begin(), permutation.end(), Index{0});
    double least = infinity;
    do {
      double sum = 0.0;
      for (Index i = 0; i < n; ++i) {
        const Index j = permutation[static_cast<std::size_t>(i)];
        sum += (p.points().col(i) - q.points().col(j)).squaredNorm();
      }
      least = std::min(least, sum / static_cast<double>(n));
    } while (std::next_permutation(permutation.begin(), permutation.end()));
    CHECK(result.squared_w2.value == Approx(least).epsilon(1e-14));
  }
}

TEST_CASE("optimal_transport encloses the exact integer optimum of a dense solver",
          "[distances][reference]") {
  // Integer points and dyadic weights: the optimum is an integer over 2²⁰, or over lcm(n, m).
  const auto d = GENERATE(Index{1}, Index{2}, Index{3}, Index{4});
  const auto n = GENERATE(Index{1}, Index{7}, Index{60}, Index{150});
  const auto m = GENERATE(Index{1}, Index{20}, Index{150});
  const auto side = GENERATE(Index{4}, Index{1000});  // ties and duplicates, and few of them
  CAPTURE(d, n, m, side);
  Rng rng(41, static_cast<std::uint64_t>(((d * 1000 + n) * 1000 + m) * 1000 + side));
  const PointCloud x = integer_cloud(rng, d, n, side);
  const PointCloud y = integer_cloud(rng, d, m, side);
  const Matrix C = integer_costs(x.points(), y.points());

  const std::int64_t common = std::lcm(n, m);
  const std::int64_t uniform_cost =
      dense_transport_cost(std::vector<std::int64_t>(static_cast<std::size_t>(n), common / n),
                           std::vector<std::int64_t>(static_cast<std::size_t>(m), common / m), C);
  const TransportResult uniform = optimal_transport(x, y);
  const Rational exact_uniform = Rational(uniform_cost) / common;
  CHECK(exactly(uniform.squared_w2.lower) <= exact_uniform);
  CHECK(exact_uniform <= exactly(uniform.squared_w2.upper));
  CHECK(uniform.squared_w2.width() <= 1e-13 * (C.maxCoeff() + 1.0));

  const DyadicWeights a = dyadic_weights(rng, n);
  const DyadicWeights b = dyadic_weights(rng, m);
  const std::int64_t weighted_cost = dense_transport_cost(a.integers, b.integers, C);
  const PointCloud p(x.points(), a.weights);
  const PointCloud q(y.points(), b.weights);
  const TransportResult weighted = optimal_transport(p, q);
  const Rational exact_weighted = Rational(weighted_cost) / (1 << 20);
  CHECK(exactly(weighted.squared_w2.lower) <= exact_weighted);
  CHECK(exact_weighted <= exactly(weighted.squared_w2.upper));
  if (n * m <= 1200) check_certified(weighted, p, q);
}

TEST_CASE("optimal_transport certifies clouds of any sizes and weights", "[distances][property]") {
  const auto n = GENERATE(Index{1}, Index{2}, Index{33}, Index{90});
  const auto m = GENERATE(Index{1}, Index{45}, Index{64});
  const auto weights = GENERATE(0, 1, 2, 3);
  const auto d = GENERATE(Index{1}, Index{2}, Index{6});
  CAPTURE(n, m, weights, d);
  Rng rng(42, static_cast<std::uint64_t>(((n * 100 + m) * 10 + weights) * 10 + d));
  const PointCloud p = random_cloud(rng, d, n, weights % 2 == 1);
  const PointCloud q = random_cloud(rng, d, m, weights / 2 == 1);
  const TransportResult there = optimal_transport(p, q);
  check_certified(there, p, q);
  const TransportResult back = optimal_transport(q, p);
  CHECK(back.squared_w2.lower <= there.squared_w2.upper);
  CHECK(there.squared_w2.lower <= back.squared_w2.upper);
  CHECK(squared_w2(p, q).value == there.squared_w2.value);
  CHECK(w2(p, q).upper == there.w2.upper);
}

TEST_CASE("optimal_transport closes its bracket on thousands of points", "[distances][property]") {
  const auto d = GENERATE(Index{2}, Index{10});
  const auto weighted = GENERATE(false, true);
  CAPTURE(d, weighted);
  Rng rng(33, static_cast<std::uint64_t>(d));
  const PointCloud p = random_cloud(rng, d, 1500, weighted);
  const PointCloud q = random_cloud(rng, d, weighted ? 1100 : 1500, weighted);
  const TransportResult result = optimal_transport(p, q);
  REQUIRE(result.termination == Termination::converged);
  CHECK(result.squared_w2.width() <= 1e-11 * result.squared_w2.value);
  check_plan(result, p, q);
  double most = 0.0;
  for (Index j = 0; j < q.size(); ++j) {
    const Vector slack =
        ((p.points().colwise() - q.points().col(j)).colwise().squaredNorm().transpose() -
         result.first_potential)
            .array() -
        result.second_potential(j);
    most = std::max(most, -slack.minCoeff());
  }
  CHECK(most <= 1e-13);
}

TEST_CASE("optimal_transport is blind to rigid motions and scales exactly with powers of two",
          "[distances][property]") {
  const auto d = GENERATE(Index{1}, Index{2});
  Rng rng(35, static_cast<std::uint64_t>(d));
  const Matrix x = rng.normal_matrix(d, 50);
  const Matrix y = rng.normal_matrix(d, 50);
  const TransportResult plain = optimal_transport(PointCloud(x), PointCloud(y));
  const AffineMap motion = random_rigid_motion(rng, d);
  const auto moved = [&](const Matrix& points) {
    return PointCloud(Matrix((motion.linear * points).colwise() + motion.offset));
  };
  const TransportResult after_motion = optimal_transport(moved(x), moved(y));
  CHECK(after_motion.squared_w2.value == Approx(plain.squared_w2.value).epsilon(1e-12));

  const auto exponent = GENERATE(-900, -400, -20, 3, 500, 1000);
  CAPTURE(exponent);
  const double factor = std::ldexp(1.0, exponent);
  const TransportResult scaled = optimal_transport(PointCloud(factor * x), PointCloud(factor * y));
  CHECK(scaled.w2.value == factor * plain.w2.value);
  CHECK(scaled.squared_w2.value == std::ldexp(plain.squared_w2.value, 2 * exponent));
  CHECK(scaled.squared_w2.lower <= scaled.squared_w2.value);
  CHECK(scaled.squared_w2.value <= scaled.squared_w2.upper);
  REQUIRE(scaled.plan.size() == plain.plan.size());
  for (std::size_t k = 0; k < plain.plan.size(); ++k) CHECK(scaled.plan[k].to == plain.plan[k].to);
}

TEST_CASE("optimal_transport sees a translation as its squared length", "[distances][property]") {
  Rng rng(34);
  const Matrix x = rng.normal_matrix(3, 60);
  const Vector shift = 10.0 * rng.normal_vector(3);
  const PointCloud p(x);
  const PointCloud q(Matrix(x.colwise() + shift));
  const TransportResult result = optimal_transport(p, q);
  check_certified(result, p, q);
  // x ↦ x + b is the gradient of a convex function: each point's translate is its partner.
  for (const TransportArc& arc : result.plan) CHECK(arc.from == arc.to);
  CHECK(result.squared_w2.value == Approx(shift.squaredNorm()).epsilon(1e-12));
}

TEST_CASE("optimal_transport of equal measures is zero in W2 too", "[distances][exact]") {
  const auto d = GENERATE(Index{1}, Index{2});
  const auto weighted = GENERATE(false, true);
  CAPTURE(d, weighted);
  Rng rng(36, static_cast<std::uint64_t>(d));
  const PointCloud p = random_cloud(rng, d, 200, weighted);
  const PointCloud q = weighted ? PointCloud(p.points().rowwise().reverse(), p.weights().reverse())
                                : PointCloud(Matrix(p.points().rowwise().reverse()));
  const TransportResult result = optimal_transport(p, q);
  CHECK(result.squared_w2.value == 0.0);
  CHECK(result.squared_w2.lower == 0.0);
  CHECK(result.w2.lower == 0.0);
  CHECK(result.w2.upper <= 1e-11);
  check_plan(result, p, q);
}

TEST_CASE("optimal_transport copes with duplicates and ties", "[distances][exact]") {
  const auto d = GENERATE(Index{1}, Index{3});
  CAPTURE(d);
  SECTION("all points the same") {
    const PointCloud p(Matrix::Constant(d, 20, 1.5));
    const PointCloud q(Matrix::Constant(d, 7, 1.5));
    const TransportResult result = optimal_transport(p, q);
    check_certified(result, p, q);
    CHECK(result.squared_w2.value == 0.0);
    CHECK(result.w2.upper <= 1e-100);
  }
  SECTION("all points at the origin") {
    const PointCloud p(Matrix::Zero(d, 5));
    CHECK(optimal_transport(p, p).w2.upper <= 1e-100);
  }
  SECTION("two atoms against one") {
    Matrix x = Matrix::Zero(d, 10);
    x.rightCols(5).setConstant(2.0);
    const PointCloud p(x);
    const PointCloud q(Matrix::Constant(d, 10, 1.0));
    const TransportResult result = optimal_transport(p, q);
    check_certified(result, p, q);
    CHECK(result.squared_w2.value == static_cast<double>(d));
  }
  SECTION("a lattice against itself, half a step on") {
    Matrix x = Matrix::Zero(d, 100);
    for (Index i = 0; i < 100; ++i) {
      x(0, i) = static_cast<double>(i % 10);
      x(d - 1, i) += d > 1 ? static_cast<double>(i / 10) : 0.0;
    }
    const PointCloud p(x);
    const PointCloud q(Matrix(x.array() + 0.5));
    const TransportResult result = optimal_transport(p, q);
    check_certified(result, p, q);
    CHECK(result.squared_w2.value == 0.25 * static_cast<double>(d));
  }
}

TEST_CASE("optimal_transport brackets clouds of scales from 1e-8 to 1e8", "[distances][property]") {
  const auto d = GENERATE(Index{1}, Index{2});
  const auto weighted = GENERATE(false, true);
  CAPTURE(d, weighted);
  Rng rng(43, static_cast<std::uint64_t>(d));
  const auto cloud = [&](Index n) {
    PointCloud plain = random_cloud(rng, d, n, weighted);
    Matrix points = plain.points();
    for (Index k = 0; k < n; ++k) points.col(k) *= rng.log_uniform(1e-8, 1e8);
    return weighted ? PointCloud(points, plain.weights()) : PointCloud(points);
  };
  const PointCloud p = cloud(60);
  const PointCloud q = cloud(50);
  const TransportResult result = optimal_transport(p, q);
  check_certified(result, p, q);
  CHECK(result.squared_w2.width() <= 1e-9 * result.squared_w2.value);
}

TEST_CASE("optimal_transport resolves clusters far smaller than their distance",
          "[distances][reference]") {
  // Integers again: within the clusters costs of some thousands, between them 2⁵⁰.
  const auto d = GENERATE(Index{2}, Index{3});
  const auto weighted = GENERATE(false, true);
  CAPTURE(d, weighted);
  Rng rng(46, static_cast<std::uint64_t>(d));
  const Index n = 120;
  const auto cloud = [&](Index first) {
    Matrix points = integer_cloud(rng, d, n, 100).points();
    points.row(0).rightCols(n - first).array() += 0x1p25;
    return points;
  };
  const Matrix x = cloud(n / 2);
  const Matrix y = cloud(n / 2);
  std::vector<std::int64_t> ones(static_cast<std::size_t>(n), 1);
  const std::int64_t cost = dense_transport_cost(ones, ones, integer_costs(x, y));
  const Rational exact = Rational(cost) / n;
  // The double nearest 1/120, 120 times: the same measure, since masses are over their exact sum.
  const PointCloud p = weighted ? PointCloud(x, Vector::Constant(n, 1.0 / 120.0)) : PointCloud(x);
  const PointCloud q(y);
  const TransportResult result = optimal_transport(p, q);
  CHECK(result.termination == Termination::converged);
  CHECK(exactly(result.squared_w2.lower) <= exact);
  CHECK(exact <= exactly(result.squared_w2.upper));
  // The leftover of weights is priced at the diameter: 120 · 2⁻⁶⁰ · 2⁵⁰.
  CHECK(result.squared_w2.width() <= (weighted ? 1.0 : 1e-10 * result.squared_w2.value));
  check_plan(result, p, q);
}

TEST_CASE("optimal_transport sees a perturbation of 1e-9", "[distances][exact]") {
  // Each point's own image is its partner: they are nearer than any other two points.
  Rng rng(47);
  const Matrix x = rng.normal_matrix(2, 200);
  const Matrix y = x + 1e-9 * rng.normal_matrix(2, 200);
  const Estimate estimate = squared_w2(PointCloud(x), PointCloud(y));
  const double expected = (x - y).colwise().squaredNorm().mean();
  CHECK(estimate.value == Approx(expected).epsilon(1e-13));
  CHECK(estimate.width() <= 1e-6 * expected);
}

TEST_CASE("optimal_transport decides small costs beside huge ones", "[distances][property]") {
  // One pair at 10⁶: the rest's costs of order one are 10⁻¹² of the largest.
  Rng rng(37);
  Matrix x = rng.normal_matrix(2, 40);
  Matrix y = rng.normal_matrix(2, 40);
  const Estimate near = squared_w2(PointCloud(x.leftCols(39)), PointCloud(y.leftCols(39)));
  x.col(39).setConstant(1e6);
  y.col(39).setConstant(1e6);
  const Estimate all = squared_w2(PointCloud(x), PointCloud(y));
  CHECK(all.value * 40.0 / 39.0 == Approx(near.value).epsilon(1e-12));
  CHECK(all.lower <= all.value);
}

TEST_CASE("optimal_transport of zero and tiny weights", "[distances][property]") {
  const auto d = GENERATE(Index{1}, Index{2});
  Rng rng(44, static_cast<std::uint64_t>(d));
  Matrix x = rng.normal_matrix(d, 12);
  const Matrix y = rng.normal_matrix(d, 9);
  Vector a = Vector::Constant(12, 0.1);
  a(3) = 0.0;
  a(7) = 0.0;
  const PointCloud p(x, a);
  const PointCloud q(y);
  const TransportResult result = optimal_transport(p, q);
  check_certified(result, p, q);
  for (const TransportArc& arc : result.plan) CHECK((arc.from != 3 && arc.from != 7));

  a(3) = 1e-25;  // below the integers' unit
  a(7) = 1e-300;
  const PointCloud nearly(x, a);
  const TransportResult tiny = optimal_transport(nearly, q);
  check_certified(tiny, nearly, q);
  CHECK(tiny.squared_w2.value == Approx(result.squared_w2.value).epsilon(1e-12));

  // Far away, a tiny weight is what the distance is made of: 1e-25 · (1e15)² = 1e5.
  x.col(3).setConstant(1e15);
  const PointCloud far(x, a);
  const TransportResult distant = optimal_transport(far, q);
  CHECK(distant.squared_w2.lower <= 1e5 * static_cast<double>(d) * 1.0001);
  CHECK(distant.squared_w2.upper >= 1e5 * static_cast<double>(d));
}

TEST_CASE("optimal_transport takes weights as the numbers they are, not as they round",
          "[distances][exact]") {
  // Mass 1/3 + ε at 0, the rest at 1, all of it to 1: W₂² is the first weight over the sum.
  const Matrix x{{0.0, 1.0}, {0.0, 0.0}};
  const Vector a{{0.3333333333, 0.6666666666}};  // sums to 1 − 1e-10
  const PointCloud p(x, a);
  const PointCloud q(Matrix{{1.0}, {0.0}});
  const Rational exact = exactly(a(0)) / (exactly(a(0)) + exactly(a(1)));
  const Estimate estimate = squared_w2(p, q);
  CHECK(exactly(estimate.lower) <= exact);
  CHECK(exact <= exactly(estimate.upper));
  CHECK(estimate.width() <= 1e-14);
}

TEST_CASE("W2 is a number where its square overflows", "[distances][exact]") {
  const auto d = GENERATE(Index{1}, Index{2});
  Matrix x = Matrix::Zero(d, 3);
  x(0, 1) = 3e200;
  const TransportResult result = optimal_transport(PointCloud(x), PointCloud(Matrix::Zero(d, 3)));
  CHECK(result.w2.value == Approx(std::sqrt(3.0) * 1e200).epsilon(1e-14));
  CHECK(std::isinf(result.squared_w2.value));
  CHECK(std::isfinite(result.squared_w2.lower));
}

TEST_CASE("optimal_transport stopped early has a wide bracket around the optimum",
          "[distances][control]") {
  Rng rng(45);
  const PointCloud p = random_cloud(rng, 2, 300, false);
  const PointCloud q = random_cloud(rng, 2, 300, false);
  const TransportResult done = optimal_transport(p, q);
  const TransportResult stopped = optimal_transport(p, q, {.max_iterations = 100});
  CHECK(stopped.termination == Termination::iteration_limit);
  CHECK(stopped.iterations <= 100);
  check_plan(stopped, p, q);
  CHECK(stopped.squared_w2.lower <= done.squared_w2.value);
  CHECK(stopped.squared_w2.upper >= done.squared_w2.value);
  CHECK(stopped.squared_w2.width() > 1e-3 * done.squared_w2.value);
}

TEST_CASE("optimal_transport refuses clouds of different dimensions", "[distances][precondition]") {
  const PointCloud p(Matrix::Zero(2, 3));
  const PointCloud q(Matrix::Zero(3, 3));
  CHECK_THROWS_AS(optimal_transport(p, q), std::invalid_argument);
  CHECK_THROWS_AS(w2(p, q), std::invalid_argument);
  CHECK_THROWS_AS(squared_w2(p, q), std::invalid_argument);
  CHECK_THROWS_AS(optimal_transport(p, p, {.max_iterations = -1}), std::invalid_argument);
}

}  // namespace flowcheck::transport_test
