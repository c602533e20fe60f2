// Is there a counterexample to what has a proof and no instance that attains it?
//
// Claims:  JKO-07, JKO-18, JKO-28, JKO-29, JKO-31, JKO-32, JKO-39, JKO-40, in the parts that proofs
//          alone speak for
// Run:     jko_margin_search --claims 18,29 --starts 20
// Writes:  results/jko_margin_search/; at --scale paper a million instances a claim, see columns
//
// Each part is a map from a box to instances, and what is pushed down, by random steps whose size
// follows their success, is the margin 1 − lhs/rhs of its inequality, a ratio without units; of an
// identity, rhs is what rounding explains. A search that finds nothing proves nothing: what it is
// worth is seen from its controls, the same search on the same box for a statement with one thing
// wrong, which has to find a counterexample.

#include "experiments.hpp"
#include "margin_spaces.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

namespace flowcheck {
namespace {

constexpr std::array<int, 8> searched_claims = {7, 18, 28, 29, 31, 32, 39, 40};

struct Settings {
  std::vector<int> claims = {searched_claims.begin(), searched_claims.end()};
  int starts = 1;         // for each claim at least, and for each of its parts
  int evaluations = 300;  // for each start
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale != Scale::quick) settings.starts = 12;
  if (scale == Scale::standard) settings.evaluations = 3'000;
  if (scale == Scale::paper) {
    settings.starts = 100;
    settings.evaluations = 10'000;
  }
  return settings;
}

void check_settings(const Settings& settings) {
  const auto is_searched = [](int claim) {
    return std::find(searched_claims.begin(), searched_claims.end(), claim) !=
           searched_claims.end();
  };
  require(!settings.claims.empty() &&
              std::all_of(settings.claims.begin(), settings.claims.end(), is_searched),
          "--claims: expected numbers among 7, 18, 28, 29, 31, 32, 39, 40");
  require(std::set<int>(settings.claims.begin(), settings.claims.end()).size() ==
              settings.claims.size(),
          "--claims: expected each number once");
  require(settings.starts >= 1 && settings.starts <= 10'000, "--starts: expected 1 to 10000");
  require(settings.evaluations >= 1 && settings.evaluations <= 10'000'000,
          "--evaluations: expected 1 to 10000000");
  require(settings.starts <= 100'000'000 / settings.evaluations,
          "--evaluations: expected at most 100000000 divided by --starts");
}

int number_of(const SearchSpace& space) {
  return std::stoi(space.claim.substr(4, 2));
}

std::vector<SearchSpace> spaces_of(const std::vector<int>& claims) {
  std::vector<SearchSpace> all;
  for (auto make :
       {line_search_spaces, gaussian_search_spaces, jet_search_spaces, mixture_search_spaces}) {
    for (SearchSpace& space : make()) all.push_back(std::move(space));
  }
  std::erase_if(all, [&](const SearchSpace& space) {
    return std::find(claims.begin(), claims.end(), number_of(space)) == claims.end();
  });
  std::stable_sort(all.begin(), all.end(),
                   [](const SearchSpace& a, const SearchSpace& b) { return a.claim < b.claim; });
  return all;
}

// A claim's starts are shared among its parts.
SearchOptions options_for(const SearchSpace& space,
                          const std::vector<SearchSpace>& all,
                          const Settings& settings) {
  const auto parts =
      static_cast<int>(std::count_if(all.begin(), all.end(), [&](const SearchSpace& other) {
        return other.claim == space.claim;
      }));
  return {.starts = (settings.starts + parts - 1) / parts, .evaluations = settings.evaluations};
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<SearchSpace> all = spaces_of(settings.claims);
  RunRecord record(search_columns(), context.seed);
  double done = 0.0;
  for (const SearchSpace& space : all) {
    if (context.stop != nullptr && *context.stop) return record;
    record_search(record, space, options_for(space, all, settings), context);
    context.progress(++done / static_cast<double>(all.size()));
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1200,1150 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
# Names in the order of the file, each followed by a semicolon.
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
count(list) = strlen(list) == 0 ? 0 : 1 + count(drop_first(list))
with(list, name) = strstrt(";".list, ";".name.";") == 0 ? list.name.";" : list
claims = ""
collect_claim(name) = (claims = with(claims, name), 1)
stats 'data.csv' using (is("kind", "best") ? collect_claim(stringcolumn("claim")) : 1) nooutput
collect_part(name) = (parts = with(parts, name), 1)
of(claim, part, kind) = is("claim", claim) && is("part", part) && is("kind", kind) \
  && is("quantity", "margin") ? column("evaluation") : NaN
shown(margin) = margin > 1e-16 ? margin : 1e-16
caught(margin) = margin < -1 ? 1 : -margin
broken(claim, upper, margin) = is("claim", claim) && is("kind", "descent") && upper < 0 ? caught(margin) : NaN

set logscale xy
# Below 1e-16 there is nothing but the key.
set yrange [1e-27:3]
set ytics 1e-16,1e4,1
set arrow from graph 0, first 1e-16 to graph 1, first 1e-16 nohead linecolor '#b0b0b0'
set format x '10^{%T}'
set format y '10^{%T}'
set key bottom left Left reverse font ',8' spacing 1.0 samplen 1.2
columns_of_panels = 3
rows_of_panels = (count(claims) + columns_of_panels - 1) / columns_of_panels
set multiplot layout rows_of_panels, columns_of_panels margins 0.055,0.99,0.045,0.93 spacing 0.055,0.065 \
  title 'Least margin 1 − lhs/rhs of all starts (lines), by how much a wrong statement is caught (crosses), a counterexample (red)'
do for [c = 1:count(claims)] {
  claim = take(claims, c)
  parts = ""
  stats 'data.csv' using (is("claim", claim) ? collect_part(stringcolumn("part")) : 1) nooutput
  set title claim offset 0,-0.6
  if (c > count(claims) - columns_of_panels) { set xlabel 'instances tried from one start' offset 0,0.4 } else { unset xlabel }
  plot for [i = 1:count(parts)] 'data.csv' \
      using (of(claim, take(parts, i), "descent")):(shown(column("measured"))) \
      with linespoints linestyle ((i - 1) % 8 + 1) linewidth (i > 8 ? 0.7 : 1.4) pointsize 0.3 \
      title take(parts, i), \
    for [i = 1:count(parts)] '' \
      using (of(claim, take(parts, i), "control")):(caught(column("measured"))) \
      with points linestyle ((i - 1) % 8 + 1) pointtype 2 pointsize 1 notitle, \
    'data.csv' using (column("evaluation")):(broken(claim, column("upper"), column("measured"))) \
      with points pointtype 7 pointsize 1.5 linecolor '#d00000' notitle
}
unset multiplot
)";

}  // namespace

Experiment jko_margin_search() {
  return {
      .name = "jko_margin_search",
      .question = "Is there a counterexample where so far there were only proofs?",
      .claims = {"JKO-07", "JKO-18", "JKO-28", "JKO-29", "JKO-31", "JKO-32", "JKO-39", "JKO-40"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--claims", "numbers of JKO claims", &settings->claims},
                            {"--starts", "random starts for each claim", &settings->starts},
                            {"--evaluations", "instances tried from each start",
                             &settings->evaluations}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6};
}

}  // namespace flowcheck
