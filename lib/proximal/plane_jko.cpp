#include "proximal/plane_jko.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

constexpr Index most_krylov_vectors = 150;
constexpr int most_restarts = 2;

double root_mean_square(const PlaneArray& a) {
  return std::sqrt(a.square().mean());
}

double dot(const PlaneArray& a, const PlaneArray& b) {
  return (a * b).sum();
}

struct LinearSolution {
  PlaneArray x = {};
  double relative_residual = 1.0;
  int iterations = 0;
};

// GMRES for A x = b from x = 0, restarted, modified Gram–Schmidt, Givens rotations.
template <class Operator>
LinearSolution gmres(const Operator& A, const PlaneArray& b, double relative_tolerance) {
  LinearSolution solution{.x = PlaneArray::Zero(b.rows(), b.cols())};
  const double scale = std::sqrt(dot(b, b));
  if (!(scale > 0.0) || !std::isfinite(scale)) return solution;
  PlaneArray residual = b;
  std::vector<PlaneArray> basis;
  for (int round = 0; round < most_restarts; ++round) {
    const double beta = std::sqrt(dot(residual, residual));
    Matrix H = Matrix::Zero(most_krylov_vectors + 1, most_krylov_vectors);
    Vector g = Vector::Zero(most_krylov_vectors + 1);
    Vector c = Vector::Zero(most_krylov_vectors);
    Vector s = Vector::Zero(most_krylov_vectors);
    g(0) = beta;
    basis.assign(1, residual / beta);
    Index size = 0;
    while (size < most_krylov_vectors && std::abs(g(size)) > relative_tolerance * scale) {
      const Index j = size;
      PlaneArray w = A(basis.back());
      for (Index i = 0; i <= j; ++i) {
        H(i, j) = dot(basis[static_cast<std::size_t>(i)], w);
        w -= H(i, j) * basis[static_cast<std::size_t>(i)];
      }
      const double length = std::sqrt(dot(w, w));
      for (Index i = 0; i < j; ++i) {
        const double upper = H(i, j);
        H(i, j) = c(i) * upper + s(i) * H(i + 1, j);
        H(i + 1, j) = -s(i) * upper + c(i) * H(i + 1, j);
      }
      const double radius = std::hypot(H(j, j), length);
      if (!(radius > 0.0)) break;
      c(j) = H(j, j) / radius;
      s(j) = length / radius;
      H(j, j) = radius;
      g(j + 1) = -s(j) * g(j);
      g(j) *= c(j);
      ++size;
      ++solution.iterations;
      if (!(length > 0.0)) break;
      basis.push_back(w / length);
    }
    if (size == 0) break;
    const Vector y = H.topLeftCorner(size, size).triangularView<Eigen::Upper>().solve(g.head(size));
    for (Index i = 0; i < size; ++i) solution.x += y(i) * basis[static_cast<std::size_t>(i)];
    solution.relative_residual = std::abs(g(size)) / scale;
    if (solution.relative_residual <= relative_tolerance) break;
    residual = b - A(solution.x);
  }
  return solution;
}

// The two functions of a step, floored.
struct Problem {
  PlaneFunction log_p;
  PlaneFunction log_q;  // −V
  double gamma = 0.0;
};

// R and the coefficients of its linearisation at one φ.
struct State {
  PlaneArray coefficients = {};
  PlaneArray residual = {};
  PlaneArray phi = {};
  PlaneArray phi_x = {}, phi_y = {};
  PlaneArray score_x = {}, score_y = {};             // ∇log p at T
  PlaneArray inv_xx = {}, inv_yy = {}, inv_xy = {};  // (I − D²φ)⁻¹
  double norm = 0.0;                                 // root mean square of the residual
};

// One grid: the equation on it, its linearisation, and Newton's method.
class Level {
 public:
  Level(const Problem& problem, const Rectangle& rectangle, Index cells)
      : problem_(problem), grid_(rectangle, cells) {
    log_q_ = grid_.sample([&](double x, double y) { return problem.log_q(x, y).value; });
  }

  const PlaneGrid& grid() const { return grid_; }
  const PlaneArray& log_q() const { return log_q_; }

  // Nothing where R is not finite, or I − D²φ is not positive definite: unless `folded` asks for
  // the cells where it is not (1, else 0), and R is set to 0 there.
  std::optional<State> state(PlaneArray coefficients, PlaneArray* folded = nullptr) const {
    State s;
    grid_.derivatives(coefficients, work_);
    const PlaneArray a = 1.0 - work_.dxx;
    const PlaneArray b = 1.0 - work_.dyy;
    PlaneArray det = a * b - work_.dxy.square();
    if (folded != nullptr) {
      *folded = (det > 0.0 && a > 0.0).select(PlaneArray::Zero(a.rows(), a.cols()), 1.0);
      det = (*folded > 0.0).select(1.0, det);
    } else if (!(det > 0.0).all() || !(a > 0.0).all()) {
      return {};
    }
    s.inv_xx = b / det;
    s.inv_yy = a / det;
    s.inv_xy = work_.dxy / det;
    const Index n = grid_.cells();
    s.score_x.resize(n, n);
    s.score_y.resize(n, n);
    s.residual.resize(n, n);
    for (Index j = 0; j < n; ++j)
      for (Index i = 0; i < n; ++i) {
        const PlaneValue p =
            problem_.log_p(grid_.x(i) - work_.dx(i, j), grid_.y(j) - work_.dy(i, j));
        s.residual(i, j) = p.value;
        s.score_x(i, j) = p.dx;
        s.score_y(i, j) = p.dy;
      }
    s.residual += det.log() - log_q_ + work_.value / problem_.gamma;
    if (folded != nullptr) s.residual *= 1.0 - *folded;
    s.norm = root_mean_square(s.residual);
    if (!std::isfinite(s.norm)) return {};
    s.phi = work_.value;
    s.phi_x = work_.dx;
    s.phi_y = work_.dy;
    s.coefficients = std::move(coefficients);
    return s;
  }

  // e^{−V−φ/γ}, its largest value 1.
  PlaneArray weight(const State& s) const {
    const PlaneArray log_density = log_q_ - s.phi / problem_.gamma;
    return (log_density - log_density.maxCoeff()).exp();
  }

  // What GMRES inverts: δ ↦ −tr(A⁻¹D²δ) − ∇log p(T)·∇δ + shift·δ after the inverse of its part of
  // constant coefficients, those being the means of A⁻¹ under p'.
  class Linearised {
   public:
    Linearised(const Level& level, const State& s, double shift)
        : level_(level), s_(s), shift_(shift) {
      const PlaneArray w = level.weight(s);
      xx_ = dot(w, s.inv_xx) / w.sum();
      yy_ = dot(w, s.inv_yy) / w.sum();
      inverse_symbol_ = 1.0 / ((shift + yy_ * level.grid_.frequencies_y().square())
                                   .transpose()
                                   .replicate(level.grid_.cells(), 1)
                                   .colwise() +
                               xx_ * level.grid_.frequencies_x().square());
    }
    PlaneArray preconditioned(const PlaneArray& v) const {
      return level_.grid_.coefficients(v) * inverse_symbol_;
    }
    // v itself is shift·δ − xx δ_xx − yy δ_yy, the means taken out: δ_yy need not be computed.
    PlaneArray operator()(const PlaneArray& v) const {
      PlaneDerivatives& d = level_.work_;
      level_.grid_.derivatives_but_dyy(preconditioned(v), d);
      return shift_ * d.value - s_.score_x * d.dx - s_.score_y * d.dy - s_.inv_xx * d.dxx -
             2.0 * s_.inv_xy * d.dxy - s_.inv_yy * ((shift_ * d.value - xx_ * d.dxx - v) / yy_);
    }

   private:
    const Level& level_;
    const State& s_;
    double shift_;
    double xx_ = 1.0;
    double yy_ = 1.0;
    PlaneArray inverse_symbol_;
  };

  struct Newton {
    State state = {};
    int iterations = 0;
    int krylov_iterations = 0;
    Termination termination = Termination::running;
  };

  // From φ of the given coefficients, shrunk until I − D²φ is positive definite: 0 is admissible
  // and the admissible φ are convex.
  Newton solve(PlaneArray start, double tolerance, int max_iterations) const {
    Newton run;
    std::optional<State> first = state(start);
    for (int i = 0; !first && i < 100; ++i) {
      start *= i < 99 ? 0.8 : 0.0;
      first = state(start);
    }
    require(first.has_value(), "plane_jko_step: log p or V is not finite on the rectangle");
    run.state = std::move(*first);
    for (;; ++run.iterations) {
      const double norm = run.state.norm;
      if (norm <= tolerance)
        run.termination = Termination::converged;
      else if (run.iterations >= max_iterations)
        run.termination = Termination::iteration_limit;
      if (run.termination != Termination::running) return run;

      const Linearised L(*this, run.state, 1.0 / problem_.gamma);
      const double forcing = std::clamp(norm, 0.3 * tolerance / norm, 0.1);
      const LinearSolution v = gmres(L, -run.state.residual, std::min(forcing, 0.3));
      run.krylov_iterations += v.iterations;
      const PlaneArray direction = L.preconditioned(v.x);
      double step = 1.0;
      std::optional<State> next;
      for (; step > 1e-6; step *= 0.5) {
        next = state(run.state.coefficients + step * direction);
        if (next && next->norm < (1.0 - 1e-4 * step) * norm) break;
      }
      if (step <= 1e-6) {
        run.termination = Termination::stalled;
        return run;
      }
      run.state = std::move(*next);
    }
  }

 private:
  const Problem& problem_;
  PlaneGrid grid_;
  PlaneArray log_q_;
  mutable PlaneDerivatives work_;
};

// On the coarsest grid. Where it is not found from φ = 0, p's tails are raised to begin with, above
// 10⁻² of p's mean density, and lowered again from one solution to the next, until they are p's.
Level::Newton solve_coarsest(const Problem& problem,
                             const Rectangle& rectangle,
                             Index cells,
                             double log_mean_density,
                             const PlaneJkoOptions& options) {
  const auto solve = [&](const Problem& with, PlaneArray start) {
    return Level(with, rectangle, cells)
        .solve(std::move(start), options.residual_tolerance, options.max_newton_iterations);
  };
  PlaneArray start = PlaneArray::Zero(cells, cells);
  Level::Newton found = solve(problem, start);
  if (found.termination == Termination::converged) return found;
  for (int power = 2; power <= 13; ++power) {
    Problem raised = problem;
    raised.log_p = with_floor(problem.log_p, log_mean_density - power * std::numbers::ln10);
    Level::Newton next = solve(raised, std::move(start));
    if (next.termination != Termination::converged) return found;
    start = std::move(next.state.coefficients);
  }
  return solve(problem, std::move(start));
}

// 1 at low frequencies, 0 to round-off at the n-th.
Eigen::ArrayXd faded(Index n) {
  const Eigen::ArrayXd k =
      Eigen::ArrayXd::LinSpaced(n, 0.0, static_cast<double>(n - 1)) / static_cast<double>(n);
  return (-36.0 * k.square().square()).exp();
}

// The same series on a finer grid, its upper half faded out: what the coarse grid did not resolve
// would be amplified by two derivatives.
PlaneArray prolonged(const PlaneArray& coefficients, Index cells) {
  const Index n = coefficients.rows();
  const Eigen::ArrayXd fade = faded(n);
  PlaneArray result = PlaneArray::Zero(cells, cells);
  result.topLeftCorner(n, n) = (coefficients.colwise() * fade).rowwise() * fade.transpose();
  return result;
}

// The numbers of a step on one grid.
struct Moments {
  PlaneMoments of_density = {};
  double kl = 0.0;
  double squared_w2 = 0.0;
  double largest_log_ratio = 0.0;  // of p'/q
};

Moments moments(const Level& level, const State& s, double gamma) {
  const PlaneGrid& grid = level.grid();
  PlaneArray w = level.weight(s);
  w /= w.sum();
  Moments m;
  m.of_density = plane_moments(grid, w);
  m.squared_w2 = dot(w, s.phi_x.square() + s.phi_y.square());
  // log(p'/q) = −φ/γ + log Σe^{−V} − log Σe^{−V−φ/γ}, the sums over the same centres.
  const PlaneArray log_density = level.log_q() - s.phi / gamma;
  const PlaneArray log_ratio = -s.phi / gamma + (log_sum(level.log_q()) - log_sum(log_density));
  m.kl = dot(w, log_ratio);
  m.largest_log_ratio = log_ratio.abs().maxCoeff();
  return m;
}

// φ between the centres of its grid: on the doubled one. `folded` is 1 where T folds, else 0.
std::optional<State> doubled_state(const Level& fine,
                                   const PlaneArray& coefficients,
                                   PlaneArray& folded) {
  const Index n = coefficients.rows();
  PlaneArray padded = PlaneArray::Zero(2 * n, 2 * n);
  padded.topLeftCorner(n, n) = coefficients;
  return fine.state(std::move(padded), &folded);
}

// Kantorovich's dual value of φ for W₂²(p, p'). With u = |x|²/2 − φ, u*(T) = ⟨x, T⟩ − u and p(T)
// det DT = p'e^R up to masses,
//   ∫(|x|² − 2u) dp' + ∫(|x|² − 2u*) dp = ∫ e^R|∇φ|² dp' + 2∫ φ(1 − e^R) dp',
// below W₂² by the square of what T is off, where Σ|∇φ|² is off by the first power.
double dual_cost(const Problem& problem, const PlaneGrid& grid, const PlaneArray& coefficients) {
  const Level fine(problem, grid.rectangle(), 2 * grid.cells());
  PlaneArray folded;
  const std::optional<State> s = doubled_state(fine, coefficients, folded);
  if (!s) return infinity;
  PlaneArray w = fine.weight(*s);
  w /= w.sum();
  PlaneArray pulled_back = w * (s->residual - (w * s->residual).sum()).exp();
  pulled_back /= pulled_back.sum();
  const PlaneArray phi = s->phi - (w * s->phi).sum();
  return dot(pulled_back, s->phi_x.square() + s->phi_y.square()) + 2.0 * dot(phi, w - pulled_back);
}

// How far T is from the optimal map, in L²(p').
struct MapError {
  double found = infinity;  // ‖∇ψ‖
  double unsure = 0.0;      // of that, but where T folds
  double folded_mass = 1.0;
  double folded_square = infinity;  // ∫|T − T̂|² dp' there, at most
  double round_off = 0.0;
};

// How far a map may be from `value` at a place where it is monotone between the nearest places on
// both sides, and one more for safety, that are not `folded`; at the sides of the interval
// [lower, upper] it ends there.
template <class Folded, class Map>
double reach_of_fold(
    const Folded& folded, const Map& map, Index at, Index size, double lower, double upper) {
  Index before = at;
  while (before >= 0 && folded(before) > 0.0) --before;
  Index after = at;
  while (after < size && folded(after) > 0.0) ++after;
  const double least = before > 0 ? map(before - 1) : lower;
  const double most = after + 1 < size ? map(after + 1) : upper;
  return std::max({most - map(at), map(at) - least, 0.0});
}

// ∫|T − T̂|² dp' over the cells where T folds, at most: along x the first component of T̂ increases,
// along y the second does, and both are known where T does not fold.
double folded_square(const PlaneGrid& grid,
                     const State& s,
                     const PlaneArray& folded,
                     const PlaneArray& weight) {
  const Rectangle& box = grid.rectangle();
  const Index n = grid.cells();
  double sum = 0.0;
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      if (!(folded(i, j) > 0.0)) continue;
      const double x = reach_of_fold([&](Index k) { return folded(k, j); },
                                     [&](Index k) { return grid.x(k) - s.phi_x(k, j); }, i, n,
                                     box.left, box.right);
      const double y = reach_of_fold([&](Index k) { return folded(i, k); },
                                     [&](Index k) { return grid.y(k) - s.phi_y(i, k); }, j, n,
                                     box.bottom, box.top);
      sum += weight(i, j) * (x * x + y * y);
    }
  }
  return sum / weight.sum();
}

// ψ of the header. The part of R above the grid's frequencies is inverted by the Laplacian alone,
// which it is: it stands in the error, as does what GMRES left.
MapError measured_error(const Problem& problem, const Level& level, const State& s) {
  const PlaneGrid& grid = level.grid();
  const Index n = grid.cells();
  const Level fine(problem, grid.rectangle(), 2 * n);
  PlaneArray folded;
  const std::optional<State> doubled = doubled_state(fine, s.coefficients, folded);
  if (!doubled) return {};
  const PlaneArray w_fine = fine.weight(*doubled);
  const PlaneArray r_fine = doubled->residual - dot(w_fine, doubled->residual) / w_fine.sum();

  // Faded into each other: a sharp cut would spread what the sides do over the whole rectangle.
  PlaneArray high = fine.grid().coefficients(r_fine);
  const Eigen::ArrayXd fade = faded(n);
  PlaneArray low = (high.topLeftCorner(n, n).colwise() * fade).rowwise() * fade.transpose();
  high.topLeftCorner(n, n) -= low;
  const Eigen::ArrayXd& kappa = fine.grid().frequencies_x();
  const Eigen::ArrayXd& mu = fine.grid().frequencies_y();
  for (Index j = 0; j < 2 * n; ++j)
    for (Index i = 0; i < 2 * n; ++i)
      if (i + j > 0) high(i, j) /= kappa(i) * kappa(i) + mu(j) * mu(j);
  const PlaneDerivatives psi_high = fine.grid().derivatives(high);
  const double unresolved =
      std::sqrt(dot(w_fine, psi_high.dx.square() + psi_high.dy.square()) / w_fine.sum());

  // In the norm of L²(p' + 1e-6), for the tails' residual is larger and means nothing. The operator
  // without δ/γ has the constants in its kernel: a shift far below its spectral gap, which only the
  // diameter is known to bound, stands for them.
  const double diameter = std::hypot(grid.rectangle().width(), grid.rectangle().height());
  const double shift = 1e-2 / (diameter * diameter);
  const PlaneArray w = level.weight(s);
  const PlaneArray root = (w / w.mean() + 1e-6).sqrt();
  PlaneArray r = grid.values(low);
  r -= dot(w, r) / w.sum();
  const Level::Linearised L(level, s, shift);
  const LinearSolution v =
      gmres([&](const PlaneArray& u) -> PlaneArray { return root * L(u / root); }, -root* r, 0.1);
  const PlaneDerivatives psi = grid.derivatives(L.preconditioned(v.x / root));
  const auto mean_square = [&](const PlaneArray& x, const PlaneArray& y) {
    return std::sqrt(dot(w, x.square() + y.square()) / w.sum());
  };
  // What GMRES left, by the Poincaré inequality: the constant is at most diameter/π where p' is
  // log-concave (Payne and Weinberger), and larger between separate modes.
  const double left =
      v.relative_residual * root_mean_square(root * r) * diameter / std::numbers::pi;
  return {.found = mean_square(psi.dx, psi.dy),
          .unsure = unresolved + left,
          .folded_mass = dot(w_fine, folded) / w_fine.sum(),
          .folded_square = folded_square(fine.grid(), *doubled, folded, w_fine),
          .round_off = round_off(mean_square(s.phi_x, s.phi_y), 2)};
}

// ε of the header.
Estimate first_order_error(const MapError& error, double gamma) {
  if (error.found == infinity) return Estimate::between(infinity, 0.0, infinity, Grade::converged);
  const double upper = std::hypot(error.found + error.unsure, std::sqrt(error.folded_square));
  return Estimate::converged(error.found / gamma, (upper - error.found) / gamma,
                             error.round_off / gamma);
}

// What a floor does to V: E log(q_δ/q) and ‖∇log(q_δ/q)‖ in L²(p'), the weights' sum being 1.
struct FloorEffect {
  double log_ratio = 0.0;
  double drift = 0.0;
};

FloorEffect floor_effect(const PlaneGrid& grid,
                         const PlaneFunction& log_q,
                         double level,
                         double floor,
                         const PlaneArray& weight) {
  FloorEffect effect;
  double square = 0.0;
  for (Index j = 0; j < grid.cells(); ++j)
    for (Index i = 0; i < grid.cells(); ++i) {
      const PlaneValue q = log_q(grid.x(i), grid.y(j));
      const double above = q.value - level;
      const double rise =
          above > 0.0 ? std::log1p(std::exp(-above)) : std::log1p(std::exp(above)) - above;
      const double part = -std::expm1(-rise);  // of the slope that is taken away
      effect.log_ratio += weight(i, j) * (rise - std::log1p(floor));
      square += weight(i, j) * part * part * (q.dx * q.dx + q.dy * q.dy);
    }
  effect.drift = std::sqrt(square);
  return effect;
}

void require_options(const PlaneJkoOptions& options) {
  require(std::isfinite(options.step_size) && options.step_size > 0.0,
          "plane_jko_step: the step size must be positive");
  require(options.cells >= 32 && options.cells % 4 == 0,
          "plane_jko_step: cells must be a multiple of 4, and 32 at least");
  require(options.floor >= 0.0 && options.floor <= 0.01,
          "plane_jko_step: the floor must be in [0, 0.01]");
  require(options.residual_tolerance > 0.0,
          "plane_jko_step: the residual tolerance must be positive");
  require(options.max_newton_iterations >= 1, "plane_jko_step: at least one Newton iteration");
}

// log ∫e^a.
double log_mass(const PlaneGrid& grid, const PlaneArray& a) {
  return a.maxCoeff() + std::log((a - a.maxCoeff()).exp().sum() * grid.cell_area());
}

// The two laws on the finest grid, without their floors.
struct Laws {
  PlaneFunction p_at = {};  // log p
  PlaneFunction q_at = {};  // −V
  PlaneArray log_p = {};
  PlaneArray log_q = {};
  double p_mass = 0.0;     // log of it, on the rectangle
  double log_floor = 0.0;  // of a density of mass one
  double q_floor = 0.0;    // under −V
};

Laws sampled(const PlaneFunction& current,
             const PlaneFunction& potential,
             const PlaneGrid& grid,
             double floor) {
  Laws laws{.p_at = current, .q_at = [potential](double x, double y) {
              const PlaneValue v = potential(x, y);
              return PlaneValue{.value = -v.value, .dx = -v.dx, .dy = -v.dy};
            }};
  laws.log_p = grid.sample([&](double x, double y) { return laws.p_at(x, y).value; });
  laws.log_q = grid.sample([&](double x, double y) { return laws.q_at(x, y).value; });
  require(laws.log_p.allFinite() && laws.log_q.allFinite(),
          "plane_jko_step: log p or V is not finite on the rectangle");
  laws.p_mass = log_mass(grid, laws.log_p);
  laws.log_floor = std::log(floor / grid.rectangle().area());
  laws.q_floor = log_mass(grid, laws.log_q) + laws.log_floor;
  return laws;
}

Problem problem_of(const Laws& laws, const PlaneJkoOptions& options) {
  if (!(options.floor > 0.0)) {
    return {.log_p = laws.p_at, .log_q = laws.q_at, .gamma = options.step_size};
  }
  return {.log_p = with_floor(laws.p_at, laws.p_mass + laws.log_floor),
          .log_q = with_floor(laws.q_at, laws.q_floor),
          .gamma = options.step_size};
}

// The cells of the grids, each half of the next; two grids at least, the first the coarsest that
// still sees what a step of interest looks like.
std::vector<Index> ladder_to(Index n) {
  std::vector<Index> ladder{n};
  while (ladder.back() % 2 == 0 && ladder.back() >= 64) ladder.push_back(ladder.back() / 2);
  if (ladder.size() == 1) ladder.push_back(n / 2);
  std::reverse(ladder.begin(), ladder.end());
  return ladder;
}

// φ on the finest grid, and the step's numbers there and on the grid of half its cells.
struct Solution {
  std::unique_ptr<Level> level = {};
  Level::Newton newton = {};
  Moments coarse = {};
  Moments fine = {};
  double coarse_cost = 0.0;
  double cost = 0.0;
};

Solution solve(const Problem& problem, double log_mean_density, const PlaneJkoOptions& options) {
  const Index n = options.cells;
  const std::vector<Index> ladder = ladder_to(n);
  Solution found;
  for (const Index cells : ladder) {
    found.level = std::make_unique<Level>(problem, options.rectangle, cells);
    found.newton =
        cells == ladder.front()
            ? solve_coarsest(problem, options.rectangle, cells, log_mean_density, options)
            : found.level->solve(prolonged(found.newton.state.coefficients, cells),
                                 options.residual_tolerance, options.max_newton_iterations);
    found.coarse = found.fine;
    found.fine = moments(*found.level, found.newton.state, problem.gamma);
    const PlaneArray& phi = found.newton.state.coefficients;
    if (2 * cells == n) found.coarse_cost = dual_cost(problem, found.level->grid(), phi);
    if (cells == n) found.cost = dual_cost(problem, found.level->grid(), phi);
  }
  return found;
}

void tell_convergence(const Solution& found, PlaneJkoResult& result) {
  const Level::Newton& newton = found.newton;
  result.newton_iterations = newton.iterations;
  result.krylov_iterations = newton.krylov_iterations;
  result.termination = newton.termination;
  result.residual = newton.state.norm;
  Index i = 0;
  Index j = 0;
  result.largest_residual = newton.state.residual.abs().maxCoeff(&i, &j);
  result.worst_place = {found.level->grid().x(i), found.level->grid().y(j)};
}

// p', φ and T.
void tell_step(const Problem& problem, const Solution& found, PlaneJkoResult& result) {
  const PlaneGrid& grid = found.level->grid();
  const State& s = found.newton.state;
  const PlaneArray w = found.level->weight(s);
  result.density = w / (w.sum() * grid.cell_area());
  result.potential = s.phi;
  result.map_x = grid.sample([](double x, double) { return x; }) - s.phi_x;
  result.map_y = grid.sample([](double, double y) { return y; }) - s.phi_y;
  const double gamma = problem.gamma;
  const double log_total = log_mass(grid, found.level->log_q() - s.phi / gamma);
  result.log_density = [log_q_at = problem.log_q, phi = interpolated(grid, s.phi), log_total,
                        gamma](double x, double y) {
    const PlaneValue q = log_q_at(x, y);
    const PlaneValue f = phi(x, y);
    return PlaneValue{.value = q.value - f.value / gamma - log_total,
                      .dx = q.dx - f.dx / gamma,
                      .dy = q.dy - f.dy / gamma};
  };
}

// What lies outside of the rectangle: of p and p' it moves every number of the step, of q the
// entropy alone.
struct Outside {
  double of_steps = 0.0;   // of p or p', the larger
  double of_target = 0.0;  // of q
};

Outside outside_of(const PlaneGrid& grid, const Laws& laws, const PlaneArray& w) {
  const auto beyond = [&grid](const PlaneArray& a) {
    return mass_beyond(grid, (a - a.maxCoeff()).exp());
  };
  return {.of_steps = std::max(
              {std::abs(std::expm1(laws.p_mass)), beyond(laws.log_p), mass_beyond(grid, w)}),
          .of_target = beyond(laws.log_q)};
}

// The numbers of the step. Mass m put elsewhere moves a mean by m times the diameter at most, a
// second moment by m times its square; twice, for p moves the step and the step moves too. Where p'
// lies on the target's floor it is a step with the first-order error ‖∇V − ∇V_δ‖, which moves it by
// γ times that at most where V is convex.
void tell_numbers(const Laws& laws,
                  const Solution& found,
                  const PlaneJkoOptions& options,
                  PlaneJkoResult& result) {
  const PlaneGrid& grid = found.level->grid();
  const Rectangle& box = options.rectangle;
  const Moments& fine = found.fine;
  const Moments& coarse = found.coarse;
  const PlaneArray w = found.level->weight(found.newton.state);
  const Outside outside =
      options.domain == PlaneDomain::plane ? outside_of(grid, laws, w) : Outside{};
  result.outside_mass = outside.of_steps;
  const double moved = 2.0 * (outside.of_steps + options.floor);
  const double diameter = std::hypot(box.width(), box.height());
  const double largest =
      std::max({std::abs(box.left), std::abs(box.right), std::abs(box.bottom), std::abs(box.top)});
  const FloorEffect effect =
      options.floor > 0.0 ? floor_effect(grid, laws.q_at, laws.q_floor, options.floor, w / w.sum())
                          : FloorEffect{};
  const double shift = options.step_size * effect.drift;
  const double length = std::sqrt(fine.squared_w2) + shift;
  // A Newton iteration that stopped early gives no bound on what it was to find.
  const double unsolved = found.newton.termination == Termination::converged ? 0.0 : infinity;
  const auto estimate = [&](double value, double on_coarse, double reach, double per_shift,
                            double scale) {
    return Estimate::converged(
        value, std::abs(value - on_coarse) + moved * reach + shift * per_shift + unsolved,
        round_off(scale, 2));
  };
  for (std::size_t i = 0; i < 2; ++i)
    result.mean[i] =
        estimate(fine.of_density.mean[i], coarse.of_density.mean[i], diameter, 1.0, largest);
  for (std::size_t i = 0; i < 3; ++i)
    result.covariance[i] = estimate(fine.of_density.covariance[i], coarse.of_density.covariance[i],
                                    diameter * diameter, 2.0 * diameter, largest * largest);
  result.kl = Estimate::converged(fine.kl,
                                  std::abs(fine.kl - coarse.kl) +
                                      moved * (1.0 + fine.largest_log_ratio) + outside.of_target +
                                      std::abs(effect.log_ratio) + effect.drift * length + unsolved,
                                  round_off(fine.largest_log_ratio, 2));
  result.squared_w2 = estimate(fine.squared_w2, coarse.squared_w2, diameter * diameter,
                               2.0 * length, diameter * diameter);
  result.dual_squared_w2 =
      Estimate::converged(found.cost, std::abs(found.cost - found.coarse_cost) + unsolved,
                          round_off(diameter * diameter, 2));
}

void tell_map_error(const Problem& problem, const Solution& found, PlaneJkoResult& result) {
  const MapError error = measured_error(problem, *found.level, found.newton.state);
  result.map_error = error.found + error.unsure;
  result.folded_mass = error.folded_mass;
  result.folded_square = error.folded_square;
  result.first_order_error = first_order_error(error, problem.gamma);
}

}  // namespace

PlaneJkoResult plane_jko_step(const PlaneFunction& current,
                              const PlaneFunction& potential,
                              const PlaneJkoOptions& options) {
  require_options(options);
  const PlaneGrid grid(options.rectangle, options.cells);
  const Laws laws = sampled(current, potential, grid, options.floor);
  const Problem problem = problem_of(laws, options);
  const double log_mean_density = laws.p_mass - std::log(options.rectangle.area());
  const Solution found = solve(problem, log_mean_density, options);

  PlaneJkoResult result;
  tell_convergence(found, result);
  tell_step(problem, found, result);
  tell_numbers(laws, found, options, result);
  tell_map_error(problem, found, result);
  return result;
}

}  // namespace flowcheck
