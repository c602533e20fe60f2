// What does each block of a trained JKO flow move, and how far is it from an exact JKO step?
//
// Claims:  JKO-36, a block's training loss is the JKO objective; JKO-19, the exact step
// Run:     jko_blocks --blocks 6 --iterations 400
// Writes:  results/jko_blocks/; seconds at --scale quick, some minutes at standard
//
// Left: with steps h_n = h_0 ρ^n the blocks move p_n by unequal amounts; reparametrised steps,
// η = ½ [XuChengXie2023], even that out. Middle: the first-order error ε_n of each block, by exact
// change of variables (see BlockMeasurement), and the fall of KL(p_n ‖ N(0, I)) against what the
// block paid for it: an exact step is better than none, so that
//
//   E|T_n x − x|²/(2h_n) ≤ KL(p_{n−1} ‖ q) − KL(p_n ‖ q).
//
// A trained block need not be: that is seen, and does not vote. Right: while one block is trained
// from p₀ = N((3, 3), I) with γ = ½, whose exact step is N((2, 2), I), the squared norm of the
// gradient as [ChengLuTanXie2024] measures it (see one_block), and that of Gaussians with the
// clouds' moments.

#include "distances/wasserstein.hpp"
#include "experiments.hpp"
#include "learning/batches.hpp"
#include "learning/fit_model.hpp"
#include "learning/model_evaluation.hpp"
#include "learning/training.hpp"
#include "measures/moment_fit.hpp"
#include "measures/toy_density.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "proximal/first_order_error.hpp"
#include "proximal/sample_first_order_error.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

struct JkoBlocksSettings {
  int blocks = 3;
  int iterations = 20;  // of each block
  int draws = 1500;
  int width = 24;
  int training_batches = 60;  // of the one block
  int cloud = 100;            // points of the estimator
};

JkoBlocksSettings jko_blocks_settings(Scale scale) {
  if (scale == Scale::quick) return {};
  JkoBlocksSettings settings{.blocks = 6,
                             .iterations = 500,
                             .draws = 20'000,
                             .width = 64,
                             .training_batches = 200,
                             .cloud = 1000};
  if (scale == Scale::paper) {
    settings.iterations = 5000;
    settings.width = 128;
    settings.cloud = 2000;
  }
  return settings;
}

constexpr double eta = 0.5;
constexpr double one_block_step = 0.5;
constexpr double published_kernel_variance = 0.1;
constexpr int batches_a_checkpoint = 20;

void require_jko_blocks(const JkoBlocksSettings& settings) {
  require(settings.blocks >= 1 && settings.blocks <= 50, "--blocks: expected 1 to 50");
  require(settings.iterations >= 1, "--iterations: expected 1 or more");
  require(settings.draws >= 1000 && settings.draws <= 1'000'000,
          "--draws: expected 1000 to 1000000");
  require(settings.width >= 1 && settings.width <= 1024, "--width: expected 1 to 1024");
  require(settings.training_batches >= batches_a_checkpoint,
          "--training-batches: expected 20 or more");
  require(settings.cloud >= 10 && settings.cloud <= 6000, "--cloud: expected 10 to 6000");
}

struct TrainedChain {
  std::vector<double> step_sizes = {};
  ModelEvaluation found = {};
  bool stopped = false;
};

TrainedChain train_chain(const DataSplit& data,
                         const JkoBlocksSettings& settings,
                         const std::vector<double>& step_sizes,
                         const RunContext& context,
                         const std::function<void(double)>& progress) {
  const Index width = settings.width;
  const FitOptions options{.method = ModelMethod::jko,
                           .hidden = {width, width, width},
                           .blocks = settings.blocks,
                           .iterations = settings.iterations,
                           .learning_rate = 1e-3,
                           .average = 0.95,
                           .validations = 5,
                           .seed = context.seed};
  TrainedChain chain{.step_sizes = step_sizes.empty() ? block_step_sizes(options) : step_sizes};
  const FitResult fit =
      fit_model(data, options, chain.step_sizes, {.progress = progress, .stop = context.stop});
  chain.stopped = context.stop != nullptr && context.stop->load();
  if (chain.stopped) return chain;
  if (fit.termination != Termination::converged) {
    throw std::runtime_error("jko_blocks: a fit diverged");
  }
  chain.found = evaluate_model(
      fit.model, data,
      {.log_density = [](const Matrix& x) { return log_density(Toy::eight_gaussians, x); }},
      {.refined_points = 500,
       .sample_points = 500,
       .lipschitz_points = 20,
       .error_points = settings.cloud,
       .seed = context.seed},
      {}, context.stop);
  chain.stopped = context.stop != nullptr && context.stop->load();
  return chain;
}

void add_chain(RunRecord& record, const std::string& steps, const TrainedChain& chain) {
  const std::vector<BlockMeasurement>& blocks = chain.found.blocks;
  for (std::size_t n = 0; n < blocks.size(); ++n) {
    const std::vector<Parameter> at = {steps, static_cast<std::int64_t>(n + 1)};
    const double h = chain.step_sizes[n];
    record.add(at, "step_size", Estimate(h));
    record.add(at, "moved", blocks[n].moved);
    record.add(at, "kl_to_normal", blocks[n].kl_to_normal);
    if (!blocks[n].squared_first_order_error.is_nan()) {
      record.add(at, "squared_first_order_error", blocks[n].squared_first_order_error);
    }
    if (n == 0) continue;
    const Bound descent{.lhs = square(blocks[n].moved) / (2.0 * Estimate(h)),
                        .rhs = blocks[n - 1].kl_to_normal - blocks[n].kl_to_normal};
    record.add(at, "cost_and_descent", descent, 0.0, false);
  }
  record.add({steps, std::string()}, "nll", chain.found.test_nll);
  record.add({steps, std::string()}, "kl", chain.found.entropy_gap);
}

// One block from N((3, 3), I), looked at every 20 batches.
void add_one_block(RunRecord& record,
                   const JkoBlocksSettings& settings,
                   const RunContext& context) {
  const Gaussian p0(Vector::Constant(2, 3.0), Matrix::Identity(2, 2));
  const Gaussian p1(Vector::Constant(2, 2.0), Matrix::Identity(2, 2));
  const Gaussian q = Gaussian::standard(2);
  const Index width = settings.width;
  Rng rng(derive_seed(context.seed, "jko_blocks one block"));
  const NetworkShape shape{.dimension = 2,
                           .widths = {width, width, width},
                           .time_input = false,
                           .activation = Activation::softplus,
                           .beta = 20.0};
  const Matrix before = sample(p0, settings.cloud, rng);
  const Matrix fresh = sample(p0, settings.cloud, rng);
  const auto look = [&](Index batches, const VelocityNetwork& network) {
    const ModelBlock block{.network = network, .step_size = one_block_step, .steps = 8};
    const Matrix after = push_block(block, fresh).points;
    const SampleFirstOrderError error = estimate_first_order_error(
        before, after, gaussian_potential(q), one_block_step, published_kernel_variance);
    const Gaussian moments = moment_fit(after);
    const std::vector<Parameter> at = {std::string("one block"), std::int64_t{batches}};
    record.add(at, "squared", error.squared);
    record.add(at, "published", error.published);
    record.add(at, "of_moments", square(first_order_error(p0, moments, q, one_block_step).norm));
    record.add(at, "w2_to_exact_step", w2(moments, p1));
  };
  const VelocityNetwork start = initial_network(shape, rng, 0.0);
  look(0, start);
  TrainingOptions training{.iterations = settings.training_batches,
                           .batch = 1000,
                           .seed = derive_seed(context.seed, "jko_blocks training"),
                           .report_interval = batches_a_checkpoint};
  training.adam.learning_rate = 1e-3;
  const auto draw = [&p0](Rng& stream, Matrix& points) {
    points = sample(p0, points.cols(), stream);
  };
  static_cast<void>(train_jko_block(
      start, draw, {.step_size = one_block_step, .steps = 3, .exact_divergence = true}, training,
      {}, [&](const TrainingState& state) {
        look(state.iteration, {.shape = shape, .parameters = state.parameters});
      }));
  // The exact step's own estimate: what the estimator makes of an error of zero.
  const SampleFirstOrderError floor =
      estimate_first_order_error(before, sample(p1, settings.cloud, rng), gaussian_potential(q),
                                 one_block_step, published_kernel_variance);
  record.add({std::string("exact step"), std::string()}, "squared", floor.squared);
  record.add({std::string("exact step"), std::string()}, "published", floor.published);
}

RunRecord run(const JkoBlocksSettings& settings, const RunContext& context) {
  require_jko_blocks(settings);
  RunRecord record({"steps", "block"}, context.seed);
  Rng rng(derive_seed(context.seed, "jko_blocks data"));
  const DataSplit data =
      split_data(sample(Toy::eight_gaussians, settings.draws, rng),
                 {.validation = 0.1, .test = 0.3}, derive_seed(context.seed, "jko_blocks split"));
  const TrainedChain geometric = train_chain(data, settings, {}, context,
                                             [&](double share) { context.progress(0.4 * share); });
  if (geometric.stopped) return record;
  add_chain(record, "geometric", geometric);
  std::vector<double> moved;
  for (const BlockMeasurement& block : geometric.found.blocks) {
    moved.push_back(block.moved.value);
  }
  const TrainedChain even =
      train_chain(data, settings, reparametrised_step_sizes(geometric.step_sizes, moved, eta),
                  context, [&](double share) { context.progress(0.4 + 0.4 * share); });
  if (even.stopped) return record;
  add_chain(record, "reparametrised", even);
  add_one_block(record, settings, context);
  return record;
}

constexpr const char* figure = R"gp(
set terminal svg size 1180,400 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(steps, quantity) = is("steps", steps) && is("quantity", quantity) ? column("block") : NaN
floor_of(norm) = is("steps", "exact step") && is("quantity", norm) ? column("measured") : NaN
stats 'data.csv' using (floor_of("squared")) nooutput
floor_squared = STATS_max
stats 'data.csv' using (floor_of("published")) nooutput
floor_published = STATS_max
set multiplot layout 1,3 margins 0.055,0.99,0.175,0.9 spacing 0.065,0.1
set title 'moved by a block, √E|T_{/:Italic n} x − x|²'
set xlabel 'block {/:Italic n}'
set xtics 1
set yrange [0:*]
set key top right
plot 'data.csv' using (at("geometric", "moved")):"measured" with linespoints linestyle 1 title '{/:Italic h_n} = {/:Italic h}_0 ρ^{/:Italic n}', \
  '' using (at("reparametrised", "moved")):"measured" with linespoints linestyle 2 title 'reparametrised, η = ½'
set title 'first-order error and descent of KL'
set yrange [*:1e6]
set logscale y
set format y '%g'
set key top right font ',10' samplen 1.5
plot 'data.csv' using (at("geometric", "squared_first_order_error")):"measured":"lower":"upper" with yerrorlines linestyle 1 title 'ε_{/:Italic n}², {/:Italic h_n} = {/:Italic h}_0 ρ^{/:Italic n}', \
  '' using (at("reparametrised", "squared_first_order_error")):"measured":"lower":"upper" with yerrorlines linestyle 2 title 'ε_{/:Italic n}², reparametrised', \
  '' using (at("geometric", "cost_and_descent")):"predicted" with linespoints linestyle 3 title 'fall of KL', \
  '' using (at("geometric", "cost_and_descent")):"measured" with linespoints linestyle 3 dashtype 2 title 'E|T x − x|²/(2{/:Italic h_n})', \
  '' using (at("reparametrised", "cost_and_descent")):"predicted" with linespoints linestyle 4 title 'the same, reparametrised', \
  '' using (at("reparametrised", "cost_and_descent")):"measured" with linespoints linestyle 4 dashtype 2 notitle
set title 'one block during training'
set yrange [*:*]
set xlabel 'training batches'
set xtics autofreq
set key top right
plot 'data.csv' using (at("one block", "squared")):"measured" with linespoints linestyle 2 title 'estimator, mean |g|²', \
  '' using (at("one block", "published")):"measured" with linespoints linestyle 1 title '… as published', \
  '' using (at("one block", "of_moments")):"measured" with lines linewidth 2 linecolor 'black' title 'ε² of Gaussians with the moments', \
  floor_squared with lines linestyle 2 linewidth 1.2 dashtype 2 title 'the same of the exact step', \
  floor_published with lines linestyle 1 linewidth 1.2 dashtype 2 notitle
unset multiplot
)gp";

}  // namespace

Experiment jko_blocks() {
  return {
      .name = "jko_blocks",
      .question =
          "What does each block of a trained JKO flow move, and how far is it from an exact step?",
      .claims = {"JKO-19", "JKO-36"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<JkoBlocksSettings>(jko_blocks_settings(scale));
            return PreparedRun{
                .options = {{"--blocks", "of the chain", &settings->blocks},
                            {"--iterations", "of each block's training", &settings->iterations},
                            {"--draws", "points of the data's law", &settings->draws},
                            {"--width", "of the networks' three layers", &settings->width},
                            {"--training-batches", "of the one block", &settings->training_batches},
                            {"--cloud", "points of the estimator", &settings->cloud}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-2,
      .absolute_tolerance = 1e-2};
}

}  // namespace flowcheck
