#include "distances/two_sample.hpp"

#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/vector_exp.hpp"

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck {
namespace {

constexpr Index block = 256;  // rows and columns of the kernel that are in memory at once

// The pooled sample, centred, one point a row, and its kernel.
class PooledKernel {
 public:
  // rate > 0: exp(−rate r²); rate = 0: −r.
  PooledKernel(const PointCloud& p, const PointCloud& q, double rate)
      : n_(p.size()), rate_(rate), points_(p.size() + q.size(), p.dimension()) {
    points_ << p.points().transpose(), q.points().transpose();
    points_.rowwise() -= points_.colwise().mean().eval();
    squares_ = points_.rowwise().squaredNorm();
  }

  Index size() const { return points_.rows(); }
  Index first_size() const { return n_; }
  double largest_value() const { return rate_ > 0.0 ? 1.0 : 2.0 * std::sqrt(squares_.maxCoeff()); }

  // Absolute error of an entry: what the squared distance loses, through the kernel's slope.
  double entry_error() const {
    const double squared = round_off(4.0 * squares_.maxCoeff(), points_.cols());
    return rate_ > 0.0 ? rate_ * squared + 4.0 * unit_round_off : std::sqrt(squared);
  }

  // Entries [row, row + rows) × [column, column + columns), and exactly k(x, x) on the diagonal.
  void fill(Index row, Index rows, Index column, Index columns, Matrix& k) const {
    k.noalias() =
        -2.0 * points_.middleRows(row, rows) * points_.middleRows(column, columns).transpose();
    k.colwise() += squares_.segment(row, rows);
    k.rowwise() += squares_.segment(column, columns).transpose();
    for (Index i = std::max(row, column); i < std::min(row + rows, column + columns); ++i) {
      k(i - row, i - column) = 0.0;
    }
    if (rate_ > 0.0) {
      k = -rate_ * k.cwiseMax(0.0);
      vector_exp(k);
    } else {
      k = -k.cwiseMax(0.0).cwiseSqrt();
    }
  }

 private:
  Index n_;
  double rate_;
  Matrix points_;
  Vector squares_;
};

// Sums over the columns of each row: first sample, second sample, squares of both.
struct RowSums {
  Matrix sums;  // N × 3, the diagonal left out

  explicit RowSums(const PooledKernel& kernel) : sums(Matrix::Zero(kernel.size(), 3)) {
    const Index N = kernel.size();
    const Index n = kernel.first_size();
    tbb::parallel_for(Index{0}, (N + block - 1) / block, [&](Index task) {
      const Index row = task * block;
      const Index rows = std::min(block, N - row);
      Matrix k;
      for (Index column = 0; column < N;) {
        const Index columns = std::min(block, (column < n ? n : N) - column);
        kernel.fill(row, rows, column, columns, k);
        for (Index i = std::max(row, column); i < std::min(row + rows, column + columns); ++i) {
          k(i - row, i - column) = 0.0;
        }
        sums.col(column < n ? 0 : 1).segment(row, rows) += k.rowwise().sum();
        sums.col(2).segment(row, rows) += k.rowwise().squaredNorm();
        column += columns;
      }
    });
  }
};

// Δ of the pooled sample's relabelings: quadratic forms sᵀKs with s = 1/n on n rows drawn at random
// and −1/m on the others. In single precision: they serve a quantile.
std::vector<double> relabelled(const PooledKernel& kernel, const TwoSampleOptions& options) {
  const Index N = kernel.size();
  const Index n = kernel.first_size();
  Eigen::MatrixXf labels(N, options.permutations);
  for (Index p = 0; p < labels.cols(); ++p) {
    Rng rng(options.seed, static_cast<std::uint64_t>(p));
    labels.col(p).setConstant(-1.0F / static_cast<float>(N - n));
    std::vector<Index> order(static_cast<std::size_t>(N));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
    for (Index i = 0; i < n; ++i) {
      std::swap(order[static_cast<std::size_t>(i)],
                order[static_cast<std::size_t>(i + rng.uniform_index(N - i))]);
      labels(order[static_cast<std::size_t>(i)], p) = 1.0F / static_cast<float>(n);
    }
  }
  const Index tasks = (N + block - 1) / block;
  Matrix forms(labels.cols(), tasks);
  tbb::parallel_for(Index{0}, tasks, [&](Index task) {
    const Index row = task * block;
    const Index rows = std::min(block, N - row);
    Matrix k;
    Eigen::MatrixXf image = Eigen::MatrixXf::Zero(rows, labels.cols());
    for (Index column = row; column < N; column += block) {  // on and above the diagonal, by blocks
      const Index columns = std::min(block, N - column);
      kernel.fill(row, rows, column, columns, k);
      const float factor = column == row ? 1.0F : 2.0F;
      image.noalias() += factor * k.cast<float>() * labels.middleRows(column, columns);
    }
    forms.col(task) =
        image.cwiseProduct(labels.middleRows(row, rows)).colwise().sum().cast<double>();
  });
  const Vector totals = forms.rowwise().sum();
  return {totals.begin(), totals.end()};
}

double variance(const Eigen::ArrayXd& values) {
  return (values - values.mean()).square().sum() / static_cast<double>(values.size() - 1);
}

TwoSampleResult compare(const PointCloud& p,
                        const PointCloud& q,
                        double rate,
                        const TwoSampleOptions& options) {
  require(p.dimension() == q.dimension(), "two samples: they differ in dimension");
  require(p.uniform() && q.uniform(), "two samples: expected points without weights");
  require(p.size() >= 2 && q.size() >= 2, "two samples: expected at least two points in each");
  require(std::max(p.size(), q.size()) <= options.largest_count,
          "two samples: more points than largest_count");
  require(options.permutations >= 0, "two samples: permutations must not be negative");
  require(options.false_alarm > 0.0 && options.false_alarm < 1.0,
          "two samples: the false-alarm probability must lie between 0 and 1");

  const PooledKernel kernel(p, q, rate);
  const RowSums rows(kernel);
  const Index first = p.size();
  const Index second = q.size();
  const double n = static_cast<double>(first);
  const double m = static_cast<double>(second);
  const double diagonal = rate > 0.0 ? 1.0 : 0.0;
  const auto xx = rows.sums.col(0).head(first).array();
  const auto xy = rows.sums.col(1).head(first).array();
  const auto yx = rows.sums.col(0).tail(second).array();
  const auto yy = rows.sums.col(1).tail(second).array();
  const double sum_xx = xx.sum();
  const double sum_yy = yy.sum();
  const double cross = 2.0 * xy.sum() / (n * m);

  // Each mean has entries' errors and those of its summation, a block's rows at a time.
  const double error =
      4.0 * (kernel.entry_error() + (n + m) * unit_round_off * kernel.largest_value());
  TwoSampleResult result;
  const double v = (sum_xx + n * diagonal) / (n * n) + (sum_yy + m * diagonal) / (m * m) - cross;
  result.biased = Estimate::closed_form(v, error);
  const double u = sum_xx / (n * (n - 1.0)) + sum_yy / (m * (m - 1.0)) - cross;

  // First order: the projections on one point of each sample.
  const Eigen::ArrayXd of_first = 2.0 * (xx / (n - 1.0) - xy / m);
  const Eigen::ArrayXd of_second = 2.0 * (yy / (m - 1.0) - yx / n);
  const double linear = std::sqrt(variance(of_first) / n + variance(of_second) / m);

  // Second order, at equality: the pooled kernel centred by its row means.
  const double N = n + m;
  const Eigen::ArrayXd row_means = (rows.sums.col(0) + rows.sums.col(1)).array() / (N - 1.0);
  const double mean = row_means.mean();
  const double mean_square = rows.sums.col(2).sum() / (N * (N - 1.0));
  const double centred = std::max(0.0, mean_square - 2.0 * row_means.square().mean() + mean * mean);
  const double degenerate =
      std::sqrt(centred * (2.0 / (n * (n - 1.0)) + 4.0 / (n * m) + 2.0 / (m * (m - 1.0))));
  // Half of the false alarms for each part, on two sides.
  const double tail = 0.25 * options.false_alarm;
  const boost::math::students_t student(std::min(n, m) - 1.0);
  const double z = boost::math::quantile(complement(student, tail));
  const double chi = boost::math::quantile(complement(boost::math::chi_squared(1.0), tail));
  result.unbiased =
      Estimate::statistical(u, z * linear + (chi - 1.0) / std::sqrt(2.0) * degenerate, error);

  result.floor_mean = (1.0 / n + 1.0 / m) * (diagonal - mean);
  if (options.permutations > 0) {
    std::vector<double> draws = relabelled(kernel, options);
    std::sort(draws.begin(), draws.end());
    const auto rank = static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(draws.size())));
    result.floor_95 = draws[std::min(rank, draws.size()) - 1];
  }
  return result;
}

}  // namespace

TwoSampleResult squared_mmd(const PointCloud& p,
                            const PointCloud& q,
                            double rate,
                            const TwoSampleOptions& options) {
  require(rate > 0.0 && std::isfinite(rate), "squared_mmd: the kernel's rate must be positive");
  return compare(p, q, rate, options);
}

TwoSampleResult squared_energy_distance(const PointCloud& p,
                                        const PointCloud& q,
                                        const TwoSampleOptions& options) {
  // Scaled by a power of two, so that no square over- or underflows.
  const double largest =
      std::max(p.points().cwiseAbs().maxCoeff(), q.points().cwiseAbs().maxCoeff());
  require(p.uniform() && q.uniform(), "two samples: expected points without weights");
  if (largest == 0.0) return compare(p, q, 0.0, options);
  const int exponent = std::ilogb(largest);
  const auto scaled = [exponent](const PointCloud& cloud) {
    return PointCloud(
        cloud.points().unaryExpr([exponent](double x) { return std::ldexp(x, -exponent); }));
  };
  TwoSampleResult result = compare(scaled(p), scaled(q), 0.0, options);
  const double scale = std::ldexp(1.0, exponent);
  result.biased = scale * result.biased;
  result.unbiased = scale * result.unbiased;
  result.floor_mean *= scale;
  result.floor_95 *= scale;
  return result;
}

double kernel_rate(double scale) {
  require(scale > 0.0 && std::isfinite(scale), "kernel_rate: the scale must be positive");
  return 0.5 / (scale * scale);
}

double median_distance(const PointCloud& sample) {
  const Index n = sample.size();
  if (n == 1) return 0.0;
  const Matrix points = sample.points().transpose();
  const auto squared_distances = [&points, n](Index i, Eigen::ArrayXd& row) {
    row.setZero(n - 1 - i);
    for (Index k = 0; k < points.cols(); ++k) {
      row += (points.col(k).tail(n - 1 - i).array() - points(i, k)).square();
    }
  };
  // Of the n² distances the least n are the diagonal's zeros, then each pair counts twice.
  const auto pair_rank = [n](Index rank) { return rank < n ? Index{-1} : (rank - n) / 2; };
  const Index ranks[2] = {pair_rank((n * n - 1) / 2), pair_rank(n * n / 2)};

  // Selection by counting: the pairs in [lower, upper] are counted in bins until few are left.
  const auto select = [&](Index rank) {
    if (rank < 0) return 0.0;
    constexpr Index bins = 1 << 14;
    constexpr Index few = 1 << 20;
    double lower = 0.0;
    double upper = 0.0;
    Eigen::ArrayXd row;
    for (Index i = 0; i + 1 < n; ++i) {
      squared_distances(i, row);
      upper = std::max(upper, row.maxCoeff());
    }
    Index inside = n * (n - 1) / 2;
    while (inside > few) {
      const double scale = static_cast<double>(bins) / (upper - lower);
      if (!(std::isfinite(scale) && lower + 1.0 / scale > lower))
        return lower;  // all are one number
      std::vector<Index> counts(bins, 0);
      const auto bin = [&](double value) {
        return std::min<Index>(bins - 1, static_cast<Index>((value - lower) * scale));
      };
      for (Index i = 0; i + 1 < n; ++i) {
        squared_distances(i, row);
        for (const double value : row) {
          if (value >= lower && value <= upper) ++counts[static_cast<std::size_t>(bin(value))];
        }
      }
      Index chosen = 0;
      while (rank >= counts[static_cast<std::size_t>(chosen)]) {
        rank -= counts[static_cast<std::size_t>(chosen++)];
      }
      // The ends of the bin are those of its members, so that none is lost to rounding.
      double least = upper;
      double greatest = lower;
      for (Index i = 0; i + 1 < n; ++i) {
        squared_distances(i, row);
        for (const double value : row) {
          if (value >= lower && value <= upper && bin(value) == chosen) {
            least = std::min(least, value);
            greatest = std::max(greatest, value);
          }
        }
      }
      inside = counts[static_cast<std::size_t>(chosen)];
      lower = least;
      upper = greatest;
    }
    std::vector<double> left;
    left.reserve(static_cast<std::size_t>(inside));
    for (Index i = 0; i + 1 < n; ++i) {
      squared_distances(i, row);
      for (const double value : row) {
        if (value >= lower && value <= upper) left.push_back(value);
      }
    }
    std::nth_element(left.begin(), left.begin() + rank, left.end());
    return std::sqrt(left[static_cast<std::size_t>(rank)]);
  };
  const double low = select(ranks[0]);
  return ranks[0] == ranks[1] ? low : 0.5 * (low + select(ranks[1]));
}

}  // namespace flowcheck
