#include "measures/mixture_kernel_lanes.hpp"

void flowcheck::mixture_block_portable(const MixtureBlock& block) {
  mixture_block(block);
}
