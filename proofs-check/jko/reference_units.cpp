#include "jko/reference_units.hpp"

#include "jko/gaussian_problem.hpp"
#include "jko/smoothing.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/point_cloud.hpp"

#include <cmath>
#include <variant>

namespace flowcheck {

Measure in_units_of_reference(const Target& target) {
  if (is_standard(target.reference)) return target.start;
  const Matrix W = target.reference.inverse_factor();
  const AffineMap map{.linear = W, .offset = -W * target.reference.mean()};
  if (const auto* points = std::get_if<PointCloud>(&target.start)) {
    return PointCloud((W * points->points()).colwise() + map.offset, points->weights());
  }
  if (const auto* p = std::get_if<Gaussian>(&target.start)) return pushforward(map, *p);
  return pushforward(map, std::get<GaussianMixture>(target.start));
}

Target problem_in_units_of_reference(const Target& target) {
  const double lambda = convexity(target.reference).value;
  Target result = target;
  result.start = in_units_of_reference(target);
  result.reference = Gaussian::standard(target.reference.dimension());
  result.step_size = target.step_size * lambda;
  result.error = target.error / std::sqrt(lambda);
  return result;
}

std::function<Outcome(const Target&)> in_units_of_reference(
    const std::function<Outcome(const Target&)>& on_target) {
  return [on_target](const Target& target) -> Outcome {
    if (!target.reference.has_density()) {
      return Outcome::not_applicable("the reference measure has a density");
    }
    return on_target(problem_in_units_of_reference(target));
  };
}

}  // namespace flowcheck
