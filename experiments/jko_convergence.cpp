// How fast do inexact JKO steps reach a Gaussian target, and how loose are the proved rates?
//
// Claims:  JKO-10 and JKO-12, the paper's constants; JKO-11 and JKO-13, the sharp ones
// Run:     jko_convergence --steps 40 --step-size 0.5
// Writes:  results/jko_convergence/; at --scale quick well under a second of measuring
//
// The target q = N(0, A⁻¹) and the start do not commute; every step carries a first-order error of
// norm ε, pushed away from the target (adversarial) or in a random direction. Panels one and two
// follow W₂² and KL from step to step, panel three the first n at which W_n ≤ 2ε/λ.

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "experiments.hpp"
#include "first_hit.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/jko_chain.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <optional>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  int steps = 40;
  double step_size = 0.5;                                    // γ
  std::vector<double> errors = {0.0, 0.01, 0.03, 0.1, 0.3};  // ε of panels one and two
  int replicates = 4;                                        // chains with random errors, each ε
  int hit_errors = 13;                                       // ε of panel three, 0.3 … 0.3e-6
  std::vector<double> start_mean = {3.0, 3.0};
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::standard) settings.replicates = 8;
  if (scale == Scale::paper) settings.replicates = 200;
  if (scale != Scale::quick) settings.hit_errors = 25;
  return settings;
}

// Relative width below which a measured value counts as equal to its prediction: round-off.
constexpr double tolerance = 1e-8;

constexpr int most_steps = 10'000;

// ∇²V has eigenvalues 1 and 5/2 at 30° to the axes, the start's covariance is at another angle.
Gaussian target() {
  Matrix rotation(2, 2);
  const double c = std::sqrt(3.0) / 2.0;
  rotation << c, -0.5, 0.5, c;
  const Vector variances = (Vector(2) << 1.0, 0.4).finished();
  const Matrix Q = rotation * variances.asDiagonal() * rotation.transpose();
  return {Vector::Zero(2), (Q + Q.transpose()) / 2.0};
}

Gaussian start(const Settings& settings) {
  const Vector mean = Eigen::Map<const Vector>(settings.start_mean.data(), 2);
  return {mean, (Matrix(2, 2) << 2.0, 0.5, 0.5, 1.0).finished()};
}

void check_settings(const Settings& settings) {
  require(settings.steps >= 1 && settings.steps <= most_steps, "--steps: expected 1 to 10000");
  require(settings.step_size > 0.0 && std::isfinite(settings.step_size),
          "--step-size: expected a number above 0");
  require(settings.replicates >= 1 && settings.replicates <= 10'000,
          "--replicates: expected 1 to 10000");
  require(settings.hit_errors >= 2 && settings.hit_errors <= 1000,
          "--hit-errors: expected 2 to 1000");
  const auto& errors = settings.errors;
  require(std::all_of(errors.begin(), errors.end(),
                      [](double error) { return error >= 0.0 && std::isfinite(error); }),
          "--errors: expected numbers of 0 or more");
  require(!errors.empty(), "--errors: expected at least one number");
  require(std::set<double>(errors.begin(), errors.end()).size() == errors.size(),
          "--errors: expected each number once");
  const auto& mean = settings.start_mean;
  require(mean.size() == 2 && std::isfinite(mean[0]) && std::isfinite(mean[1]),
          "--start-mean: expected two numbers");
}

// λ with the rounding of the eigenvalue it comes from.
Estimate convexity(const Gaussian& q) {
  const double lambda = 1.0 / q.eigenvalues()(q.dimension() - 1);
  return Estimate::closed_form(lambda, round_off(lambda, q.dimension()));
}

/// What is proved about step n of a chain with errors of at most ε.
struct Predictions {
  Estimate gamma;
  Estimate lambda;
  Estimate error;  // ε
  Estimate w0;
  Estimate kl0;

  Estimate ratio() const { return gamma * lambda; }
  Estimate decay(int n) const { return pow(1.0 / (1.0 + ratio()), n); }
  Estimate paper_squared_w2(int n) const {
    return pow(1.0 / (1.0 + 0.5 * ratio()), n) * square(w0) + 4.0 * square(error / lambda);
  }
  Estimate sharp_squared_w2(int n) const {
    return square(decay(n) * w0 + error / lambda * (1.0 - decay(n)));
  }
  // The discrete evolution variational inequality turns W_{n−1} into KL_n, n ≥ 1.
  Estimate paper_kl(int n) const {
    return 0.5 * paper_squared_w2(n - 1) / gamma + square(error) / lambda;
  }
  Estimate sharp_kl(int n) const {
    return square(decay(n) * sqrt(kl0) + error / sqrt(2.0 * lambda));
  }
  Estimate w2_floor() const { return square(error / lambda); }
  Estimate kl_floor() const { return 0.5 * square(error) / lambda; }
};

Predictions predictions(const JkoChain& chain, int n, const Settings& settings) {
  return {.gamma = settings.step_size,
          .lambda = convexity(chain.target),
          .error = chain.largest_error(n),
          .w0 = chain.w2_to_target(0),
          .kl0 = chain.kl_to_target(0)};
}

// Noise floor: an enclosure that is not a hundred times narrower than the value says nothing about
// a rate, neither a measured one nor a prediction from measured errors.
bool above_noise(const Estimate& quantity) {
  return quantity.value > 100.0 * quantity.width();
}

struct Case {
  std::string field;
  ErrorField kind = ErrorField::adversarial;
  double error = 0.0;
  int replicate = 0;
};

std::vector<Case> cases(const Settings& settings) {
  std::vector<Case> result;
  for (const double error : settings.errors) {
    if (error == 0.0) {
      result.push_back({.field = "exact"});
      continue;
    }
    result.push_back({.field = "adversarial", .error = error});
    for (int i = 0; i < settings.replicates; ++i) {
      result.push_back(
          {.field = "random", .kind = ErrorField::random, .error = error, .replicate = i});
    }
  }
  return result;
}

JkoChain chain_of(const Case& which, int steps, const Settings& settings, std::uint64_t seed) {
  return jko_chain(
      start(settings), target(),
      {.step_sizes = constant_steps(settings.step_size, steps),
       .error = which.error,
       .field = which.kind,
       .seed = derive_seed(seed, "jko_convergence", static_cast<std::uint64_t>(which.replicate))});
}

// W₂² and KL of one chain against the paper's bounds, the sharp ones, and the floor.
void add_chain(RunRecord& record,
               const Case& which,
               const JkoChain& chain,
               const Settings& settings) {
  for (int n = 0; n <= chain.steps(); ++n) {
    const Predictions predicted = predictions(chain, n, settings);
    const auto at = [&](const char* against) {
      return std::vector<Parameter>{which.field, which.error, std::int64_t{which.replicate},
                                    std::int64_t{n}, std::string(against)};
    };
    const auto add = [&](const char* against, const char* quantity, const Estimate& measured,
                         const Estimate& bound, bool votes) {
      record.add(at(against), quantity, {.lhs = measured, .rhs = bound}, tolerance,
                 votes && above_noise(measured) && above_noise(bound));
    };
    const Estimate w2_squared = square(chain.w2_to_target(n));
    add("paper", "w2_squared", w2_squared, predicted.paper_squared_w2(n), true);
    add("sharp", "w2_squared", w2_squared, predicted.sharp_squared_w2(n), true);
    add("floor", "w2_squared", w2_squared, predicted.w2_floor(), false);
    const Estimate kl = chain.kl_to_target(n);
    if (n >= 1) add("paper", "kl", kl, predicted.paper_kl(n), true);
    add("sharp", "kl", kl, predicted.sharp_kl(n), true);
    add("floor", "kl", kl, predicted.kl_floor(), false);
  }
}

// What is proved about first hits: N = ⌈log(λW₀/ε)/log(1 + γλ)⌉ for the level 2ε/λ, and the paper's
// N = ⌈(8/γλ) log(λW₀/ε)⌉, stated for √5 ε/λ and γλ < 2.
Estimate sharp_hit(const Predictions& predicted) {
  const Estimate logarithm = log(predicted.lambda * predicted.w0 / predicted.error);
  return ceiling(logarithm / log(1.0 + predicted.ratio()));
}

Estimate paper_hit(const Predictions& predicted) {
  const Estimate logarithm = log(predicted.lambda * predicted.w0 / predicted.error);
  return ceiling(8.0 / predicted.ratio() * logarithm);
}

// A chain that ends above the level says something of N only if it was followed that far.
void add_first_hit(RunRecord& record,
                   const Case& which,
                   const JkoChain& chain,
                   const Settings& settings) {
  const Predictions predicted = predictions(chain, chain.steps(), settings);
  const auto add = [&](const char* against, const Estimate& level, const Estimate& steps) {
    const Estimate hit = first_hit(
        chain.steps(), [&](int n) { return chain.w2_to_target(n); },
        level * predicted.error / predicted.lambda);
    record.add({which.field, which.error, std::int64_t{which.replicate}, std::int64_t{0},
                std::string(against)},
               "first_hit", {.lhs = hit, .rhs = steps}, tolerance,
               std::isfinite(hit.upper) || chain.steps() >= steps.upper);
  };
  add("sharp", 2.0, sharp_hit(predicted));
  if (predicted.ratio().upper < 2.0) add("paper", sqrt(Estimate(5.0)), paper_hit(predicted));
}

// Steps to the sharp N of this start, two more for what rounding makes of it, and no more than a
// chain that is followed may have.
int hit_steps(const Case& which, const Settings& settings) {
  const JkoChain unmoved = chain_of(which, 0, settings, 1);
  Predictions predicted = predictions(unmoved, 0, settings);
  predicted.error = which.error;
  return static_cast<int>(std::min(sharp_hit(predicted).upper + 2.0, double{most_steps}));
}

std::vector<Case> hit_cases(const Settings& settings) {
  std::vector<Case> result;
  for (int i = 0; i < settings.hit_errors; ++i) {
    const double error = 0.3 * std::pow(10.0, -6.0 * i / (settings.hit_errors - 1));
    result.push_back({.field = "adversarial", .error = error});
    result.push_back({.field = "random", .kind = ErrorField::random, .error = error});
  }
  return result;
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Case> followed = cases(settings);
  const std::vector<Case> timed = hit_cases(settings);
  const std::size_t count = followed.size() + timed.size();
  std::vector<std::optional<JkoChain>> chains(count);
  std::atomic<std::size_t> done = 0;
  // Chains are independent; rows are added afterwards in a fixed order.
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    if (context.stop != nullptr && *context.stop) return;
    const bool follow = i < followed.size();
    const Case& which = follow ? followed[i] : timed[i - followed.size()];
    chains[i] = chain_of(which, follow ? settings.steps : hit_steps(which, settings), settings,
                         context.seed);
    context.progress(static_cast<double>(++done) / static_cast<double>(count));
  });

  RunRecord record({"field", "epsilon", "replicate", "n", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  for (std::size_t i = 0; i < count; ++i) {
    if (i < followed.size()) {
      add_chain(record, followed[i], *chains[i], settings);
    } else {
      add_first_hit(record, timed[i - followed.size()], *chains[i], settings);
    }
  }
  return record;
}

// One colour for each ε; points are measured, lines predicted.
constexpr const char* figure = R"(
# The ε that were followed, as they stand in the file.
epsilons = " "
collect(word) = (strstrt(epsilons, " ".word." ") == 0 ? epsilons = epsilons.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "w2_squared") && column("epsilon") > 0 \
  ? collect(stringcolumn("epsilon")) : 0) nooutput
count = words(epsilons)
# gnuplot goes through a loop once where there is nothing to go through.
legend(i) = count == 0 ? "" : sprintf('ε = %g', word(epsilons, i) + 0)
row_of(e, field, against, quantity) = (is("field", field) && is("against", against) \
  && is("quantity", quantity) && is("epsilon", e) && column("replicate") == 0) ? column("n") : NaN
hollow(x) = is_empty("verdict") ? x : NaN
solid(x) = is_empty("verdict") ? NaN : x

set multiplot layout 1,3 margins 0.065,0.985,0.27,0.93 spacing 0.08
set xlabel 'step {/:Italic n}'
set format y '10^{%T}'
set logscale y
set xrange [0:*]
set yrange [1e-6:1e2]
do for [panel = 1:2] {
  quantity = panel == 1 ? "w2_squared" : "kl"
  if (panel == 1) { set title 'Squared distance' } else { set title 'Relative entropy' }
  if (panel == 1) { set ylabel '{/:Italic W}@_2^2({/:Italic p_n}, {/:Italic q})' offset 1.5 } \
  else { set ylabel 'KL({/:Italic p_n} ‖ {/:Italic q})  (nats)' offset 1.5 }
  if (panel == 1) { set key at screen 0.06,0.15 left top vertical maxrows 3 width 2 Left reverse } \
  else { unset key }
  plot for [i = 1:count] 'data.csv' \
      using (row_of(word(epsilons, i), "adversarial", "paper", quantity)):(column("predicted")) \
      with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
    for [i = 1:count] '' \
      using (row_of(word(epsilons, i), "adversarial", "sharp", quantity)):(column("predicted")) \
      with lines linestyle i notitle, \
    for [i = 1:count] '' \
      using (row_of(word(epsilons, i), "adversarial", "floor", quantity)):(column("predicted")) \
      with lines linestyle i linewidth 0.8 dashtype 2 notitle, \
    for [i = 1:count] '' \
      using (solid(row_of(word(epsilons, i), "random", "sharp", quantity))):(column("measured")) \
      with points linestyle i linewidth 1 pointtype 2 pointsize 0.5 notitle, \
    for [i = 1:count] '' \
      using (hollow(row_of(word(epsilons, i), "adversarial", "sharp", quantity))): \
      (column("measured")) with points linestyle i pointtype 6 notitle, \
    for [i = 1:count] '' \
      using (solid(row_of(word(epsilons, i), "adversarial", "sharp", quantity))): \
      (column("measured")) with points linestyle i pointtype 7 \
      title legend(i), \
    '' using (row_of("0", "exact", "sharp", quantity)):(column("predicted")) \
      with lines linecolor 'black' linewidth 1.8 notitle, \
    '' using (solid(row_of("0", "exact", "sharp", quantity))):(column("measured")) \
      with points linecolor 'black' pointtype 7 title 'ε = 0', \
    '' using (hollow(row_of("0", "exact", "sharp", quantity))):(column("measured")) \
      with points linecolor 'black' pointtype 6 notitle, \
    NaN with points linecolor '#909090' pointtype 7 title 'adversarial error', \
    NaN with points linecolor '#909090' pointtype 2 pointsize 0.5 title 'random error', \
    NaN with lines linecolor '#909090' linewidth 1.8 title 'sharp bound', \
    NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title "paper's bound", \
    NaN with lines linecolor '#909090' linewidth 0.8 dashtype 2 title 'floor: {/:Italic n} → ∞'
}

set format y '%g'
set title 'Steps to {/:Italic W_n} ≤ 2ε/λ'
set xlabel 'log(1/ε)'
set ylabel 'first such {/:Italic n}' offset 1.5
set xrange [*:*]
set yrange [2:500]
set key at graph 0.97,0.03 right bottom vertical maxrows 5 Left reverse
hit(field, against) = (is("quantity", "first_hit") && is("field", field) \
  && is("against", against)) ? -log(column("epsilon")) : NaN
plot 'data.csv' using (hit("adversarial", "paper")):(column("predicted")) \
    with lines linestyle 2 dashtype 3 title "paper's {/:Italic N}", \
  '' using (hit("adversarial", "sharp")):(column("predicted")) \
    with lines linestyle 1 title 'sharp {/:Italic N}', \
  '' using (solid(hit("adversarial", "sharp"))):(column("measured")) \
    with points linecolor 'black' pointtype 7 title 'adversarial error', \
  '' using (solid(hit("random", "sharp"))):(column("measured")) \
    with points linecolor 'black' pointtype 2 pointsize 0.5 title 'random error', \
  for [field in "adversarial random"] '' using (hollow(hit(field, "sharp"))):(column("measured")) \
    with points linecolor 'black' pointtype 6 notitle
unset multiplot
)";

}  // namespace

Experiment jko_convergence() {
  return {
      .name = "jko_convergence",
      .question =
          "How fast do inexact JKO steps reach a Gaussian target, and how loose are the "
          "proved rates?",
      .claims = {"JKO-10", "JKO-11", "JKO-12", "JKO-13"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--steps", "steps of each chain", &settings->steps},
                            {"--step-size", "γ", &settings->step_size},
                            {"--errors", "ε of the first two panels", &settings->errors},
                            {"--replicates", "chains with random errors for each ε",
                             &settings->replicates},
                            {"--hit-errors", "number of ε in the third panel",
                             &settings->hit_errors},
                            {"--start-mean", "mean of p_0", &settings->start_mean}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure};
}

}  // namespace flowcheck
