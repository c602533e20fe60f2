// How far from the data's law are models of one flow, of local flows and of JKO blocks?
//
// Claims:  LFM-19, the likelihood; LFM-12, the divergence in noise is that in data
// Run:     toy_generation --iterations 3000 --draws 40000
// Writes:  results/toy_generation/; seconds at --scale quick, some minutes at standard
//
// Two pictures, the tree and the rose of [XuChengXie2023], and four toy densities, whose entropy is
// known: the mean of −log p of a model over test points, less the entropy, is KL(data ‖ model), and
// the same points serve both. KL is at least 0, which votes; at 0 there is nothing left to learn.
// The networks are small: published ones learn for hours.
//
// Rows with quantity y are points of the figure: the data, samples of each model, and for the first
// data set the blocks of each model, data to noise (forward) and noise to data (reverse).

#include "experiments.hpp"
#include "learning/fit_model.hpp"
#include "learning/model_evaluation.hpp"
#include "measures/data_file.hpp"
#include "measures/measure_file.hpp"
#include "measures/toy_density.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

struct ToyGenerationSettings {
  int draws = 800;  // of each law, for training, validation and test
  int iterations = 40;
  int jko_iterations = 5;
  int width = 16;
  int shown_points = 80;
};

ToyGenerationSettings toy_generation_settings(Scale scale) {
  if (scale == Scale::quick) return {};
  if (scale == Scale::standard) {
    return {.draws = 40'000,
            .iterations = 3000,
            .jko_iterations = 300,
            .width = 96,
            .shown_points = 500};
  }
  return {.draws = 500'000,
          .iterations = 60'000,
          .jko_iterations = 10'000,
          .width = 128,
          .shown_points = 1000};
}

void require_toy_generation(const ToyGenerationSettings& settings) {
  require(settings.draws >= 500 && settings.draws <= 2'000'000, "--draws: expected 500 to 2000000");
  require(settings.iterations >= 1 && settings.jko_iterations >= 1,
          "--iterations, --jko-iterations: expected 1 or more");
  require(settings.width >= 1 && settings.width <= 1024, "--width: expected 1 to 1024");
  require(settings.shown_points >= 1 && 10 * settings.shown_points <= settings.draws,
          "--shown-points: expected 1 to a tenth of the draws");
}

// A planar law that is known.
struct PlanarLaw {
  std::string name;
  Matrix draws;
  KnownLaw law;
};

PlanarLaw picture(const std::string& name, Index count, Rng& rng) {
  const auto mixture = std::make_shared<const GaussianMixture>(
      std::get<GaussianMixture>(read_measure(data_file("masks/mask_" + name + ".pgm")).measure));
  return {.name = name,
          .draws = sample(*mixture, count, rng),
          .law = {.log_density = [mixture](const Matrix& x) { return mixture->log_densities(x); }}};
}

PlanarLaw toy_law(Toy toy, Index count, Rng& rng) {
  return {.name = std::string(to_string(toy)),
          .draws = sample(toy, count, rng),
          .law = {.log_density = [toy](const Matrix& x) { return log_density(toy, x); }}};
}

PlanarLaw planar_law(int k, Index count, std::uint64_t seed) {
  Rng rng(derive_seed(seed, "toy_generation law"), static_cast<std::uint64_t>(k));
  switch (k) {
    case 0:
      return picture("tree", count, rng);
    case 1:
      return picture("rose", count, rng);
    case 2:
      return toy_law(Toy::checkerboard, count, rng);
    case 3:
      return toy_law(Toy::pinwheel, count, rng);
    case 4:
      return toy_law(Toy::two_spirals, count, rng);
    default:
      return toy_law(Toy::eight_gaussians, count, rng);
  }
}
constexpr int law_count = 6;

// Of all intervals that vote together: one a model, of a sampled mean and the integrator's error.
constexpr double false_alarm = 1e-6;

void add_points(RunRecord& record,
                const std::string& law,
                const std::string& method,
                const std::string& stage,
                int block,
                const Matrix& points,
                Index count) {
  for (Index j = 0; j < std::min(count, points.cols()); ++j) {
    record.add({law, method, stage, std::int64_t{block}, points(0, j)}, "y",
               Estimate::between(points(1, j), points(1, j), points(1, j), Grade::sampled));
  }
}

// What each block makes of the test points, and what each inverse makes of noise.
void add_block_points(RunRecord& record,
                      const std::string& law,
                      const FlowModel& model,
                      const Matrix& test,
                      Index count,
                      Rng& rng) {
  const std::string method(to_string(model.method));
  Matrix forward = model.scaling.to_model(test.leftCols(std::min(count, test.cols())));
  Matrix reverse = rng.normal_matrix(2, count);
  const int N = static_cast<int>(model.blocks.size());
  add_points(record, law, method, "forward", 0, forward, count);
  add_points(record, law, method, "reverse", N, reverse, count);
  for (int n = 1; n <= N; ++n) {
    forward = push_block(model.blocks[static_cast<std::size_t>(n - 1)], forward).points;
    reverse = pull_block(model.blocks[static_cast<std::size_t>(N - n)], reverse);
    add_points(record, law, method, "forward", n, forward, count);
    add_points(record, law, method, "reverse", N - n, reverse, count);
  }
}

void add_numbers(RunRecord& record,
                 const std::string& law,
                 const std::string& method,
                 const ModelEvaluation& found) {
  const std::string none;
  const auto row = [&](const Parameter& block) {
    return std::vector<Parameter>{law, method, std::string("test"), block, none};
  };
  record.add(row(none), "nll", found.test_nll);
  record.add(row(none), "gaussian_nll", found.gaussian_nll);
  record.add(row(none), "entropy", found.entropy);
  // A model that has learned what there is to learn may come out on either side of 0.
  record.add(row(none), "kl", found.entropy_gap);
  record.add(row(none), "kl_is_not_negative", Bound{.lhs = 0.0, .rhs = found.entropy_gap}, 0.0,
             found.entropy_gap.lower > 0.0 || found.entropy_gap.upper < 0.0);
  for (std::size_t n = 0; n < found.blocks.size(); ++n) {
    record.add(row(static_cast<std::int64_t>(n + 1)), "kl_to_normal", found.blocks[n].kl_to_normal);
  }
}

FitOptions fit_options(ModelMethod method,
                       const ToyGenerationSettings& settings,
                       std::uint64_t seed) {
  const bool jko = method == ModelMethod::jko;
  const Index width = settings.width;
  // The same number of batches for one flow and for the local ones together.
  const int blocks = method == ModelMethod::fm ? 1 : 4;
  return {.method = method,
          .hidden = {width, width, width},
          .frequencies = jko ? 0 : 48,
          .blocks = blocks,
          .iterations = jko ? settings.jko_iterations : settings.iterations / blocks + 1,
          .learning_rate = jko ? 1e-3 : 3e-3,
          .average = jko ? 0.95 : 0.99,
          .validations = 5,
          .seed = seed};
}

RunRecord run(const ToyGenerationSettings& settings, const RunContext& context) {
  require_toy_generation(settings);
  RunRecord record({"data", "method", "stage", "block", "x"}, context.seed);
  const std::vector<ModelMethod> methods = {ModelMethod::fm, ModelMethod::lfm, ModelMethod::jko};
  const double tasks = law_count * static_cast<double>(methods.size());
  int done = 0;
  for (int k = 0; k < law_count; ++k) {
    const PlanarLaw law = planar_law(k, settings.draws, context.seed);
    const DataSplit data =
        split_data(law.draws, {}, derive_seed(context.seed, "toy_generation split"));
    add_points(record, law.name, "data", "samples", 0, data.test, settings.shown_points);
    for (const ModelMethod method : methods) {
      const auto progress = [&](double share) { context.progress((done + share) / tasks); };
      const FitResult fit = fit_model(
          data, fit_options(method, settings, context.seed), {},
          {.progress = [&](double share) { progress(0.8 * share); }, .stop = context.stop});
      if (context.stop != nullptr && context.stop->load()) return record;
      if (fit.termination != Termination::converged) {
        throw std::runtime_error("toy_generation: a fit diverged");
      }
      const ModelEvaluation found = evaluate_model(fit.model, data, law.law,
                                                   {.false_alarm = false_alarm / (2.0 * tasks),
                                                    .refined_points = 500,
                                                    .sample_points = settings.shown_points,
                                                    .lipschitz_points = 20,
                                                    .error_points = 50,
                                                    .seed = context.seed},
                                                   {}, context.stop);
      if (context.stop != nullptr && context.stop->load()) return record;
      const std::string name(to_string(method));
      add_numbers(record, law.name, name, found);
      add_points(record, law.name, name, "samples", 0, found.samples, settings.shown_points);
      if (k == 0) {
        Rng rng(derive_seed(context.seed, "toy_generation noise"));
        add_block_points(record, law.name, fit.model, data.test, settings.shown_points, rng);
      }
      progress(1.0);
      ++done;
    }
  }
  return record;
}

constexpr const char* figure = R"gp(
set terminal svg size 800,1640 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
laws = "tree rose checkerboard pinwheel 2spirals 8gaussians"
methods = "data fm lfm jko"
titles = "data 'one flow (fm)' 'local flows (lfm)' 'JKO blocks (jko)'"
pick(law, method, stage, n) = is("data", law) && is("method", method) && is("stage", stage) \
  && is("quantity", "y") && column("block") == n ? column("x") : NaN
kl(law, method) = is("data", law) && is("method", method) && is("quantity", "kl") \
  ? column("measured") : NaN
unset key
unset xtics
unset ytics
set tmargin 0
set bmargin 0
set lmargin 0
set rmargin 0
set border 15 linewidth 0.5 linecolor '#909090'
width = 0.180
height = 0.0878
place(i, k) = sprintf("set origin %g,%g", 0.05 + (i - 1) * (width + 0.006), \
  0.965 - k * (height + 0.003) - (k > 6 ? 0.03 : 0))
set multiplot
set size width, height
set xrange [-4.2:4.2]
set yrange [-4.2:4.2]
do for [k = 1:6] {
  law = word(laws, k)
  do for [i = 1:4] {
    eval place(i, k)
    set label 1 (k == 1 ? word(titles, i) : "") at graph 0.5,1.09 center
    set label 2 (i == 1 ? law : "") at graph -0.07,0.5 center rotate by 90
    set label 3 "" at graph 0.03,0.92 left font ',10' front
    if (i > 1) {
      stats 'data.csv' using (kl(law, word(methods, i))) nooutput
      set label 3 sprintf("KL %.2f", STATS_max)
    }
    plot 'data.csv' using (pick(law, word(methods, i), "samples", 0)):"measured" \
      with points pointtype 7 pointsize 0.16 linecolor rgb (i == 1 ? 0x404040 : 0x0072b2)
  }
}
set label 3 ""
set xrange [-3.2:3.2]
set yrange [-3.2:3.2]
do for [k = 1:4] {
  method = k <= 2 ? "lfm" : "jko"
  stage = k % 2 == 1 ? "forward" : "reverse"
  do for [i = 1:5] {
    n = i - 1
    eval place(i, 6 + k)
    set label 1 (k == 1 ? (i == 1 ? "tree, scaled" : sprintf("after block %d", i - 1)) : "")
    set label 2 (i == 1 ? method.' '.stage : "")
    plot 'data.csv' using (pick("tree", method, stage, n)):"measured" \
      with points pointtype 7 pointsize 0.16 linecolor rgb (k % 2 == 1 ? 0x404040 : 0x0072b2)
  }
}
unset multiplot
)gp";

}  // namespace

Experiment toy_generation() {
  return {
      .name = "toy_generation",
      .question =
          "How far from the data's law are models of one flow, of local flows and of JKO blocks?",
      .claims = {"LFM-12", "LFM-19"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<ToyGenerationSettings>(toy_generation_settings(scale));
            return PreparedRun{
                .options = {{"--draws", "of each law", &settings->draws},
                            {"--iterations", "of fm; lfm's blocks share as many",
                             &settings->iterations},
                            {"--jko-iterations", "of each JKO block", &settings->jko_iterations},
                            {"--width", "of the networks' three layers", &settings->width},
                            {"--shown-points", "in each panel", &settings->shown_points}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-2,
      .absolute_tolerance = 1e-2};
}

}  // namespace flowcheck
