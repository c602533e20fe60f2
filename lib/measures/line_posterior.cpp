#include "measures/line_posterior.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <boost/math/quadrature/gauss.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

constexpr double log_sqrt_two_pi = 0.91893853320467274178;

void check_clock(double r, double y) {
  require(r >= 0.0 && std::isfinite(r), "posterior: r must be a number that is not negative");
  require(std::isfinite(y), "posterior: y must be finite");
}

// Moments of a density known by nodes, points counted from `origin`.
struct Nodes {
  std::vector<double> offset = {};
  std::vector<double> weight = {};

  double moment(int power, double centre) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < offset.size(); ++i) {
      double term = weight[i];
      for (int k = 0; k < power; ++k) term *= offset[i] - centre;
      sum += term;
    }
    return sum;
  }
};

struct PlainMoments {
  double mass = 0.0;
  double mean = 0.0;  // from the origin
  double variance = 0.0;
  double third = 0.0;
  double third_size = 0.0;   // E|x − mean|³
  double third_reach = 0.0;  // E|x||x − mean|³
};

PlainMoments moments_of(const Nodes& nodes) {
  PlainMoments result;
  result.mass = nodes.moment(0, 0.0);
  result.mean = nodes.moment(1, 0.0) / result.mass;
  result.variance = nodes.moment(2, result.mean) / result.mass;
  result.third = nodes.moment(3, result.mean) / result.mass;
  for (std::size_t i = 0; i < nodes.offset.size(); ++i) {
    const double x = nodes.offset[i];
    const double size = nodes.weight[i] * std::pow(std::abs(x - result.mean), 3) / result.mass;
    result.third_size += size;
    result.third_reach += size * std::abs(x);
  }
  return result;
}

// A piece [0, length] · direction from `start`, cut at multiples of the decay length w: e^{−42} is
// left out beyond the last.
constexpr std::array<double, 11> cuts = {0.0,  1.0,  2.0,  3.5,  5.0, 7.5,
                                         11.0, 16.0, 23.0, 31.0, 42.0};

template <unsigned Count, class Density>
void add_piece(
    Nodes& nodes, double start, double direction, double length, double w, const Density& density) {
  const auto& abscissa = boost::math::quadrature::gauss<double, Count>::abscissa();
  const auto& weight = boost::math::quadrature::gauss<double, Count>::weights();
  for (std::size_t i = 0; i + 1 < cuts.size() && w * cuts[i] < length; ++i) {
    const double a = w * cuts[i];
    const double b = std::min(w * cuts[i + 1], length);
    const double half = 0.5 * (b - a);
    const auto add = [&](double t, double node_weight) {
      const double x = start + direction * (0.5 * (a + b) + half * t);
      nodes.offset.push_back(x);
      nodes.weight.push_back(half * node_weight * density(x));
    };
    for (std::size_t j = 0; j < abscissa.size(); ++j) {
      add(abscissa[j], weight[j]);
      if (abscissa[j] != 0.0) add(-abscissa[j], weight[j]);
    }
  }
}

// e^{sξ − kξ²/2} on [−D, D], offsets from the mode.
template <unsigned Count>
PlainMoments tilted_moments(double k, double s, double D, double mode) {
  const double slope = s - k * mode;
  const auto density = [&](double x) { return std::exp(x * (slope - 0.5 * k * x)); };
  Nodes nodes;
  const auto decay = [&](double steepness) {
    return std::min(
        {k > 0.0 ? 1.0 / std::sqrt(k) : infinity, steepness > 0.0 ? 1.0 / steepness : infinity, D});
  };
  if (k >= 0.0 || std::abs(s) >= -k * D) {
    // One mode. A convex exponent (k < 0) decays at half its first slope at least.
    const double w = decay(std::abs(slope)) * (k < 0.0 ? 2.0 : 1.0);
    add_piece<Count>(nodes, 0.0, 1.0, D - mode, w, density);
    add_piece<Count>(nodes, 0.0, -1.0, D + mode, w, density);
  } else {
    // Two ends, and the least density between them.
    const double valley = s / k;
    const double right = s - k * D;
    const double left = -s - k * D;
    add_piece<Count>(nodes, D - mode, -1.0, D - valley, 2.0 * decay(right), density);
    add_piece<Count>(nodes, -D - mode, 1.0, D + valley, 2.0 * decay(left), density);
  }
  return moments_of(nodes);
}

Estimate two_rules(double fine, double coarse, double round_off) {
  return Estimate::converged(fine, std::abs(fine - coarse), round_off);
}

}  // namespace

LinePosteriorMoments truncated_gaussian_posterior(double kappa,
                                                  double half_diameter,
                                                  double r,
                                                  double y) {
  check_clock(r, y);
  const double D = half_diameter;
  require(std::isfinite(D) && D > 0.0,
          "truncated_gaussian_posterior: the half diameter must be positive");
  require(std::isfinite(kappa), "truncated_gaussian_posterior: kappa must be finite");
  const double k = kappa + r * r;
  const double s = r * y;
  const double mode = k > 0.0 ? std::clamp(s / k, -D, D) : std::copysign(D, s);
  const PlainMoments fine = tilted_moments<20>(k, s, D, mode);
  const PlainMoments coarse = tilted_moments<15>(k, s, D, mode);

  // A node's weight is off by u·(64 + steepness·|x|), x its offset from the mode: s and k are
  // rounded, and so is the slope made of them; 64 for the exponential, the rule and the sums. The
  // lesser moments take |x| for the spread.
  const double spread = std::sqrt(fine.variance);
  const double steepness = 4.0 * (std::abs(s) + (std::abs(kappa) + r * r) * std::abs(mode));
  const double relative = unit_round_off * (64.0 + spread * steepness);
  const double mean_error = relative * (std::abs(fine.mean) + spread);
  LinePosteriorMoments result;
  result.mean = two_rules(mode + fine.mean, mode + coarse.mean,
                          mean_error + 2.0 * unit_round_off * std::abs(mode));
  result.variance = two_rules(fine.variance, coarse.variance, relative * fine.variance);
  // Of the third: the weights' errors where |x − mean|³ has them, the mass's, and the mean's own
  // through the slope −3 variance. Where a little mass lies far off, the first is more than any
  // power of the spread.
  const double of_weights =
      unit_round_off * (64.0 * fine.third_size + steepness * fine.third_reach);
  result.third_moment =
      two_rules(fine.third, coarse.third,
                of_weights + relative * std::abs(fine.third) + 3.0 * fine.variance * mean_error);
  // log φ(y) + log ∫e^{sξ − kξ²/2} − log Z_D(κ), the squares completed where they can be.
  const double peak = s * mode - 0.5 * k * mode * mode;
  const double Z = log_truncated_gaussian_mass(kappa, D);
  const double size = 0.5 * y * y + std::abs(s * mode) + 0.5 * std::abs(k) * mode * mode +
                      std::abs(Z) + std::abs(std::log(fine.mass)) + 1.0;
  result.log_marginal = two_rules(-0.5 * y * y - log_sqrt_two_pi + peak + std::log(fine.mass) - Z,
                                  -0.5 * y * y - log_sqrt_two_pi + peak + std::log(coarse.mass) - Z,
                                  16.0 * unit_round_off * size);
  return result;
}

LinePosteriorMoments cusp_posterior(double L, double r, double y) {
  check_clock(r, y);
  require(std::isfinite(L), "cusp_posterior: L must be finite");
  // e^{L|ξ|} e^{−ξ²/2 + ryξ − r²ξ²/2}: on the right N(m + Lq², q²), on the left its mirror image.
  const double q = 1.0 / std::hypot(1.0, r);
  const double m = r * y * q * q;
  struct Half {
    double log_weight;
    double mean;  // of |ξ|
    double variance;
    double third;
  };
  const auto half = [&](double centre) {
    const double l = -(centre / q + L * q);
    return Half{L * centre + log_normal_cdf(-l), q * half_line_mean(l),
                q * q * half_line_variance(l), q * q * q * half_line_third_moment(l)};
  };
  const Half right = half(m);
  const Half left = half(-m);
  const double log_odds = right.log_weight - left.log_weight;
  const double w_right = 1.0 / (1.0 + std::exp(-log_odds));
  const double w_left = 1.0 / (1.0 + std::exp(log_odds));
  const double gap = right.mean + left.mean;
  const double d_right = w_left * gap;  // distances of the halves' means from the whole's
  const double d_left = -w_right * gap;

  const double mean = w_right * right.mean - w_left * left.mean;
  const double variance =
      w_right * right.variance + w_left * left.variance + w_right * w_left * gap * gap;
  const double third =
      w_right * (right.third + d_right * (3.0 * right.variance + d_right * d_right)) +
      w_left * (-left.third + d_left * (3.0 * left.variance + d_left * d_left));

  // The tilts' rounding moves a half's moments, the weights' logarithms move the odds.
  const double tilt = 16.0 * unit_round_off * (1.0 + std::abs(m / q) + std::abs(L * q));
  const double odds =
      w_right * w_left *
      (unit_round_off * 8.0 *
           (4.0 + std::abs(L * m) * 2.0 + std::abs(right.log_weight) + std::abs(left.log_weight)) +
       tilt * gap / q);
  const double spread = std::sqrt(variance);
  LinePosteriorMoments result;
  result.mean =
      Estimate::closed_form(mean, odds * gap + (tilt + 32.0 * unit_round_off) *
                                                   (w_right * right.mean + w_left * left.mean));
  result.variance =
      Estimate::closed_form(variance, odds * gap * gap + (tilt + 64.0 * unit_round_off) * variance);
  result.third_moment = Estimate::closed_form(
      third, odds * gap * gap * gap + (tilt + 128.0 * unit_round_off) * spread * spread * spread);
  // log φ(y) + log of the two halves' masses − log of 2Φ(L)e^{L²/2}, each half e^{(m ± Lq²)²/(2q²)}
  // q√(2π)Φ: the squares' common part is m²/(2q²) + L²q²/2.
  const double larger = std::max(right.log_weight, left.log_weight);
  const double sum = larger + std::log1p(std::exp(-std::abs(log_odds)));
  const double exponent = -0.5 * y * y * q * q + 0.5 * L * L * (q * q - 1.0);
  const double value =
      exponent - log_sqrt_two_pi + std::log(q) + sum - std::log(2.0) - log_normal_cdf(L);
  const double size =
      y * y + L * L + std::abs(L * m) + std::abs(sum) + std::abs(log_normal_cdf(L)) + 4.0;
  result.log_marginal = Estimate::closed_form(value, 16.0 * unit_round_off * size);
  return result;
}

LineMeasure posterior_law(const LineMeasure& p, double r, double y) {
  check_clock(r, y);
  LinePotential V = p.potential();
  const LinePotential& prior = p.potential();
  V.value = [prior, r, y](double x) {
    const double residual = r * x - y;
    return prior.value(x) + 0.5 * residual * residual;
  };
  V.slope = [prior, r, y](double x) { return prior.slope(x) + r * (r * x - y); };
  V.curvature = [prior, r](double x) { return prior.curvature(x) + r * r; };
  V.log_normaliser = V.mean = V.variance = V.entropy = std::nullopt;
  V.curvature_lower += r * r;
  V.curvature_upper += r * r;
  V.log_lipschitz = infinity;
  V.mixture_scale = 0.0;
  V.mixture_radius = infinity;
  // The likelihood's peak, and of prior and likelihood together the best point seen on the prior's
  // panels: the mass is near one of them.
  const std::vector<double> ends = p.panel_ends();
  double best = V.centre;
  for (const double x : ends) {
    if (x > V.lower && x < V.upper && V.value(x) < V.value(best)) best = x;
  }
  if (r > 0.0) {
    const double peak = y / r;
    if (peak > V.lower && peak < V.upper && std::isfinite(V.value(peak))) {
      V.landmarks.push_back(peak);
      if (V.value(peak) < V.value(best)) best = peak;
    }
  }
  V.landmarks.push_back(V.centre);
  V.centre = best;
  return LineMeasure(std::move(V));
}

LinePosteriorMoments posterior_moments(const LineMeasure& p, double r, double y) {
  const LineMeasure posterior = posterior_law(p, r, y);
  LinePosteriorMoments result;
  result.mean = posterior.mean();
  result.variance = posterior.variance();
  const double m = posterior.mean().value;
  result.third_moment = posterior.expectation([m](double x) { return std::pow(x - m, 3); });
  result.third_moment =
      widened(result.third_moment, 3.0 * posterior.variance().upper * posterior.mean().width());
  result.log_marginal = posterior.log_normaliser() - p.log_normaliser() - log_sqrt_two_pi;
  return result;
}

}  // namespace flowcheck
