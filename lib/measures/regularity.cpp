#include "measures/regularity.hpp"

#include "measures/enclosing_ball.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_curvature.hpp"
#include "measures/pair_curvature.hpp"
#include "measures/point_cloud.hpp"
#include "numerics/intersection.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>

namespace flowcheck {
namespace {

// 1/λ, λ an eigenvalue of a d × d matrix whose largest is λ_max: computed within round_off(λ_max,
// d).
Estimate inverse_eigenvalue(double eigenvalue, double largest, Index d) {
  const double error = round_off(largest, d);
  const Estimate inverse = Estimate(1.0) / Estimate::closed_form(eigenvalue, error);
  // An eigenvalue that round-off may have made: any large inverse is possible.
  if (eigenvalue <= error) {
    const double least = 1.0 / (eigenvalue + error);
    return Estimate::between(1.0 / eigenvalue, least, infinity, Grade::closed_form);
  }
  return inverse;
}

Matrix columns_of_positive_weight(const Matrix& points, const Vector& weights) {
  Matrix result(points.rows(), (weights.array() > 0.0).count());
  Index next = 0;
  for (Index k = 0; k < points.cols(); ++k) {
    if (weights(k) > 0.0) result.col(next++) = points.col(k);
  }
  return result;
}

bool all_equal(const Matrix& points) {
  return (points.colwise() - points.col(0)).isZero(0.0);
}

Regularity of_points(const Matrix& points) {
  Regularity result;
  if (all_equal(points)) {
    result.curvature_lower = infinity;
    result.half_diameter = 0.0;
    result.mixture_radius = 0.0;
    return result;
  }
  result.half_diameter = diameter(points) / 2.0;
  result.mixture_radius = enclosing_ball(points).radius;
  return result;
}

// κ = 1/σ² − ¼diam²/σ⁴ where the farthest two are an edge of the means' hull: far out across it
// they are alone, at any odds.
Regularity of_isotropic(const Matrix& means, double variance) {
  const Estimate V = variance;
  Regularity result;
  result.curvature_upper = 1.0 / V;
  result.mixture_scale = sqrt(V);
  result.mixture_radius = enclosing_ball(means).radius;
  const FarthestPair pair = farthest_pair(means);
  const Estimate bound = 1.0 / V - square(pair.distance / 2.0 / V);
  result.curvature_lower = is_edge(means, pair.first, pair.second)
                               ? bound
                               : Estimate::between(bound.value, bound.lower,
                                                   result.curvature_upper.upper, Grade::certified);
  if (variance == 1.0) {
    result.log_lipschitz = farthest_distance(means, Vector::Zero(means.rows()));
  }
  return result;
}

Regularity of_common_covariance(const Matrix& means, const Gaussian& kernel) {
  const Index d = kernel.dimension();
  const double smallest = kernel.eigenvalues()(0);
  const double largest = kernel.eigenvalues()(d - 1);
  const Estimate most = inverse_eigenvalue(smallest, largest, d);
  const Estimate least = inverse_eigenvalue(largest, largest, d);

  // Whitening by computed factors moves a point by a relative round-off times the condition number.
  const Vector centre = means.rowwise().mean();
  const Matrix whitened = kernel.inverse_factor() * (means.colwise() - centre);
  const Estimate D =
      widened(diameter(whitened) / 2.0,
              round_off(kernel.condition_number() * whitened.cwiseAbs().maxCoeff(), d));
  const Estimate rest = 1.0 - square(max(D, Estimate(0.0)));
  const Estimate bound = min(rest * least, rest * most);

  Regularity result;
  result.curvature_upper = most;
  result.curvature_lower =
      Estimate::between(bound.value, bound.lower, least.upper, Grade::closed_form);
  return result;
}

// A place costs O(K): many components get fewer of them, and what that leaves open.
Estimate searched_on_line(const GaussianMixture& p) {
  const auto most_places = static_cast<int>(std::clamp<Index>(4'000'000 / p.size(), 100, 20'000));
  return -largest_log_density_curvature(p, {.most_places = most_places}).value;
}

Regularity of_distinct_widths(const GaussianMixture& p) {
  Regularity result;
  result.curvature_lower = -largest_log_density_curvature(p).value;
  result.curvature_upper = -smallest_log_density_curvature(p).value;
  return result;
}

// κ of which no more is known than what it is at most.
Estimate unknown_below(double upper) {
  return Estimate::between(-infinity, -infinity, upper, Grade::closed_form);
}

Regularity of_distinct_covariances(const GaussianMixture& p) {
  const Index d = p.dimension();
  const Gaussian overall(p.mean(), p.covariance());
  const double widest = overall.eigenvalues()(d - 1);
  const double least = inverse_eigenvalue(overall.eigenvalues()(0), widest, d).lower;
  Estimate most = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const Vector& lambda = p.kernel(k).eigenvalues();
    most = max(most, inverse_eigenvalue(lambda(0), lambda(d - 1), d));
  }
  Regularity result;
  result.curvature_lower = unknown_below(inverse_eigenvalue(widest, widest, d).upper);
  result.curvature_upper = Estimate::between(most.value, least, most.upper, Grade::closed_form);
  return result;
}

}  // namespace

Regularity regularity(const Gaussian& p) {
  const Index d = p.dimension();
  const Matrix mean = p.mean();
  if (p.rank() == 0) return of_points(mean);
  const double variance = p.covariance()(0, 0);
  if (p.has_density() && p.covariance() == variance * Matrix::Identity(d, d)) {
    return of_isotropic(mean, variance);
  }
  Regularity result;
  const double largest = p.eigenvalues()(d - 1);
  result.curvature_lower = inverse_eigenvalue(largest, largest, d);
  if (p.has_density()) {
    result.curvature_upper = inverse_eigenvalue(p.eigenvalues()(0), largest, d);
  }
  return result;
}

Regularity regularity(const GaussianMixture& p) {
  const Matrix means = columns_of_positive_weight(p.means(), p.weights());
  if (p.common_variance() == 0.0) return of_points(means);
  if (p.common_variance() > 0.0) {
    Regularity result = of_isotropic(means, p.common_variance());
    Estimate& kappa = result.curvature_lower;
    if (p.dimension() == 1 && kappa.upper == result.curvature_upper.upper && !all_equal(means)) {
      kappa = intersection(searched_on_line(p), kappa);
    }
    return result;
  }
  if (p.has_common_covariance()) {
    if (all_equal(means)) return regularity(Gaussian(means.col(0), p.covariance(0)));
    if (!p.has_density()) return {.curvature_lower = unknown_below(infinity)};
    Regularity result = of_common_covariance(means, p.kernel(0));
    if (const auto pair = pair_curvature(p)) {
      result.curvature_lower = intersection(result.curvature_lower, -pair->largest);
    }
    return result;
  }
  if (means.cols() == 1) {
    Index only = 0;
    p.weights().maxCoeff(&only);
    return regularity(p.component(only));
  }
  if (!p.has_density()) return {.curvature_lower = unknown_below(infinity)};
  if (const auto pair = pair_curvature(p)) {
    return {.curvature_lower = -pair->largest, .curvature_upper = -pair->smallest};
  }
  return p.dimension() == 1 ? of_distinct_widths(p) : of_distinct_covariances(p);
}

Regularity regularity(const PointCloud& p) {
  return of_points(columns_of_positive_weight(p.points(), p.weights()));
}

}  // namespace flowcheck
