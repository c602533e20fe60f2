#include "numerics/spd.hpp"

#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::spd_test {

TEST_CASE("spectral functions do what the scalar ones do", "[numerics][exact]") {
  const auto d = GENERATE(Index{1}, Index{3}, Index{12});
  CAPTURE(d);
  Rng rng(1, static_cast<std::uint64_t>(d));
  const Matrix G = rng.normal_matrix(d, d);
  const Matrix S = G * G.transpose() + Matrix::Identity(d, d);
  const SymmetricEigen eigen = symmetric_eigen(S);
  const Matrix root = spectral_function(eigen, [](double x) { return std::sqrt(x); });
  CHECK((root * root - S).norm() < 1e-13 * S.norm());
  CHECK((root - root.transpose()).norm() == 0.0);
  const Matrix inverse = spectral_function(eigen, [](double x) { return 1.0 / x; });
  CHECK((inverse * S - Matrix::Identity(d, d)).norm() < 1e-12);
  CHECK(smallest_eigenpair(S).value <= largest_eigenpair(S).value);
  const Eigenpair top = largest_eigenpair(S);
  CHECK((S * top.vector - top.value * top.vector).norm() < 1e-12 * top.value);
}

TEST_CASE("polar_factor is orthogonal and maximises the trace", "[numerics][property]") {
  const auto d = GENERATE(Index{1}, Index{4}, Index{40});
  CAPTURE(d);
  Rng rng(2, static_cast<std::uint64_t>(d));
  const Matrix A = rng.normal_matrix(d, d);
  const Matrix U = polar_factor(A);
  CHECK((U.transpose() * U - Matrix::Identity(d, d)).norm() < 1e-12);
  const Matrix H = U.transpose() * A;
  CHECK((H - H.transpose()).norm() < 1e-11);
  CHECK(smallest_eigenpair(symmetrised(H)).value > -1e-11);
}

TEST_CASE("decompositions refuse what is not square or not finite", "[numerics][precondition]") {
  CHECK_THROWS_AS(symmetric_eigen(Matrix::Zero(2, 3)), std::invalid_argument);
  CHECK_THROWS_AS(symmetric_eigen(Matrix::Constant(2, 2, std::nan(""))), std::invalid_argument);
  CHECK_THROWS_AS(polar_factor(Matrix::Zero(2, 3)), std::invalid_argument);
}

}  // namespace flowcheck::spd_test
