#include "measures/planar_curvature.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/best_first.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/LU>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

using PlanePoint = Eigen::Vector2d;
using PlaneForm = Eigen::Matrix2d;
using Sides = std::array<double, 2>;

double half_gap(const PlaneForm& S) {
  return std::hypot(0.5 * (S(0, 0) - S(1, 1)), S(0, 1));
}
double largest_of(const PlaneForm& S) {
  return 0.5 * S.trace() + half_gap(S);
}
double smallest_of(const PlaneForm& S) {
  return 0.5 * S.trace() - half_gap(S);
}
double norm_of(const PlaneForm& S) {
  return std::abs(0.5 * S.trace()) + half_gap(S);
}

// How V₁ − V_k stands to zero.
enum class Order { equal, narrower, thin_in_x, thin_in_y, unordered, undecided };

Order order_of(const PlaneForm& widest, const PlaneForm& V) {
  const PlaneForm D = widest - V;
  if (D.isZero(0.0)) return Order::equal;
  if (D(0, 1) == 0.0) {
    if (D(0, 0) < 0.0 || D(1, 1) < 0.0) return Order::unordered;
    if (D(1, 1) == 0.0) return Order::thin_in_x;
    return D(0, 0) == 0.0 ? Order::thin_in_y : Order::narrower;
  }
  const double determinant = D(0, 0) * D(1, 1) - D(0, 1) * D(0, 1);
  const double error = 16.0 * unit_round_off * norm_of(D) * norm_of(widest);
  if (std::abs(determinant) <= error) return Order::undecided;
  return determinant > 0.0 && D(0, 0) > 0.0 ? Order::narrower : Order::unordered;
}

struct PlanarComponent {
  PlaneForm covariance;
  PlaneForm precision;
  PlanePoint mean;          // exact, for what is decided by it
  PlanePoint centre;        // from the mixture's mean
  double log_weight = 0.0;  // log(w/√det V)
  Order order = Order::unordered;

  double exponent(const PlanePoint& z) const {
    const PlanePoint apart = z - centre;
    return log_weight - 0.5 * apart.dot(precision * apart);
  }
};

// P − P_q, from the difference of the covariances.
PlaneForm excess_over(const PlanarComponent& q, const PlanarComponent& c) {
  const PlaneForm D = c.precision * (q.covariance - c.covariance) * q.precision;
  return 0.5 * (D + D.transpose());
}

// ℓ − ℓ_q and g − g_q at z, and the sizes that they round with. From differences: where covariances
// differ by 1e-7 components tie again at |z| ~ 1e7, and exponents of 1e14 have no digits left
// there.
struct PlanarGap {
  double odds = 0.0;
  double odds_size = 0.0;
  PlanePoint score = PlanePoint::Zero();
  double score_size = 0.0;
  PlaneForm excess = PlaneForm::Zero();  // P − P_q
};
PlanarGap gap_between(const PlanarComponent& c, const PlanarComponent& q, const PlanePoint& z) {
  const PlanePoint apart = z - c.centre;
  const PlanePoint lag = q.precision * (c.centre - q.centre);
  const PlanePoint both = c.centre + q.centre;
  PlanarGap gap{.excess = excess_over(q, c)};
  const double wide = 0.5 * norm_of(gap.excess) * apart.norm();
  gap.odds = c.log_weight - q.log_weight - 0.5 * apart.dot(gap.excess * apart) +
             0.5 * lag.dot(2.0 * z - both);
  gap.odds_size = std::abs(c.log_weight) + std::abs(q.log_weight) + wide * apart.norm() +
                  0.5 * lag.norm() * (2.0 * z.norm() + both.norm());
  gap.score = lag - gap.excess * apart;
  gap.score_size = 2.0 * wide + norm_of(q.precision) * (c.centre.norm() + q.centre.norm());
  return gap;
}

// The axis along which a thin component lacks variance; the tie with the widest may only run along
// the other.
bool is_thin(const PlanarComponent& c) {
  return c.order == Order::thin_in_x || c.order == Order::thin_in_y;
}
Index along_tie(const PlanarComponent& c) {
  return c.order == Order::thin_in_x ? 1 : 0;
}

struct PlanarMixture {
  std::vector<PlanarComponent> components = {};
  PlanePoint origin = PlanePoint::Zero();
  std::size_t widest = 0;
  bool has_widest = true;  // some V₁ ⪰ all V_k
  bool is_undecided = false;
  double scale = 1.0;      // of lengths
  double narrowest = 0.0;  // the largest eigenvalue of a precision
  double condition = 1.0;  // of the covariances

  const PlanarComponent& reference() const { return components[widest]; }
};

// The components of p, V₁ − V_k being ordered as the covariances of `ordered` are.
PlanarMixture planar_mixture(const GaussianMixture& p, const GaussianMixture& ordered) {
  PlanarMixture result;
  result.origin = p.mean();
  result.scale = std::sqrt(p.covariance().trace());
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const Vector& lambda = p.kernel(k).eigenvalues();
    const Matrix& Q = p.kernel(k).eigenvectors();
    result.components.push_back(
        {.covariance = p.covariance(k),
         .precision = Q * lambda.cwiseInverse().asDiagonal() * Q.transpose(),
         .mean = p.means().col(k),
         .centre = p.means().col(k) - result.origin,
         .log_weight = std::log(p.weights()(k)) - 0.5 * lambda.array().log().sum()});
    result.narrowest = std::max(result.narrowest, 1.0 / lambda(0));
    result.condition = std::max(result.condition, lambda(1) / lambda(0));
  }
  std::vector<PlaneForm> covariances;
  for (Index k = 0; k < ordered.size(); ++k) {
    if (ordered.weights()(k) > 0.0) covariances.emplace_back(ordered.covariance(k));
  }
  const auto widest =
      std::ranges::max_element(covariances, {}, [](const PlaneForm& V) { return V.trace(); });
  result.widest = static_cast<std::size_t>(widest - covariances.begin());
  for (std::size_t k = 0; k < covariances.size(); ++k) {
    PlanarComponent& c = result.components[k];
    c.order = order_of(*widest, covariances[k]);
    if (c.order == Order::unordered) result.has_widest = false;
    if (c.order == Order::undecided) result.is_undecided = true;
  }
  if (!result.has_widest) result.is_undecided = false;
  return result;
}

// Outermost coordinate of the centres of covariance V₁, the way `sign` points.
double outermost(const PlanarMixture& p, Index axis, double sign) {
  double result = -infinity;
  for (const PlanarComponent& c : p.components) {
    if (c.order == Order::equal) result = std::max(result, sign * c.mean(axis));
  }
  return result;
}

// Where a thin component is beyond them, it ties with one of them along a parabola.
std::optional<PlanePoint> direction_of_parabola(const PlanarMixture& p) {
  for (const PlanarComponent& c : p.components) {
    if (!is_thin(c)) continue;
    const Index axis = along_tie(c);
    for (const double sign : {1.0, -1.0}) {
      if (sign * c.mean(axis) <= outermost(p, axis, sign)) continue;
      return sign * p.reference().covariance.col(axis).normalized();
    }
  }
  return std::nullopt;
}

// Of the ties e ↦ ⟨e, (P_i − P_j)e⟩ = 0 of two that are least there, the one where |(P_i − P_j)e|
// is largest.
PlanePoint direction_of_crossing(const PlanarMixture& p) {
  PlanePoint best = PlanePoint::UnitX();
  double strongest = -1.0;
  const auto is_least = [&](const PlanePoint& e, double value) {
    return std::ranges::all_of(p.components, [&](const PlanarComponent& c) {
      return e.dot(c.precision * e) >= value - 1e-12 * p.narrowest;
    });
  };
  for (std::size_t i = 0; i < p.components.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const PlaneForm D = p.components[i].precision - p.components[j].precision;
      const SymmetricEigen eigen = symmetric_eigen(D);
      if (!(eigen.values(0) < 0.0 && eigen.values(1) > 0.0)) continue;
      for (const double sign : {1.0, -1.0}) {
        const PlanePoint e = (std::sqrt(eigen.values(1)) * eigen.vectors.col(0) +
                              sign * std::sqrt(-eigen.values(0)) * eigen.vectors.col(1))
                                 .normalized();
        const double strength = (D * e).norm();
        if (strength <= strongest || !is_least(e, e.dot(p.components[i].precision * e))) continue;
        strongest = strength;
        best = e;
      }
    }
  }
  return best;
}

std::optional<PlanePoint> direction_of_infinity(const PlanarMixture& p) {
  if (!p.has_widest) return direction_of_crossing(p);
  if (p.is_undecided) return std::nullopt;
  return direction_of_parabola(p);
}

// θ = V₁⁻¹x, and the unit step of x that goes with it.
struct PlanarRay {
  PlanePoint theta;
  PlanePoint step;
  std::optional<std::array<PlanePoint, 2>> edge = {};  // of the hull, where θ is its normal
};

// x = αn + βn′, α, β ≥ 0, where of the centres of covariance V₁ one is ahead.
struct PlanarCone {
  std::array<PlanarRay, 2> rays = {};
  std::size_t ahead = 0;
  std::array<std::vector<char>, 2> is_level = {};  // its odds against that one stay, along the ray
};

double cross(const PlanePoint& a, const PlanePoint& b) {
  return a.x() * b.y() - a.y() * b.x();
}

class PlanarCones {
 public:
  explicit PlanarCones(const PlanarMixture& p) : p_(p) {
    for (const PlanePoint& axis : {PlanePoint(1.0, 0.0), PlanePoint(0.0, 1.0)}) {
      add(axis);
      add(-axis);
    }
    add_normals();
    add_eigendirections();
    std::ranges::sort(rays_, {},
                      [](const PlanarRay& r) { return std::atan2(r.theta.y(), r.theta.x()); });
  }

  std::vector<PlanarCone> all() const {
    std::vector<PlanarCone> cones;
    for (std::size_t i = 0; i < rays_.size(); ++i) {
      cones.push_back(cone(rays_[i], rays_[(i + 1) % rays_.size()]));
    }
    return cones;
  }

 private:
  void add(const PlanePoint& theta, std::optional<std::array<PlanePoint, 2>> edge = {}) {
    const PlanePoint step = (p_.reference().covariance * theta).normalized();
    rays_.push_back({theta, step, std::move(edge)});
  }
  bool is_near_another(const PlanePoint& theta) const {
    return std::ranges::any_of(rays_, [&](const PlanarRay& r) {
      return r.theta.dot(theta) > 0.0 && std::abs(cross(r.theta, theta)) < 1e-9;
    });
  }

  // The outer normals of the hull of the centres of covariance V₁; the axes are there already.
  void add_normals() {
    std::vector<PlanePoint> centres;
    for (const PlanarComponent& c : p_.components) {
      if (c.order != Order::equal || std::ranges::count(centres, c.mean) > 0) continue;
      centres.push_back(c.mean);
    }
    if (centres.size() < 2) return;
    Matrix points(2, static_cast<Index>(centres.size()));
    for (std::size_t i = 0; i < centres.size(); ++i) points.col(static_cast<Index>(i)) = centres[i];
    const Matrix hull = convex_hull(points);
    for (Index k = 0; k < hull.cols(); ++k) {
      const PlanePoint from = hull.col(k);
      const PlanePoint to = hull.col((k + 1) % hull.cols());
      const PlanePoint along = (to - from).normalized();
      if (along.x() == 0.0 || along.y() == 0.0) continue;
      add(PlanePoint(along.y(), -along.x()), std::array<PlanePoint, 2>{from, to});
    }
  }

  // Then V_k⁻¹ − V₁⁻¹ has no negative product of two vectors of one cone.
  void add_eigendirections() {
    const PlaneForm& P = p_.reference().precision;
    for (const PlanarComponent& c : p_.components) {
      if (c.order != Order::narrower) continue;
      const SymmetricEigen eigen = symmetric_eigen(c.precision - P);
      for (Index i = 0; i < 2; ++i) {
        const PlanePoint theta = (P * PlanePoint(eigen.vectors.col(i))).normalized();
        if (!is_near_another(theta)) add(theta);
        if (!is_near_another(-theta)) add(-theta);
      }
    }
  }

  PlanarCone cone(const PlanarRay& from, const PlanarRay& to) const {
    PlanarCone result{.rays = {from, to}};
    double farthest = -infinity;
    const PlanePoint between = from.theta + to.theta;
    for (std::size_t k = 0; k < p_.components.size(); ++k) {
      if (p_.components[k].order != Order::equal) continue;
      const double along = between.dot(p_.components[k].centre);
      if (along > farthest) {
        farthest = along;
        result.ahead = k;
      }
    }
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      for (const PlanarComponent& c : p_.components) {
        const bool level = is_level(c, p_.components[result.ahead], result.rays[i]);
        result.is_level[i].push_back(static_cast<char>(level));
      }
    }
    return result;
  }

  static bool is_level(const PlanarComponent& c,
                       const PlanarComponent& ahead,
                       const PlanarRay& ray) {
    const bool is_axis = ray.theta.x() == 0.0 || ray.theta.y() == 0.0;
    const Index axis = ray.theta.x() == 0.0 ? 1 : 0;
    if (c.order != Order::equal && !(is_thin(c) && is_axis && along_tie(c) == axis)) return false;
    if (is_axis) return c.mean(axis) == ahead.mean(axis);
    if (ray.edge) return orientation((*ray.edge)[0], (*ray.edge)[1], c.mean) == 0.0;
    return c.mean == ahead.mean;
  }

  const PlanarMixture& p_;
  std::vector<PlanarRay> rays_ = {};
};

struct PlanarRange {
  double from = 0.0;
  double to = infinity;
  bool is_bounded() const { return to < infinity; }
};

struct PlanarCorner {
  double value = 0.0;
  double error = 0.0;
};

// [α₀, α₁] × [β₀, β₁] of a cone, what its corners show, and the bound of what it holds.
struct PlanarCell {
  std::size_t cone = 0;
  std::array<PlanarRange, 2> sides = {};
  std::array<PlanarCorner, 4> corners = {};  // (α₀, β₀), (α₁, β₀), (α₀, β₁), (α₁, β₁)
  double bound = infinity;
  std::size_t split = 0;  // the side that the bound would gain most from
};

// What a component can do to the law of a cell, B = P_k − P̄ and h = g_k − ḡ, P̄ and ḡ the means by
// the weights ρ in its middle; u is half a side.
struct CellTerm {
  double weight = 0.0;  // r̄_k
  double moved = 0.0;   // ≥ |r_k − ρ_k|
  double B = 0.0;       // |B|
  double h = 0.0;       // |h| in the middle
  double s = 0.0;       // ≥ |h|
  Sides Bu = {};        // |Bu|
  Sides uBu = {};       // |⟨u, Bu⟩|
  Sides t = {};         // ≥ |⟨u, h⟩|
  Sides mean_t = {};    // what moved · mean_t adds to |E⟨u, h⟩|
};

// Where no component is the widest: far out, all but those with λ_max(P_k) ≤ λ are lost, and
// −λ_max(P_k) = −λ is the limit somewhere.
struct FarOut {
  double steepest = infinity;  // λ
  double radius = infinity;    // beyond which what is steeper counts for less than 1e-13 of it
};

class PlanarCurvatureSearch {
 public:
  PlanarCurvatureSearch(const PlanarMixture& p, const CurvatureOptions& options, bool largest)
      : p_(p), options_(options), largest_(largest), cones_(PlanarCones(p).all()) {
    best_.value = -outward() * infinity;
  }

  // Of the infimum, within a square about the mean; beyond, it is that limit.
  PlanarCurvatureSearch(const PlanarMixture& p,
                        const CurvatureOptions& options,
                        const FarOut& far_out)
      : p_(p),
        options_(options),
        largest_(false),
        far_out_(far_out),
        cones_({PlanarCone{.rays = {axis(PlanePoint::UnitX()), axis(PlanePoint::UnitY())}}}),
        best_({-far_out.steepest, 1e-12 * p.narrowest}) {}

  PlanarCurvature run() {
    if (largest_) probe_ties();
    std::vector<PlanarCell> cells;
    for (std::size_t k = 0; k < cones_.size(); ++k) cells.push_back(bounded(whole_of(k)));
    const auto is_done = [&](double open) {
      return places_ >= 5 * options_.most_places || decided(open);
    };
    const auto bounded_halves = [&](const PlanarCell& whole) {
      const auto [first, second] = halves(whole);
      return std::array{bounded(first), bounded(second)};
    };
    return result(best_first(cells, outward(), is_done, bounded_halves));
  }

 private:
  struct Law {
    std::vector<double> weights;  // of all components, zero for those that are not in it
    std::vector<PlanarGap> gaps;  // from q
    std::size_t likeliest = 0;    // q
    PlaneForm precision = PlaneForm::Zero();  // P̄
    PlaneForm excess = PlaneForm::Zero();     // P̄ − P_q
    PlanePoint score = PlanePoint::Zero();    // ḡ − g_q
  };

  static PlanarRay axis(const PlanePoint& e) { return {.theta = e, .step = e}; }

  // A cone, or the square.
  PlanarCell whole_of(std::size_t k) {
    const bool is_cone = far_out_.radius == infinity;
    const PlanarRange side = {is_cone ? 0.0 : -far_out_.radius, far_out_.radius};
    return {.cone = k,
            .sides = {side, side},
            .corners = {probe(k, {side.from, side.from}), probe(k, {side.to, side.from}),
                        probe(k, {side.from, side.to}), probe(k, {side.to, side.to})},
            .bound = outward() * infinity};
  }

  double outward() const { return largest_ ? 1.0 : -1.0; }
  double extreme_of(const PlaneForm& S) const { return largest_ ? largest_of(S) : smallest_of(S); }

  bool decided(double open) const {
    const SearchGoal goal{.accuracy = options_.accuracy * std::abs(best_.value - options_.origin),
                          .round_off = std::max(1e-12 * p_.narrowest, 2.0 * best_.error),
                          .enough = largest_ ? options_.enough : -infinity};
    return goal.is_met(outward() * best_.value, outward() * open);
  }

  PlanarCurvature result(double open) const {
    const double seen = best_.value - outward() * best_.error;
    const double edge =
        outward() * std::max(outward() * open, outward() * best_.value + best_.error);
    return {.value = Estimate::between(best_.value, std::min(edge, seen), std::max(edge, seen),
                                       Grade::converged),
            .place = best_at_};
  }

  // In the law at infinity where a side is infinite, which is that of the components level there.
  bool is_in(const PlanarCone& cone, std::size_t k, const std::array<bool, 2>& far) const {
    return (!far[0] || cone.is_level[0][k] != 0) && (!far[1] || cone.is_level[1][k] != 0);
  }

  // Of those that are in the law; by exponents, which may have lost their digits.
  std::size_t likeliest(const PlanarCone& cone,
                        const std::array<bool, 2>& far,
                        const PlanePoint& z) const {
    std::size_t best = cone.ahead;
    double most = p_.components[best].exponent(z);
    for (std::size_t k = 0; k < p_.components.size(); ++k) {
      if (!is_in(cone, k, far)) continue;
      const double exponent = p_.components[k].exponent(z);
      if (exponent > most) {
        most = exponent;
        best = k;
      }
    }
    return best;
  }

  Law law_at(const PlanarCone& cone, const std::array<bool, 2>& far, const PlanePoint& z) const {
    const std::vector<PlanarComponent>& all = p_.components;
    Law law{.weights = std::vector<double>(all.size(), 0.0),
            .gaps = std::vector<PlanarGap>(all.size()),
            .likeliest = likeliest(cone, far, z)};
    const PlanarComponent& q = all[law.likeliest];
    double most = 0.0;
    for (std::size_t k = 0; k < all.size(); ++k) {
      law.gaps[k] = gap_between(all[k], q, z);
      if (is_in(cone, k, far)) most = std::max(most, law.gaps[k].odds);
    }
    double sum = 0.0;
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (is_in(cone, k, far)) sum += law.weights[k] = std::exp(law.gaps[k].odds - most);
    }
    for (std::size_t k = 0; k < all.size(); ++k) {
      if ((law.weights[k] /= sum) == 0.0) continue;
      law.excess += law.weights[k] * law.gaps[k].excess;
      law.score += law.weights[k] * law.gaps[k].score;
    }
    law.precision = q.precision + law.excess;
    return law;
  }

  PlanePoint at(const PlanarCone& cone, const Sides& along) const {
    PlanePoint z = PlanePoint::Zero();
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      if (along[i] < infinity) z += along[i] * cone.rays[i].step;
    }
    return z;
  }

  PlanarCorner probe(std::size_t index, const Sides& along) {
    return probe_at(cones_[index], {along[0] == infinity, along[1] == infinity},
                    at(cones_[index], along));
  }

  // ∇²log p = −Σ r P + Cov_r(g); in the limit where a side is infinite.
  PlanarCorner probe_at(const PlanarCone& cone,
                        const std::array<bool, 2>& far,
                        const PlanePoint& z) {
    ++places_;
    const Law law = law_at(cone, far, z);
    PlaneForm H = -law.precision;
    const double size = norm_of(law.precision);
    double variance = 0.0, error = 0.0;
    for (std::size_t k = 0; k < p_.components.size(); ++k) {
      const double r = law.weights[k];
      if (r == 0.0) continue;
      const PlanarGap& gap = law.gaps[k];
      const PlanePoint apart = gap.score - law.score;
      H += r * apart * apart.transpose();
      variance += r * apart.squaredNorm();
      // ∂/∂log rₖ is rₖ(cₖcₖᵀ − Cov − Pₖ + P̄).
      const double log_error = 8.0 + 8.0 * gap.odds_size;
      error += r * (log_error * (apart.squaredNorm() + size + norm_of(p_.components[k].precision)) +
                    8.0 * apart.norm() * gap.score_size);
    }
    error += variance * static_cast<double>(16 + p_.components.size());
    const PlanarCorner here{extreme_of(H), unit_round_off * p_.condition * (error + variance)};
    if (outward() * (here.value - best_.value) > 0.0) {
      best_ = here;
      best_at_ = far[0] || far[1] ? Vector() : Vector(p_.origin + z);
    }
    return here;
  }

  // Where two components alone, V_q − V_k ≻ 0, would have it: their odds d are largest at c, and
  // even on an ellipse about it (pair_curvature.md). Cells are as narrow as that tie only after
  // many steps, where covariances nearly agree and it is far away.
  void probe_ties() {
    for (const PlanarComponent& q : p_.components) {
      for (const PlanarComponent& c : p_.components) {
        const PlanarGap from = gap_between(c, q, PlanePoint::Zero());
        if (!(smallest_of(from.excess) > 1e-12 * norm_of(from.excess))) continue;
        const PlanePoint centre = from.excess.inverse() * from.score;
        const double d = gap_between(c, q, centre).odds;
        if (!(d > 0.0)) continue;
        const PlanePoint e = largest_eigenpair(0.5 * (d - 1.0) * from.excess - q.precision).vector;
        const PlanePoint reach = std::sqrt(2.0 * d / e.dot(from.excess * e)) * e;
        probe_at(cones_.front(), {false, false}, centre + reach);
        probe_at(cones_.front(), {false, false}, centre - reach);
      }
    }
  }

  std::array<PlanarCell, 2> halves(const PlanarCell& whole) {
    const std::size_t i = whole.split;
    const PlanarRange side = whole.sides[i];
    const PlanarRange other = whole.sides[1 - i];
    const double middle =
        side.is_bounded() ? 0.5 * (side.from + side.to) : std::max(2.0 * side.from, p_.scale);
    const auto at_middle = [&](double there) {
      return probe(whole.cone, i == 0 ? Sides{middle, there} : Sides{there, middle});
    };
    const PlanarCorner near = at_middle(other.from);
    const PlanarCorner far = at_middle(other.to);
    std::array<PlanarCell, 2> result = {whole, whole};
    result[0].sides[i].to = middle;
    result[1].sides[i].from = middle;
    const std::size_t across = i == 0 ? 1 : 2;
    const std::size_t along = i == 0 ? 2 : 1;
    result[0].corners[across] = result[1].corners[0] = near;
    result[0].corners[3] = result[1].corners[along] = far;
    return result;
  }

  // A cell seen from its middle: bounded sides reach u₀ and u₁ either way, and infinite ones start
  // at z; what is level there does not change along them, and is taken at z_level.
  struct Frame {
    std::array<bool, 2> far = {};
    PlanePoint z = PlanePoint::Zero();
    PlanePoint z_level = PlanePoint::Zero();
    std::array<PlanePoint, 2> reach = {PlanePoint::Zero(), PlanePoint::Zero()};
  };
  Frame frame_of(const PlanarCell& cell) const {
    const PlanarCone& cone = cones_[cell.cone];
    Frame frame;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const PlanarRange& side = cell.sides[i];
      frame.far[i] = !side.is_bounded();
      if (frame.far[i]) {
        frame.z += side.from * cone.rays[i].step;
        continue;
      }
      const PlanePoint middle = 0.5 * (side.from + side.to) * cone.rays[i].step;
      frame.z += middle;
      frame.z_level += middle;
      frame.reach[i] = 0.5 * (side.to - side.from) * cone.rays[i].step;
    }
    return frame;
  }

  struct LogOdds {
    double least = -infinity;
    double most = -infinity;
  };
  // ℓ_k − ℓ_q where the infinite sides start, from what it is in the middle: −½⟨z, Dz⟩ and a linear
  // part.
  LogOdds log_odds(const PlanarGap& gap, const Frame& frame) const {
    const auto& [u, v] = frame.reach;
    const PlaneForm& D = gap.excess;
    const double linear = std::abs(gap.score.dot(u)) + std::abs(gap.score.dot(v));
    const double mixed = std::abs(u.dot(D * v));
    const double uu = 0.5 * u.dot(D * u);
    const double vv = 0.5 * v.dot(D * v);
    const double slack = 8.0 * unit_round_off * p_.condition *
                         (1.0 + gap.odds_size + linear + gap.score_size * (u.norm() + v.norm()));
    return {gap.odds - linear - mixed - std::max(uu, 0.0) - std::max(vv, 0.0) - slack,
            gap.odds + linear + mixed - std::min(uu, 0.0) - std::min(vv, 0.0) + slack};
  }

  // The law of what is level along the infinite sides, all of it where there are none.
  struct LevelBound {
    std::vector<LogOdds> odds = {};
    std::vector<CellTerm> terms = {};
    double all = 0.0;     // Σ e^{least odds}
    double change = 0.0;  // Σ r̄_k λ_max(∓B_k)₊

    // Σ r̄_k f_k, and a bound of |E_r f| where Σ ρ_k f_k = 0.
    template <typename F>
    double sum(const F& f) const {
      double result = 0.0;
      for (const CellTerm& term : terms) result += term.weight * f(term);
      return result;
    }
    template <typename F>
    double mean(const F& f) const {
      double result = 0.0;
      for (const CellTerm& term : terms) result += term.moved * f(term);
      return result;
    }
    double shift() const {
      return sum([](const CellTerm& c) { return c.s; });
    }
    double variance() const {
      return sum([](const CellTerm& c) { return c.s * c.s; });
    }
  };
  LevelBound level_bound(const PlanarCone& cone, const Law& law, const Frame& frame) const {
    const std::vector<PlanarComponent>& components = p_.components;
    LevelBound result{.odds = std::vector<LogOdds>(components.size())};
    double most = 0.0;
    for (std::size_t k = 0; k < components.size(); ++k) {
      if (!is_in(cone, k, frame.far)) continue;
      result.odds[k] = log_odds(law.gaps[k], frame);
      result.all += std::exp(result.odds[k].least);
      most += std::exp(result.odds[k].most);
    }
    const double rounding = 4.0 * unit_round_off * static_cast<double>(components.size());
    result.all *= 1.0 - rounding;
    most *= 1.0 + rounding;
    for (std::size_t k = 0; k < components.size(); ++k) {
      if (!is_in(cone, k, frame.far)) continue;
      const LogOdds& own = result.odds[k];
      const double others = std::max(result.all - std::exp(own.least), 0.0);
      const double weight = others > 0.0 ? 1.0 / (1.0 + others * std::exp(-own.most)) : 1.0;
      const double least = std::exp(own.least) / most;
      CellTerm term = term_of(law.gaps[k], law, frame);
      term.weight = weight;
      term.moved = std::max(weight - law.weights[k], law.weights[k] - least);
      result.terms.push_back(term);
      result.change +=
          weight *
          std::max(0.0, largest_of(-outward() * PlaneForm(law.gaps[k].excess - law.excess)));
    }
    return result;
  }

  static CellTerm term_of(const PlanarGap& gap, const Law& law, const Frame& frame) {
    const PlaneForm B = gap.excess - law.excess;
    const PlanePoint h = gap.score - law.score;
    CellTerm term{.B = norm_of(B), .h = h.norm(), .s = h.norm()};
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const PlanePoint& u = frame.reach[i];
      const PlanePoint Bu = B * u;
      term.Bu[i] = Bu.norm();
      term.uBu[i] = std::abs(u.dot(Bu));
      term.s += term.Bu[i];
      term.mean_t[i] = std::abs(u.dot(h)) + term.uBu[i] + std::abs(frame.reach[1 - i].dot(Bu));
      term.t[i] = term.mean_t[i];
    }
    return term;
  }

  // What component k, which is lost along the infinite sides, adds: r̄_k (s̃² + b) for the largest,
  // r̄_k (b + m₂) for the smallest; +∞ where its odds do not fall yet along the side that is named.
  struct Lost {
    double excess = 0.0;
    std::size_t side = 0;
  };
  Lost lost(const PlanarCone& cone,
            std::size_t k,
            const Law& law,
            const Frame& frame,
            const PlanePoint& mean,
            const LevelBound& level) const {
    const PlanarComponent& c = p_.components[k];
    const PlanarComponent& q = p_.components[law.likeliest];
    const PlanarGap gap = gap_between(c, q, frame.z);
    const PlaneForm& D = gap.excess;
    const PlaneForm B = gap.excess - law.excess;
    double s = (gap.score - mean).norm() + (B * frame.reach[0]).norm() +
               (B * frame.reach[1]).norm() + level.shift();
    Lost result;
    double slowest = infinity;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      if (!frame.far[i] || cone.is_level[i][k] != 0) continue;
      const PlanePoint& n = cone.rays[i].step;
      const double fall = -n.dot(gap.score) - std::abs(n.dot(D * frame.reach[0])) -
                          std::abs(n.dot(D * frame.reach[1]));
      if (fall < slowest) {
        slowest = fall;
        result.side = i;
      }
      // e^{−στ}(s + Lτ)² is largest at τ = 0 where s ≥ 2L/σ.
      if (fall > 0.0) s = std::max(s, 2.0 * (B * n).norm() / fall);
    }
    if (slowest <= 0.0) {
      result.excess = infinity;
      return result;
    }
    const double weight = std::exp(log_odds(gap, frame).most) / level.all;
    const PlaneForm& P = p_.reference().precision;
    if (largest_) {
      double wider = 0.0;
      for (std::size_t j = 0; j < p_.components.size(); ++j) {
        if (!is_in(cone, j, frame.far)) continue;
        wider = std::max(wider, largest_of(p_.components[j].precision - P));
      }
      result.excess = weight * (s * s + wider);
    } else {
      result.excess =
          std::min(1.0, weight) * (std::max(0.0, largest_of(c.precision - P)) + level.variance());
    }
    return result;
  }

  // Of the level law, λ_max(−P̄ + Cov g) from the likeliest two, i and j: Cov g ⪯ ¼(g_i − g_j)(g_i −
  // g_j)ᵀ and the others' second moments about a point between these. g_i − g_j is affine, and
  // λ_max of a square convex, so that it is largest at a corner.
  double by_pair(const PlanarCone& cone,
                 const Law& law,
                 const Frame& frame,
                 const LevelBound& level) const {
    std::vector<std::size_t> members;
    for (std::size_t k = 0; k < p_.components.size(); ++k) {
      if (is_in(cone, k, frame.far)) members.push_back(k);
    }
    if (members.size() < 2) return infinity;
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::partial_sort(order, order.begin() + 2, std::greater<>(),
                              [&](std::size_t n) { return level.terms[n].weight; });
    const std::size_t first = members[order[0]];
    const std::size_t second = members[order[1]];
    double result = -infinity;
    for (const double a : {-1.0, 1.0}) {
      for (const double b : {-1.0, 1.0}) {
        const PlanePoint x = frame.z_level + a * frame.reach[0] + b * frame.reach[1];
        const auto gap = [&](std::size_t k, std::size_t other) {
          return gap_between(p_.components[k], p_.components[other], x);
        };
        const auto farthest = [&](const PlanarGap& g) {
          return g.score.norm() + 8.0 * unit_round_off * p_.condition * g.score_size;
        };
        const PlanarGap apart = gap(first, second);
        const double error = 8.0 * unit_round_off * p_.condition * apart.score_size;
        double at_corner =
            largest_of(0.25 * apart.score * apart.score.transpose() - law.precision) +
            error * (apart.score.norm() + error);
        for (std::size_t n = 2; n < order.size(); ++n) {
          const std::size_t k = members[order[n]];
          const double farther = std::max(farthest(gap(k, first)), farthest(gap(k, second)));
          at_corner += level.terms[order[n]].weight * farther * farther;
        }
        result = std::max(result, at_corner);
      }
    }
    return result + level.change;
  }

  // Of the level law, second order from the corners, first order from the weights.
  double by_level(const PlanarCell& cell,
                  const Law& law,
                  const Frame& frame,
                  const LevelBound& level) const {
    double at_corners = -outward() * infinity;
    for (std::size_t j = 0; j < 4; ++j) {
      if ((frame.far[0] && j % 2 == 0) || (frame.far[1] && j < 2)) continue;
      const PlanarCorner& corner = cell.corners[j];
      const double edge = corner.value + outward() * corner.error;
      at_corners = largest_ ? std::max(at_corners, edge) : std::min(at_corners, edge);
    }
    const double by_corners =
        at_corners + outward() * 0.5 * (curvature(level, 0) + curvature(level, 1));
    const double first = largest_ ? -smallest_of(law.precision) + level.change + level.variance()
                                  : -largest_of(law.precision) - level.change;
    return largest_ ? std::min(by_corners, first)
                    : std::max({by_corners, first, by_steepness(level)});
  }

  // H ⪰ −Σ r_k P_k, whose eigenvalues are at least −λ − Σ r_k (λ_max(P_k) − λ)₊ for any λ.
  double by_steepness(const LevelBound& level) const {
    double result = -far_out_.steepest;
    for (std::size_t k = 0; k < level.terms.size() && result > -infinity; ++k) {
      const double above = largest_of(p_.components[k].precision) - far_out_.steepest;
      result -= level.terms[k].weight * std::max(0.0, above);
    }
    return result;
  }

  // A bound of −∂²_u⟨e, He⟩ for the largest, of ∂²_u⟨e, He⟩ for the smallest, over all unit e, u
  // half of side i: fourth, third and second cumulants.
  double curvature(const LevelBound& level, std::size_t i) const {
    const auto B = [](const CellTerm& c) { return c.B; };
    const auto s = [](const CellTerm& c) { return c.s; };
    const auto Bu = [i](const CellTerm& c) { return c.Bu[i]; };
    const auto uBu = [i](const CellTerm& c) { return c.uBu[i]; };
    const auto t = [i](const CellTerm& c) { return c.t[i]; };
    const double mean_B = level.mean(B);
    const double mean_s = level.mean([](const CellTerm& c) { return c.h; }) +
                          level.mean([](const CellTerm& c) { return c.Bu[0] + c.Bu[1]; });
    const double mean_t = level.mean([i](const CellTerm& c) { return c.mean_t[i]; });
    const auto sum = [&level](const auto& x, const auto& y) {
      return level.sum([&](const CellTerm& c) { return x(c) * y(c); });
    };
    const auto third = [&](const auto& x, const auto& y, const auto& z, double mx, double my,
                           double mz) {
      return level.sum([&](const CellTerm& c) { return x(c) * y(c) * z(c); }) + mx * sum(y, z) +
             my * sum(x, z) + mz * sum(x, y) + 2.0 * mx * my * mz;
    };
    const double thirds = third(B, t, t, mean_B, mean_t, mean_t) +
                          4.0 * third(Bu, s, t, level.mean(Bu), mean_s, mean_t) +
                          third(uBu, s, s, level.mean(uBu), mean_s, mean_s);
    const double second = std::sqrt(sum(B, B) * sum(uBu, uBu));
    if (largest_) return 2.0 * sum(s, s) * sum(t, t) + thirds + second;
    const auto fourth = [&level](const auto& x) {
      return level.sum([&](const CellTerm& c) { return std::pow(x(c), 4); });
    };
    return 8.0 * std::sqrt(fourth(s) * fourth(t)) + thirds + second + 2.0 * sum(Bu, Bu);
  }

  PlanarCell bounded(PlanarCell cell) const {
    const PlanarCone& cone = cones_[cell.cone];
    const Frame frame = frame_of(cell);
    const Law law = law_at(cone, frame.far, frame.z_level);
    const LevelBound level = level_bound(cone, law, frame);
    Sides share = {};
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      share[i] = curvature(level, i);
    }
    double excess = 0.0;
    if (frame.far[0] || frame.far[1]) {
      PlanePoint mean = PlanePoint::Zero();
      for (std::size_t k = 0; k < law.weights.size(); ++k) {
        if (law.weights[k] == 0.0) continue;
        mean += law.weights[k] *
                gap_between(p_.components[k], p_.components[law.likeliest], frame.z).score;
      }
      for (std::size_t k = 0; k < law.weights.size(); ++k) {
        if (is_in(cone, k, frame.far)) continue;
        const Lost own = lost(cone, k, law, frame, mean, level);
        excess += own.excess;
        share[own.side] += own.excess;
      }
    }
    const double rounding = static_cast<double>(32 + 4 * p_.components.size()) * unit_round_off *
                            p_.condition * (p_.narrowest + level.variance());
    double by_law = by_level(cell, law, frame, level);
    if (largest_ && by_law > best_.value) {
      by_law = std::min(by_law, by_pair(cone, law, frame, level));
    }
    const double bound = by_law + outward() * (excess + rounding);
    cell.bound = largest_ ? std::min(cell.bound, bound) : std::max(cell.bound, bound);
    cell.split = share[0] >= share[1] ? 0 : 1;
    return cell;
  }

  const PlanarMixture& p_;
  CurvatureOptions options_;
  bool largest_;
  FarOut far_out_ = {};
  std::vector<PlanarCone> cones_;
  int places_ = 0;
  PlanarCorner best_ = {};
  Vector best_at_ = {};
};

PlanarMixture checked(const GaussianMixture& p, const GaussianMixture& ordered) {
  require(p.dimension() == 2 && p.has_density(),
          "planar_curvature: takes a mixture in the plane with a density");
  require(ordered.dimension() == 2 && ordered.weights() == p.weights(),
          "planar_curvature: what orders the components has others");
  return planar_mixture(p, ordered);
}

// Whether far out, in some open cone of directions, all components but those of this covariance are
// lost: where ⟨e, Pe⟩ is below all others'. At which e it may be is decided between the ties.
bool is_alone_far_out(const PlanarMixture& p, const PlanarComponent& of) {
  const double margin = 1e-12 * p.condition * p.narrowest;
  const auto is_least = [&](double angle) {
    const PlanePoint e(std::cos(angle), std::sin(angle));
    return std::ranges::all_of(p.components, [&](const PlanarComponent& c) {
      return c.covariance == of.covariance || e.dot((c.precision - of.precision) * e) > margin;
    });
  };
  std::vector<double> ties = {0.0};
  for (const PlanarComponent& c : p.components) {
    const PlaneForm D = c.precision - of.precision;
    // ⟨e, De⟩ = ½ tr D + h cos(2φ − φ₀).
    const double h = std::hypot(0.5 * (D(0, 0) - D(1, 1)), D(0, 1));
    const double phase = std::atan2(D(0, 1), 0.5 * (D(0, 0) - D(1, 1)));
    if (!(std::abs(0.5 * D.trace()) < h)) continue;
    const double opening = std::acos(-0.5 * D.trace() / h);
    for (const double tie : {0.5 * (phase + opening), 0.5 * (phase - opening)}) {
      ties.push_back(tie - std::numbers::pi * std::floor(tie / std::numbers::pi));
    }
  }
  std::ranges::sort(ties);
  ties.push_back(ties.front() + std::numbers::pi);
  for (std::size_t i = 1; i < ties.size(); ++i) {
    if (is_least(0.5 * (ties[i - 1] + ties[i]))) return true;
  }
  return false;
}

// The largest λ_max(P_k) of those that are alone somewhere far out.
std::optional<double> steepest_far_out(const PlanarMixture& p) {
  std::optional<double> steepest;
  for (const PlanarComponent& c : p.components) {
    const double here = largest_of(c.precision);
    if (here > steepest.value_or(0.0) && is_alone_far_out(p, c)) steepest = here;
  }
  return steepest;
}

// From where on c, along all e_φ with |φ − angle| ≤ reach, is e^{−depth} of some other at most:
// ℓ_c − ℓ_q ≤ o + s|g| − ½s²m, with m ≤ ⟨e, (P_c − P_q)e⟩, a multiple of cos 2φ and a constant.
// Nothing, where m is not at least half of what it is in the middle.
std::optional<double> lost_from(
    const PlanarMixture& p, const PlanarComponent& c, double angle, double reach, double depth) {
  const PlanePoint e(std::cos(angle), std::sin(angle));
  std::optional<double> nearest;
  for (const PlanarComponent& q : p.components) {
    const PlanarGap gap = gap_between(c, q, PlanePoint::Zero());
    const double middle = e.dot(gap.excess * e);
    const double m = middle - 2.0 * half_gap(gap.excess) * reach;
    if (!(m > 0.5 * middle)) continue;
    const double g = gap.score.norm();
    const double s = (g + std::sqrt(g * g + 2.0 * m * std::max(0.0, gap.odds + depth))) / m;
    if (!nearest || s < *nearest) nearest = s;
  }
  return nearest;
}

// Beyond it all steeper than λ are lost together; nothing, where one of them is not.
std::optional<double> radius_without_steeper(const PlanarMixture& p, double steepest) {
  constexpr int most_halvings = 12;
  const double depth = 32.0 + std::log(static_cast<double>(p.components.size()));
  const std::function<std::optional<double>(const PlanarComponent&, double, double, int)> from =
      [&](const PlanarComponent& c, double angle, double reach,
          int halvings) -> std::optional<double> {
    if (const auto here = lost_from(p, c, angle, reach, depth)) return here;
    if (halvings == most_halvings) return std::nullopt;
    const auto left = from(c, angle - 0.5 * reach, 0.5 * reach, halvings + 1);
    const auto right = from(c, angle + 0.5 * reach, 0.5 * reach, halvings + 1);
    if (!left || !right) return std::nullopt;
    return std::max(*left, *right);
  };
  double radius = p.scale;
  for (const PlanarComponent& c : p.components) {
    if (!(largest_of(c.precision) > steepest)) continue;
    const auto own = from(c, 0.0, std::numbers::pi, 0);
    if (!own) return std::nullopt;
    radius = std::max(radius, *own);
  }
  return radius;
}

// What is seen at the centres, where no search encloses it.
PlanarCurvature seen_at_centres(const GaussianMixture& p, bool largest, double far_side) {
  double best = largest ? -infinity : infinity;
  PlanarCurvature result;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const PlaneForm H = p.log_density_hessian(p.means().col(k));
    const double value = largest ? largest_of(H) : smallest_of(H);
    if (largest ? value <= best : value >= best) continue;
    best = value;
    result.place = p.means().col(k);
    const double error = round_off(H.norm(), 2);
    result.value = largest ? Estimate::between(value, value - error, far_side, Grade::sampled)
                           : Estimate::between(value, far_side, value + error, Grade::sampled);
  }
  return result;
}

}  // namespace

PlanarCurvature largest_planar_curvature(const GaussianMixture& p,
                                         const CurvatureOptions& options) {
  return largest_planar_curvature(p, p, options);
}

PlanarCurvature largest_planar_curvature(const GaussianMixture& p,
                                         const GaussianMixture& ordered,
                                         const CurvatureOptions& options) {
  const PlanarMixture plane = checked(p, ordered);
  if (const auto direction = direction_of_infinity(plane)) {
    return {.value = Estimate::between(infinity, infinity, infinity, Grade::closed_form),
            .direction = *direction};
  }
  if (plane.is_undecided) return seen_at_centres(p, true, infinity);
  return PlanarCurvatureSearch(plane, options, true).run();
}

PlanarCurvature smallest_planar_curvature(const GaussianMixture& p,
                                          const CurvatureOptions& options) {
  return smallest_planar_curvature(p, p, options);
}

PlanarCurvature smallest_planar_curvature(const GaussianMixture& p,
                                          const GaussianMixture& ordered,
                                          const CurvatureOptions& options) {
  const PlanarMixture plane = checked(p, ordered);
  if (!plane.has_widest || plane.is_undecided || direction_of_parabola(plane)) {
    const double most = plane.narrowest;
    if (const auto steepest = steepest_far_out(plane)) {
      if (*steepest >= most * (1.0 - 8.0 * unit_round_off)) {
        return {.value = Estimate::closed_form(-most, round_off(most * plane.condition, 2))};
      }
      if (const auto radius = radius_without_steeper(plane, *steepest)) {
        return PlanarCurvatureSearch(plane, options, FarOut{*steepest, *radius}).run();
      }
    }
    return seen_at_centres(p, false, -most - round_off(most * plane.condition, 2));
  }
  return PlanarCurvatureSearch(plane, options, false).run();
}

bool encloses_planar_curvature(const GaussianMixture& p) {
  require(p.dimension() == 2, "encloses_planar_curvature: takes a mixture in the plane");
  return !planar_mixture(p, p).is_undecided;
}

}  // namespace flowcheck
