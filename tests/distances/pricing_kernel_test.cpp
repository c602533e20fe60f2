#include "distances/pricing_kernel.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

namespace flowcheck::pricing_kernel_test {

namespace {

struct Priced {
  std::vector<PricedArc> arcs = {};
  std::vector<std::int32_t> counts = {};
};

Priced run(const Matrix& x,
           const PricedPoints& y,
           const Vector& thresholds,
           double factor,
           Index most,
           VectorForm form) {
  Priced result{.arcs = std::vector<PricedArc>(static_cast<std::size_t>(x.cols() * most)),
                .counts = std::vector<std::int32_t>(static_cast<std::size_t>(x.cols()))};
  least_priced(x.data(), x.cols(), y, thresholds.data(), factor, most, result.arcs.data(),
               result.counts.data(), form);
  return result;
}

constexpr std::array all_forms = {VectorForm::portable, VectorForm::avx2, VectorForm::avx512};

// All prices in order, one operation after the other.
std::vector<double> sorted_prices(
    const Matrix& x, Index i, const Matrix& y, const Vector& v, double factor) {
  std::vector<double> prices;
  for (Index j = 0; j < y.cols(); ++j) {
    double cost = 0.0;
    for (Index k = 0; k < x.rows(); ++k) {
      const double difference = x(k, i) - y(k, j);
      cost += difference * difference;
    }
    prices.push_back(factor * cost - v(j));
  }
  std::sort(prices.begin(), prices.end());
  return prices;
}

}  // namespace

TEST_CASE("least_priced finds the least prices, to the last bit in every form",
          "[distances][reference]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{3}, Index{7});
  const auto m = GENERATE(Index{1}, Index{8}, Index{41}, Index{300});
  const auto most = GENERATE(Index{1}, Index{4});
  CAPTURE(d, m, most);
  Rng rng(71, static_cast<std::uint64_t>((d * 1000 + m) * 10 + most));
  const Index n = 11;  // no multiple of the rows done at once
  const Matrix x = rng.normal_matrix(d, n);
  Matrix y = rng.normal_matrix(d, m);
  Vector v = rng.normal_vector(m);
  for (Index j = 0; j + 1 < m; j += 3) {  // ties
    y.col(j + 1) = y.col(j);
    v(j + 1) = v(j);
  }
  PricedPoints targets(y);
  for (Index j = 0; j < m; ++j) targets.set_potential(j, v(j));
  Vector thresholds = Vector::Constant(n, infinity);
  thresholds(3) = 0.5;
  thresholds(4) = -infinity;
  const double factor = 1.0 - 0x1p-50;

  const Priced portable = run(x, targets, thresholds, factor, most, VectorForm::portable);
  for (Index i = 0; i < n; ++i) {
    const std::vector<double> prices = sorted_prices(x, i, y, v, factor);
    const auto below =
        std::lower_bound(prices.begin(), prices.end(), thresholds(i)) - prices.begin();
    REQUIRE(portable.counts[static_cast<std::size_t>(i)] == std::min<Index>(below, most));
    for (std::int32_t r = 0; r < portable.counts[static_cast<std::size_t>(i)]; ++r) {
      const auto place = static_cast<std::size_t>(i * most + r);
      CHECK(portable.arcs[place].value == prices[static_cast<std::size_t>(r)]);
    }
  }
  for (const VectorForm form : all_forms) {
    if (!is_supported(form)) continue;
    CAPTURE(to_string(form));
    const Priced wide = run(x, targets, thresholds, factor, most, form);
    CHECK(wide.counts == portable.counts);
    for (std::size_t k = 0; k < wide.arcs.size(); ++k) {
      CHECK(wide.arcs[k].value == portable.arcs[k].value);
      CHECK(wide.arcs[k].to == portable.arcs[k].to);
    }
  }
}

TEST_CASE("least_priced refuses a vector form that is not this processor's",
          "[distances][precondition]") {
  const Matrix points{{0.0, 1.0}};
  const PricedPoints targets(points);
  const Vector thresholds = Vector::Constant(2, infinity);
  for (const VectorForm form : all_forms) {
    CAPTURE(to_string(form));
    if (is_supported(form)) {
      CHECK_NOTHROW(run(points, targets, thresholds, 1.0, 1, form));
    } else {
      CHECK_THROWS_AS(run(points, targets, thresholds, 1.0, 1, form), std::invalid_argument);
    }
  }
  CHECK_THROWS_AS(run(points, targets, thresholds, 1.0, 1, static_cast<VectorForm>(17)),
                  std::invalid_argument);
}

}  // namespace flowcheck::pricing_kernel_test
