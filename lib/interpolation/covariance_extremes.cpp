#include "interpolation/covariance_extremes.hpp"

#include "interpolation/compass_search.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/posterior_moments.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <queue>
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

// Relative, what branch and bound gets to whatever is asked: below it its steps are lost in what
// the variances round.
constexpr double least_accuracy = 1e-10;

struct Probe {
  double y = 0.0;
  double mean = 0.0;
  double variance = 0.0;
  double error = 0.0;
};

struct Gap {
  Probe left, right;
  double bound = 0.0;  // of the variance on it
  bool operator<(const Gap& other) const { return bound < other.bound; }
};

class VarianceSearch {
 public:
  VarianceSearch(BoundedLine line, const CovarianceSearchOptions& options)
      : line_(std::move(line)), options_(options) {}

  CovarianceExtreme run() {
    for (const double y : line_.places) probe(y);
    std::priority_queue<Gap> gaps = first_gaps();
    // Where something above `enough` has been seen, or nothing is asked, the accuracy decides.
    const auto decided = [&] {
      const double open = gaps.top().bound;
      const bool accurate = open <= best_.variance * (1.0 + options_.accuracy);
      return open <= options_.enough || (accurate && best_.variance > options_.enough) ||
             open <= best_.variance * (1.0 + least_accuracy);
    };
    while (!decided() && places_ < options_.most_places) {
      const Gap widest = gaps.top();
      gaps.pop();
      const Probe middle = probe(0.5 * (widest.left.y + widest.right.y));
      gaps.push(gap(widest.left, middle));
      gaps.push(gap(middle, widest.right));
    }
    const double upper = std::max({gaps.top().bound, best_.variance + best_.error, beyond_});
    return {.value = Estimate::between(best_.variance, best_.variance - best_.error, upper,
                                       Grade::converged),
            .place = Vector::Constant(1, best_.y)};
  }

 private:
  // Between 64 equal steps and the places that were named.
  std::priority_queue<Gap> first_gaps() {
    constexpr int first_cells = 64;
    const auto [from, to] = essential_range();
    std::vector<double> marks = {to};
    for (int i = 0; i < first_cells; ++i) marks.push_back(from + (to - from) * i / first_cells);
    for (const double y : line_.places) {
      if (y > from && y < to) marks.push_back(y);
    }
    std::ranges::sort(marks);
    std::priority_queue<Gap> gaps;
    Probe left = probe(from);
    for (std::size_t i = 1; i < marks.size(); ++i) {
      const Probe right = probe(marks[i]);
      gaps.push(gap(left, right));
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
    const double by_slope = 0.5 * (left.variance + right.variance + slope * h);
    const double by_curvature = std::max(left.variance, right.variance) + curvature * h * h / 8.0;
    // |κ₃| ≤ w·variance as well, so that it cannot grow fast from where there is little of it.
    const double least = std::numeric_limits<double>::min();
    const double by_growth = std::sqrt(std::max(left.variance, least)) *
                             std::sqrt(std::max(right.variance, least)) *
                             std::exp(0.5 * line_.r * w * h);
    const double bound =
        std::min({by_slope, by_curvature, by_growth}) + std::max(left.error, right.error);
    return {left, right, std::min(bound, by_order(left, right))};
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

// Where two centres have equal odds, on the line through r times them; v = 1 + σ²r².
Vector even_odds_of(const Centres& p, Index i, Index j, double r, double v) {
  const Vector gap = p.places.col(j) - p.places.col(i);
  const double log_odds = std::log(p.weights(j) / p.weights(i));
  return 0.5 * r * (p.places.col(i) + p.places.col(j)) -
         v * log_odds / (r * gap.squaredNorm()) * gap;
}

// Points on the line, ascending, given that y ~ N(sW, 1): exponents from the likeliest point, and W
// from it too.
class TiltedPoints {
 public:
  TiltedPoints(const Centres& p, double s)
      : points_(p.places.row(0).transpose()), log_weights_(p.weights.array().log()), s_(s) {}

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

BoundedLine centres_on_line(const Centres& p, double r, double v) {
  const auto tilted = std::make_shared<const TiltedPoints>(p, r / std::sqrt(v));
  return {.width = tilted->width(),
          .r = r / std::sqrt(v),
          .at = [tilted](double y) { return tilted->moments(y); },
          .square_beyond =
              [tilted](double y, double e, bool to_the_right) {
                return tilted->square_beyond(y, e, to_the_right);
              },
          .places = tilted->even_odds_of_neighbours(64)};
}

double eigenvalue_error(const LatentMoments& moments) {
  return moments.covariance_error +
         round_off(moments.covariance.norm(), moments.covariance.rows()) / 8.0;
}

std::vector<Vector> starts(const DataLaw& law, double r) {
  Rng rng(17);
  const Index d = law.dimension();
  std::vector<Vector> result = {r * law.mean()};
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && p->common_variance() >= 0.0 && r > 0.0) {
    const Centres centres = sorted_centres(*p);
    const double v = 1.0 + p->common_variance() * r * r;
    for (Index i = 0; i < centres.places.cols() && result.size() < 16; ++i) {
      for (Index j = 0; j < i && result.size() < 16; ++j) {
        result.push_back(even_odds_of(centres, i, j, r, v));
      }
    }
  }
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

bool has_one_width(const GaussianMixture* p) {
  return p != nullptr && p->common_variance() >= 0.0;
}

// Half the diameter of the support; what is only known from samples does not count.
double enclosed_half_diameter(const DataLaw& law) {
  const Estimate D = law.regularity().half_diameter;
  return D.grade < Grade::converged ? infinity : D.upper;
}

}  // namespace

bool encloses_largest_covariance(const DataLaw& law) {
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && is_gaussian(*p)) return true;
  if (has_one_width(p)) return law.dimension() == 1 || count_centres(*p) == 2;
  return law.dimension() == 1 && enclosed_half_diameter(law) < infinity;
}

Matrix distinct_centres(const GaussianMixture& p) {
  return sorted_centres(p).places;
}

Vector even_odds(const GaussianMixture& p, const Vector& first, const Vector& second, double r) {
  require(p.common_variance() >= 0.0 && r > 0.0 && first != second,
          "even_odds: takes two centres of one width and r > 0");
  const Centres centres = sorted_centres(p);
  const auto index_of = [&](const Vector& centre) {
    for (Index i = 0; i < centres.places.cols(); ++i) {
      if (centres.places.col(i) == centre) return i;
    }
    throw std::invalid_argument("even_odds: no centre of positive weight is there");
  };
  return even_odds_of(centres, index_of(first), index_of(second), r,
                      1.0 + p.common_variance() * r * r);
}

CovarianceExtreme largest_centre_covariance(const DataLaw& law,
                                            double r,
                                            const CovarianceSearchOptions& options) {
  check_r(r);
  const GaussianMixture* p = law.mixture();
  require(has_one_width(p), "largest_centre_covariance: not a mixture of one isotropic width");
  const Index count = count_centres(*p);
  if (count == 1) return {0.0, r * sorted_centres(*p).places.col(0)};
  if (r == 0.0) {
    const Matrix own = posterior_moments(GaussianMixture::isotropic(p->weights(), p->means(), 0.0),
                                         0.0, 1.0, Vector::Zero(p->dimension()))
                           .covariance;
    const double value = largest_eigenpair(own).value;
    return {Estimate::closed_form(value, round_off(value, p->dimension())),
            Vector::Zero(p->dimension())};
  }
  const double v = 1.0 + p->common_variance() * r * r;
  if (count == 2) {
    const Centres centres = sorted_centres(*p);
    const double value = 0.25 * (centres.places.col(1) - centres.places.col(0)).squaredNorm();
    return {Estimate::closed_form(value, round_off(value, p->dimension())),
            even_odds_of(centres, 0, 1, r, v)};
  }
  if (p->dimension() == 1) {
    CovarianceExtreme result = largest_variance(centres_on_line(sorted_centres(*p), r, v), options);
    result.place *= std::sqrt(v);
    return result;
  }
  const DataLawPointer points = data_law(GaussianMixture::isotropic(p->weights(), p->means(), 0.0));
  CovarianceExtreme result = searched(*points, r / std::sqrt(v), true);
  result.place *= std::sqrt(v);
  return result;
}

CovarianceExtreme largest_posterior_covariance(const DataLaw& law,
                                               double r,
                                               const CovarianceSearchOptions& options) {
  check_r(r);
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && is_gaussian(*p)) {
    return of_gaussian(*p, r, p->kernel(0).eigenvalues().maxCoeff());
  }
  if (has_one_width(p)) {
    const Estimate variance = p->common_variance();
    const Estimate v = 1.0 + variance * r * r;
    CovarianceSearchOptions of_centres = options;
    of_centres.enough = (options.enough - (variance / v).upper) * square(v).lower;
    CovarianceExtreme centres = largest_centre_covariance(law, r, of_centres);
    centres.value = variance / v + centres.value / square(v);
    return centres;
  }
  const double D = enclosed_half_diameter(law);
  if (law.dimension() == 1 && D < infinity && r > 0.0) {
    const auto at = [&law, r](double y) {
      const LatentMoments moments = law.posterior(r, 1.0, Vector::Constant(1, y));
      return TiltedMoments{moments.mean(0), moments.covariance(0, 0), moments.covariance_error};
    };
    try {
      return largest_variance({.width = 2.0 * D, .r = r, .at = at}, options);
    } catch (const std::invalid_argument&) {
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
  if (has_one_width(p) && r > 0.0) {
    const Estimate variance = p->common_variance();
    const Estimate value = variance / (1.0 + variance * r * r);
    return {widened(value, round_off(value.value, 1)), {}};
  }
  return searched(law, r, false);
}

}  // namespace flowcheck
