#include "lfm/affine_blocks.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <variant>

namespace flowcheck {
namespace lfm_11 {

constexpr double unit = 1.0;

const char* const residual_part = "what is left of the start";
const char* const root_part = "O(ε^½)";
const char* const sharp_part = "O(ε), twice the second logarithm";

Bound residual(double start, double error, double step_size, double count) {
  return {.lhs = exp(Estimate(-2.0) * step_size * count) * Estimate(start),
          .rhs = sqrt(Estimate(error)),
          .part = residual_part};
}

// Blocks that are run: on the plane they take a second each.
double most_blocks(const AffineBlocks& problem) {
  const auto* p = std::get_if<GaussianMixture>(&problem.start);
  return p != nullptr && p->dimension() == 2 ? 12.0 : 60.0;
}

std::string too_many(double count, double most) {
  return fmt::format("left out: takes {:.0f} blocks, at most {:.0f} are run", count, most);
}

// ε is at least the first block's, and N enough for that one is enough for ε.
void add_chain(const AffineBlocks& given,
               const BlockErrors& first,
               double share,
               const char* part,
               std::vector<Bound>& bounds) {
  const BlockOptions& block = given.blocks.front();
  const double count =
      blocks_needed(first.start_to_noise.value, first.error.value, block.step_size, share);
  if (!(count <= most_blocks(given))) {
    bounds.push_back(left_out(part, too_many(count, most_blocks(given))));
    return;
  }
  const AffineBlocks problem = equal_blocks(given.start, static_cast<int>(count), block);
  const BlockChain chain = problem.chain();
  const Estimate C3 = sensitivity_bound(problem, chain);
  const std::string why =
      why_not_finite({{chain.supremum(), "M", envelope}, {C3, "C₃", integrable}});
  if (!why.empty()) {
    bounds.push_back(left_out(part, why));
    return;
  }
  const Estimate rhs = part == root_part ? end_bound(chain, C3) : sharp_end_bound(chain, C3);
  bounds.push_back({.lhs = chain.to_noise(), .rhs = rhs, .part = part, .scale = unit});
}

Outcome enough(const AffineBlocks& problem) {
  const BlockOptions& block = problem.blocks.front();
  const BlockErrors first = equal_blocks(problem.start, 1, block).chain().blocks.front();
  const std::string why = why_not_finite({{first.start_to_noise, "χ²(p_0 ‖ q)", finite_start}});
  if (!why.empty()) return Outcome::not_applicable(why);
  const double start = first.start_to_noise.value;
  const double error = first.error.value;
  if (!(error > 0.0)) return Outcome::not_applicable("ε > 0");
  std::vector<Bound> bounds;
  bounds.push_back(
      residual(start, error, block.step_size, blocks_needed(start, error, block.step_size, 0.5)));
  bounds.back().auxiliary = true;  // how N was chosen
  add_chain(problem, first, 0.5, root_part, bounds);
  add_chain(problem, first, 1.0, sharp_part, bounds);
  return bounds;
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
      .controls = {{"without ½ log(1/ε)", [](Trial&) { return without_error_term(); }, false},
                   {"one block less", [](Trial&) { return one_block_less(); }, false}},
      .on_target = on_blocks_target(enough),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
