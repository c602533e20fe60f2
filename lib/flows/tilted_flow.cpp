#include "flows/tilted_flow.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

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

PlaneForm second_moment(const Terms& weights, const Terms& x, const Terms& y) {
  PlaneForm Q;
  Q(0, 0) = (weights * x * x).sum();
  Q(1, 1) = (weights * y * y).sum();
  Q(0, 1) = Q(1, 0) = (weights * x * y).sum();
  return Q;
}

}  // namespace

Spread spread_of(const PlanePoint& u, const PlanePoint& w, const PlanePoint& e) {
  const PlanePoint f(-e.y(), e.x());
  return {.e = e,
          .along = std::abs(u.dot(e)) + std::abs(w.dot(e)),
          .across = std::abs(u.dot(f)) + std::abs(w.dot(f)),
          .radius = std::max((u + w).norm(), (u - w).norm())};
}

// Of W for one θ: weights, and the centres about its mean.
struct TiltedFlow::Law {
  Terms weights, logs;
  Terms x, y;
  PlanePoint mean = PlanePoint::Zero();

  PlaneForm covariance() const { return second_moment(weights, x, y); }

  // ⪯ the covariance of a law with no centre's weight below the one given.
  PlaneForm covariance_below(const Terms& least_weights) const {
    const double sum = least_weights.sum();
    if (sum == 0.0) return PlaneForm::Zero();
    const PlanePoint m((least_weights * x).sum(), (least_weights * y).sum());
    return second_moment(least_weights, x, y) - m * m.transpose() / sum;
  }
};

// s Cov within a spread at both ends of a step: from below and off the diagonal in its axes.
struct TiltedFlow::Contraction {
  double along = infinity;
  double across = infinity;
  double least = infinity;  // eigenvalue
  double mixed = 0.0;

  void include(double s, const CovarianceWithin& bounds, const PlanePoint& e) {
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

TiltedFlow::TiltedFlow(PlanarCentres centres, double first, double last)
    : centres_(std::move(centres)), last_(last) {
  require(centres_.means.rows() == 2 && centres_.means.cols() > 0 &&
              centres_.means.cols() == centres_.log_weights.size(),
          "TiltedFlow: the centres are 2 × K, with K weights");
  require(first >= 0.0 && first <= last, "TiltedFlow: 0 ≤ s₀ ≤ s₁");
  width_ = 2.0 * centres_.means.colwise().norm().maxCoeff();
  // Steps short against the rate s λ_max ≤ ¼ s width².
  const double rate = 0.25 * last * last * width_ * width_;
  steps_ = 2 * static_cast<int>(std::clamp(rate, 16.0, 512.0));
  const Terms squares = centres_.means.colwise().squaredNorm().transpose().array();
  for (int i = 0; i <= 2 * steps_; ++i) {
    const double s = first + (last - first) * i / (2 * steps_);
    slices_.push_back({.s = s, .constants = centres_.log_weights - 0.5 * s * s * squares});
  }
  step_ = (last - first) / steps_;
}

TiltedFlow::Law TiltedFlow::law_at(const Slice& slice,
                                   const PlanePoint& n,
                                   const FarEnds* far) const {
  const PlanePoint theta = slice.s * n;
  Law law;
  law.x = centres_.means.row(0).transpose().array();
  law.y = centres_.means.row(1).transpose().array();
  law.logs = slice.constants + theta.x() * law.x + theta.y() * law.y;
  if (far != nullptr) law.logs = (far->is_left > 0.0).select(law.logs, -infinity);
  law.logs = law.logs - law.logs.maxCoeff();
  law.logs -= std::log(law.logs.exp().sum());
  law.weights = law.logs.exp();
  law.mean = {(law.weights * law.x).sum(), (law.weights * law.y).sum()};
  law.x -= law.mean.x();
  law.y -= law.mean.y();
  return law;
}

PlaneForm TiltedFlow::covariance_at_end(const PlanePoint& n) const {
  return law_at(slices_.back(), n, nullptr).covariance();
}

CovarianceWithin TiltedFlow::covariance_within(const PlanePoint& end, const Spread& spread) const {
  return within(slices_.back(), law_at(slices_.back(), end, nullptr), spread, PlaneForm::Zero());
}

// max_j ⟨mⱼ, v − mₖ⟩.
Terms TiltedFlow::farthest_behind(Index vertex) const {
  const Matrix gaps = (-means()).colwise() + means().col(vertex);
  return (means().transpose() * gaps).colwise().maxCoeff().transpose().array();
}

// At most. n(s) − n(s₁) is in (s − s₁)·hull.
Terms TiltedFlow::weights_of_others(const Slice& slice,
                                    const FarEnds& far,
                                    const Terms& farthest) const {
  const Terms odds = slice.constants - slice.constants(far.vertex) -
                     slice.s * (far.lags - (last_ - slice.s) * farthest);
  return (far.is_left > 0.0).select(0.0, odds.min(0.0).exp());
}

CovarianceWithin TiltedFlow::within(const Slice& slice,
                                    const Law& law,
                                    const Spread& spread,
                                    const PlaneForm& others) const {
  const PlanePoint e = spread.e;
  const Terms along = slice.s * spread.along * (e.x() * law.x + e.y() * law.y);
  const Terms across = slice.s * spread.across * (e.x() * law.y - e.y() * law.x);
  CovarianceWithin result;
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
  result.least = law.covariance_below((law.logs - along.abs() - across.abs()).exp() / largest_sum);
  return result;
}

// Flows come together.
Spread TiltedFlow::one_step_back(const Contraction& by, const Spread& now) const {
  Spread result = now;
  result.radius = now.radius * std::exp(-step_ * by.least);
  result.along = std::min(result.radius,
                          now.along * std::exp(-step_ * by.along) + step_ * by.mixed * now.across);
  result.across = std::min(
      result.radius, now.across * std::exp(-step_ * by.across) + step_ * by.mixed * now.along);
  result.radius = std::min(result.radius, std::hypot(result.along, result.across));
  return result;
}

FollowedBack TiltedFlow::followed_back(const PlanePoint& end, const Spread& spread) const {
  return followed(end, spread, nullptr);
}

FollowedBack TiltedFlow::followed_back(const PlanePoint& end,
                                       const Spread& spread,
                                       const FarEnds& far) const {
  return followed(end, spread, &far);
}

FollowedBack TiltedFlow::followed(PlanePoint n, Spread spread, const FarEnds* far) const {
  FollowedBack result;
  double trapezoid = 0.0;
  double simpson = 0.0;
  Law law = law_at(slices_.back(), n, far);
  const Terms farthest = far == nullptr ? Terms() : farthest_behind(far->vertex);
  const auto others_at = [&](const Slice& slice) -> Terms {
    if (far == nullptr) return Terms::Zero(means().cols());
    return weights_of_others(slice, *far, farthest);
  };
  Terms others = others_at(slices_.back());
  for (int i = steps_; i >= 0; --i) {
    const Slice& here = slices_[static_cast<std::size_t>(2 * i)];
    const CovarianceWithin bounds = within(here, law, spread, second_moment(others, law.x, law.y));
    const PlaneForm C = law.covariance();
    const bool is_end = i == 0 || i == steps_;
    const double rule = is_end ? 0.5 : 1.0;
    trapezoid += rule * here.s * bounds.largest;
    simpson += (is_end ? 1.0 : i % 2 == 1 ? 4.0 : 2.0) / 3.0 * here.s * bounds.largest;
    result.middle += step_ * rule * here.s * largest_eigenvalue(C);
    result.weight += here.s * here.s * C;
    if (i == 0) break;
    const Slice& half = slices_[static_cast<std::size_t>(2 * i - 1)];
    const Slice& next = slices_[static_cast<std::size_t>(2 * i - 2)];
    const PlanePoint k1 = law.mean;
    const PlanePoint k2 = law_at(half, n - 0.5 * step_ * k1, far).mean;
    const PlanePoint k3 = law_at(half, n - 0.5 * step_ * k2, far).mean;
    const PlanePoint k4 = law_at(next, n - step_ * k3, far).mean;
    n -= step_ / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
    law = law_at(next, n, far);
    // The step's error is seen against the rule of third order with the next slope for k₄.
    const double before = others.sum();
    others = others_at(next);
    // Before it has shrunk, the spread holds what is there after the step as well.
    Contraction contraction;
    contraction.include(here.s, bounds, spread.e);
    contraction.include(next.s, within(next, law, spread, second_moment(others, law.x, law.y)),
                        spread.e);
    spread = one_step_back(contraction, spread);
    const double leak = step_ * width_ * std::min(1.0, std::max(before, others.sum()));
    const double added = leak + step_ / 6.0 * (k4 - law.mean).norm();
    spread.along += added;
    spread.across += added;
    spread.radius += added;
    result.leak += leak * next.s / last_;
  }
  result.above = step_ * (std::max(trapezoid, simpson) + std::abs(trapezoid - simpson));
  result.start = n;
  result.spread = spread;
  return result;
}

}  // namespace flowcheck
