// What does a first-order error estimated from samples say, with and without its own bias, and how
// far off is a JKO step on particles?
//
// Claims:  JKO-04, JKO-19: the exact step and its first-order error are the reference
// Run:     jko_particles --bandwidth-points 1500 --repeats 8
// Writes:  results/jko_particles/; seconds at --scale quick, a minute or two at standard
//
// The pair is p = N((3, …, 3), I) and its step p' towards q = N(0, I) with γ = 0.5, exact or with a
// prescribed ε. From n points of each, estimate_first_order_error() reports mean |g|²; ε² of an
// exact step is 0, and what is reported is the estimator's own bias. Parts of the figure:
//
//   points     exact pairs, d and n varied, kernels by Scott's rule
//   bandwidth  exact pairs, d = 2, the kernels' variance h varied
//   inexact    ε prescribed, by a constant or a random affine field
//   step       particle_jko_step() of n points of p, against the exact step
//
//  reported        mean of the repeats; `least_reported`, the least of them where ε = 0 and d > 1:
//                  what a step without any error is said to have
//  published       the same for mean |(g₁², …, g_d²)|, the norm of the published figure
//  score_part,     of the bias, mean |s − ∇log p'|² and mean |T − T_{p'}^p|²/γ², on Gaussians with
//  transport_part  the samples' moments
//  calibrated      mean of reported − bias; `single`, that of the first repeat, with its interval
//  misses          intervals of single ones, before they are cut at 0, that miss ε², which vote: no
//                  more than binomial ones of 5 % each
//  mean_gap        of the particles' mean to the exact step of the x's mean, which votes
//  law_mean_error, of the particles' mean to the mean of p', relative to √d; of the trace of their
//  variance_error  covariance to that of the exact step of the x's moments, relative: no vote

#include "experiments.hpp"
#include "measures/moment_fit.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "proximal/first_order_error.hpp"
#include "proximal/particle_jko.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  std::vector<int> dimensions = {1, 2, 5};
  std::vector<int> points = {50, 100, 200, 400};  // n of `points` and `step`
  std::vector<double> bandwidths = {0.05, 0.1, 0.2, 0.4};
  int bandwidth_points = 400;
  std::vector<double> errors = {0.5, 1.0, 2.0};
  int error_points = 200;
  int repeats = 6;
  int replications = 8;  // of each calibration
};

Settings settings_for(Scale scale) {
  if (scale == Scale::quick) return {};
  Settings settings{.points = {50, 100, 200, 400, 800},
                    .bandwidths = {0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5},
                    .bandwidth_points = 1500,
                    .errors = {0.2, 0.5, 1.0, 1.5, 2.0},
                    .error_points = 400,
                    .repeats = 8,
                    .replications = 10};
  if (scale == Scale::paper) {
    settings.points.insert(settings.points.end(), {1600, 3200});
    settings.repeats = 20;
    settings.replications = 20;
  }
  return settings;
}

constexpr double gamma = 0.5;
constexpr double miss_probability = 0.05;  // of each interval
constexpr double false_alarm = 1e-6;       // of the binomial bound on misses
constexpr double scott = 0.0;              // h = 0 asks for Scott's rule

void check_settings(const Settings& settings) {
  const auto different = [](const auto& list) {
    return std::set(list.begin(), list.end()).size() == list.size();
  };
  const auto within = [](const auto& list, auto lower, auto upper) {
    return !list.empty() &&
           std::all_of(list.begin(), list.end(), [=](auto x) { return x >= lower && x <= upper; });
  };
  require(within(settings.dimensions, 1, 5) && different(settings.dimensions),
          "--dimensions: expected different numbers from 1 to 5");
  require(within(settings.points, 20, 5000) && different(settings.points),
          "--points: expected different numbers from 20 to 5000");
  require(within(settings.bandwidths, 0.01, 10.0) && different(settings.bandwidths),
          "--bandwidths: expected different numbers from 0.01 to 10");
  require(settings.bandwidth_points >= 20 && settings.bandwidth_points <= 5000,
          "--bandwidth-points: expected 20 to 5000");
  require(within(settings.errors, 0.01, 2.0) && different(settings.errors),
          "--errors: expected different numbers from 0.01 to 2");
  require(settings.error_points >= 20 && settings.error_points <= 5000,
          "--error-points: expected 20 to 5000");
  require(settings.repeats >= 2 && settings.repeats <= 1000, "--repeats: expected 2 to 1000");
  require(settings.replications >= 3 && settings.replications <= 1000,
          "--replications: expected 3 to 1000");
}

Gaussian start(int dimension) {
  return {Vector::Constant(dimension, 3.0), Matrix::Identity(dimension, dimension)};
}

// ---- Measuring -------------------------------------------------------------------------------

// Where something is measured, and what its repeats gave.
struct Cell {
  std::string part;
  int dimension = 2;
  int points = 0;
  double kernel_variance = scott;
  double error = 0.0;
  ErrorField field = ErrorField::constant;

  std::vector<CalibratedFirstOrderError> estimates = {};
  std::vector<ParticleJkoResult> steps = {};
  std::vector<Gaussian> step_moments = {};   // of the particles
  std::vector<Gaussian> exact_moments = {};  // the exact step of the x's

  bool is_step() const { return part == "step"; }
  double work() const { return (is_step() ? 20.0 : 10.0) * std::pow(points, 2.0) * dimension; }
};

std::vector<Cell> cells(const Settings& settings) {
  std::vector<Cell> result;
  for (const int d : settings.dimensions) {
    for (const int n : settings.points) {
      result.push_back({.part = "points", .dimension = d, .points = n});
      result.push_back({.part = "step", .dimension = d, .points = n});
    }
  }
  for (const double h : settings.bandwidths) {
    result.push_back(
        {.part = "bandwidth", .points = settings.bandwidth_points, .kernel_variance = h});
  }
  for (const ErrorField field : {ErrorField::constant, ErrorField::random}) {
    for (const double error : settings.errors) {
      result.push_back({.part = "inexact",
                        .points = settings.error_points,
                        .kernel_variance = 0.2,
                        .error = error,
                        .field = field});
    }
  }
  const auto repeats = static_cast<std::size_t>(settings.repeats);
  for (Cell& cell : result) {
    if (cell.is_step()) {
      cell.steps.resize(repeats);
      cell.step_moments.assign(repeats, start(cell.dimension));
      cell.exact_moments = cell.step_moments;
    } else {
      cell.estimates.resize(repeats);
    }
  }
  return result;
}

void measure(Cell& cell, std::size_t repeat, std::uint64_t seed, int replications) {
  Rng rng(seed, repeat);
  const Gaussian p = start(cell.dimension);
  const Gaussian q = Gaussian::standard(cell.dimension);
  const PointPotential V = gaussian_potential(q);
  if (cell.is_step()) {
    const Matrix x = sample(p, cell.points, rng);
    cell.steps[repeat] = particle_jko_step(x, V, gamma);
    cell.step_moments[repeat] = moment_fit(cell.steps[repeat].points);
    cell.exact_moments[repeat] = jko_step(moment_fit(x), q, gamma);
    return;
  }
  const Gaussian next =
      inexact_jko_step(p, q, gamma, {.error = cell.error, .field = cell.field, .seed = 3});
  const Matrix y = sample(next, cell.points, rng);
  const Matrix x = sample(p, cell.points, rng);
  cell.estimates[repeat] =
      calibrated_first_order_error(x, y, V, gamma,
                                   {.kernel_variance = cell.kernel_variance,
                                    .replications = replications,
                                    .miss_probability = miss_probability,
                                    .seed = derive_seed(seed, "calibration", repeat)});
}

void measure_all(std::vector<Cell>& all, const Settings& settings, const RunContext& context) {
  struct Task {
    std::size_t cell;
    std::size_t repeat;
  };
  std::vector<Task> tasks;
  double work = 0.0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(settings.repeats); ++k) {
      tasks.push_back({.cell = i, .repeat = k});
      work += all[i].work();
    }
  }
  std::atomic<double> done = 0.0;
  tbb::parallel_for(std::size_t{0}, tasks.size(), [&](std::size_t t) {
    if (context.stop != nullptr && context.stop->load()) return;
    Cell& cell = all[tasks[t].cell];
    measure(cell, tasks[t].repeat, derive_seed(context.seed, "jko_particles", tasks[t].cell),
            settings.replications);
    context.progress((done.fetch_add(cell.work()) + cell.work()) / work);
  });
}

// ---- Rows ------------------------------------------------------------------------------------

std::vector<Parameter> at(const Cell& cell) {
  const std::string field = cell.error == 0.0                    ? ""
                            : cell.field == ErrorField::constant ? "constant"
                                                                 : "random";
  return {cell.part,
          std::int64_t{cell.dimension},
          std::int64_t{cell.points},
          cell.kernel_variance > 0.0 ? Parameter(cell.kernel_variance) : std::string("scott"),
          cell.error,
          field};
}

using Estimated = CalibratedFirstOrderError;

std::vector<double> values(const Cell& cell, const std::function<Estimate(const Estimated&)>& of) {
  std::vector<double> result;
  for (const Estimated& estimated : cell.estimates) result.push_back(of(estimated).value);
  return result;
}

void add_estimates(RunRecord& record, const Cell& cell) {
  const auto mean = [&](const char* quantity, const std::function<Estimate(const Estimated&)>& of) {
    record.add(at(cell), quantity,
               identity(sample_mean(values(cell, of), miss_probability), cell.error * cell.error),
               0.0, false);
  };
  mean("reported", [](const Estimated& e) { return e.reported.squared; });
  mean("published", [](const Estimated& e) { return e.reported.published; });
  mean("calibrated", [](const Estimated& e) { return e.difference; });
  const auto part = [&](const char* quantity, const std::function<Estimate(const Estimated&)>& of) {
    record.add(at(cell), quantity, sample_mean(values(cell, of), miss_probability));
  };
  part("score_part", [](const Estimated& e) { return e.score_bias; });
  part("transport_part", [](const Estimated& e) { return e.transport_bias; });
  record.add(at(cell), "single",
             identity(cell.estimates.front().of_gaussians, cell.error * cell.error), 0.0, false);
  if (cell.error == 0.0 && cell.dimension > 1) {
    const auto reported = values(cell, [](const Estimated& e) { return e.reported.squared; });
    const double least = *std::min_element(reported.begin(), reported.end());
    record.add(at(cell), "least_reported", Estimate::between(least, 0.0, infinity, Grade::sampled));
  }
}

// Of the intervals of all exact pairs, and of all inexact ones.
void add_misses(RunRecord& record, const std::vector<Cell>& all, bool exact) {
  int intervals = 0;
  int misses = 0;
  for (const Cell& cell : all) {
    if (cell.is_step() || (cell.error == 0.0) != exact) continue;
    const double truth = cell.error * cell.error;
    for (const Estimated& estimated : cell.estimates) {
      ++intervals;
      const double half_width = estimated.of_gaussians.upper - estimated.of_gaussians.value;
      misses += std::abs(estimated.difference - truth) <= half_width ? 0 : 1;
    }
  }
  const boost::math::binomial_distribution<double> binomial(intervals, miss_probability);
  const std::string none;
  record.add(
      {std::string(exact ? "exact" : "inexact"), none, std::int64_t{intervals}, none, none, none},
      "misses",
      Bound{.lhs = static_cast<double>(misses),
            .rhs = boost::math::quantile(complement(binomial, false_alarm))},
      0.0);
}

void add_steps(RunRecord& record, const Cell& cell) {
  const Gaussian law = jko_step(start(cell.dimension), Gaussian::standard(cell.dimension), gamma);
  std::vector<double> law_error;
  std::vector<double> variance_error;
  double gap = 0.0;
  bool converged = true;
  for (std::size_t k = 0; k < cell.steps.size(); ++k) {
    const Gaussian& found = cell.step_moments[k];
    const Gaussian& exact = cell.exact_moments[k];
    converged = converged && cell.steps[k].termination == Termination::converged;
    gap = std::max(gap, (found.mean() - exact.mean()).norm());
    law_error.push_back((found.mean() - law.mean()).norm() / std::sqrt(cell.dimension));
    variance_error.push_back(found.covariance().trace() / exact.covariance().trace() - 1.0);
  }
  // The mean of the gradients is ∇V(m') + (m' − m)/γ, of curvature 1/γ at least.
  record.add(at(cell), "mean_gap",
             Bound{.lhs = converged ? gap : std::numeric_limits<double>::quiet_NaN(),
                   .rhs = gamma * ParticleJkoOptions{}.gradient_tolerance},
             0.0);
  record.add(at(cell), "law_mean_error", sample_mean(law_error, miss_probability));
  record.add(at(cell), "variance_error", sample_mean(variance_error, miss_probability));
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"part", "dimension", "points", "kernel_variance", "epsilon", "field"},
                   context.seed);
  std::vector<Cell> all = cells(settings);
  measure_all(all, settings, context);
  if (context.stop != nullptr && context.stop->load()) return record;
  for (const Cell& cell : all) {
    if (cell.is_step()) {
      add_steps(record, cell);
    } else {
      add_estimates(record, cell);
    }
  }
  add_misses(record, all, true);
  add_misses(record, all, false);
  return record;
}

constexpr const char* figure = R"gp(
dimensions = " "
collect(word) = (strstrt(dimensions, " ".word." ") == 0 ? dimensions = dimensions.word." " : 0, 0)
stats 'data.csv' using (is("part", "step") ? collect(stringcolumn("dimension")) : 0) nooutput
count = words(dimensions)
d(i) = word(dimensions, i)
at(part, quantity) = is("part", part) && is("quantity", quantity)
by_points(i, part, quantity) = at(part, quantity) && is("dimension", d(i)) ? column("points") : NaN
by_bandwidth(quantity) = at("bandwidth", quantity) ? column("kernel_variance") : NaN
by_error(field, quantity) = at("inexact", quantity) && is("field", field) ? column("predicted") : NaN
stats 'data.csv' using (is("part", "bandwidth") ? column("points") : NaN) nooutput
n_bandwidth = STATS_max
stats 'data.csv' using (by_bandwidth("reported")) nooutput
h_min = STATS_min
h_max = STATS_max
stats 'data.csv' using (at("inexact", "reported") ? column("points") : NaN) nooutput
n_error = STATS_max
stats 'data.csv' using (at("inexact", "reported") ? column("predicted") : NaN) nooutput
largest = STATS_max
stats 'data.csv' using (is("part", "step") ? column("points") : NaN) nooutput
n_min = STATS_min
n_max = STATS_max

set multiplot layout 1,4 margins 0.05,0.99,0.36,0.93 spacing 0.055
set logscale xy
set format y '%g'
set xrange [n_min / 1.3:n_max * 1.3]
set xtics n_min,4,n_max * 2
set title 'Exact steps, ε = 0'
set xlabel 'points {/:Italic n}, Scott’s kernels'
set ylabel 'mean |{/:Italic g}|^2' offset 1.5
set key at graph -0.05,-0.22 left top Left reverse samplen 2
plot for [i = 1:count] 'data.csv' \
    using (by_points(i, "points", "reported")):"measured":"lower":"upper" with yerrorlines \
    linestyle i title 'reported, {/:Italic d} = '.d(i), \
  for [i = 1:count] '' using (by_points(i, "points", "transport_part")):"measured" \
    with lines linestyle i dashtype 2 notitle, \
  for [i = 1:count] '' using (by_points(i, "points", "score_part")):"measured" \
    with lines linestyle i dashtype 3 notitle, \
  NaN with lines linecolor '#606060' linewidth 1.8 dashtype 2 title 'the assignment’s part', \
  NaN with lines linecolor '#606060' linewidth 1.8 dashtype 3 title 'the score’s part'

unset logscale y
set xrange [h_min / 1.3:h_max * 1.3]
set xtics h_min,2,h_max * 2 format '%g'
set yrange [*:1.5]
set title sprintf('Exact steps, {/:Italic d} = 2, {/:Italic n} = %d', n_bandwidth)
set xlabel 'variance of the kernels {/:Italic h}'
unset ylabel
plot 0 with lines linecolor 'black' linewidth 1.2 notitle, \
  'data.csv' using (by_bandwidth("reported")):"measured":"lower":"upper" \
    with yerrorlines linestyle 2 title 'reported, mean |{/:Italic g}|^2', \
  '' using (by_bandwidth("published")):"measured":"lower":"upper" \
    with yerrorlines linestyle 1 title '… in the published norm', \
  '' using (by_bandwidth("transport_part")):"measured" \
    with lines linecolor '#606060' linewidth 1.8 dashtype 2 notitle, \
  '' using (by_bandwidth("score_part")):"measured" \
    with lines linecolor '#606060' linewidth 1.8 dashtype 3 notitle, \
  '' using (by_bandwidth("single")):"measured":"lower":"upper" \
    with yerrorbars linestyle 3 title 'calibrated, one estimate', \
  NaN with lines linecolor 'black' linewidth 1.2 title 'ε^2'

unset logscale x
set xtics autofreq format '%g'
set xrange [-0.06 * largest:1.1 * largest]
set yrange [*:*]
set title sprintf('Estimate less ε^2, {/:Italic d} = 2, {/:Italic n} = %d', n_error)
set xlabel 'prescribed ε^2'
less(name) = column(name) - column("predicted")
plot 0 with lines linecolor 'black' linewidth 1.2 notitle, \
  'data.csv' using (by_error("constant", "reported")):(less("measured")) \
    with points linestyle 2 title 'reported, constant field', \
  '' using (by_error("random", "reported")):(less("measured")) \
    with points linestyle 2 pointtype 4 title '… random affine field', \
  '' using (by_error("constant", "single")):(less("measured")):(less("lower")):(less("upper")) \
    with yerrorbars linestyle 3 title 'calibrated, constant', \
  '' using (by_error("random", "single") + 0.025 * largest):(less("measured")): \
    (less("lower")):(less("upper")) \
    with yerrorbars linestyle 3 pointtype 4 title '… random'

set logscale xy
set xrange [n_min / 1.3:n_max * 1.3]
set xtics n_min,4,n_max * 2
set yrange [*:*]
set title 'Step on particles, relative errors'
set xlabel 'points {/:Italic n}, Scott’s kernels'
plot for [i = 1:count] 'data.csv' \
    using (by_points(i, "step", "variance_error")):(abs(column("measured"))) \
    with linespoints linestyle i title 'variance low by, {/:Italic d} = '.d(i), \
  for [i = 1:count] '' using (by_points(i, "step", "law_mean_error")):"measured" \
    with lines linestyle i dashtype 3 notitle, \
  NaN with lines linecolor '#606060' linewidth 1.8 dashtype 3 title 'mean of law off by'
unset multiplot
)gp";

}  // namespace

Experiment jko_particles() {
  return {
      .name = "jko_particles",
      .question =
          "What does a first-order error estimated from samples say, with and without its own "
          "bias, and how far off is a JKO step on particles?",
      .claims = {"JKO-04", "JKO-19"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--dimensions", "d", &settings->dimensions},
                            {"--points", "n of the first and the last panel", &settings->points},
                            {"--bandwidths", "h of the second panel", &settings->bandwidths},
                            {"--bandwidth-points", "n there", &settings->bandwidth_points},
                            {"--errors", "ε of the third panel", &settings->errors},
                            {"--error-points", "n there", &settings->error_points},
                            {"--repeats", "of everything", &settings->repeats},
                            {"--replications", "of each calibration", &settings->replications}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure};
}

}  // namespace flowcheck
