#include "learning/rippled_block.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "numerics/types.hpp"

#include <boost/math/quadrature/gauss.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck {
namespace {

// z from −12, beyond which N(0, 1) has 4e-33 of its mass, to 0, with what does not depend on time.
// All integrands are even in z.
struct RippleGrid {
  Vector weights = {};  // φ(z) dz, both halves counted
  Vector cosine = {};   // cos kz
  Vector sine = {};
  Vector flux = {};  // H(z) = φ(z)⁻¹ ∫_{−∞}^z φ(y)(cos ky − c) dy
};

// H from the left, where it is stable: H(z + h) = H(z) φ(z)/φ(z + h) + a short integral.
RippleGrid ripple_grid(double frequency, int points) {
  using Rule = boost::math::quadrature::gauss<double, 10>;
  constexpr double reach = 12.0;
  const double h = reach / points;
  const double c = std::exp(-0.5 * frequency * frequency);
  RippleGrid grid{Vector(points + 1), Vector(points + 1), Vector(points + 1), Vector(points + 1)};
  double H = 0.0;
  for (int i = 0; i <= points; ++i) {
    const double z = -reach + h * i;
    if (i > 0) {
      const double before = z - h;
      H *= std::exp(0.5 * (z - before) * (z + before));
      for (std::size_t j = 0; j < Rule::abscissa().size(); ++j) {
        for (const double sign : {-1.0, 1.0}) {
          const double y = z - 0.5 * h * (1.0 + sign * Rule::abscissa()[j]);
          H += 0.5 * h * Rule::weights()[j] * std::exp(0.5 * (z - y) * (z + y)) *
               (std::cos(frequency * y) - c);
        }
      }
    }
    grid.weights(i) = (i == points ? 1.0 : 2.0) * h * normal_density(z);
    grid.cosine(i) = std::cos(frequency * z);
    grid.sine(i) = std::sin(frequency * z);
    grid.flux(i) = H;
  }
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

// w = ρ̂/ρ − 1 at time t.
Eigen::ArrayXd ripple(const RippleGrid& grid, double ta, double c) {
  return ta * (grid.cosine.array() - c) / (1.0 + ta * c);
}

template <unsigned Nodes>
RippleSums ripple_sums(const RippledBlockOptions& options, int points) {
  using Rule = boost::math::quadrature::gauss<double, Nodes>;
  const RippleGrid grid = ripple_grid(options.frequency, points);
  const double c = std::exp(-0.5 * options.frequency * options.frequency);
  const double decay =
      options.coupling == Coupling::dependent ? ou_step(options.step_size).decay : 0.0;
  const Eigen::ArrayXd weights = grid.weights.array();
  RippleSums sums;
  const auto add = [&](double t, double weight) {
    const InterpolantValues at = interpolant_values(options.interpolant, t);
    const double variance =
        at.left * at.left + at.right * at.right + 2.0 * at.left * at.right * decay;
    const double ta = t * options.amplitude;
    const Eigen::ArrayXd shape = 1.0 + ta * grid.cosine.array();  // (1 + tac) ρ̂/ρ
    const Eigen::ArrayXd drift =
        -options.amplitude / (1.0 + ta * c) * grid.flux.array() / shape;  // (v̂ − v)/√S
    // (log ρ̂/ρ)′ √S, and with r = ρ/ρ̂: s − ŝ = −slope/√S, ∇r = −r slope/√S.
    const Eigen::ArrayXd slope = -ta * options.frequency * grid.sine.array() / shape;
    const Eigen::ArrayXd r = (1.0 + ta * c) / shape;
    sums.squared_error += weight * variance * (weights * drift.square()).sum();
    sums.squared_gap += weight / variance * (weights * r.square() * slope.square()).sum();
    sums.growth += 2.0 * weight * (weights * drift * r * slope).sum();
  };
  for (std::size_t j = 0; j < Rule::abscissa().size(); ++j) {
    add(0.5 * (1.0 - Rule::abscissa()[j]), 0.5 * Rule::weights()[j]);
    add(0.5 * (1.0 + Rule::abscissa()[j]), 0.5 * Rule::weights()[j]);
  }
  const Eigen::ArrayXd w = ripple(grid, options.amplitude, c);
  sums.chi_squared = (weights * w.square() / (1.0 + w)).sum();
  sums.to_noise = (weights * w.square()).sum();
  sums.squared_overlap = (weights * (1.0 + w) * (2.0 + w).square()).sum();
  return sums;
}

}  // namespace

RippledBlock rippled_block(const RippledBlockOptions& options) {
  require(options.amplitude > 0.0 && options.amplitude < 1.0 && options.frequency > 0.0,
          "rippled_block: the amplitude must be in (0, 1), the frequency positive");
  // Eight points a wave of the highest harmonic that counts, and no fewer than the bell needs.
  const int points = std::max(200, static_cast<int>(std::ceil(16.0 * options.frequency)));
  const RippleSums coarse = ripple_sums<10>(options, points);
  const RippleSums fine = ripple_sums<20>(options, 2 * points);
  const auto estimate = [&](double RippleSums::*sum) {
    return Estimate::converged(fine.*sum, std::abs(fine.*sum - coarse.*sum),
                               round_off(10.0 * std::abs(fine.*sum), 1));
  };
  const double c = std::exp(-0.5 * options.frequency * options.frequency);
  return {.error = sqrt(estimate(&RippleSums::squared_error)),
          .sensitivity = 2.0 * sqrt(estimate(&RippleSums::squared_gap)),
          .growth = estimate(&RippleSums::growth),
          .chi_squared = estimate(&RippleSums::chi_squared),
          .to_noise = estimate(&RippleSums::to_noise),
          .overlap = sqrt(estimate(&RippleSums::squared_overlap)),
          .supremum = Estimate::closed_form(
              (1.0 + options.amplitude) / (1.0 + options.amplitude * c), round_off(2.0, 1))};
}

}  // namespace flowcheck
