#include "interpolation/covariance_envelope.hpp"

#include "measures/regularity.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

using Between = std::function<Estimate(double r_s, double r_t)>;

Estimate rounded(double value, double scale = 0.0) {
  // A few operations on functions that are good to 1e-14: twice the model of one.
  return std::isfinite(value)
             ? Estimate::closed_form(value, 2.0 * round_off(std::max(std::abs(value), scale), 1))
             : Estimate(value);
}

// A place r of the clock, ∞ included, by q² = 1/(1 + r²) and p = r²/(1 + r²).
struct Place {
  double r = 0.0;
  double q = 0.0;
  double p = 0.0;

  explicit Place(double at) : r(at), q(1.0 / std::hypot(1.0, at)) {
    p = r < infinity ? (r * q) * (r * q) : 1.0;
  }
};

// r_t² − r_s².
double difference_of_squares(const Place& s, const Place& t) {
  return (t.r - s.r) * (t.r + s.r);
}

// (r_t² − r_s²)/(1 + r_t²).
double share(const Place& s, const Place& t) {
  return t.r < infinity ? (t.r - s.r) * t.q * ((t.r + s.r) * t.q) : 1.0;
}

// q_s − q_t.
double difference_of_q(const Place& s, const Place& t) {
  return share(s, t) * s.q * s.q / (s.q + t.q);
}

// log(q_s/q_t).
Estimate log_ratio_of_q(const Place& s, const Place& t) {
  return rounded(0.5 * std::log1p(difference_of_squares(s, t) * s.q * s.q));
}

Between between(std::function<Estimate(const Place& s, const Place& t)> f) {
  return [f = std::move(f)](double r_s, double r_t) {
    require(r_s >= 0.0 && r_s < infinity && r_t >= r_s, "covariance bound: 0 ≤ r_s ≤ r_t, r_s < ∞");
    return r_s == r_t ? Estimate(0.0) : f(Place(r_s), Place(r_t));
  };
}

std::function<Estimate(double)> at_finite(std::function<Estimate(double)> f) {
  return [f = std::move(f)](double r) {
    require(r >= 0.0 && r < infinity, "covariance bound: r must be finite and not negative");
    return f(r);
  };
}

// The bound whose stretch is its growth times q_t/q_s, with its own formula at r_t = ∞.
CovarianceBound by_growth(std::string name,
                          std::function<Estimate(double)> covariance,
                          std::function<Estimate(const Place& s, const Place& t)> growth,
                          std::function<Estimate(const Place& s)> stretch_to_the_end) {
  auto stretch = [growth, end = std::move(stretch_to_the_end)](const Place& s, const Place& t) {
    return t.r < infinity ? growth(s, t) - log_ratio_of_q(s, t) : end(s);
  };
  return {.name = std::move(name),
          .covariance = at_finite(std::move(covariance)),
          .log_growth = between(std::move(growth)),
          .log_stretch = between(std::move(stretch))};
}

// ½ log((α + βr_t²)/(α + βr_s²)), α of either sign, β ≥ 0.
Estimate quadratic_growth(double alpha, double beta, const Place& s, const Place& t) {
  const double at_start = alpha + beta * s.r * s.r;
  if (!(at_start > 0.0)) return infinity;
  const double condition = (std::abs(alpha) + beta * s.r * s.r) / at_start;
  const double x = beta * difference_of_squares(s, t) / at_start;
  if (x == infinity) return infinity;
  const double value = 0.5 * std::log1p(x);
  return rounded(value, condition * x / (1.0 + x));
}

// The same times q_t/q_s: ½ log of the ratio of αq² + βp.
Estimate quadratic_stretch(double alpha, double beta, const Place& s, const Place& t) {
  const double at_start = alpha * s.q * s.q + beta * s.p;
  if (!(at_start > 0.0)) return infinity;
  const double condition = (std::abs(alpha) * s.q * s.q + beta * s.p) / at_start;
  const double x = (beta - alpha) * share(s, t) * s.q * s.q / at_start;
  const double ratio = (alpha * t.q * t.q + beta * t.p) / at_start;
  const double value = 0.5 * (std::abs(x) < 0.5 ? std::log1p(x) : std::log(ratio));
  return rounded(value, condition * std::min(std::abs(x) / ratio, 1.0));
}

// ∫₀¹ f(u + θδ) dθ, f analytic with no singularity near: what a difference of integrals is made of
// where its two terms are nearly equal.
Estimate average(const std::function<double(double)>& f, double from, double step) {
  return quadrature([&](double theta) { return rounded(f(from + theta * step)); }, {0.0, 1.0});
}

// log Z_D(k_s) − log Z_D(k_t) for k = κ + r².
Estimate log_mass_ratio(double kappa, double D, const Place& s, const Place& t) {
  if (t.r == infinity) return infinity;
  const double from = kappa + s.r * s.r;
  const double step = difference_of_squares(s, t);
  if (step <= 0.5 * (std::abs(from) + 1.0 / (D * D))) {
    return 0.5 * step *
           average([D](double k) { return truncated_gaussian_variance(k, D); }, from, step);
  }
  const double first = log_truncated_gaussian_mass(from, D);
  const double last = log_truncated_gaussian_mass(kappa + t.r * t.r, D);
  return rounded(first - last, std::abs(first) + std::abs(last) + 1.0);
}

// F(ℓ_s) − F(ℓ_t), F = ℓ²/2 + log Φ(ℓ), F′(ℓ) = m(−ℓ), for ℓ = Lq.
Estimate cusp_stretch(double L, const Place& s, const Place& t) {
  const double from = L * t.q;
  const double step = L * difference_of_q(s, t);
  if (std::abs(step) <= 0.5 * (1.0 + std::abs(from))) {
    return step * average([](double l) { return half_line_mean(-l); }, from, step);
  }
  const auto F = [](double l) { return std::log(0.5 * scaled_erfc(-l / std::numbers::sqrt2)); };
  const double first = F(L * s.q);
  const double last = F(from);
  return rounded(first - last, std::abs(first) + std::abs(last) + 1.0);
}

// The bound c = q²V(q) with ∫ (V − 1)/q dq = stretch. Its growth is a sum with cancellation where V
// is small (1e-3 at Lq = 40, from below); then ∫ V d(log q) as it stands.
CovarianceBound scaled_bound(std::string name,
                             std::function<double(double q)> V,
                             std::function<Estimate(const Place& s, const Place& t)> stretch) {
  auto growth = [V, stretch](const Place& s, const Place& t) -> Estimate {
    if (t.r == infinity) return infinity;
    const Estimate ratio = log_ratio_of_q(s, t);
    const Estimate sum = ratio + stretch(s, t);
    if (sum.value > 0.25 * ratio.value) return sum;
    const auto at = [&](double u) { return V(t.q * std::exp(u)); };
    return ratio * average(at, 0.0, ratio.value);
  };
  return {.name = std::move(name),
          .covariance = at_finite([V](double r) {
            const double q = Place(r).q;
            return rounded(q * q * V(q));
          }),
          .log_growth = between(std::move(growth)),
          .log_stretch = between(std::move(stretch))};
}

CovarianceBound cusp_bound(std::string name, double L) {
  return scaled_bound(
      std::move(name), [L](double q) { return cusp_variance(L * q); },
      [L](const Place& s, const Place& t) { return cusp_stretch(L, s, t); });
}

CovarianceBound quadratic_bound(std::string name, double alpha) {
  return {.name = std::move(name),
          .covariance = at_finite([alpha](double r) -> Estimate {
            const double sum = alpha + r * r;
            if (!(sum > 0.0)) return infinity;
            return rounded(1.0 / sum, (std::abs(alpha) + r * r) / (sum * sum));
          }),
          .log_growth = between([alpha](const Place& s, const Place& t) {
            return quadratic_growth(alpha, 1.0, s, t);
          }),
          .log_stretch = between([alpha](const Place& s, const Place& t) {
            return quadratic_stretch(alpha, 1.0, s, t);
          })};
}

void require_length(double value, const char* message) {
  require(value >= 0.0 && value < infinity, message);
}

// σ²/v + R²/v² for a σ between two: the first term grows with σ and the second falls.
CovarianceBound mixture_bound_between(double least_sigma, double largest_sigma, double radius) {
  const double s2 = largest_sigma * largest_sigma;
  const double least_s2 = least_sigma * least_sigma;
  const double R2 = radius * radius;
  // R² ∫ ρ/v² = R² (r_t² − r_s²)/(2 v_s v_t).
  const auto spread = [=](const Place& s, const Place& t) -> Estimate {
    const double v_s = 1.0 + least_s2 * s.r * s.r;
    return rounded(R2 > 0.0 ? 0.5 * R2 * share(s, t) / (v_s * (t.q * t.q + least_s2 * t.p)) : 0.0);
  };
  return {.name = "mixture",
          .covariance = at_finite([=](double r) {
            const double v = 1.0 + least_s2 * r * r;
            return rounded(s2 / (1.0 + s2 * r * r) + R2 / (v * v));
          }),
          .log_growth = between([=](const Place& s, const Place& t) {
            const Estimate centres = spread(s, t);
            return s2 > 0.0 ? quadratic_growth(1.0, s2, s, t) + centres : centres;
          }),
          .log_stretch = between([=](const Place& s, const Place& t) -> Estimate {
            if (s2 > 0.0) return quadratic_stretch(1.0, s2, s, t) + spread(s, t);
            if (t.r == infinity) return R2 > 0.0 ? infinity : -infinity;
            return spread(s, t) - log_ratio_of_q(s, t);
          })};
}

// The constants of a class, by the ends at which it surely holds.
struct SafeConstants {
  double kappa;
  double beta;
  double half_diameter;
  double least_sigma;
  double largest_sigma;
  double radius;
  double L;

  explicit SafeConstants(const Regularity& p)
      : kappa(p.curvature_lower.lower),
        beta(p.curvature_upper.upper),
        half_diameter(p.half_diameter.upper),
        least_sigma(std::max(p.mixture_scale.lower, 0.0)),
        largest_sigma(p.mixture_scale.upper),
        radius(p.mixture_radius.upper),
        L(p.log_lipschitz.upper) {}

  bool has_kappa() const { return std::isfinite(kappa); }
  bool has_diameter() const { return half_diameter < infinity; }
  bool is_mixture() const { return least_sigma > 0.0 && radius < infinity; }
  CovarianceBound mixture() const {
    return mixture_bound_between(least_sigma, largest_sigma, radius);
  }
  bool has_L() const { return L < infinity; }

  // Where D = 0 the measure is an atom and κ is infinite: the bounded class says all.
  bool is_convex_body() const { return has_kappa() && has_diameter() && half_diameter > 0.0; }
};

std::vector<CovarianceBound> lower_bounds(const SafeConstants& p) {
  std::vector<CovarianceBound> result = {trivial_lower_bound()};
  if (p.beta < infinity) result.push_back(semi_log_convex_lower_bound(p.beta));
  if (p.is_mixture()) result.push_back(mixture_lower_bound(p.least_sigma));
  return result;
}

template <class Value>
Estimate least(const std::vector<CovarianceBound>& bounds, const Value& value) {
  Estimate result = infinity;
  for (const CovarianceBound& bound : bounds) result = min(result, value(bound));
  return result;
}

template <class Value>
Estimate largest(const std::vector<CovarianceBound>& bounds, const Value& value) {
  Estimate result = -infinity;
  for (const CovarianceBound& bound : bounds) result = max(result, value(bound));
  return result;
}

}  // namespace

CovarianceBound semi_log_concave_bound(double kappa) {
  require(std::isfinite(kappa), "semi_log_concave_bound: κ must be finite");
  return quadratic_bound("κ", kappa);
}

CovarianceBound semi_log_convex_lower_bound(double beta) {
  require(beta > 0.0 && beta < infinity, "semi_log_convex_lower_bound: β must be positive");
  return quadratic_bound("β", beta);
}

CovarianceBound bounded_support_bound(double half_diameter) {
  require_length(half_diameter, "bounded_support_bound: D must be finite and not negative");
  const double squared = half_diameter * half_diameter;
  return by_growth(
      "bounded", [squared](double) { return rounded(squared); },
      [squared](const Place& s, const Place& t) {
        return squared > 0.0 ? rounded(0.5 * squared * difference_of_squares(s, t)) : Estimate(0.0);
      },
      [squared](const Place&) { return Estimate(squared > 0.0 ? infinity : -infinity); });
}

CovarianceBound bounded_semi_log_concave_bound(double kappa, double half_diameter) {
  require(std::isfinite(kappa), "bounded_semi_log_concave_bound: κ must be finite");
  require(half_diameter > 0.0 && half_diameter < infinity,
          "bounded_semi_log_concave_bound: D must be positive and finite");
  const double D = half_diameter;
  return by_growth(
      "bounded + κ",
      [=](double r) {
        // 1/k rounds with k = κ + r² where both are large and opposite.
        const double k = kappa + r * r;
        const double V = truncated_gaussian_variance(k, D);
        return rounded(V, V * V * (std::abs(kappa) + r * r));
      },
      [=](const Place& s, const Place& t) { return log_mass_ratio(kappa, D, s, t); },
      [=](const Place& s) {
        const double mass = log_truncated_gaussian_mass(kappa + s.r * s.r, D);
        const double value = mass - 0.5 * std::log(2.0 * std::numbers::pi) - std::log(s.q);
        return rounded(value, std::abs(mass) + 1.0 + std::abs(std::log(s.q)));
      });
}

CovarianceBound mixture_bound(double sigma, double radius) {
  require_length(sigma, "mixture_bound: σ must be finite and not negative");
  require_length(radius, "mixture_bound: R must be finite and not negative");
  return mixture_bound_between(sigma, sigma, radius);
}

CovarianceBound mixture_lower_bound(double sigma) {
  require(sigma > 0.0 && sigma < infinity, "mixture_lower_bound: σ must be positive");
  CovarianceBound result = mixture_bound(sigma, 0.0);
  result.name = "mixture";
  return result;
}

CovarianceBound log_lipschitz_bound(double L) {
  require_length(L, "log_lipschitz_bound: L must be finite and not negative");
  return cusp_bound("log-Lipschitz", L);
}

CovarianceBound log_lipschitz_lower_bound(double L) {
  require_length(L, "log_lipschitz_lower_bound: L must be finite and not negative");
  return cusp_bound("log-Lipschitz", -L);
}

CovarianceBound trivial_lower_bound() {
  CovarianceBound result = bounded_support_bound(0.0);
  result.name = "any";
  return result;
}

CovarianceBound classical_bounded_bound(double kappa, double half_diameter) {
  require(std::isfinite(kappa), "classical_bounded_bound: κ must be finite");
  require(half_diameter > 0.0 && half_diameter < infinity,
          "classical_bounded_bound: D must be positive and finite");
  const CovarianceBound bounded = bounded_support_bound(half_diameter);
  const CovarianceBound concave = semi_log_concave_bound(kappa);
  // D² = 1/(κ + r²), where the one takes over from the other.
  const double change = std::sqrt(std::max(0.0, 1.0 / (half_diameter * half_diameter) - kappa));
  const auto in_two = [=](const auto& part) {
    return [=](double r_s, double r_t) {
      if (r_t <= change) return part(bounded)(r_s, r_t);
      if (r_s >= change) return part(concave)(r_s, r_t);
      return part(bounded)(r_s, change) + part(concave)(change, r_t);
    };
  };
  return {.name = "bounded, then κ",
          .covariance = [=](double r) { return min(bounded.covariance(r), concave.covariance(r)); },
          .log_growth = in_two([](const CovarianceBound& bound) { return bound.log_growth; }),
          .log_stretch = in_two([](const CovarianceBound& bound) { return bound.log_stretch; })};
}

CovarianceBound quick_log_lipschitz_bound(double L) {
  require_length(L, "quick_log_lipschitz_bound: L must be finite and not negative");
  // ∫ (V − 1)/q dq, V = (1 + Lq)².
  return scaled_bound(
      "log-Lipschitz, quick", [L](double q) { return (1.0 + L * q) * (1.0 + L * q); },
      [L](const Place& s, const Place& t) {
        return rounded(L * difference_of_q(s, t) * (2.0 + 0.5 * L * (s.q + t.q)));
      });
}

CovarianceBound quick_log_lipschitz_lower_bound(double L) {
  require_length(L, "quick_log_lipschitz_lower_bound: L must be finite and not negative");
  // V is the square of (√(ℓ² + 4) − ℓ)/2, and (V − 1)/ℓ is minus that.
  const auto root = [](double l) { return 2.0 / (std::sqrt(l * l + 4.0) + l); };
  return scaled_bound(
      "log-Lipschitz, quick", [=](double q) { return root(L * q) * root(L * q); },
      [=](const Place& s, const Place& t) {
        const double step = L * difference_of_q(s, t);
        return -step * average(root, L * t.q, step);
      });
}

Estimate recalled_log_lipschitz_covariance(double L, double r) {
  require_length(L, "recalled_log_lipschitz_covariance: L must be finite and not negative");
  require(r >= 0.0 && r < infinity, "recalled_log_lipschitz_covariance: r must be finite");
  const double q2 = Place(r).q * Place(r).q;
  const double tau = 0.5 * std::log1p(1.0 / (r * r));
  return rounded(q2 + 5.0 * q2 * q2 * L * (L + 1.0 / std::sqrt(tau)));
}

Estimate CovarianceEnvelope::largest_covariance(double r) const {
  return least(upper, [=](const CovarianceBound& bound) { return bound.covariance(r); });
}

Estimate CovarianceEnvelope::smallest_covariance(double r) const {
  return largest(lower, [=](const CovarianceBound& bound) { return bound.covariance(r); });
}

Estimate CovarianceEnvelope::log_growth_above(double r_s, double r_t) const {
  return least(upper, [=](const CovarianceBound& bound) { return bound.log_growth(r_s, r_t); });
}

Estimate CovarianceEnvelope::log_growth_below(double r_s, double r_t) const {
  return largest(lower, [=](const CovarianceBound& bound) { return bound.log_growth(r_s, r_t); });
}

Estimate CovarianceEnvelope::log_stretch_above(double r_s, double r_t) const {
  return least(upper, [=](const CovarianceBound& bound) { return bound.log_stretch(r_s, r_t); });
}

Estimate CovarianceEnvelope::log_stretch_below(double r_s, double r_t) const {
  return largest(lower, [=](const CovarianceBound& bound) { return bound.log_stretch(r_s, r_t); });
}

CovarianceEnvelope covariance_envelope(const Regularity& constants) {
  const SafeConstants p(constants);
  CovarianceEnvelope result = {.lower = lower_bounds(p)};
  if (p.has_kappa()) result.upper.push_back(semi_log_concave_bound(p.kappa));
  if (p.has_diameter()) result.upper.push_back(bounded_support_bound(p.half_diameter));
  if (p.is_convex_body()) {
    result.upper.push_back(bounded_semi_log_concave_bound(p.kappa, p.half_diameter));
  }
  if (p.is_mixture()) result.upper.push_back(p.mixture());
  if (p.has_L()) {
    result.upper.push_back(log_lipschitz_bound(p.L));
    result.lower.push_back(log_lipschitz_lower_bound(p.L));
  }
  return result;
}

CovarianceEnvelope classical_covariance_envelope(const Regularity& constants) {
  const SafeConstants p(constants);
  CovarianceEnvelope result = {.lower = lower_bounds(p)};
  const double jung = std::numbers::sqrt2 * p.half_diameter;  // diam/√2
  if (p.has_kappa()) result.upper.push_back(semi_log_concave_bound(p.kappa));
  if (p.has_diameter()) result.upper.push_back(bounded_support_bound(jung));
  if (p.is_convex_body()) result.upper.push_back(classical_bounded_bound(p.kappa, jung));
  if (p.is_mixture()) result.upper.push_back(p.mixture());
  if (p.has_L()) {
    result.upper.push_back(quick_log_lipschitz_bound(p.L));
    result.lower.push_back(quick_log_lipschitz_lower_bound(p.L));
  }
  return result;
}

Estimate log_map_bound(
    const CovarianceBound& bound, double a_s, double b_s, double a_t, double b_t) {
  require(a_s > 0.0 && a_t >= 0.0 && b_s >= 0.0 && b_t >= 0.0,
          "log_map_bound: a and b must not be negative, nor a_s zero");
  const double r_s = b_s / a_s;
  const double r_t = a_t > 0.0 ? b_t / a_t : infinity;
  require(r_s <= r_t, "log_map_bound: b/a must not decrease");
  return rounded(std::log(std::hypot(a_t, b_t) / std::hypot(a_s, b_s)), 1.0) +
         bound.log_stretch(r_s, r_t);
}

}  // namespace flowcheck
