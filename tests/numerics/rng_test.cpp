#include "numerics/rng.hpp"

#include "support/estimates.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <vector>

namespace flowcheck::rng_test {

TEST_CASE("Philox4x64-10 gives Random123's known answers", "[numerics][reference]") {
  // kat_vectors of Random123 [Salmon2011]: counter, key, result.
  const r123::Philox4x64 philox;
  const auto zeros = philox({{0, 0, 0, 0}}, {{0, 0}});
  CHECK(zeros[0] == 0x16554d9eca36314c);
  CHECK(zeros[1] == 0xdb20fe9d672d0fdc);
  CHECK(zeros[2] == 0xd7e772cee186176b);
  CHECK(zeros[3] == 0x7e68b68aec7ba23b);
  constexpr std::uint64_t ones = ~std::uint64_t{0};
  const auto full = philox({{ones, ones, ones, ones}}, {{ones, ones}});
  CHECK(full[0] == 0x87b092c3013fe90b);
  CHECK(full[1] == 0x438c3c67be8d0224);
  CHECK(full[2] == 0x9cc7d7c69cd777b6);
  CHECK(full[3] == 0xa09caebf594f0ba0);
}

TEST_CASE("Rng is that generator, counted from zero under the key (seed, stream)",
          "[numerics][reference]") {
  Rng rng(0, 0);
  CHECK(rng.bits() == 0x16554d9eca36314c);
  CHECK(rng.bits() == 0xdb20fe9d672d0fdc);
  CHECK(rng.bits() == 0xd7e772cee186176b);
  CHECK(rng.bits() == 0x7e68b68aec7ba23b);
  const auto second = r123::Philox4x64()({{1, 0, 0, 0}}, {{0, 0}});
  CHECK(rng.bits() == second[0]);
}

TEST_CASE("streams replay alone and differ from each other", "[numerics][property]") {
  Rng a(5, 1);
  Rng b(5, 1);
  Rng other_stream(5, 2);
  Rng other_seed(6, 1);
  const Vector x = a.normal_vector(9);
  CHECK(x == b.normal_vector(9));
  CHECK(x != other_stream.normal_vector(9));
  CHECK(x != other_seed.normal_vector(9));
  CHECK(derive_seed(1, "JKO-11", 0) != derive_seed(1, "JKO-11", 1));
  CHECK(derive_seed(1, "JKO-11", 0) != derive_seed(1, "JKO-12", 0));
  CHECK(derive_seed(1, "JKO-11", 0) != derive_seed(2, "JKO-11", 0));
  CHECK(derive_seed(1, "JKO-11", 3) == derive_seed(1, "JKO-11", 3));
}

TEST_CASE("uniforms and normals have their moments within five standard errors",
          "[numerics][property]") {
  constexpr int n = 400'000;
  Rng rng(3);
  std::vector<double> uniform(4, 0.0);
  std::vector<double> normal(5, 0.0);
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform();
    const double z = rng.normal();
    REQUIRE(u >= 0.0);
    REQUIRE(u < 1.0);
    for (std::size_t k = 1; k < uniform.size(); ++k)
      uniform[k] += std::pow(u, static_cast<double>(k)) / n;
    for (std::size_t k = 1; k < normal.size(); ++k)
      normal[k] += std::pow(z, static_cast<double>(k)) / n;
  }
  // Standard error of a mean of f is √(Var f / n); moments of U are 1/(k + 1), of Z 0, 1, 0, 3.
  for (std::size_t k = 1; k < uniform.size(); ++k) {
    const double kk = static_cast<double>(k);
    const double variance = 1.0 / (2.0 * kk + 1.0) - 1.0 / ((kk + 1.0) * (kk + 1.0));
    CHECK_THAT(uniform[k],
               Catch::Matchers::WithinAbs(1.0 / (kk + 1.0), 5.0 * std::sqrt(variance / n)));
  }
  const std::vector<double> expected = {1.0, 0.0, 1.0, 0.0, 3.0};
  const std::vector<double> variance = {0.0, 1.0, 2.0, 15.0, 96.0};
  for (std::size_t k = 1; k < normal.size(); ++k) {
    CHECK_THAT(normal[k],
               Catch::Matchers::WithinAbs(expected[k], 5.0 * std::sqrt(variance[k] / n)));
  }
}

TEST_CASE("normals follow Φ: a Kolmogorov–Smirnov test at level 1e-6", "[numerics][property]") {
  constexpr int n = 100'000;
  Rng rng(4);
  std::vector<double> z(n);
  for (double& value : z) value = rng.normal();
  std::sort(z.begin(), z.end());
  double distance = 0.0;
  for (int i = 0; i < n; ++i) {
    const double cdf = 0.5 * std::erfc(-z[static_cast<std::size_t>(i)] / std::sqrt(2.0));
    distance =
        std::max({distance, std::abs(cdf - i / double{n}), std::abs(cdf - (i + 1) / double{n})});
  }
  CHECK(distance * std::sqrt(double{n}) < std::sqrt(0.5 * std::log(2.0 / 1e-6)));
}

TEST_CASE("uniform_index is uniform and stays in range", "[numerics][property]") {
  Rng rng(2);
  std::vector<int> count(7, 0);
  for (int i = 0; i < 70'000; ++i) ++count[static_cast<std::size_t>(rng.uniform_index(7))];
  for (const int c : count) CHECK(std::abs(c - 10'000) < 5.0 * std::sqrt(10'000.0 * 6.0 / 7.0));
  CHECK_THROWS_AS(rng.uniform_index(0), std::invalid_argument);
  CHECK_THROWS_AS(rng.log_uniform(0.0, 1.0), std::invalid_argument);
  const double x = rng.log_uniform(1e-3, 1e3);
  CHECK(x >= 1e-3);
  CHECK(x <= 1e3);
}

}  // namespace flowcheck::rng_test
