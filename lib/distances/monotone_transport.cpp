#include "distances/monotone_transport.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck {
namespace {

// ∫ x² p below `lower` and above `upper`, both far out: bounded by p's tails, which fall at least
// as they do at the cut, or over the last doubling of the distance from the centre.
double second_moment_beyond(const LineMeasure& p, double lower, double upper) {
  const double centre = p.potential().centre;
  const double oscillation = p.potential().oscillation;
  double sum = 0.0;
  for (const double sign : {-1.0, 1.0}) {
    const double end = sign < 0.0 ? lower : upper;
    const double support = sign < 0.0 ? p.lower() : p.upper();
    const double mass = sign < 0.0 ? p.cdf(end) : p.survival(end);
    if (std::isfinite(support)) {
      sum += mass * std::max(support * support, end * end);
      continue;
    }
    const double y = std::abs(end - centre);
    const double height = p.log_density(end);
    if (height == -infinity) continue;
    // The slope at the end itself where V is convex in log y there; the chord from half way may
    // start in a valley between components.
    const double exponent =
        oscillation == 0.0
            ? -sign * y * p.score(end)
            : (p.log_density(centre + 0.5 * sign * y) - height - oscillation) / std::log(2.0);
    if (exponent <= 3.0) return infinity;
    const double scale = std::exp(oscillation + height + 3.0 * std::log(y));
    sum += 2.0 * scale / (exponent - 3.0) + 2.0 * centre * centre * mass;
  }
  return sum;
}

// T(x) with the bound of its error.
struct Image {
  double y = 0.0;
  double error = 0.0;
};

Image image_of(const LineMeasure& p, const LineMeasure& q, double x, double relative_error) {
  double below = p.cdf(x);
  double above = p.survival(x);
  // Next to an edge of p away from 0 the rounding of x moves masses below u|x|p(x), and T with
  // them.
  const double rounded_mass = unit_round_off * std::abs(x) * p.density(x);
  if (below < above) below = std::max(below, rounded_mass);
  if (above < below) above = std::max(above, rounded_mass);
  const double y = q.quantile_of_both(below, above);
  // The smaller tail's mass m is good to e·m: T moves by e·m/q(T), or to the image of m(1 ± e)
  // where that lies on the other side of a valley.
  const double smaller = std::min(below, above);
  double moved = (relative_error * smaller + rounded_mass) / q.density(y);
  if (std::isnan(moved)) moved = 0.0;
  if (relative_error < 0.5) {
    for (const double sign : {-1.0, 1.0}) {
      const double change = sign * relative_error * smaller;
      const double gap = std::abs(q.quantile_of_both(std::clamp(below + change, 0.0, 1.0),
                                                     std::clamp(above - change, 0.0, 1.0)) -
                                  y);
      if (std::isfinite(gap)) moved = std::max(moved, gap);
    }
  }
  const double rounding = 4.0 * unit_round_off * std::abs(y);
  return {.y = y, .error = moved + rounding};
}

// Ends of p where q goes on: T is infinite there, and masses next to them are not resolved by x.
int edges_inside(const LineMeasure& p, const LineMeasure& q) {
  return (std::isfinite(p.lower()) && !std::isfinite(q.lower()) ? 1 : 0) +
         (std::isfinite(p.upper()) && !std::isfinite(q.upper()) ? 1 : 0);
}

}  // namespace

double MonotoneTransport::operator()(double x) const {
  return q_.quantile_of_both(p_.cdf(x), p_.survival(x));
}

double MonotoneTransport::slope(double x) const {
  return std::exp(p_.log_density(x) - q_.log_density((*this)(x)));
}

double MonotoneTransport::error(double x) const {
  const double y = (*this)(x);
  return image_of(p_, q_, x, p_.relative_error(x) + q_.relative_error(y)).error;
}

Estimate squared_w2(const LineMeasure& p, const LineMeasure& q) {
  const bool p_infinite = p.variance().value == infinity;
  const bool q_infinite = q.variance().value == infinity;
  if (p_infinite != q_infinite) return infinity;
  if (edges_inside(p, q) > edges_inside(q, p)) return squared_w2(q, p);

  // What lies beyond a tail of p of mass `level`, and beyond its image: (x − y)² ≤ 2x² + 2y².
  struct Range {
    double lower = 0.0;
    double upper = 0.0;
    double beyond = 0.0;
  };
  const auto range_at = [&](double level) {
    Range range{.lower = p.quantile(level), .upper = p.quantile_of_survival(level)};
    range.beyond = 2.0 * second_moment_beyond(p, range.lower, range.upper) +
                   2.0 * second_moment_beyond(q, q.quantile(level), q.quantile_of_survival(level));
    return range;
  };
  // 1e-60 is far enough but for tails heavier than y^{−5} or so; panels end soon after 1e-290.
  Range range = range_at(1e-60);
  if (!(range.beyond < 1e-25) && !p_infinite) range = range_at(1e-290);

  // Cuts: p's panels, and q's carried back by F⁻¹∘G.
  std::vector<double> marks = {range.lower, range.upper};
  const auto add_mark = [&](double x) {
    if (x > range.lower && x < range.upper) marks.push_back(x);
  };
  for (const double x : p.panel_ends()) add_mark(x);
  for (const double y : q.panel_ends()) add_mark(p.quantile_of_both(q.cdf(y), q.survival(y)));
  std::sort(marks.begin(), marks.end());
  // Cuts that differ by rounding make no panel of their own.
  std::vector<double> cuts;
  for (const double x : marks) {
    if (cuts.empty() ||
        x - cuts.back() > 64.0 * unit_round_off * std::max(std::abs(x), std::abs(cuts.back()))) {
      cuts.push_back(x);
    }
  }

  const auto integrand = [&](const PanelArray& x, PanelValues& f) {
    const double ends_error = std::max(p.relative_error(x.front()), p.relative_error(x.back()));
    double image_error = 0.0;
    for (const std::size_t n : {std::size_t{0}, panel_nodes - 1}) {
      image_error = std::max(image_error,
                             q.relative_error(q.quantile_of_both(p.cdf(x[n]), p.survival(x[n]))));
    }
    for (std::size_t n = 0; n < panel_nodes; ++n) {
      const double density = p.density(x[n]);
      const Image image = image_of(p, q, x[n], ends_error + image_error);
      const double gap = x[n] - image.y;
      const double error = image.error + unit_round_off * std::abs(x[n]);
      f.values[n] = density > 0.0 ? density * gap * gap : 0.0;
      f.errors[n] = density > 0.0
                        ? density * error * (2.0 * std::abs(gap) + error) + ends_error * f.values[n]
                        : 0.0;
    }
  };
  const QuadratureResult inner = adaptive_quadrature(integrand, cuts, {.most_panels = 5'000});

  const double tails = range.beyond;
  if (p_infinite || tails == infinity) {
    return Estimate::between(inner.value,
                             std::max(0.0, inner.value - inner.discretisation - inner.round_off),
                             infinity, Grade::converged);
  }
  return max(0.0, Estimate::converged(inner.value, inner.discretisation + tails, inner.round_off));
}

Estimate w2(const LineMeasure& p, const LineMeasure& q) {
  return sqrt(squared_w2(p, q));
}

LineMeasure line_measure(const GaussianMixture& p) {
  require(p.dimension() == 1, "line_measure: the mixture is not one-dimensional");
  require(p.has_density(), "line_measure: a component has no density");
  std::vector<double> weights;
  std::vector<double> means;
  std::vector<double> deviations;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    weights.push_back(p.weights()(k));
    means.push_back(p.means()(0, k));
    deviations.push_back(std::sqrt(p.covariance(k)(0, 0)));
  }
  return gaussian_mixture_law(std::move(weights), std::move(means), std::move(deviations));
}

Estimate squared_w2(const GaussianMixture& p, const GaussianMixture& q) {
  return squared_w2(line_measure(p), line_measure(q));
}

Estimate w2(const GaussianMixture& p, const GaussianMixture& q) {
  return sqrt(squared_w2(p, q));
}

}  // namespace flowcheck
