#include "distances/pricing_kernel_lanes.hpp"

flowcheck::ScanFunction flowcheck::scan_portable(std::ptrdiff_t dimension) {
  return scan_for(dimension);
}
