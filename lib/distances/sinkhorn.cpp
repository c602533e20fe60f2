#include "distances/sinkhorn.hpp"

#include "distances/kernel_sweep.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/vector_exp.hpp"

#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck {
namespace {

using Array = Eigen::ArrayXd;
using Kernel = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double largest_log_scaling = 50.0;  // u and v stay within e^{±50}, far from 1e±308
constexpr Index history_length = 16;          // differences kept for the acceleration
constexpr double largest_growth = 4.0;        // of the error over its least, before a restart
constexpr double least_log_entry = -600.0;    // of the plan over its weights, below it 0
constexpr int stall_window = 500;             // iterations without a new least error
constexpr double coarsest = 0.02;             // ε is approached in stages below this, of the cost

// The points with positive weight, coordinates of all points contiguous.
struct Side {
  Eigen::MatrixXd coordinates;  // n × d
  Array weights;                // a, summing to one
  Array log_weights;
  std::vector<Index> origin;  // column in the cloud

  explicit Side(const PointCloud& cloud, const Vector& centre) {
    for (Index i = 0; i < cloud.size(); ++i) {
      if (cloud.weights()(i) > 0.0) origin.push_back(i);
    }
    coordinates.resize(size(), cloud.dimension());
    weights.resize(size());
    for (Index i = 0; i < size(); ++i) {
      const Index column = origin[static_cast<std::size_t>(i)];
      coordinates.row(i) = (cloud.points().col(column) - centre).transpose();
      weights(i) = cloud.weights()(column);
    }
    weights /= weights.sum();
    log_weights = weights.log();
  }

  Index size() const { return static_cast<Index>(origin.size()); }
};

// Terms of the sums over j in the half-steps of one row: log bⱼ + (gⱼ − |xᵢ − yⱼ|²)/ε.
class LogTerms {
 public:
  LogTerms(const Side& from, const Side& to, const Array& g, double epsilon)
      : points_(from.coordinates.transpose()),
        to_(to),
        potential_(g / epsilon + to.log_weights),
        epsilon_(epsilon) {}

  void row(Index i, Array& terms) {
    terms.resize(to_.size());
    loops_.squared_distances(points_.col(i).data(), points_.rows(), to_.coordinates.data(),
                             terms.data(), to_.size());
    largest_cost_ = std::max(largest_cost_, terms.maxCoeff());
    terms = potential_ - terms / epsilon_;
  }

  double largest_cost() const { return largest_cost_; }

 private:
  Matrix points_;  // d × n
  const Side& to_;
  Array potential_;
  double epsilon_;
  double largest_cost_ = 0.0;
  KernelSweep loops_ = kernel_sweep();
};

// e^terms; what is far below 1 becomes 0, for subnormal numbers are a hundred times slower.
void exponentiate(Array& terms) {
  terms = (terms < least_log_entry).select(-infinity, terms);
  vector_exp(terms.matrix());
}

// One half-step: f = −ε log Σⱼ e^termsᵢⱼ, and what `use` makes of i and the plan's row over aᵢ.
template <class Use>
Array soft_transform(LogTerms terms, Index count, double epsilon, const Use& use) {
  Array f(count);
  Array row;
  for (Index i = 0; i < count; ++i) {
    terms.row(i, row);
    const double top = row.maxCoeff();
    row -= top;
    exponentiate(row);
    const double sum = row.sum();
    f(i) = -epsilon * (top + std::log(sum));
    use(i, row, sum);
  }
  return f;
}

// Anderson's mixing: the combination of the last images whose residual is least in the norm given
// by the square roots of the weights.
class History {
 public:
  explicit History(Array scale) : scale_(std::move(scale)) {}

  void clear() {
    count_ = 0;
    started_ = false;
  }

  Array next(const Array& point, const Array& image) {
    const Array residual = image - point;
    if (started_) {
      if (residual_steps_.cols() == 0) {
        residual_steps_.resize(point.size(), history_length);
        image_steps_.resize(point.size(), history_length);
      }
      const Index slot = count_++ % history_length;
      residual_steps_.col(slot) = (scale_ * (residual - last_residual_)).matrix();
      image_steps_.col(slot) = (image - last_image_).matrix();
    }
    started_ = true;
    last_residual_ = residual;
    last_image_ = image;
    const Index kept = std::min(count_, history_length);
    if (kept == 0) return image;
    const Eigen::ColPivHouseholderQR<Matrix> qr(residual_steps_.leftCols(kept));
    const Vector mixing = qr.solve((scale_ * residual).matrix());
    if (!mixing.allFinite()) return image;
    return image - (image_steps_.leftCols(kept) * mixing).array();
  }

 private:
  Array scale_;
  Matrix residual_steps_, image_steps_;
  Array last_residual_, last_image_;
  Index count_ = 0;
  bool started_ = false;
};

class Solver {
 public:
  Solver(const Side& from, const Side& to, const SinkhornOptions& options)
      : from_(from),
        to_(to),
        options_(options),
        f_(Array::Zero(from.size())),
        g_(Array::Zero(to.size())),
        log_u_(from.size()),
        log_v_(to.size()),
        v_(to.size()),
        columns_(to.size()),
        kernel_(from.size(), to.size()) {}

  SinkhornResult solve() {
    SinkhornResult result;
    const double mean_cost =
        (from_.coordinates.rowwise().squaredNorm().array() * from_.weights).sum() +
        (to_.coordinates.rowwise().squaredNorm().array() * to_.weights).sum();
    double epsilon = options_.regularisation;
    while (epsilon < coarsest * mean_cost) epsilon *= 4.0;
    for (;; epsilon = std::max(0.25 * epsilon, options_.regularisation)) {
      const bool last = epsilon <= options_.regularisation;
      settle(epsilon);
      double tolerance = last ? 0.5 * options_.error_tolerance : 1e-2;
      for (;;) {
        result.termination = iterate(epsilon, tolerance, result.iterations);
        absorb(epsilon);
        if (!last) break;
        evaluate(result);
        const bool in_doubt = result.termination == Termination::converged &&
                              result.marginal_error > options_.error_tolerance;
        if (!in_doubt) break;
        tolerance *= 0.25;
      }
      if (last || result.termination == Termination::not_finite ||
          result.termination == Termination::iteration_limit) {
        if (!last) {  // the bracket is asked of the last ε, whose kernel these potentials may
                      // overflow
          settle(options_.regularisation);
          evaluate(result);
        }
        break;
      }
    }
    result.first_potential = f_;
    result.second_potential = g_;
    result.exponentials = exponentials_;
    return result;
  }

 private:
  // Two exact half-steps from wherever (f, g) are, the second of which leaves the kernel: every row
  // has sum one, and no column's is zero or infinite.
  void settle(double epsilon) {
    g_ = soft_transform(LogTerms(to_, from_, f_, epsilon), to_.size(), epsilon,
                        [](Index, const Array&, double) {});
    f_ = soft_transform(
        LogTerms(from_, to_, g_, epsilon), from_.size(), epsilon,
        [&](Index i, const Array& row, double sum) { kernel_.row(i).array() = row / sum; });
    log_u_.setZero();
    log_v_.setZero();
    exponentials_ += 2 * kernel_.size();
  }

  void absorb(double epsilon) {
    f_ += epsilon * log_u_;
    g_ += epsilon * log_v_;
    log_u_.setZero();
    log_v_.setZero();
  }

  // One plain iteration from log v: u makes the rows exact, `columns_` are the columns' sums over v
  // then. Returns the marginal error of (u, v), all of it in the columns.
  double sweep() {
    v_ = log_v_.exp();
    columns_.setZero();
    for (Index i = 0; i < from_.size(); ++i) {
      const double* row = kernel_.row(i).data();
      const double sum = loops_.dot(row, v_.data(), to_.size());
      log_u_(i) = -std::log(sum);
      loops_.add_scaled(from_.weights(i) / sum, row, columns_.data(), to_.size());
    }
    return (v_ * columns_ - to_.weights).abs().sum();
  }

  // Anderson's acceleration of the fixed point log v = log(b/columns(v)), whose linearisation is
  // symmetric with eigenvalues in [0, 1): a few slow modes (a point far out, two clusters) are
  // deflated, where over-relaxation would have to serve the slowest. Falls back to the plain
  // iteration from the best point when the error grows.
  Termination iterate(double epsilon, double tolerance, int& iterations) {
    History history(to_.weights.sqrt());
    double least = infinity;
    Array best_log_v = log_v_;
    int since_least = 0;
    while (iterations < options_.max_iterations) {
      const double error = sweep();
      ++iterations;
      if (!std::isfinite(error)) return Termination::not_finite;
      if (error <= tolerance) return Termination::converged;
      if (++since_least > stall_window) return Termination::stalled;
      if (error > largest_growth * least) {
        log_v_ = best_log_v;
        history.clear();
        least = infinity;
        continue;
      }
      if (error < least) {
        least = error;
        best_log_v = log_v_;
        since_least = 0;
      }
      log_v_ = history.next(log_v_, to_.log_weights - columns_.log());
      if (std::max(log_u_.abs().maxCoeff(), log_v_.abs().maxCoeff()) > largest_log_scaling) {
        absorb(epsilon);
        settle(epsilon);
        history.clear();
        least = infinity;
        best_log_v = log_v_;
      }
    }
    return Termination::iteration_limit;
  }

  // Both sides of the bracket and the marginal error at (f, g), from a kernel built afresh.
  void evaluate(SinkhornResult& result) {
    const double epsilon = options_.regularisation;
    LogTerms terms(from_, to_, g_, epsilon);
    Array row;
    for (Index i = 0; i < from_.size(); ++i) {
      terms.row(i, row);
      row += f_(i) / epsilon;
      exponentiate(row);
      kernel_.row(i) = row;
    }
    exponentials_ += kernel_.size();
    const Array& a = from_.weights;
    const Array& b = to_.weights;
    const Index n = from_.size();

    // Marginals of the plan P, aᵢ times a row of the kernel; of P with rows cut down to the
    // weights.
    Array rows(n);
    Array all_columns = Array::Zero(to_.size());
    Array cut_columns = Array::Zero(to_.size());
    Array cut(n);
    const Array ones = Array::Ones(to_.size());
    for (Index i = 0; i < n; ++i) {
      const double* entries = kernel_.row(i).data();
      rows(i) = loops_.dot(entries, ones.data(), to_.size());
      loops_.add_scaled(a(i), entries, all_columns.data(), to_.size());
      cut(i) = std::min(1.0, 1.0 / rows(i));
      loops_.add_scaled(a(i) * cut(i), entries, cut_columns.data(), to_.size());
    }
    const Array column_cut = (b / cut_columns).min(1.0);
    result.marginal_error = (a * (rows - 1.0).abs()).sum() + (all_columns - b).abs().sum();
    const double mass = (a * rows).sum();
    const double dual = (a * f_).sum() + (b * g_).sum() - epsilon * (mass - 1.0);

    // Cut plan xᵢPᵢⱼyⱼ, its marginals, and its cost Σ xPy (f + g + ε log xy).
    Array kept_rows(n);
    for (Index i = 0; i < n; ++i) {
      kept_rows(i) =
          a(i) * cut(i) * loops_.dot(kernel_.row(i).data(), column_cut.data(), to_.size());
    }
    const Array kept_columns = cut_columns * column_cut;
    const Array row_deficit = (a - kept_rows).max(0.0);
    const Array column_deficit = (b - kept_columns).max(0.0);
    double primal = (kept_rows * (f_ + epsilon * cut.log())).sum() +
                    (kept_columns * (g_ + epsilon * column_cut.log())).sum();
    primal += completion(row_deficit, column_deficit);

    const double scale = f_.abs().maxCoeff() + g_.abs().maxCoeff() + terms.largest_cost() + epsilon;
    const double error = unit_round_off * scale *
                         static_cast<double>(n + to_.size() + 16 * from_.coordinates.cols() + 64);
    result.duality_gap = primal - dual;
    const double lower = dual - error;
    const double upper = std::max(primal, dual) + error;
    result.cost = Estimate::between(std::max(dual, std::min(0.5 * (lower + upper), primal)), lower,
                                    upper, Grade::converged);
  }

  // What the missing mass δ costs as a product measure r sᵀ/δ: its transport cost, its entropy
  // beside a ⊗ b, and εH(δ) for the entropy of a sum of two measures of mass 1 − δ and δ.
  double completion(const Array& r, const Array& s) const {
    const double epsilon = options_.regularisation;
    const double delta = std::max(r.sum(), s.sum());
    if (!(delta > 0.0)) return 0.0;
    const Vector row_moment = from_.coordinates.transpose() * r.matrix();
    const Vector column_moment = to_.coordinates.transpose() * s.matrix();
    const double transport = (from_.coordinates.rowwise().squaredNorm().array() * r).sum() +
                             (to_.coordinates.rowwise().squaredNorm().array() * s).sum() -
                             2.0 * row_moment.dot(column_moment) / delta;
    double entropy = -delta * std::log(delta);
    for (Index i = 0; i < r.size(); ++i) {
      if (r(i) > 0.0) entropy += r(i) * std::log(r(i) / from_.weights(i));
    }
    for (Index j = 0; j < s.size(); ++j) {
      if (s(j) > 0.0) entropy += s(j) * std::log(s(j) / to_.weights(j));
    }
    const double rest = delta < 1.0 ? -(1.0 - delta) * std::log1p(-delta) : 0.0;
    const double mixing = -delta * std::log(delta) + rest;
    return transport + epsilon * (entropy + mixing);
  }

  const Side& from_;
  const Side& to_;
  const SinkhornOptions& options_;
  Array f_, g_;
  Array log_u_, log_v_;
  Array v_, columns_;
  Kernel kernel_;  // Pᵢⱼ/aᵢ for u = v = 1
  KernelSweep loops_ = kernel_sweep();
  std::int64_t exponentials_ = 0;  // so far
};

// Potentials at every point, zero at those without weight.
Vector at_all_points(const Side& side, const Vector& potential, const PointCloud& cloud) {
  Vector all = Vector::Zero(cloud.size());
  for (Index i = 0; i < side.size(); ++i)
    all(side.origin[static_cast<std::size_t>(i)]) = potential(i);
  return all;
}

}  // namespace

SinkhornResult entropic_transport(const PointCloud& from,
                                  const PointCloud& to,
                                  const SinkhornOptions& options) {
  require(from.dimension() == to.dimension(), "entropic_transport: the clouds differ in dimension");
  require(options.regularisation > 0.0 && std::isfinite(options.regularisation),
          "entropic_transport: regularisation must be positive");
  require(from.size() <= options.largest_kernel / to.size(),
          "entropic_transport: more pairs of points than largest_kernel");
  const Vector centre = from.points().rowwise().mean();
  const Side rows(from, centre);
  const Side columns(to, centre);
  SinkhornResult result = Solver(rows, columns, options).solve();
  result.first_potential = at_all_points(rows, result.first_potential, from);
  result.second_potential = at_all_points(columns, result.second_potential, to);
  return result;
}

SinkhornDivergence sinkhorn_divergence(const PointCloud& p,
                                       const PointCloud& q,
                                       const SinkhornOptions& options) {
  SinkhornDivergence result{.between = entropic_transport(p, q, options),
                            .first = entropic_transport(p, p, options),
                            .second = entropic_transport(q, q, options)};
  result.value = result.between.cost - 0.5 * (result.first.cost + result.second.cost);
  for (const SinkhornResult* part : {&result.second, &result.first, &result.between}) {
    if (part->termination != Termination::converged) result.termination = part->termination;
  }
  if (result.termination == Termination::running) result.termination = Termination::converged;
  return result;
}

double median_squared_distance(const PointCloud& p, const PointCloud& q) {
  require(p.dimension() == q.dimension(),
          "median_squared_distance: the clouds differ in dimension");
  std::vector<double> all;
  all.reserve(static_cast<std::size_t>(p.size() * q.size()));
  for (Index i = 0; i < p.size(); ++i) {
    for (Index j = 0; j < q.size(); ++j) {
      all.push_back((p.points().col(i) - q.points().col(j)).squaredNorm());
    }
  }
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

}  // namespace flowcheck
