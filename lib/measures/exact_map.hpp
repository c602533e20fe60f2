#pragma once

#include "measures/line_measure.hpp"

namespace flowcheck {

// The map of a Gaussian interpolation flow from noise to data, known exactly in one dimension: the
// increasing map T with T_#N(0, 1) = p, whatever the schedule.

/// T(z) = F⁻¹(Φ(z)), each tail carried by its own probability: for |z| < 37.
double map_from_normal(const LineMeasure& p, double z);

/// T′(z) = φ(z)/p(T(z)).
double map_from_normal_slope(const LineMeasure& p, double z);

/// T for the cusp e^{L|x|} N(0, 1), in closed form:
///
///   T(z) = sgn(z) (L − Φ⁻¹(2Φ(L) Φ(−|z|))),    T(0) = 0,    T′(0) = 2Φ(L) e^{L²/2}.
double cusp_map(double L, double z);
double cusp_map_slope(double L, double z);  ///< T′(z)

}  // namespace flowcheck
