// Is there a counterexample to the two covariance envelopes that rest on longer proofs?
//
// Claims:  GIF-09, in d = 2 and on the line; GIF-11, on the line and for mixtures in d = 2, 3
// Run:     gif_covariance_search --starts 20 --evaluations 5000
// Writes:  results/gif_covariance_search/; at --scale paper a million instances a part
//
// As jko_margin_search: each part is a map from a box to instances, and random steps whose size
// follows their success push down the margin 1 − lhs/rhs. Both bounds are attained, on the line, so
// that margins of 1e-6 and less there are what should be found. A control is the same search for a
// bound with one constant wrong, which it has to break.

#include "experiments.hpp"
#include "margin_spaces.hpp"
#include "numerics/require.hpp"

#include <memory>
#include <vector>

namespace flowcheck {
namespace {

struct Settings {
  int starts = 2;         // for each part
  int evaluations = 500;  // for each start
};

Settings settings_for(Scale scale) {
  switch (scale) {
    case Scale::quick:
      return {};
    case Scale::standard:
      return {.starts = 20, .evaluations = 4'000};
    case Scale::paper:
      return {.starts = 100, .evaluations = 10'000};
  }
  return {};
}

void check_settings(const Settings& settings) {
  require(settings.starts >= 1 && settings.starts <= 10'000, "--starts: expected 1 to 10000");
  require(settings.evaluations >= 1 && settings.evaluations <= 10'000'000,
          "--evaluations: expected 1 to 10000000");
  require(settings.starts <= 100'000'000 / settings.evaluations,
          "--evaluations: expected at most 100000000 divided by --starts");
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<SearchSpace> all = covariance_search_spaces();
  RunRecord record(search_columns(), context.seed);
  double done = 0.0;
  for (const SearchSpace& space : all) {
    if (context.stop != nullptr && *context.stop) return record;
    record_search(record, space, {.starts = settings.starts, .evaluations = settings.evaluations},
                  context);
    context.progress(++done / static_cast<double>(all.size()));
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 900,480 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
# Names in the order of the file, each followed by a semicolon.
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
count(list) = strlen(list) == 0 ? 0 : 1 + count(drop_first(list))
with(list, name) = strstrt(";".list, ";".name.";") == 0 ? list.name.";" : list
parts = ""
collect(name) = (parts = with(parts, name), 1)
stats 'data.csv' using (is("kind", "best") ? collect(stringcolumn("part")) : 1) nooutput
of(part, kind) = is("part", part) && is("kind", kind) && is("quantity", "margin") \
  ? column("evaluation") : NaN
shown(margin) = margin > 1e-16 ? margin : 1e-16
caught(margin) = margin < -1 ? 1 : -margin
set logscale xy
set yrange [1e-17:3]
set format x '10^{%T}'
set format y '10^{%T}'
set key outside right
set xlabel 'instances tried from one start'
set title 'Least margin 1 − lhs/rhs of all starts (lines); by how much a wrong bound is caught (crosses)'
plot for [i = 1:count(parts)] 'data.csv' \
    using (of(take(parts, i), "descent")):(shown(column("measured"))) \
    with linespoints linestyle i linewidth 1.4 pointsize 0.3 title take(parts, i), \
  for [i = 1:count(parts)] '' \
    using (of(take(parts, i), "control")):(caught(column("measured"))) \
    with points linestyle i pointtype 2 pointsize 1 notitle
)";

}  // namespace

Experiment gif_covariance_search() {
  return {
      .name = "gif_covariance_search",
      .question =
          "Is there a counterexample to the covariance envelopes that rest on longer proofs?",
      .claims = {"GIF-09", "GIF-11"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--starts", "random starts for each part", &settings->starts},
                            {"--evaluations", "instances tried from each start",
                             &settings->evaluations}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6};
}

}  // namespace flowcheck
