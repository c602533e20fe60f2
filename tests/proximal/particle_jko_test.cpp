#include "proximal/particle_jko.hpp"

#include "distances/transport.hpp"
#include "measures/kernel_density.hpp"
#include "measures/moment_fit.hpp"
#include "measures/random_gaussian.hpp"
#include "proximal/jko_step.hpp"
#include "support/estimates.hpp"

#include <tbb/global_control.h>

#include <cmath>
#include <vector>

namespace flowcheck::particle_jko_test {

namespace {

constexpr double gamma = 0.5;

// V = |x|²/2 + Σ x⁴/4.
PointPotential quartic_potential() {
  return {.value =
              [](const Vector& x) { return 0.5 * x.squaredNorm() + 0.25 * x.array().pow(4).sum(); },
          .gradient = [](const Vector& x) -> Vector { return x.array() + x.array().cube(); }};
}

// F of the header, put together from other parts of the library.
double objective(const Matrix& x, const Matrix& y, const PointPotential& V, double h) {
  double sum = squared_w2(PointCloud(x), PointCloud(y)).value / (2.0 * gamma);
  sum += KernelDensity::isotropic(y, h).log_density(y).mean();
  for (Index i = 0; i < y.cols(); ++i) sum += V.value(y.col(i)) / static_cast<double>(y.cols());
  return sum;
}

}  // namespace

TEST_CASE("particle_jko_step moves the mean as the exact step, in any dimension",
          "[proximal][exact]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5});
  const auto h = GENERATE(0.0, 0.3);
  CAPTURE(d, h);
  Rng rng(1, static_cast<std::uint64_t>(d));
  const Gaussian q = random_gaussian(rng, d, {.smallest_variance = 0.5});
  const Matrix x = sample(random_gaussian(rng, d), 60, rng);
  const ParticleJkoOptions options{.kernel_variance = h};
  const ParticleJkoResult step = particle_jko_step(x, gaussian_potential(q), gamma, options);
  CHECK(step.termination == Termination::converged);
  // The mean of the gradients is A(m' − μ) + (m' − m)/γ, of curvature 1/γ at least.
  const Vector exact = jko_step(moment_fit(x), q, gamma).mean();
  CHECK((step.points.rowwise().mean() - exact).norm() <= gamma * options.gradient_tolerance);
}

TEST_CASE("particle_jko_step balances force and displacement of a quartic potential",
          "[proximal][exact]") {
  const Matrix x = Rng(2).normal_matrix(2, 60).array() + 1.0;
  const PointPotential V = quartic_potential();
  const ParticleJkoOptions options{.kernel_variance = 0.1};
  const ParticleJkoResult step = particle_jko_step(x, V, gamma, options);
  CHECK(step.termination == Termination::converged);
  Vector force = Vector::Zero(2);
  for (Index i = 0; i < 60; ++i) force += V.gradient(step.points.col(i)) / 60.0;
  const Vector displacement = (step.points - x).rowwise().mean() / gamma;
  CHECK((force + displacement).norm() <= options.gradient_tolerance);
}

TEST_CASE("particle_jko_step's variance approaches the exact step's", "[proximal][order]") {
  // The average relative error of the trace, with Scott's kernels: 7, 3 and 2 per cent.
  const Gaussian q = Gaussian::standard(2);
  const Gaussian p(Vector{{1.0, 2.0}}, Matrix{{2.0, 0.5}, {0.5, 1.0}});
  const auto error = [&](Index n, int repeats) {
    double sum = 0.0;
    for (int k = 0; k < repeats; ++k) {
      Rng rng(3, static_cast<std::uint64_t>(k));
      const Matrix x = sample(p, n, rng);
      const Matrix exact = jko_step(moment_fit(x), q, gamma).covariance();
      const ParticleJkoResult step = particle_jko_step(x, gaussian_potential(q), gamma);
      sum += moment_fit(step.points).covariance().trace() / exact.trace() - 1.0;
    }
    return sum / repeats;
  };
  const double coarse = std::abs(error(40, 8));
  const double middle = std::abs(error(160, 2));
  const double fine = std::abs(error(400, 1));
  CAPTURE(coarse, middle, fine);
  CHECK(coarse < 0.1);
  CHECK(middle < 0.7 * coarse);
  CHECK(fine < 0.7 * middle);
}

TEST_CASE("particle_jko_step has the objective it says, and no step beside it is lower",
          "[proximal][exact]") {
  const double h = 0.2;
  const Matrix x = Rng(4).normal_matrix(2, 50).array() + 1.0;
  const PointPotential V = quartic_potential();
  const ParticleJkoResult step = particle_jko_step(x, V, gamma, {.kernel_variance = h});
  CHECK_THAT(step.objective.value, WithinRoundOff(objective(x, step.points, V, h), 50, 10.0));
  CHECK_THAT(step.start_objective.value, WithinRoundOff(objective(x, x, V, h), 50, 10.0));
  CHECK(step.objective.upper < step.start_objective.lower);
  CHECK_THAT(step.squared_w2, Encloses((step.points - x).colwise().squaredNorm().mean()));

  Rng rng(5);
  for (const double size : {1e-3, 1e-2, 0.1}) {
    for (int k = 0; k < 5; ++k) {
      const Matrix beside = step.points + size * rng.normal_matrix(2, 50);
      CHECK(objective(x, beside, V, h) > step.objective.upper);
    }
  }
}

TEST_CASE("particle_jko_step gives each point its optimal partner", "[proximal][property]") {
  // Kernels narrow enough for points to pass each other: the first assignment is not the last.
  const Matrix x = Rng(6).normal_matrix(2, 120);
  const ParticleJkoResult step = particle_jko_step(x, gaussian_potential(Gaussian::standard(2)),
                                                   gamma, {.kernel_variance = 0.02});
  CHECK(step.termination == Termination::converged);
  CHECK(step.assignments > 1);
  for (const TransportArc& arc : optimal_transport(PointCloud(x), PointCloud(step.points)).plan) {
    CHECK(arc.from == arc.to);
  }
}

TEST_CASE("particle_jko_step gives the same bytes for any order of the points and on any threads",
          "[proximal][property]") {
  const Matrix x = Rng(7).normal_matrix(3, 70);
  const PointPotential V = gaussian_potential(Gaussian::standard(3));
  const ParticleJkoResult step = particle_jko_step(x, V, gamma);
  std::vector<Index> order(70);
  for (Index i = 0; i < 70; ++i) order[static_cast<std::size_t>(i)] = (29 * i + 5) % 70;
  const ParticleJkoResult turned = particle_jko_step(x(Eigen::all, order), V, gamma);
  CHECK(turned.points == step.points(Eigen::all, order));
  CHECK(turned.error.squared.value == step.error.squared.value);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(particle_jko_step(x, V, gamma).points == step.points);
}

TEST_CASE("particle_jko_step says where it stopped", "[proximal][property]") {
  const Matrix x = Rng(8).normal_matrix(2, 40);
  const PointPotential V = gaussian_potential(Gaussian::standard(2));
  const ParticleJkoResult cut = particle_jko_step(x, V, gamma, {.max_iterations = 2});
  CHECK(cut.termination == Termination::iteration_limit);
  CHECK(cut.gradient_norm > ParticleJkoOptions{}.gradient_tolerance);
  CHECK(cut.objective.upper < cut.start_objective.lower);  // and still no worse than the start
}

TEST_CASE("particle_jko_step refuses what has no step", "[proximal][precondition]") {
  const PointPotential V = gaussian_potential(Gaussian::standard(2));
  const Matrix good = Rng(9).normal_matrix(2, 10);
  const auto step = [&](const Matrix& x, double size, const ParticleJkoOptions& options) {
    return particle_jko_step(x, V, size, options);
  };
  CHECK_THROWS_AS(step(good, 0.0, {}), std::invalid_argument);
  CHECK_THROWS_AS(step(good, std::nan(""), {}), std::invalid_argument);
  CHECK_THROWS_AS(step(good, gamma, {.kernel_variance = -1.0}), std::invalid_argument);
  CHECK_THROWS_AS(step(good, gamma, {.gradient_tolerance = 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(step(good, gamma, {.largest_count = 9}), std::invalid_argument);
  CHECK_THROWS_AS(step(good.leftCols(3), gamma, {}), std::invalid_argument);
  CHECK_THROWS_AS(step(good.topRows(1), gamma, {}), std::invalid_argument);
  const Matrix flat = Matrix{{1.0}, {2.0}} * good.topRows(1);
  CHECK_THROWS_AS(step(flat, gamma, {}), std::invalid_argument);
  Matrix bad = good;
  bad(0, 3) = std::nan("");
  CHECK_THROWS_AS(step(bad, gamma, {}), std::invalid_argument);
  PointPotential walled = V;
  walled.value = [](const Vector&) { return infinity; };
  CHECK_THROWS_AS(particle_jko_step(good, walled, gamma), std::invalid_argument);
}

}  // namespace flowcheck::particle_jko_test
