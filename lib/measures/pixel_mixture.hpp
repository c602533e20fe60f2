#pragma once

#include "measures/gaussian_mixture.hpp"

namespace flowcheck {

/// The density that a grey picture of h × w pixels with weights g ≥ 0 stands for: a pixel drawn
/// with probability proportional to its weight, and one Gaussian a pixel,
///
///   p = Σ_rc (g_rc / G) · N((x_c, y_r), diag((4/w)², (4/h)²)),    G = Σ_rc g_rc,
///   x_c = −4 + 8c/(w − 1),    y_r = −4 + 8r/(h − 1),
///
/// row 0 the lowest, so that a picture shown first row on top is upside down. Pixels of weight
/// zero are no components; the others stand row by row. This is what the code of
/// [ChengLuTanXie2024] does with its rose and tree.
///
/// @param weights  g, h × w with h, w ≥ 2
/// @throws std::invalid_argument  smaller; negative or not finite weights, or all of them zero
GaussianMixture pixel_mixture(const Matrix& weights);

}  // namespace flowcheck
