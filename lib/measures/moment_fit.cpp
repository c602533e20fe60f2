#include "measures/moment_fit.hpp"

#include "numerics/require.hpp"
#include "numerics/spd.hpp"

namespace flowcheck {

Gaussian moment_fit(const Matrix& points) {
  require(points.cols() >= 2, "moment_fit: at least two points are needed");
  require(points.allFinite(), "moment_fit: the points must be finite");
  const Vector mean = points.rowwise().mean();
  const Matrix centred = points.colwise() - mean;
  const double degrees_of_freedom = static_cast<double>(points.cols() - 1);
  return {mean, symmetrised(centred * centred.transpose() / degrees_of_freedom)};
}

}  // namespace flowcheck
