#include "proximal/line_jko_chain.hpp"

#include "numerics/require.hpp"

#include <cstddef>
#include <utility>

namespace flowcheck {

namespace {

LineJkoResult answered(LineJkoResult result) {
  require(result.termination == Termination::converged, "line_jko_chain: a step did not converge");
  return result;
}

}  // namespace

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
  return line_jko_chain(start, G, answered(line_minimiser(start.grid(), G)).step, options);
}

LineJkoChain line_jko_chain(const LineMap& start,
                            const LineFunctional& G,
                            const LineMap& target,
                            const JkoChainOptions& options) {
  LineJkoChain chain{.functional = G,
                     .target = target,
                     .step_sizes = options.step_sizes,
                     .iterates = {start},
                     .errors = {}};
  for (std::size_t n = 0; n < options.step_sizes.size(); ++n) {
    const InexactStepOptions step{.error = options.error_of(n),
                                  .field = options.field,
                                  .seed = derive_seed(options.seed, "line_jko_chain", n + 1)};
    LineJkoResult result = answered(
        inexact_line_jko_step(chain.iterates.back(), G, options.step_sizes[n], target, step));
    chain.errors.push_back(result.error);
    chain.iterates.push_back(std::move(result.step));
  }
  return chain;
}

}  // namespace flowcheck
