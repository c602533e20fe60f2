#include "measures/pixel_mixture.hpp"

#include "numerics/require.hpp"

namespace flowcheck {

GaussianMixture pixel_mixture(const Matrix& weights) {
  const Index h = weights.rows();
  const Index w = weights.cols();
  require(h >= 2 && w >= 2, "pixel_mixture: expected at least 2 x 2 pixels");
  require(weights.allFinite() && weights.minCoeff() >= 0.0,
          "pixel_mixture: a weight is negative or not finite");
  const double scale = weights.maxCoeff();
  require(scale > 0.0, "pixel_mixture: all weights are zero");

  const Index count = (weights.array() > 0.0).count();
  Vector chosen(count);
  Matrix centres(2, count);
  Index k = 0;
  for (Index r = 0; r < h; ++r) {
    for (Index c = 0; c < w; ++c) {
      if (!(weights(r, c) > 0.0)) continue;
      chosen(k) = weights(r, c) / scale;
      centres(0, k) = -4.0 + 8.0 * static_cast<double>(c) / static_cast<double>(w - 1);
      centres(1, k) = -4.0 + 8.0 * static_cast<double>(r) / static_cast<double>(h - 1);
      ++k;
    }
  }
  const Vector deviation(
      Eigen::Vector2d(4.0 / static_cast<double>(w), 4.0 / static_cast<double>(h)));
  return {chosen / chosen.sum(), centres, {deviation.cwiseAbs2().asDiagonal().toDenseMatrix()}};
}

}  // namespace flowcheck
