#include "lfm/affine_blocks.hpp"

#include "jko/reference_units.hpp"
#include "learning/mixture_block.hpp"
#include "lfm/generation.hpp"
#include "lfm/noising_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

namespace flowcheck {
namespace {

BlockOptions draw_options(Rng& rng, double least_step, double least_error) {
  BlockOptions block{.step_size = rng.log_uniform(least_step, 1.0)};
  if (rng.uniform() < 0.5) block.interpolant = Interpolant::trigonometric;
  if (rng.uniform() < 0.5) block.coupling = Coupling::independent;
  block.error = {.size = rng.log_uniform(least_error, 0.2),
                 .constant = rng.uniform() < 0.5 ? -1.0 : 1.0,
                 .slope = rng.uniform(-0.6, 0.2)};
  return block;
}

int draw_count_up_to(Rng& rng, int most) {
  return 1 + static_cast<int>(rng.uniform_index(most));
}

AffineBlocks draw_blocks(Rng& rng, int most) {
  const LineNormal start{.mean = rng.uniform(-1.0, 1.0), .variance = rng.uniform(0.1, 0.95)};
  const BlockOptions block = draw_options(rng, 0.03, 1e-4);
  return equal_blocks(start, draw_count_up_to(rng, most), block);
}

AffineBlocks draw_mixture_blocks(Rng& rng, int most) {
  const double weight = rng.uniform(0.2, 0.8);
  const Matrix means{{rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0)}};
  const GaussianMixture start(Vector{{weight, 1.0 - weight}}, means,
                              {Matrix::Constant(1, 1, rng.uniform(0.1, 0.95)),
                               Matrix::Constant(1, 1, rng.uniform(0.1, 0.95))});
  BlockOptions block = draw_options(rng, 0.1, 0.01);
  const int count = draw_count_up_to(rng, most);
  if (count > 1) block.coupling = Coupling::dependent;
  return equal_blocks(start, count, block);
}

Instance drawn(std::string name,
               int most,
               AffineBlocks (*draw)(Rng&, int),
               const EvaluateBlocks& evaluate) {
  return {.name = std::move(name),
          .draw = [=](Trial& trial) { return evaluate(draw(trial.rng, most)); }};
}

const BlockOptions shifted_field{.step_size = 0.3,
                                 .error = {.size = 0.1, .constant = 1.0, .slope = -0.3}};

}  // namespace

BlockChain AffineBlocks::chain() const {
  if (const auto* p = std::get_if<LineNormal>(&start)) return gaussian_chain(*p, blocks).errors();
  return mixture_chain(std::get<GaussianMixture>(start), blocks);
}

std::vector<PathConstants> AffineBlocks::constants() const {
  const auto* p = std::get_if<LineNormal>(&start);
  return p == nullptr ? std::vector<PathConstants>{} : path_constants(*p, blocks);
}

AffineBlocks equal_blocks(const std::variant<LineNormal, GaussianMixture>& start,
                          int count,
                          const BlockOptions& block) {
  return {.start = start,
          .blocks = std::vector<BlockOptions>(static_cast<std::size_t>(count), block)};
}

Instance random_blocks(std::string name, int most, const EvaluateBlocks& evaluate) {
  return drawn(std::move(name), most, draw_blocks, evaluate);
}

Instance random_mixture_blocks(std::string name, int most, const EvaluateBlocks& evaluate) {
  return drawn(std::move(name), most, draw_mixture_blocks, evaluate);
}

Instance blocks_instance(std::string name,
                         const AffineBlocks& blocks,
                         const EvaluateBlocks& evaluate) {
  return {.name = std::move(name),
          .draw = [evaluate, blocks](Trial&) { return evaluate(blocks); },
          .repeat = false};
}

AffineBlocks dossier_chain(double error, Interpolant interpolant, int count) {
  return equal_blocks(LineNormal{.mean = 0.6, .variance = 0.36}, count,
                      {.step_size = 0.3,
                       .interpolant = interpolant,
                       .error = {.size = error, .constant = 1.0, .slope = -0.3}});
}

AffineBlocks bimodal_chain(int count) {
  return equal_blocks(bimodal_bed(), count, shifted_field);
}

GaussianMixture split_normal(double mean, double variance) {
  return GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{mean - 0.1, mean + 0.1}},
                                    variance - 0.01);
}

AffineBlocks three_modes_chain(int count) {
  const GaussianMixture start(Vector{{0.5, 0.3, 0.2}}, Matrix{{0.9, -0.7, 0.0}, {0.3, 0.6, -0.9}},
                              {Matrix{{0.3, 0.1}, {0.1, 0.2}}, Matrix{{0.15, 0.0}, {0.0, 0.4}},
                               0.2 * Matrix::Identity(2, 2)});
  return equal_blocks(start, count, shifted_field);
}

Estimate sensitivity_bound(const AffineBlocks& problem, const BlockChain& chain) {
  const std::vector<PathConstants> constants = problem.constants();
  return constants.empty() ? chain.largest_sensitivity() : sensitivity_bound(largest(constants));
}

Estimate step_constant(const BlockChain& chain, const Estimate& C3) {
  return 2.0 * chain.supremum() * sqrt(C3);
}

double blocks_needed(double start, double error, double step_size, double share) {
  const double logs = std::log(start) - share * std::log(error);
  return std::max(1.0, std::ceil(logs / (2.0 * step_size) * (1.0 - 1e-12)));
}

Estimate end_bound(const BlockChain& chain, const Estimate& C3) {
  const Estimate left = -expm1(Estimate(-2.0 * chain.blocks.front().step_size));
  return (1.0 + step_constant(chain, C3) / left) * sqrt(chain.largest_error());
}

Estimate sharp_end_bound(const BlockChain& chain, const Estimate& C3) {
  const Estimate left = -expm1(Estimate(-chain.blocks.front().step_size));
  return square(1.0 + sqrt(chain.supremum() * C3) / left) * chain.largest_error();
}

std::function<Outcome(const Target&)> on_blocks_target(const EvaluateBlocks& evaluate, int count) {
  return [evaluate, count](const Target& target) -> Outcome {
    if (!target.reference.has_density()) {
      return Outcome::not_applicable("the reference measure has a density");
    }
    const Index d = target.reference.dimension();
    const Measure measure = in_units_of_reference(target);
    const BlockOptions block{.step_size = target.step_size,
                             .error = {.size = target.error, .constant = 1.0, .slope = -0.3}};
    const auto* gaussian = std::get_if<Gaussian>(&measure);
    if (gaussian != nullptr && d == 1) {
      const LineNormal start{.mean = gaussian->mean()(0), .variance = gaussian->covariance()(0, 0)};
      if (!gaussian->has_density()) return Outcome::not_applicable("p_0 has a density");
      return evaluate(equal_blocks(start, count, block));
    }
    if (std::holds_alternative<PointCloud>(measure)) {
      return Outcome::not_applicable("p_0 has a density");
    }
    if (d > 2) return Outcome::not_applicable("left out: evaluated in d ≤ 2");
    const GaussianMixture start =
        gaussian != nullptr ? GaussianMixture(*gaussian) : std::get<GaussianMixture>(measure);
    if (!start.has_density()) return Outcome::not_applicable("p_0 has a density");
    const Index most = d == 1 ? 16 : 8;
    if (start.size() > most) {
      return Outcome::not_applicable(
          fmt::format("left out: {} components, at most {} are integrated", start.size(), most));
    }
    return evaluate(equal_blocks(start, count, block));
  };
}

}  // namespace flowcheck
