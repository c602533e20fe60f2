// How Lipschitz are the maps that lead from noise back to the data?
//
// Claims:  JKO-28, Lip(p_n → p_{n−1}) ≤ √(α_n/α_{n−1}) and Lip(p_n → p_0) ≤ √(α_n/α_0)
// Run:     jko_lipschitz --steps 12 --step-size 0.5
// Writes:  results/jko_lipschitz/; at --scale quick a second of measuring
//
// V = x²/2 and exact steps. If −(log p_0)″ ≥ α_0 > 0 then −(log p_n)″ ≥ α_n, 1/α_n being what the
// step makes of a Gaussian's variance 1/α_{n−1}. The composite map is bounded however many blocks
// there are, while block by block with one constant L the bound is L^n. Data of two modes apart,
// which have no α_0, are shown next to it and are torn by the first step.
//
// Constants are those of the maps' slopes where |z| ≤ reach, in the coordinates T_n(z) of the
// iterates, z ~ N(0, 1), at the nodes of the coarsest of three grids: the mass outside |z| ≤ 5 is
// 6e-7, and of it nothing is said. Those of the two modes are lower bounds, seen on the finest.

#include "experiments.hpp"
#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_blocks.hpp"

#include <tbb/parallel_for.h>

#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <optional>

namespace flowcheck {
namespace {

struct Settings {
  int steps = 12;
  double step_size = 0.5;  // γ
  double reach = 5.0;      // |z|
  int points = 401;        // of the coarsest of three grids
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale != Scale::quick) settings.points = 1601;
  if (scale == Scale::paper) settings.points = 6401;
  return settings;
}

// Relative width below which a constant counts as equal to its bound, as it is for Gaussian data.
constexpr double tolerance = 1e-3;

constexpr std::size_t levels = 3;

void check_settings(const Settings& settings) {
  require(settings.steps >= 1 && settings.steps <= 200, "--steps: expected 1 to 200");
  require(settings.step_size >= 1e-6 && settings.step_size <= 100.0,
          "--step-size: expected a number from 1e-6 to 100");
  require(settings.reach >= 0.1 && settings.reach <= 6.0,
          "--reach: expected a number from 0.1 to 6");
  require(settings.points >= 101 && settings.points <= 20'001, "--points: expected 101 to 20001");
}

struct Problem {
  std::string name;
  LineMeasure data;
  double log_concavity = 0.0;  // α_0; 0: none
};

std::vector<Problem> problems() {
  const auto bent = [](const char* name, double s) {
    return Problem{name, log_cosh_law(s, 0.5, 2.0), s};
  };
  return {{"gaussian", gaussian_law(0.0, 2.0), 0.25},
          bent("wide", 0.05),
          bent("medium", 0.4),
          bent("narrow", 2.0),
          {"two modes", gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6}), 0.0}};
}

// α' with 1/α' the variance that a step towards N(0, 1) makes of 1/α.
Estimate stepped(const Estimate& alpha, double gamma) {
  const Estimate s = 1.0 / sqrt(alpha);
  const Estimate next = (s + sqrt(square(s) + 4.0 * gamma * (Estimate(1.0) + gamma))) /
                        (2.0 * (Estimate(1.0) + gamma));
  return 1.0 / square(next);
}

// Slope of the map from one iterate to another at a node, a central difference.
double slope_at(const LineMap& from, const LineMap& to, Index i) {
  return (to.increments()[i - 1] + to.increments()[i]) /
         (from.increments()[i - 1] + from.increments()[i]);
}

// sup of the slope at the coarsest grid's nodes, each known from the three grids.
Estimate largest_slope(const std::array<LineJkoChain, levels>& chains,
                       int from,
                       int to,
                       double reach) {
  const Vector& z = chains[0][0].grid().nodes();
  std::optional<Estimate> largest;
  for (Index i = 1; i + 1 < z.size(); ++i) {
    if (std::abs(z[i]) > reach * (1.0 + 1e-12)) continue;
    std::array<Estimate, levels> at;
    for (std::size_t k = 0; k < levels; ++k) {
      const Index node = i << k;
      const double slope = slope_at(chains[k][from], chains[k][to], node);
      // Increments of converged iterates are good to 1e-12 relative.
      at[k] = Estimate::closed_form(slope, round_off(slope, 1) + 1e-12 * slope);
    }
    const Estimate slope = richardson(at[0], at[1], at[2]);
    largest = largest ? max(*largest, slope) : slope;
  }
  return *largest;
}

// Of data whose peaks of slope are too narrow for three grids: what the finest has seen.
Estimate seen_slope(const LineJkoChain& chain, int from, int to, double reach) {
  return LineBlock(chain[from], chain[to]).lipschitz_on_nodes(reach);
}

void add_problem(RunRecord& record,
                 const Problem& problem,
                 const std::array<LineJkoChain, levels>& chains,
                 const Settings& settings) {
  Estimate before = problem.log_concavity;
  Estimate largest_block = 0.0;
  Estimate product = 1.0;
  for (int n = 1; n <= settings.steps; ++n) {
    const auto at = [&](const char* against) {
      return std::vector<Parameter>{problem.name, std::int64_t{n}, std::string(against)};
    };
    const auto constant = [&](int to) {
      return problem.log_concavity > 0.0 ? largest_slope(chains, n, to, settings.reach)
                                         : seen_slope(chains.back(), n, to, settings.reach);
    };
    const Estimate block = constant(n - 1);
    const Estimate whole = constant(0);
    product = product * block;
    largest_block = max(largest_block, block);
    // Whatever the data: a composite map is no steeper than its blocks are together, up to what
    // lies between the nodes.
    record.add(at("product"), "composite", {.lhs = whole, .rhs = product}, tolerance, false);
    record.add(at("power"), "composite", {.lhs = whole, .rhs = pow(largest_block, n)}, tolerance,
               false);
    if (problem.log_concavity == 0.0) {
      record.add(at("none"), "block", block);
      continue;
    }
    const Estimate alpha = stepped(before, settings.step_size);
    record.add(at("log_concavity"), "block", {.lhs = block, .rhs = sqrt(alpha / before)},
               tolerance);
    record.add(at("log_concavity"), "composite",
               {.lhs = whole, .rhs = sqrt(alpha / problem.log_concavity)}, tolerance);
    before = alpha;
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Problem> all = problems();
  std::vector<std::array<std::optional<LineJkoChain>, levels>> chains(all.size());
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, levels * all.size(), [&](std::size_t i) {
    if (context.stop != nullptr && *context.stop) return;
    const std::size_t level = i % levels;
    const LineGrid grid((static_cast<Index>(settings.points) - 1) * (Index{1} << level) + 1);
    chains[i / levels][level] =
        line_jko_chain(line_map(grid, all[i / levels].data), relative_entropy(quadratic_energy()),
                       {.step_sizes = constant_steps(settings.step_size, settings.steps)});
    context.progress(static_cast<double>(++done) / static_cast<double>(levels * all.size()));
  });
  RunRecord record({"data", "n", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  for (std::size_t i = 0; i < all.size(); ++i) {
    add_problem(record, all[i], {*chains[i][0], *chains[i][1], *chains[i][2]}, settings);
  }
  return record;
}

constexpr const char* figure = R"(
names = "gaussian;wide;medium;narrow;two modes;"
titles = "N(0, 4);log-concave, α_0 = 0.05;log-concave, α_0 = 0.4;log-concave, α_0 = 2;two modes;"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
of(i, quantity, against) = is("data", take(names, i)) && is("quantity", quantity) \
  && is("against", against) ? column("n") : NaN

set multiplot layout 1,2 margins 0.065,0.985,0.13,0.93 spacing 0.09
set logscale y
set xlabel 'step {/:Italic n}'
set xrange [0.5:*]
set title 'One block back, {/:Italic p_n} → {/:Italic p_n}_{−1}'
set ylabel 'Lipschitz constant' offset 1
set yrange [0.5:100]
set key at graph 0.98,0.97 right top Left reverse
plot for [i = 1:4] 'data.csv' using (of(i, "block", "log_concavity")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of(i, "block", "log_concavity")):(column("measured")) \
    with points linestyle i title take(titles, i), \
  '' using (of(5, "block", "none")):(column("measured")) \
    with points linestyle 8 title take(titles, 5), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'proved from α_0'

set title 'All of them, {/:Italic p_n} → {/:Italic p}_0'
unset ylabel
set yrange [0.5:1e7]
set format y '10^{%T}'
plot for [i = 1:4] 'data.csv' using (of(i, "composite", "power")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  '' using (of(5, "composite", "power")):(column("predicted")) \
    with lines linestyle 8 linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:4] '' using (of(i, "composite", "log_concavity")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of(i, "composite", "log_concavity")):(column("measured")) \
    with points linestyle i notitle, \
  '' using (of(5, "composite", "power")):(column("measured")) with points linestyle 8 notitle, \
  NaN with lines linecolor '#909090' linewidth 1.8 title '√(α_{/:Italic n}/α_0)', \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 \
    title '{/:Italic L^n}, {/:Italic L} the largest of the blocks'
unset multiplot
)";

}  // namespace

Experiment jko_lipschitz() {
  return {
      .name = "jko_lipschitz",
      .question = "How Lipschitz are the maps that lead from noise back to the data?",
      .claims = {"JKO-27", "JKO-28"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--steps", "steps of each chain", &settings->steps},
                            {"--step-size", "γ", &settings->step_size},
                            {"--reach", "largest |z| at which slopes are taken", &settings->reach},
                            {"--points", "points of the coarsest of three grids",
                             &settings->points}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6};
}

}  // namespace flowcheck
