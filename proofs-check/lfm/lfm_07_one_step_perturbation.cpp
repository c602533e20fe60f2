#include "lfm/affine_blocks.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"

#include <string>

namespace flowcheck {
namespace lfm_07 {

constexpr double unit = 1.0;

const char* const exact_part = "B χ²(p_n* ‖ p_n)^½";
const char* const error_part = "B (εS)^½";
const char* const envelope_part = "B ≤ 2M";

Estimate change(const BlockErrors& block) {
  return abs(block.to_noise - block.exact_to_noise);
}

Outcome perturbation(const AffineBlocks& problem) {
  std::vector<Bound> bounds;
  for (const BlockErrors& block : problem.chain().blocks) {
    const std::string why = why_not_finite({{block.overlap, "B_n", finite_overlap},
                                            {block.sensitivity, "S_n", integrable},
                                            {block.error, "ε_n", finite_error}});
    if (!why.empty()) return Outcome::not_applicable(why);
    const Estimate lhs = change(block);
    bounds.push_back({.lhs = lhs,
                      .rhs = block.overlap * sqrt(block.chi_squared),
                      .part = exact_part,
                      .scale = unit});
    bounds.push_back({.lhs = lhs,
                      .rhs = block.overlap * sqrt(block.error * block.sensitivity),
                      .part = error_part,
                      .scale = unit});
    const Estimate M = max(block.supremum, block.exact_supremum);
    if (const std::string no_M = why_not_finite({{M, "M", envelope}}); !no_M.empty()) {
      bounds.push_back(left_out(envelope_part, no_M));
      continue;
    }
    bounds.push_back({.lhs = block.overlap, .rhs = 2.0 * M, .part = envelope_part});
  }
  return bounds;
}

AffineBlocks stated() {
  return {.start = LineNormal{.mean = 0.6, .variance = 0.81},
          .blocks = {{.step_size = 0.3, .error = {.size = 0.02, .constant = 1.0, .slope = 0.0}}}};
}

Outcome without_root(const AffineBlocks& problem) {
  const BlockErrors block = problem.chain().blocks.front();
  return Bound{.lhs = change(block), .rhs = block.overlap * block.chi_squared};
}

}  // namespace lfm_07

Claim lfm_07_one_step_perturbation() {
  using namespace lfm_07;
  return {
      .id = "LFM-07",
      .statement =
          "|χ²(p_n ‖ q) − χ²(p_n* ‖ q)| ≤ B χ²(p_n* ‖ p_n)^½ ≤ B(εS)^½, B = (∫p_n((p_n "
          "+ p_n*)/q)²)^½ ≤ 2M",
      .source = "[XuChengXie2024] for the rate; constants derived",
      .provenance = Provenance::recalled,
      .hypotheses = {finite_overlap, envelope, integrable},
      .instances = {random_blocks("affine fields", 3, perturbation),
                    random_mixture_blocks("mixtures, d = 1", 2, perturbation),
                    blocks_instance("N(.6, .81), v̂ = v + .02", stated(), perturbation)},
      .controls = {blocks_instance("without the root", stated(), without_root),
                   blocks_instance("bimodal, without the root", bimodal_chain(1), without_root)},
      .on_target = on_blocks_target(perturbation, 3),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
