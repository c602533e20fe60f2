#include "lfm/affine_blocks.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"

#include <string>

namespace flowcheck {
namespace lfm_16 {

constexpr double unit = 1.0;

const char* const supremum_part = "M ε S";
const char* const overlap_part = "B (εS)^½";

// The last block goes to q itself, with the error of the others.
AffineBlocks with_free_end(AffineBlocks problem) {
  problem.blocks.back().step_size = infinity;
  return problem;
}

Outcome last_block_alone(const AffineBlocks& problem) {
  const BlockErrors last = with_free_end(problem).chain().blocks.back();
  const std::string why = why_not_finite({{last.overlap, "B_N", finite_overlap},
                                          {last.sensitivity, "S_N", integrable},
                                          {last.error, "ε_N", finite_error}});
  if (!why.empty()) return Outcome::not_applicable(why);
  const Estimate lhs = last.to_noise;
  std::vector<Bound> bounds;
  const std::string no_supremum = why_not_finite({{last.supremum, "sup p_N/q", envelope}});
  if (no_supremum.empty()) {
    bounds.push_back({.lhs = lhs,
                      .rhs = last.supremum * last.error * last.sensitivity,
                      .part = supremum_part,
                      .scale = unit});
  } else {
    bounds.push_back(left_out(supremum_part, no_supremum));
  }
  bounds.push_back({.lhs = lhs,
                    .rhs = last.overlap * sqrt(last.error * last.sensitivity),
                    .part = overlap_part,
                    .scale = unit});
  return bounds;
}

// Only the last block errs, and the sum over the others is taken for what bounds χ².
Outcome errors_of_others(const AffineBlocks& given) {
  AffineBlocks problem = with_free_end(given);
  for (std::size_t n = 0; n + 1 < problem.blocks.size(); ++n) problem.blocks[n].error.size = 0.0;
  const BlockChain chain = problem.chain();
  Estimate sum = 0.0;
  for (std::size_t n = 0; n + 1 < chain.blocks.size(); ++n) {
    const BlockErrors& block = chain.blocks[n];
    sum = sum + block.supremum * block.error * block.sensitivity;
  }
  return Bound{.lhs = chain.to_noise(), .rhs = sum};
}

}  // namespace lfm_16

Claim lfm_16_free_last_block() {
  using namespace lfm_16;
  const AffineBlocks four = dossier_chain(0.05, Interpolant::linear, 4);
  return {
      .id = "LFM-16",
      .statement = "p_N* = q ⇒ χ²(p_N ‖ q) ≤ sup(p_N/q) ε_N S_N, whatever blocks 1 … N − 1 do",
      .source = "the configuration of the released code; LFM-06 and LFM-10",
      .provenance = Provenance::derived,
      .hypotheses = {envelope, integrable, "the last block's right end is q"},
      .instances = {random_blocks("affine fields", 6, last_block_alone),
                    random_mixture_blocks("mixtures, d = 1", 3, last_block_alone),
                    blocks_instance("three modes, d = 2", three_modes_chain(1), last_block_alone),
                    blocks_instance("N(.6, .36), e = .05", four, last_block_alone),
                    blocks_instance("N(.6, .36), e = .005",
                                    dossier_chain(0.005, Interpolant::linear, 4),
                                    last_block_alone)},
      .controls = {blocks_instance("errors of the other blocks", four, errors_of_others),
                   blocks_instance("bimodal, errors of the other blocks", bimodal_chain(4),
                                   errors_of_others)},
      .on_target = on_blocks_target(last_block_alone, 4),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
