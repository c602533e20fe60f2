#include "interpolation/planar_tilts.hpp"

#include "measures/tilted_moments.hpp"
#include "numerics/best_first.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

using PlanePoint = Eigen::Vector2d;
using PlaneForm = Eigen::Matrix2d;
using TiltArray = Eigen::ArrayXd;

double largest_eigenvalue(const PlaneForm& S) {
  return 0.5 * (S(0, 0) + S(1, 1)) + std::hypot(0.5 * (S(0, 0) - S(1, 1)), S(0, 1));
}

// The tilts for which one vertex of the hull is ahead: θ = αn + βn′, α, β ≥ 0.
struct NormalCone {
  PlanePoint normals[2];
  TiltArray lags[2];  // ⟨n, v − m_k⟩ and ⟨n′, v − m_k⟩, 0 exactly on the edge
  TiltArray offsets;  // |v − m_k|
};

struct TiltRange {
  double from = 0.0;
  double to = infinity;
  bool is_bounded() const { return to < infinity; }
  double half_length() const { return is_bounded() ? 0.5 * (to - from) : 0.0; }
  double representative() const { return is_bounded() ? 0.5 * (from + to) : infinity; }
};

struct Corner {
  double value = 0.0;  // λ_max(B + A Cov Aᵀ)
  double error = 0.0;
  Index likeliest = 0;
};

// [α₀, α₁] × [β₀, β₁], what its corners show, and the bound of what it holds.
struct TiltCell {
  std::size_t cone = 0;
  std::array<TiltRange, 2> sides = {};
  std::array<Corner, 4> corners = {};  // (α₀, β₀), (α₁, β₀), (α₀, β₁), (α₁, β₁)
  double bound = infinity;
  std::size_t split = 0;  // the side that the bound would gain most from
};

// x · lag, 0 where the lag is, also at x = ∞.
TiltArray pull(const TiltArray& lags, double x) {
  if (x < infinity) return x * lags;
  return (lags == 0.0).select(TiltArray::Zero(lags.size()), infinity * lags);
}

class PlanarSearch {
 public:
  PlanarSearch(const PlanarTilts& tilts, const CovarianceSearchOptions& options)
      : points_(tilts.points),
        mapped_(tilts.map * tilts.points),
        log_weights_(tilts.log_weights.array()),
        map_(tilts.map),
        base_(tilts.base),
        base_value_(largest_eigenvalue(base_)),
        options_(options) {
    const Matrix hull = convex_hull(points_);
    require(hull.cols() >= 3, "largest_tilted_covariance: the points are all on a line");
    for (Index k = 0; k < hull.cols(); ++k) cones_.push_back(normal_cone(hull, k));
    // The widest pair is among the corners.
    const Matrix mapped_hull = tilts.map * hull;
    for (const auto& m : mapped_hull.colwise()) {
      const double farthest = (mapped_hull.colwise() - m).colwise().norm().maxCoeff();
      mapped_width_ = std::max(mapped_width_, farthest);
    }
    for (const NormalCone& cone : cones_) width_ = std::max(width_, cone.offsets.maxCoeff());
  }

  CovarianceExtreme run() {
    std::vector<TiltCell> cells;
    for (std::size_t k = 0; k < cones_.size(); ++k) {
      cells.push_back(bounded({.cone = k, .corners = corners_of(k, {})}));
    }
    const int most_places =
        std::min(5 * options_.most_places, static_cast<int>(4'000'000 / points_.cols()));
    const auto is_done = [&](double open) {
      const double scale = std::max(std::abs(best_.value), std::abs(base_value_));
      return places_ >= most_places || options_.goal(scale).is_met(best_.value, open);
    };
    const auto bounded_halves = [&](const TiltCell& whole) {
      const auto [first, second] = halves(whole);
      return std::array{bounded(first), bounded(second)};
    };
    const double open = best_first(cells, 1.0, is_done, bounded_halves);
    const double upper = std::max(open, best_.value + best_.error);
    return {
        .value = Estimate::between(best_.value, best_.value - best_.error, upper, Grade::converged),
        .place = best_at_};
  }

 private:
  NormalCone normal_cone(const Matrix& hull, Index k) const {
    const Index n = hull.cols();
    const PlanePoint v = hull.col(k);
    NormalCone cone;
    for (const int i : {0, 1}) {
      const PlanePoint from = hull.col((k + i + n - 1) % n);
      const PlanePoint to = hull.col((k + i) % n);
      const PlanePoint along = (to - from).normalized();
      cone.normals[i] = PlanePoint(along.y(), -along.x());
      cone.lags[i] = TiltArray::Zero(points_.cols());
      for (Index j = 0; j < points_.cols(); ++j) {
        if (orientation(from, to, points_.col(j)) == 0.0) continue;
        cone.lags[i](j) =
            std::max(cone.normals[i].dot(v - points_.col(j)), std::numeric_limits<double>::min());
      }
    }
    cone.offsets = (points_.colwise() - Eigen::VectorXd(v)).colwise().norm().transpose().array();
    return cone;
  }

  std::array<Corner, 4> corners_of(std::size_t cone, const std::array<TiltRange, 2>& sides) {
    return {probe(cone, sides[0].from, sides[1].from), probe(cone, sides[0].to, sides[1].from),
            probe(cone, sides[0].from, sides[1].to), probe(cone, sides[0].to, sides[1].to)};
  }

  struct LogOdds {
    TiltArray least;
    TiltArray most;
  };
  struct Law {
    TiltArray weights;
    Index likeliest = 0;
    PlanePoint mean;
    PlaneForm covariance;
  };
  Law law_at(const NormalCone& cone, double alpha, double beta) const {
    const TiltArray exponents = log_weights_ - pull(cone.lags[0], alpha) - pull(cone.lags[1], beta);
    Law law;
    law.weights = (exponents - exponents.maxCoeff(&law.likeliest)).exp();
    law.weights /= law.weights.sum();
    law.mean = points_ * law.weights.matrix();
    const Matrix centred = points_.colwise() - Eigen::VectorXd(law.mean);
    law.covariance = centred * law.weights.matrix().asDiagonal() * centred.transpose();
    return law;
  }

  // The limit at infinity, where α or β is: what is off the edge has no weight there.
  Corner probe(std::size_t index, double alpha, double beta) {
    ++places_;
    const NormalCone& cone = cones_[index];
    const Law law = law_at(cone, alpha, beta);
    const PlaneForm C = map_ * law.covariance * map_.transpose();
    const double value = largest_eigenvalue(base_ + C);
    // ∂C/∂log p_k = p_k(c_k c_kᵀ − C); lags round with |v − m_k|.
    TiltArray log_errors = 8.0 + 4.0 * (log_weights_ - log_weights_.maxCoeff()).abs();
    for (const auto& [lags, x] : {std::pair{&cone.lags[0], alpha}, {&cone.lags[1], beta}}) {
      if (x < infinity) log_errors += (*lags > 0.0).select(8.0 * x * cone.offsets, 0.0);
    }
    const Matrix centred = map_ * (points_.colwise() - Eigen::VectorXd(law.mean));
    const TiltArray squares = centred.colwise().squaredNorm().transpose().array();
    const double trace = C.trace();
    const double error =
        unit_round_off * ((law.weights * log_errors * (squares + trace)).sum() +
                          static_cast<double>(16 + points_.cols()) * trace + 8.0 * base_.norm());
    const Corner result{value, error, law.likeliest};
    if (alpha < infinity && beta < infinity && value > best_.value) {
      best_ = result;
      best_at_ = alpha * cone.normals[0] + beta * cone.normals[1];
      // θ itself is rounded, and the covariance changes by at most |dθ| width · itself.
      best_.error += 4.0 * unit_round_off * best_at_.norm() * width_ * trace;
    }
    return result;
  }

  std::array<TiltCell, 2> halves(const TiltCell& whole) {
    const std::size_t i = whole.split;
    const TiltRange side = whole.sides[i];
    const double middle =
        side.is_bounded() ? side.representative() : std::max(2.0 * side.from, 1.0 / width_);
    const TiltRange other = whole.sides[1 - i];
    const auto at = [&](double there) {
      return i == 0 ? probe(whole.cone, middle, there) : probe(whole.cone, there, middle);
    };
    const Corner near = at(other.from);
    const Corner far = at(other.to);
    std::array<TiltCell, 2> result = {whole, whole};
    result[0].sides[i].to = middle;
    result[1].sides[i].from = middle;
    const std::size_t step = i == 0 ? 1 : 2;        // to the corner across
    const std::size_t other_step = i == 0 ? 2 : 1;  // and along
    result[0].corners[step] = result[1].corners[0] = near;
    result[0].corners[3] = result[1].corners[other_step] = far;
    return result;
  }

  // ℓ_k − ℓ_reference on the cell: linear in α and β, so that their ends are those at its corners.
  LogOdds log_odds(const TiltCell& cell, Index reference) const {
    const NormalCone& cone = cones_[cell.cone];
    LogOdds odds;
    odds.most = log_weights_ - log_weights_(reference);
    odds.least = odds.most;
    TiltArray slack = 8.0 + 4.0 * odds.most.abs();
    for (const int i : {0, 1}) {
      const TiltRange& side = cell.sides[static_cast<std::size_t>(i)];
      const TiltArray lags = cone.lags[i] - cone.lags[i](reference);
      const TiltArray near = side.from * lags;
      const TiltArray far = pull(lags, side.to);
      odds.most -= near.min(far);
      odds.least -= near.max(far);
      const double x = side.is_bounded() ? side.to : side.from;
      slack += (lags.abs() > 0.0).select(8.0 * x * (cone.offsets + cone.offsets(reference)), 0.0);
    }
    odds.most += unit_round_off * slack;
    odds.least -= unit_round_off * slack;
    return odds;
  }

  // p_k on the cell from above: by its odds against the likeliest point in the middle and all that
  // is at least as likely there, and by its odds against each corner's likeliest alone.
  TiltArray largest_weights(const TiltCell& cell, const Law& middle) const {
    const LogOdds odds = log_odds(cell, middle.likeliest);
    const TiltArray least = odds.least.exp();
    const double all =
        least.sum() * (1.0 - 4.0 * unit_round_off * static_cast<double>(least.size()));
    TiltArray weights = 1.0 / (1.0 + (all - least).max(0.0) * (-odds.most).exp());
    for (std::size_t j = 0; j < 4; ++j) {
      const Index reference = cell.corners[j].likeliest;
      const bool seen = std::any_of(cell.corners.begin(), cell.corners.begin() + j,
                                    [&](const Corner& c) { return c.likeliest == reference; });
      if (seen || reference == middle.likeliest) continue;
      weights = weights.min(log_odds(cell, reference).most.exp());
    }
    return weights;
  }

  TiltCell bounded(TiltCell cell) const {
    const NormalCone& cone = cones_[cell.cone];
    const Law middle = law_at(cone, cell.sides[0].representative(), cell.sides[1].representative());
    const TiltArray weights = largest_weights(cell, middle);
    const Matrix centred = points_.colwise() - Eigen::VectorXd(middle.mean);
    const PlaneForm spread = centred * weights.matrix().asDiagonal() * centred.transpose();
    const PlaneForm mapped = map_ * spread * map_.transpose();
    const double size = largest_eigenvalue(mapped);
    const double by_weights = largest_eigenvalue(base_ + mapped);

    // What a side adds to the corners: a parabola, or what is off the edge at infinity. Neither
    // counts for more than the whole width, so that a long side does not hide an infinite one.
    const double square = mapped_width_ * mapped_width_;
    std::array<double, 2> share = {};
    std::array<PlanePoint, 2> reach;
    TiltArray is_off = TiltArray::Zero(weights.size());
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      reach[i] = cell.sides[i].half_length() * cone.normals[i];
      if (cell.sides[i].is_bounded()) {
        share[i] = std::min(size * reach[i].dot(spread * reach[i]), 0.999 * square);
      } else {
        const TiltArray off = (cone.lags[i] > 0.0).cast<double>();
        share[i] = square * std::min(1.0, (off * weights).sum());
        is_off = is_off.max(off);
      }
    }
    const PlanePoint sum = reach[0] + reach[1];
    const PlanePoint difference = reach[0] - reach[1];
    const double parabola = std::max(sum.dot(spread * sum), difference.dot(spread * difference));
    const double by_corners =
        largest_corner(cell) + size * parabola + square * (is_off * weights).sum();

    const double bound = std::min({by_weights, by_corners, by_width(weights)});
    const double rounding = static_cast<double>(32 + 4 * points_.cols()) * unit_round_off;
    cell.bound = std::min(cell.bound, bound + rounding * (size + base_.norm()));
    cell.split = share[0] >= share[1] ? 0 : 1;
    return cell;
  }

  // Of those at infinity, where the cell reaches it.
  double largest_corner(const TiltCell& cell) const {
    double largest = -infinity;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::array<bool, 2> is_far = {j % 2 == 1, j >= 2};
      const auto counts = [&](std::size_t i) { return cell.sides[i].is_bounded() || is_far[i]; };
      if (!counts(0) || !counts(1)) continue;
      largest = std::max(largest, cell.corners[j].value + cell.corners[j].error);
    }
    return largest;
  }

  // Any law on points within w of each other has variances up to ¼w²; the others add their
  // weight times the square of the whole width.
  double by_width(const TiltArray& weights) const {
    constexpr std::size_t few = 4;
    std::vector<Index> order(static_cast<std::size_t>(weights.size()));
    std::iota(order.begin(), order.end(), Index{0});
    const std::size_t count = std::min(few, order.size());
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(count),
                              [&](Index i, Index j) { return weights(i) > weights(j); });
    const double square = mapped_width_ * mapped_width_;
    double rest = 0.0;
    for (std::size_t i = count; i < order.size(); ++i) rest += weights(order[i]);
    double best = base_value_ + 0.25 * square;
    for (std::size_t n = count; n > 0; --n) {
      best = std::min(best, variance_of_first(order, n) + rest * square);
      rest += weights(order[n - 1]);
    }
    return best;
  }

  double variance_of_first(const std::vector<Index>& order, std::size_t n) const {
    if (n == 2) {
      const PlanePoint gap = mapped_.col(order[1]) - mapped_.col(order[0]);
      return largest_eigenvalue(base_ + 0.25 * gap * gap.transpose());
    }
    double widest = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        widest = std::max(widest, (mapped_.col(order[i]) - mapped_.col(order[j])).squaredNorm());
      }
    }
    return base_value_ + 0.25 * widest;
  }

  Matrix points_;
  Matrix mapped_;
  TiltArray log_weights_;
  PlaneForm map_;
  PlaneForm base_;
  double base_value_;
  CovarianceSearchOptions options_;
  std::vector<NormalCone> cones_ = {};
  double width_ = 0.0;         // of the points
  double mapped_width_ = 0.0;  // of Am_k
  int places_ = 0;
  Corner best_ = {.value = -infinity};
  Vector best_at_ = Vector::Zero(2);
};

}  // namespace

CovarianceExtreme largest_tilted_covariance(const PlanarTilts& tilts,
                                            const CovarianceSearchOptions& options) {
  const Index K = tilts.points.cols();
  require(tilts.points.rows() == 2 && K >= 3 && tilts.log_weights.size() == K,
          "largest_tilted_covariance: takes 2 × K points and K weights, K ≥ 3");
  require(tilts.log_weights.allFinite(), "largest_tilted_covariance: weights must be positive");
  return PlanarSearch(tilts, options).run();
}

}  // namespace flowcheck
