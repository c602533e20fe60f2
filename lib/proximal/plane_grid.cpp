#include "proximal/plane_grid.hpp"

#include "numerics/require.hpp"

#include <fftw3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

// FFTW's planner is the one part of it that two threads may not enter together.
std::mutex& planner() {
  static std::mutex mutex;
  return mutex;
}

Eigen::ArrayXd frequencies(Index cells, double length) {
  return Eigen::ArrayXd::LinSpaced(cells, 0.0, static_cast<double>(cells - 1)) *
         (std::numbers::pi / length);
}

// Values and derivatives, at t, of the 8 Lagrange polynomials of the nodes 0, …, 7.
struct LagrangeBasis {
  std::array<double, 8> value = {};
  std::array<double, 8> slope = {};
};

LagrangeBasis lagrange_basis(double t) {
  constexpr std::array<double, 8> weight = {-1.0 / 5040, 1.0 / 720, -1.0 / 240, 1.0 / 144,
                                            -1.0 / 144,  1.0 / 240, -1.0 / 720, 1.0 / 5040};
  // Products of (t − k) over k < i and over k > i, and their derivatives: no division, so that a
  // node itself is no special case.
  std::array<double, 9> below = {1.0};
  std::array<double, 9> below_slope = {};
  for (std::size_t i = 0; i < 8; ++i) {
    const double factor = t - static_cast<double>(i);
    below[i + 1] = below[i] * factor;
    below_slope[i + 1] = below_slope[i] * factor + below[i];
  }
  LagrangeBasis basis;
  double above = 1.0;
  double above_slope = 0.0;
  for (std::size_t i = 8; i-- > 0;) {
    basis.value[i] = weight[i] * below[i] * above;
    basis.slope[i] = weight[i] * (below_slope[i] * above + below[i] * above_slope);
    const double factor = t - static_cast<double>(i);
    above_slope = above_slope * factor + above;
    above *= factor;
  }
  return basis;
}

// Means, over an interval, of each term of a cosine series times (t − centre) and its square.
struct CentredMoments {
  Eigen::ArrayXd first = {};
  Eigen::ArrayXd second = {};
};

// ∫₀^L cos κt (t − L/2)ᵐ dt with κ = πk/L: for m = 1 it is −2/κ² at odd k, for m = 2 it is 2L/κ² at
// even k > 0, and zero at the other k > 0.
CentredMoments centred_moments(const Eigen::ArrayXd& kappa, double length) {
  CentredMoments m{.first = Eigen::ArrayXd::Zero(kappa.size()),
                   .second = Eigen::ArrayXd::Zero(kappa.size())};
  m.second(0) = length * length / 12.0;
  for (Index k = 1; k < kappa.size(); ++k) {
    const double square = kappa(k) * kappa(k);
    if (k % 2 == 1)
      m.first(k) = -4.0 / (square * length);
    else
      m.second(k) = 4.0 / square;
  }
  return m;
}

}  // namespace

// Columns stand 8 numbers further apart than they are long: at lengths that are powers of two, the
// transforms along y would hit the same few cache lines again and again (twice the time at n =
// 512).
struct PlaneGrid::Transforms {
  explicit Transforms(Index cells)
      : stride(cells + 8),
        memory(allocate(cells * stride)),
        work(memory, cells, cells, Eigen::OuterStride<>(stride)) {
    const std::lock_guard lock(planner());
    const int n = static_cast<int>(cells);
    const int outer = static_cast<int>(stride);
    // ESTIMATE: a plan chosen by timing would round differently from run to run.
    const auto plan = [&](fftw_r2r_kind kind, int step, int distance) {
      return fftw_plan_many_r2r(1, &n, n, memory, nullptr, step, distance, memory, nullptr, step,
                                distance, &kind, FFTW_ESTIMATE);
    };
    const auto along_x = [&](fftw_r2r_kind kind) { return plan(kind, 1, outer); };
    const auto along_y = [&](fftw_r2r_kind kind) { return plan(kind, outer, 1); };
    analysis_x = along_x(FFTW_REDFT10);
    analysis_y = along_y(FFTW_REDFT10);
    cos_x = along_x(FFTW_REDFT01);
    sin_x = along_x(FFTW_RODFT01);
    cos_y = along_y(FFTW_REDFT01);
    sin_y = along_y(FFTW_RODFT01);
  }
  ~Transforms() {
    const std::lock_guard lock(planner());
    for (const fftw_plan plan : {analysis_x, analysis_y, cos_x, sin_x, cos_y, sin_y})
      fftw_destroy_plan(plan);
    fftw_free(memory);
  }
  Transforms(const Transforms&) = delete;
  Transforms& operator=(const Transforms&) = delete;

  static double* allocate(Index size) {
    double* const memory = fftw_alloc_real(static_cast<std::size_t>(size));
    std::fill_n(memory, size, 0.0);
    return memory;
  }

  Index stride;
  double* memory;
  Eigen::Map<PlaneArray, 0, Eigen::OuterStride<>> work;
  PlaneArray half = {};  // transformed along y
  fftw_plan analysis_x = nullptr;
  fftw_plan analysis_y = nullptr;
  fftw_plan cos_x = nullptr;
  fftw_plan sin_x = nullptr;
  fftw_plan cos_y = nullptr;
  fftw_plan sin_y = nullptr;
};

PlaneGrid::PlaneGrid(const Rectangle& rectangle, Index cells)
    : rectangle_(rectangle), cells_(cells) {
  require(cells >= 8, "PlaneGrid: at least 8 cells a side");
  require(std::isfinite(rectangle.width()) && std::isfinite(rectangle.height()) &&
              rectangle.width() > 0.0 && rectangle.height() > 0.0,
          "PlaneGrid: the rectangle has no area");
  frequencies_x_ = frequencies(cells, rectangle.width());
  frequencies_y_ = frequencies(cells, rectangle.height());
  transforms_ = std::make_unique<Transforms>(cells);
}

PlaneGrid::~PlaneGrid() = default;
PlaneGrid::PlaneGrid(PlaneGrid&&) noexcept = default;
PlaneGrid& PlaneGrid::operator=(PlaneGrid&&) noexcept = default;

PlaneArray PlaneGrid::coefficients(const PlaneArray& values) const {
  auto& work = transforms_->work;
  work = values;
  fftw_execute(transforms_->analysis_y);
  fftw_execute(transforms_->analysis_x);
  const double n = static_cast<double>(cells_);
  return work / (4.0 * n * n);
}

PlaneArray PlaneGrid::values(const PlaneArray& coefficients) const {
  auto& work = transforms_->work;
  work = coefficients;
  fftw_execute(transforms_->cos_y);
  fftw_execute(transforms_->cos_x);
  return work;
}

PlaneDerivatives PlaneGrid::derivatives(const PlaneArray& coefficients) const {
  PlaneDerivatives result;
  derivatives(coefficients, result);
  return result;
}

void PlaneGrid::derivatives(const PlaneArray& c, PlaneDerivatives& result) const {
  derivatives_but_dyy(c, result);
  auto& work = transforms_->work;
  work = c.rowwise() * (-frequencies_y_.transpose().square());
  fftw_execute(transforms_->cos_y);
  fftw_execute(transforms_->cos_x);
  result.dyy = work;
}

void PlaneGrid::derivatives_but_dyy(const PlaneArray& c, PlaneDerivatives& result) const {
  const Index n = cells_;
  const Index m = n - 1;
  auto& work = transforms_->work;
  const Eigen::ArrayXd& kappa = frequencies_x_;
  const auto mu = frequencies_y_.transpose();
  // Along y first, the strided direction, once for all that differ along x only. The sine series
  // have no k = 0: FFTW's sine of index k + 1 stands at k, and the last stays empty.
  const auto cosine = [&](PlaneArray& out) {
    fftw_execute(transforms_->cos_x);
    out = work;
  };
  const auto sine = [&](const PlaneArray& half, PlaneArray& out) {
    work.topRows(m) = half.bottomRows(m).colwise() * (-kappa.tail(m));
    work.row(m).setZero();
    fftw_execute(transforms_->sin_x);
    out = work;
  };
  PlaneArray& half = transforms_->half;

  work = c;
  fftw_execute(transforms_->cos_y);
  half = work;
  cosine(result.value);
  sine(half, result.dx);
  work = half.colwise() * (-kappa.square());
  cosine(result.dxx);

  work.leftCols(m) = c.rightCols(m).rowwise() * (-mu.tail(m));
  work.col(m).setZero();
  fftw_execute(transforms_->sin_y);
  half = work;
  cosine(result.dy);
  sine(half, result.dxy);
}

PlaneArray PlaneGrid::sample(const std::function<double(double x, double y)>& f) const {
  PlaneArray result(cells_, cells_);
  for (Index j = 0; j < cells_; ++j)
    for (Index i = 0; i < cells_; ++i) result(i, j) = f(x(i), y(j));
  return result;
}

PlaneMoments plane_moments(const PlaneGrid& grid, const PlaneArray& weights) {
  PlaneMoments m;
  const PlaneArray c = grid.coefficients(weights) * static_cast<double>(weights.size());
  const Rectangle& rectangle = grid.rectangle();
  const CentredMoments x = centred_moments(grid.frequencies_x(), rectangle.width());
  const CentredMoments y = centred_moments(grid.frequencies_y(), rectangle.height());
  const double mean_x = (c.col(0) * x.first).sum();
  const double mean_y = (c.row(0).transpose() * y.first).sum();
  const double mean_xy = (x.first.matrix().transpose() * c.matrix() * y.first.matrix())(0, 0);
  m.mean = {rectangle.left + 0.5 * rectangle.width() + mean_x,
            rectangle.bottom + 0.5 * rectangle.height() + mean_y};
  m.covariance = {(c.col(0) * x.second).sum() - mean_x * mean_x, mean_xy - mean_x * mean_y,
                  (c.row(0).transpose() * y.second).sum() - mean_y * mean_y};
  return m;
}

double log_sum(const PlaneArray& a) {
  const double top = a.maxCoeff();
  return top + std::log((a - top).exp().sum());
}

PlaneFunction with_floor(PlaneFunction f, double level) {
  return [f = std::move(f), level](double x, double y) {
    const PlaneValue a = f(x, y);
    const double top = std::max(a.value, level);
    const double sum = top + std::log1p(std::exp(std::min(a.value, level) - top));
    const double part = std::exp(a.value - sum);
    return PlaneValue{.value = sum, .dx = part * a.dx, .dy = part * a.dy};
  };
}

double mass_beyond(const PlaneGrid& grid, const PlaneArray& density) {
  const Index n = grid.cells();
  const Index depth = std::max<Index>(2, n / 32);
  const double total = density.sum();
  const auto beyond = [&](double side, double inside) {
    if (!(side > 0.0)) return 0.0;
    const double cells = static_cast<double>(depth) / std::log(inside / side);
    return inside > side ? side * cells / total : 1.0;
  };
  const double mass = beyond(density.row(0).sum(), density.row(depth).sum()) +
                      beyond(density.row(n - 1).sum(), density.row(n - 1 - depth).sum()) +
                      beyond(density.col(0).sum(), density.col(depth).sum()) +
                      beyond(density.col(n - 1).sum(), density.col(n - 1 - depth).sum());
  return std::min(1.0, mass);
}

PlaneFunction interpolated(const PlaneGrid& grid, PlaneArray values) {
  const Index n = grid.cells();
  require(values.rows() == n && values.cols() == n,
          "interpolated: the values are not of the grid's size");
  const auto shared = std::make_shared<const PlaneArray>(std::move(values));
  const double x0 = grid.x(0);
  const double y0 = grid.y(0);
  const double per_x = 1.0 / grid.step_x();
  const double per_y = 1.0 / grid.step_y();
  return [=](double x, double y) {
    const double s = (x - x0) * per_x;
    const double t = (y - y0) * per_y;
    const auto first = [n](double position) {
      const double least = std::clamp(std::floor(position) - 3.0, 0.0, static_cast<double>(n - 8));
      return static_cast<Index>(least);
    };
    const Index i = first(s);
    const Index j = first(t);
    const LagrangeBasis a = lagrange_basis(s - static_cast<double>(i));
    const LagrangeBasis b = lagrange_basis(t - static_cast<double>(j));
    PlaneValue result;
    for (std::size_t l = 0; l < 8; ++l) {
      const double* column = &shared->coeff(i, j + static_cast<Index>(l));
      double value = 0.0;
      double slope = 0.0;
      for (std::size_t k = 0; k < 8; ++k) {
        value += a.value[k] * column[k];
        slope += a.slope[k] * column[k];
      }
      result.value += value * b.value[l];
      result.dx += slope * b.value[l];
      result.dy += value * b.slope[l];
    }
    result.dx *= per_x;
    result.dy *= per_y;
    return result;
  };
}

}  // namespace flowcheck
