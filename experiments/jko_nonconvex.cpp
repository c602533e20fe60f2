// At which rate do JKO steps converge where the potential is not convex?
//
// Claims:  JKO-17, the rate of a log-Sobolev inequality; JKO-13, the rate of convexity, whose
//          hypothesis fails here
// Run:     jko_nonconvex --steps 200
// Writes:  results/jko_nonconvex/; at --scale quick a few seconds of measuring
//
// V = x²/2 + b cos kx is log-Sobolev with constant e^{−2b}, a bounded disturbance of a convex
// potential. So is the double well V = (x² − a²)²/4: with a parabola for the part |x| < s it has
// curvature s² − a², the disturbance being (x² − s²)²/4, hence the constant
//
//   (s² − a²) e^{−s⁴/4},    best for s² = (a² + √(a⁴ + 8))/2.
//
// Neither curvature at infinity nor that of the wells is a rate. In the long run the rate is the
// spectral gap g of the Fokker–Planck operator, KL shrinking by (1 + γg)² a step.

#include "distances/divergence.hpp"
#include "experiments.hpp"
#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_jko_step.hpp"

#include <Eigen/Eigenvalues>
#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  int steps = 200;
  double step_size = 0.1;  // γ of the rippled potentials; twice that for the wells
  std::vector<double> ripples = {0.8, 2.0};  // b, with k = 2
  double well = 2.0;                         // a
  int points = 401;                          // of the coarsest of three grids
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale != Scale::quick) settings.points = 801;
  if (scale == Scale::paper) settings.points = 3201;
  return settings;
}

constexpr double wave_number = 2.0;  // k
constexpr double tolerance = 1e-6;   // of a comparison of two discretised values
constexpr std::size_t levels = 3;

void check_settings(const Settings& settings) {
  require(settings.steps >= 1 && settings.steps <= 10'000, "--steps: expected 1 to 10000");
  require(settings.step_size >= 1e-6 && std::isfinite(settings.step_size),
          "--step-size: expected a number from 1e-6 on");
  require(std::all_of(settings.ripples.begin(), settings.ripples.end(),
                      [](double b) { return b >= 0.0 && b <= 10.0; }),
          "--ripples: expected numbers from 0 to 10");
  require(std::set<double>(settings.ripples.begin(), settings.ripples.end()).size() ==
              settings.ripples.size(),
          "--ripples: expected each number once");
  require(settings.well > 0.0 && settings.well <= 3.0, "--well: expected a number up to 3");
  require(settings.points >= 51 && settings.points <= 20'001, "--points: expected 51 to 20001");
  // Steps are unique where F is convex, 1/γ + min V″ > 0.
  for (const double b : settings.ripples) {
    require(settings.step_size * (b * wave_number * wave_number - 1.0) < 1.0,
            "--step-size: too large for these ripples: a step might not be unique");
  }
  require(2.0 * settings.step_size * settings.well * settings.well < 1.0,
          "--step-size: too large for this well: a step might not be unique");
}

struct Problem {
  std::string name;
  LineMeasure target;
  LineMeasure start;
  double step_size = 0.0;
  double log_sobolev = 0.0;  // λ with I ≥ 2λKL
  double curvature = 0.0;    // what a reader of V might take for λ
};

std::vector<Problem> problems(const Settings& settings) {
  std::vector<Problem> result;
  for (const double b : settings.ripples) {
    result.push_back({.name = fmt::format("ripple {:g}", b),
                      .target = rippled_gaussian_law(b, wave_number),
                      .start = gaussian_law(2.0, 0.5),
                      .step_size = settings.step_size,
                      .log_sobolev = std::exp(-2.0 * b),
                      .curvature = 1.0});
  }
  const double a = settings.well;
  const double S = 0.5 * (a * a + std::sqrt(a * a * a * a + 8.0));
  result.push_back({.name = "double well",
                    .target = double_well_law(a),
                    .start = gaussian_law(-a, 0.3),
                    .step_size = 2.0 * settings.step_size,
                    .log_sobolev = (S - a * a) * std::exp(-0.25 * S * S),
                    .curvature = 2.0 * a * a});
  return result;
}

// Second eigenvalue of the Markov chain with rates e^{−(V' − V)/2}/h² on a window, symmetrised.
double gap_of_chain(const LineMeasure& q, Index cells) {
  const double lower = q.quantile(1e-16);
  const double h = (q.quantile_of_survival(1e-16) - lower) / static_cast<double>(cells);
  const auto V = [&](Index i) {
    return q.potential().value(lower + (static_cast<double>(i) + 0.5) * h);
  };
  Vector diagonal(cells);
  for (Index i = 0; i < cells; ++i) {
    double rate = 0.0;
    if (i > 0) rate += std::exp(-0.5 * (V(i - 1) - V(i)));
    if (i + 1 < cells) rate += std::exp(-0.5 * (V(i + 1) - V(i)));
    diagonal[i] = rate / (h * h);
  }
  Eigen::SelfAdjointEigenSolver<Matrix> solver;
  solver.computeFromTridiagonal(diagonal, Vector::Constant(cells - 1, -1.0 / (h * h)),
                                Eigen::EigenvaluesOnly);
  return solver.eigenvalues()[1];
}

Estimate spectral_gap(const LineMeasure& q) {
  const auto at = [&](Index cells) {
    const double gap = gap_of_chain(q, cells);
    const double width = q.quantile_of_survival(1e-16) - q.quantile(1e-16);
    const double largest = 4.0 * std::pow(static_cast<double>(cells) / width, 2);
    return Estimate::closed_form(gap, round_off(largest, 1));
  };
  return richardson(at(150), at(300), at(600));
}

// KL_n and W_n of exact steps on one grid.
struct Run {
  std::vector<Estimate> kl = {};
  std::vector<Estimate> w2 = {};
};

Run followed(const Problem& problem, int steps, Index points, const std::atomic<bool>* stop) {
  const LineGrid grid(points);
  const LineFunctional G = relative_entropy(line_energy(problem.target));
  const LineMap target = line_map(grid, problem.target);
  LineMap law = line_map(grid, problem.start);
  Run run;
  for (int n = 0; n <= steps; ++n) {
    if (stop != nullptr && *stop) return run;
    run.kl.push_back(value(G, law));
    run.w2.push_back(w2(law, target));
    if (n == steps) break;
    LineJkoResult step = line_jko_step(law, G, problem.step_size);
    require(step.termination == Termination::converged, "jko_nonconvex: a step did not converge");
    law = std::move(step.step);
  }
  return run;
}

// An enclosure that is not a hundred times narrower than the value says nothing about a rate.
bool above_noise(const Estimate& x) {
  return x.value > 100.0 * x.width();
}

// λ with KL' = KL/(1 + γλ)².
Estimate effective_rate(const Estimate& before, const Estimate& after, double gamma) {
  return (sqrt(before / after) - 1.0) / gamma;
}

void add_problem(RunRecord& record, const Problem& problem, const std::array<Run, levels>& runs) {
  const double gamma = problem.step_size;
  const auto refined = [&](std::vector<Estimate> Run::*values, int n) {
    const auto at = [&](std::size_t level) {
      return (runs[level].*values)[static_cast<std::size_t>(n)];
    };
    return richardson(at(0), at(1), at(2));
  };
  const Estimate kl_0 = refined(&Run::kl, 0);
  const Estimate w_0 = refined(&Run::w2, 0);
  const Estimate gap = spectral_gap(problem.target);
  Estimate before = kl_0;
  for (int n = 0; n < static_cast<int>(runs[0].kl.size()); ++n) {
    const Estimate kl = refined(&Run::kl, n);
    const Estimate w = refined(&Run::w2, n);
    if (!(kl.lower > 0.0)) break;
    const bool clear = above_noise(kl) && above_noise(before);
    const auto add = [&](const char* against, const char* quantity, const Estimate& measured,
                         const Estimate& predicted, bool votes) {
      record.add({problem.name, std::int64_t{n}, std::string(against)}, quantity,
                 {.lhs = measured, .rhs = predicted}, tolerance, votes);
    };
    const Estimate decay = pow(Estimate(1.0) / (1.0 + gamma * problem.log_sobolev), n);
    add("log_sobolev", "kl", kl, decay * kl_0, n > 0 && clear);
    const Estimate as_if = pow(Estimate(1.0) / (1.0 + gamma * problem.curvature), n);
    add("curvature", "kl", kl, as_if * as_if * kl_0, false);
    add("curvature", "w2", w, as_if * w_0, false);
    if (n > 0) {
      add("log_sobolev", "kl_step", kl, before / (1.0 + gamma * problem.log_sobolev), clear);
      add("gap", "rate", effective_rate(before, kl, gamma), gap, false);
    }
    before = kl;
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Problem> all = problems(settings);
  std::vector<std::array<Run, levels>> runs(all.size());
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, levels * all.size(), [&](std::size_t i) {
    const std::size_t level = levels - 1 - i % levels;
    const Index points = (static_cast<Index>(settings.points) - 1) * (Index{1} << level) + 1;
    runs[i / levels][level] = followed(all[i / levels], settings.steps, points, context.stop);
    context.progress(static_cast<double>(++done) / static_cast<double>(levels * all.size()));
  });
  RunRecord record({"potential", "n", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  for (std::size_t i = 0; i < all.size(); ++i) add_problem(record, all[i], runs[i]);
  return record;
}

constexpr const char* figure = R"(
# The potentials that were measured, as they stand in the file, a comma after each.
potentials = ","
collect(word) = (strstrt(potentials, ",".word.",") == 0 ? potentials = potentials.word."," : 0, 0)
stats 'data.csv' using (is("against", "curvature") ? collect(stringcolumn("potential")) : 0) nooutput
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(potentials)] { if (potentials[i:i] eq ",") { count = count + 1 } }
potentials = drop_first(potentials)
name(i) = take(potentials, i)
title_of(word) = word[1:6] eq "ripple" ? '{/:Italic x}^2/2 + '.word[8:*].' cos 2{/:Italic x}' \
  : 'double well'
of(word, quantity, against) = is("potential", word) && is("quantity", quantity) \
  && is("against", against) ? column("n") : NaN

set multiplot layout 1,2 margins 0.075,0.985,0.13,0.93 spacing 0.09
set title 'Relative entropy of exact steps'
set xlabel 'step {/:Italic n}'
set ylabel 'KL({/:Italic p_n} ‖ {/:Italic q})  (nats)' offset 1.5
set logscale y
set format y '10^{%T}'
set yrange [1e-10:1e5]
set key at graph 0.98,0.97 right top Left reverse
plot for [i = 1:count] 'data.csv' using (of(name(i), "kl", "log_sobolev")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' using (of(name(i), "kl", "curvature")):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:count] '' using (of(name(i), "kl", "log_sobolev")):(column("measured")) every 4 \
    with points linestyle i pointsize 0.5 title title_of(name(i)), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'proved: log-Sobolev', \
  NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title 'as if convex: not a bound'

set title 'The rate λ that a step shows, KL falling by (1 + γλ)^2'
set ylabel 'rate' offset 1.5
set yrange [1e-2:20]
set key at graph 0.98,0.97 right top
plot for [i = 1:count] 'data.csv' using (of(name(i), "rate", "gap")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' using (of(name(i), "rate", "gap")):(column("measured")) every 4 \
    with points linestyle i pointsize 0.5 notitle, \
  1 with lines linecolor '#909090' linewidth 1.4 dashtype 3 title 'λ = 1', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'spectral gap', \
  NaN with points linecolor '#909090' pointtype 7 pointsize 0.5 title 'measured'
unset multiplot
)";

}  // namespace

Experiment jko_nonconvex() {
  return {
      .name = "jko_nonconvex",
      .question = "At which rate do JKO steps converge where the potential is not convex?",
      .claims = {"JKO-13", "JKO-17"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--steps", "steps of each chain", &settings->steps},
                            {"--step-size", "γ of the rippled potentials, half of the well's",
                             &settings->step_size},
                            {"--ripples", "b of x²/2 + b cos 2x", &settings->ripples},
                            {"--well", "a of (x² − a²)²/4", &settings->well},
                            {"--points", "points of the coarsest of three grids",
                             &settings->points}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6,
      .absolute_tolerance = 1e-10};
}

}  // namespace flowcheck
