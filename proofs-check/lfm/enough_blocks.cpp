#include "lfm/enough_blocks.hpp"

#include "lfm/noising_problem.hpp"

#include <fmt/format.h>

#include <variant>

namespace flowcheck {
namespace {

// Blocks that are run: on the plane they take a second each.
double most_blocks(const AffineBlocks& problem) {
  const auto* p = std::get_if<GaussianMixture>(&problem.start);
  return p != nullptr && p->dimension() == 2 ? 12.0 : 60.0;
}

}  // namespace

BlockErrors first_block(const AffineBlocks& problem) {
  return equal_blocks(problem.start, 1, problem.blocks.front()).chain().blocks.front();
}

std::string why_no_number(const BlockErrors& first) {
  const std::string why = why_not_finite(
      {{first.start_to_noise, "χ²(p_0 ‖ q)", finite_start}, {first.error, "ε_1", finite_error}});
  if (!why.empty()) return why;
  return first.error.value > 0.0 ? "" : "ε > 0";
}

Bound end_of(const AffineBlocks& problem, const EndBound& bound, const EndDistance& distance) {
  const BlockChain chain = problem.chain();
  const Estimate C3 = sensitivity_bound(problem, chain);
  const std::string why = why_not_finite({{chain.supremum(), "M", envelope},
                                          {C3, "C₃", integrable},
                                          {chain.largest_error(), "ε", finite_error}});
  if (!why.empty()) return left_out(bound.part, why);
  return {.lhs = distance(problem, chain),
          .rhs = bound.value(chain, C3),
          .part = bound.part,
          .scale = 1.0};
}

Bound end_of_enough(const AffineBlocks& given,
                    const BlockErrors& first,
                    const EndBound& bound,
                    const EndDistance& distance) {
  const BlockOptions& block = given.blocks.front();
  const double count =
      blocks_needed(first.start_to_noise.value, first.error.value, block.step_size, bound.share);
  const double most = most_blocks(given);
  if (!(count <= most)) {
    return left_out(bound.part, fmt::format("left out: takes {:.0f} blocks, at most {:.0f} are run",
                                            count, most));
  }
  return end_of(equal_blocks(given.start, static_cast<int>(count), block), bound, distance);
}

}  // namespace flowcheck
