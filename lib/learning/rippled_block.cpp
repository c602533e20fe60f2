#include "learning/rippled_block.hpp"

#include "learning/gaussian_block.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "numerics/types.hpp"

#include <boost/math/quadrature/gauss.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

using RippleArray = Eigen::ArrayXd;

// The law in units of its own: z = (x − m)/√S is N(0, 1), the wave cos(κz + θ).
struct Wave {
  double frequency = 0.0;  // κ = k√S
  double phase = 0.0;      // θ = km
  double mean = 0.0;       // c

  double operator()(double z) const { return std::cos(frequency * z + phase); }
};

Wave wave_of(const RippledBlockOptions& options) {
  const double frequency = options.frequency * std::sqrt(options.variance);
  const double phase = options.frequency * options.mean;
  return {frequency, phase, std::exp(-0.5 * frequency * frequency) * std::cos(phase)};
}

// |z| ≤ 12, beyond which N(0, 1) has 4e-33 of its mass, with what does not depend on time.
struct RippleGrid {
  RippleArray z = {};
  RippleArray weights = {};  // φ(z) dz
  RippleArray cosine = {};   // cos(κz + θ)
  RippleArray sine = {};
  RippleArray flux = {};  // H(z) = φ(z)⁻¹ ∫_{−∞}^z φ(y)(cos(κy + θ) − c) dy
};

// H(z) − H(w) φ(w)/φ(z), from w to z.
double flux_between(const Wave& wave, double w, double z) {
  using Rule = boost::math::quadrature::gauss<double, 10>;
  double sum = 0.0;
  for (std::size_t j = 0; j < Rule::abscissa().size(); ++j) {
    for (const double sign : {-1.0, 1.0}) {
      const double y = 0.5 * (w + z + sign * Rule::abscissa()[j] * (z - w));
      sum += Rule::weights()[j] * std::exp(0.5 * (z - y) * (z + y)) * (wave(y) - wave.mean);
    }
  }
  return 0.5 * (z - w) * sum;
}

// H from both ends towards the middle, where it forgets what it started from.
RippleGrid ripple_grid(const Wave& wave, int half) {
  constexpr double reach = 12.0;
  const double h = reach / half;
  RippleGrid grid;
  grid.z = h * RippleArray::LinSpaced(2 * half + 1, -half, half);
  grid.weights = h * grid.z.unaryExpr(&normal_density);
  grid.cosine = (wave.frequency * grid.z + wave.phase).cos();
  grid.sine = (wave.frequency * grid.z + wave.phase).sin();
  grid.flux = RippleArray::Zero(2 * half + 1);
  const auto step = [&](Index from, Index to) {
    const double w = grid.z(from);
    const double z = grid.z(to);
    grid.flux(to) = grid.flux(from) * std::exp(0.5 * (z - w) * (z + w)) + flux_between(wave, w, z);
  };
  for (Index i = 1; i <= half; ++i) step(i - 1, i);
  for (Index i = 2 * half; i > half + 1; --i) step(i, i - 1);
  return grid;
}

struct RippleSums {
  double squared_error = 0.0;
  double squared_gap = 0.0;  // ∫∫ ρ³/ρ̂² |s − ŝ|²
  double growth = 0.0;
  double chi_squared = 0.0;
  double to_noise = 0.0;
  double squared_overlap = 0.0;
};

// log ρ/q at x = m + √S z.
RippleArray log_ratio_to_noise(const RippledBlockOptions& options, const RippleArray& z) {
  const RippleArray x = options.mean + std::sqrt(options.variance) * z;
  return 0.5 * (x.square() - z.square() - std::log(options.variance));
}

template <unsigned Nodes>
RippleSums ripple_sums(const RippledBlockOptions& options, int half) {
  using Rule = boost::math::quadrature::gauss<double, Nodes>;
  const Wave wave = wave_of(options);
  const RippleGrid grid = ripple_grid(wave, half);
  const double S = options.variance;
  RippleSums sums;
  const auto add = [&](double t, double weight) {
    const double ta = t * options.amplitude;
    const double mass = 1.0 + ta * wave.mean;
    const RippleArray shape = 1.0 + ta * grid.cosine;                         // (1 + tac) ρ̂/ρ
    const RippleArray field = -options.amplitude / mass * grid.flux / shape;  // v̂/√S
    const RippleArray slope = -ta * wave.frequency * grid.sine / shape;  // √S (log ρ̂/ρ)′
    const RippleArray r = mass / shape;                                  // ρ/ρ̂
    sums.squared_error += weight * S * (grid.weights * field.square()).sum();
    sums.squared_gap += weight / S * (grid.weights * r.square() * slope.square()).sum();
    sums.growth += 2.0 * weight * (grid.weights * field * r * slope).sum();
  };
  for (std::size_t j = 0; j < Rule::abscissa().size(); ++j) {
    add(0.5 * (1.0 - Rule::abscissa()[j]), 0.5 * Rule::weights()[j]);
    add(0.5 * (1.0 + Rule::abscissa()[j]), 0.5 * Rule::weights()[j]);
  }
  // w = ρ̂_1/ρ − 1 and u = ρ/q − 1, from which both ends' differences are sums without cancellation.
  const double a = options.amplitude;
  const RippleArray w = a * (grid.cosine - wave.mean) / (1.0 + a * wave.mean);
  const RippleArray log_ratio = log_ratio_to_noise(options, grid.z);
  const RippleArray u = log_ratio.unaryExpr([](double l) { return std::expm1(l); });
  const RippleArray gap = u + w + u * w;  // ρ̂_1/q − 1
  sums.chi_squared = (grid.weights * w.square() / (1.0 + w)).sum();
  // ∫q gap², q = ρ/(1 + u); a multiple of ∫q gap = 0 is not needed.
  sums.to_noise = (grid.weights * (-log_ratio).exp() * gap.square()).sum();
  sums.squared_overlap = (grid.weights * (1.0 + w) * (2.0 + u + gap).square()).sum();
  return sums;
}

// Points to a unit of z. The harmonics of 1/(1 + a cos) fall like rᵐ, r = (1 − √(1 − a²))/a, and
// the trapezoidal rule takes those beyond its points to a wave for others: r^m ≤ 3e-10 on the
// coarse grid, its square on the fine one.
double points_for(const RippledBlockOptions& options, const Wave& wave) {
  const double a = options.amplitude;
  const double r = a / (1.0 + std::sqrt(1.0 - a * a));
  const double per_wave = std::max(20.0, -28.0 / std::log(r));
  return wave.frequency * per_wave / (2.0 * std::numbers::pi);
}

}  // namespace

RippledBlock rippled_block(const RippledBlockOptions& options) {
  require(options.amplitude > 0.0 && options.amplitude < 1.0 && options.frequency > 0.0,
          "rippled_block: the amplitude must be in (0, 1), the frequency positive");
  require(options.variance > 0.0 && options.variance <= 1.0,
          "rippled_block: the variance must be in (0, 1]");
  const Wave wave = wave_of(options);
  const int half = std::max(200, static_cast<int>(std::ceil(12.0 * points_for(options, wave))));
  const RippleSums coarse = ripple_sums<20>(options, half);
  const RippleSums fine = ripple_sums<30>(options, 2 * half);
  const auto estimate = [&](double RippleSums::*sum) {
    return Estimate::converged(fine.*sum, std::abs(fine.*sum - coarse.*sum),
                               round_off(10.0 * std::abs(fine.*sum), 1));
  };
  const double peak = (1.0 + options.amplitude) / (1.0 + options.amplitude * wave.mean);
  return {.error = sqrt(estimate(&RippleSums::squared_error)),
          .sensitivity = 2.0 * sqrt(estimate(&RippleSums::squared_gap)),
          .growth = estimate(&RippleSums::growth),
          .chi_squared = estimate(&RippleSums::chi_squared),
          .to_noise = estimate(&RippleSums::to_noise),
          .overlap = sqrt(estimate(&RippleSums::squared_overlap)),
          .supremum = supremum_to_noise({.mean = options.mean, .variance = options.variance}) *
                      Estimate::closed_form(peak, round_off(2.0, 1))};
}

}  // namespace flowcheck
