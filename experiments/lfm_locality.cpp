// Does a smaller step make the block of Local Flow Matching an easier regression?
//
// Claims:  LFM-20, W₂² ≤ kinetic ≤ E|İ|² and their orders in γ; LFM-05, kinetic + floor = E|İ|²
// Run:     lfm_locality --step-sizes 13
// Writes:  results/lfm_locality/; some seconds
//
// One perfect block from .3N(−1.2, .1) + .7N(.8, .2) for γ from .02 to 2 and the four choices of
// interpolant and coupling: squared distance of the block's ends, kinetic energy of its velocity,
// least training loss ("floor") and the largest |∂ₓv| seen. All shrink with γ for linear
// interpolation of dependent ends alone.

#include "distances/monotone_transport.hpp"
#include "experiments.hpp"
#include "learning/block_path.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/require.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

struct Settings {
  int step_sizes = 9;
  double smallest = 0.02;  // γ, log-spaced
  double largest = 2.0;
};

Settings settings_for(Scale scale) {
  return {.step_sizes = scale == Scale::quick ? 9 : scale == Scale::standard ? 25 : 97};
}

void check_settings(const Settings& settings) {
  require(settings.step_sizes >= 2 && settings.step_sizes <= 1000,
          "--step-sizes: expected 2 to 1000");
  require(
      settings.smallest >= 1e-4 && settings.smallest < settings.largest && settings.largest <= 10.0,
      "--smallest-step, --largest-step: expected 1e-4 <= smallest < largest <= 10");
}

struct Choice {
  Interpolant interpolant;
  Coupling coupling;
  double kinetic_order;  // as γ → 0
  double floor_order;
};

constexpr std::array<Choice, 4> choices = {
    {{Interpolant::linear, Coupling::dependent, 2.0, 1.0},
     {Interpolant::linear, Coupling::independent, 0.0, 0.0},
     {Interpolant::trigonometric, Coupling::dependent, 0.0, 1.0},
     {Interpolant::trigonometric, Coupling::independent, 0.0, 0.0}}};

GaussianMixture bed() {
  return {Vector{{0.3, 0.7}},
          Matrix{{-1.2, 0.8}},
          {Matrix::Constant(1, 1, 0.1), Matrix::Constant(1, 1, 0.2)}};
}

BlockPath path_of(const Choice& choice, double gamma) {
  return {bed(), gamma, choice.interpolant, choice.coupling};
}

std::vector<Parameter> place(const Choice& choice, double gamma) {
  return {std::string(to_string(choice.interpolant)), std::string(to_string(choice.coupling)),
          gamma};
}

void record_block(RunRecord& record, const Choice& choice, double gamma) {
  constexpr double tolerance = 1e-8;  // no side comes near the other
  // Relative to E|İ|²: the sum of two quadratures of 1e-6 each.
  constexpr double quadrature_tolerance = 1e-5;
  const BlockPath path = path_of(choice, gamma);
  const BlockEnergies energies = block_energies(path, {.panels = 4, .nodes = 64});
  const Estimate rate = squared_rate(path);
  const std::vector<Parameter> where = place(choice, gamma);
  record.add(where, "squared_w2",
             {.lhs = squared_w2(path.data(), path.right()), .rhs = energies.kinetic}, tolerance);
  record.add(where, "kinetic", {.lhs = energies.kinetic, .rhs = rate}, tolerance);
  record.add(where, "floor", energies.floor);
  record.add(where, "kinetic_plus_floor", identity(energies.kinetic + energies.floor, rate),
             quadrature_tolerance);
  record.add(where, "steepest", steepest_gradient(path, {.panels = 4, .nodes = 64}));
}

// Orders of what vanishes, or does not, as γ → 0; at rows of γ = 0.
void record_orders(RunRecord& record, const Choice& choice) {
  constexpr double widest_interval = 0.1;
  std::vector<double> gammas;
  std::vector<double> distances;
  std::vector<double> kinetics;
  std::vector<double> floors;
  for (int k = 0; k < 5; ++k) {
    gammas.push_back(0.005 * std::pow(0.5, k));
    const BlockPath path = path_of(choice, gammas.back());
    const BlockEnergies energies = block_energies(path);
    distances.push_back(squared_w2(path.data(), path.right()).value);
    kinetics.push_back(energies.kinetic.value);
    floors.push_back(energies.floor.value);
  }
  const auto add = [&](const char* quantity, const std::vector<double>& sizes, double predicted) {
    record.add(place(choice, 0.0), quantity, order(observed_order(gammas, sizes), predicted),
               widest_interval);
  };
  add("order_of_squared_w2", distances, 2.0);
  add("order_of_kinetic", kinetics, choice.kinetic_order);
  add("order_of_floor", floors, choice.floor_order);
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"interpolant", "coupling", "step_size"}, context.seed);
  const int last = settings.step_sizes - 1;
  for (std::size_t c = 0; c < choices.size(); ++c) {
    for (int i = 0; i <= last; ++i) {
      if (context.stop != nullptr && *context.stop) return record;
      context.progress((static_cast<double>(c) + static_cast<double>(i) / (last + 1)) /
                       static_cast<double>(choices.size()));
      const double share = static_cast<double>(i) / last;
      record_block(record, choices.at(c),
                   settings.smallest * std::pow(settings.largest / settings.smallest, share));
    }
    record_orders(record, choices.at(c));
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1100,420 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(i, quantity) = is("interpolant", word("linear linear trigonometric trigonometric", i)) \
  && is("coupling", word("dependent independent dependent independent", i)) \
  && is("quantity", quantity) && column("step_size") > 0 ? column("step_size") : NaN
title_of(i) = word("linear linear trigonometric trigonometric", i).', '.word("dependent independent dependent independent", i)
set multiplot layout 1,3 margins 0.06,0.99,0.17,0.9 spacing 0.06,0.1
set logscale xy
set xlabel 'step size γ'
set xrange [*:*]
set key bottom right Left reverse font ',10' samplen 1.5
set title 'Kinetic energy, and W₂² of the ends'
set yrange [1e-3:10]
plot for [i = 1:4] 'data.csv' using (at(i, "kinetic")):(column("measured")) with linespoints linestyle i title title_of(i), \
  '' using (at(1, "squared_w2")):(column("measured")) with lines linecolor 'black' linewidth 1.6 dashtype 2 title 'W₂²'
set title 'Least training loss'
set yrange [1e-2:10]
plot for [i = 1:4] 'data.csv' using (at(i, "floor")):(column("measured")) with linespoints linestyle i notitle
set title 'Largest |∂_{/:Italic x}{/:Italic v}| seen'
set yrange [0.5:20]
plot for [i = 1:4] 'data.csv' using (at(i, "steepest")):(column("measured")) with linespoints linestyle i notitle
unset multiplot
)";

}  // namespace

Experiment lfm_locality() {
  return {
      .name = "lfm_locality",
      .question = "Does a smaller step make a block of Local Flow Matching an easier regression?",
      .claims = {"LFM-20"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--step-sizes", "number of γ", &settings->step_sizes},
                            {"--smallest-step", "smallest γ", &settings->smallest},
                            {"--largest-step", "largest γ", &settings->largest}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-5};
}

}  // namespace flowcheck
