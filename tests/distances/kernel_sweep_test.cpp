#include "distances/kernel_sweep.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace flowcheck::kernel_sweep_test {

namespace {

// The same sum in the same order, one number at a time.
double dot_by_hand(const Vector& a, const Vector& b) {
  std::array<std::array<double, 8>, 4> sums = {};
  Index i = 0;
  for (; i + 32 <= a.size(); i += 32) {
    for (std::size_t k = 0; k < 32; ++k) {
      sums[k / 8][k % 8] += a(i + static_cast<Index>(k)) * b(i + static_cast<Index>(k));
    }
  }
  for (; i + 8 <= a.size(); i += 8) {
    for (std::size_t k = 0; k < 8; ++k) {
      sums[0][k] += a(i + static_cast<Index>(k)) * b(i + static_cast<Index>(k));
    }
  }
  std::array<double, 8> s = {};
  for (std::size_t k = 0; k < 8; ++k) s[k] = (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]);
  double total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  for (; i < a.size(); ++i) total += a(i) * b(i);
  return total;
}

}  // namespace

TEST_CASE("The wide loops have the plain loops' bits", "[distances][exact]") {
  const auto count =
      GENERATE(Index{0}, Index{1}, Index{7}, Index{8}, Index{31}, Index{33}, Index{515});
  const VectorForm form = GENERATE(VectorForm::portable, VectorForm::avx2, VectorForm::avx512);
  CAPTURE(count, to_string(form));
  if (!is_supported(form)) return;
  const KernelSweep loops = kernel_sweep(form);
  Rng rng(3, static_cast<std::uint64_t>(count));
  const Vector a = rng.normal_vector(count);
  const Vector b = rng.normal_vector(count);
  CHECK(loops.dot(a.data(), b.data(), count) == dot_by_hand(a, b));

  Vector sum = b;
  loops.add_scaled(0.3, a.data(), sum.data(), count);
  for (Index i = 0; i < count; ++i) CHECK(sum(i) == b(i) + 0.3 * a(i));

  const Vector x = rng.normal_vector(3);
  const Matrix y = rng.normal_matrix(count, 3);
  Vector distances(count);
  loops.squared_distances(x.data(), 3, y.data(), distances.data(), count);
  for (Index j = 0; j < count; ++j) {
    const auto square = [&](Index k) { return (x(k) - y(j, k)) * (x(k) - y(j, k)); };
    CHECK(distances(j) == (square(0) + square(1)) + square(2));
  }
}

}  // namespace flowcheck::kernel_sweep_test
