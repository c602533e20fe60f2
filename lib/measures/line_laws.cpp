#include "measures/line_laws.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/line_curvature.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace flowcheck {
namespace {

constexpr double pi = std::numbers::pi;

// A formula of a few terms of size `scale` at most.
Estimate formula(double value, double scale = 0.0) {
  return Estimate::closed_form(value, round_off(std::max(std::abs(value), scale), 1));
}

// log 2 cosh x without overflow.
double log_two_cosh(double x) {
  const double y = std::abs(x);
  return y + std::log1p(std::exp(-2.0 * y));
}

double square_of(double x) {
  return x * x;
}

GaussianMixture as_mixture(const std::vector<double>& weights,
                           const std::vector<double>& means,
                           const std::vector<double>& standard_deviations) {
  const auto K = static_cast<Index>(weights.size());
  std::vector<Matrix> variances;
  for (const double s : standard_deviations) variances.push_back(Matrix{{square_of(s)}});
  return {Eigen::Map<const Vector>(weights.data(), K),
          Eigen::Map<const Vector>(means.data(), K).transpose(), std::move(variances)};
}

// sech² x, which 1 − tanh² x loses beyond x = 18.
double squared_sech(double x) {
  const double e = std::exp(-2.0 * std::abs(x));
  return 4.0 * e / square_of(1.0 + e);
}

double sign_of(double x) {
  return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0;
}

}  // namespace

LineMeasure gaussian_law(double mean, double standard_deviation) {
  const double m = mean;
  const double s = standard_deviation;
  require(std::isfinite(m) && std::isfinite(s) && s > 0.0,
          "gaussian_law: the standard deviation must be positive");
  const double precision = 1.0 / (s * s);
  LinePotential V;
  V.value = [m, s](double x) { return 0.5 * square_of((x - m) / s); };
  V.slope = [m, precision](double x) { return precision * (x - m); };
  V.curvature = [precision](double) { return precision; };
  V.centre = m;
  V.curvature_lower = V.curvature_upper = precision;
  V.curvature_is_sharp = true;
  if (s == 1.0) V.log_lipschitz = std::abs(m);
  V.mixture_scale = s;
  V.mixture_radius = 0.0;
  V.log_normaliser = formula(0.5 * std::log(2.0 * pi) + std::log(s), 1.0 + std::abs(std::log(s)));
  V.mean = m;
  V.variance = formula(s * s);
  V.entropy = formula(0.5 * std::log(2.0 * pi) + 0.5 + std::log(s), 2.0 + std::abs(std::log(s)));
  return LineMeasure(std::move(V));
}

LineMeasure quartic_law(double a, double b) {
  require(std::isfinite(a) && std::isfinite(b) && b > 0.0, "quartic_law: b must be positive");
  LinePotential V;
  V.value = [a, b](double x) { return 0.5 * a * x * x + 0.25 * b * square_of(x * x); };
  V.slope = [a, b](double x) { return x * (a + b * x * x); };
  V.curvature = [a, b](double x) { return a + 3.0 * b * x * x; };
  if (a < 0.0) {
    const double well = std::sqrt(-a / b);
    V.landmarks = {-well, well};
  }
  V.curvature_lower = a;
  V.curvature_is_sharp = true;
  V.mean = 0.0;
  return LineMeasure(std::move(V));
}

LineMeasure double_well_law(double a) {
  require(std::isfinite(a) && a > 0.0, "double_well_law: the wells must be apart");
  LinePotential V;
  // As a product: near the wells the expanded form loses a⁴ units.
  V.value = [a](double x) { return 0.25 * square_of((x - a) * (x + a)); };
  V.slope = [a](double x) { return x * (x - a) * (x + a); };
  V.curvature = [a](double x) { return 3.0 * x * x - a * a; };
  V.landmarks = {-a, a};
  V.curvature_lower = -a * a;
  V.curvature_is_sharp = true;
  V.mean = 0.0;
  return LineMeasure(std::move(V));
}

LineMeasure log_cosh_law(double s, double b, double k) {
  require(s >= 0.0 && b >= 0.0 && std::isfinite(s) && std::isfinite(b) && std::isfinite(k),
          "log_cosh_law: s and b must not be negative");
  require(s > 0.0 || b * k != 0.0, "log_cosh_law: the potential is constant");
  LinePotential V;
  V.value = [s, b, k](double x) { return 0.5 * s * x * x + b * log_two_cosh(k * x); };
  V.slope = [s, b, k](double x) { return s * x + b * k * std::tanh(k * x); };
  V.curvature = [s, b, k](double x) { return s + b * k * k * squared_sech(k * x); };
  V.curvature_lower = s;
  V.curvature_upper = s + b * k * k;
  V.curvature_is_sharp = true;
  if (s == 1.0) V.log_lipschitz = b * std::abs(k);
  V.mean = 0.0;
  if (s == 0.0 && b == 1.0) V.log_normaliser = formula(std::log(0.5 * pi / std::abs(k)), 1.0);
  return LineMeasure(std::move(V));
}

LineMeasure rippled_gaussian_law(double b, double k) {
  require(std::isfinite(b) && std::isfinite(k), "rippled_gaussian_law: b and k must be finite");
  LinePotential V;
  V.value = [b, k](double x) { return 0.5 * x * x + b * std::cos(k * x); };
  V.slope = [b, k](double x) { return x - b * k * std::sin(k * x); };
  V.curvature = [b, k](double x) { return 1.0 - b * k * k * std::cos(k * x); };
  V.oscillation = 2.0 * std::abs(b);
  V.curvature_lower = 1.0 - std::abs(b) * k * k;
  V.curvature_upper = 1.0 + std::abs(b) * k * k;
  V.curvature_is_sharp = true;
  V.log_lipschitz = std::abs(b * k);
  V.mean = 0.0;
  return LineMeasure(std::move(V));
}

LineMeasure uniform_law(double lower, double upper) {
  require(std::isfinite(lower) && std::isfinite(upper) && lower < upper,
          "uniform_law: needs lower < upper");
  LinePotential V;
  V.value = [](double) { return 0.0; };
  V.slope = [](double) { return 0.0; };
  V.curvature = [](double) { return 0.0; };
  V.lower = lower;
  V.upper = upper;
  V.centre = lower + 0.5 * (upper - lower);
  V.curvature_lower = 0.0;
  V.curvature_is_sharp = true;
  const double width = upper - lower;
  V.log_normaliser = formula(std::log(width), 1.0);
  V.mean = formula(V.centre, std::abs(lower) + std::abs(upper));
  V.variance = formula(width * width / 12.0);
  V.entropy = V.log_normaliser;
  return LineMeasure(std::move(V));
}

LineMeasure two_interval_law(double inner, double outer) {
  require(inner > 0.0 && std::isfinite(outer) && inner < outer,
          "two_interval_law: needs 0 < inner < outer");
  LinePotential V;
  V.value = [inner](double x) { return std::abs(x) < inner ? infinity : 0.0; };
  V.slope = [](double) { return 0.0; };
  V.curvature = [](double) { return 0.0; };
  V.lower = -outer;
  V.upper = outer;
  V.centre = 0.5 * (inner + outer);
  V.kinks = {-inner, inner};
  V.curvature_is_sharp = true;  // there is no κ on a support that is not convex
  V.log_normaliser = formula(std::log(2.0 * (outer - inner)), 1.0);
  V.mean = 0.0;
  V.variance = formula((outer * outer + outer * inner + inner * inner) / 3.0);
  V.entropy = V.log_normaliser;
  return LineMeasure(std::move(V));
}

LineMeasure truncated_gaussian_law(double kappa, double half_diameter) {
  const double D = half_diameter;
  require(std::isfinite(kappa) && std::isfinite(D) && D > 0.0,
          "truncated_gaussian_law: the half diameter must be positive");
  LinePotential V;
  V.value = [kappa](double x) { return 0.5 * kappa * x * x; };
  V.slope = [kappa](double x) { return kappa * x; };
  V.curvature = [kappa](double) { return kappa; };
  V.lower = -D;
  V.upper = D;
  V.curvature_lower = kappa;
  V.curvature_is_sharp = true;
  const double exponent = kappa < 0.0 ? -0.5 * kappa * D * D : std::abs(std::log(D));
  const double log_mass = log_truncated_gaussian_mass(kappa, D);
  const double variance = truncated_gaussian_variance(kappa, D);
  V.log_normaliser = formula(log_mass, 1.0 + exponent);
  V.mean = 0.0;
  V.variance = formula(variance);
  V.entropy = formula(log_mass + 0.5 * kappa * variance, 1.0 + exponent);
  return LineMeasure(std::move(V));
}

LineMeasure tilted_uniform_law(double c, double half_diameter) {
  const double D = half_diameter;
  require(std::isfinite(c) && std::isfinite(D) && D > 0.0,
          "tilted_uniform_law: the half diameter must be positive");
  LinePotential V;
  V.value = [c](double x) { return -c * x; };
  V.slope = [c](double) { return -c; };
  V.curvature = [](double) { return 0.0; };
  V.lower = -D;
  V.upper = D;
  V.curvature_lower = 0.0;
  V.curvature_is_sharp = true;
  const double a = std::abs(c) * D;
  V.log_normaliser = a == 0.0 ? formula(std::log(2.0 * D), 1.0)
                              : formula(a + std::log(-std::expm1(-2.0 * a) / std::abs(c)), 1.0 + a);
  return LineMeasure(std::move(V));
}

LineMeasure cusp_law(double L) {
  require(std::isfinite(L), "cusp_law: L must be finite");
  LinePotential V;
  // About the peaks at ±L where they are, so that large L costs no digits.
  V.value = [L](double x) {
    return L > 0.0 ? 0.5 * square_of(std::abs(x) - L) : std::abs(x) * (0.5 * std::abs(x) - L);
  };
  V.slope = [L](double x) { return x - L * sign_of(x); };
  V.curvature = [](double) { return 1.0; };
  V.kinks = {0.0};
  if (L > 0.0) V.landmarks = {-L, L};
  if (L <= 0.0) V.curvature_lower = 1.0;
  if (L >= 0.0) V.curvature_upper = 1.0;
  V.curvature_is_sharp = true;
  V.log_lipschitz = std::abs(L);
  // ∫e^{L|x|}φ = 2Φ(L)e^{L²/2}; the peak's e^{L²/2} is left out of V above.
  const double log_mass =
      0.5 * std::log(2.0 * pi) +
      (L > 0.0 ? std::log(2.0 * normal_cdf(L)) : std::log(scaled_erfc(-L / std::numbers::sqrt2)));
  const double variance = cusp_variance(L);
  V.log_normaliser = formula(log_mass, 3.0);
  V.mean = 0.0;
  V.variance = formula(variance);
  // E V from E x² and E|x|; for L > 0, (|x| − L)²/2 has E = 1/2 − L φ(L)/(2Φ(L)).
  if (L > 0.0) {
    V.entropy = formula(log_mass + 0.5 - 0.5 * L * normal_density(L) / normal_cdf(L), 3.0);
  } else {
    V.entropy = formula(log_mass + 0.5 * variance - L * half_line_mean(-L), 4.0);
  }
  return LineMeasure(std::move(V));
}

LineMeasure laplace_law(double scale) {
  require(std::isfinite(scale) && scale > 0.0, "laplace_law: the scale must be positive");
  LinePotential V;
  V.value = [scale](double x) { return std::abs(x) / scale; };
  V.slope = [scale](double x) { return sign_of(x) / scale; };
  V.curvature = [](double) { return 0.0; };
  V.kinks = {0.0};
  V.curvature_lower = 0.0;
  V.curvature_is_sharp = true;
  V.log_normaliser = formula(std::log(2.0 * scale), 1.0);
  V.mean = 0.0;
  V.variance = formula(2.0 * scale * scale);
  V.entropy = formula(1.0 + std::log(2.0 * scale), 2.0);
  return LineMeasure(std::move(V));
}

LineMeasure student_law(double degrees_of_freedom) {
  const double nu = degrees_of_freedom;
  require(std::isfinite(nu) && nu > 0.0, "student_law: needs nu > 0");
  const double root = std::sqrt(nu);
  LinePotential V;
  // Beyond 1e154 the square of x is no double.
  V.value = [nu, root](double x) {
    const double y = std::abs(x / root);
    return y < 1.0 ? 0.5 * (nu + 1.0) * std::log1p(y * y)
                   : (nu + 1.0) * (std::log(y) + 0.5 * std::log1p(square_of(1.0 / y)));
  };
  V.slope = [nu](double x) { return x == 0.0 ? 0.0 : (nu + 1.0) / (x + nu / x); };
  V.curvature = [nu](double x) {
    if (x == 0.0) return (nu + 1.0) / nu;
    const double a = 1.0 / (x + nu / x);
    return (nu + 1.0) * a * (nu / x - x) / x * a;
  };
  V.curvature_upper = (nu + 1.0) / nu;
  V.curvature_lower = -0.125 * (nu + 1.0) / nu;  // at x² = 3ν
  V.curvature_is_sharp = true;
  // √(νπ) Γ(ν/2)/Γ((ν + 1)/2): a difference of log Γ loses ν log ν units.
  V.log_normaliser =
      formula(0.5 * std::log(nu * pi) + std::log(boost::math::tgamma_delta_ratio(0.5 * nu, 0.5)),
              4.0 + std::abs(std::log(nu)));
  if (nu > 1.0) V.mean = 0.0;
  if (nu > 2.0) V.variance = formula(nu / (nu - 2.0));
  return LineMeasure(std::move(V));
}

LineMeasure gaussian_mixture_law(std::vector<double> weights,
                                 std::vector<double> means,
                                 std::vector<double> standard_deviations) {
  require(!weights.empty() && weights.size() == means.size() &&
              weights.size() == standard_deviations.size(),
          "gaussian_mixture_law: needs as many weights, means and standard deviations, not none");
  double sum = 0.0;
  for (const double w : weights) {
    require(w >= 0.0, "gaussian_mixture_law: weights must not be negative");
    sum += w;
  }
  require(std::abs(sum - 1.0) <= 1e-9, "gaussian_mixture_law: the weights must sum to one");

  struct Component {
    double log_weight;  // log(w/s), the density's height up to √(2π)
    double weight;
    double mean;
    double deviation;
  };
  std::vector<Component> components;
  double largest = 0.0;
  double smallest = infinity;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    require(std::isfinite(means[i]) && std::isfinite(standard_deviations[i]) &&
                standard_deviations[i] > 0.0,
            "gaussian_mixture_law: standard deviations must be positive, means finite");
    if (weights[i] == 0.0) continue;
    const double w = weights[i] / sum;
    const double s = standard_deviations[i];
    components.push_back({std::log(w / s), w, means[i], s});
    largest = std::max(largest, s);
    smallest = std::min(smallest, s);
  }
  std::sort(components.begin(), components.end(),
            [](const Component& a, const Component& b) { return a.mean < b.mean; });

  // Posterior mean and variance over the components of z/s and 1/s², z = (x − m)/s, by a
  // log-sum-exp.
  struct Moments {
    double value = 0.0;      // V
    double slope = 0.0;      // Σ pᵢ zᵢ/sᵢ
    double curvature = 0.0;  // Σ pᵢ/sᵢ² − Var(z/s)
  };
  const auto at = [components](double x) {
    double best = -infinity;
    for (const Component& c : components) {
      best = std::max(best, c.log_weight - 0.5 * square_of((x - c.mean) / c.deviation));
    }
    double mass = 0.0;
    double first = 0.0;
    double precision = 0.0;
    for (const Component& c : components) {
      const double z = (x - c.mean) / c.deviation;
      const double p = std::exp(c.log_weight - 0.5 * z * z - best);
      mass += p;
      first += p * z / c.deviation;
      precision += p / square_of(c.deviation);
    }
    first /= mass;
    double spread = 0.0;
    for (const Component& c : components) {
      const double z = (x - c.mean) / c.deviation;
      spread += std::exp(c.log_weight - 0.5 * z * z - best) * square_of(z / c.deviation - first);
    }
    return Moments{-best - std::log(mass), first, (precision - spread) / mass};
  };

  LinePotential V;
  V.value = [components](double x) {
    double best = -infinity;
    for (const Component& c : components) {
      best = std::max(best, c.log_weight - 0.5 * square_of((x - c.mean) / c.deviation));
    }
    double mass = 0.0;
    for (const Component& c : components) {
      const double term = c.log_weight - 0.5 * square_of((x - c.mean) / c.deviation) - best;
      if (term > -50.0) mass += std::exp(term);  // e^{−50} is below round-off
    }
    return -best - std::log(mass);
  };
  V.slope = [at](double x) { return at(x).slope; };
  V.curvature = [at](double x) { return at(x).curvature; };

  double mean = 0.0;
  for (const Component& c : components) mean += c.weight * c.mean;
  double variance = 0.0;
  for (const Component& c : components) {
    variance += c.weight * (square_of(c.deviation) + square_of(c.mean - mean));
  }
  const double scale =
      std::max(std::abs(components.front().mean), std::abs(components.back().mean));
  V.centre = mean;
  for (const Component& c : components) V.landmarks.push_back(c.mean);
  std::sort(V.landmarks.begin(), V.landmarks.end());
  V.landmarks.erase(std::unique(V.landmarks.begin(), V.landmarks.end()), V.landmarks.end());
  V.mean = formula(mean, scale);
  V.variance = formula(variance, variance + round_off(scale, 1) * scale);
  V.log_normaliser = formula(0.5 * std::log(2.0 * pi), 1.0);
  V.curvature_upper = 1.0 / square_of(smallest);
  const double R = 0.5 * (components.back().mean - components.front().mean);
  if (smallest == largest) {
    V.mixture_scale = smallest;
    V.mixture_radius = R;
    const double precision = 1.0 / square_of(smallest);
    V.curvature_lower = precision - square_of(R * precision);
    // Sharp for two centres: U″ ranges over [1/σ² − R²/σ⁴, 1/σ²) whatever the weights.
    V.curvature_is_sharp = components.size() <= 2;
    if (smallest == 1.0) V.log_lipschitz = scale;
  } else {
    V.mixture_scale = smallest;
    const GaussianMixture p = as_mixture(weights, means, standard_deviations);
    V.least_curvature = [p] { return -largest_log_density_curvature(p).value; };
    V.largest_curvature = [p] { return -smallest_log_density_curvature(p).value; };
  }
  return LineMeasure(std::move(V));
}

}  // namespace flowcheck
