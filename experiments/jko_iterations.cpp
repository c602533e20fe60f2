// How many JKO steps does the guarantee KL ≤ 9ε²/(2γλ²) take, and how many are proved to do?
//
// Claims:  JKO-12, the paper's N = ⌈(8/γλ) log(λW₀/ε)⌉ + 1; JKO-14, ⌈log(λW₀/ε)/log(1 + γλ)⌉ + 1
// Run:     jko_iterations --step-sizes 0.05,0.5,1.9
// Writes:  results/jko_iterations/; at --scale quick a few seconds of measuring
//
// λ = 1. Towards N(0, 1) a translate at distance W₀ with errors that hold it back is the slowest of
// all data. The other data are a mixture at the same distance from the quartic law V = x²/2 + x⁴/4,
// on a grid, with errors that point away from it.

#include "experiments.hpp"
#include "first_hit.hpp"
#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "proximal/line_jko_chain.hpp"

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
  std::vector<double> step_sizes = {0.05, 0.1, 0.2, 0.5, 1.0, 1.9};  // γ < 2
  std::vector<double> errors = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5};       // ε
  double distance = 3.0;                                             // W₀
  int points = 201;
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::quick) return settings;
  settings.points = 801;
  settings.step_sizes = {0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 1.9};
  settings.errors = {1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5};
  if (scale == Scale::paper) settings.points = 3201;
  return settings;
}

constexpr double tolerance = 1e-8;  // round-off
constexpr int most_steps = 10'000;

void check_settings(const Settings& settings) {
  const auto& gammas = settings.step_sizes;
  require(!gammas.empty() && std::all_of(gammas.begin(), gammas.end(),
                                         [](double x) { return x >= 0.01 && x < 2.0; }),
          "--step-sizes: expected numbers from 0.01 to 2, 2 excluded");
  const auto& errors = settings.errors;
  require(!errors.empty() && std::all_of(errors.begin(), errors.end(),
                                         [](double x) { return x >= 1e-6 && x <= 1.0; }),
          "--errors: expected numbers from 1e-6 to 1");
  require(std::set<double>(gammas.begin(), gammas.end()).size() == gammas.size() &&
              std::set<double>(errors.begin(), errors.end()).size() == errors.size(),
          "--step-sizes, --errors: expected each number once");
  require(settings.distance >= 1.0 && settings.distance <= 100.0,
          "--distance: expected a number from 1 to 100");
  require(settings.points >= 51 && settings.points <= 20'001, "--points: expected 51 to 20001");
}

struct Case {
  std::string data;
  double step_size = 0.0;
  double error = 0.0;
};

std::vector<Case> cases(const Settings& settings) {
  std::vector<Case> result;
  for (const char* data : {"translate", "mixture"}) {
    for (const double gamma : settings.step_sizes) {
      for (const double error : settings.errors) result.push_back({data, gamma, error});
    }
  }
  return result;
}

// What is proved about a chain from distance W₀, λ = 1.
struct Predictions {
  double gamma = 0.0;
  double error = 0.0;
  Estimate w_0 = 0.0;

  Estimate level() const { return 4.5 * square(Estimate(error)) / gamma; }
  Estimate sharp() const { return 1.0 + ceiling(log(w_0 / error) / log(Estimate(1.0) + gamma)); }
  Estimate paper() const { return 1.0 + ceiling(8.0 / Estimate(gamma) * log(w_0 / error)); }
};

// First n with KL_n ≤ 9ε²/(2γ); the chain ends two steps after the sharp N.
struct Hit {
  Predictions predicted;
  Estimate steps;
};

std::vector<double> steps_of(const Predictions& predicted) {
  const double count = std::min(predicted.sharp().upper + 2.0, double{most_steps});
  return constant_steps(predicted.gamma, static_cast<int>(count));
}

Hit translate_hit(const Case& which, const Settings& settings) {
  Predictions predicted{.gamma = which.step_size, .error = which.error, .w_0 = settings.distance};
  const Gaussian target = Gaussian::standard(1);
  const JkoChain chain = jko_chain(
      {Vector::Constant(1, settings.distance), target.covariance()}, target,
      {.step_sizes = steps_of(predicted), .error = which.error, .field = ErrorField::constant});
  return {predicted,
          first_hit(
              chain.steps(), [&](int n) { return chain.kl_to_target(n); }, predicted.level())};
}

Hit mixture_hit(const Case& which, const LineMap& start) {
  const LineFunctional G = relative_entropy(quartic_energy(1.0, 1.0));
  const LineJkoChain unmoved = line_jko_chain(start, G, {});
  Predictions predicted{
      .gamma = which.step_size, .error = which.error, .w_0 = unmoved.w2_to_target(0)};
  const LineJkoChain chain =
      line_jko_chain(start, G, {.step_sizes = steps_of(predicted), .error = which.error});
  return {predicted, first_hit(
                         chain.steps(), [&](int n) { return chain.gap(n); }, predicted.level())};
}

// W₂² to a law with mean 0 is the squared mean and what the centred laws differ by.
LineMap moved_mixture(const LineGrid& grid, double distance) {
  const LineMeasure centred = gaussian_mixture_law({0.4, 0.6}, {-1.62, 1.08}, {0.7, 0.6});
  const double own = w2(line_map(grid, centred), line_map(grid, quartic_law(1.0, 1.0))).value;
  const double mean = std::sqrt(distance * distance - own * own);
  return line_map(grid, gaussian_mixture_law({0.4, 0.6}, {mean - 1.62, mean + 1.08}, {0.7, 0.6}));
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const LineMap start = moved_mixture(LineGrid(settings.points), settings.distance);
  const std::vector<Case> all = cases(settings);
  std::vector<std::optional<Hit>> hits(all.size());
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t i) {
    if (context.stop != nullptr && *context.stop) return;
    hits[i] =
        all[i].data == "translate" ? translate_hit(all[i], settings) : mixture_hit(all[i], start);
    context.progress(static_cast<double>(++done) / static_cast<double>(all.size()));
  });
  RunRecord record({"data", "step_size", "epsilon", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Hit& hit = *hits[i];
    const auto add = [&](const char* against, const Estimate& steps) {
      record.add({all[i].data, all[i].step_size, all[i].error, std::string(against)}, "first_hit",
                 {.lhs = hit.steps, .rhs = steps}, tolerance);
    };
    add("sharp", hit.predicted.sharp());
    add("paper", hit.predicted.paper());
  }
  return record;
}

constexpr const char* figure = R"(
# The γ and the ε that were measured, as they stand in the file.
gammas = " "
epsilons = " "
collect_gamma(word) = (strstrt(gammas, " ".word." ") == 0 ? gammas = gammas.word." " : 0, 0)
collect_epsilon(word) = (strstrt(epsilons, " ".word." ") == 0 ? epsilons = epsilons.word." " : 0, 0)
stats 'data.csv' using (collect_gamma(stringcolumn("step_size"))) nooutput
stats 'data.csv' using (collect_epsilon(stringcolumn("epsilon"))) nooutput
# First, middle and last of each.
three(list) = words(list) < 3 ? list : word(list, 1)." ".word(list, (words(list) + 2) / 2) \
  ." ".word(list, words(list))
gammas = three(gammas)
epsilons = three(epsilons)
of(data, against) = is("data", data) && is("against", against)
at_gamma(data, against, g) = of(data, against) && is("step_size", g) \
  ? -log10(column("epsilon")) : NaN
at_epsilon(data, against, e) = of(data, against) && is("epsilon", e) ? column("step_size") : NaN

set multiplot layout 1,2 margins 0.07,0.985,0.13,0.93 spacing 0.09
set logscale y
set yrange [1:1e5]
set title 'Steps to KL ≤ 9ε^2/(2γ), against the error'
set xlabel 'log_{10}(1/ε)'
set ylabel 'number of steps' offset 1
set key at graph 0.02,0.98 left top Left reverse vertical maxrows 4
plot for [i = 1:words(gammas)] 'data.csv' \
    using (at_gamma("translate", "paper", word(gammas, i))):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:words(gammas)] '' \
    using (at_gamma("translate", "sharp", word(gammas, i))):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:words(gammas)] '' \
    using (at_gamma("translate", "sharp", word(gammas, i))):(column("measured")) \
    with points linestyle i title sprintf('γ = %g', word(gammas, i) + 0), \
  for [i = 1:words(gammas)] '' \
    using (at_gamma("mixture", "sharp", word(gammas, i))):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 notitle, \
  NaN with points linecolor '#909090' pointtype 7 title 'translate, {/:Italic V} = {/:Italic x}^2/2', \
  NaN with points linecolor '#909090' pointtype 2 pointsize 0.6 title 'mixture, quartic {/:Italic V}', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'sharp {/:Italic N}', \
  NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title "paper's {/:Italic N}"

set title 'The same against the step size'
set logscale x
set xlabel 'step size γ'
unset ylabel
plot for [i = 1:words(epsilons)] 'data.csv' \
    using (at_epsilon("translate", "paper", word(epsilons, i))):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:words(epsilons)] '' \
    using (at_epsilon("translate", "sharp", word(epsilons, i))):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:words(epsilons)] '' \
    using (at_epsilon("translate", "sharp", word(epsilons, i))):(column("measured")) \
    with points linestyle i title sprintf('ε = %g', word(epsilons, i) + 0), \
  for [i = 1:words(epsilons)] '' \
    using (at_epsilon("mixture", "sharp", word(epsilons, i))):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 notitle
unset multiplot
)";

}  // namespace

Experiment jko_iterations() {
  return {
      .name = "jko_iterations",
      .question =
          "How many JKO steps does the guarantee KL ≤ 9ε²/(2γλ²) take, and how many are proved to "
          "do?",
      .claims = {"JKO-12", "JKO-14"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--step-sizes", "γ, below 2", &settings->step_sizes},
                            {"--errors", "ε", &settings->errors},
                            {"--distance", "W₀", &settings->distance},
                            {"--points", "points of the mixture's grid", &settings->points}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure};
}

}  // namespace flowcheck
