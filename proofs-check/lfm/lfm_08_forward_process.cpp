#include "learning/step_schedule.hpp"
#include "lfm/affine_blocks.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"

#include <algorithm>
#include <string>

namespace flowcheck {
namespace lfm_08 {

constexpr double unit = 1.0;

const char* const step_part = "one step";
const char* const variable_part = "any steps";
const char* const constant_part = "equal steps";
const char* const limit_part = "equal steps, 1/(1 − e^{−2γ})";

bool has_equal_steps(const AffineBlocks& problem) {
  return std::all_of(problem.blocks.begin(), problem.blocks.end(), [&](const auto& block) {
    return block.step_size == problem.blocks.front().step_size;
  });
}

// χ²_n ≤ e^{−2γn}χ²_0 + C₄ε^½(1 − e^{−2γn})/(1 − e^{−2γ}), its limit form, and for any steps its
// recursion. For mixtures C₄ is made of the largest S_n, which 4L√C₂ bounds: the stronger
// statement.
Outcome guarantee(const AffineBlocks& problem) {
  const BlockChain chain = problem.chain();
  const Estimate start = chain.start_to_noise();
  const Estimate C3 = sensitivity_bound(problem, chain);
  const std::string why = why_not_finite({{start, "χ²(p_0 ‖ q)", finite_start},
                                          {chain.supremum(), "M", envelope},
                                          {C3, "C₃", integrable},
                                          {chain.largest_error(), "ε", finite_error}});
  if (!why.empty()) return Outcome::not_applicable(why);
  const Estimate C4 = step_constant(chain, C3);
  const Estimate rate = C4 * sqrt(chain.largest_error());
  const bool equal = has_equal_steps(problem);
  std::vector<Bound> bounds;
  Estimate before = start;
  Estimate recursion = start;
  Estimate power = 1.0;
  for (const BlockErrors& block : chain.blocks) {
    const Estimate decay = exp(Estimate(-2.0 * block.step_size));
    const Estimate own = C4 * sqrt(block.error);
    const Estimate after = block.to_noise;
    const auto add = [&](const Estimate& rhs, const char* part) {
      bounds.push_back({.lhs = after, .rhs = rhs, .part = part, .scale = unit});
    };
    add(decay * before + own, step_part);
    recursion = decay * recursion + own;
    add(recursion, variable_part);
    if (equal) {
      power = power * decay;
      const Estimate left = -expm1(Estimate(-2.0 * block.step_size));
      add(power * start + rate * (1.0 - power) / left, constant_part);
      add(power * start + rate / left, limit_part);
    }
    before = after;
  }
  return bounds;
}

AffineBlocks released_steps() {
  AffineBlocks problem{.start = LineNormal{.mean = 0.6, .variance = 0.36}};
  for (const double step : exponential_steps(0.025, 1.25, 8)) {
    problem.blocks.push_back({.step_size = step, .error = {0.01, 1.0, -0.3}});
  }
  return problem;
}

Outcome without_error_term(const AffineBlocks& problem) {
  const double elapsed =
      problem.blocks.front().step_size * static_cast<double>(problem.blocks.size());
  const BlockChain chain = problem.chain();
  return Bound{.lhs = chain.to_noise(),
               .rhs = exp(Estimate(-2.0 * elapsed)) * chain.start_to_noise()};
}

}  // namespace lfm_08

Claim lfm_08_forward_process() {
  using namespace lfm_08;
  return {
      .id = "LFM-08",
      .statement =
          "ε_n ≤ ε ⇒ χ²(p_n ‖ q) ≤ e^{−2γn}χ²(p_0 ‖ q) + C₄ε^½(1 − e^{−2γn})/(1 − "
          "e^{−2γ}), C₄ = 2C₁(2π)^{d/2}(4L√C₂)^½",
      .source = "[XuChengXie2024], its theorem on the forward process; constants derived",
      .provenance = Provenance::recalled,
      .hypotheses = {finite_start, envelope, "|s|, |ŝ| ≤ L(1 + |x|)", integrable, "ε_n ≤ ε"},
      .instances = {random_blocks("affine fields", 6, guarantee),
                    random_mixture_blocks("mixtures, d = 1", 3, guarantee),
                    blocks_instance("three modes, d = 2", three_modes_chain(1), guarantee),
                    blocks_instance("N(.6, .36), linear", dossier_chain(0.01), guarantee),
                    blocks_instance("N(.6, .36), trigonometric",
                                    dossier_chain(0.01, Interpolant::trigonometric), guarantee),
                    blocks_instance("steps .025 · 1.25ⁿ⁻¹", released_steps(), guarantee)},
      .controls = {blocks_instance("no ε, N = 40", dossier_chain(0.1, Interpolant::linear, 40),
                                   without_error_term),
                   blocks_instance("no ε, bimodal, N = 12", bimodal_chain(12), without_error_term)},
      .on_target = on_blocks_target(guarantee),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
