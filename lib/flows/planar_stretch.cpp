#include "flows/planar_stretch.hpp"

#include "flows/normal_cones.hpp"
#include "flows/tilted_flow.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/best_first.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

using PlanePoint = Eigen::Vector2d;
using PlaneForm = Eigen::Matrix2d;
using Terms = Eigen::ArrayXd;

// A unit vector of the largest eigenvalue.
PlanePoint leading_direction(const PlaneForm& S) {
  const double angle = 0.5 * std::atan2(2.0 * S(0, 1), S(0, 0) - S(1, 1));
  return {std::cos(angle), std::sin(angle)};
}

struct EndSide {
  double from = 0.0;
  double to = infinity;
  bool is_bounded() const { return to < infinity; }
};

struct EndCell {
  std::size_t cone = 0;
  std::array<EndSide, 2> sides = {};
  double bound = infinity;  // of ∫ s λ_max ds
  std::size_t split = 0;    // the side to be halved
};

class PlanarSearch {
 public:
  PlanarSearch(TiltedFlow flow, const PlanarStretchOptions& options)
      : flow_(std::move(flow)),
        options_(options),
        K_(flow_.means().cols()),
        cones_(normal_cones(flow_.means())) {}

  PlanarStretch run() {
    std::vector<EndCell> cells;
    for (std::size_t k = 0; k < cones_.size(); ++k) cells.push_back(bounded({.cone = k}));
    // Each cell sums over the components fifteen times a step.
    const double most_cells =
        options_.most_terms / (15.0 * static_cast<double>(K_ * flow_.steps()));
    const auto is_done = [&](double open) {
      return count_ >= most_cells || open <= seen_ + options_.accuracy;
    };
    const auto halves = [&](const EndCell& whole) {
      const auto [first, second] = halved(whole);
      return std::array{bounded(first), bounded(second)};
    };
    const double open = best_first(cells, 1.0, is_done, halves);
    return {.upper = std::exp(std::max(open, seen_)),
            .start = start_,
            .is_closed = open <= seen_ + options_.accuracy};
  }

 private:
  std::pair<EndCell, EndCell> halved(const EndCell& whole) const {
    const EndSide& side = whole.sides[whole.split];
    const double middle = side.is_bounded()
                              ? 0.5 * (side.from + side.to)
                              : std::max(2.0 * side.from, 2.0 + flow_.width() * flow_.last());
    std::pair result(whole, whole);
    result.first.sides[whole.split].to = middle;
    result.second.sides[whole.split].from = middle;
    return result;
  }

  EndCell bounded(EndCell cell) {
    const auto& [first, second] = cell.sides;
    double bound = infinity;
    if (first.is_bounded() && second.is_bounded()) {
      const NormalCone& cone = cones_[cell.cone];
      const PlanePoint u = 0.5 * (first.to - first.from) * cone.normals[0];
      const PlanePoint w = 0.5 * (second.to - second.from) * cone.normals[1];
      const PlanePoint n = end_of(cell);
      const PlanePoint e = leading_direction(flow_.covariance_at_end(n));
      const FollowedBack result = counted(flow_.followed_back(n, spread_of(u, w, e)), false);
      cell.split = u.dot(result.weight * u) >= w.dot(result.weight * w) ? 0 : 1;
      bound = result.above;
    } else {
      bound = unbounded(cell);
    }
    cell.bound = std::min(cell.bound, bound);
    return cell;
  }

  // The middle; an unbounded side's beginning.
  PlanePoint end_of(const EndCell& cell) const {
    PlanePoint n = PlanePoint::Zero();
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const EndSide& side = cell.sides[i];
      n += (side.is_bounded() ? 0.5 * (side.from + side.to) : side.from) *
           cones_[cell.cone].normals[i];
    }
    return n;
  }

  // Where the unbounded sides go to ∞.
  FarEnds far_ends(const EndCell& cell) const {
    const NormalCone& cone = cones_[cell.cone];
    FarEnds far{.vertex = cone.vertex, .is_left = Terms::Ones(K_), .lags = Terms::Zero(K_)};
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      far.lags += cell.sides[i].from * cone.lags[i];
      if (!cell.sides[i].is_bounded()) far.is_left *= (cone.lags[i] == 0.0).cast<double>();
    }
    return far;
  }

  double unbounded(EndCell& cell) {
    const NormalCone& cone = cones_[cell.cone];
    const FarEnds far = far_ends(cell);
    if (!cell.sides[0].is_bounded() && !cell.sides[1].is_bounded()) {
      cell.split = cell.sides[0].from <= cell.sides[1].from ? 0 : 1;
      return counted(flow_.followed_back(end_of(cell), {}, far), true).above;
    }
    const std::size_t i = cell.sides[0].is_bounded() ? 0 : 1;
    const PlanePoint& outward = cone.normals[1 - i];
    const PlanePoint edge(-outward.y(), outward.x());
    // Across the edge nothing changes: there are only the edge's centres.
    const PlanePoint u = 0.5 * (cell.sides[i].to - cell.sides[i].from) * cone.normals[i];
    const Spread spread = spread_of(u.dot(edge) * edge, PlanePoint::Zero(), edge);
    const FollowedBack result = counted(flow_.followed_back(end_of(cell), spread, far), true);
    cell.split = result.leak > spread.radius ? 1 - i : i;
    return result.above;
  }

  // A bound of what ends in a cell; its middle, or its limit, is a trajectory that occurs.
  FollowedBack counted(const FollowedBack& result, bool is_limit) {
    ++count_;
    if (result.middle > seen_) {
      seen_ = result.middle;
      start_ = is_limit ? Vector() : Vector(result.start);
    }
    return result;
  }

  TiltedFlow flow_;
  PlanarStretchOptions options_;
  Index K_ = 0;
  std::vector<NormalCone> cones_;
  double seen_ = -infinity;
  Vector start_ = {};
  int count_ = 0;
};

// Of positive weight about the origin, those in one place together.
PlanarCentres centres_of(const GaussianMixture& p, const PlanePoint& origin) {
  std::vector<double> weights;
  std::vector<PlanePoint> means;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const PlanePoint m = PlanePoint(p.means().col(k)) - origin;
    const auto known = std::ranges::find(means, m);
    if (known != means.end()) {
      weights[static_cast<std::size_t>(known - means.begin())] += p.weights()(k);
      continue;
    }
    weights.push_back(p.weights()(k));
    means.push_back(m);
  }
  const auto K = static_cast<Index>(means.size());
  PlanarCentres result{.means = Matrix(2, K), .log_weights = Terms(K)};
  for (Index k = 0; k < K; ++k) {
    result.means.col(k) = means[static_cast<std::size_t>(k)];
    result.log_weights(k) = std::log(weights[static_cast<std::size_t>(k)]);
  }
  return result;
}

}  // namespace

PlanarStretch planar_stretch(const GaussianMixture& p,
                             const NoiseLevel& from,
                             const NoiseLevel& to,
                             const PlanarStretchOptions& options) {
  require(p.dimension() == 2, "planar_stretch: the mixture is not in the plane");
  const double variance = p.common_variance();
  require(variance >= 0.0, "planar_stretch: the components must share one σ²I");
  const auto root_S = [&](const NoiseLevel& level) {
    return std::hypot(level.noise, std::sqrt(variance) * level.data_scale);
  };
  require(root_S(from) > 0.0 && root_S(to) > 0.0, "planar_stretch: no density");
  const PlanePoint origin = p.mean();
  PlanarCentres centres = centres_of(p, origin);
  require(convex_hull(centres.means).cols() > 2, "planar_stretch: the centres are on a line");
  TiltedFlow flow(std::move(centres), from.data_scale / root_S(from), to.data_scale / root_S(to));
  PlanarSearch search(std::move(flow), options);
  PlanarStretch result = search.run();
  result.upper *= root_S(to) / root_S(from) * (1.0 + 1e-10);
  if (result.start.size() > 0) {
    result.start = root_S(from) * result.start + from.data_scale * Vector(origin);
  }
  return result;
}

}  // namespace flowcheck
