#include "lfm/affine_blocks.hpp"

#include <cmath>
#include <utility>
#include <variant>

namespace flowcheck {
namespace {

AffineBlocks draw_blocks(Rng& rng, int most) {
  const LineNormal start{.mean = rng.uniform(-1.0, 1.0), .variance = rng.uniform(0.1, 0.95)};
  GaussianBlockOptions block{.step_size = rng.log_uniform(0.03, 1.0)};
  if (rng.uniform() < 0.5) block.interpolant = Interpolant::trigonometric;
  if (rng.uniform() < 0.5) block.coupling = Coupling::independent;
  block.error = {.size = rng.log_uniform(1e-4, 0.2),
                 .constant = rng.uniform() < 0.5 ? -1.0 : 1.0,
                 .slope = rng.uniform(-0.6, 0.2)};
  const int count = 1 + static_cast<int>(rng.uniform_index(most));
  return equal_blocks(start, count, block);
}

}  // namespace

AffineBlocks equal_blocks(const LineNormal& start, int count, const GaussianBlockOptions& block) {
  return {.start = start,
          .blocks = std::vector<GaussianBlockOptions>(static_cast<std::size_t>(count), block)};
}

Instance random_blocks(std::string name, int most, const EvaluateBlocks& evaluate) {
  return {.name = std::move(name), .draw = [evaluate, most](Trial& trial) {
            return evaluate(draw_blocks(trial.rng, most));
          }};
}

Instance blocks_instance(std::string name,
                         const AffineBlocks& blocks,
                         const EvaluateBlocks& evaluate) {
  return {.name = std::move(name),
          .draw = [evaluate, blocks](Trial&) { return evaluate(blocks); },
          .repeat = false};
}

AffineBlocks dossier_chain(double error, Interpolant interpolant, int count) {
  return equal_blocks({.mean = 0.6, .variance = 0.36}, count,
                      {.step_size = 0.3,
                       .interpolant = interpolant,
                       .error = {.size = error, .constant = 1.0, .slope = -0.3}});
}

Estimate sensitivity_bound(const PathConstants& constants) {
  return 4.0 * constants.score_growth * sqrt(constants.integrability);
}

Estimate step_constant(const GaussianChain& chain, const PathConstants& constants) {
  return 2.0 * chain.supremum() * sqrt(sensitivity_bound(constants));
}

std::function<Outcome(const Target&)> on_blocks_target(const EvaluateBlocks& evaluate, int count) {
  return [evaluate, count](const Target& target) -> Outcome {
    const Gaussian& q = target.reference;
    if (!q.has_density()) return Outcome::not_applicable("the reference measure has a density");
    const Gaussian* p = std::get_if<Gaussian>(&target.start);
    if (p == nullptr) return Outcome::not_applicable("the start is Gaussian");
    if (p->dimension() != 1) return Outcome::not_applicable("d = 1");
    if (!p->has_density()) return Outcome::not_applicable("p_0 has a density");
    const double deviation = std::sqrt(q.covariance()(0, 0));
    const LineNormal start{.mean = (p->mean()(0) - q.mean()(0)) / deviation,
                           .variance = p->covariance()(0, 0) / q.covariance()(0, 0)};
    return evaluate(
        equal_blocks(start, count,
                     {.step_size = target.step_size,
                      .error = {.size = target.error, .constant = 1.0, .slope = -0.3}}));
  };
}

}  // namespace flowcheck
