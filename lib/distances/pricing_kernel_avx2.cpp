#include "distances/pricing_kernel_lanes.hpp"

flowcheck::ScanFunction flowcheck::scan_avx2(std::ptrdiff_t dimension) {
  return scan_for(dimension);
}
