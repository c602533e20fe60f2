#include "learning/block_errors.hpp"

namespace flowcheck {

Estimate BlockChain::largest_error() const {
  Estimate largest = 0.0;
  for (const BlockErrors& block : blocks) largest = max(largest, block.error);
  return largest;
}

Estimate BlockChain::largest_sensitivity() const {
  Estimate largest = 0.0;
  for (const BlockErrors& block : blocks) largest = max(largest, block.sensitivity);
  return largest;
}

Estimate BlockChain::supremum() const {
  Estimate largest = 0.0;
  for (const BlockErrors& block : blocks) {
    largest = max(largest, max(block.supremum, block.exact_supremum));
  }
  return largest;
}

}  // namespace flowcheck
