// What does an error of the velocity do to the generated law, and which bound sees it?
//
// Claims:  GIF-34, the Alekseev–Gröbner forms, with the error along the perturbed flow's law;
//          GIF-35, the Gronwall form, with the error along the exact one
// Run:     stability_velocity --sizes 0.01,0.1,1
// Writes:  results/stability_velocity/; at --scale quick a few seconds
//
// On every schedule from noise: X_{0,1} is the same for all (GIF-20), but what an error δ(t, x) of
// one size does is not, as Lip(X_{s,1}) is weighed in the schedule's own time (third panel).
//
// Last panel: which law goes with which Lipschitz constant. With v = 0 (N(0, I) to itself on the
// trigonometric schedule) and ṽ = Kx the output is off by e^K − 1, where the exact flow's constant
// and the exact law together say K.

#include "experiments.hpp"
#include "flows/perturbed_flow.hpp"
#include "numerics/require.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  std::vector<double> sizes = {0.01, 0.03, 0.1, 0.3, 1.0};  // ε
  double step_tolerance = 1e-10;
  int nodes = 256;
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::quick) return settings;
  settings.sizes = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0};
  settings.step_tolerance = scale == Scale::standard ? 1e-11 : 1e-12;
  settings.nodes = scale == Scale::standard ? 512 : 1024;
  return settings;
}

constexpr double tolerance = 1e-5;  // of equal sides: the steps' errors, and half the nodes

void check_settings(const Settings& settings) {
  require(!settings.sizes.empty() &&
              std::all_of(settings.sizes.begin(), settings.sizes.end(),
                          [](double size) { return size >= 1e-4 && size <= 3.0; }),
          "--sizes: expected numbers from 1e-4 to 3");
  require(std::set<double>(settings.sizes.begin(), settings.sizes.end()).size() ==
              settings.sizes.size(),
          "--sizes: expected each number once");
  require(settings.step_tolerance >= 1e-13 && settings.step_tolerance <= 1e-3,
          "--step-tolerance: expected a number from 1e-13 to 1e-3");
  require(settings.nodes >= 32 && settings.nodes <= 4096 && settings.nodes % 2 == 0,
          "--nodes: expected an even number from 32 to 4096");
}

struct Case {
  std::string target;
  std::string schedule;
  StableFlow flow;
  VelocityError error;
  double size = 0.0;
};

GaussianMixture centres(double R, double sigma) {
  return R == 0.0 ? GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(1, 1), sigma * sigma)
                  : GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-R, R}}, sigma * sigma);
}

std::vector<Case> cases(const Settings& settings) {
  std::vector<Case> result;
  const auto add = [&](const char* target, double R, double sigma, const Schedule& schedule) {
    const StableFlow flow = stable_flow(centres(R, sigma), schedule);
    for (const double size : settings.sizes) {
      for (VelocityError& error : velocity_errors(size, 1)) {
        result.push_back({target, schedule.name(), flow, std::move(error), size});
      }
    }
  };
  for (const Schedule& schedule : checked_schedules()) {
    if (!schedule.starts_from_noise()) continue;
    add("gaussian", 0.0, 0.5, schedule);
    add("two centres", 1.0, 0.6, schedule);
  }
  const StableFlow still = stable_flow(centres(0.0, 1.0), trigonometric_schedule());
  for (const double size : settings.sizes) {
    result.push_back({"standard", "trigonometric", still, velocity_errors(size, 1)[2], size});
  }
  return result;
}

void add_rows(RunRecord& record, const Case& at, const Stability& s) {
  const auto add = [&](const char* against, const Estimate& bound, bool votes) {
    record.add({at.target, at.schedule, at.error.name, at.size, std::string(against)}, "w2",
               {.lhs = s.coupling, .rhs = bound}, tolerance, votes);
  };
  add("minkowski", s.minkowski, true);
  add("cauchy_schwarz", s.cauchy_schwarz, true);
  add("gronwall", s.gronwall, true);
  add("gronwall_uniform", s.gronwall_uniform, true);
  add("mixed_up", s.mixed_up, false);
  add("mixed_up_gronwall", s.mixed_up_gronwall, false);
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Case> all = cases(settings);
  std::vector<Stability> measured(all.size());
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t i) {
    if (context.stop != nullptr && *context.stop) return;
    measured[i] = stability(all[i].flow, all[i].error,
                            {.tolerance = settings.step_tolerance, .nodes = settings.nodes});
    context.progress(static_cast<double>(++done) / static_cast<double>(all.size()));
  });
  RunRecord record({"target", "schedule", "error", "size", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  for (std::size_t i = 0; i < all.size(); ++i) add_rows(record, all[i], measured[i]);
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1100,900 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
errors = "shift sine growth bump"
of(target, error, against) = is("target", target) && is("schedule", "linear") \
  && is("error", error) && is("against", against) ? column("size") : NaN

set multiplot layout 2,2 margins 0.075,0.985,0.06,0.95 spacing 0.06,0.11
set logscale xy
set xlabel 'size of the error of {/:Italic v}' offset 0,0.6
set format x '10^{%T}'
set format y '10^{%T}'
set xrange [0.007:4]
set yrange [1e-3:3000]
set ylabel '{/:Italic W}_2 of the generated law' offset 1
set title 'N(0, ¼), linear schedule'
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:4] 'data.csv' using (of("gaussian", word(errors, i), "minkowski")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of("gaussian", word(errors, i), "gronwall")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:4] '' using (of("gaussian", word(errors, i), "minkowski")):(column("measured")) \
    with points linestyle i title word(errors, i), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Alekseev–Gröbner', \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 title 'Gronwall'

set title 'Two centres ±1, σ = 0.6'
unset ylabel
unset key
plot for [i = 1:4] 'data.csv' using (of("two centres", word(errors, i), "minkowski")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of("two centres", word(errors, i), "gronwall")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:4] '' using (of("two centres", word(errors, i), "minkowski")):(column("measured")) \
    with points linestyle i notitle

set title 'Two centres, bump: the schedules'
set ylabel '{/:Italic W}_2 divided by size' offset 1
schedules = "linear foellmer trigonometric polynomial"
names = "linear Föllmer trigonometric polynomial"
bump(schedule) = is("target", "two centres") && is("schedule", schedule) && is("error", "bump") \
  && is("against", "minkowski") ? column("size") : NaN
unset logscale y
set format y '%g'
set yrange [0.3:2.2]
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:4] 'data.csv' using (bump(word(schedules, i))):(column("measured")/column("size")) \
    with points linestyle i title word(names, i), \
  for [i = 1:4] '' using (bump(word(schedules, i))):(column("predicted")/column("size")) \
    with lines linestyle i notitle, \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Alekseev–Gröbner'
unset ylabel
set yrange [0.8:4.5]

set title '{/:Italic v} = 0 and growth: which law?'
still(against) = is("target", "standard") && is("against", against) ? column("size") : NaN
set key at graph 0.02,0.98 left top Left reverse
plot 'data.csv' using (still("minkowski")):(column("predicted")/column("size")) with lines linestyle 1 \
    title 'exact constant, perturbed law', \
  '' using (still("gronwall")):(column("predicted")/column("size")) with lines linestyle 3 \
    title 'perturbed constant, exact law', \
  '' using (still("mixed_up")):(column("predicted")/column("size")) with lines linestyle 2 dashtype 3 \
    title 'exact constant, exact law: no bound', \
  '' using (still("minkowski")):(column("measured")/column("size")) with points linestyle 8 title 'measured'
unset multiplot
)";

}  // namespace

Experiment stability_velocity() {
  return {
      .name = "stability_velocity",
      .question =
          "What does an error of the velocity do to the generated law, and which bound sees it?",
      .claims = {"GIF-34", "GIF-35"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--sizes", "sizes of the velocity's error", &settings->sizes},
                            {"--step-tolerance", "of each step's error", &settings->step_tolerance},
                            {"--nodes", "nodes of the noise", &settings->nodes}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6};
}

}  // namespace flowcheck
