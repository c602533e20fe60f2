#pragma once

#include "numerics/types.hpp"

#include <string_view>
#include <vector>

namespace flowcheck {

enum class Activation {
  silu,      ///< σ(h) = h/(1 + e^{−h})
  softplus,  ///< σ(h) = log(1 + e^{βh})/β
};
std::string_view to_string(Activation activation);

/// What a velocity network on ℝᵈ looks like: a_0 = x, or (x, t) with time input,
///
///   a_l = σ(W_l a_{l−1} + b_l),  l = 1 … L,    v(x, t) = W_{L+1} a_L + b_{L+1},
///
/// and with residual blocks a_l = a_{l−1} + σ(W_l a_{l−1} + b_l) for l ≥ 2. With F frequencies, a_0
/// also has sin(ω_kᵀx) and cos(ω_kᵀx), k = 1 … F, see network_frequencies(): details of a density
/// that waves show and long slopes do not.
struct NetworkShape {
  Index dimension = 2;                   ///< d
  std::vector<Index> widths = {64, 64};  ///< of the L ≥ 1 hidden layers
  bool time_input = true;                ///< false: one autonomous field
  bool residual = false;                 ///< all widths are equal then
  Activation activation = Activation::silu;
  double beta = 1.0;                ///< of softplus, > 0
  Index frequencies = 0;            ///< F ≥ 0; with them no gradient in the points
  double highest_frequency = 16.0;  ///< the largest scale of the ω_k, > ½

  Index input_count() const { return dimension + (time_input ? 1 : 0) + 2 * frequencies; }
  bool operator==(const NetworkShape&) const = default;
};

/// One affine map W a + b among a network's parameters: W column by column, then b.
struct NetworkLayer {
  Index inputs = 0;
  Index outputs = 0;
  Index weights = 0;  ///< where W starts
  Index biases = 0;   ///< where b starts
};

/// The L + 1 layers, in the order of their parameters.
std::vector<NetworkLayer> network_layers(const NetworkShape& shape);
Index parameter_count(const NetworkShape& shape);

/// The ω_k, F × d: scales s_k rising in equal ratios from ½ to the highest, times N(0, I). Fixed by
/// the shape.
Matrix network_frequencies(const NetworkShape& shape);

/// @throws std::invalid_argument  d < 1, no hidden layer, a width < 1, β ≤ 0 or not finite, or
///                                residual blocks of different widths
void require_network_shape(const NetworkShape& shape);

}  // namespace flowcheck
