// How much of the data is left after n blocks of Local Flow Matching, for the step sizes in use?
//
// Claims:  LFM-01, whose factor e^{−2Γ} is the remaining signal; LFM-16, why little need be gone
// Run:     lfm_schedules --blocks 4 --first 0.025,0.15 --ratio 1.25,1.3
// Writes:  results/lfm_schedules/; milliseconds
//
// Γ_n = γ_1 + … + γ_n, ᾱ_n = e^{−2Γ_n}, SNR_n = ᾱ_n/(1 − ᾱ_n), and χ²(p_n ‖ q) of a bimodal mixture
// on the line against ᾱ_n χ²(p_0 ‖ q). Where the step sizes were printed, they vote.

#include "distances/mixture_chi_squared.hpp"
#include "experiments.hpp"
#include "learning/step_schedule.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

namespace flowcheck {
namespace {

struct Settings {
  int blocks = 4;
  std::vector<double> first = {0.025, 0.15, 0.35, 0.3};  // c of γ_n = c ρ^{n−1}
  std::vector<double> ratio = {1.25, 1.3, 1.0, 1.1};     // ρ
};

// Digits of the printed step sizes, seven at most.
constexpr double printed_tolerance = 1e-4;
constexpr double tolerance = 1e-12;

void check_settings(const Settings& settings) {
  require(settings.blocks >= 2 && settings.blocks <= 1000, "--blocks: expected 2 to 1000");
  require(!settings.first.empty() && settings.first.size() <= 6,
          "--first: expected 1 to 6 numbers");
  require(settings.first.size() == settings.ratio.size(),
          "--ratio: expected as many numbers as --first has");
  const auto positive = [](double x) { return x > 0.0 && x <= 10.0; };
  require(std::all_of(settings.first.begin(), settings.first.end(), positive),
          "--first: expected numbers in (0, 10]");
  require(std::all_of(settings.ratio.begin(), settings.ratio.end(), positive),
          "--ratio: expected numbers in (0, 10]");
}

struct NamedSteps {
  std::string name;
  std::vector<double> steps;
};

std::vector<NamedSteps> schedules(const Settings& settings) {
  std::vector<NamedSteps> result;
  for (std::size_t i = 0; i < settings.first.size(); ++i) {
    result.push_back({fmt::format("{} {}", settings.first[i], settings.ratio[i]),
                      exponential_steps(settings.first[i], settings.ratio[i], settings.blocks)});
  }
  result.push_back({"cosine", cosine_steps(settings.blocks)});
  result.push_back({"linear", linear_steps(settings.blocks)});
  return result;
}

// Step sizes as the released notebook prints them, with half a unit of the last digit.
struct PrintedSteps {
  std::vector<double> steps;
  double error;
};

const PrintedSteps* printed_steps(const std::string& name, int blocks) {
  static const std::map<std::pair<std::string, int>, PrintedSteps> known = {
      {{"0.3 1.1", 4}, {{0.3, 0.33, 0.363, 0.3993}, 5e-7}},
      {{"cosine", 4}, {{0.08302011, 0.2697481, 0.61525887, 3.45387764}, 5e-8}},
      {{"cosine", 6}, {{0.037432, 0.111176, 0.20416, 0.347534, 0.659033}, 5e-7}},
      {{"cosine", 9},
       {{0.017248, 0.048459, 0.082901, 0.123682, 0.176214, 0.251798, 0.380151, 0.678082}, 5e-7}},
      {{"linear", 4}, {{0.0126589, 0.2128339, 0.5518124, 2.3025851}, 5e-8}}};
  const auto found = known.find({name, blocks});
  return found == known.end() ? nullptr : &found->second;
}

Estimate rounded(double value) {
  return Estimate::closed_form(value, round_off(std::abs(value), 1));
}

// .3 N(−1.2, .1) + .7 N(.8, .2).
GaussianMixture bimodal() {
  return {Vector{{0.3, 0.7}}, Matrix{{-1.2, 0.8}}, {Matrix{{0.1}}, Matrix{{0.2}}}};
}

void add_schedule(RunRecord& record, const NamedSteps& schedule) {
  const std::vector<double> signal = remaining_signal(schedule.steps);
  const std::vector<double> ratio = signal_to_noise(schedule.steps);
  const auto count = static_cast<int>(schedule.steps.size());
  const PrintedSteps* printed = printed_steps(schedule.name, count);
  const Gaussian q = Gaussian::standard(1);
  const Estimate start = chi_squared(bimodal(), q);
  double elapsed = 0.0;
  const auto add_start = [&](const std::string& quantity, double value) {
    record.add({schedule.name, std::int64_t{0}}, quantity, Estimate(value));
  };
  add_start("remaining_signal", 1.0);
  record.add({schedule.name, std::int64_t{0}}, "chi_squared", start);
  for (std::size_t n = 0; n < schedule.steps.size(); ++n) {
    const std::vector<Parameter> at{schedule.name, static_cast<std::int64_t>(n + 1)};
    const double gamma = schedule.steps[n];
    elapsed += gamma;
    if (printed != nullptr && n < printed->steps.size()) {
      const double digits = printed->steps[n];
      record.add(
          at, "step_size",
          identity(rounded(gamma), Estimate::between(digits, digits - printed->error,
                                                     digits + printed->error, Grade::closed_form)),
          printed_tolerance);
    } else {
      record.add(at, "step_size", rounded(gamma));
    }
    const Estimate left = exp(Estimate::closed_form(-2.0 * elapsed, round_off(elapsed, 1)));
    record.add(at, "remaining_signal", identity(rounded(signal[n]), left, {}, 1.0), tolerance);
    record.add(at, "signal_to_noise", rounded(ratio[n]));
    record.add(at, "chi_squared",
               Bound{.lhs = chi_squared(ou_law(bimodal(), elapsed), q), .rhs = left * start},
               tolerance);
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"schedule", "n"}, context.seed);
  for (const NamedSteps& schedule : schedules(settings)) {
    if (context.stop != nullptr && *context.stop) return record;
    add_schedule(record, schedule);
  }
  context.progress(1.0);
  return record;
}

constexpr const char* figure = R"(
# The schedules that stand in the file, in order, a comma after each.
names = ","
collect(word) = (strstrt(names, ",".word.",") == 0 ? names = names.word."," : 0, 0)
stats 'data.csv' using (is("quantity", "step_size") ? collect(stringcolumn("schedule")) : 0) nooutput
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(names)] { if (names[i:i] eq ",") { count = count + 1 } }
names = drop_first(names)
title_of(name) = name[1:1] eq "c" || name[1:1] eq "l" ? name \
  : '{/:Italic c} = '.word(name, 1).', {/:Italic ρ} = '.word(name, 2)
of(name, quantity) = is("schedule", name) && is("quantity", quantity) ? column("n") : NaN
style(i) = (i - 1) % 8 + 1

rows = (count + 3) / 3
set multiplot layout 1,3 margins 0.07,0.985,0.17 + 0.05 * rows,0.92 spacing 0.09
set xlabel 'block {/:Italic n}'
set xtics format '%.0f'
stats 'data.csv' using (column("n")) nooutput
if (STATS_max <= 10) { set xtics 1 }
set xrange [0:STATS_max]
unset key
set title 'Signal left'
set ylabel 'ᾱ_{/:Italic n}' offset 1
set yrange [0:1.02]
plot for [i = 1:count] 'data.csv' using (of(take(names, i), "remaining_signal")):(column("measured")) \
  with linespoints linestyle style(i)

set title 'Signal-to-noise ratio'
set ylabel 'ᾱ_{/:Italic n} / (1 − ᾱ_{/:Italic n})' offset 1
set logscale y
set format y '10^{%T}'
set yrange [*:*]
plot for [i = 1:count] 'data.csv' using (of(take(names, i), "signal_to_noise")):(column("measured")) \
  with linespoints linestyle style(i)

set title 'χ² of a bimodal mixture'
set ylabel 'χ²({/:Italic p_n} ‖ {/:Italic q})' offset 1
set key at screen 0.07,0.03 + 0.05 * rows left top vertical maxrows rows width 2 Left reverse
plot for [i = 1:count] 'data.csv' using (of(take(names, i), "chi_squared")):(column("measured")) \
    with linespoints linestyle style(i) title title_of(take(names, i)), \
  for [i = 1:count] '' using (of(take(names, i), "chi_squared")):(column("predicted")) \
    with lines linestyle style(i) dashtype 2 notitle, \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 2 title 'bound ᾱ_{/:Italic n} χ²({/:Italic p}_0 ‖ {/:Italic q})'
unset multiplot
)";

}  // namespace

Experiment lfm_schedules() {
  return {
      .name = "lfm_schedules",
      .question =
          "How much of the data is left after n blocks of Local Flow Matching, for the step "
          "sizes in use?",
      .claims = {"LFM-01", "LFM-16"},
      .prepare =
          [](Scale) {
            auto settings = std::make_shared<Settings>();
            return PreparedRun{
                .options = {{"--blocks", "number of blocks N", &settings->blocks},
                            {"--first", "first step sizes c of γₙ = cρⁿ⁻¹", &settings->first},
                            {"--ratio", "their ratios ρ", &settings->ratio}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-10};
}

}  // namespace flowcheck
