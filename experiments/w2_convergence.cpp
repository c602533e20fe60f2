// How fast does the empirical W₂ of two independent samples of the same normal law go to zero?
//
// Claims:  none; it shows why the checks never put an empirical W₂ into a bound
// Run:     w2_convergence --dimensions 2,10 --points 64,128,256,512
// Writes:  results/w2_convergence/; seconds at --scale quick, minutes at standard, hours at paper
//
// Both samples have n points of N(0, I_d), so the truth is 0 and the whole value is error. A single
// value is certified: optimal_transport's bracket, on the line that of sorted points. What falls
// slowly is the distance itself: in d = 10 half the value takes some 2^10 times the points, and no
// optimiser changes that. A floor of ε/λ looked for in empirical W₂ would be this number.
//
//  mean_w2            mean of the repeats; its interval holds whatever the law of W₂ is, at 1e-6
//  for
//                     all means together. Against guides: the `general` rate of any law and the one
//                     of the `normal` law, through the value at the smallest n; and against the
//                     `floor`, a proved lower bound
//  unavoidable_share  floor / mean_w2, which votes: at most 1
//  relative_width     widest bracket of W₂ among the repeats, relative to it, which votes
//  mean_squared       mean of W₂² with Student's interval, against its exact mean where d = 1 and
//                     the reference's figures at n = 250 and 1000. These are not proved, and W₂² is
//                     far from normal: no vote
//  slope              of log mean_w2 against log n between neighbours; the interval is the spread
//                     over the refinements, and the rates are without their constants: no vote
//  halving_factor     times as many points for half the value, at the slope over all n
//  w2                 single values, the first few repeats

#include "distances/transport.hpp"
#include "empirical_w2.hpp"
#include "experiments.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace flowcheck {
namespace {

struct Settings {
  std::vector<int> dimensions = {1, 2, 5, 10};
  std::vector<int> points = {64, 128, 256, 512, 1024};  // n of each sample
  int repeats = 16;
  int line_repeats = 200;  // for d = 1, where they cost next to nothing
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::quick) return settings;
  settings.points.insert(settings.points.end(), {2048, 4096, 8192});
  settings.line_repeats = 1000;
  if (scale == Scale::paper) {
    settings.points.insert(settings.points.end(), {16'384, 32'768});
    settings.repeats = 32;
  }
  return settings;
}

constexpr double false_alarm = 1e-6;       // of all intervals of mean_w2 together
constexpr double miss_probability = 0.05;  // of Student's intervals; none of them votes
constexpr double widest_bracket = 1e-10;   // relative to W₂, where optimal_transport refines
constexpr int shown_repeats = 8;           // of the single values
// A mean whose interval is wider on either side than this part of it says too little to vote.
constexpr double voting_half_width = 0.45;

// An independent code's mean W₂², one draw or few each; run beside the n asked for.
const std::map<std::pair<int, int>, double>& reference_draws() {
  static const std::map<std::pair<int, int>, double> values = {
      {{1, 250}, 0.027}, {{1, 1000}, 0.0056}, {{2, 250}, 0.13}, {{2, 1000}, 0.040},
      {{5, 250}, 1.39},  {{5, 1000}, 0.77},   {{10, 250}, 5.8}, {{10, 1000}, 4.3}};
  return values;
}

void check_settings(const Settings& settings) {
  const auto& d = settings.dimensions;
  require(!d.empty() && d.size() <= 6, "--dimensions: expected 1 to 6 numbers");
  require(std::all_of(d.begin(), d.end(), [](int x) { return x >= 1 && x <= 100; }),
          "--dimensions: expected numbers between 1 and 100");
  require(std::set<int>(d.begin(), d.end()).size() == d.size(),
          "--dimensions: expected each number once");
  const auto& n = settings.points;
  require(n.size() >= 4, "--points: expected at least four numbers, for three slopes to compare");
  require(std::all_of(n.begin(), n.end(), [](int x) { return x >= 10 && x <= 100'000; }),
          "--points: expected numbers between 10 and 100000");
  require(std::adjacent_find(n.begin(), n.end(), [](int a, int b) { return a >= b; }) == n.end(),
          "--points: expected an increasing sequence");
  require(settings.repeats >= 2 && settings.repeats <= 10'000, "--repeats: expected 2 to 10000");
  require(settings.line_repeats >= 2 && settings.line_repeats <= 100'000,
          "--line-repeats: expected 2 to 100000");
}

bool stopped(const RunContext& context) {
  return context.stop != nullptr && context.stop->load();
}

// ---- Measuring -------------------------------------------------------------------------------

using Place = std::pair<int, int>;  // d, n

// W₂ and W₂² of one pair of samples.
struct Value {
  Estimate w2;
  Estimate squared;
};

Value measure(const Place& place, int repeat, std::uint64_t seed) {
  const auto [d, n] = place;
  const std::uint64_t name =
      static_cast<std::uint64_t>(d) * 1'000'000 + static_cast<std::uint64_t>(n);
  Rng rng(derive_seed(seed, "w2_convergence", name), static_cast<std::uint64_t>(repeat));
  const PointCloud x(rng.normal_matrix(d, n));
  const PointCloud y(rng.normal_matrix(d, n));
  if (d == 1) {
    const Estimate squared = squared_w2(x, y);
    return {.w2 = sqrt(squared), .squared = squared};
  }
  const TransportResult transport = optimal_transport(x, y);
  if (transport.termination != Termination::converged) {
    throw std::runtime_error(fmt::format(
        "w2_convergence: the transport of {} points in dimension {} did not converge", n, d));
  }
  return {.w2 = transport.w2, .squared = transport.squared_w2};
}

int repeats_of(int dimension, const Settings& settings) {
  return dimension == 1 ? settings.line_repeats : settings.repeats;
}

// Seconds, up to a constant: for the bar, and to start the long ones first.
double work_of(const Place& place) {
  const double n = place.second;
  return place.first == 1 ? 0.1 * n : n * std::sqrt(n) * (1.0 + 0.01 * std::sqrt(n));
}

using Measured = std::map<Place, std::vector<Value>>;

std::vector<Place> places(const Settings& settings) {
  std::set<Place> found;
  for (const int d : settings.dimensions) {
    for (const int n : settings.points) found.insert({d, n});
  }
  for (const auto& [place, value] : reference_draws()) {
    const auto& d = settings.dimensions;
    if (std::find(d.begin(), d.end(), place.first) != d.end()) found.insert(place);
  }
  return {found.begin(), found.end()};
}

Measured measure_all(const Settings& settings, const RunContext& context) {
  struct Cell {
    Place place;
    int repeat = 0;
    Value* value = nullptr;
  };
  Measured measured;
  std::vector<Cell> cells;
  double all = 0.0;
  for (const Place& place : places(settings)) {
    std::vector<Value>& values = measured[place];
    values.resize(static_cast<std::size_t>(repeats_of(place.first, settings)));
    for (std::size_t i = 0; i < values.size(); ++i) {
      cells.push_back({.place = place, .repeat = static_cast<int>(i), .value = &values[i]});
      all += work_of(place);
    }
  }
  std::stable_sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return work_of(a.place) > work_of(b.place);
  });
  std::atomic<double> done = 0.0;
  std::atomic<std::size_t> next = 0;
  // Each takes the longest that is left; where the value goes does not depend on who takes it.
  tbb::parallel_for(
      std::size_t{0}, cells.size(),
      [&](std::size_t) {
        if (stopped(context)) return;
        const Cell& cell = cells[next.fetch_add(1)];
        *cell.value = measure(cell.place, cell.repeat, context.seed);
        const double part = work_of(cell.place);
        context.progress((done.fetch_add(part) + part) / all);
      },
      tbb::simple_partitioner{});
  return measured;
}

// ---- Rows ------------------------------------------------------------------------------------

std::vector<Parameter> at(int dimension,
                          const Parameter& points,
                          const std::string& against,
                          const Parameter& repeat = std::string()) {
  return {std::int64_t{dimension}, points, repeat, against};
}

std::vector<Parameter> at(const Place& place, const std::string& against) {
  return at(place.first, std::int64_t{place.second}, against);
}

// Mean of brackets with an interval for the expectation of what they enclose.
Estimate mean_w2(const Place& place, const std::vector<Value>& values, double miss) {
  Estimate sum = 0.0;
  for (const Value& value : values) sum = sum + value.w2;
  const int repeats = static_cast<int>(values.size());
  const Estimate mean = sum / static_cast<double>(repeats);
  return Estimate::statistical(mean.value, mean_w2_half_width(place.second, repeats, miss),
                               mean.width());
}

Estimate mean_squared(const std::vector<Value>& values) {
  std::vector<double> squares;
  for (const Value& value : values) squares.push_back(value.squared.value);
  return sample_mean(squares, miss_probability);  // the brackets are 1e-12 of it wide
}

void add_singles(RunRecord& record, const Place& place, const std::vector<Value>& values) {
  for (std::size_t i = 0; i < values.size() && i < shown_repeats; ++i) {
    record.add(at(place.first, std::int64_t{place.second}, "", static_cast<std::int64_t>(i)), "w2",
               values[i].w2);
  }
  double widest = 0.0;
  for (const Value& value : values) widest = std::max(widest, value.w2.width() / value.w2.value);
  record.add(
      at(place, "transport"), "relative_width",
      {.lhs = Estimate::between(widest, widest, widest, Grade::certified), .rhs = widest_bracket},
      0.0);
}

void add_mean(RunRecord& record,
              const Place& place,
              const Estimate& mean,
              const Estimate& first,
              double first_points,
              bool asked) {
  const auto [d, n] = place;
  const auto guide = [&](const char* name, double rate, double rate_at_first) {
    record.add(at(place, name), "mean_w2", {.lhs = mean, .rhs = first.value * rate / rate_at_first},
               0.0, false);
  };
  if (asked) {
    guide("general", general_w2_rate(d, n), general_w2_rate(d, first_points));
    guide("normal", normal_w2_rate(d, n), normal_w2_rate(d, first_points));
  }
  const Estimate floor = mean_w2_floor(d, n);
  record.add(at(place, "floor"), "mean_w2", {.lhs = mean, .rhs = floor}, 0.0, false);
  const double half_width = 0.5 * mean.width();
  record.add(at(place, "floor"), "unavoidable_share", {.lhs = floor / mean, .rhs = 1.0}, 0.0,
             half_width <= voting_half_width * mean.value);
}

void add_mean_squared(RunRecord& record, const Place& place, const std::vector<Value>& values) {
  const auto [d, n] = place;
  const Estimate mean = mean_squared(values);
  const auto known = reference_draws().find(place);
  if (d != 1 && known == reference_draws().end()) record.add(at(place, ""), "mean_squared", mean);
  if (known != reference_draws().end()) {
    record.add(at(place, "reference"), "mean_squared", {.lhs = mean, .rhs = known->second}, 0.0,
               false);
  }
  if (d == 1) {
    record.add(at(place, "exact"), "mean_squared", {.lhs = mean, .rhs = mean_squared_w2_on_line(n)},
               0.0, false);
  }
}

// Between neighbouring n, in the row of the larger; and what the slope over all n costs.
void add_slopes(RunRecord& record,
                int dimension,
                const std::vector<int>& points,
                const std::vector<double>& means) {
  const auto slope_between = [&](std::size_t a, std::size_t b) {
    return std::log(means[b] / means[a]) / std::log(static_cast<double>(points[b]) / points[a]);
  };
  std::vector<double> slopes;
  for (std::size_t k = 1; k < points.size(); ++k) slopes.push_back(slope_between(k - 1, k));
  const auto extremes = std::minmax_element(slopes.begin(), slopes.end());
  const double lowest = *extremes.first;
  const double highest = *extremes.second;
  const double spread = highest - lowest;
  const auto add_against = [&](const char* against, double exponent) {
    for (std::size_t k = 0; k < slopes.size(); ++k) {
      record.add(at({dimension, points[k + 1]}, against), "slope",
                 order(Estimate::converged(slopes[k], spread), exponent), 0.0, false);
    }
    const double whole = slope_between(0, points.size() - 1);
    const auto factor = [](double slope) { return std::exp2(-1.0 / std::min(slope, -1e-3)); };
    record.add(
        at(dimension, std::string(), against), "halving_factor",
        {.lhs = Estimate::between(factor(whole), factor(lowest), factor(highest), Grade::converged),
         .rhs = std::exp2(-1.0 / exponent)},
        0.0, false);
  };
  add_against("general", general_w2_exponent(dimension));
  add_against("normal", normal_w2_exponent(dimension));
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"dimension", "points", "repeat", "against"}, context.seed);
  const Measured measured = measure_all(settings, context);
  if (stopped(context)) return record;

  const double miss = false_alarm / static_cast<double>(measured.size());
  std::map<Place, Estimate> means;
  for (const auto& [place, values] : measured) means[place] = mean_w2(place, values, miss);
  for (const auto& [place, values] : measured) {
    const auto& n = settings.points;
    const bool asked = std::find(n.begin(), n.end(), place.second) != n.end();
    add_mean(record, place, means[place], means[{place.first, n.front()}], n.front(), asked);
    add_mean_squared(record, place, values);
    add_singles(record, place, values);
  }
  for (const int d : settings.dimensions) {
    std::vector<double> of_dimension;
    for (const int n : settings.points) of_dimension.push_back(means[{d, n}].value);
    add_slopes(record, d, settings.points, of_dimension);
  }
  return record;
}

constexpr const char* figure = R"gp(
# The dimensions, as they stand in the file.
dimensions = " "
collect(word) = (strstrt(dimensions, " ".word." ") == 0 ? dimensions = dimensions.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "mean_w2") ? collect(stringcolumn("dimension")) : 0) nooutput
count = words(dimensions)
d(i) = word(dimensions, i)
stats 'data.csv' using (is("quantity", "mean_w2") ? column("points") : NaN) nooutput
# Rows of one dimension, the points as abscissa.
at(i, quantity, against) = (is("dimension", d(i)) && is("quantity", quantity) \
  && is("against", against)) ? column("points") : NaN
style(i) = (i - 1) % 6 + 1
# Means whose interval is narrow enough to vote against the lower bound.
is_narrow(upper, lower) = upper - lower <= 0.9 * column("measured")
voting(x) = is_narrow(column("upper"), column("lower")) ? x : NaN
others(x) = is_narrow(column("upper"), column("lower")) ? NaN : x

set multiplot
set logscale x 2
set xrange [STATS_min / 1.3:STATS_max * 1.3]
set format x '2^{%L}'
set xlabel 'points of each sample {/:Italic n}'
set bmargin at screen 0.30
set tmargin at screen 0.93

set lmargin at screen 0.065
set rmargin at screen 0.425
set logscale y
set title 'Two samples of one law; rates through the first point'
set ylabel 'mean {/:Italic W}_2' offset 1
set key at screen 0.06,0.185 left top vertical maxrows 4 width 3 Left reverse
plot for [i = 1:count] 'data.csv' \
    using (at(i, "mean_w2", "general")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.6 dashtype 3 notitle, \
  for [i = 1:count] '' using (at(i, "mean_w2", "normal")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.4 notitle, \
  for [i = 1:count] '' using (at(i, "mean_w2", "floor")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.2 dashtype 2 notitle, \
  for [i = 1:count] '' \
    using (others(at(i, "mean_w2", "normal"))):(column("measured")):(column("lower")): \
    (column("upper")) with yerrorbars linestyle style(i) linewidth 1.1 pointtype 6 pointsize 0.7 \
    notitle, \
  for [i = 1:count] '' \
    using (voting(at(i, "mean_w2", "normal"))):(column("measured")):(column("lower")): \
    (column("upper")) with yerrorbars linestyle style(i) linewidth 1.1 pointtype 7 pointsize 0.7 \
    notitle, \
  for [i = 1:count] NaN with points linestyle style(i) pointtype 7 pointsize 0.8 \
    title '{/:Italic d} = '.d(i), \
  for [i = 1:count] '' \
    using (at(i, "mean_squared", "reference")):(sqrt(column("predicted"))) \
    with points linecolor 'black' linewidth 1.3 pointtype 4 pointsize 1.0 notitle, \
  NaN with lines linecolor '#808080' linewidth 1.6 dashtype 3 \
    title 'rate of any law', \
  NaN with lines linecolor '#808080' linewidth 1.4 \
    title "the normal law's rate", \
  NaN with lines linecolor '#808080' linewidth 1.2 dashtype 2 title 'proved lower bound', \
  NaN with points linecolor 'black' linewidth 1.3 pointtype 4 pointsize 1.0 \
    title "another code's draws", \
  NaN with points linecolor '#808080' linewidth 1.1 pointtype 6 pointsize 0.8 \
    title 'does not vote', \
  NaN with lines linecolor 'black' linewidth 1.4 title 'exact mean square'

unset logscale y
set key off
set xtics 1,4,2**20
if (strstrt(dimensions, " 1 ") > 0) {
  line_of(against) = (is("dimension", "1") && is("quantity", "mean_squared") \
    && is("against", against)) ? column("points") : NaN
  scaled(name) = column("points") * column(name)
  set lmargin at screen 0.505
  set rmargin at screen 0.69
  set title 'On the line, grows like log log {/:Italic n}'
  set ylabel '{/:Italic n} × mean {/:Italic W}@_2^2' offset 1
  plot 'data.csv' using (line_of("exact")):(scaled("predicted")) \
      with lines linecolor 'black' linewidth 1.4, \
    '' using (line_of("exact")):(scaled("measured")):(scaled("lower")):(scaled("upper")) \
      with yerrorbars linestyle 1 linewidth 1.1 pointtype 6 pointsize 0.8, \
    '' using (line_of("reference")):(scaled("predicted")) \
      with points linecolor 'black' linewidth 1.3 pointtype 4 pointsize 1.0
}

# What a slope costs, on the right.
set lmargin at screen 0.765
set rmargin at screen 0.915
set title 'Slope up to {/:Italic n}'
set ylabel 'slope of log {/:Italic W}_2 in log {/:Italic n}' offset 1
set y2label 'times the points for half the value' rotate by 270 offset -1
set ytics nomirror
set link y2
set y2tics nomirror out ('×4' -1/2., '×8' -1/3., '×16' -1/4., '×32' -1/5., '×1024' -1/10.)
set border 11
aside(i, x) = x * 2 ** (0.14 * (i - 0.5 * (count + 1)))  # error bars beside each other
plot for [i = 1:count] 'data.csv' using (at(i, "slope", "general")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.6 dashtype 3, \
  for [i = 1:count] '' using (at(i, "slope", "normal")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.4, \
  for [i = 1:count] '' \
    using (aside(i, at(i, "slope", "normal"))):(column("measured")):(column("lower")): \
    (column("upper")) with yerrorbars linestyle style(i) linewidth 1.1 pointtype 6 pointsize 0.7
unset multiplot
)gp";

}  // namespace

Experiment w2_convergence() {
  return {
      .name = "w2_convergence",
      .question =
          "How fast does the empirical W₂ of two samples of the same normal law go to zero, and "
          "what does half of it cost?",
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--dimensions", "d", &settings->dimensions},
                            {"--points", "n of each sample, increasing", &settings->points},
                            {"--repeats", "pairs of samples for each d and n", &settings->repeats},
                            {"--line-repeats", "the same for d = 1", &settings->line_repeats}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure};
}

}  // namespace flowcheck
