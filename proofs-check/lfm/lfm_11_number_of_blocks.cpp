#include "lfm/affine_blocks.hpp"
#include "lfm/enough_blocks.hpp"
#include "lfm/lfm_claims.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace flowcheck {
namespace lfm_11 {

const char* const residual_part = "what is left of the start";

const EndBound root_bound{.part = "O(ε^½)"};
const EndBound sharp_bound{
    .part = "O(ε), twice the second logarithm", .value = sharp_end_bound, .share = 1.0};

// How N was chosen, which is arithmetic: no statement on blocks.
Bound residual(double start, double error, double step_size, double count) {
  return {.lhs = exp(Estimate(-2.0) * step_size * count) * Estimate(start),
          .rhs = sqrt(Estimate(error)),
          .part = residual_part,
          .auxiliary = true};
}

Estimate end_to_noise(const AffineBlocks&, const BlockChain& chain) {
  return chain.to_noise();
}

Outcome enough(const AffineBlocks& problem) {
  const BlockErrors first = first_block(problem);
  if (const std::string why = why_no_number(first); !why.empty()) {
    return Outcome::not_applicable(why);
  }
  const double start = first.start_to_noise.value;
  const double error = first.error.value;
  const double step_size = problem.blocks.front().step_size;
  return std::vector{residual(start, error, step_size, blocks_needed(start, error, step_size, 0.5)),
                     end_of_enough(problem, first, root_bound, end_to_noise),
                     end_of_enough(problem, first, sharp_bound, end_to_noise)};
}

// One block where eleven are asked for.
Outcome too_few_blocks(const AffineBlocks& problem) {
  return end_of(problem, root_bound, end_to_noise);
}

// χ²_0, γ and ε by themselves.
struct Numbers {
  double start = 5.0;
  double step_size = 0.3;
  double error = 1e-3;
};

Outcome residual_of(const Numbers& n) {
  return residual(n.start, n.error, n.step_size, blocks_needed(n.start, n.error, n.step_size, 0.5));
}

// γ such that N = 9 is no rounding.
Numbers without_rounding() {
  Numbers n;
  n.step_size = (std::log(n.start) - 0.5 * std::log(n.error)) / 18.0;
  return n;
}

Outcome without_error_term() {
  const Numbers n;
  const double count = std::ceil(std::log(n.start) / (2.0 * n.step_size));
  return residual(n.start, n.error, n.step_size, count);
}

Outcome one_block_less() {
  const Numbers n;
  return residual(n.start, n.error, n.step_size,
                  blocks_needed(n.start, n.error, n.step_size, 0.5) - 1.0);
}

}  // namespace lfm_11

Claim lfm_11_number_of_blocks() {
  using namespace lfm_11;
  return {
      .id = "LFM-11",
      .statement =
          "N ≥ (log χ²(p_0 ‖ q) + ½ log(1/ε))/(2γ) ⇒ χ²(p_N ‖ q) ≤ (1 + C₄/(1 − "
          "e^{−2γ}))ε^½",
      .source = "[XuChengXie2024], its corollary on N ~ log(1/ε); O(ε) by LFM-10",
      .provenance = Provenance::recalled,
      .hypotheses = {finite_start, envelope, integrable, "ε > 0"},
      .instances = {random_blocks("affine fields", 1, enough),
                    blocks_instance("bimodal", bimodal_chain(1), enough),
                    blocks_instance("N(.6, .36)", dossier_chain(0.01), enough),
                    {"χ²_0 = 5, γ = .3, ε = 1e-3", [](Trial&) { return residual_of({}); }, false},
                    {"χ²_0 = 50, γ = .1, ε = 1e-5",
                     [](Trial&) {
                       return residual_of({50.0, 0.1, 1e-5});
                     },
                     false}},
      .tight = {{"N without rounding", [](Trial&) { return residual_of(without_rounding()); },
                 false}},
      .controls = {blocks_instance("a single block", dossier_chain(1e-6, Interpolant::linear, 1),
                                   too_few_blocks),
                   {"without ½ log(1/ε)", [](Trial&) { return without_error_term(); }, false},
                   {"one block less", [](Trial&) { return one_block_less(); }, false}},
      .on_target = on_blocks_target(enough),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
