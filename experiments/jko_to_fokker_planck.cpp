// How close do JKO steps stay to the Fokker–Planck flow, and what does rough data cost?
//
// Claims:  JKO-32, sup_n W₂(p_n, ρ_{nγ}) ≤ √(γ(G(p₀) − G_γ)) ≤ γ√(I₀/2), and ≤ √(γKL₀)
// Run:     jko_to_fokker_planck --step-sizes 5
// Writes:  results/jko_to_fokker_planck/; at --scale quick some seconds of measuring
//
// Towards N(0, 1) the flow of a mixture is a mixture; towards other potentials it is followed on a
// grid. Data without Fisher information lose the first order at the first step: W₂(p₁, ρ_γ) is of
// order γ^{3/4} for a uniform law and (√2 − 1)√γ for an atom. At later times the order returns to
// one, up to a logarithm for the atom: near it the variance grows by 2γ − γ/(2n) a step instead of
// 2γ, which leaves (γ/2) log(t/γ) behind. Its order at later times has no vote.

#include "experiments.hpp"
#include "measures/line_laws.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "proximal/line_fokker_planck.hpp"
#include "proximal/line_jko_step.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <numbers>

namespace flowcheck {
namespace {

struct Settings {
  double largest_step = 0.2;  // γ, halved from there; the flow is compared at its multiples
  int step_sizes = 5;
  double end = 1.0;  // last time
  int points = 201;  // of the coarsest of three grids, JKO and Fokker–Planck alike
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::quick) return settings;
  settings.step_sizes = 7;
  settings.points = 401;
  if (scale == Scale::paper) settings.points = 1601;
  return settings;
}

constexpr std::size_t levels = 3;
constexpr double tolerance = 1e-6;        // of a bound's comparison; both sides are discretised
constexpr double order_tolerance = 0.25;  // narrow enough to tell 1, 3/4 and 1/2 apart

void check_settings(const Settings& settings) {
  require(settings.largest_step > 0.0 && settings.largest_step <= 1.0,
          "--largest-step: expected a number above 0, at most 1");
  require(settings.step_sizes >= 4 && settings.step_sizes <= 12, "--step-sizes: expected 4 to 12");
  require(settings.points >= 51 && settings.points <= 10'001, "--points: expected 51 to 10001");
  const double steps = settings.end / settings.largest_step;
  require(steps >= 1.0 && steps <= 100.0 && std::abs(steps - std::round(steps)) <= 1e-9 * steps,
          "--end: expected a multiple of the largest step, at most a hundredfold");
  require(settings.end <= 10.0, "--end: expected at most 10, where nothing is left to compare");
}

// ρ_t on a grid; where it needs the grid's level, that is what it is for.
using FlowMap = std::function<LineMap(const LineGrid&, std::size_t level, double time)>;

struct Problem {
  std::string start;
  std::string target;
  LineEnergy potential;
  std::function<LineMap(const LineGrid&)> start_map;
  FlowMap flow;
  double first_step_order = 0.0;  // of rough data; 0: not rough
};

// The law of e^{−t}X + √(1 − e^{−2t})Z for X uniform on [−1, 1].
LineMeasure smoothed_uniform(double time) {
  const double r = std::exp(-time);
  const double sigma = std::sqrt(-std::expm1(-2.0 * time));
  // The density is the mass of N(x, σ²) on [−r, r], in logarithms, for its tails are as long as a
  // Gaussian's.
  const auto log_mass = [=](double x) {
    const double near = log_normal_cdf((r - std::abs(x)) / sigma);
    return near + std::log1p(-std::exp(log_normal_cdf((-r - std::abs(x)) / sigma) - near));
  };
  const auto relative_density = [=](double z, double x) {
    return std::exp(-0.5 * z * z - log_mass(x)) / std::sqrt(2.0 * std::numbers::pi);
  };
  const auto slope = [=](double x) {
    return (relative_density((x - r) / sigma, x) - relative_density((x + r) / sigma, x)) / sigma;
  };
  const auto curvature = [=](double x) {
    const double a = (x - r) / sigma;
    const double b = (x + r) / sigma;
    const double first = slope(x);
    return (b * relative_density(b, x) - a * relative_density(a, x)) / (sigma * sigma) +
           first * first;
  };
  return LineMeasure({.value = [=](double x) { return -log_mass(x); },
                      .slope = slope,
                      .curvature = curvature,
                      .landmarks = {-r, r}});
}

std::vector<double> common_times(const Settings& settings) {
  std::vector<double> times;
  for (int k = 1; k * settings.largest_step < settings.end * (1.0 + 1e-9); ++k) {
    times.push_back(k * settings.largest_step);
  }
  return times;
}

std::vector<double> step_sizes(const Settings& settings) {
  std::vector<double> gammas;
  gammas.reserve(static_cast<std::size_t>(settings.step_sizes));
  for (int k = 0; k < settings.step_sizes; ++k) {
    gammas.push_back(std::ldexp(settings.largest_step, -k));
  }
  return gammas;
}

// Each law tabulated once. Steps being halved, nγ is the very number that is asked for.
FlowMap tabulated(const std::function<LineMeasure(double time)>& law,
                  const std::vector<double>& times) {
  const auto laws = std::make_shared<std::map<double, LineMeasure>>();
  for (const double time : times) laws->emplace(time, law(time));
  return [laws](const LineGrid& grid, std::size_t, double time) {
    return line_map(grid, laws->at(time));
  };
}

Problem towards_standard(std::string start,
                         const std::vector<double>& weights,
                         const std::vector<double>& means,
                         const std::vector<double>& deviations,
                         const Settings& settings) {
  const auto law = [=](double time) {
    std::vector<double> m = means;
    std::vector<double> s = deviations;
    const double decay = std::exp(-time);
    for (double& x : m) x *= decay;
    for (double& x : s) x = std::sqrt(decay * decay * x * x - std::expm1(-2.0 * time));
    return gaussian_mixture_law(weights, m, s);
  };
  return {.start = std::move(start),
          .target = "gaussian",
          .potential = quadratic_energy(),
          .start_map = [=](const LineGrid& grid) { return line_map(grid, law(0.0)); },
          .flow = tabulated(law, common_times(settings))};
}

Problem on_a_grid(std::string target, const LineMeasure& q, const Settings& settings) {
  const LineMeasure start = gaussian_mixture_law({0.4, 0.6}, {-1.5, 1.2}, {0.7, 0.6});
  const auto flow = std::make_shared<const LineFokkerPlanck>(
      start, q, common_times(settings),
      LineFokkerPlanckOptions{.cells = static_cast<Index>(settings.points) + 1, .steps = 256});
  return {.start = "mixture",
          .target = std::move(target),
          .potential = line_energy(q),
          .start_map = [=](const LineGrid& grid) { return line_map(grid, start); },
          .flow =
              [=](const LineGrid& grid, std::size_t level, double time) {
                const LineFlow& own = level == 0   ? flow->coarse()
                                      : level == 1 ? flow->middle()
                                                   : flow->finest();
                const auto k =
                    static_cast<std::size_t>(std::llround(time / settings.largest_step) - 1);
                return line_map(grid, own.laws.at(k));
              }};
}

std::vector<Problem> problems(const Settings& settings) {
  std::vector<Problem> result = {
      towards_standard("mixture", {0.4, 0.6}, {-1.5, 1.2}, {0.7, 0.6}, settings),
      towards_standard("translate", {1.0}, {2.0}, {1.0}, settings),
      towards_standard("narrow", {1.0}, {0.0}, {0.3}, settings),
      on_a_grid("quartic", quartic_law(1.0, 1.0), settings),
      on_a_grid("log_cosh", log_cosh_law(0.5, 0.5, 2.0), settings),
  };
  std::vector<double> times = common_times(settings);
  for (const double gamma : step_sizes(settings)) times.push_back(gamma);
  result.push_back(
      {.start = "uniform",
       .target = "gaussian",
       .potential = quadratic_energy(),
       .start_map = [](const LineGrid& grid) { return line_map(grid, uniform_law(-1.0, 1.0)); },
       .flow = tabulated(smoothed_uniform, times),
       .first_step_order = 0.75});
  result.push_back({.start = "atom",
                    .target = "gaussian",
                    .potential = quadratic_energy(),
                    .start_map = [](const LineGrid& grid) { return gaussian_map(grid, 1.0, 0.0); },
                    .flow =
                        [](const LineGrid& grid, std::size_t, double time) {
                          return gaussian_map(grid, std::exp(-time),
                                              std::sqrt(-std::expm1(-2.0 * time)));
                        },
                    .first_step_order = 0.5});
  return result;
}

// One γ on one grid.
struct Run {
  std::vector<Estimate> distances = {};  // W₂(p_n, ρ_{nγ}) at multiples of the largest step
  Estimate first_step = 0.0;             // W₂(p₁, ρ_γ), of rough data
  Estimate start_value = 0.0;            // KL(p₀ ‖ q)
  Estimate start_slope = infinity;       // √I₀
  Estimate moreau = 0.0;                 // G_γ, the first step's least objective
};

Run followed(const Problem& problem,
             const Settings& settings,
             double gamma,
             std::size_t level,
             const std::atomic<bool>* stop) {
  const LineGrid grid((static_cast<Index>(settings.points) - 1) * (Index{1} << level) + 1);
  const LineFunctional G = relative_entropy(problem.potential);
  LineMap law = problem.start_map(grid);
  Run run;
  run.start_value = value(G, law);
  if (problem.first_step_order == 0.0) run.start_slope = slope(G, law).norm;
  const long long each = std::llround(settings.largest_step / gamma);
  const long long count = std::llround(settings.end / gamma);
  for (long long n = 1; n <= count; ++n) {
    if (stop != nullptr && *stop) return run;
    LineJkoResult step = line_jko_step(law, G, gamma);
    require(step.termination == Termination::converged,
            "jko_to_fokker_planck: a step did not converge");
    if (n == 1) run.moreau = value(G, step.step) + square(w2(law, step.step)) / (2.0 * gamma);
    law = std::move(step.step);
    const double time = static_cast<double>(n) * gamma;
    if (n == 1 && problem.first_step_order > 0.0) {
      run.first_step = w2(law, problem.flow(grid, level, time));
    }
    if (n % each == 0) run.distances.push_back(w2(law, problem.flow(grid, level, time)));
  }
  return run;
}

class Measurement {
 public:
  Measurement(RunRecord& record, const Problem& problem) : record_(record), problem_(problem) {}

  void add_step_size(double gamma, const std::array<Run, levels>& runs) {
    const auto refined = [&](const auto& of) {
      return richardson(of(runs[0]), of(runs[1]), of(runs[2]));
    };
    Estimate largest = 0.0;
    for (std::size_t k = 0; k < runs[0].distances.size(); ++k) {
      largest = max(largest, refined([k](const Run& run) { return run.distances[k]; }));
    }
    gammas_.push_back(gamma);
    errors_.push_back(largest.value);
    const bool rough = problem_.first_step_order > 0.0;
    const Estimate kl = refined([](const Run& run) { return run.start_value; });
    if (!rough) {
      const Estimate slope = refined([](const Run& run) { return run.start_slope; });
      const Estimate first_order = gamma * slope / sqrt(Estimate(2.0));
      add("first_order", gamma, "sup_w2", largest, first_order);
      add("one", gamma, "share", largest / first_order, 1.0);
    }
    if (std::isfinite(runs[2].start_value.value)) {
      const Estimate moreau = refined([](const Run& run) { return run.moreau; });
      add("moreau", gamma, "sup_w2", largest, sqrt(gamma * (kl - moreau)));
      add("half_order", gamma, "sup_w2", largest, sqrt(gamma * kl));
    } else {
      record_.add(at("none", gamma), "sup_w2", largest);
    }
    if (rough) {
      const Estimate first = refined([](const Run& run) { return run.first_step; });
      record_.add(at("none", gamma), "first_step_w2", first);
      first_errors_.push_back(first.value);
    }
  }

  void add_orders() {
    record_.add(at("limit", gammas_.back()), "order", order(observed_order(gammas_, errors_), 1.0),
                order_tolerance, problem_.first_step_order != 0.5);
    if (first_errors_.empty()) return;
    record_.add(at("limit", gammas_.back()), "first_step_order",
                order(observed_order(gammas_, first_errors_), problem_.first_step_order),
                order_tolerance);
  }

 private:
  std::vector<Parameter> at(const char* against, double gamma) const {
    return {problem_.start, problem_.target, gamma, std::string(against)};
  }
  void add(const char* against,
           double gamma,
           const char* quantity,
           const Estimate& measured,
           const Estimate& predicted) {
    record_.add(at(against, gamma), quantity, {.lhs = measured, .rhs = predicted}, tolerance);
  }

  RunRecord& record_;
  const Problem& problem_;
  std::vector<double> gammas_;
  std::vector<double> errors_;
  std::vector<double> first_errors_;
};

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Problem> all = problems(settings);
  const std::vector<double> gammas = step_sizes(settings);
  const std::size_t each = gammas.size() * levels;
  std::vector<Run> runs(all.size() * each);
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, runs.size(), [&](std::size_t i) {
    if (context.stop != nullptr && *context.stop) return;
    runs[i] =
        followed(all[i / each], settings, gammas[i % each / levels], i % levels, context.stop);
    context.progress(static_cast<double>(++done) / static_cast<double>(runs.size()));
  });
  RunRecord record({"start", "target", "step_size", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Measurement measurement(record, all[i]);
    for (std::size_t g = 0; g < gammas.size(); ++g) {
      const Run* first = &runs[i * each + g * levels];
      measurement.add_step_size(gammas[g], {first[0], first[1], first[2]});
    }
    measurement.add_orders();
  }
  return record;
}

constexpr const char* figure = R"(
starts = "mixture translate narrow mixture mixture"
targets = "gaussian gaussian gaussian quartic log_cosh"
titles = "mixture;translate;narrow;mixture, quartic {/:Italic V};mixture, log cosh {/:Italic V};"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
of(start, target, quantity, against) = is("start", start) && is("target", target) \
  && is("quantity", quantity) && is("against", against) ? column("step_size") : NaN
smooth(i, quantity, against) = of(word(starts, i), word(targets, i), quantity, against)

set multiplot layout 1,3 margins 0.065,0.985,0.13,0.93 spacing 0.075
set logscale xy
set xlabel 'step size γ'
set format y '10^{%T}'
set title 'Smooth data'
set ylabel 'largest {/:Italic W}_2({/:Italic p_n}, ρ_{{/:Italic n}γ})' offset 1.5
set yrange [1e-4:1e3]
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:5] 'data.csv' using (smooth(i, "sup_w2", "first_order")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:5] '' using (smooth(i, "sup_w2", "first_order")):(column("measured")) \
    with linespoints linestyle i title take(titles, i), \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 title 'proved: γ√({/:Italic I}_0/2)'

set title 'The same as a share of γ√({/:Italic I}_0/2)'
unset logscale y
set format y '%g'
set ylabel 'share' offset 1
set yrange [0:0.4]
set key at graph 0.98,0.97 right top
plot for [i = 1:5] 'data.csv' using (smooth(i, "share", "one")):(column("measured")) \
    with linespoints linestyle i notitle, \
  sqrt(2) / (2 * exp(1)) with lines linecolor '#404040' linewidth 1.2 dashtype 2 \
    title 'translate, γ → 0: √2/(2e)'

set title 'Rough data'
set logscale y
set format y '10^{%T}'
set ylabel '{/:Italic W}_2' offset 1.5
set yrange [1e-4:1e4]
set key at graph 0.02,0.98 left top Left reverse
plot 'data.csv' using (of("atom", "gaussian", "first_step_w2", "none")):(column("measured")) \
    with points linestyle 1 title 'atom, first step', \
  (sqrt(2) - 1) * sqrt(x) with lines linestyle 1 title '(√2 − 1) γ^{1/2}', \
  '' using (of("uniform", "gaussian", "first_step_w2", "none")):(column("measured")) \
    with points linestyle 2 title 'uniform, first step', \
  0.15 * x ** 0.75 with lines linestyle 2 dashtype 2 title 'slope 3/4', \
  '' using (of("atom", "gaussian", "sup_w2", "none")):(column("measured")) \
    with points linestyle 3 title 'atom, later', \
  '' using (of("uniform", "gaussian", "sup_w2", "moreau")):(column("measured")) \
    with points linestyle 4 title 'uniform, later', \
  0.2 * x with lines linestyle 8 dashtype 2 title 'slope 1', \
  '' using (of("uniform", "gaussian", "sup_w2", "half_order")):(column("predicted")) \
    with lines linestyle 4 linewidth 1.2 dashtype 3 title 'uniform, proved: √(γ KL_0)'
unset multiplot
)";

}  // namespace

Experiment jko_to_fokker_planck() {
  return {
      .name = "jko_to_fokker_planck",
      .question =
          "How close do JKO steps stay to the Fokker–Planck flow, and what does rough data cost?",
      .claims = {"JKO-32"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--largest-step", "largest γ, halved from there",
                             &settings->largest_step},
                            {"--step-sizes", "number of γ", &settings->step_sizes},
                            {"--end", "last time, a multiple of the largest step", &settings->end},
                            {"--points", "points of the coarsest of three grids",
                             &settings->points}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6,
      .absolute_tolerance = 1e-10};
}

}  // namespace flowcheck
