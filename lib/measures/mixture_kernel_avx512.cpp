#include "measures/mixture_kernel_lanes.hpp"

void flowcheck::mixture_block_avx512(const MixtureBlock& block) {
  mixture_block(block);
}
