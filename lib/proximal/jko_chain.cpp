#include "proximal/jko_chain.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "numerics/require.hpp"
#include "numerics/spd.hpp"

#include <Eigen/LU>

#include <cstddef>

namespace flowcheck {

double JkoChainOptions::error_of(std::size_t step) const {
  return errors.empty() ? error : errors.at(step);
}

double JkoChain::step_size(int n) const {
  return step_sizes.at(static_cast<std::size_t>(n - 1));
}
const Gaussian& JkoChain::operator[](int n) const {
  return iterates.at(static_cast<std::size_t>(n));
}

Estimate JkoChain::w2_to_target(int n) const {
  return w2((*this)[n], target);
}
Estimate JkoChain::kl_to_target(int n) const {
  return kl((*this)[n], target);
}
Estimate JkoChain::fisher_norm(int n) const {
  return flowcheck::fisher_norm((*this)[n], target);
}
Estimate JkoChain::step_length(int n) const {
  return w2((*this)[n - 1], (*this)[n]);
}

Estimate JkoChain::error(int n) const {
  return first_order_error((*this)[n - 1], (*this)[n], target, step_size(n)).norm;
}

Estimate JkoChain::largest_error(int n) const {
  Estimate largest = 0.0;
  for (int k = 1; k <= n; ++k) largest = max(largest, error(k));
  return largest;
}

JkoChain jko_chain(const Gaussian& start, const Gaussian& target, const JkoChainOptions& options) {
  JkoChain chain{.target = target, .step_sizes = options.step_sizes, .iterates = {start}};
  chain.iterates.reserve(options.step_sizes.size() + 1);
  for (std::size_t n = 0; n < options.step_sizes.size(); ++n) {
    const InexactStepOptions step{.error = options.error_of(n),
                                  .field = options.field,
                                  .seed = derive_seed(options.seed, "jko_chain", n + 1)};
    chain.iterates.push_back(
        inexact_jko_step(chain.iterates.back(), target, options.step_sizes[n], step));
  }
  return chain;
}

std::vector<double> constant_steps(double step_size, int count) {
  require(count >= 0, "constant_steps: count must not be negative");
  return std::vector<double>(static_cast<std::size_t>(count), step_size);
}

std::vector<AffineMap> forward_blocks(const JkoChain& chain) {
  std::vector<AffineMap> blocks;
  for (int n = 1; n <= chain.steps(); ++n) blocks.push_back(optimal_map(chain[n - 1], chain[n]));
  return blocks;
}

std::vector<Gaussian> reverse_process(const JkoChain& chain) {
  return inexact_reverse_process(chain, 0.0);
}

std::vector<Gaussian> inexact_reverse_process(const JkoChain& chain, double inversion_error) {
  require(inversion_error >= 0.0,
          "inexact_reverse_process: the inversion error must not be negative");
  const std::vector<AffineMap> blocks = forward_blocks(chain);
  std::vector<Gaussian> laws(chain.iterates.size(), chain.target);
  for (std::size_t n = blocks.size(); n > 0; --n) {
    const AffineMap& F = blocks[n - 1];
    AffineMap S = inverse(F);
    S.offset += S.linear * (inversion_error * smallest_eigenpair(F.linear).vector);
    laws[n - 1] = pushforward(S, laws[n]);
  }
  return laws;
}

}  // namespace flowcheck
