#include "numerics/round_off.hpp"

namespace flowcheck {

double round_off(double scale, Index dimension) {
  return 64.0 * static_cast<double>(dimension) * unit_round_off * scale;
}

}  // namespace flowcheck
