#pragma once

#include "measures/point_cloud.hpp"

#include <cstdint>
#include <vector>

namespace flowcheck {

/// The masses of a point cloud in units of 1/M. Point k has the mass mₖ + rₖ, where mₖ is an
/// integer and 0 ≤ rₖ is left over; the rₖ are known within `error` together.
struct IntegerMasses {
  std::vector<std::int64_t> masses = {};  ///< mₖ ≥ 0
  Vector leftover = {};                   ///< rₖ
  double error = 0.0;                     ///< Σ |rₖ − its exact value| ≤ error
};

/// Two clouds' masses in the same unit, with the same sum Σ mₖ.
struct MassPair {
  IntegerMasses first = {};
  IntegerMasses second = {};
  std::int64_t unit = 1;  ///< M < 2⁶²
};

/// M is the least common multiple where both clouds are uniform, a multiple of the uniform one's
/// count where one is, and nothing is left over for a uniform cloud; else M = 2⁶⁰.
MassPair integer_masses(const PointCloud& first, const PointCloud& second);

}  // namespace flowcheck
