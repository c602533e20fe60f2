#include "distances/mixture_quadrature.hpp"

#include "distances/line_mixture.hpp"
#include "distances/mixture_tails.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace flowcheck {
namespace {

constexpr double log_two_pi = 1.83787706640934548356;

double largest_value(Divergence kind) {
  switch (kind) {
    case Divergence::total_variation:
    case Divergence::squared_hellinger:
      return 1.0;
    case Divergence::jensen_shannon:
      return std::numbers::ln2;
    default:
      return infinity;
  }
}

Estimate enclosed(Divergence kind, const LineIntegral& integral) {
  const double limit = largest_value(kind);
  if (integral.value == infinity) {  // overflow: finite, as was decided before, but not a double
    return Estimate::between(infinity, std::numeric_limits<double>::max(), infinity,
                             Grade::converged);
  }
  const double value = std::min(integral.value, limit);
  return max(0.0,
             min(limit, Estimate::converged(value, integral.discretisation, integral.round_off)));
}

// log of the weights' sum, by which they miss one: 1e-16, which near p = q would count.
double log_mass(const GaussianMixture& mixture) {
  return std::log1p(mixture.weights().sum() - 1.0);
}

LineMixture on_line(const GaussianMixture& mixture) {
  LineMixture result;
  const double log_total = log_mass(mixture);
  for (Index k = 0; k < mixture.size(); ++k) {
    const double w = mixture.weights()(k);
    if (w == 0.0) continue;
    result.push_back({.log_weight = std::log(w) - log_total,
                      .mean = mixture.means()(0, k),
                      .deviation = std::sqrt(mixture.covariance(k)(0, 0)),
                      .variance = mixture.covariance(k)(0, 0)});
  }
  return result;
}

// w N(m, S) in the plane, seen along lines y = constant.
struct PlaneComponent {
  double log_weight = 0.0;
  double mx = 0.0;
  double my = 0.0;
  double slope = 0.0;      // of E[x | y]
  double across = 0.0;     // √Var[x | y]
  double along = 0.0;      // √Var y
  double narrowest = 0.0;  // least eigenvalue of S
  double log_det = 0.0;
  double precision_error = 0.0;  // relative error of Var[x | y]
};
using PlaneMixture = std::vector<PlaneComponent>;

PlaneMixture in_plane(const GaussianMixture& mixture) {
  PlaneMixture result;
  const double log_total = log_mass(mixture);
  for (Index k = 0; k < mixture.size(); ++k) {
    const double w = mixture.weights()(k);
    if (w == 0.0) continue;
    const Matrix& S = mixture.covariance(k);
    const Vector& eigenvalues = mixture.kernel(k).eigenvalues();
    const double determinant = eigenvalues(0) * eigenvalues(1);
    result.push_back(
        {.log_weight = std::log(w) - log_total,
         .mx = mixture.means()(0, k),
         .my = mixture.means()(1, k),
         .slope = S(0, 1) / S(1, 1),
         .across = std::sqrt(determinant / S(1, 1)),
         .along = std::sqrt(S(1, 1)),
         .narrowest = eigenvalues(0),
         .log_det = std::log(determinant),
         .precision_error = 8.0 * unit_round_off * mixture.kernel(k).condition_number()});
  }
  return result;
}

PlaneMixture reflected(PlaneMixture mixture) {
  for (PlaneComponent& c : mixture) {
    c.my = -c.my;
    c.slope = -c.slope;
  }
  return mixture;
}

LineComponent marginal(const PlaneComponent& c) {
  return {.log_weight = c.log_weight, .mean = c.my, .deviation = c.along};
}

// Not normalised: the slice's mass is the marginal density at y.
LineMixture slice(const PlaneMixture& mixture, double y) {
  LineMixture result;
  result.reserve(mixture.size());
  for (const PlaneComponent& c : mixture) {
    const double z = (y - c.my) / c.along;
    const double shift = c.slope * (y - c.my);
    result.push_back(
        {.log_weight = c.log_weight - 0.5 * z * z - std::log(c.along) - 0.5 * log_two_pi,
         .mean = c.mx + shift,
         .deviation = c.across,
         .variance = c.across * c.across,
         .mean_error = 2.0 * unit_round_off * (std::abs(c.mx) + 2.0 * std::abs(shift)) / c.across +
                       4.0 * c.precision_error,
         .cross_offset = -z / c.along,
         .cross_slope = c.slope / (c.across * c.across)});
  }
  return result;
}

// ∫_{y > B} of a component times |(x, y) − (cx, cy)|².
double upper_distance(const PlaneComponent& k, double B, double cx, double cy) {
  const LineComponent along = marginal(k);
  const double off = k.mx - cx;
  return upper_second_moment(along, B, cy) +
         (k.across * k.across + 2.0 * off * off) * upper_mass(along, B) +
         2.0 * k.slope * k.slope * upper_second_moment(along, B, k.my);
}

double log_ratio_tail(const PlaneMixture& p, const PlaneMixture& q, double B) {
  const PlaneComponent& j = *std::max_element(
      q.begin(), q.end(),
      [](const PlaneComponent& a, const PlaneComponent& b) { return a.narrowest < b.narrowest; });
  const auto log_peak = [](const PlaneComponent& c) {
    return c.log_weight - 0.5 * c.log_det - log_two_pi;
  };
  double supremum = 0.0;
  for (const PlaneComponent& k : p) supremum += std::exp(log_peak(k));
  const double height = std::max(0.0, std::log(supremum) - log_peak(j));
  double sum = 0.0;
  for (const PlaneComponent& k : p) {
    sum +=
        height * upper_mass(marginal(k), B) + 0.5 * upper_distance(k, B, j.mx, j.my) / j.narrowest;
  }
  return sum;
}

// w_k φ_k²/(w_j φ_j) as a Gaussian of mass e^{log_weight}, seen along y.
std::vector<LineComponent> ratio_marginals(const GaussianMixture& p, const GaussianMixture& q) {
  std::vector<LineComponent> result;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const Matrix P = p.kernel(k).precision();
    LineComponent best = {.log_weight = infinity};
    for (Index j = 0; j < q.size(); ++j) {
      if (q.weights()(j) == 0.0) continue;
      const Matrix Q = q.kernel(j).precision();
      const Matrix A = 2.0 * P - Q;
      const double det = A(0, 0) * A(1, 1) - A(0, 1) * A(1, 0);
      if (!(A(0, 0) > 0.0 && det > 0.0)) continue;
      Matrix A_inv(2, 2);
      A_inv << A(1, 1) / det, -A(0, 1) / det, -A(1, 0) / det, A(0, 0) / det;
      const Vector d = q.means().col(j) - p.means().col(k);
      const Vector pull = Q * d;
      const Vector centre = -(A_inv * pull);
      const auto log_det_of = [](const Gaussian& g) { return g.eigenvalues().array().log().sum(); };
      const double log_weight = std::log(p.weights()(k)) - std::log(q.weights()(j)) -
                                log_det_of(p.kernel(k)) + 0.5 * log_det_of(q.kernel(j)) -
                                0.5 * std::log(det) + 0.5 * (d.dot(pull) + pull.dot(A_inv * pull));
      if (log_weight < best.log_weight) {
        best = {.log_weight = log_weight,
                .mean = p.means()(1, k) + centre(1),
                .deviation = std::sqrt(A_inv(1, 1))};
      }
    }
    result.push_back(best);
  }
  return result;
}

double upper_tail(Divergence kind,
                  const PlaneMixture& p,
                  const PlaneMixture& q,
                  const std::vector<LineComponent>& ratios,
                  double B) {
  double mass_p = 0.0;
  double mass_q = 0.0;
  for (const PlaneComponent& k : p) mass_p += upper_mass(marginal(k), B);
  for (const PlaneComponent& j : q) mass_q += upper_mass(marginal(j), B);
  switch (kind) {
    case Divergence::total_variation:
    case Divergence::squared_hellinger:
    case Divergence::jensen_shannon:
      return 0.5 * (mass_p + mass_q);
    case Divergence::kl:
      return log_ratio_tail(p, q, B) + mass_q;
    case Divergence::symmetric_kl:
      return log_ratio_tail(p, q, B) + log_ratio_tail(q, p, B);
    case Divergence::chi_squared: {
      double sum = mass_q;
      for (const LineComponent& g : ratios) sum += upper_mass(g, B);
      return sum;
    }
    case Divergence::fisher_information: {
      double steepest = 0.0;
      double far = 0.0;
      for (const PlaneMixture* mixture : {&p, &q}) {
        for (const PlaneComponent& c : *mixture) {
          steepest = std::max(steepest, 1.0 / c.narrowest);
          far = std::max(far, std::hypot(c.mx, c.my));
        }
      }
      double sum = 0.0;
      for (const PlaneComponent& k : p) {
        sum += 8.0 * steepest * steepest *
               (upper_distance(k, B, 0.0, 0.0) + far * far * upper_mass(marginal(k), B));
      }
      return sum;
    }
  }
  return infinity;
}

LineIntegral plane_divergence(Divergence kind,
                              const GaussianMixture& p_given,
                              const GaussianMixture& q_given) {
  const PlaneMixture p = in_plane(p_given);
  const PlaneMixture q = in_plane(q_given);
  std::vector<LineComponent> ratios;
  if (kind == Divergence::chi_squared) ratios = ratio_marginals(p_given, q_given);

  LineMixture all = ratios;
  for (const PlaneComponent& c : p) all.push_back(marginal(c));
  for (const PlaneComponent& c : q) all.push_back(marginal(c));
  double lower = infinity;
  double upper = -infinity;
  for (const LineComponent& c : all) {
    const double depth = 0.5 * reach * reach + std::max(0.0, c.log_weight);
    const double width = std::sqrt(2.0 * depth) * c.deviation;
    lower = std::min(lower, c.mean - width);
    upper = std::max(upper, c.mean + width);
  }

  const auto integrand = [&](const PanelArray& y, PanelValues& f) {
    tbb::parallel_for(std::size_t{0}, panel_nodes, [&](std::size_t n) {
      const LineIntegral inner =
          line_mixture_divergence(kind, slice(p, y[n]), slice(q, y[n]), 1e-12, 1e-30);
      f.values[n] = inner.value;
      f.errors[n] = inner.discretisation + inner.round_off;
    });
  };
  const QuadratureResult outer =
      adaptive_quadrature(integrand, component_marks(all, lower, upper),
                          {.relative_tolerance = 1e-11, .most_panels = 2'000});
  std::vector<LineComponent> ratios_reflected = ratios;
  for (LineComponent& c : ratios_reflected) c.mean = -c.mean;
  return {.value = outer.value,
          .discretisation = outer.discretisation + outer.round_off +
                            upper_tail(kind, p, q, ratios, upper) +
                            upper_tail(kind, reflected(p), reflected(q), ratios_reflected, -lower),
          .round_off = 16.0 * unit_round_off * outer.value};
}

}  // namespace

Estimate quadrature_divergence(Divergence kind,
                               const GaussianMixture& p,
                               const GaussianMixture& q) {
  if (p.dimension() == 1) {
    const LineMixture first = on_line(p);
    const LineMixture second = on_line(q);
    if (kind == Divergence::chi_squared && !chi_squared_is_finite(first, second)) return infinity;
    return enclosed(kind, line_mixture_divergence(kind, first, second, 2e-15));
  }
  if (kind == Divergence::chi_squared) {
    const Finiteness finiteness = ratio_moment(p, q, 2.0);
    if (finiteness == Finiteness::infinite) return infinity;
    if (finiteness == Finiteness::unknown) {
      // No tail bound: what is known is χ² ≥ e^{KL} − 1, on one side.
      const Estimate bound = expm1(quadrature_divergence(Divergence::kl, p, q));
      return Estimate::between(bound.value, bound.lower, infinity, Grade::sampled);
    }
  }
  return enclosed(kind, plane_divergence(kind, p, q));
}

}  // namespace flowcheck
