#include "interpolation/covariance_extremes.hpp"

#include "interpolation/compass_search.hpp"
#include "interpolation/planar_tilts.hpp"
#include "measures/enclosing_ball.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/not_tabulated.hpp"
#include "measures/planar_curvature.hpp"
#include "measures/posterior_moments.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

void check_r(double r) {
  require(r >= 0.0 && r < infinity, "posterior covariance: r must be finite and not negative");
}

// Mean and variance of a law on an interval of length `width` after tilting by e^{ryξ − r²ξ²/2}.
struct TiltedMoments {
  double mean = 0.0;
  double variance = 0.0;
  double error = 0.0;  // of the variance
};
struct BoundedLine {
  double width = 0.0;
  double r = 0.0;
  std::function<TiltedMoments(double y)> at = {};
  std::function<double(double y, double e, bool to_the_right)> square_beyond = {};  // may be none
  std::vector<double> places = {};  // where the variance is likely to be large
};

struct Probe {
  double y = 0.0;
  double mean = 0.0;
  double variance = 0.0;
  double error = 0.0;
};

struct Gap {
  Probe left, right;
  double bound = 0.0;  // of the variance on it
};

class VarianceSearch {
 public:
  VarianceSearch(BoundedLine line, const CovarianceSearchOptions& options)
      : line_(std::move(line)), options_(options) {}

  CovarianceExtreme run() {
    for (const double y : line_.places) probe(y);
    const auto is_done = [&](double open) {
      return places_ >= options_.most_places ||
             options_.goal(best_.variance).is_met(best_.variance, open);
    };
    const auto halves = [&](const Gap& whole) {
      const Probe middle = probe(0.5 * (whole.left.y + whole.right.y));
      return std::array{gap(whole.left, middle), gap(middle, whole.right)};
    };
    const double open = best_first(first_gaps(), 1.0, is_done, halves);
    const double upper = std::max({open, best_.variance + best_.error, beyond_});
    return {.value = Estimate::between(best_.variance, best_.variance - best_.error, upper,
                                       Grade::converged),
            .place = Vector::Constant(1, best_.y)};
  }

 private:
  // Between 64 equal steps and the places that were named.
  std::vector<Gap> first_gaps() {
    constexpr int first_cells = 64;
    const auto [from, to] = essential_range();
    std::vector<double> marks = {to};
    for (int i = 0; i < first_cells; ++i) marks.push_back(from + (to - from) * i / first_cells);
    for (const double y : line_.places) {
      if (y > from && y < to) marks.push_back(y);
    }
    std::ranges::sort(marks);
    std::vector<Gap> gaps;
    Probe left = probe(from);
    for (std::size_t i = 1; i < marks.size(); ++i) {
      const Probe right = probe(marks[i]);
      gaps.push_back(gap(left, right));
      left = right;
    }
    return gaps;
  }

  Probe probe(double y) {
    ++places_;
    const TiltedMoments moments = line_.at(y);
    const Probe result{y, moments.mean, moments.variance, moments.error};
    if (result.variance > best_.variance) best_ = result;
    return result;
  }

  Gap gap(const Probe& left, const Probe& right) const {
    const double h = right.y - left.y;
    const double w = line_.width;
    const double slope = line_.r * w * w * w / (6.0 * std::sqrt(3.0));
    const double curvature = line_.r * line_.r * w * w * w * w / 8.0;
    const double f_left = left.variance + left.error;
    const double f_right = right.variance + right.error;
    const double by_slope = 0.5 * (f_left + f_right + slope * h);
    const double by_curvature = std::max(f_left, f_right) + curvature * h * h / 8.0;
    // |κ₃| ≤ w·variance as well, so that it cannot grow fast from where there is little of it.
    const double least = std::numeric_limits<double>::min();
    const double by_growth = std::sqrt(std::max(f_left, least)) *
                             std::sqrt(std::max(f_right, least)) * std::exp(0.5 * line_.r * w * h);
    return {left, right, std::min({by_slope, by_curvature, by_growth, by_order(left, right)})};
  }

  // Tilts are ordered: W > t is likeliest at the right end and W < t at the left one, so that for
  // any e the variance is at most E_right(W − e)₊² + E_left(e − W)₊².
  double by_order(const Probe& left, const Probe& right) const {
    if (!line_.square_beyond) return infinity;
    const double e = 0.5 * (left.mean + right.mean);
    return line_.square_beyond(right.y, e, true) + line_.square_beyond(left.y, e, false);
  }

  // Beyond it the variance is below half of what it is somewhere inside. The support ends before
  // mean(−Y) + w and after mean(Y) − w.
  std::pair<double, double> essential_range() {
    double Y = 1.0 / std::max(line_.r * line_.width, 1e-3);
    for (int i = 0; i < 200; ++i, Y *= 1.5) {
      const TiltedMoments low = line_.at(-Y);
      const TiltedMoments high = line_.at(Y);
      probe(0.5 * (low.mean + high.mean) * line_.r);
      probe(-Y);
      probe(Y);
      const double right = low.mean + line_.width - high.mean;
      const double left = low.mean - (high.mean - line_.width);
      beyond_ = std::max(high.variance + high.error + right * right,
                         low.variance + low.error + left * left);
      if (beyond_ <= 0.5 * best_.variance) break;
    }
    return {-Y, Y};
  }

  BoundedLine line_;
  CovarianceSearchOptions options_;
  int places_ = 0;
  Probe best_ = {};
  double beyond_ = infinity;
};

CovarianceExtreme largest_variance(BoundedLine line, const CovarianceSearchOptions& options) {
  return VarianceSearch(std::move(line), options).run();
}

// Distinct centres of positive weight, as columns of p.means(), with the weights they have
// together: by sorting, O(K log K).
struct Centres {
  Matrix places = {};
  Vector weights = {};
};

Centres sorted_centres(const GaussianMixture& p) {
  std::vector<Index> order;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) > 0.0) order.push_back(k);
  }
  const auto before = [&](Index i, Index j) {
    const auto first = p.means().col(i);
    const auto second = p.means().col(j);
    return std::lexicographical_compare(first.begin(), first.end(), second.begin(), second.end());
  };
  std::ranges::stable_sort(order, before);
  Centres result{Matrix(p.dimension(), p.size()), Vector::Zero(p.size())};
  Index count = 0;
  for (const Index k : order) {
    if (count == 0 || result.places.col(count - 1) != p.means().col(k)) {
      result.places.col(count++) = p.means().col(k);
    }
    result.weights(count - 1) += p.weights()(k);
  }
  result.places.conservativeResize(Eigen::NoChange, count);
  result.weights.conservativeResize(count);
  return result;
}

// Exactly: seen in each plane of coordinates that has one in which the ends differ. Sorted points
// have their ends first and last.
bool are_on_a_line(const Matrix& sorted) {
  const Index last = sorted.cols() - 1;
  if (sorted.rows() == 1 || last < 2) return true;
  Index along = 0;
  (sorted.col(last) - sorted.col(0)).cwiseAbs().maxCoeff(&along);
  for (Index i = 0; i < sorted.rows(); ++i) {
    if (i == along) continue;
    for (Index k = 1; k < last; ++k) {
      const auto seen = [&](Index j) { return Vector{{sorted(along, j), sorted(i, j)}}; };
      if (orientation(seen(0), seen(last), seen(k)) != 0.0) return false;
    }
  }
  return true;
}

// Coordinates in which the points differ.
std::vector<Index> varying_coordinates(const Matrix& points) {
  std::vector<Index> result;
  for (Index i = 0; i < points.rows(); ++i) {
    if (points.row(i).minCoeff() < points.row(i).maxCoeff()) result.push_back(i);
  }
  return result;
}

// sup λ_max Cov over all tilts of some points: ¼diam² if the farthest two are an edge of their
// hull, and alone far out across it.
std::optional<Estimate> largest_across_edge(const Matrix& points) {
  const FarthestPair pair = farthest_pair(points);
  if (!is_edge(points, pair.first, pair.second)) return std::nullopt;
  return square(pair.distance / 2.0);
}

// min(their number, 3) without sorting: one, two or more.
Index count_centres(const GaussianMixture& p) {
  std::vector<Index> kept;
  for (Index k = 0; k < p.size() && kept.size() < 3; ++k) {
    const bool is_new = std::none_of(kept.begin(), kept.end(),
                                     [&](Index j) { return p.means().col(j) == p.means().col(k); });
    if (p.weights()(k) > 0.0 && is_new) kept.push_back(k);
  }
  return static_cast<Index>(kept.size());
}

// Points on the line, ascending, given that y ~ N(sW, 1): exponents from the likeliest point, and W
// from it too.
class TiltedPoints {
 public:
  TiltedPoints(const Vector& points, const Vector& weights, double s)
      : points_(points), log_weights_(weights.array().log()), s_(s) {}

  TiltedMoments moments(double y) const {
    const Tilt tilt = at(y);
    const double shift = tilt.weights.dot(tilt.apart);
    const Vector squares = (tilt.apart.array() - shift).square();
    const double variance = tilt.weights.dot(squares);
    // ∂C/∂log p_k = p_k(c_k² − C).
    const double of_weights =
        tilt.weights.cwiseProduct(tilt.log_errors).dot((squares.array() - variance).abs().matrix());
    const double of_sums = static_cast<double>(8 + points_.size()) * unit_round_off * variance;
    return {tilt.origin + shift, variance, of_weights + 4.0 * of_sums};
  }

  // E[(W − e)²; W > e], or W < e, from above.
  double square_beyond(double y, double e, bool to_the_right) const {
    const Tilt tilt = at(y);
    const Vector gaps = (tilt.apart.array() + (tilt.origin - e)) * (to_the_right ? 1.0 : -1.0);
    const Vector squares = gaps.array().max(0.0).square();
    const double value = tilt.weights.dot(squares);
    const Vector weighted_errors = tilt.weights.cwiseProduct(tilt.log_errors);
    return value + weighted_errors.dot(squares) + value * weighted_errors.sum() +
           static_cast<double>(16 + points_.size()) * unit_round_off * value;
  }

  double width() const { return points_(points_.size() - 1) - points_(0); }

  // Where neighbours have equal odds, the widest gaps first.
  std::vector<double> even_odds_of_neighbours(std::size_t most) const {
    std::vector<Index> order(static_cast<std::size_t>(points_.size() - 1));
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](Index i) { return points_(i + 1) - points_(i); });
    std::vector<double> places;
    for (std::size_t n = 0; n < std::min(most, order.size()); ++n) {
      const Index i = order[n];
      const double gap = points_(i + 1) - points_(i);
      places.push_back(0.5 * s_ * (points_(i) + points_(i + 1)) -
                       (log_weights_(i + 1) - log_weights_(i)) / (s_ * gap));
    }
    return places;
  }

 private:
  struct Tilt {
    double origin = 0.0;
    Vector apart = {};
    Vector weights = {};
    Vector log_errors = {};
  };

  Tilt at(double y) const {
    const auto points = points_.array();
    Index likeliest = 0;
    (log_weights_.array() + s_ * points * (y - 0.5 * s_ * points)).maxCoeff(&likeliest);
    Tilt tilt{.origin = points_(likeliest)};
    tilt.apart = points - tilt.origin;
    const Vector odds = log_weights_.array() - log_weights_(likeliest);
    const Vector pull = s_ * tilt.apart.array() * (y - 0.5 * s_ * (points + tilt.origin));
    tilt.weights = (odds + pull).array().exp();
    tilt.weights /= tilt.weights.sum();
    // The pull's second factor is a difference, and rounds with its terms.
    tilt.log_errors =
        unit_round_off * (8.0 + 4.0 * odds.array().abs() + 8.0 * pull.array().abs() +
                          4.0 * s_ * tilt.apart.array().abs() *
                              (std::abs(y) + s_ * (points.abs() + std::abs(tilt.origin))));
    return tilt;
  }

  Vector points_;
  Vector log_weights_;
  double s_;
};

// The centres W of a mixture of one covariance as x = bX₁ + aZ shows them: V = a²I + b²Σ, and given
// x they are tilted, p_k ∝ w_k e^{⟨θ, m_k⟩ − b²⟨m_k, V⁻¹m_k⟩/2} with θ = bV⁻¹(x − b m̄) and m_k from
// m̄.
class SeenCentres {
 public:
  SeenCentres(const GaussianMixture& p, double b, double a)
      : p_(p),
        b_(b),
        a_(a),
        centres_(sorted_centres(p)),
        middle_(centres_.places.rowwise().mean()) {
    const Gaussian& kernel = p.kernel(0);
    const Vector variances = a * a + b * b * kernel.eigenvalues().array();
    require(b > 0.0 && variances.minCoeff() > 0.0,
            "largest_centre_covariance: needs b > 0, and a > 0 where the covariance is singular");
    V_ = kernel.eigenvectors() * variances.asDiagonal() * kernel.eigenvectors().transpose();
    precision_ = kernel.eigenvectors() * variances.cwiseInverse().asDiagonal() *
                 kernel.eigenvectors().transpose();
  }

  const Matrix& places() const { return centres_.places; }
  const Vector& weights() const { return centres_.weights; }
  Index dimension() const { return places().rows(); }
  Index count() const { return places().cols(); }
  bool on_a_line() const { return are_on_a_line(places()); }

  Vector place_of(const Vector& tilt) const { return b_ * middle_ + V_ * tilt / b_; }
  Vector even_odds(Index i, Index j) const {
    const Vector gap = places().col(j) - places().col(i);
    const double log_odds = std::log(weights()(j) / weights()(i));
    return 0.5 * b_ * (places().col(i) + places().col(j)) -
           V_ * gap * (log_odds / (b_ * gap.squaredNorm()));
  }

  // On the line through them in the direction e: y = ⟨θ, e⟩/s.
  double signal(const Vector& e) const { return b_ * std::sqrt(e.dot(precision_ * e)); }
  BoundedLine on_line(const Vector& e) const {
    const double s = signal(e);
    const Vector along = (places().colwise() - middle_).transpose() * e;
    std::vector<Index> order(static_cast<std::size_t>(count()));
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::stable_sort(order, std::less<>(), [&](Index k) { return along(k); });
    const auto tilted = std::make_shared<const TiltedPoints>(along(order), weights()(order), s);
    return {.width = tilted->width(),
            .r = s,
            .at = [tilted](double y) { return tilted->moments(y); },
            .square_beyond =
                [tilted](double y, double e_, bool to_the_right) {
                  return tilted->square_beyond(y, e_, to_the_right);
                },
            .places = tilted->even_odds_of_neighbours(64)};
  }

  PlanarTilts in_plane(const CovarianceForm& form) const {
    const Matrix centred = places().colwise() - middle_;
    const Vector squares = (centred.cwiseProduct(precision_ * centred)).colwise().sum();
    return {.points = places(),
            .log_weights = weights().array().log().matrix() - 0.5 * b_ * b_ * squares,
            .map = form.map,
            .base = form.base};
  }

  // Cov(W | x).
  Matrix covariance(const Vector& x) const {
    const Vector r = posterior_weights(p_, b_, a_, x);
    const Matrix centred = p_.means().colwise() - p_.means() * r;
    return centred * r.asDiagonal() * centred.transpose();
  }

  // From the middle, pairs' even odds and what is likely to be seen.
  std::vector<Vector> starts() const {
    std::vector<Vector> result = {b_ * p_.mean()};
    for (Index i = 0; i < count() && result.size() < 16; ++i) {
      for (Index j = 0; j < i && result.size() < 16; ++j) result.push_back(even_odds(i, j));
    }
    Rng rng(17);
    const Matrix data = sample(p_, 6, rng);
    for (const auto& x : data.colwise()) {
      result.push_back(b_ * x + a_ * rng.normal_vector(dimension()));
    }
    return result;
  }
  double step() const { return 0.5 * V_.diagonal().cwiseSqrt().maxCoeff() + 0.25 * b_; }

 private:
  const GaussianMixture& p_;
  double b_;
  double a_;
  Centres centres_;
  Vector middle_;
  Matrix V_ = {};
  Matrix precision_ = {};
};

CovarianceForm completed(CovarianceForm form, Index d) {
  if (form.map.size() == 0) form.map = Matrix::Identity(d, d);
  if (form.base.size() == 0) form.base = Matrix::Zero(d, d);
  require(form.map.rows() == d && form.map.cols() == d && form.base.rows() == d &&
              form.base.cols() == d,
          "largest_centre_covariance: the form is of another dimension");
  return form;
}

// λ_max(B + c qqᵀ), which grows with c.
Estimate largest_of_line(const Matrix& base, const Vector& q, const Estimate& c) {
  const Index d = q.size();
  if (base.isZero(0.0))
    return c * Estimate::closed_form(q.squaredNorm(), round_off(q.squaredNorm(), d));
  const auto at = [&](double x) { return largest_eigenpair(base + x * q * q.transpose()).value; };
  const double error = round_off(base.norm() + c.upper * q.squaredNorm(), d);
  return Estimate::between(at(c.value), at(c.lower) - error, at(c.upper) + error,
                           std::min(c.grade, Grade::closed_form));
}

// Of centres of one width that differ in two coordinates alone: the others show nothing of them.
CovarianceExtreme largest_in_coordinates(const GaussianMixture& p,
                                         const std::vector<Index>& coordinates,
                                         double b,
                                         double a,
                                         const CovarianceSearchOptions& options) {
  const GaussianMixture flat = GaussianMixture::isotropic(
      p.weights(), p.means()(coordinates, Eigen::all), p.common_variance());
  CovarianceExtreme result = largest_centre_covariance(flat, b, a, {}, options);
  Vector place = b * p.mean();
  place(coordinates) = result.place;
  result.place = place;
  return result;
}

CovarianceExtreme searched_centres(const SeenCentres& seen, const CovarianceForm& form) {
  const auto f = [&](const Vector& x) {
    return largest_eigenpair(
               symmetrised(form.base + form.map * seen.covariance(x) * form.map.transpose()))
        .value;
  };
  CompassResult best;
  for (const Vector& start : seen.starts()) {
    const CompassResult here = compass_search(f, start, seen.step());
    if (here.value > best.value) best = here;
  }
  const double size = form.base.norm() + (form.map * seen.places()).squaredNorm();
  return {Estimate::sampled_supremum(best.value, round_off(size, seen.dimension())), best.at};
}

double eigenvalue_error(const LatentMoments& moments) {
  return moments.covariance_error +
         round_off(moments.covariance.norm(), moments.covariance.rows()) / 8.0;
}

std::vector<Vector> starts(const DataLaw& law, double r) {
  Rng rng(17);
  const Index d = law.dimension();
  std::vector<Vector> result = {r * law.mean()};
  const Matrix data = law.sample(6, rng);
  for (Index i = 0; i < data.cols(); ++i) {
    result.push_back(r * data.col(i) + rng.normal_vector(d));
  }
  return result;
}

CovarianceExtreme searched(const DataLaw& law, double r, bool largest) {
  const auto f = [&](const Vector& y) {
    const Matrix C = law.posterior(r, 1.0, y).covariance;
    return largest ? largest_eigenpair(C).value : -smallest_eigenpair(C).value;
  };
  CompassResult best;
  for (const Vector& start : starts(law, r)) {
    const CompassResult here = compass_search(f, start, 0.5 + 0.25 * r);
    if (here.value > best.value) best = here;
  }
  const double error = eigenvalue_error(law.posterior(r, 1.0, best.at));
  if (largest) return {Estimate::sampled_supremum(best.value, error), best.at};
  return {Estimate::between(-best.value, 0.0, -best.value + error, Grade::sampled), best.at};
}

bool is_gaussian(const GaussianMixture& p) {
  return p.has_common_covariance() && count_centres(p) == 1;
}

// 1/(1/λ + r²).
CovarianceExtreme of_gaussian(const GaussianMixture& p, double r, double eigenvalue) {
  const double value = eigenvalue / (1.0 + r * r * eigenvalue);
  const double largest = p.kernel(0).eigenvalues().maxCoeff();
  return {Estimate::closed_form(value, round_off(std::min(largest, value * 4.0), p.dimension())),
          Vector::Zero(p.dimension())};
}

bool has_one_covariance(const GaussianMixture* p) {
  return p != nullptr && p->has_common_covariance();
}

bool has_one_width(const GaussianMixture* p) {
  return p != nullptr && p->common_variance() >= 0.0;
}

// Without data the posterior is the law itself.
CovarianceExtreme of_law(const GaussianMixture& p, bool largest) {
  const SymmetricEigen eigen = symmetric_eigen(p.covariance());
  const Index d = p.dimension();
  const double size = eigen.values(d - 1);
  return {Estimate::closed_form(largest ? size : eigen.values(0), round_off(size, d)),
          Vector::Zero(d)};
}

// C = ΣV⁻¹ + V⁻¹ Cov(W|y) V⁻¹, V = I + r²Σ.
CovarianceForm posterior_form(const Gaussian& kernel, double r) {
  const auto lambda = kernel.eigenvalues().array();
  const Vector precision = 1.0 / (1.0 + r * r * lambda);
  const Matrix& Q = kernel.eigenvectors();
  return {.map = Q * precision.asDiagonal() * Q.transpose(),
          .base = symmetrised(Q * (lambda.matrix().cwiseProduct(precision)).asDiagonal() *
                              Q.transpose())};
}

// With q = Σ wₖ N(rmₖ, I + r²Σₖ) the density of y, r²C = I + ∇²log q.
GaussianMixture law_of_signal(const GaussianMixture& p, double r) {
  const Matrix I = Matrix::Identity(p.dimension(), p.dimension());
  return convolution(pushforward({r * I, Vector::Zero(p.dimension())}, p), I);
}

Estimate covariance_of(const Estimate& curvature, double r) {
  const double r2 = r * r;
  return widened((1.0 + curvature) / Estimate(r2), 4.0 * unit_round_off * (1.0 + 1.0 / r2));
}

CovarianceExtreme of_curvature(const CurvatureExtreme& curvature, double r) {
  return {covariance_of(curvature.value, r),
          curvature.is_attained ? Vector::Constant(1, curvature.place) : Vector()};
}

CovarianceExtreme of_curvature(const PlanarCurvature& curvature, double r) {
  return {covariance_of(curvature.value, r), curvature.place, curvature.direction};
}

// What is asked of C, asked of ∇²log q.
CurvatureOptions curvature_options(const CovarianceSearchOptions& options, double r) {
  return {.accuracy = options.accuracy,
          .origin = -1.0,
          .enough = options.enough * r * r - 1.0,
          .most_places = options.most_places};
}

// Half the diameter of the support; what is only known from samples does not count.
double enclosed_half_diameter(const DataLaw& law) {
  const Estimate D = law.regularity().half_diameter;
  return D.grade < Grade::converged ? infinity : D.upper;
}

}  // namespace

SearchGoal CovarianceSearchOptions::goal(double scale) const {
  // Below it the steps of branch and bound are lost in what the variances round.
  constexpr double least_accuracy = 1e-10;
  return {.accuracy = accuracy * scale, .round_off = least_accuracy * scale, .enough = enough};
}

bool encloses_largest_covariance(const DataLaw& law) {
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && law.dimension() == 1) return true;
  if (has_one_covariance(p)) return encloses_centre_covariance(*p);
  if (p != nullptr && law.dimension() == 2) return encloses_planar_curvature(*p);
  return law.dimension() == 1 && enclosed_half_diameter(law) < infinity;
}

bool encloses_centre_covariance(const GaussianMixture& p) {
  require(p.has_common_covariance(), "encloses_centre_covariance: the covariances differ");
  if (p.dimension() <= 2 || count_centres(p) <= 2) return true;
  const Matrix places = distinct_centres(p);
  if (are_on_a_line(places)) return true;
  return p.common_variance() >= 0.0 &&
         (varying_coordinates(places).size() == 2 || largest_across_edge(places));
}

Matrix distinct_centres(const GaussianMixture& p) {
  return sorted_centres(p).places;
}

Vector even_odds(const GaussianMixture& p, const Vector& first, const Vector& second, double r) {
  require(p.common_variance() >= 0.0 && r > 0.0 && first != second,
          "even_odds: takes two centres of one width and r > 0");
  const SeenCentres seen(p, r, 1.0);
  const auto index_of = [&](const Vector& centre) {
    for (Index i = 0; i < seen.count(); ++i) {
      if (seen.places().col(i) == centre) return i;
    }
    throw std::invalid_argument("even_odds: no centre of positive weight is there");
  };
  return seen.even_odds(index_of(first), index_of(second));
}

CovarianceExtreme largest_centre_covariance(const GaussianMixture& p,
                                            double b,
                                            double a,
                                            const CovarianceForm& given,
                                            const CovarianceSearchOptions& options) {
  require(p.has_common_covariance(), "largest_centre_covariance: the covariances differ");
  const CovarianceForm form = completed(given, p.dimension());
  const SeenCentres seen(p, b, a);
  if (seen.count() == 1) {
    const double value = largest_eigenpair(form.base).value;
    const double error = value == 0.0 ? 0.0 : round_off(form.base.norm(), p.dimension());
    return {Estimate::closed_form(value, error), b * seen.places().col(0)};
  }
  if (seen.count() == 2) {
    const Vector half = 0.5 * (seen.places().col(1) - seen.places().col(0));
    const Vector q = form.map * half;
    return {widened(largest_of_line(form.base, q, 1.0), round_off(q.squaredNorm(), p.dimension())),
            seen.even_odds(0, 1)};
  }
  if (seen.on_a_line()) {
    const Vector e = (seen.places().col(seen.count() - 1) - seen.places().col(0)).normalized();
    const Vector q = form.map * e;
    CovarianceSearchOptions on_line = options;
    on_line.enough = form.base.isZero(0.0) ? options.enough / q.squaredNorm() : 0.0;
    CovarianceExtreme result = largest_variance(seen.on_line(e), on_line);
    result.value = largest_of_line(form.base, q, result.value);
    result.place = seen.place_of(seen.signal(e) * result.place(0) * e);
    return result;
  }
  if (p.dimension() == 2) {
    CovarianceExtreme result = largest_tilted_covariance(seen.in_plane(form), options);
    result.place = seen.place_of(result.place);
    return result;
  }
  if (p.common_variance() >= 0.0 && given.map.size() == 0 && given.base.size() == 0) {
    const std::vector<Index> coordinates = varying_coordinates(seen.places());
    if (coordinates.size() == 2) return largest_in_coordinates(p, coordinates, b, a, options);
    if (const auto across = largest_across_edge(seen.places())) return {.value = *across};
  }
  return searched_centres(seen, form);
}

CovarianceExtreme largest_posterior_covariance(const DataLaw& law,
                                               double r,
                                               const CovarianceSearchOptions& options) {
  check_r(r);
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && is_gaussian(*p)) {
    return of_gaussian(*p, r, p->kernel(0).eigenvalues().maxCoeff());
  }
  if (p != nullptr && r == 0.0) return of_law(*p, true);
  if (has_one_width(p)) {
    const Estimate variance = p->common_variance();
    const Estimate v = 1.0 + variance * r * r;
    CovarianceSearchOptions of_centres = options;
    of_centres.enough = (options.enough - (variance / v).upper) * square(v).lower;
    CovarianceExtreme centres = largest_centre_covariance(*p, r, 1.0, {}, of_centres);
    centres.value = variance / v + centres.value / square(v);
    return centres;
  }
  if (has_one_covariance(p)) {
    return largest_centre_covariance(*p, r, 1.0, posterior_form(p->kernel(0), r), options);
  }
  if (p != nullptr && law.dimension() == 1) {
    return of_curvature(
        largest_log_density_curvature(law_of_signal(*p, r), curvature_options(options, r)), r);
  }
  if (p != nullptr && law.dimension() == 2) {
    const PlanarCurvature most =
        largest_planar_curvature(law_of_signal(*p, r), *p, curvature_options(options, r));
    if (most.value.grade > Grade::sampled) return of_curvature(most, r);
  }
  const double D = enclosed_half_diameter(law);
  if (law.dimension() == 1 && D < infinity && r > 0.0) {
    const auto at = [&law, r](double y) {
      const LatentMoments moments = law.posterior(r, 1.0, Vector::Constant(1, y));
      return TiltedMoments{moments.mean(0), moments.covariance(0, 0), moments.covariance_error};
    };
    try {
      return largest_variance({.width = 2.0 * D, .r = r, .at = at}, options);
    } catch (const NotTabulated&) {
      // Far out a posterior may be too steep to be tabulated: then nothing is known of what is
      // there.
      return {Estimate::between(0.0, 0.0, infinity, Grade::converged), Vector::Zero(1)};
    }
  }
  return searched(law, r, true);
}

CovarianceExtreme smallest_posterior_covariance(const DataLaw& law, double r) {
  check_r(r);
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && is_gaussian(*p)) {
    return of_gaussian(*p, r, p->kernel(0).eigenvalues().minCoeff());
  }
  if (p != nullptr && r == 0.0) return of_law(*p, false);
  if (has_one_covariance(p)) {
    const Estimate variance = p->kernel(0).eigenvalues().minCoeff();
    const Estimate value = variance / (1.0 + variance * r * r);
    return {widened(value, round_off(value.value, 1)), {}};
  }
  if (p != nullptr && law.dimension() == 1) {
    return of_curvature(smallest_log_density_curvature(law_of_signal(*p, r), {.origin = -1.0}), r);
  }
  if (p != nullptr && law.dimension() == 2) {
    const PlanarCurvature least = smallest_planar_curvature(
        law_of_signal(*p, r), *p, {.accuracy = 1e-6, .origin = -1.0, .most_places = 4'000});
    if (least.value.grade > Grade::sampled) return of_curvature(least, r);
  }
  return searched(law, r, false);
}

}  // namespace flowcheck
