#include "proximal/plane_jko.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "proximal/jko_step.hpp"
#include "support/estimates.hpp"

#include <Eigen/LU>

#include <array>
#include <cmath>
#include <numbers>

namespace flowcheck::plane_jko_test {

namespace {

constexpr double pi = std::numbers::pi;

Gaussian gaussian(double x, double y, double xx, double xy, double yy) {
  return {Vector{{x, y}}, Matrix{{xx, xy}, {xy, yy}}};
}

// log p of a Gaussian with its gradient, written out: the grids ask for it a million times.
PlaneFunction log_density_of(const Gaussian& p) {
  const Matrix A = p.precision();
  const double x0 = p.mean()(0), y0 = p.mean()(1), a = A(0, 0), b = A(0, 1), c = A(1, 1);
  const double top = 0.5 * std::log(a * c - b * b) - std::log(2.0 * pi);
  return [=](double x, double y) {
    const double gx = -(a * (x - x0) + b * (y - y0));
    const double gy = -(b * (x - x0) + c * (y - y0));
    return PlaneValue{.value = top + 0.5 * (gx * (x - x0) + gy * (y - y0)), .dx = gx, .dy = gy};
  };
}

PlaneFunction potential_of(const Gaussian& q) {
  return [log_q = log_density_of(q)](double x, double y) {
    const PlaneValue f = log_q(x, y);
    return PlaneValue{.value = -f.value, .dx = -f.dx, .dy = -f.dy};
  };
}

void check_encloses(const PlaneJkoResult& step,
                    const Gaussian& p,
                    const Gaussian& exact,
                    const Gaussian& q) {
  CHECK(step.termination == Termination::converged);
  CHECK_THAT(step.mean[0], Encloses(exact.mean()(0)));
  CHECK_THAT(step.mean[1], Encloses(exact.mean()(1)));
  CHECK_THAT(step.covariance[0], Encloses(exact.covariance()(0, 0)));
  CHECK_THAT(step.covariance[1], Encloses(exact.covariance()(0, 1)));
  CHECK_THAT(step.covariance[2], Encloses(exact.covariance()(1, 1)));
  CHECK_THAT(step.kl, Encloses(kl(exact, q).value));
  CHECK_THAT(step.squared_w2, Encloses(squared_w2(p, exact).value));
}

// Two smooth functions whose even reflections are smooth.
PlaneFunction smooth_log_density() {
  return [](double x, double y) {
    return PlaneValue{.value = 0.5 * std::cos(pi * x) * std::cos(2.0 * pi * y),
                      .dx = -0.5 * pi * std::sin(pi * x) * std::cos(2.0 * pi * y),
                      .dy = -pi * std::cos(pi * x) * std::sin(2.0 * pi * y)};
  };
}

PlaneFunction smooth_potential() {
  return [](double x, double y) {
    return PlaneValue{.value = 0.7 * std::cos(pi * y) + 0.3 * std::cos(2.0 * pi * x),
                      .dx = -0.6 * pi * std::sin(2.0 * pi * x),
                      .dy = -0.7 * pi * std::sin(pi * y)};
  };
}

}  // namespace

TEST_CASE("plane_jko_step of Gaussians is the closed form, to 1e-5 at 64 cells a side",
          "[proximal][exact]") {
  const auto cells = GENERATE(Index{64}, Index{128});
  const auto floor = GENERATE(0.0, 1e-7);
  CAPTURE(cells, floor);
  const Gaussian p = gaussian(0.40, 0.45, 0.0064, 0.0, 0.0064);
  const Gaussian q = gaussian(0.55, 0.50, 0.01, 0.0, 0.01);
  const Gaussian exact = jko_step(p, q, 0.002);
  const PlaneJkoResult step = plane_jko_step(log_density_of(p), potential_of(q),
                                             {.cells = cells, .step_size = 0.002, .floor = floor});
  check_encloses(step, p, exact, q);
  CHECK(std::abs(step.mean[0].value - exact.mean()(0)) < 1e-5);
  CHECK(std::abs(std::sqrt(step.covariance[0].value) - std::sqrt(exact.covariance()(0, 0))) < 1e-5);
  // With a floor under q, W₂ of the two steps as well: γ times the slope that V loses by it.
  CHECK(step.mean[0].width() < (floor > 0.0 ? 1e-4 : 1e-5));
  CHECK(step.krylov_iterations <= 50 * step.newton_iterations);  // no linear problem is restarted
  // Where nearly all mass is, the density itself: its error there is φ's over γ.
  const PlaneFunction exact_log_density = log_density_of(exact);
  for (const double x : {0.3, 0.425, 0.55})
    CHECK(std::abs(step.log_density(x, 0.5).value - exact_log_density(x, 0.5).value) < 1e-4);
}

TEST_CASE("plane_jko_step follows covariances that do not commute", "[proximal][exact]") {
  // Axes turned by half a radian, deviations 0.09 and 0.045.
  const double c = std::cos(0.5), s = std::sin(0.5), a = 0.0081, b = 0.002025;
  const Gaussian p =
      gaussian(0.45, 0.5, c * c * a + s * s * b, c * s * (a - b), s * s * a + c * c * b);
  const Gaussian q = gaussian(0.52, 0.48, 0.01, 0.0, 0.0049);
  const PlaneJkoResult step =
      plane_jko_step(log_density_of(p), potential_of(q), {.cells = 128, .step_size = 0.002});
  const Gaussian exact = jko_step(p, q, 0.002);
  check_encloses(step, p, exact, q);
  CHECK(std::abs(step.covariance[1].value - exact.covariance()(0, 1)) < 1e-5);
}

TEST_CASE("plane_jko_step converges faster than any power where reflections are smooth",
          "[proximal][order]") {
  const auto at = [](Index cells) {
    return plane_jko_step(smooth_log_density(), smooth_potential(),
                          {.domain = PlaneDomain::rectangle,
                           .cells = cells,
                           .step_size = 0.05,
                           .floor = 0.0,
                           .residual_tolerance = 1e-11});
  };
  const PlaneJkoResult coarse = at(32);
  const PlaneJkoResult fine = at(64);
  CHECK(fine.termination == Termination::converged);
  CHECK(fine.outside_mass == 0.0);
  CHECK(std::abs(coarse.kl.value - fine.kl.value) < 1e-9);
  CHECK(std::abs(coarse.squared_w2.value - fine.squared_w2.value) < 1e-9);
  CHECK(std::abs(coarse.mean[0].value - fine.mean[0].value) < 1e-9);
  CHECK(std::abs(coarse.covariance[2].value - fine.covariance[2].value) < 1e-9);
  CHECK(fine.first_order_error.value < 1e-8);
}

TEST_CASE("plane_jko_step leaves the target where it is", "[proximal][property]") {
  const PlaneFunction V = smooth_potential();
  const PlaneFunction log_q = [V](double x, double y) {
    const PlaneValue v = V(x, y);
    return PlaneValue{.value = 3.0 - v.value, .dx = -v.dx, .dy = -v.dy};
  };
  const PlaneJkoResult step =
      plane_jko_step(log_q, V, {.domain = PlaneDomain::rectangle, .cells = 64, .step_size = 0.1});
  CHECK(std::abs(step.kl.value) < 1e-12);
  CHECK(step.squared_w2.value < 1e-20);
}

// C3 of the theory: choose p', a mixture, and V with a quartic part; then p' is the exact step from
// p = T_#p' with T = Id + γ∇log(p'/q), wherever DT is positive definite.
TEST_CASE("plane_jko_step recovers a manufactured step to a mixture under a quartic potential",
          "[proximal][reference]") {
  const double gamma = 0.002;
  struct Jet {
    double value;
    Eigen::Vector2d gradient;
    Eigen::Matrix2d hessian;
  };
  const auto mixture = [](const Eigen::Vector2d& x) {
    const std::array<double, 2> weights{0.6, 0.4};
    const std::array<Eigen::Vector2d, 2> means{Eigen::Vector2d(0.42, 0.45),
                                               Eigen::Vector2d(0.58, 0.56)};
    const std::array<double, 2> variances{0.0064, 0.0049};
    std::array<double, 2> log_part{};
    for (std::size_t k = 0; k < 2; ++k)
      log_part[k] = std::log(weights[k] / (2.0 * pi * variances[k])) -
                    0.5 * (x - means[k]).squaredNorm() / variances[k];
    const double top = std::max(log_part[0], log_part[1]);
    const double value = top + std::log(std::exp(log_part[0] - top) + std::exp(log_part[1] - top));
    Jet jet{value, Eigen::Vector2d::Zero(), Eigen::Matrix2d::Zero()};
    for (std::size_t k = 0; k < 2; ++k) {
      const double part = std::exp(log_part[k] - value);
      const Eigen::Vector2d g = -(x - means[k]) / variances[k];
      jet.gradient += part * g;
      jet.hessian += part * (g * g.transpose() - Eigen::Matrix2d::Identity() / variances[k]);
    }
    jet.hessian -= jet.gradient * jet.gradient.transpose();
    return jet;
  };
  const auto quartic = [](const Eigen::Vector2d& x) {
    const Eigen::Array2d d = x.array() - 0.5;
    Jet jet{(d.square() / 0.02 + d.square().square() / 8e-3).sum(),
            (d / 0.01 + d.cube() / 2e-3).matrix(),
            (1.0 / 0.01 + d.square() / (2e-3 / 3.0)).matrix().asDiagonal()};
    return jet;
  };
  const auto log_p = [&](double x, double y) {
    const Eigen::Vector2d image(x, y);
    Eigen::Vector2d z = image;
    Eigen::Matrix2d DT;
    for (int i = 0; i < 60; ++i) {
      const Jet f = mixture(z);
      const Jet v = quartic(z);
      DT = Eigen::Matrix2d::Identity() + gamma * (f.hessian + v.hessian);
      const Eigen::Vector2d gap = z + gamma * (f.gradient + v.gradient) - image;
      if (gap.norm() < 1e-14) break;
      z -= DT.inverse() * gap;
    }
    return mixture(z).value - std::log(DT.determinant());
  };
  const PlaneGrid samples({}, 128);
  const PlaneFunction current = interpolated(samples, samples.sample(log_p));
  const PlaneFunction potential = [&](double x, double y) {
    const Jet v = quartic({x, y});
    return PlaneValue{.value = v.value, .dx = v.gradient(0), .dy = v.gradient(1)};
  };
  const PlaneJkoResult step =
      plane_jko_step(current, potential, {.cells = 128, .step_size = gamma});
  CHECK(step.termination == Termination::converged);
  CHECK_THAT(step.mean[0], Encloses(0.6 * 0.42 + 0.4 * 0.58));
  CHECK_THAT(step.mean[1], Encloses(0.6 * 0.45 + 0.4 * 0.56));
  const double variance = 0.6 * 0.0064 + 0.4 * 0.0049 + 0.24 * 0.16 * 0.16;
  CHECK_THAT(step.covariance[0], Encloses(variance));
  CHECK_THAT(step.covariance[1], Encloses(0.24 * 0.16 * 0.11));
  CHECK(std::abs(step.mean[0].value - 0.484) < 1e-5);
  CHECK(std::abs(step.covariance[0].value - variance) < 1e-5);
  // W₂² = γ² I(p' | q), by the sum over the centres of p' itself.
  const PlaneGrid grid({}, 256);
  const PlaneArray integrand = grid.sample([&](double x, double y) {
    const Jet f = mixture({x, y});
    return std::exp(f.value) * (f.gradient + quartic({x, y}).gradient).squaredNorm();
  });
  CHECK_THAT(step.squared_w2, Encloses(gamma * gamma * integrand.sum() * grid.cell_area()));
  CHECK(step.first_order_error.value < 0.05);
}

TEST_CASE("a chain of plane_jko_step goes on from the density on the grid", "[proximal][exact]") {
  const Gaussian p = gaussian(0.40, 0.45, 0.0064, 0.0, 0.0064);
  const Gaussian q = gaussian(0.55, 0.50, 0.01, 0.0, 0.01);
  const PlaneJkoOptions options{.cells = 64, .step_size = 0.002};
  const PlaneJkoResult first = plane_jko_step(log_density_of(p), potential_of(q), options);
  const PlaneJkoResult second = plane_jko_step(first.log_density, potential_of(q), options);
  const Gaussian exact = jko_step(jko_step(p, q, 0.002), q, 0.002);
  CHECK(second.termination == Termination::converged);
  CHECK(std::abs(second.mean[0].value - exact.mean()(0)) < 1e-5);
  CHECK(std::abs(std::sqrt(second.covariance[0].value) - std::sqrt(exact.covariance()(0, 0))) <
        1e-5);
}

TEST_CASE("plane_jko_step on a rectangle moved and stretched is the step moved and stretched",
          "[proximal][property]") {
  // A7 of the theory: x = 2 + 3y takes V as it is and γ to 9γ.
  const auto moved = [](const PlaneFunction& f) {
    return [f](double x, double y) {
      const PlaneValue v = f((x - 2.0) / 3.0, (y + 1.0) / 3.0);
      return PlaneValue{.value = v.value, .dx = v.dx / 3.0, .dy = v.dy / 3.0};
    };
  };
  PlaneJkoOptions options{
      .domain = PlaneDomain::rectangle, .cells = 32, .step_size = 0.05, .floor = 0.0};
  options.residual_tolerance = 1e-11;
  const PlaneJkoResult here = plane_jko_step(smooth_log_density(), smooth_potential(), options);
  options.rectangle = {.left = 2.0, .right = 5.0, .bottom = -1.0, .top = 2.0};
  options.step_size *= 9.0;
  const PlaneJkoResult there =
      plane_jko_step(moved(smooth_log_density()), moved(smooth_potential()), options);
  CHECK(std::abs(here.kl.value - there.kl.value) < 1e-10);
  CHECK(std::abs(9.0 * here.squared_w2.value - there.squared_w2.value) < 1e-10);
  CHECK(std::abs(2.0 + 3.0 * here.mean[0].value - there.mean[0].value) < 1e-10);
}

TEST_CASE("plane_jko_step encloses the closed form where much of p' lies on the target's floor",
          "[proximal][control]") {
  // q a quarter as wide as p: a twentieth of p' is where q is below the floor of 1e-7, and KL is a
  // quarter too small for it.
  const Gaussian p = gaussian(0.5, 0.5, 0.0121, 0.0, 0.0121);
  const Gaussian q = gaussian(0.5, 0.5, 7.5625e-4, 0.0, 7.5625e-4);
  const PlaneJkoOptions options{.cells = 64, .step_size = 7.5e-5};
  const PlaneJkoResult step = plane_jko_step(log_density_of(p), potential_of(q), options);
  const Gaussian exact = jko_step(p, q, options.step_size);
  check_encloses(step, p, exact, q);
  CHECK(step.kl.value < 0.9 * kl(exact, q).value);
}

TEST_CASE("plane_jko_step that is stopped early says so, in ε as in its word",
          "[proximal][control]") {
  const Gaussian p = gaussian(0.40, 0.45, 0.0064, 0.0, 0.0064);
  const Gaussian q = gaussian(0.55, 0.50, 0.01, 0.0, 0.01);
  PlaneJkoOptions options{.cells = 64, .step_size = 0.002};
  const PlaneJkoResult solved = plane_jko_step(log_density_of(p), potential_of(q), options);
  options.max_newton_iterations = 1;
  const PlaneJkoResult stopped = plane_jko_step(log_density_of(p), potential_of(q), options);
  CHECK(stopped.termination == Termination::iteration_limit);
  CHECK(stopped.mean[0].width() == infinity);
  CHECK(stopped.first_order_error.lower > 10.0 * solved.first_order_error.upper);
}

TEST_CASE("PlaneGrid differentiates its series exactly", "[proximal][exact]") {
  const PlaneGrid grid({.left = -1.0, .right = 2.0, .bottom = 1.0, .top = 3.0}, 16);
  const double a = 2.0 * pi / 3.0, b = 1.5 * pi;  // k = 2 and l = 3
  const auto at = [&](auto f) {
    return grid.sample([&](double x, double y) { return f(a * (x + 1.0), b * (y - 1.0)); });
  };
  const PlaneArray f = at([](double s, double t) { return std::cos(s) * std::cos(t); });
  const PlaneDerivatives d = grid.derivatives(grid.coefficients(f));
  const auto gap = [](const PlaneArray& u, const PlaneArray& v) {
    return (u - v).abs().maxCoeff();
  };
  CHECK(gap(grid.values(grid.coefficients(f)), f) < 1e-14);
  CHECK(gap(d.value, f) < 1e-14);
  CHECK(gap(d.dx, at([&](double s, double t) { return -a * std::sin(s) * std::cos(t); })) < 1e-12);
  CHECK(gap(d.dy, at([&](double s, double t) { return -b * std::cos(s) * std::sin(t); })) < 1e-12);
  CHECK(gap(d.dxx, -a * a * f) < 1e-11);
  CHECK(gap(d.dyy, -b * b * f) < 1e-11);
  CHECK(gap(d.dxy, at([&](double s, double t) { return a * b * std::sin(s) * std::sin(t); })) <
        1e-11);
}

TEST_CASE("interpolated grid functions have order 8, up to the sides", "[proximal][order]") {
  const auto f = [](double x, double y) { return std::exp(x) * std::sin(3.0 * y); };
  const auto largest_error = [&](Index cells) {
    const PlaneGrid grid({}, cells);
    const PlaneFunction g = interpolated(grid, grid.sample(f));
    double error = 0.0;
    for (const double x : {0.0, 0.013, 0.29, 0.731, 1.0})
      for (const double y : {0.0, 0.021, 0.47, 0.887, 1.0})
        error = std::max(error, std::abs(g(x, y).value - f(x, y)));
    return error;
  };
  const double order = std::log2(largest_error(16) / largest_error(32));
  CAPTURE(order);
  CHECK(order > 7.0);
  const PlaneGrid grid({}, 32);
  const PlaneValue g = interpolated(grid, grid.sample(f))(0.37, 0.61);
  CHECK(std::abs(g.dx - f(0.37, 0.61)) < 1e-9);
  CHECK(std::abs(g.dy - 3.0 * std::exp(0.37) * std::cos(1.83)) < 1e-9);
}

TEST_CASE("plane_jko_step refuses what is no step", "[proximal][precondition]") {
  const PlaneFunction flat = [](double, double) { return PlaneValue{}; };
  const PlaneFunction infinite = [](double, double) { return PlaneValue{.value = infinity}; };
  CHECK_THROWS_AS(plane_jko_step(flat, flat, {.step_size = 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(plane_jko_step(flat, flat, {.cells = 33}), std::invalid_argument);
  CHECK_THROWS_AS(plane_jko_step(flat, flat, {.cells = 16}), std::invalid_argument);
  CHECK_THROWS_AS(plane_jko_step(flat, flat, {.floor = -1.0}), std::invalid_argument);
  CHECK_THROWS_AS(plane_jko_step(flat, flat, {.residual_tolerance = 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(plane_jko_step(flat, flat, {.rectangle = {.left = 1.0}}), std::invalid_argument);
  CHECK_THROWS_AS(plane_jko_step(infinite, flat, {.cells = 32}), std::invalid_argument);
  const PlaneGrid grid({}, 16);
  CHECK_THROWS_AS(interpolated(grid, PlaneArray::Zero(8, 8)), std::invalid_argument);
}

}  // namespace flowcheck::plane_jko_test
