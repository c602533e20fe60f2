#pragma once

#include <string_view>

namespace flowcheck {

/// I_t = A x_l + B x_r between a block's data x_l (t = 0) and their noised image x_r (t = 1).
enum class Interpolant {
  linear,         ///< 1 − t, t
  trigonometric,  ///< cos(πt/2), sin(πt/2)
};

/// Which x the right end x_r = e^{−γ}x + √(1 − e^{−2γ}) g is made of.
enum class Coupling {
  dependent,    ///< x = x_l
  shuffled,     ///< x = x_l, permuted within the sample: independent in the limit
  independent,  ///< an independent draw of the same law
};

std::string_view to_string(Interpolant interpolant);  ///< "linear", "trigonometric"
std::string_view to_string(Coupling coupling);        ///< "dependent", "shuffled", "independent"

struct InterpolantValues {
  double left = 1.0;        ///< A
  double right = 0.0;       ///< B
  double left_rate = 0.0;   ///< Ȧ
  double right_rate = 0.0;  ///< Ḃ
};

/// @param t  in [0, 1]; A and B vanish exactly at the ends
InterpolantValues interpolant_values(Interpolant interpolant, double t);

/// The Ornstein–Uhlenbeck step of a block, x ↦ e^{−γ}x + √(1 − e^{−2γ}) g. γ = +∞ is the free block
/// that ends a chain: x_r = g whatever x is.
struct OuStep {
  double decay = 1.0;  ///< e^{−γ}
  double noise = 0.0;  ///< √(1 − e^{−2γ}), by expm1
};

/// @throws std::invalid_argument  γ < 0 or NaN
OuStep ou_step(double step_size);

/// The dependent coupling's path, its right end written out: I_t = αx + βg with x of the data and
/// g ~ N(0, I) beside it, İ_t = α̇x + β̇g.
struct NoisingValues {
  double data = 1.0;        ///< α = A + Be^{−γ}
  double noise = 0.0;       ///< β = B√(1 − e^{−2γ})
  double data_rate = 0.0;   ///< α̇
  double noise_rate = 0.0;  ///< β̇
};

/// @param t  in [0, 1]
NoisingValues noising_values(Interpolant interpolant, const OuStep& step, double t);

}  // namespace flowcheck
