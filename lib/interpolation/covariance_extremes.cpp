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
#include <queue>
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
};

struct Probe {
  double y = 0.0;
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
    const auto [from, to] = essential_range();
    constexpr int first_cells = 64;
    std::priority_queue<Gap> gaps;
    Probe left = probe(from);
    for (int i = 1; i <= first_cells; ++i) {
      const Probe right = probe(from + (to - from) * i / first_cells);
      gaps.push(gap(left, right));
      left = right;
    }
    const auto decided = [&] {
      const double open = gaps.top().bound;
      return open <= best_.variance * (1.0 + options_.accuracy) || open <= options_.enough;
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
  Probe probe(double y) {
    ++places_;
    const TiltedMoments moments = line_.at(y);
    const Probe result{y, moments.variance, moments.error};
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
    return {left, right,
            std::min({by_slope, by_curvature, by_growth}) + std::max(left.error, right.error)};
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

double weight_at(const GaussianMixture& p, const Vector& centre) {
  double sum = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.means().col(k) == centre) sum += p.weights()(k);
  }
  return sum;
}

BoundedLine centres_on_line(const GaussianMixture& p, double r) {
  const double width = p.means().maxCoeff() - p.means().minCoeff();
  const double root = std::sqrt(1.0 + p.common_variance() * r * r);
  const GaussianMixture points = GaussianMixture::isotropic(p.weights(), p.means(), 0.0);
  return {
      .width = width, .r = r / root, .at = [points, width, s = r / root](double y) {
        const Vector place = Vector::Constant(1, y);
        const PosteriorMoments moments = posterior_moments(points, s, 1.0, place);
        // Exponents −(y − sw)²/2 round; only differences along the width matter.
        const double exponents =
            s * width * (std::abs(y) + s * points.means().cwiseAbs().maxCoeff());
        const double variance = moments.covariance(0, 0);
        return TiltedMoments{moments.mean(0), variance, round_off(variance * (1.0 + exponents), 1)};
      }};
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
    const Matrix centres = distinct_centres(*p);
    for (Index i = 0; i < centres.cols() && result.size() < 16; ++i) {
      for (Index j = 0; j < i && result.size() < 16; ++j) {
        result.push_back(even_odds(*p, centres.col(i), centres.col(j), r));
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
  return p.has_common_covariance() && distinct_centres(p).cols() == 1;
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

}  // namespace

Matrix distinct_centres(const GaussianMixture& p) {
  std::vector<Index> kept;
  for (Index k = 0; k < p.size(); ++k) {
    const bool is_new = std::none_of(kept.begin(), kept.end(),
                                     [&](Index j) { return p.means().col(j) == p.means().col(k); });
    if (p.weights()(k) > 0.0 && is_new) kept.push_back(k);
  }
  Matrix result(p.dimension(), static_cast<Index>(kept.size()));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    result.col(static_cast<Index>(i)) = p.means().col(kept[i]);
  }
  return result;
}

Vector even_odds(const GaussianMixture& p, const Vector& first, const Vector& second, double r) {
  require(p.common_variance() >= 0.0 && r > 0.0 && first != second,
          "even_odds: takes two centres of one width and r > 0");
  const Vector gap = second - first;
  const double v = 1.0 + p.common_variance() * r * r;
  const double log_odds = std::log(weight_at(p, second) / weight_at(p, first));
  return 0.5 * r * (first + second) - v * log_odds / (r * gap.squaredNorm()) * gap;
}

CovarianceExtreme largest_centre_covariance(const DataLaw& law,
                                            double r,
                                            const CovarianceSearchOptions& options) {
  check_r(r);
  const GaussianMixture* p = law.mixture();
  require(has_one_width(p), "largest_centre_covariance: not a mixture of one isotropic width");
  const Matrix centres = distinct_centres(*p);
  if (centres.cols() == 1) return {0.0, r * centres.col(0)};
  if (r == 0.0) {
    const Matrix own = posterior_moments(GaussianMixture::isotropic(p->weights(), p->means(), 0.0),
                                         0.0, 1.0, Vector::Zero(p->dimension()))
                           .covariance;
    const double value = largest_eigenpair(own).value;
    return {Estimate::closed_form(value, round_off(value, p->dimension())),
            Vector::Zero(p->dimension())};
  }
  if (centres.cols() == 2) {
    const double value = 0.25 * (centres.col(1) - centres.col(0)).squaredNorm();
    return {Estimate::closed_form(value, round_off(value, p->dimension())),
            even_odds(*p, centres.col(0), centres.col(1), r)};
  }
  const double v = 1.0 + p->common_variance() * r * r;
  if (p->dimension() == 1) {
    CovarianceExtreme result = largest_variance(centres_on_line(*p, r), options);
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
  const double D = law.regularity().half_diameter.upper;
  if (law.dimension() == 1 && D < infinity && r > 0.0) {
    return largest_variance({.width = 2.0 * D,
                             .r = r,
                             .at =
                                 [&law, r](double y) {
                                   const LatentMoments moments =
                                       law.posterior(r, 1.0, Vector::Constant(1, y));
                                   return TiltedMoments{moments.mean(0), moments.covariance(0, 0),
                                                        moments.covariance_error};
                                 }},
                            options);
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
