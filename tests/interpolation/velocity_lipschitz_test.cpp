#include "interpolation/velocity_lipschitz.hpp"

#include "interpolation/velocity.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/posterior_moments.hpp"
#include "numerics/rng.hpp"
#include "numerics/spd.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck::velocity_lipschitz_test {

namespace {

DataLawPointer mixture(const Matrix& centres, const Vector& weights, double sigma) {
  return data_law(GaussianMixture::isotropic(weights, centres, sigma * sigma));
}

double jacobian_at(const DataLaw& law, const Schedule& schedule, double t, const Vector& x) {
  return largest_eigenpair(velocity_jacobian(law, schedule, FlowTime::from_start(t), x).value)
      .value;
}

// Where the first of two components has posterior weight ½, across the ray to x from it.
Vector even_odds_across(const GaussianMixture& p, double b, double a, const Vector& x) {
  const Vector across{{-x(1) / x.norm(), x(0) / x.norm()}};
  const auto weight = [&](double shift) {
    return posterior_weights(p, b, a, x + shift * across)(0);
  };
  double low = -100.0;
  double high = 100.0;
  if (weight(low) > weight(high)) std::swap(low, high);
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (weight(middle) < 0.5 ? low : high) = middle;
  }
  return x + low * across;
}

}  // namespace

TEST_CASE("A Gaussian's velocity has the printed constants over the linear schedule",
          "[interpolation][reference]") {
  // GIF-17: the maximum over t is (1 + κ)/(2√κ) for κ ≤ 1, at t_c + w; the minimum likewise.
  const auto largest = [](double kappa) {
    const DataLawPointer law =
        data_law(Gaussian(Vector::Zero(1), Matrix::Constant(1, 1, 1.0 / kappa)));
    const double t = (kappa + std::sqrt(kappa)) / (1.0 + kappa);
    return velocity_lipschitz(*law, linear_schedule(), FlowTime::from_start(t)).largest.value;
  };
  CHECK_THAT(largest(0.25), Encloses(1.25));
  CHECK_THAT(largest(0.01), Encloses(5.05));
  const DataLawPointer narrow = data_law(Gaussian(Vector::Zero(1), Matrix::Constant(1, 1, 0.25)));
  const VelocityLipschitz at =
      velocity_lipschitz(*narrow, linear_schedule(), FlowTime::from_start(0.8 - 0.4));
  CHECK_THAT(at.smallest.value, Encloses(-1.25));
  CHECK_THAT(at.constant(), Encloses(1.25));
}

TEST_CASE("Two points blow up as printed, a mixture does not", "[interpolation][reference]") {
  const DataLawPointer points = mixture(Matrix{{-1.0, 1.0}}, Vector{{0.5, 0.5}}, 0.0);
  const auto linear = [&](double tau) {
    return velocity_lipschitz(*points, linear_schedule(), FlowTime::from_end(tau))
        .largest.value.value;
  };
  // GIF-18: D²/τ³ less the rest.
  CHECK_THAT(linear(0.1), WithinPrinted(890.0, 0));
  CHECK(linear(0.01) == Approx(9.9e5).epsilon(1e-3));
  CHECK(linear(0.001) == Approx(9.99e8).epsilon(1e-3));
  const auto foellmer = [&](double tau) {
    return velocity_lipschitz(*points, foellmer_schedule(), FlowTime::from_end(tau))
        .largest.value.value;
  };
  CHECK(foellmer(0.1) == Approx(20.2).epsilon(5e-3));
  CHECK(foellmer(0.01) == Approx(2.45e3).epsilon(5e-3));
  const DataLawPointer smooth = mixture(Matrix{{-1.0, 1.0}}, Vector{{0.5, 0.5}}, 0.5);
  double most = 0.0;
  for (const double tau : {0.5, 0.1, 0.01, 1e-4, 1e-8, 0.0}) {
    const VelocityLipschitz at =
        velocity_lipschitz(*smooth, foellmer_schedule(), FlowTime::from_end(tau));
    most = std::max(most, at.largest.value.upper);
  }
  // 1 − κ, κ = 1/σ² − R²/σ⁴, at the end itself: aΔ does not vanish there.
  CHECK(most == Approx(13.0).epsilon(1e-12));
}

TEST_CASE("The cusp's velocity on Föllmer's schedule is the printed one",
          "[interpolation][reference]") {
  const DataLawPointer cusp = cusp_data(1.0);
  const auto at = [&](double tau) {
    return velocity_lipschitz(*cusp, foellmer_schedule(), FlowTime::from_end(tau)).largest.value;
  };
  CHECK_THAT(at(0.1).value, WithinPrinted(2.02, 2));
  CHECK_THAT(at(0.01).value, WithinPrinted(5.97, 2));
  CHECK_THAT(at(0.001).value, WithinPrinted(18.2, 1));
  // Attained: the envelope's end is the value itself.
  CHECK(at(0.01).upper == Approx(at(0.01).value).epsilon(1e-9));
}

TEST_CASE("Where the velocity is a gradient of any widths its constants are enclosed",
          "[interpolation][property]") {
  const Matrix shape{{0.3, 0.1}, {0.1, 0.2}};
  const Matrix plane{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}};
  const Vector weights{{0.2, 0.5, 0.3}};
  const std::vector<DataLawPointer> laws = {
      data_law(GaussianMixture(weights, plane.topRows(1),
                               {Matrix{{0.04}}, Matrix{{0.5}}, Matrix{{0.1}}})),
      data_law(GaussianMixture(weights, plane, {shape})),
      data_law(
          GaussianMixture(weights, plane, {2.0 * shape, Matrix{{0.1, 0.0}, {0.0, 0.3}}, shape})),
      data_law(GaussianMixture(Vector{{0.3, 0.7}}, plane.leftCols(2), {shape}))};
  Rng rng(6);
  for (const DataLawPointer& law : laws) {
    for (const Schedule& schedule : {linear_schedule(), foellmer_schedule()}) {
      for (const double t : {0.02, 0.5, 0.9, 1.0}) {
        CAPTURE(law->dimension(), schedule.name(), t);
        const VelocityLipschitz found = velocity_lipschitz(*law, schedule, FlowTime::from_start(t));
        CHECK(found.largest.value.grade >= Grade::converged);
        CHECK(found.largest.value.width() <= 1e-5 * (1.0 + std::abs(found.largest.value.value)));
        if (found.largest.place.size() > 0) {
          CHECK(jacobian_at(*law, schedule, t, found.largest.place) ==
                Approx(found.largest.value.value).epsilon(1e-9).margin(1e-9));
        }
        const auto shown = [&](const Vector& x) {
          return velocity_jacobian(*law, schedule, FlowTime::from_start(t), x).value;
        };
        for (int i = 0; i < 50; ++i) {
          const Vector x = 1.5 * rng.normal_vector(law->dimension());
          CHECK(largest_eigenpair(shown(x)).value <= found.largest.value.upper + 1e-10);
          CHECK(smallest_eigenpair(shown(x)).value >= found.smallest.value.lower - 1e-10);
        }
      }
    }
  }
}

TEST_CASE("Where no covariance is the widest the velocity has no Lipschitz constant",
          "[interpolation][exact]") {
  const Matrix wide{{1.0, 0.0}, {0.0, 0.25}};
  const Matrix high{{0.25, 0.0}, {0.0, 1.0}};
  const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{-0.5, 0.5}, {0.0, 0.2}}, {wide, high});
  const DataLawPointer law = data_law(p);
  for (const double t : {0.1, 0.5, 0.9}) {
    CAPTURE(t);
    const VelocityLipschitz found =
        velocity_lipschitz(*law, linear_schedule(), FlowTime::from_start(t));
    CHECK(found.largest.value.lower == infinity);
    CHECK(found.largest.value.grade == Grade::closed_form);
    CHECK(found.constant().lower == infinity);
    // Far out on either axis one of them is alone, and across it as narrow as any.
    const double narrowest = (1.0 - t) * (1.0 - t) + 0.25 * t * t;
    CHECK(found.smallest.value.grade == Grade::closed_form);
    CHECK_THAT(found.smallest.value, Encloses((1.0 - (1.0 - t) / narrowest) / t));
    // At even odds across the direction that is named eigenvalues grow with |x|².
    const Vector& e = found.largest.direction;
    REQUIRE(e.size() == 2);
    const auto growth = [&](double s) {
      const Vector x = even_odds_across(p, t, 1.0 - t, s * e);
      return jacobian_at(*law, linear_schedule(), t, x) / (s * s);
    };
    CHECK(growth(1e4) > 1e-5);
    CHECK(growth(1e4) == Approx(growth(1e3)).epsilon(0.05));
  }
  // The linear schedule ends without noise that moves: v(1, x) = x.
  const VelocityLipschitz end =
      velocity_lipschitz(*law, linear_schedule(), FlowTime::from_start(1.0));
  CHECK_THAT(end.largest.value, Encloses(1.0));
}

TEST_CASE("No place shows more than the enclosure, and its own place shows the value",
          "[interpolation][property]") {
  const std::vector<DataLawPointer> laws = {
      mixture(Matrix{{-1.0, 0.2, 1.5}}, Vector{{0.3, 0.3, 0.4}}, 0.4),
      mixture(Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, Vector{{0.2, 0.5, 0.3}}, 0.4),
      truncated_gaussian_data(-4.0, 1.0), cusp_data(-1.0)};
  Rng rng(5);
  for (const DataLawPointer& law : laws) {
    for (const Schedule& schedule : {linear_schedule(), trigonometric_schedule()}) {
      for (const double t : {0.1, 0.5, 0.9}) {
        CAPTURE(schedule.name(), t);
        const VelocityLipschitz found = velocity_lipschitz(*law, schedule, FlowTime::from_start(t));
        CHECK(jacobian_at(*law, schedule, t, found.largest.place) ==
              Approx(found.largest.value.value).epsilon(1e-6));
        CHECK(found.smallest.value.value < found.largest.value.value);
        for (int i = 0; i < 20; ++i) {
          const Vector x = 2.0 * rng.normal_vector(law->dimension());
          const double here = jacobian_at(*law, schedule, t, x);
          CHECK(here <=
                std::max(found.largest.value.upper, found.largest.value.value * (1.0 + 1e-6)));
          CHECK(here >= found.smallest.value.lower - 1e-12);
        }
      }
    }
  }
}

TEST_CASE("Points have no velocity at the end", "[interpolation][precondition]") {
  const DataLawPointer points = mixture(Matrix{{-1.0, 1.0}}, Vector{{0.5, 0.5}}, 0.0);
  CHECK_THROWS_AS(velocity_lipschitz(*points, linear_schedule(), FlowTime::from_start(1.0)),
                  std::invalid_argument);
  const Estimate start =
      velocity_lipschitz(*points, linear_schedule(), FlowTime::from_start(0.0)).largest.value;
  CHECK_THAT(start, Encloses(-1.0));
}

}  // namespace flowcheck::velocity_lipschitz_test
