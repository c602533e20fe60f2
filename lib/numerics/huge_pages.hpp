#pragma once

#include "numerics/types.hpp"

namespace flowcheck {

/// A vector without values, whose memory Linux is asked to give in pages of 2 MB where it has them:
/// a first touch of each page of 4 kB costs more than the passes that fill it. Below 4 MB, and on
/// other systems, as Vector(size). The same rule as NumPy's for its arrays.
Vector large_vector(Index size);

}  // namespace flowcheck
