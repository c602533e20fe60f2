#include "proximal/line_jko_chain.hpp"

#include "numerics/require.hpp"

#include <cstddef>
#include <utility>

namespace flowcheck {

double LineJkoChain::step_size(int n) const {
  return step_sizes.at(static_cast<std::size_t>(n - 1));
}
const LineMap& LineJkoChain::operator[](int n) const {
  return iterates.at(static_cast<std::size_t>(n));
}
Estimate LineJkoChain::objective(int n) const {
  return value(functional, (*this)[n]);
}
Estimate LineJkoChain::gap(int n) const {
  return objective(n) - value(functional, target);
}
Estimate LineJkoChain::w2_to_target(int n) const {
  return w2((*this)[n], target);
}
Estimate LineJkoChain::slope(int n) const {
  return flowcheck::slope(functional, (*this)[n]).norm;
}
Estimate LineJkoChain::step_length(int n) const {
  return w2((*this)[n - 1], (*this)[n]);
}
Estimate LineJkoChain::error(int n) const {
  return errors.at(static_cast<std::size_t>(n - 1));
}

Estimate LineJkoChain::largest_error(int n) const {
  Estimate largest = 0.0;
  for (int k = 1; k <= n; ++k) largest = max(largest, error(k));
  return largest;
}

LineJkoChain line_jko_chain(const LineMap& start,
                            const LineFunctional& G,
                            const JkoChainOptions& options) {
  const auto answered = [](LineJkoResult result) {
    require(result.termination == Termination::converged,
            "line_jko_chain: a step did not converge");
    return result;
  };
  LineJkoChain chain{.functional = G,
                     .target = answered(line_minimiser(start.grid(), G)).step,
                     .step_sizes = options.step_sizes,
                     .iterates = {start},
                     .errors = {}};
  std::uint64_t n = 0;
  for (const double gamma : options.step_sizes) {
    const InexactStepOptions step{.error = options.error,
                                  .field = options.field,
                                  .seed = derive_seed(options.seed, "line_jko_chain", ++n)};
    LineJkoResult result =
        answered(inexact_line_jko_step(chain.iterates.back(), G, gamma, chain.target, step));
    chain.errors.push_back(result.error);
    chain.iterates.push_back(std::move(result.step));
  }
  return chain;
}

}  // namespace flowcheck
