#include "learning/rippled_block.hpp"
#include "lfm/affine_blocks.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "numerics/observed_order.hpp"

#include <string>
#include <variant>

namespace flowcheck {
namespace lfm_10 {

constexpr double unit = 1.0;

const char* const gap_part = "∫(p_n − p_n*)²/q ≤ M χ²(p_n* ‖ p_n)";
const char* const step_part = "one step";
const char* const chain_part = "own constants";
const char* const limit_part = "equal steps";

// √χ²_n ≤ e^{−γ}√χ²_{n−1} + (M_nS_nε_n)^½, its sum, and the closed form of the latter with C₃.
Outcome guarantee(const AffineBlocks& problem) {
  const BlockChain chain = problem.chain();
  const Estimate start = sqrt(chain.start_to_noise());
  const Estimate C3 = sensitivity_bound(problem, chain);
  const std::string why = why_not_finite({{start, "χ²(p_0 ‖ q)", finite_start},
                                          {chain.supremum(), "M", envelope},
                                          {C3, "C₃", integrable},
                                          {chain.largest_error(), "ε", finite_error}});
  if (!why.empty()) return Outcome::not_applicable(why);
  const Estimate rate = sqrt(chain.supremum() * C3 * chain.largest_error());
  std::vector<Bound> bounds;
  Estimate before = start;
  Estimate sum = start;
  double elapsed = 0.0;
  for (const BlockErrors& block : chain.blocks) {
    const Estimate decay = exp(Estimate(-block.step_size));
    const Estimate own = sqrt(block.supremum * block.sensitivity * block.error);
    const Estimate after = sqrt(block.to_noise);
    const auto add = [&](const Estimate& lhs, const Estimate& rhs, const char* part) {
      bounds.push_back({.lhs = lhs, .rhs = rhs, .part = part, .scale = unit});
    };
    add(block.squared_gap, block.supremum * block.chi_squared, gap_part);
    add(after, decay * before + own, step_part);
    sum = decay * sum + own;
    add(square(after), square(sum), chain_part);
    elapsed += block.step_size;
    const Estimate left = -expm1(Estimate(-block.step_size));
    add(square(after), square(exp(Estimate(-elapsed)) * start + rate / left), limit_part);
    before = after;
  }
  return bounds;
}

// log χ² against log ε where nothing of the start is left: a field error of one shape is a
// displacement, of which χ² is the square.
Outcome fixed_shape(Trial&) {
  std::vector<double> errors;
  std::vector<double> distances;
  for (double e = 0.02; e > 0.001; e *= 0.5) {
    const BlockChain chain = dossier_chain(e, Interpolant::linear, 60).chain();
    errors.push_back(chain.largest_error().value);
    distances.push_back(chain.to_noise().value);
  }
  return order(observed_order(errors, distances), 2.0, "order of a fixed shape");
}

// Ripples of amplitude 1/k on q: scores stay bounded as k grows.
Estimate order_of_ripples() {
  std::vector<double> errors;
  std::vector<double> distances;
  for (double k = 4.0; k <= 64.0; k *= 2.0) {
    const RippledBlock block = rippled_block({.amplitude = 1.0 / k, .frequency = k});
    errors.push_back(block.error.value);
    distances.push_back(block.to_noise.value);
  }
  return observed_order(errors, distances);
}

Outcome ripples(Trial&) {
  return order(order_of_ripples(), 1.0, "order of the worst case");
}

Outcome ripples_at_half(Trial&) {
  return order(order_of_ripples(), 0.5);
}

AffineBlocks stated(const std::variant<LineNormal, GaussianMixture>& start) {
  return {.start = start,
          .blocks = {{.step_size = 0.3, .error = {.size = 0.02, .constant = 1.0, .slope = 0.0}}}};
}

// χ² itself is not additive; its root is.
Outcome squares_add(const AffineBlocks& problem) {
  const BlockErrors block = problem.chain().blocks.front();
  return Bound{.lhs = block.to_noise,
               .rhs = exp(Estimate(-2.0 * block.step_size)) * block.start_to_noise +
                      block.supremum * block.sensitivity * block.error};
}

}  // namespace lfm_10

Claim lfm_10_sharper_rate() {
  using namespace lfm_10;
  return {
      .id = "LFM-10",
      .statement =
          "√χ²(p_n ‖ q) ≤ e^{−γ}√χ²(p_{n−1} ‖ q) + (M_nS_nε_n)^½, M_n = sup p_n/q: O(ε), "
          "and no better",
      .source = "sharpens the rate ε^½ of LFM-08",
      .provenance = Provenance::derived,
      .hypotheses = {finite_start, envelope, "|s|, |ŝ| ≤ L(1 + |x|)", integrable},
      .instances = {random_blocks("affine fields", 6, guarantee),
                    random_mixture_blocks("mixtures, d = 1", 3, guarantee),
                    blocks_instance("three modes, d = 2", three_modes_chain(1), guarantee),
                    blocks_instance("N(.6, .36), linear", dossier_chain(0.01), guarantee),
                    {"ε → 0, fixed shape", fixed_shape, false}},
      .tight = {{"ripples of amplitude 1/k", ripples, false}},
      .controls = {blocks_instance("χ² instead of its root",
                                   stated(LineNormal{.mean = 0.6, .variance = 0.81}), squares_add),
                   blocks_instance("χ² instead of its root, two components",
                                   stated(split_normal(0.6, 0.81)), squares_add),
                   {"order ½ of the worst case", ripples_at_half, false}},
      .on_target = on_blocks_target(guarantee),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
