#include "flows/ensemble_kernel_lanes.hpp"

void flowcheck::ensemble_block_portable(const EnsembleBlock& block) {
  ensemble_block(block);
}
