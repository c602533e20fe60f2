#include "measures/pixel_mixture.hpp"

#include "measures/data_file.hpp"
#include "measures/pgm.hpp"
#include "numerics/confidence.hpp"
#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace flowcheck::pixel_mixture_test {

namespace {

GaussianMixture read_mask(const std::string& name) {
  const std::string path = data_file("masks/" + name);
  return pixel_mixture(parse_pgm(read_text_file(path, InputLimits{}.data_bytes), path));
}

}  // namespace

TEST_CASE("pixel_mixture puts rows upwards and columns to the right", "[measures][exact]") {
  Matrix grey = Matrix::Zero(3, 5);
  grey(0, 1) = 1.0;  // lowest row
  grey(2, 4) = 3.0;
  const GaussianMixture p = pixel_mixture(grey);
  REQUIRE(p.size() == 2);
  CHECK(p.weights() == Eigen::Vector2d(0.25, 0.75));
  CHECK(p.means().col(0) == Eigen::Vector2d(-2.0, -4.0));
  CHECK(p.means().col(1) == Eigen::Vector2d(4.0, 4.0));
  const Matrix expected = Eigen::Vector2d(16.0 / 25.0, 16.0 / 9.0).asDiagonal();
  CHECK((p.covariance(0) - expected).norm() < 1e-15);
  CHECK(p.has_common_covariance());
}

TEST_CASE("rose and tree have the moments and the entropy they were published with",
          "[measures][reference]") {
  struct Published {
    std::string name;
    double gaussian;  // ½ log det(2πe Σ), three decimals
    double entropy;   // from 400 000 draws
    double entropy_error;
  };
  const auto published = GENERATE(values<Published>(
      {{"mask_rose.pgm", 3.776, 2.4859, 0.0009}, {"mask_tree.pgm", 3.897, 1.9519, 0.0007}}));
  const GaussianMixture p = read_mask(published.name);
  const double gaussian = std::log(2.0 * M_PI * std::exp(1.0)) +
                          0.5 * std::log(p.covariance()(0, 0) * p.covariance()(1, 1) -
                                         p.covariance()(0, 1) * p.covariance()(1, 0));
  CHECK(std::abs(gaussian - published.gaussian) <= 0.0005);

  Rng rng(11);
  const Vector log_densities = p.log_densities(sample(p, 2000, rng));
  const std::vector<double> surprise(log_densities.begin(), log_densities.end());
  const Estimate entropy = -sample_mean(surprise, 1e-6);
  CAPTURE(entropy.value, entropy.lower, entropy.upper);
  CHECK(entropy.lower <= published.entropy + published.entropy_error);
  CHECK(entropy.upper >= published.entropy - published.entropy_error);
  CHECK(entropy.width() < 0.3);  // it would tell them from each other
}

TEST_CASE("pixel_mixture refuses what is no picture", "[measures][precondition]") {
  CHECK_THROWS_AS(pixel_mixture(Matrix::Ones(1, 5)), std::invalid_argument);
  CHECK_THROWS_AS(pixel_mixture(Matrix::Ones(5, 1)), std::invalid_argument);
  CHECK_THROWS_AS(pixel_mixture(Matrix::Zero(3, 3)), std::invalid_argument);
  CHECK_THROWS_AS(pixel_mixture(-Matrix::Ones(3, 3)), std::invalid_argument);
  Matrix grey = Matrix::Ones(2, 2);
  grey(1, 1) = NAN;
  CHECK_THROWS_AS(pixel_mixture(grey), std::invalid_argument);
}

}  // namespace flowcheck::pixel_mixture_test
