#include "distances/line_mixture.hpp"

#include "distances/crossings.hpp"
#include "distances/divergence_term.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"
#include "numerics/vector_exp.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace flowcheck {
namespace {

constexpr double log_sqrt_two_pi = 0.91893853320467274178;
// A component e^{−45} below another one on the whole panel is left out: 3e-20 a component.
constexpr double negligible = 45.0;

double log_peak(const LineComponent& c) {
  return c.log_weight - std::log(c.deviation) - log_sqrt_two_pi;
}

LineMixture reflected(LineMixture mixture) {
  for (LineComponent& c : mixture) c.mean = -c.mean;
  return mixture;
}

double total_weight(const LineMixture& mixture) {
  double sum = 0.0;
  for (const LineComponent& c : mixture) sum += std::exp(c.log_weight);
  return sum;
}

// The one that decides the upper tail: widest, then furthest.
const LineComponent& outermost(const LineMixture& mixture) {
  return *std::max_element(
      mixture.begin(), mixture.end(), [](const LineComponent& a, const LineComponent& b) {
        return a.variance != b.variance ? a.variance < b.variance : a.mean < b.mean;
      });
}

// φ_k²/φ_j as e^{log_mass} times the law N(mean, 1/precision); for precision 0 the tail is e^{−rate
// x} with e^{log_mass} its height at 0.
struct RatioGaussian {
  double precision = 0.0;
  double mean = 0.0;
  double log_mass = 0.0;
  double rate = 0.0;
};

RatioGaussian squared_over(const LineComponent& k, const LineComponent& j) {
  const double vk = k.variance;
  const double vj = j.variance;
  const double d = j.mean - k.mean;
  RatioGaussian g{.precision = (2.0 * vj - vk) / (vk * vj)};
  const double height = k.log_weight - j.log_weight - 2.0 * std::log(k.deviation) +
                        std::log(j.deviation) - log_sqrt_two_pi;
  if (g.precision > 0.0) {
    g.mean = k.mean - d / (vj * g.precision);
    g.log_mass = height + 0.5 * d * d / vj * (1.0 + 1.0 / (vj * g.precision)) + log_sqrt_two_pi -
                 0.5 * std::log(g.precision);
  } else {
    g.rate = d / vj;
    g.log_mass = height + 0.5 * d * d / vj + g.rate * k.mean;
  }
  return g;
}

// Where the bound's tail has fallen below e^{−145}, whatever its height.
double reach_of(const RatioGaussian& g) {
  const double depth = std::max(0.0, g.log_mass) + 0.5 * reach * reach;
  return g.precision > 0.0 ? g.mean + std::sqrt(2.0 * depth / g.precision)
                           : (g.log_mass + 0.5 * reach * reach) / g.rate;
}

// For each component k of p a bound φ_k²/(w_j φ_j) of φ_k²/q with the j that falls soonest; q's
// outermost one always falls, but may be so light that the bound is high.
std::vector<RatioGaussian> ratio_bounds(const LineMixture& p, const LineMixture& q) {
  std::vector<RatioGaussian> bounds;
  bounds.reserve(p.size());
  const LineComponent& last = outermost(q);
  const bool few = p.size() * q.size() <= 4096;
  for (const LineComponent& k : p) {
    RatioGaussian best = squared_over(k, last);
    for (std::size_t i = 0; few && i < q.size(); ++i) {
      if (2.0 * q[i].variance <= k.variance) continue;
      const RatioGaussian g = squared_over(k, q[i]);
      if (g.precision > 0.0 && reach_of(g) < reach_of(best)) best = g;
    }
    bounds.push_back(best);
  }
  return bounds;
}

// ∫_B^∞ of p times an upper bound of (log p/q)⁺, from q's outermost component and p's supremum.
double log_ratio_tail(const LineMixture& p, const LineMixture& q, double B) {
  const LineComponent& j = outermost(q);
  double supremum = 0.0;
  for (const LineComponent& k : p) supremum += std::exp(log_peak(k));
  const double height = std::max(0.0, std::log(supremum) - log_peak(j));
  double sum = 0.0;
  for (const LineComponent& k : p) {
    sum += height * upper_mass(k, B) +
           0.5 * upper_second_moment(k, B, j.mean) / (j.deviation * j.deviation);
  }
  return sum;
}

double upper_tail(Divergence kind,
                  const LineMixture& p,
                  const LineMixture& q,
                  const std::vector<RatioGaussian>& ratios,
                  double B) {
  double mass_p = 0.0;
  double mass_q = 0.0;
  for (const LineComponent& k : p) mass_p += upper_mass(k, B);
  for (const LineComponent& j : q) mass_q += upper_mass(j, B);
  switch (kind) {
    case Divergence::total_variation:
    case Divergence::squared_hellinger:
    case Divergence::jensen_shannon:
      return 0.5 * (mass_p + mass_q);
    case Divergence::kl:  // p log(p/q) − p + q ≤ p (log p/q)⁺ + q
      return log_ratio_tail(p, q, B) + mass_q;
    case Divergence::symmetric_kl:  // (p − q) log(p/q) ≤ p (log p/q)⁺ + q (log q/p)⁺
      return log_ratio_tail(p, q, B) + log_ratio_tail(q, p, B);
    case Divergence::chi_squared: {  // p² ≤ (Σ w_k)(Σ w_k φ_k²), q ≥ w_j φ_j
      double sum = 0.0;
      for (const RatioGaussian& g : ratios) {
        if (g.precision > 0.0) {
          const double z = (B - g.mean) * std::sqrt(0.5 * g.precision);
          sum += 0.5 * std::exp(g.log_mass + log_erfc_bound(z));
        } else {
          sum += std::exp(g.log_mass - g.rate * B) / g.rate;
        }
      }
      return total_weight(p) * sum + mass_q;
    }
    case Divergence::fisher_information: {
      // Scores are means of (x − m)/s² and of the other direction's affine functions: at most
      // c |x| + c₀.
      double slope = 0.0;
      double offset = 0.0;
      for (const LineMixture* mixture : {&p, &q}) {
        for (const LineComponent& c : *mixture) {
          const double steep = 1.0 / (c.deviation * c.deviation) + std::abs(c.cross_slope);
          slope = std::max(slope, steep);
          offset = std::max(offset, steep * std::abs(c.mean) + std::abs(c.cross_offset));
        }
      }
      double sum = 0.0;  // (2(c|x| + c₀))² ≤ 8c²x² + 8c₀²
      for (const LineComponent& k : p) {
        sum += 8.0 * slope * slope * upper_second_moment(k, B, 0.0) +
               8.0 * offset * offset * upper_mass(k, B);
      }
      return sum;
    }
  }
  return infinity;
}

// Densities at the nodes of one panel: log-sum-exp over the components that count there.
class PanelDensity {
 public:
  explicit PanelDensity(const LineMixture& mixture) : mixture_(mixture) {
    const std::size_t K = mixture.size();
    peaks_.resize(K);
    inverse_.resize(K);
    for (std::size_t k = 0; k < K; ++k) {
      peaks_[k] = log_peak(mixture[k]);
      inverse_[k] = 1.0 / mixture[k].deviation;
      largest_peak_ = std::max(largest_peak_, std::abs(peaks_[k]));
      mean_error_ = std::max(mean_error_, mixture[k].mean_error);
    }
    log_count_ = std::log(static_cast<double>(K));
    exponents_.resize(K * panel_nodes);
    active_.reserve(K);
  }

  PanelArray logs = {};
  PanelArray errors = {};
  PanelArray scores = {};
  PanelArray cross_scores = {};
  PanelArray score_errors = {};
  std::int64_t exponentials = 0;  // so far

  void evaluate(const PanelArray& x, bool with_scores) {
    choose_active(x.front(), x.back());
    PanelArray largest;
    largest.fill(-infinity);
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const std::size_t k = active_[i];
      double* t = &exponents_[i * panel_nodes];
      for (std::size_t n = 0; n < panel_nodes; ++n) {
        const double z = (x[n] - mixture_[k].mean) * inverse_[k];
        t[n] = peaks_[k] - 0.5 * z * z;
        largest[n] = std::max(largest[n], t[n]);
      }
    }
    for (std::size_t i = 0; i < active_.size(); ++i) {
      double* t = &exponents_[i * panel_nodes];
      for (std::size_t n = 0; n < panel_nodes; ++n) t[n] -= largest[n];
    }
    const std::span<double> used(exponents_.data(), active_.size() * panel_nodes);
    vector_exp(used, used);
    exponentials += static_cast<std::int64_t>(used.size());

    PanelArray sums = {};
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const double* t = &exponents_[i * panel_nodes];
      for (std::size_t n = 0; n < panel_nodes; ++n) sums[n] += t[n];
    }
    for (std::size_t n = 0; n < panel_nodes; ++n) {
      logs[n] = largest[n] + std::log(sums[n]);
      // Exponents in play reach `negligible` below the largest one; z², the peak and their sum are
      // good to a few units each, and a mean's own error moves the exponent by z times it.
      const double size = std::abs(largest[n]) + largest_peak_;
      errors[n] = unit_round_off * (10.0 + 5.0 * size);
      if (mean_error_ > 0.0) errors[n] += mean_error_ * (2.0 + std::sqrt(2.0 * size + 8.0));
    }
    if (with_scores) evaluate_scores(x, sums);
  }

 private:
  void choose_active(double a, double b) {
    double floor = -infinity;
    for (std::size_t k = 0; k < mixture_.size(); ++k) {
      const double z =
          std::max(std::abs(a - mixture_[k].mean), std::abs(b - mixture_[k].mean)) * inverse_[k];
      floor = std::max(floor, peaks_[k] - 0.5 * z * z);
    }
    floor -= negligible + log_count_;
    active_.clear();
    for (std::size_t k = 0; k < mixture_.size(); ++k) {
      const double m = mixture_[k].mean;
      const double z = std::max({0.0, a - m, m - b}) * inverse_[k];
      if (peaks_[k] - 0.5 * z * z >= floor) active_.push_back(k);
    }
  }

  void evaluate_scores(const PanelArray& x, const PanelArray& sums) {
    scores.fill(0.0);
    cross_scores.fill(0.0);
    score_errors.fill(0.0);
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const LineComponent& c = mixture_[active_[i]];
      const double precision = inverse_[active_[i]] * inverse_[active_[i]];
      const double* t = &exponents_[i * panel_nodes];
      for (std::size_t n = 0; n < panel_nodes; ++n) {
        const double r = t[n] / sums[n];
        const double pull = -(x[n] - c.mean) * precision;
        const double cross = c.cross_offset + c.cross_slope * (x[n] - c.mean);
        scores[n] += r * pull;
        cross_scores[n] += r * cross;
        // The posterior weights carry twice the logs' error.
        const double size =
            std::abs(pull) + std::abs(c.cross_offset) + std::abs(c.cross_slope * (x[n] - c.mean));
        score_errors[n] +=
            r * (size * (2.0 * errors[n] + 8.0 * unit_round_off) +
                 c.mean_error * (inverse_[active_[i]] + std::abs(c.cross_slope) * c.deviation));
      }
    }
  }

  const LineMixture& mixture_;
  std::vector<double> peaks_;    // log of w/(s√2π)
  std::vector<double> inverse_;  // 1/s
  double largest_peak_ = 0.0;
  double mean_error_ = 0.0;
  double log_count_ = 0.0;
  std::vector<double> exponents_;
  std::vector<std::size_t> active_;
};

}  // namespace

double log_erfc_bound(double z) {
  if (z < 5.0) return std::log(std::erfc(z));
  return -z * z - std::log(z * std::sqrt(std::numbers::pi));
}

double upper_mass(const LineComponent& c, double B) {
  return 0.5 * std::exp(c.log_weight +
                        log_erfc_bound((B - c.mean) / (c.deviation * std::numbers::sqrt2)));
}

double upper_second_moment(const LineComponent& c, double B, double about) {
  const double z = (B - c.mean) / c.deviation;
  const double mass = upper_mass(c, B);
  const double density = std::exp(c.log_weight - 0.5 * z * z - log_sqrt_two_pi);
  const double shift = std::abs(c.mean - about);
  return c.deviation * c.deviation * (std::max(z, 0.0) * density + mass) +
         2.0 * c.deviation * shift * density + shift * shift * mass;
}

bool chi_squared_is_finite(const LineMixture& p, const LineMixture& q) {
  const auto decays = [](const LineMixture& of, const LineMixture& by) {
    const LineComponent& k = outermost(of);
    const LineComponent& j = outermost(by);
    const double vk = k.variance;
    const double vj = j.variance;
    return vk != 2.0 * vj ? vk < 2.0 * vj : k.mean < j.mean;
  };
  return decays(p, q) && decays(reflected(p), reflected(q));
}

std::vector<double> component_marks(const LineMixture& components, double lower, double upper) {
  struct Mark {
    double x = 0.0;
    double scale = 0.0;
  };
  double widest = 0.0;
  for (const LineComponent& c : components) widest = std::max(widest, c.deviation);
  std::vector<Mark> marks;
  const auto add = [&](double x, double scale) {
    if (lower < x && x < upper) marks.push_back({x, scale});
  };
  for (const LineComponent& c : components) {
    for (const double z : {2.0, 6.0, reach}) {
      add(c.mean - z * c.deviation, c.deviation);
      add(c.mean + z * c.deviation, c.deviation);
    }
    // log p/q turns where a narrow component of q hands over to a wide one, however far from both
    // means; and a bump of mass above one reaches further.
    const double height = std::isfinite(c.log_weight) ? std::max(0.0, c.log_weight) : 0.0;
    const double furthest =
        std::max(4.0 * widest, std::sqrt(reach * reach + 2.0 * height) * c.deviation);
    for (double y = 2.0 * reach * c.deviation; y < furthest; y *= 2.0) {
      add(c.mean - y, 0.125 * y);
      add(c.mean + y, 0.125 * y);
    }
  }
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.x < b.x; });
  std::vector<double> result = {lower};
  double scale = 0.0;
  for (const Mark& mark : marks) {
    if (mark.x - result.back() < 0.4 * std::min(mark.scale, scale)) continue;
    result.push_back(mark.x);
    scale = mark.scale;
  }
  if (result.back() < upper) result.push_back(upper);
  return result;
}

LineIntegral line_mixture_divergence(Divergence kind,
                                     const LineMixture& p,
                                     const LineMixture& q,
                                     double relative_tolerance,
                                     double absolute_tolerance) {
  const LineMixture p_reflected = reflected(p);
  const LineMixture q_reflected = reflected(q);
  LineMixture all = p;
  all.insert(all.end(), q.begin(), q.end());
  double lower = infinity;
  double upper = -infinity;
  for (const LineComponent& c : all) {
    lower = std::min(lower, c.mean - reach * c.deviation);
    upper = std::max(upper, c.mean + reach * c.deviation);
  }
  std::vector<RatioGaussian> above;
  std::vector<RatioGaussian> below;
  if (kind == Divergence::chi_squared) {
    above = ratio_bounds(p, q);
    below = ratio_bounds(p_reflected, q_reflected);
    for (const RatioGaussian& g : above) upper = std::max(upper, reach_of(g));
    for (const RatioGaussian& g : below) lower = std::min(lower, -reach_of(g));
    // Where p²/q is: not where p or q are, for a p nearly too wide.
    for (const RatioGaussian& g : above) {
      if (g.precision > 0.0) {
        all.push_back(
            {.log_weight = g.log_mass, .mean = g.mean, .deviation = 1.0 / std::sqrt(g.precision)});
      }
    }
  }

  PanelDensity density_p(p);
  PanelDensity density_q(q);
  const bool with_scores = kind == Divergence::fisher_information;
  const auto pair_at = [&](std::size_t n) {
    DensityPair at{.log_p = density_p.logs[n],
                   .log_q = density_q.logs[n],
                   .error_p = density_p.errors[n],
                   .error_q = density_q.errors[n]};
    if (with_scores) {
      at.score_gap = std::hypot(density_p.scores[n] - density_q.scores[n],
                                density_p.cross_scores[n] - density_q.cross_scores[n]);
      at.score_gap_error = density_p.score_errors[n] + density_q.score_errors[n];
    }
    return at;
  };
  const auto integrand = [&](const PanelArray& x, PanelValues& f) {
    density_p.evaluate(x, with_scores);
    density_q.evaluate(x, with_scores);
    for (std::size_t n = 0; n < panel_nodes; ++n) {
      const DivergenceTerm term = divergence_term(kind, pair_at(n));
      f.values[n] = term.value;
      f.errors[n] = term.error;
    }
  };
  const auto gap = [&](const PanelArray& x, PanelArray& g) {
    density_p.evaluate(x, false);
    density_q.evaluate(x, false);
    for (std::size_t n = 0; n < panel_nodes; ++n) g[n] = density_p.logs[n] - density_q.logs[n];
  };
  std::vector<double> marks = component_marks(all, lower, upper);
  if (kind == Divergence::total_variation) marks = marks_with_crossings(marks, gap);
  const QuadratureOptions options{.relative_tolerance = relative_tolerance,
                                  .absolute_tolerance = absolute_tolerance};
  const QuadratureResult inner = adaptive_quadrature(integrand, marks, options);
  return {.value = inner.value,
          .discretisation = inner.discretisation + upper_tail(kind, p, q, above, upper) +
                            upper_tail(kind, p_reflected, q_reflected, below, -lower),
          .round_off = inner.round_off,
          .exponentials = density_p.exponentials + density_q.exponentials};
}

}  // namespace flowcheck
