#include "proximal/plane_jko_chain.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace flowcheck {
namespace {

constexpr double reach = 5.0;              // standard deviations that the rectangle holds
constexpr double far_ratio = 1e6;          // γλ of the step whose length is W₂(p, q)
constexpr double floored_far_ratio = 1e8;  // the same where a floor is under q
constexpr double clear_stretch = 0.2;      // of a step's map, at least, if a floor helps
constexpr double well_known = 0.01;        // relative width of its length likewise
constexpr double most_unfelt = 1e-5;       // floor under a start; above it only where it has to be
constexpr int most_iterations = 20;  // of Newton's method on each grid; 4 to 8 are what it takes

// A component of a mixture on the plane, its precision and log(w/(2π √det Σ)).
struct Component {
  double log_factor = 0.0;
  double x = 0.0, y = 0.0;
  double xx = 0.0, xy = 0.0, yy = 0.0;
};

void require_plane(const GaussianMixture& p) {
  require(p.dimension() == 2, "plane_jko: the mixture needs dimension 2");
  require(p.has_density(), "plane_jko: every component needs a density");
}

void include(Rectangle& box, const Gaussian& p) {
  const double x = reach * std::sqrt(p.covariance()(0, 0));
  const double y = reach * std::sqrt(p.covariance()(1, 1));
  box.left = std::min(box.left, p.mean()[0] - x);
  box.right = std::max(box.right, p.mean()[0] + x);
  box.bottom = std::min(box.bottom, p.mean()[1] - y);
  box.top = std::max(box.top, p.mean()[1] + y);
}

double convexity_of(const Gaussian& q) {
  return 1.0 / q.eigenvalues()(1);
}

PlaneFunction minus(PlaneFunction f) {
  return [f = std::move(f)](double x, double y) {
    const PlaneValue v = f(x, y);
    return PlaneValue{.value = -v.value, .dx = -v.dx, .dy = -v.dy};
  };
}

// KL and I of p_0 by sums over the centres: without error but for what the sides cut off.
struct StartMeasures {
  double kl = 0.0;
  double fisher = 0.0;
};

StartMeasures start_measures(const PlaneFunction& p,
                             const PlaneFunction& q,
                             const PlaneGrid& grid) {
  const PlaneArray log_p = grid.sample([&](double x, double y) { return p(x, y).value; });
  const PlaneArray log_q = grid.sample([&](double x, double y) { return q(x, y).value; });
  const PlaneArray squared = grid.sample([&](double x, double y) {
    const PlaneValue a = p(x, y);
    const PlaneValue b = q(x, y);
    return (a.dx - b.dx) * (a.dx - b.dx) + (a.dy - b.dy) * (a.dy - b.dy);
  });
  const double shift = log_sum(log_p) - log_sum(log_q);
  const PlaneArray w = (log_p - log_sum(log_p)).exp();
  return {.kl = (w * (log_p - log_q - shift)).sum(), .fisher = (w * squared).sum()};
}

// The y with T(y) = x, by Newton's method from x.
struct InversePoint {
  std::array<double, 2> y = {};
  double gap = 0.0;      // |T(y) − x|
  double stretch = 1.0;  // least eigenvalue of DT(y)
};

InversePoint inverse_at(const PlaneFunction& Tx,
                        const PlaneFunction& Ty,
                        const std::array<double, 2>& x,
                        const Rectangle& box) {
  InversePoint point{.y = x};
  std::array<double, 2>& y = point.y;
  for (int i = 0;; ++i) {
    const PlaneValue a = Tx(y[0], y[1]);
    const PlaneValue b = Ty(y[0], y[1]);
    const double gap_x = a.value - x[0];
    const double gap_y = b.value - x[1];
    point.gap = std::hypot(gap_x, gap_y);
    point.stretch = 0.5 * (a.dx + b.dy) - std::hypot(0.5 * (a.dx - b.dy), 0.5 * (a.dy + b.dx));
    if (point.gap < 1e-12 * (1.0 + std::hypot(x[0], x[1])) || i == 30) return point;
    const double det = a.dx * b.dy - a.dy * b.dx;
    require(std::isfinite(point.gap / det), "map_distance: a step's map has no inverse");
    y[0] = std::clamp(y[0] - (b.dy * gap_x - a.dy * gap_y) / det, box.left, box.right);
    y[1] = std::clamp(y[1] - (a.dx * gap_y - b.dx * gap_x) / det, box.bottom, box.top);
  }
}

double square_of(double a) {
  return a * a;
}

Vector centre_of(const Rectangle& box) {
  return Vector{{0.5 * (box.left + box.right), 0.5 * (box.bottom + box.top)}};
}

double diameter(const Rectangle& box) {
  return std::hypot(box.width(), box.height());
}

// ∫f dp' of f at the centres. The sums over the black cells of a chessboard and over the white ones
// are two such integrals by halves: what they differ by is what the grid leaves, and more.
Estimate integral(const PlaneArray& mass, const PlaneArray& f) {
  double even = 0.0;
  double odd = 0.0;
  for (Index j = 0; j < f.cols(); ++j)
    for (Index i = 0; i < f.rows(); ++i) ((i + j) % 2 == 0 ? even : odd) += mass(i, j) * f(i, j);
  const double value = even + odd;
  return Estimate::converged(value, std::abs(even - odd), round_off(1.0 + std::abs(value), 2));
}

// ‖T − Id‖ of a map T that is off by `undone`, but where it folds: there the square is by `folded`.
Estimate uncertain(const Estimate& length, double undone, double folded) {
  return sqrt(max(0.0, widened(square(max(0.0, widened(length, undone))), folded)));
}

// W₂ between the ends of a step, from `length` = ‖T − Id‖ or from the dual problem, whichever is
// known better. Its square is off by `folded` where T folds.
Estimate w2_of(const PlaneJkoResult& step,
               const PlaneMap& map,
               const Estimate& length,
               double folded) {
  const Estimate by_map = uncertain(length, step.map_error, folded);
  if (!(map.least_stretch > 0.0)) return by_map;
  const double above = step.map_error * step.map_error / map.least_stretch;
  const Estimate by_dual = sqrt(max(0.0, widened(step.dual_squared_w2, above + folded)));
  return by_dual.width() < by_map.width() ? by_dual : by_map;
}

// With what floors do to it.
double all_undone(const PlaneMap& map) {
  if (map.by_floor.size() == 0) return map.undone;
  return map.undone + std::sqrt((map.mass * map.by_floor.square()).sum());
}

// Y = T_p^{p'}∘T_a^p at the centres, a another law.
struct Composition {
  PlaneArray x = {};
  PlaneArray y = {};
  double undone = 0.0;         // what Y is off in L²(a), but where a map folds
  double folded_square = 0.0;  // the square of what it is off besides
};

// Of the maps `step` from p' and `to_law` from a, both to p. Where a has next to no mass Y is the
// identity.
Composition composed(const PlaneMap& step, const PlaneMap& to_law) {
  const PlaneGrid grid(step.rectangle, step.x.rows());
  const PlaneFunction Tx = interpolated(grid, step.x);
  const PlaneFunction Ty = interpolated(grid, step.y);
  Composition Y{.x = grid.sample([](double x, double) { return x; }),
                .y = grid.sample([](double, double y) { return y; })};
  double left_out = 0.0;  // of the mass
  double gaps = 0.0;
  double by_floor = 0.0;  // ‖D(T_p^{p'}) δ‖², δ the part of what T_a^p is off that is known
  for (Index j = 0; j < grid.cells(); ++j) {
    for (Index i = 0; i < grid.cells(); ++i) {
      const double mass = to_law.mass(i, j);
      if (mass < 1e-14) {
        left_out += mass;
        continue;
      }
      const InversePoint found =
          inverse_at(Tx, Ty, {to_law.x(i, j), to_law.y(i, j)}, step.rectangle);
      Y.x(i, j) = found.y[0];
      Y.y(i, j) = found.y[1];
      gaps += mass * found.gap * found.gap;
      if (to_law.by_floor.size() > 0) {
        const double stretch = std::max(found.stretch, step.least_stretch);
        by_floor += mass * square_of(to_law.by_floor(i, j) / stretch);
      }
    }
  }
  Y.undone = step.least_stretch > 0.0
                 ? (step.undone + to_law.undone + std::sqrt(gaps)) / step.least_stretch +
                       std::sqrt(by_floor)
                 : infinity;
  Y.folded_square =
      left_out * square_of(diameter(step.rectangle)) + step.folded_square + to_law.folded_square;
  return Y;
}

// ‖Y − Id‖ in L²(a), a being where `from` starts.
Estimate length(const Composition& Y, const PlaneMap& from) {
  const PlaneGrid grid(from.rectangle, from.x.rows());
  const Estimate square =
      integral(from.mass, (Y.x - grid.sample([](double x, double) { return x; })).square() +
                              (Y.y - grid.sample([](double, double y) { return y; })).square());
  return uncertain(sqrt(max(0.0, square)), Y.undone, Y.folded_square);
}

void require_found(const PlaneJkoResult& step, double step_size) {
  if (step.termination == Termination::converged) return;
  throw PlaneStepNotFound(fmt::format(
      "PlaneJkoProblem: no step of size {:.3g} was found on {} cells a side: next to ({:.2f}, "
      "{:.2f}) its equation stays off by {:.2g}; a smaller step size, more cells, or components "
      "nearer to the target in place, width and direction are easier",
      step_size, step.density.rows(), step.worst_place[0], step.worst_place[1],
      step.largest_residual));
}

// The greater (side 1) or the lesser (−1) eigenvalue of I − D²φ at the centres.
PlaneArray stretch(const PlaneGrid& grid, const PlaneArray& potential, double side) {
  const PlaneDerivatives phi = grid.derivatives(grid.coefficients(potential));
  return 1.0 - 0.5 * (phi.dxx + phi.dyy) +
         side * (0.25 * (phi.dxx - phi.dyy).square() + phi.dxy.square()).sqrt();
}

Estimate refined(double fine, double coarse) {
  return Estimate::converged(fine, std::abs(fine - coarse), round_off(1.0 + std::abs(fine), 2));
}

}  // namespace

PlaneFunction log_density(const GaussianMixture& p) {
  require_plane(p);
  std::vector<Component> components;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()[k] == 0.0) continue;
    const Gaussian one = p.component(k);
    const Matrix A = one.precision();
    components.push_back({.log_factor = std::log(p.weights()[k]) + one.log_density(one.mean()),
                          .x = one.mean()[0],
                          .y = one.mean()[1],
                          .xx = A(0, 0),
                          .xy = A(0, 1),
                          .yy = A(1, 1)});
  }
  return [components](double x, double y) {
    // One pass: the sums are relative to the largest term so far.
    PlaneValue f{.value = -infinity};
    double sum = 0.0;
    for (const Component& c : components) {
      const double gx = -(c.xx * (x - c.x) + c.xy * (y - c.y));
      const double gy = -(c.xy * (x - c.x) + c.yy * (y - c.y));
      const double log_term = c.log_factor + 0.5 * (gx * (x - c.x) + gy * (y - c.y));
      if (log_term > f.value) {
        const double scale = std::exp(f.value - log_term);
        f = {.value = log_term, .dx = scale * f.dx, .dy = scale * f.dy};
        sum *= scale;
      }
      const double term = std::exp(log_term - f.value);
      sum += term;
      f.dx += term * gx;
      f.dy += term * gy;
    }
    return PlaneValue{.value = f.value + std::log(sum), .dx = f.dx / sum, .dy = f.dy / sum};
  };
}

PlaneJkoProblem::PlaneJkoProblem(GaussianMixture start,
                                 Gaussian target,
                                 Index cells,
                                 double start_floor)
    : start_(std::move(start)),
      target_(std::move(target)),
      cells_(cells),
      start_floor_(start_floor) {
  require_plane(start_);
  require(start_floor_ >= 0.0 && start_floor_ <= 1e-3,
          "PlaneJkoProblem: the floor must be in [0, 1e-3]");
  require(target_.dimension() == 2 && target_.has_density(),
          "PlaneJkoProblem: the target needs dimension 2 and a density");
  rectangle_ = {.left = infinity, .right = -infinity, .bottom = infinity, .top = -infinity};
  include(rectangle_, target_);
  double narrowest = target_.eigenvalues()(0);
  for (Index k = 0; k < start_.size(); ++k) {
    if (start_.weights()[k] == 0.0) continue;
    include(rectangle_, start_.component(k));
    narrowest = std::min(narrowest, start_.kernel(k).eigenvalues()(0));
  }
  const double widest = std::max(rectangle_.width(), rectangle_.height());
  if (!(64.0 * std::sqrt(narrowest) >= 2.0 * widest)) {
    throw PlaneTooNarrow(
        "PlaneJkoProblem: a component is too narrow for the rectangle that holds all of them");
  }
  log_q_ = log_density(GaussianMixture(target_));
}

PlaneLaw PlaneJkoProblem::first() const {
  PlaneFunction p = log_density(start_);
  if (start_floor_ > 0.0) {
    p = with_floor(std::move(p), std::log(start_floor_ / rectangle_.area()));
  }
  const StartMeasures fine = start_measures(p, log_q_, PlaneGrid(rectangle_, 2 * cells_));
  const StartMeasures coarse = start_measures(p, log_q_, PlaneGrid(rectangle_, cells_));
  const double kept = 1.0 / (1.0 + start_floor_);
  const Vector mean = kept * start_.mean() + (1.0 - kept) * centre_of(rectangle_);
  return {.log_density = p,
          .mean = {mean[0], mean[1]},
          .kl = refined(fine.kl, coarse.kl),
          .slope = sqrt(refined(fine.fisher, coarse.fisher))};
}

PlaneJkoResult PlaneJkoProblem::step(const PlaneLaw& law,
                                     const PlaneFunction& V,
                                     double step_size,
                                     double floor) const {
  return plane_jko_step(law.log_density, V,
                        {.rectangle = rectangle_,
                         .domain = PlaneDomain::rectangle,
                         .cells = cells_,
                         .step_size = step_size,
                         .floor = floor,
                         .max_newton_iterations = most_iterations});
}

PlaneLaw PlaneJkoProblem::next(const PlaneLaw& law, double step_size, double error) const {
  require(error >= 0.0 && std::isfinite(error), "PlaneJkoProblem: the error must not be negative");
  const Vector& mu = target_.mean();
  const Vector away{{law.mean[0] - mu[0], law.mean[1] - mu[1]}};
  const Vector e = away.norm() > 1e-6 * std::sqrt(target_.eigenvalues()(0))
                       ? Vector(away.normalized())
                       : Vector(Vector::Unit(2, 0));
  const PlaneFunction tilted = [log_q = log_q_, b = Vector(error * e), mu](double x, double y) {
    const PlaneValue q = log_q(x, y);
    return PlaneValue{.value = q.value + b[0] * (x - mu[0]) + b[1] * (y - mu[1]),
                      .dx = q.dx + b[0],
                      .dy = q.dy + b[1]};
  };
  const PlaneJkoResult s = step(law, minus(tilted), step_size);
  require_found(s, step_size);

  // The step's ξ, and ∇log(p'/q) = ξ + (T − Id)/γ.
  const PlaneGrid grid(rectangle_, cells_);
  const PlaneArray moved_x = s.map_x - grid.sample([](double x, double) { return x; });
  const PlaneArray moved_y = s.map_y - grid.sample([](double, double y) { return y; });
  const PlaneArray w = s.density * grid.cell_area();
  // E T is the mean of p: what the grid makes of it is off by as much as the two differ.
  const auto drift = [&](const PlaneArray& moved, std::size_t i) {
    const double value = (w * moved).sum();
    const double gap = std::abs(value - (law.mean[i] - s.mean[i].value));
    return Estimate::converged(value, gap + 0.5 * s.mean[i].width());
  };
  const Estimate fisher =
      error * error +
      (2.0 * error / step_size) * (e[0] * drift(moved_x, 0) + e[1] * drift(moved_y, 1)) +
      s.squared_w2 / (step_size * step_size);
  PlaneMap map = map_of(s, s.map_error);

  // log(p'/q) = log(p'/qe^ψ) + ψ, each normalised on the grid.
  const Estimate shift = log_mass_of(tilted);
  const Estimate tilt = error * (e[0] * (s.mean[0] - mu[0]) + e[1] * (s.mean[1] - mu[1])) - shift;
  return {.log_density = s.log_density,
          .mean = {s.mean[0].value, s.mean[1].value},
          .kl = max(0.0, error == 0.0 ? s.kl : s.kl + tilt),
          .slope = sqrt(max(0.0, fisher)),
          .step_length = w2_of(s, map, sqrt(s.squared_w2), s.folded_square),
          .error = error == 0.0
                       ? s.first_order_error
                       : Estimate::converged(error, s.first_order_error.upper, round_off(error, 2)),
          .velocity_gap = velocity_gap(law, s, step_size),
          .map = std::move(map)};
}

// log E_q e^ψ, of log q + ψ.
Estimate PlaneJkoProblem::log_mass_of(const PlaneFunction& tilted) const {
  const auto log_mean = [&](const PlaneGrid& on) {
    const auto values = [&](const PlaneFunction& f) {
      return on.sample([&](double x, double y) { return f(x, y).value; });
    };
    return log_sum(values(tilted)) - log_sum(values(log_q_));
  };
  return refined(log_mean(PlaneGrid(rectangle_, cells_)),
                 log_mean(PlaneGrid(rectangle_, cells_ / 2)));
}

PlaneStepPair PlaneJkoProblem::step_pair(const PlaneLaw& law,
                                         double step_size,
                                         const PlaneFunction& psi) const {
  const PlaneFunction tilted = [log_q = log_q_, psi](double x, double y) {
    const PlaneValue q = log_q(x, y);
    const PlaneValue f = psi(x, y);
    return PlaneValue{.value = q.value + f.value, .dx = q.dx + f.dx, .dy = q.dy + f.dy};
  };
  const PlaneJkoResult inexact = step(law, minus(tilted), step_size);
  require_found(inexact, step_size);
  const PlaneJkoResult best = step(law, minus(log_q_), step_size);
  require_found(best, step_size);
  const PlaneMap map = map_of(inexact, inexact.map_error);
  const PlaneMap best_map = map_of(best, best.map_error);

  const PlaneGrid grid(rectangle_, cells_);
  const PlaneArray psi_at = grid.sample([&](double x, double y) { return psi(x, y).value; });
  const PlaneArray squared = grid.sample([&](double x, double y) {
    const PlaneValue f = psi(x, y);
    return f.dx * f.dx + f.dy * f.dy;
  });
  // KL(p' ‖ q) = KL(p' ‖ q e^ψ/E_q e^ψ) + E_{p'} ψ − log E_q e^ψ.
  const Estimate kl = inexact.kl + integral(map.mass, psi_at) - log_mass_of(tilted);
  const auto objective = [&](const Estimate& entropy, const PlaneJkoResult& s, const PlaneMap& T) {
    return entropy + square(w2_of(s, T, sqrt(s.squared_w2), s.folded_square)) / (2.0 * step_size);
  };
  const Estimate least = objective(best.kl, best, best_map);
  return {.error = max(0.0, widened(sqrt(max(0.0, integral(map.mass, squared))),
                                    inexact.first_order_error.upper)),
          .best_error = best.first_order_error,
          .objective = least,
          .gap = objective(kl, inexact, map) - least,
          .map_distance = length(composed(map, best_map), best_map)};
}

// At x = T(y) the velocity is (y − x)/γ, so that the square is an integral over p'. Where T is off
// by δ the integrand's root is by |(I/γ − D²log(p/q))δ|; the Hessian's norm is the largest of
// difference quotients over a cell.
Estimate PlaneJkoProblem::velocity_gap(const PlaneLaw& law,
                                       const PlaneJkoResult& step,
                                       double step_size) const {
  const PlaneGrid grid(rectangle_, cells_);
  const auto score_gap = [&](double x, double y) {
    const PlaneValue p = law.log_density(x, y);
    const PlaneValue q = log_q_(x, y);
    return std::array{p.dx - q.dx, p.dy - q.dy};
  };
  const auto quotient = [](const std::array<double, 2>& a, const std::array<double, 2>& b,
                           double h) { return std::hypot(a[0] - b[0], a[1] - b[1]) / h; };
  const PlaneArray w = step.density / step.density.sum();
  const double negligible = 1e-6 * w.maxCoeff();
  double even = 0.0;  // the sum over the black cells of a chessboard, and over the white
  double odd = 0.0;
  double curvature = 0.0;
  for (Index j = 0; j < cells_; ++j) {
    for (Index i = 0; i < cells_; ++i) {
      const double x = step.map_x(i, j);
      const double y = step.map_y(i, j);
      const std::array<double, 2> eta = score_gap(x, y);
      const double squared = square_of((grid.x(i) - x) / step_size + eta[0]) +
                             square_of((grid.y(j) - y) / step_size + eta[1]);
      ((i + j) % 2 == 0 ? even : odd) += w(i, j) * squared;
      if (w(i, j) <= negligible) continue;
      curvature = std::max(
          curvature, std::hypot(quotient(score_gap(x + grid.step_x(), y), eta, grid.step_x()),
                                quotient(score_gap(x, y + grid.step_y()), eta, grid.step_y())));
    }
  }
  const double stiffness = 1.0 / step_size + curvature;
  const double value = std::sqrt(even + odd);
  const double moved = stiffness * step.map_error;
  const Estimate gap =
      Estimate::converged(value, 0.0, round_off(stiffness * diameter(rectangle_), 2));
  return uncertain(gap, moved, std::abs(even - odd) + square_of(stiffness) * step.folded_square);
}

PlaneDistance PlaneJkoProblem::to_target(const PlaneLaw& law) const {
  const double gamma = far_ratio / convexity_of(target_);
  const PlaneJkoResult s = step(law, minus(log_q_), gamma);
  if (s.termination != Termination::converged) return floored_distance(law);
  PlaneMap map = map_of(s, s.map_error);
  const Estimate w2 = w2_of(s, map, sqrt(s.squared_w2), s.folded_square);
  const double beyond = w2.upper / far_ratio;
  map.undone += beyond;
  return {.w2 = max(0.0, widened(w2, beyond)), .map = std::move(map)};
}

// Floors are lowered tenfold as long as a map is found; what they do to S and T is seen by
// comparing the last two. The end p* of the far step is off from q_δ: S² by diam² TV(p*, q_δ), ‖T −
// T_{q_δ}^{p_δ}‖² by 3 diam² TV times the Lipschitz constant of T, for Kantorovich potentials
// oscillate by diam² at most.
PlaneDistance PlaneJkoProblem::floored_distance(const PlaneLaw& law) const {
  const double gamma = floored_far_ratio / convexity_of(target_);
  PlaneJkoResult higher = step(law, minus(log_q_), gamma, 1e-3);
  require_found(higher, gamma);
  PlaneJkoResult lower = step(law, minus(log_q_), gamma, 1e-4);
  require_found(lower, gamma);
  for (const double floor : {1e-5, 1e-6, 1e-7, 1e-8, 1e-9}) {
    PlaneJkoResult next = step(law, minus(log_q_), gamma, floor);
    if (next.termination != Termination::converged) break;
    higher = std::exchange(lower, std::move(next));
  }

  const PlaneGrid grid(rectangle_, cells_);
  const PlaneArray x = grid.sample([](double at, double) { return at; });
  const PlaneArray y = grid.sample([](double, double at) { return at; });
  const PlaneArray end = lower.density * grid.cell_area();
  const auto norm = [&end](const PlaneArray& u, const PlaneArray& v) {
    return std::sqrt((end * (u.square() + v.square())).sum());
  };
  const double length = norm(lower.map_x - x, lower.map_y - y);
  // p*/q_δ = e^{−φ/γ} up to its mean: TV is half of the mean deviation of that from 1.
  const PlaneArray ratio = -lower.potential / gamma;
  const double variation = 0.5 * (end * (ratio - (end * ratio).sum()).abs()).sum();
  const double moved = square_of(diameter(rectangle_)) * variation;
  PlaneMap map = map_of(lower, lower.map_error);
  map.undone += std::sqrt(3.0 * moved * stretch(grid, lower.potential, 1.0).maxCoeff());
  map.by_floor =
      ((lower.map_x - higher.map_x).square() + (lower.map_y - higher.map_y).square()).sqrt();
  const double by_length = std::abs(length - norm(higher.map_x - x, higher.map_y - y));
  const Estimate w2 = w2_of(lower, map, Estimate::converged(length, 0.0, round_off(length, 2)),
                            lower.folded_square + moved);
  return {.w2 = max(0.0, widened(w2, by_length)), .map = std::move(map)};
}

PlaneMap PlaneJkoProblem::map_of(const PlaneJkoResult& step, double undone) const {
  const PlaneGrid grid(rectangle_, cells_);
  PlaneMap map{.rectangle = rectangle_,
               .x = step.map_x,
               .y = step.map_y,
               .mass = step.density / step.density.sum(),
               .undone = undone,
               .folded_square = step.folded_square};
  // Beyond, no error of interest is made or stretched.
  map.least_stretch = (map.mass > 1e-6 * map.mass.maxCoeff())
                          .select(stretch(grid, step.potential, -1.0), 1.0)
                          .minCoeff();
  return map;
}

Estimate map_distance(const PlaneLaw& next,
                      const PlaneDistance& before,
                      const PlaneDistance& after) {
  const PlaneMap& to_law = before.map;
  const PlaneMap& to_next = after.map;
  require(next.map.x.size() > 0 && next.map.x.size() == to_law.x.size() &&
              next.map.x.size() == to_next.x.size(),
          "map_distance: a step, and the distances before and after it, on one grid");
  const Composition Y = composed(next.map, to_law);
  const Estimate direct = length(Y, to_law);
  if (!(to_next.least_stretch > 0.0)) return direct;
  const Estimate apart =
      integral(to_law.mass, (Y.x - to_next.x).square() + (Y.y - to_next.y).square());
  const double above = (square_of(std::sqrt(apart.upper) + Y.undone + all_undone(to_next)) +
                        Y.folded_square + to_next.folded_square) /
                       to_next.least_stretch;
  const Estimate excess = Estimate::between(0.5 * above, 0.0, above, Grade::converged);
  const Estimate by_dual = sqrt(square(after.w2) + excess);
  return by_dual.width() < direct.width() ? by_dual : direct;
}

PlaneJkoProblem with_start_floor(const GaussianMixture& start,
                                 const Gaussian& target,
                                 Index cells,
                                 double step_size,
                                 double error) {
  const auto well_found = [](const PlaneLaw& law) {
    return law.step_length.width() <= well_known * law.step_length.value &&
           law.map.least_stretch >= clear_stretch;
  };
  std::optional<PlaneJkoProblem> least;
  std::string why;
  for (const double floor : {0.0, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3}) {
    if (least && floor > most_unfelt) break;
    PlaneJkoProblem problem(start, target, cells, floor);
    try {
      const PlaneLaw p = problem.first();
      const PlaneLaw exact = problem.next(p, step_size);
      if (well_found(error > 0.0 ? problem.next(p, step_size, error) : exact) &&
          well_found(exact)) {
        return problem;
      }
      if (!least) least = std::move(problem);
    } catch (const PlaneStepNotFound& failure) {
      why = failure.what();
    }
  }
  if (!least) throw PlaneStepNotFound(why);
  return *std::move(least);
}

std::vector<PlaneLaw> plane_jko_chain(const PlaneJkoProblem& problem,
                                      const std::vector<double>& step_sizes,
                                      double error) {
  std::vector<PlaneLaw> laws{problem.first()};
  for (const double step_size : step_sizes) {
    laws.push_back(problem.next(laws.back(), step_size, error));
  }
  return laws;
}

}  // namespace flowcheck
