// What does the published measurement of one trained JKO block's error say, and what is its noise?
//
// Claims:  JKO-19, the exact step; JKO-04, the first-order error bounds the distance to it
// Run:     one_block --points 2000 --repeats 20
// Writes:  results/one_block/; seconds at --scale quick, a few minutes at paper
//
// One block from p₀ = N((3, 3), I) towards q = N(0, I) with γ = 0.5, whose exact step is N((2, 2),
// I) [ChengLuTanXie2024]. The published estimator takes n points x of p₁ and n new ones of p₀,
//
//   g(x) = x + s_h(x) − (T(x) − x)/γ,
//
// T the optimal assignment from the first cloud to the second and s_h the score of a sum of
// Gaussian kernels of variance h = 0.1. Two norms of it, both drawn:
//
//   squared    mean |g|², an estimate of ε²
//   published  mean |(g₁², g₂²)|, squares taken entry by entry before the Euclidean norm: smaller
//              by a factor of up to √2, and what the published figure shows
//
// Neither is zero for the exact step: that is the noise floor. The trained clouds are stood for by
// Gaussians with their moments, whose ε² is known in closed form.

#include "distances/wasserstein.hpp"
#include "experiments.hpp"
#include "measures/csv_table.hpp"
#include "measures/data_file.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "proximal/first_order_error.hpp"
#include "proximal/jko_step.hpp"
#include "proximal/sample_first_order_error.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  int points = 500;                                 // n of each cloud
  int repeats = 3;                                  // of the estimator at each checkpoint
  std::vector<int> floor_points = {125, 250, 500};  // n for the noise floor
  int floor_repeats = 10;
  double kernel_variance = 0.1;  // h
};

Settings settings_for(Scale scale) {
  if (scale == Scale::quick) return {};
  Settings settings{.points = 2000, .repeats = 5, .floor_points = {125, 250, 500, 1000, 2000}};
  if (scale == Scale::paper) settings.repeats = 20;
  settings.floor_repeats = scale == Scale::paper ? 20 : 10;
  return settings;
}

constexpr double gamma = 0.5;
constexpr double round_off_tolerance = 1e-12;  // of what is exact up to rounding
constexpr double miss_probability = 0.05;      // of the intervals drawn; none of them votes
constexpr int batches_between = 20;            // training batches from one checkpoint to the next
constexpr int drawn_checkpoints = 11;  // the figure's; of the later ones only the share is known

void check_settings(const Settings& settings) {
  const auto fits = [](int n) { return n >= 10 && n <= 6000; };
  require(fits(settings.points), "--points: expected 10 to 6000");
  require(!settings.floor_points.empty() &&
              std::all_of(settings.floor_points.begin(), settings.floor_points.end(), fits),
          "--floor-points: expected numbers between 10 and 6000");
  const std::set<int> different(settings.floor_points.begin(), settings.floor_points.end());
  require(different.size() == settings.floor_points.size(),
          "--floor-points: expected each number once");
  require(settings.repeats >= 2 && settings.repeats <= 1000, "--repeats: expected 2 to 1000");
  require(settings.floor_repeats >= 2 && settings.floor_repeats <= 1000,
          "--floor-repeats: expected 2 to 1000");
  require(settings.kernel_variance > 1e-6 && settings.kernel_variance < 1e6,
          "--kernel-variance: expected a number between 1e-6 and 1e6");
}

Gaussian isotropic(double mean) {
  return {Vector::Constant(2, mean), Matrix::Identity(2, 2)};
}

const Gaussian& start() {
  static const Gaussian p0 = isotropic(3.0);
  return p0;
}

struct Norms {
  double squared = 0.0;
  double published = 0.0;
};

// The estimator on n points of `next` and n new ones of p₀.
Norms estimate_norms(const Gaussian& next, Index n, double kernel_variance, Rng& rng) {
  const Matrix x = sample(next, n, rng);
  const Matrix y = sample(start(), n, rng);
  const SampleFirstOrderError error = estimate_first_order_error(
      y, x, gaussian_potential(Gaussian::standard(2)), gamma, kernel_variance);
  return {.squared = error.squared.value, .published = error.published.value};
}

// One cloud law at one n, and what the repeats gave.
struct Group {
  std::string cloud;
  Parameter batches;
  Gaussian law;
  int points;
  std::vector<Norms> norms;
};

Group group(const std::string& cloud, Parameter batches, const Gaussian& law, int n, int repeats) {
  return {.cloud = cloud,
          .batches = std::move(batches),
          .law = law,
          .points = n,
          .norms = std::vector<Norms>(static_cast<std::size_t>(repeats))};
}

struct Checkpoint {
  std::string name;
  Parameter batches;
  Gaussian law;  // with the stored cloud's moments
};

std::vector<Checkpoint> read_checkpoints() {
  const CsvTable table = read_csv_table(data_file("one_block/cheng2024_one_block_checkpoints.csv"));
  const std::vector<double> mean_x = table.numbers("mean_x");
  const std::vector<double> mean_y = table.numbers("mean_y");
  const std::vector<double> var_x = table.numbers("var_x");
  const std::vector<double> var_y = table.numbers("var_y");
  const std::vector<double> cov_xy = table.numbers("cov_xy");
  std::vector<Checkpoint> result;
  for (std::size_t k = 0; k < table.rows(); ++k) {
    Vector mean(2);
    Matrix covariance(2, 2);
    mean << mean_x[k], mean_y[k];
    covariance << var_x[k], cov_xy[k], cov_xy[k], var_y[k];
    const auto batches = static_cast<std::int64_t>(k) * batches_between;
    result.push_back({.name = table.text("checkpoint")[k],
                      .batches = k < drawn_checkpoints ? Parameter(batches) : std::string(),
                      .law = Gaussian(mean, covariance)});
  }
  return result;
}

std::vector<Parameter> parameters(const std::string& cloud,
                                  const Parameter& batches,
                                  const Parameter& points,
                                  const std::string& norm) {
  return {cloud, batches, points, norm};
}

// The closed forms: the exact step, and the Gaussians of the checkpoints.
void add_exact(RunRecord& record, const std::vector<Checkpoint>& checkpoints) {
  const Gaussian q = Gaussian::standard(2);
  const Gaussian p1 = isotropic(2.0);
  const std::string none;
  record.add(parameters("exact_step", none, none, none), "w2_of_step_and_prediction",
             identity(w2(jko_step(start(), q, gamma), p1), 0.0, "", 1.0), round_off_tolerance);
  record.add(parameters("exact_step", none, none, none), "first_order_error",
             identity(first_order_error(start(), p1, q, gamma).norm, 0.0, "", 1.0),
             round_off_tolerance);
  for (const Checkpoint& checkpoint : checkpoints) {
    const Estimate epsilon = first_order_error(start(), checkpoint.law, q, gamma).norm;
    record.add(parameters(checkpoint.name, checkpoint.batches, none, "squared"), "true_norm",
               square(epsilon));
    // JKO-04 with λ = 1: W₂(p₁, exact step) ≤ γε/(1 + γλ).
    record.add(parameters(checkpoint.name, checkpoint.batches, none, none), "w2_to_exact_step",
               Bound{.lhs = w2(checkpoint.law, p1), .rhs = gamma * epsilon / (1.0 + gamma)},
               round_off_tolerance);
  }
}

// Numbers that others measured, approximate and without an interval.
void add_published(RunRecord& record) {
  const CsvTable table = read_csv_table(data_file("one_block/cheng2024_one_block_norms.csv"));
  const std::vector<int> batches = table.integers("batches");
  const auto add = [&](const char* column, const std::string& norm, const Parameter& points) {
    const std::vector<double> values = table.numbers(column);
    for (std::size_t k = 0; k < table.rows(); ++k) {
      const bool exact = table.text("checkpoint")[k] == "exact";
      const Parameter at = exact ? Parameter(std::string()) : std::int64_t{batches[k]};
      record.add(parameters(exact ? "exact_step" : "stored", at, points, norm), column,
                 Estimate::between(values[k], -infinity, infinity, Grade::sampled));
    }
  };
  add("read_off", "published", std::int64_t{2000});
  add("rerun", "published", std::int64_t{1000});
  add("rerun_squared", "squared", std::int64_t{1000});
}

std::vector<Group> all_groups(const Settings& settings,
                              const std::vector<Checkpoint>& checkpoints) {
  std::vector<Group> groups;
  for (const Checkpoint& checkpoint : checkpoints) {
    groups.push_back(group(checkpoint.name, checkpoint.batches, checkpoint.law, settings.points,
                           settings.repeats));
  }
  std::vector<int> counts = settings.floor_points;
  if (std::find(counts.begin(), counts.end(), settings.points) == counts.end()) {
    counts.push_back(settings.points);
  }
  for (const int n : counts) {
    groups.push_back(group("exact_step", std::string(), isotropic(2.0), n, settings.floor_repeats));
  }
  return groups;
}

void measure(std::vector<Group>& groups, const Settings& settings, const RunContext& context) {
  struct Task {
    std::size_t group;
    std::size_t repeat;
  };
  std::vector<Task> tasks;
  double work = 0.0;
  const auto cost = [&](const Task& task) { return std::pow(groups[task.group].points, 2.2); };
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t k = 0; k < groups[i].norms.size(); ++k) {
      tasks.push_back({.group = i, .repeat = k});
      work += cost(tasks.back());
    }
  }
  std::atomic<double> done = 0.0;
  tbb::parallel_for(std::size_t{0}, tasks.size(), [&](std::size_t t) {
    if (context.stop != nullptr && context.stop->load()) return;
    Group& of = groups[tasks[t].group];
    const std::uint64_t seed =
        derive_seed(context.seed, "one_block " + of.cloud, static_cast<std::uint64_t>(of.points));
    Rng rng(seed, tasks[t].repeat);
    of.norms[tasks[t].repeat] = estimate_norms(of.law, of.points, settings.kernel_variance, rng);
    context.progress((done.fetch_add(cost(tasks[t])) + cost(tasks[t])) / work);
  });
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"cloud", "batches", "points", "norm"}, context.seed);
  const std::vector<Checkpoint> checkpoints = read_checkpoints();
  add_exact(record, checkpoints);
  add_published(record);

  std::vector<Group> groups = all_groups(settings, checkpoints);
  measure(groups, settings, context);
  if (context.stop != nullptr && context.stop->load()) return record;
  for (const Group& of : groups) {
    std::vector<double> squared;
    std::vector<double> published;
    for (const Norms& norms : of.norms) {
      squared.push_back(norms.squared);
      published.push_back(norms.published);
    }
    const auto add = [&](const std::string& norm, const std::vector<double>& values) {
      record.add(parameters(of.cloud, of.batches, std::int64_t{of.points}, norm), "estimator",
                 sample_mean(values, miss_probability));
    };
    add("squared", squared);
    add("published", published);
  }
  // What is left for n → ∞: the kernel widens N(m, I) to N(m, (1 + h)I), whose score differs by
  // (x − m)h/(1 + h).
  const double bias = settings.kernel_variance / (1.0 + settings.kernel_variance);
  record.add(parameters("exact_step", std::string(), std::string(), "squared"), "floor_limit",
             Estimate::closed_form(2.0 * bias * bias, 1e-15));
  return record;
}

constexpr const char* figure = R"gp(
set multiplot
near(name, x) = abs(column(name) - x) < 1e-9
estimate(norm) = is("quantity", "estimator") && is("norm", norm)
by_batches(norm) = (estimate(norm) && !is("cloud", "exact_step")) ? column("batches") : NaN
by_points(norm) = (estimate(norm) && is("cloud", "exact_step")) ? column("points") : NaN
others(quantity) = is("quantity", quantity) ? column("batches") : NaN
others_floor(quantity) = (is("quantity", quantity) && is("cloud", "exact_step")) ? column("points") \
  : NaN

# The n of the checkpoints, the floors there, and their limit.
stats 'data.csv' using (estimate("squared") && is("cloud", "p0") ? column("points") : NaN) nooutput
n = STATS_max
floor_at(norm) = (by_points(norm) == n) ? column("measured") : NaN
stats 'data.csv' using (floor_at("squared")) nooutput
floor_squared = STATS_max
stats 'data.csv' using (floor_at("published")) nooutput
floor_published = STATS_max
stats 'data.csv' using (is("quantity", "floor_limit") ? column("measured") : NaN) nooutput
limit = STATS_max

set logscale y
set format y '%g'
set bmargin at screen 0.13
set tmargin at screen 0.92
set lmargin at screen 0.062
set rmargin at screen 0.440
set title 'norm of the gradient during training' offset 0,-0.5
set xlabel 'training batches'
set ylabel 'squared norm' offset 1
set xrange [-8:208]
set yrange [0.1:30]
set xtics 0,40,200
set key at screen 0.715,0.92 left top Left reverse spacing 1.35 samplen 2.5
plot 'data.csv' using (others("true_norm")):"measured" with lines linewidth 2.2 linecolor 'black' \
    title 'ε² of Gaussians with the moments', \
  '' using (by_batches("squared")):"measured":"lower":"upper" with yerrorbars linestyle 2 \
    title sprintf('estimator, mean |g|², {/:Italic n} = %d', n), \
  '' using (by_batches("published")):"measured":"lower":"upper" with yerrorbars linestyle 1 \
    title '… as published', \
  floor_squared with lines linestyle 2 linewidth 1.2 dashtype 2 \
    title 'the same of the exact step, mean |g|²', \
  floor_published with lines linestyle 1 linewidth 1.2 dashtype 2 title '… as published', \
  'data.csv' using (others("rerun_squared")):"measured" with points pointtype 8 pointsize 0.9 \
    linewidth 1.4 linecolor '#d55e00' title 'stored clouds, {/:Italic n} = 1000, mean |g|²', \
  '' using (others("rerun")):"measured" with points pointtype 8 pointsize 0.9 linewidth 1.4 \
    linecolor '#0072b2' title '… as published', \
  '' using (others("read_off")):"measured" with points pointtype 6 pointsize 0.9 linewidth 1.4 \
    linecolor '#606060' title 'published figure, read off', \
  limit with lines linewidth 1.2 dashtype 3 linecolor '#606060' title 'floor for {/:Italic n} → ∞'

set lmargin at screen 0.495
set rmargin at screen 0.705
set title 'noise floor' offset 0,-0.5
set xlabel 'points {/:Italic n}'
unset ylabel
set logscale x
set xrange [90:2800]
set yrange [0.01:4]
set xtics (125, 250, 500, '1000' 1000, '2000' 2000)
set key off
plot 'data.csv' using (by_points("squared")):"measured":"lower":"upper" with yerrorlines linestyle 2, \
  '' using (by_points("published")):"measured":"lower":"upper" with yerrorlines linestyle 1, \
  '' using (others_floor("rerun_squared")):"measured" with points pointtype 8 pointsize 0.9 \
    linewidth 1.4 linecolor '#d55e00', \
  '' using (others_floor("rerun")):"measured" with points pointtype 8 pointsize 0.9 linewidth 1.4 \
    linecolor '#0072b2', \
  '' using (others_floor("read_off")):"measured" with points pointtype 6 pointsize 0.9 \
    linewidth 1.4 linecolor '#606060', \
  limit with lines linewidth 1.2 dashtype 3 linecolor '#606060'
unset multiplot
)gp";

}  // namespace

Experiment one_block() {
  return {
      .name = "one_block",
      .question =
          "How large is the first-order error of one trained JKO block, and how much of "
          "its published measurement is noise?",
      .claims = {"JKO-04", "JKO-19"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--points", "points of each cloud", &settings->points},
                            {"--repeats", "of the estimator at a checkpoint", &settings->repeats},
                            {"--floor-points", "numbers of points for the noise floor",
                             &settings->floor_points},
                            {"--floor-repeats", "of the estimator on the exact step",
                             &settings->floor_repeats},
                            {"--kernel-variance", "h of the kernel score",
                             &settings->kernel_variance}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure};
}

}  // namespace flowcheck
