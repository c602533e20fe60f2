#include "distances/line_transport.hpp"

#include "numerics/rng.hpp"
#include "support/high_precision.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace flowcheck::line_transport_test {

namespace {

using high_precision::Real;

std::vector<double> values_like(Rng& rng, int kind, std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t k = 0; k < count; ++k) {
    const double z = rng.normal();
    if (kind == 0) values[k] = z;
    if (kind == 1) values[k] = std::exp(20.0 * z);  // one cell gets nearly all
    if (kind == 2) values[k] = std::floor(z);       // few different ones
    if (kind == 3) values[k] = 1.0;
    if (kind == 4) values[k] = static_cast<double>(count - k);
    if (kind == 5) values[k] = k % 2 == 0 ? 1.7e308 * z / 8.0 : -0.0;  // the range overflows
    if (kind == 6) values[k] = 5e-324 * std::floor(10.0 * z);          // denormals
  }
  return values;
}

// ∫ (F⁻¹ − G⁻¹)² in 50 digits, from the masses as exact as those are.
Real quantile_integral(const PointCloud& p, const PointCloud& q) {
  const auto sorted = [](const PointCloud& cloud) {
    std::vector<std::pair<double, Real>> points;
    Real sum = 0;
    for (Index k = 0; k < cloud.size(); ++k) {
      const Real weight = cloud.uniform() ? Real(1) : Real(cloud.weights()(k));
      points.emplace_back(cloud.points()(0, k), weight);
      sum += weight;
    }
    for (auto& point : points) point.second /= sum;
    std::sort(points.begin(), points.end());
    return points;
  };
  auto a = sorted(p);
  auto b = sorted(q);
  Real integral = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const Real piece = std::min(a[i].second, b[j].second);
    const Real difference = Real(a[i].first) - Real(b[j].first);
    integral += piece * difference * difference;
    a[i].second -= piece;
    b[j].second -= piece;
    if (a[i].second <= b[j].second) {
      ++i;
    } else {
      ++j;
    }
  }
  return integral;
}

PointCloud cloud_on_line(Rng& rng, Index n, bool weighted) {
  const Matrix points = rng.normal_matrix(1, n);
  if (!weighted) return PointCloud(points);
  Vector weights(n);
  for (Index k = 0; k < n; ++k) weights(k) = rng.log_uniform(1e-6, 1.0);
  return PointCloud(points, weights / weights.sum());
}

}  // namespace

TEST_CASE("sort_values sorts whatever the values are spread like", "[distances][property]") {
  const auto kind = GENERATE(range(0, 7));
  const auto count = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{17}, std::size_t{1025},
                              std::size_t{60'000});
  CAPTURE(kind, count);
  Rng rng(81, count);
  const std::vector<double> values = values_like(rng, kind, count);
  std::vector<double> expected = values;
  std::sort(expected.begin(), expected.end());
  std::vector<double> sorted;
  std::vector<double> scratch;
  sort_values(values.data(), static_cast<Index>(count), sorted, scratch);
  CHECK(sorted == expected);
}

TEST_CASE("The bracket on the line encloses the quantile integral in 50 digits",
          "[distances][reference]") {
  const auto n = GENERATE(Index{1}, Index{5}, Index{64}, Index{999});
  const auto m = GENERATE(Index{1}, Index{64}, Index{700});
  const auto weights = GENERATE(0, 1, 2, 3);
  CAPTURE(n, m, weights);
  Rng rng(82, static_cast<std::uint64_t>((n * 1000 + m) * 4 + weights));
  const PointCloud p = cloud_on_line(rng, n, weights % 2 == 1);
  const PointCloud q = cloud_on_line(rng, m, weights / 2 == 1);
  const TransportBracket bracket = line_bracket(p, q);
  const Real exact = quantile_integral(p, q);
  CHECK(Real(bracket.squared_w2.lower) <= exact);
  CHECK(exact <= Real(bracket.squared_w2.upper));
  CHECK(bracket.squared_w2.width() <= 1e-13 * bracket.squared_w2.value);
  CHECK(bracket.squared_w2.grade == Grade::certified);
  CHECK(Real(bracket.w2.lower) <= sqrt(exact));
  CHECK(sqrt(exact) <= Real(bracket.w2.upper));
}

TEST_CASE("W2 on the line of a translate and of a dilate", "[distances][exact]") {
  Rng rng(83);
  const Matrix x = rng.normal_matrix(1, 5000);
  const Estimate translate = w2(PointCloud(x), PointCloud(Matrix(x.array() + 3.0)));
  CHECK(translate.value == Approx(3.0).epsilon(1e-14));
  const Estimate dilate = w2(PointCloud(x), PointCloud(Matrix(-2.0 * x.rowwise().reverse())));
  // x and −2x are coupled in opposite orders: Σ (x₍ₖ₎ + 2 x₍ₙ₊₁₋ₖ₎)² / n.
  std::vector<double> sorted(x.data(), x.data() + x.size());
  std::sort(sorted.begin(), sorted.end());
  double sum = 0.0;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    const double difference = sorted[k] + 2.0 * sorted[sorted.size() - 1 - k];
    sum += difference * difference;
  }
  CHECK(dilate.value == Approx(std::sqrt(sum / 5000.0)).epsilon(1e-13));
}

}  // namespace flowcheck::line_transport_test
