#include "flows/planar_stretch.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/best_first.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

using PlanePoint = Eigen::Vector2d;
using PlaneForm = Eigen::Matrix2d;
using Terms = Eigen::ArrayXd;

double largest_eigenvalue(const PlaneForm& S) {
  return 0.5 * (S(0, 0) + S(1, 1)) + std::hypot(0.5 * (S(0, 0) - S(1, 1)), S(0, 1));
}

double smallest_eigenvalue(const PlaneForm& S) {
  return S(0, 0) + S(1, 1) - largest_eigenvalue(S);
}

// A unit vector of the largest eigenvalue.
PlanePoint leading_direction(const PlaneForm& S) {
  const double angle = 0.5 * std::atan2(2.0 * S(0, 1), S(0, 0) - S(1, 1));
  return {std::cos(angle), std::sin(angle)};
}

// ρ = Σ wₖ δ_{mₖ}, about the origin.
struct Latent {
  Terms log_weights;
  Matrix means;
  PlanePoint origin = PlanePoint::Zero();
};

// ρ tilted by e^{⟨θ, w⟩ − s²|w|²/2} has log weights c + ⟨θ, m⟩, up to one constant.
struct Slice {
  double s = 0.0;
  Terms constants;
};

// The law of W for one θ: weights, and the components' means about its own.
struct Law {
  Terms weights, logs;
  Terms x, y;
  PlanePoint mean = PlanePoint::Zero();
};

PlaneForm second_moment(const Terms& weights, const Terms& x, const Terms& y) {
  PlaneForm Q;
  Q(0, 0) = (weights * x * x).sum();
  Q(1, 1) = (weights * y * y).sum();
  Q(0, 1) = Q(1, 0) = (weights * x * y).sum();
  return Q;
}

struct EndSide {
  double from = 0.0;
  double to = infinity;
  bool is_bounded() const { return to < infinity; }
};

// Ends n = αn₀ + βn₁, α, β ≥ 0, between the normals of a vertex of the centres' hull.
struct EndCone {
  std::array<PlanePoint, 2> normals = {};
  std::array<Terms, 2> lags = {};  // ⟨nᵢ, v − mₖ⟩ ≥ 0, 0 exactly on the edge of normal nᵢ
  Terms leads = {};                // max_j ⟨mⱼ, v − mₖ⟩
  Index vertex = 0;
};

struct EndCell {
  std::size_t cone = 0;
  std::array<EndSide, 2> sides = {};
  double bound = infinity;  // of ∫ s λ_max ds
  std::size_t split = 0;    // the side to be halved
};

class PlanarSearch {
 public:
  PlanarSearch(Latent latent, double first, double last, const PlanarStretchOptions& options)
      : latent_(std::move(latent)), options_(options), last_(last) {
    K_ = latent_.means.cols();
    width_ = 2.0 * latent_.means.colwise().norm().maxCoeff();
    // Steps short against the rate s λ_max ≤ ¼ s width².
    const double rate = 0.25 * last * last * width_ * width_;
    steps_ = 2 * static_cast<int>(std::clamp(rate, 16.0, 512.0));
    for (int i = 0; i <= 2 * steps_; ++i) {
      const double s = first + (last - first) * i / (2 * steps_);
      const Terms squares = latent_.means.colwise().squaredNorm().transpose().array();
      slices_.push_back({.s = s, .constants = latent_.log_weights - 0.5 * s * s * squares});
    }
    step_ = (last - first) / steps_;
    add_normal_cones();
  }

  PlanarStretch run() {
    std::vector<EndCell> cells;
    for (std::size_t k = 0; k < cones_.size(); ++k) cells.push_back(bounded({.cone = k}));
    // Each cell sums over the components fifteen times a step.
    const double most_cells = options_.most_terms / (15.0 * static_cast<double>(K_ * steps_));
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
  void add_normal_cones() {
    const Matrix hull = convex_hull(latent_.means);
    const Index n = hull.cols();
    const auto normal = [&](Index k) {
      const PlanePoint along = (hull.col((k + 1) % n) - hull.col(k % n)).normalized();
      return PlanePoint(along.y(), -along.x());
    };
    for (Index k = 0; k < n; ++k) {
      const PlanePoint before = normal(k + n - 1);
      const PlanePoint after = normal(k);
      const Terms lags_before = lags(hull, k, k + n - 1, before);
      const Terms lags_after = lags(hull, k, k, after);
      if (before.dot(after) >= 0.0) {
        add_cone(hull.col(k), before, lags_before, after, lags_after);
        continue;
      }
      const PlanePoint middle = (before + after).norm() > 1e-3
                                    ? PlanePoint((before + after).normalized())
                                    : PlanePoint(-before.y(), before.x());
      const Terms lags_middle =
          (middle.transpose() * (Eigen::VectorXd(hull.col(k)).replicate(1, K_) - latent_.means))
              .transpose()
              .array();
      add_cone(hull.col(k), before, lags_before, middle, lags_middle);
      add_cone(hull.col(k), middle, lags_middle, after, lags_after);
    }
  }

  // Of all centres behind hull vertex k, along the normal of the edge from `edge` on.
  Terms lags(const Matrix& hull, Index k, Index edge, const PlanePoint& normal) const {
    const Index n = hull.cols();
    const PlanePoint v = hull.col(k);
    Terms result(K_);
    for (Index j = 0; j < K_; ++j) {
      const bool is_on =
          orientation(hull.col(edge % n), hull.col((edge + 1) % n), latent_.means.col(j)) == 0.0;
      result(j) = is_on ? 0.0 : std::max(0.0, normal.dot(v - latent_.means.col(j)));
    }
    return result;
  }

  void add_cone(const PlanePoint& v,
                const PlanePoint& n0,
                const Terms& l0,
                const PlanePoint& n1,
                const Terms& l1) {
    EndCone cone{.normals = {n0, n1}, .lags = {l0, l1}, .leads = Terms(K_)};
    for (Index k = 0; k < K_; ++k) {
      const PlanePoint gap = v - latent_.means.col(k);
      if (gap.isZero(0.0)) cone.vertex = k;
      cone.leads(k) = (latent_.means.transpose() * gap).maxCoeff();
    }
    cone.lags[0](cone.vertex) = cone.lags[1](cone.vertex) = 0.0;
    cones_.push_back(std::move(cone));
  }

  std::pair<EndCell, EndCell> halved(const EndCell& whole) const {
    const EndSide& side = whole.sides[whole.split];
    const double middle = side.is_bounded() ? 0.5 * (side.from + side.to)
                                            : std::max(2.0 * side.from, 2.0 + width_ * last_);
    std::pair result(whole, whole);
    result.first.sides[whole.split].to = middle;
    result.second.sides[whole.split].from = middle;
    return result;
  }

  EndCell bounded(EndCell cell) {
    const auto& [first, second] = cell.sides;
    double bound = infinity;
    if (first.is_bounded() && second.is_bounded()) {
      const EndCone& cone = cones_[cell.cone];
      const PlanePoint u = 0.5 * (first.to - first.from) * cone.normals[0];
      const PlanePoint w = 0.5 * (second.to - second.from) * cone.normals[1];
      const PlanePoint n = end_of(cell);
      const PlanePoint e = leading_direction(covariance_at_end(n));
      const PlanePoint f(-e.y(), e.x());
      const Spread spread{.e = e,
                          .along = std::abs(u.dot(e)) + std::abs(w.dot(e)),
                          .across = std::abs(u.dot(f)) + std::abs(w.dot(f)),
                          .radius = std::max((u + w).norm(), (u - w).norm())};
      const Followed result = followed(n, spread, nullptr, cell);
      cell.split = u.dot(result.weight * u) >= w.dot(result.weight * w) ? 0 : 1;
      bound = result.bound;
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

  // Which centres are left where the unbounded sides go to ∞.
  Terms left_at_infinity(const EndCell& cell) const {
    Terms is_left = Terms::Ones(K_);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      if (!cell.sides[i].is_bounded()) is_left *= (cones_[cell.cone].lags[i] == 0.0).cast<double>();
    }
    return is_left;
  }

  double unbounded(EndCell& cell) {
    const EndCone& cone = cones_[cell.cone];
    const Terms is_left = left_at_infinity(cell);
    if (!cell.sides[0].is_bounded() && !cell.sides[1].is_bounded()) {
      cell.split = cell.sides[0].from <= cell.sides[1].from ? 0 : 1;
      return followed(end_of(cell), {}, &is_left, cell).bound;
    }
    const std::size_t i = cell.sides[0].is_bounded() ? 0 : 1;
    const PlanePoint& far = cone.normals[1 - i];
    const PlanePoint edge(-far.y(), far.x());
    const double radius =
        0.5 * (cell.sides[i].to - cell.sides[i].from) * std::abs(edge.dot(cone.normals[i]));
    const Spread spread{.e = edge, .along = radius, .across = 0.0, .radius = radius};
    const Followed result = followed(end_of(cell), spread, &is_left, cell);
    cell.split = result.leak > radius ? 1 - i : i;
    return result.bound;
  }

  // |⟨Δ, e⟩| ≤ along, |⟨Δ, f⟩| ≤ across, f ⟂ e, and |Δ| ≤ radius.
  struct Spread {
    PlanePoint e = PlanePoint::UnitX();
    double along = 0.0;
    double across = 0.0;
    double radius = 0.0;
  };

  struct Followed {
    double bound = infinity;
    double leak = 0.0;  // what the centres that are not left add to the radius, by what tilts show
    PlaneForm weight = PlaneForm::Zero();  // ∫ s² Cov ds of the middle
  };

  PlaneForm covariance_at_end(const PlanePoint& n) const {
    const Law law = law_at(slices_.back(), n, nullptr);
    return second_moment(law.weights, law.x, law.y);
  }

  Law law_at(const Slice& slice, const PlanePoint& n, const Terms* is_left) const {
    const PlanePoint theta = slice.s * n;
    Law law;
    law.x = latent_.means.row(0).transpose().array();
    law.y = latent_.means.row(1).transpose().array();
    law.logs = slice.constants + theta.x() * law.x + theta.y() * law.y;
    if (is_left != nullptr) law.logs = (*is_left > 0.0).select(law.logs, -infinity);
    law.logs = law.logs - law.logs.maxCoeff();
    law.logs -= std::log(law.logs.exp().sum());
    law.weights = law.logs.exp();
    law.mean = {(law.weights * law.x).sum(), (law.weights * law.y).sum()};
    law.x -= law.mean.x();
    law.y -= law.mean.y();
    return law;
  }

  // How much weight the others may have, at most, in an unbounded cell.
  Terms leaks(const EndCell& cell, const Slice& slice, const Terms& is_left) const {
    const EndCone& cone = cones_[cell.cone];
    const Terms odds =
        slice.constants - slice.constants(cone.vertex) -
        slice.s * (cell.sides[0].from * cone.lags[0] + cell.sides[1].from * cone.lags[1] -
                   (last_ - slice.s) * cone.leads);
    return (is_left > 0.0).select(0.0, odds.min(0.0).exp());
  }

  // Of Cov(W | s(n + Δ)) for all Δ within the spread.
  struct Within {
    double largest = 0.0;                 // λ_max ≤
    double along = 0.0;                   // ⟨e, Cov e⟩ ≤
    double across = 0.0;                  // ⟨f, Cov f⟩ ≤, f ⟂ e
    PlaneForm least = PlaneForm::Zero();  // ⪯ Cov
  };

  Within within(const Slice& slice,
                const Law& law,
                const Spread& spread,
                const PlaneForm& others) const {
    const PlanePoint e = spread.e;
    const Terms along = slice.s * spread.along * (e.x() * law.x + e.y() * law.y);
    const Terms across = slice.s * spread.across * (e.x() * law.y - e.y() * law.x);
    Within result;
    double largest_sum = 1.0;
    for (const double i : {1.0, -1.0}) {
      for (const double j : {1.0, -1.0}) {
        // No more than what shows that the cell is to be halved.
        const Terms weights = (law.logs + i * along + j * across).min(300.0).exp();
        largest_sum = std::max(largest_sum, weights.sum());
        const PlaneForm Q = second_moment(weights, law.x, law.y) + others;
        const double of_e = e.dot(Q * e);
        result.largest = std::max(result.largest, largest_eigenvalue(Q));
        result.along = std::max(result.along, of_e);
        result.across = std::max(result.across, Q.trace() - of_e);
      }
    }
    // Of laws on centres that lie within a width.
    result.largest = std::min(result.largest, 0.25 * width_ * width_);
    result.least =
        covariance_below(law, (law.logs - along.abs() - across.abs()).exp() / largest_sum);
    return result;
  }

  // Of a law with no centre's weight below the one given.
  static PlaneForm covariance_below(const Law& law, const Terms& weights) {
    const double sum = weights.sum();
    if (sum == 0.0) return PlaneForm::Zero();
    const PlanePoint mean((weights * law.x).sum(), (weights * law.y).sum());
    return second_moment(weights, law.x, law.y) - mean * mean.transpose() / sum;
  }

  // s Cov within a spread at both ends of a step: from below and off the diagonal in its axes.
  struct Contraction {
    double along = infinity;
    double across = infinity;
    double least = infinity;  // eigenvalue
    double mixed = 0.0;

    void include(double s, const Within& bounds, const PlanePoint& e) {
      const PlanePoint f(-e.y(), e.x());
      const PlaneForm& B = bounds.least;
      const double of_e = e.dot(B * e);
      const double of_f = f.dot(B * f);
      const double rest =
          std::sqrt(std::max(0.0, bounds.along - of_e) * std::max(0.0, bounds.across - of_f));
      along = std::min(along, s * std::max(0.0, of_e));
      across = std::min(across, s * std::max(0.0, of_f));
      least = std::min(least, s * std::max(0.0, smallest_eigenvalue(B)));
      mixed = std::max(mixed, s * (std::abs(e.dot(B * f)) + rest));
    }
  };

  // A step back: flows come together.
  Spread one_step_back(const Contraction& by, const Spread& now) const {
    Spread result = now;
    result.radius = now.radius * std::exp(-step_ * by.least);
    result.along = std::min(
        result.radius, now.along * std::exp(-step_ * by.along) + step_ * by.mixed * now.across);
    result.across = std::min(
        result.radius, now.across * std::exp(-step_ * by.across) + step_ * by.mixed * now.along);
    result.radius = std::min(result.radius, std::hypot(result.along, result.across));
    return result;
  }

  // Back from the end, with what ends within `spread` of it.
  Followed followed(PlanePoint n, Spread spread, const Terms* is_left, const EndCell& cell) {
    ++count_;
    Followed result{.bound = 0.0};
    double central = 0.0;
    double simpson = 0.0;
    Law law = law_at(slices_.back(), n, is_left);
    const auto leaks_at = [&](const Slice& slice) {
      return is_left == nullptr ? Terms::Zero(K_) : leaks(cell, slice, *is_left);
    };
    Terms leaking = leaks_at(slices_.back());
    for (int i = steps_; i >= 0; --i) {
      const Slice& here = slices_[static_cast<std::size_t>(2 * i)];
      PlaneForm others = PlaneForm::Zero();
      if (is_left != nullptr) others = second_moment(leaking, law.x, law.y);
      const PlaneForm C = second_moment(law.weights, law.x, law.y);
      const Within bounds = within(here, law, spread, others);
      const bool is_end = i == 0 || i == steps_;
      const double rule = is_end ? 0.5 : 1.0;
      result.bound += rule * here.s * bounds.largest;
      simpson += (is_end ? 1.0 : i % 2 == 1 ? 4.0 : 2.0) / 3.0 * here.s * bounds.largest;
      central += rule * here.s * largest_eigenvalue(C);
      result.weight += here.s * here.s * C;
      if (i == 0) break;
      const Slice& half = slices_[static_cast<std::size_t>(2 * i - 1)];
      const Slice& next = slices_[static_cast<std::size_t>(2 * i - 2)];
      const PlanePoint k1 = law.mean;
      const PlanePoint k2 = law_at(half, n - 0.5 * step_ * k1, is_left).mean;
      const PlanePoint k3 = law_at(half, n - 0.5 * step_ * k2, is_left).mean;
      const PlanePoint k4 = law_at(next, n - step_ * k3, is_left).mean;
      n -= step_ / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
      law = law_at(next, n, is_left);
      // The step's error is seen against the rule of third order with the next slope for k₄.
      const double before = leaking.sum();
      leaking = leaks_at(next);
      if (is_left != nullptr) others = second_moment(leaking, law.x, law.y);
      // Before it has shrunk, the spread holds what is there after the step as well.
      Contraction contraction;
      contraction.include(here.s, bounds, spread.e);
      contraction.include(next.s, within(next, law, spread, others), spread.e);
      spread = one_step_back(contraction, spread);
      const double leak = step_ * width_ * std::min(1.0, std::max(before, leaking.sum()));
      const double added = leak + step_ / 6.0 * (k4 - law.mean).norm();
      spread.along += added;
      spread.across += added;
      spread.radius += added;
      result.leak += leak * next.s / last_;
    }
    result.bound = step_ * (std::max(result.bound, simpson) + std::abs(result.bound - simpson));
    if (step_ * central > seen_) {
      seen_ = step_ * central;
      start_ = is_left == nullptr ? Vector(n) : Vector();
    }
    return result;
  }

  Latent latent_;
  PlanarStretchOptions options_;
  double last_ = 0.0;
  double step_ = 0.0;
  double width_ = 0.0;
  int steps_ = 0;
  Index K_ = 0;
  std::vector<Slice> slices_ = {};  // at the steps and half way
  std::vector<EndCone> cones_ = {};
  double seen_ = -infinity;
  Vector start_ = {};
  int count_ = 0;
};

// Centres of positive weight about the mean, those in one place together.
Latent latent_of(const GaussianMixture& p) {
  std::vector<double> weights;
  std::vector<PlanePoint> means;
  Latent latent;
  latent.origin = p.mean();
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const PlanePoint m = PlanePoint(p.means().col(k)) - latent.origin;
    const auto known = std::ranges::find(means, m);
    if (known != means.end()) {
      weights[static_cast<std::size_t>(known - means.begin())] += p.weights()(k);
      continue;
    }
    weights.push_back(p.weights()(k));
    means.push_back(m);
  }
  latent.means.resize(2, static_cast<Index>(means.size()));
  latent.log_weights.resize(latent.means.cols());
  for (Index k = 0; k < latent.means.cols(); ++k) {
    latent.means.col(k) = means[static_cast<std::size_t>(k)];
    latent.log_weights(k) = std::log(weights[static_cast<std::size_t>(k)]);
  }
  return latent;
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
  Latent latent = latent_of(p);
  require(convex_hull(latent.means).cols() > 2, "planar_stretch: the centres are on a line");
  const PlanePoint origin = latent.origin;
  PlanarSearch search(std::move(latent), from.data_scale / root_S(from), to.data_scale / root_S(to),
                      options);
  PlanarStretch result = search.run();
  result.upper *= root_S(to) / root_S(from) * (1.0 + 1e-10);
  if (result.start.size() > 0) {
    result.start = root_S(from) * result.start + from.data_scale * Vector(origin);
  }
  return result;
}

}  // namespace flowcheck
