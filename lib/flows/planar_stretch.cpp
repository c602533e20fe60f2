#include "flows/planar_stretch.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/best_first.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/LU>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
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

// ρ = Σ wₖ N(mₖ, Sₖ), about the origin; Sₖ = 0 for the centres of a mixture of one width.
struct Latent {
  Terms log_weights;
  Matrix means;
  std::vector<PlaneForm> covariances;  // none: all zero
  PlanePoint origin = PlanePoint::Zero();
};

// Of a component k against the widest, whose mean is the origin: with G = T₁ − T_k and v = m − Gθ
// the distance of their means, the odds are e^{c − q/2}, q = ⟨v, G⁻¹v⟩ ≥ (√λ_min(G) |θ| − κ)₊².
struct Rival {
  double c = 0.0;
  double kappa = 0.0;  // √⟨m, G⁻¹m⟩
  double least = 0.0;  // λ_min(G)
  double most = 0.0;   // λ_max(G), |v|² ≤ λ_max(G) q

  // sup of min(1, odds) |v|ⁿ where |θ| ≥ reach: qᵐ grows until the odds are even, qᵐe^{−q/2} until
  // 2m.
  double weighted(double reach, double n) const {
    const double root = std::max(0.0, std::sqrt(least) * reach - kappa);
    const double first = root * root;
    const auto value = [&](double q) {
      return std::exp(std::min(0.0, c - 0.5 * q)) * std::pow(most * q, 0.5 * n);
    };
    return std::max({value(first), value(std::max(first, 2.0 * c)), value(std::max(first, n))});
  }
};

// ρ tilted by e^{⟨θ, w⟩ − s²|w|²/2} has components of log weights c + ⟨θ, m⟩ + ½⟨θ, Tθ⟩ (up to one
// constant), means m + Tθ and covariances T: with A = (I + s²S)⁻¹ they are m = A mₖ, T = A Sₖ and c
// = log wₖ − ½s²⟨mₖ, A mₖ⟩ + ½ log det A.
struct Slice {
  double s = 0.0;
  Terms constants;
  Terms x, y;        // of m
  Terms xx, xy, yy;  // of T
  bool is_spread = false;
  double narrowest = 0.0;  // min λ_min(T), below every covariance
  double widest = 0.0;     // λ_max(T) of the first component, T ≻ all the others'
  std::vector<Rival> rivals = {};
};

Slice slice_at(const Latent& latent, double s) {
  const Index K = latent.means.cols();
  Slice slice{.s = s,
              .constants = latent.log_weights -
                           0.5 * s * s * latent.means.colwise().squaredNorm().transpose().array(),
              .x = latent.means.row(0).transpose().array(),
              .y = latent.means.row(1).transpose().array(),
              .xx = Terms::Zero(K),
              .xy = Terms::Zero(K),
              .yy = Terms::Zero(K),
              .is_spread = !latent.covariances.empty()};
  if (!slice.is_spread) return slice;
  slice.narrowest = infinity;
  for (Index k = 0; k < K; ++k) {
    const PlaneForm& S = latent.covariances[static_cast<std::size_t>(k)];
    const PlaneForm V = PlaneForm::Identity() + s * s * S;
    const PlaneForm A = V.inverse();
    const PlaneForm T = A * S;
    const PlanePoint m = latent.means.col(k);
    const PlanePoint Am = A * m;
    slice.constants(k) =
        latent.log_weights(k) - 0.5 * s * s * m.dot(Am) - 0.5 * std::log(V.determinant());
    slice.x(k) = Am.x();
    slice.y(k) = Am.y();
    slice.xx(k) = T(0, 0);
    slice.xy(k) = 0.5 * (T(0, 1) + T(1, 0));
    slice.yy(k) = T(1, 1);
    slice.narrowest = std::min(slice.narrowest, std::max(0.0, smallest_eigenvalue(T)));
  }
  const auto covariance = [&slice](Index k) {
    return PlaneForm{{slice.xx(k), slice.xy(k)}, {slice.xy(k), slice.yy(k)}};
  };
  slice.widest = largest_eigenvalue(covariance(0));
  for (Index k = 1; k < K; ++k) {
    const PlaneForm G = covariance(0) - covariance(k);
    const PlanePoint m(slice.x(k), slice.y(k));
    const double kappa = std::sqrt(m.dot(G.inverse() * m));
    slice.rivals.push_back({.c = slice.constants(k) - slice.constants(0) + 0.5 * kappa * kappa,
                            .kappa = kappa,
                            .least = smallest_eigenvalue(G),
                            .most = largest_eigenvalue(G)});
  }
  return slice;
}

// The law of W for one θ: weights, and the components' means about its own.
struct Law {
  Terms weights, logs;
  Terms x, y;
  PlanePoint mean = PlanePoint::Zero();
};

PlaneForm second_moment(const Slice& slice, const Terms& weights, const Terms& x, const Terms& y) {
  PlaneForm Q;
  Q(0, 0) = (weights * (slice.xx + x * x)).sum();
  Q(1, 1) = (weights * (slice.yy + y * y)).sum();
  Q(0, 1) = Q(1, 0) = (weights * (slice.xy + x * y)).sum();
  return Q;
}

struct EndSide {
  double from = 0.0;
  double to = infinity;
  bool is_bounded() const { return to < infinity; }
};

// Ends n = αn₀ + βn₁, α, β ≥ 0. For centres between the normals of one of their hull's vertices.
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
      slices_.push_back(slice_at(latent_, first + (last - first) * i / (2 * steps_)));
    }
    step_ = (last - first) / steps_;
    if (latent_.covariances.empty()) {
      add_normal_cones();
    } else {
      add_quadrants();
      seen_ = beyond(infinity);
    }
  }

  PlanarStretch run() {
    std::vector<EndCell> cells;
    for (std::size_t k = 0; k < cones_.size(); ++k) cells.push_back(bounded({.cone = k}));
    // Each cell sums over the components ten times a step.
    const double most_cells = options_.most_terms / (10.0 * static_cast<double>(K_ * steps_));
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

  void add_quadrants() {
    for (const double x : {1.0, -1.0}) {
      for (const double y : {1.0, -1.0})
        cones_.push_back({.normals = {PlanePoint(x, 0.0), PlanePoint(0.0, y)}});
    }
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
      if (!latent_.covariances.empty())
        bound = std::min(bound, beyond(std::hypot(first.from, second.from)));
    } else if (latent_.covariances.empty()) {
      bound = unbounded(cell);
    } else {
      const bool is_first =
          !first.is_bounded() && (second.is_bounded() || first.from <= second.from);
      cell.split = is_first ? 0 : 1;
      bound = beyond(std::hypot(first.from, second.from));
    }
    cell.bound = std::min(cell.bound, bound);
    return cell;
  }

  // ∫ s λ_max ds where |n| ≥ r at the end, the widest component and what the others add to it: back
  // from there |n|′ ≤ s λ_max(T)|n| + Σ odds · distance.
  double beyond(double r) const {
    double sum = 0.0;
    for (int i = steps_; i >= 0; --i) {
      const Slice& here = slices_[static_cast<std::size_t>(2 * i)];
      double rate = here.widest;
      double drift = 0.0;
      if (r < infinity) {
        for (const Rival& rival : here.rivals) {
          rate += rival.weighted(here.s * r, 2.0);
          drift += rival.weighted(here.s * r, 1.0);
        }
      }
      sum += (i == 0 || i == steps_ ? 0.5 : 1.0) * step_ * here.s * rate;
      r = std::max(0.0, r * std::exp(-step_ * here.s * here.widest) - step_ * drift);
    }
    return sum;
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
    return second_moment(slices_.back(), law.weights, law.x, law.y);
  }

  Law law_at(const Slice& slice, const PlanePoint& n, const Terms* is_left) const {
    const PlanePoint theta = slice.s * n;
    Law law;
    law.x = slice.x;
    law.y = slice.y;
    if (slice.is_spread) {
      law.x += slice.xx * theta.x() + slice.xy * theta.y();
      law.y += slice.xy * theta.x() + slice.yy * theta.y();
    }
    // c + ⟨θ, m⟩ + ½⟨θ, Tθ⟩ by the mean of m and m + Tθ.
    law.logs =
        slice.constants + 0.5 * theta.x() * (law.x + slice.x) + 0.5 * theta.y() * (law.y + slice.y);
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
        Terms exponents = law.logs + i * along + j * across;
        Terms x = law.x;
        Terms y = law.y;
        if (slice.is_spread) {
          const PlanePoint f(-e.y(), e.x());
          const PlanePoint delta = slice.s * (i * spread.along * e + j * spread.across * f);
          const Terms dx = slice.xx * delta.x() + slice.xy * delta.y();
          const Terms dy = slice.xy * delta.x() + slice.yy * delta.y();
          exponents += 0.5 * (delta.x() * dx + delta.y() * dy);
          x += dx;
          y += dy;
        }
        // No more than what shows that the cell is to be halved.
        const Terms weights = exponents.min(300.0).exp();
        const double sum = weights.sum();
        largest_sum = std::max(largest_sum, sum);
        // What all components have does not depend on their weights.
        const PlaneForm Q = second_moment(slice, weights, x, y) + others -
                            (sum - 1.0) * slice.narrowest * PlaneForm::Identity();
        const double of_e = e.dot(Q * e);
        result.largest = std::max(result.largest, largest_eigenvalue(Q));
        result.along = std::max(result.along, of_e);
        result.across = std::max(result.across, Q.trace() - of_e);
      }
    }
    // Of laws on centres that lie within a width.
    if (!slice.is_spread) result.largest = std::min(result.largest, 0.25 * width_ * width_);
    result.least =
        covariance_below(slice, law, (law.logs - along.abs() - across.abs()).exp() / largest_sum);
    return result;
  }

  // Of a law with no component's weight below the one given.
  PlaneForm covariance_below(const Slice& slice, const Law& law, const Terms& weights) const {
    const double sum = weights.sum();
    PlaneForm result = std::max(0.0, 1.0 - sum) * slice.narrowest * PlaneForm::Identity();
    if (slice.is_spread) {
      const Terms none = Terms::Zero(K_);
      return result + second_moment(slice, weights, none, none);
    }
    if (sum == 0.0) return result;
    const PlanePoint mean((weights * law.x).sum(), (weights * law.y).sum());
    return result + second_moment(slice, weights, law.x, law.y) - mean * mean.transpose() / sum;
  }

  // One step back to `next`, where s Cov is `share` of what it is here: flows come together by it.
  Spread one_step_back(const Slice& slice,
                       const Within& bounds,
                       double share,
                       const Spread& now) const {
    const double h = step_ * slice.s;
    const PlanePoint e = now.e;
    const PlanePoint f(-e.y(), e.x());
    const PlaneForm& B = bounds.least;
    const double along = e.dot(B * e);
    const double across = f.dot(B * f);
    const double mixed = std::abs(e.dot(B * f)) + std::sqrt(std::max(0.0, bounds.along - along) *
                                                            std::max(0.0, bounds.across - across));
    Spread result = now;
    result.radius = now.radius * std::exp(-h * share * std::max(0.0, smallest_eigenvalue(B)));
    result.along = std::min(result.radius, now.along * std::exp(-h * share * std::max(0.0, along)) +
                                               h * mixed * now.across);
    result.across =
        std::min(result.radius,
                 now.across * std::exp(-h * share * std::max(0.0, across)) + h * mixed * now.along);
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
      if (is_left != nullptr) others = second_moment(here, leaking, law.x, law.y);
      const PlaneForm C = second_moment(here, law.weights, law.x, law.y);
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
      const PlaneForm C_next = second_moment(next, law.weights, law.x, law.y);
      const double share = next.s / here.s * std::min(1.0, C_next.trace() / C.trace());
      spread = one_step_back(here, bounds, C.trace() > 0.0 ? share : 0.0, spread);
      // Leaks grow backwards, as convex functions but for where they are 1. The step's error is
      // seen against the rule of third order with the next slope for k₄.
      const double before = std::min(1.0, leaking.sum());
      leaking = leaks_at(next);
      const double leak = 0.5 * step_ * width_ * (before + std::min(1.0, leaking.sum()));
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

// Components of positive weight, the one with the largest trace first.
std::vector<Index> widest_first(const GaussianMixture& p) {
  std::vector<Index> order;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) > 0.0) order.push_back(k);
  }
  const auto trace = [&p](Index k) { return p.covariance(k).trace(); };
  std::ranges::stable_sort(order, std::greater{}, trace);
  return order;
}

// Σ₁ ≻ all the others.
bool has_widest(const GaussianMixture& p, const std::vector<Index>& order) {
  const Matrix& widest = p.covariance(order.front());
  return std::all_of(order.begin() + 1, order.end(), [&](Index k) {
    return smallest_eigenvalue(widest - p.covariance(k)) > 1e-9 * widest.trace();
  });
}

// About the mean with distinct centres' weights together, or about the widest's mean.
Latent latent_of(const GaussianMixture& p, double variance, const std::vector<Index>& order) {
  const bool is_one_width = p.common_variance() >= 0.0;
  std::vector<double> weights;
  std::vector<PlanePoint> means;
  Latent latent;
  latent.origin = is_one_width ? p.mean() : Vector(p.means().col(order.front()));
  for (const Index k : order) {
    const PlanePoint m = PlanePoint(p.means().col(k)) - latent.origin;
    const auto known = std::ranges::find(means, m);
    if (is_one_width && known != means.end()) {
      weights[static_cast<std::size_t>(known - means.begin())] += p.weights()(k);
      continue;
    }
    weights.push_back(p.weights()(k));
    means.push_back(m);
    if (!is_one_width)
      latent.covariances.push_back(PlaneForm(p.covariance(k)) - variance * PlaneForm::Identity());
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
                             double variance,
                             const NoiseLevel& from,
                             const NoiseLevel& to,
                             const PlanarStretchOptions& options) {
  require(p.dimension() == 2, "planar_stretch: the mixture is not in the plane");
  const auto root_S = [&](const NoiseLevel& level) {
    return std::hypot(level.noise, std::sqrt(variance) * level.data_scale);
  };
  require(root_S(from) > 0.0 && root_S(to) > 0.0, "planar_stretch: no density");
  const std::vector<Index> order = widest_first(p);
  if (p.common_variance() < 0.0 && !has_widest(p, order)) return {};
  Latent latent = latent_of(p, variance, order);
  require(!latent.covariances.empty() || convex_hull(latent.means).cols() > 2,
          "planar_stretch: the centres are on a line");
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
