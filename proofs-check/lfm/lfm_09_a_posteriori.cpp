#include "lfm/affine_blocks.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"

#include <string>
#include <variant>

namespace flowcheck {
namespace lfm_09 {

constexpr double unit = 1.0;

// b_n = e^{−2γ}b_{n−1} + B_n(ε_nS_n)^½ from what each block has measured of itself.
Outcome recursion(const AffineBlocks& problem) {
  std::vector<Bound> bounds;
  const BlockChain chain = problem.chain();
  Estimate bound = chain.start_to_noise();
  for (const BlockErrors& block : chain.blocks) {
    const std::string why = why_not_finite({{block.overlap, "B_n", finite_overlap},
                                            {block.sensitivity, "S_n", integrable},
                                            {block.error, "ε_n", finite_error}});
    if (!why.empty()) return Outcome::not_applicable(why);
    bound = exp(Estimate(-2.0 * block.step_size)) * bound +
            block.overlap * sqrt(block.error * block.sensitivity);
    bounds.push_back({.lhs = block.to_noise, .rhs = bound, .scale = unit});
  }
  return bounds;
}

AffineBlocks stated(const std::variant<LineNormal, GaussianMixture>& start) {
  return {.start = start,
          .blocks = {{.step_size = 0.1, .error = {.size = 0.01, .constant = 1.0, .slope = 0.0}}}};
}

// What is left of the one-step bound where B is taken for 1.
Outcome without_overlap(const AffineBlocks& problem) {
  const BlockErrors block = problem.chain().blocks.front();
  return Bound{.lhs = abs(block.to_noise - block.exact_to_noise), .rhs = sqrt(block.chi_squared)};
}

}  // namespace lfm_09

Claim lfm_09_a_posteriori() {
  using namespace lfm_09;
  return {
      .id = "LFM-09",
      .statement = "b_0 = χ²(p_0 ‖ q), b_n = e^{−2γ}b_{n−1} + B_n(ε_nS_n)^½ ⇒ χ²(p_n ‖ q) ≤ b_n",
      .source = "LFM-08 with each block's own constants",
      .provenance = Provenance::derived,
      .hypotheses = {finite_overlap, integrable},
      .instances = {random_blocks("affine fields", 10, recursion),
                    random_mixture_blocks("mixtures, d = 1", 4, recursion),
                    blocks_instance("three modes, d = 2", three_modes_chain(1), recursion),
                    blocks_instance("N(.6, .36), linear", dossier_chain(0.01), recursion)},
      .tight = {blocks_instance(
          "no error at all, N(0.01, 1)",
          equal_blocks(LineNormal{.mean = 0.01, .variance = 1.0}, 4, {.step_size = 0.3}),
          recursion)},
      .controls = {blocks_instance("B = 1", stated(LineNormal{.mean = 0.8, .variance = 0.9}),
                                   without_overlap),
                   blocks_instance("B = 1, two components", stated(split_normal(0.8, 0.9)),
                                   without_overlap)},
      .on_target = on_blocks_target(recursion),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
