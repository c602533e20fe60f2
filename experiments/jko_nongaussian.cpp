// How fast do JKO steps converge, on the line and on the plane, where data or target are not
// Gaussian?
//
// Claims:  JKO-10 and JKO-12, the paper's constants; JKO-11 and JKO-13, the sharp ones; without
//          strong convexity JKO-15, exact steps, and JKO-16, inexact ones
// Run:     jko_nongaussian --steps 20 --step-size 0.5
// Writes:  results/jko_nongaussian/; at --scale quick about a second of measuring
//
// The data are a mixture of two Gaussians. In transport coordinates a step is the proximal step of
// a functional that is exactly as convex as V, so that everything proved holds of the discrete
// iterates, their discrete minimiser standing for q, up to round-off. Errors ξ of the steps point
// away from it. On the plane three modes are driven to N(0, I); a step there is a Monge–Ampère
// equation on a grid, its measured error part of ε, and ξ is constant.

#include "experiments.hpp"
#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "proximal/line_jko_chain.hpp"
#include "proximal/plane_jko_chain.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <memory>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  int steps = 20;
  double step_size = 0.5;                         // γ
  std::vector<double> errors = {0.0, 0.01, 0.1};  // ε
  int points = 801;
  int cells = 32;       // of each side of the plane's grid
  int plane_steps = 6;  // of a chain there, at most
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale != Scale::quick) {
    settings.points = 3201;
    settings.cells = 64;
    settings.plane_steps = 12;
  }
  if (scale == Scale::paper) settings.errors = {0.0, 0.001, 0.01, 0.1, 1.0};
  return settings;
}

constexpr double tolerance = 1e-8;           // round-off
constexpr double largest_plane_error = 0.5;  // ε; larger ones drive the laws to the sides

void check_settings(const Settings& settings) {
  require(settings.steps >= 1 && settings.steps <= 1000, "--steps: expected 1 to 1000");
  require(settings.step_size >= 1e-3 && settings.step_size <= 100.0,
          "--step-size: expected a number from 0.001 to 100");
  const auto& errors = settings.errors;
  require(
      !errors.empty() && std::all_of(errors.begin(), errors.end(),
                                     [](double error) { return error >= 0.0 && error <= 10.0; }),
      "--errors: expected numbers from 0 to 10");
  require(std::set<double>(errors.begin(), errors.end()).size() == errors.size(),
          "--errors: expected each number once");
  require(settings.points >= 51 && settings.points <= 100'001, "--points: expected 51 to 100001");
  require(settings.cells >= 32 && settings.cells <= 128 && settings.cells % 4 == 0,
          "--cells: expected a multiple of 4 from 32 to 128");
  require(settings.plane_steps >= 1 && settings.plane_steps <= 50,
          "--plane-steps: expected 1 to 50");
  // Every iterate of a chain is kept.
  require(settings.points * settings.steps <= 2'000'000,
          "--steps: expected at most 2000000 divided by --points");
}

struct Problem {
  std::string name;
  LineEnergy potential;
};

// What is measured of a chain, wherever its laws are.
struct Chain {
  std::string name;
  double nominal = 0.0;  // ε
  double convexity = 0.0;
  double step_size = 0.0;
  std::vector<Estimate> w2 = {};
  std::vector<Estimate> gap = {};
  std::vector<Estimate> largest_error = {};
};

void add(Chain& chain, const Estimate& w2, const Estimate& gap, const Estimate& largest_error) {
  chain.w2.push_back(w2);
  chain.gap.push_back(gap);
  chain.largest_error.push_back(largest_error);
}

Chain line_chain(const Problem& problem,
                 const LineMap& start,
                 double error,
                 const Settings& settings) {
  const LineJkoChain chain = line_jko_chain(
      start, relative_entropy(problem.potential),
      {.step_sizes = constant_steps(settings.step_size, settings.steps), .error = error});
  Chain result{.name = problem.name,
               .nominal = error,
               .convexity = problem.potential.convexity,
               .step_size = settings.step_size};
  for (int n = 0; n <= chain.steps(); ++n) {
    add(result, chain.w2_to_target(n), chain.gap(n), chain.largest_error(n));
  }
  return result;
}

// The dossier's three modes on the plane, σ = 0.8.
Chain plane_chain(double error, const Settings& settings) {
  const PlaneJkoProblem problem(
      GaussianMixture::isotropic(Vector{{0.5, 0.3, 0.2}},
                                 Matrix{{1.0, -1.2, 0.0}, {0.5, 0.0, -1.0}}, 0.64),
      Gaussian::standard(2), settings.cells);
  Chain result{
      .name = "plane", .nominal = error, .convexity = 1.0, .step_size = settings.step_size};
  Estimate largest = 0.0;
  for (const PlaneLaw& law : plane_jko_chain(
           problem,
           constant_steps(settings.step_size, std::min(settings.steps, settings.plane_steps)),
           error)) {
    largest = max(largest, law.error);
    add(result, problem.to_target(law).w2, law.kl, largest);
  }
  return result;
}

std::vector<Problem> problems() {
  return {{"gaussian", quadratic_energy()},
          {"quartic", quartic_energy(1.0, 1.0)},
          {"log_cosh", log_cosh_energy(0.5, 0.5, 2.0)},
          {"flat_log_cosh", log_cosh_energy(0.0, 1.0, 1.0)},
          {"flat_quartic", quartic_energy(0.0, 1.0)}};
}

// A grid's enclosures are wider than round-off, and still a tenth of what they enclose.
bool above_noise(const Estimate& quantity) {
  const double room = quantity.grade == Grade::converged ? 10.0 : 100.0;
  return quantity.value > room * quantity.width();
}

class Measurement {
 public:
  Measurement(RunRecord& record, const Chain& chain) : record_(record), chain_(chain) {}

  // λ > 0, with a = γλ: the bounds of jko_convergence.
  void add_contraction() {
    const Estimate lambda = chain_.convexity;
    const Estimate gamma = chain_.step_size;
    const Estimate w_0 = chain_.w2[0];
    const Estimate gap_0 = chain_.gap[0];
    for (int n = 0; n <= steps(); ++n) {
      const Estimate error = at(chain_.largest_error, n);
      const Estimate decay = pow(1.0 / (1.0 + gamma * lambda), n);
      const auto paper_squared_w2 = [&](int k) {
        return pow(1.0 / (1.0 + 0.5 * gamma * lambda), k) * square(w_0) +
               4.0 * square(error / lambda);
      };
      const Estimate w = at(chain_.w2, n);
      add(n, "paper", "w2", w, sqrt(paper_squared_w2(n)), n > 0);
      add(n, "sharp", "w2", w, decay * w_0 + error / lambda * (1.0 - decay), n > 0);
      add(n, "floor", "w2", w, error / lambda, false);
      const Estimate gap = at(chain_.gap, n);
      if (n > 0) {
        add(n, "paper", "kl", gap, 0.5 * paper_squared_w2(n - 1) / gamma + square(error) / lambda,
            true);
      }
      add(n, "sharp", "kl", gap, square(decay * sqrt(gap_0) + error / sqrt(2.0 * lambda)), n > 0);
      add(n, "floor", "kl", gap, 0.5 * square(error) / lambda, false);
    }
  }

  // λ = 0: 1/n for the last of exact steps, for the mean of inexact ones.
  void add_sublinear() {
    const Estimate gamma = chain_.step_size;
    const Estimate w_0 = chain_.w2[0];
    Estimate sum = 0.0;
    for (int n = 0; n <= steps(); ++n) {
      const Estimate error = at(chain_.largest_error, n);
      const Estimate gap = at(chain_.gap, n);
      const double count = n;
      add(n, "sharp", "w2", at(chain_.w2, n), w_0 + count * gamma * error, n > 0);
      if (n == 0) continue;
      sum = sum + gap;
      const Estimate textbook = square(w_0) / (2.0 * count * gamma);
      if (chain_.nominal == 0.0) {
        add(n, "paper", "kl", gap, textbook, true);
        add(n, "sharp", "kl", gap, 0.5 * textbook, true);
      } else {
        const Estimate bound = textbook + error * w_0 + 0.5 * (count + 1.0) * gamma * square(error);
        add(n, "sharp", "mean_kl", sum / count, bound, true);
        add(n, "none", "kl", gap, std::numeric_limits<double>::quiet_NaN(), false);
      }
    }
  }

 private:
  int steps() const { return static_cast<int>(chain_.w2.size()) - 1; }
  static const Estimate& at(const std::vector<Estimate>& values, int n) {
    return values[static_cast<std::size_t>(n)];
  }
  void add(int n,
           const char* against,
           const char* quantity,
           const Estimate& measured,
           const Estimate& bound,
           bool votes) {
    record_.add({chain_.name, chain_.nominal, std::int64_t{n}, std::string(against)}, quantity,
                {.lhs = measured, .rhs = bound}, tolerance,
                votes && above_noise(measured) && above_noise(bound));
  }

  RunRecord& record_;
  const Chain& chain_;
};

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Problem> all = problems();
  const std::size_t each = settings.errors.size();
  const LineMap start = line_map(LineGrid(settings.points),
                                 gaussian_mixture_law({0.4, 0.6}, {-1.5, 1.2}, {0.7, 0.6}));
  // The plane's first: they take longest.
  std::vector<double> on_plane;
  std::copy_if(settings.errors.begin(), settings.errors.end(), std::back_inserter(on_plane),
               [](double error) { return error <= largest_plane_error; });
  const std::size_t plane = on_plane.size();
  std::vector<Chain> chains(plane + all.size() * each);
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, chains.size(), [&](std::size_t i) {
    if (context.stop != nullptr && *context.stop) return;
    chains[i] = i < plane ? plane_chain(on_plane[i], settings)
                          : line_chain(all[(i - plane) / each], start,
                                       settings.errors[(i - plane) % each], settings);
    context.progress(static_cast<double>(++done) / static_cast<double>(chains.size()));
  });
  RunRecord record({"potential", "epsilon", "n", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  std::rotate(chains.begin(), chains.begin() + static_cast<std::ptrdiff_t>(plane), chains.end());
  for (const Chain& chain : chains) {
    Measurement measurement(record, chain);
    if (chain.convexity > 0.0) {
      measurement.add_contraction();
    } else {
      measurement.add_sublinear();
    }
  }
  return record;
}

constexpr const char* figure = R"(
# The ε that were followed, as they stand in the file.
epsilons = " "
collect(word) = (strstrt(epsilons, " ".word." ") == 0 ? epsilons = epsilons.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "w2") ? collect(stringcolumn("epsilon")) : 0) nooutput
count = words(epsilons)
names = "gaussian quartic log_cosh flat_log_cosh flat_quartic plane"
titles = "{/:Italic x}^2/2;{/:Italic x}^2/2 + {/:Italic x}^4/4;{/:Italic x}^2/4 + ½ log 2 cosh 2{/:Italic x};log 2 cosh {/:Italic x};{/:Italic x}^4/4;|{/:Italic x}|^2/2, plane;"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
row_of(name, e, quantity, against) = is("potential", name) && is("epsilon", e) \
  && is("quantity", quantity) && is("against", against) ? column("n") : NaN
measured_of(name, e, quantity) = \
  row_of(name, e, quantity, "sharp") == row_of(name, e, quantity, "sharp") ? column("n") \
  : row_of(name, e, quantity, "none")

set multiplot layout 2,6 rowsfirst margins 0.065,0.99,0.2,0.93 spacing 0.022,0.045
set logscale y
set format y '10^{%T}'
set yrange [1e-7:50]
set xrange [0:*]
set xtics 10
unset key
do for [panel = 1:12] {
  quantity = panel <= 6 ? "kl" : "w2"
  column_of = (panel - 1) % 6 + 1
  name = word(names, column_of)
  if (panel <= 6) { set title '{/:Italic V} = '.take(titles, column_of) } else { unset title }
  if (column_of == 1) {
    set format y '10^{%T}'
    if (panel == 1) { set ylabel 'KL (nats)' offset 1.5 } \
    else { set ylabel '{/:Italic W}_2({/:Italic p_n}, {/:Italic q})' offset 1.5 }
  } else { unset ylabel; set format y '' }
  if (panel <= 6) { set format x ''; unset xlabel } \
  else { set format x '%g'; set xlabel 'step {/:Italic n}' }
  if (panel == 7) { set key at screen 0.065,0.085 left top vertical maxrows 2 width 1 Left reverse }
  plot for [i = 1:count] 'data.csv' \
      using (row_of(name, word(epsilons, i), quantity, "paper")):(column("predicted")) \
      with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
    for [i = 1:count] '' \
      using (row_of(name, word(epsilons, i), quantity, "sharp")):(column("predicted")) \
      with lines linestyle i notitle, \
    for [i = 1:count] '' \
      using (row_of(name, word(epsilons, i), "mean_kl", "sharp")): \
      (quantity eq "kl" ? column("predicted") : NaN) \
      with lines linestyle i linewidth 1.2 dashtype 4 notitle, \
    for [i = 1:count] '' \
      using (row_of(name, word(epsilons, i), quantity, "floor")): \
      (column("predicted") > 1e-12 ? column("predicted") : NaN) \
      with lines linestyle i linewidth 0.8 dashtype 2 notitle, \
    for [i = 1:count] '' \
      using (measured_of(name, word(epsilons, i), quantity)):(column("measured")) \
      with points linestyle i pointsize 0.5 title sprintf('ε = %g', word(epsilons, i) + 0), \
    NaN with lines linecolor '#909090' linewidth 1.8 title 'sharp bound', \
    NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title 'paper or textbook', \
    NaN with lines linecolor '#909090' linewidth 0.8 dashtype 2 title 'floor', \
    NaN with lines linecolor '#909090' linewidth 1.2 dashtype 4 title 'bound of the mean'
  unset key
}
unset multiplot
)";

}  // namespace

Experiment jko_nongaussian() {
  return {
      .name = "jko_nongaussian",
      .question =
          "How fast do JKO steps converge, on the line and on the plane, where data or target are "
          "not Gaussian?",
      .claims = {"JKO-10", "JKO-11", "JKO-12", "JKO-13", "JKO-15", "JKO-16"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--steps", "steps of each chain", &settings->steps},
                            {"--step-size", "γ", &settings->step_size},
                            {"--errors", "ε", &settings->errors},
                            {"--points", "points of the line's grid", &settings->points},
                            {"--cells", "cells of each side of the plane's grid, a multiple of 4",
                             &settings->cells},
                            {"--plane-steps", "steps of each chain on the plane, at most",
                             &settings->plane_steps}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-7};
}

}  // namespace flowcheck
