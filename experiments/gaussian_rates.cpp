// At which rate does each mode of a Gaussian contract in one JKO step, and which rate is proved?
//
// Claims:  JKO-19, the closed form and its rates; JKO-10 and JKO-11, the factors of the theorems
// Run:     gaussian_rates --curvatures 1,2.5
// Writes:  results/gaussian_rates/; at --scale quick well under a second of measuring
//
// q = N(0, A⁻¹), A with eigenvalues a_i in a rotated frame. A shift along eigenvector i shrinks by
// 1/(1 + γa_i), a small change of covariance entry (i, j) in A's frame by 1/(1 + γ(a_i + a_j)).
// Between the modes lies the one-step ratio of W₂ for data in general position.

#include "distances/wasserstein.hpp"
#include "experiments.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/jko_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace flowcheck {
namespace {

struct Settings {
  std::vector<double> curvatures = {1.0, 2.5};  // a_i, the eigenvalues of ∇²V
  double smallest_step = 0.01;                  // γ, log-spaced
  double largest_step = 10.0;
  int step_sizes = 25;
  int random_starts = 4;  // for each γ
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::standard) settings.random_starts = 100;
  if (scale == Scale::paper) settings.random_starts = 5000;
  if (scale != Scale::quick) settings.step_sizes = 49;
  return settings;
}

// Relative width below which the two sides of an identity count as equal: the measured derivatives
// of the covariance carry 1e-9 of round-off and discretisation.
constexpr double tolerance = 1e-6;

// Half-widths of the central differences, halved once for the error estimate.
constexpr double difference = 1e-3;

void check_settings(const Settings& settings) {
  const auto& a = settings.curvatures;
  require(!a.empty() && a.size() <= 9, "--curvatures: expected 1 to 9 numbers");
  require(std::all_of(a.begin(), a.end(), [](double x) { return x > 0.01 && x < 100.0; }),
          "--curvatures: expected numbers between 0.01 and 100");
  require(settings.smallest_step > 0.0 && settings.largest_step > settings.smallest_step &&
              std::isfinite(settings.largest_step),
          "--smallest-step, --largest-step: expected 0 < smallest < largest");
  require(settings.step_sizes >= 2 && settings.step_sizes <= 1000,
          "--step-sizes: expected 2 to 1000");
  require(settings.random_starts >= 0 && settings.random_starts <= 100'000,
          "--random-starts: expected 0 to 100000");
}

struct Problem {
  Gaussian target;
  Matrix frame;  // eigenvectors of A, one per column, in the order of the curvatures
};

Problem make_problem(const Settings& settings, std::uint64_t seed) {
  const Index d = static_cast<Index>(settings.curvatures.size());
  Rng rng(derive_seed(seed, "gaussian_rates frame"));
  const Matrix V = random_orthogonal(rng, d);
  const Vector a = Eigen::Map<const Vector>(settings.curvatures.data(), d);
  return {.target = Gaussian(Vector::Zero(d),
                             symmetrised(V * a.cwiseInverse().asDiagonal() * V.transpose())),
          .frame = V};
}

// Measured: how much of a unit shift along v is left after one step.
Estimate mean_factor(const Problem& problem, const Vector& v, double gamma) {
  const Gaussian p(v, problem.target.covariance());
  const double left = jko_step(p, problem.target, gamma).mean().dot(v);
  const Gaussian& q = problem.target;
  return Estimate::closed_form(left, round_off(q.condition_number(), q.dimension()));
}

// Measured: the derivative of entry (i, j) of the next covariance with respect to the same entry of
// the present one, in A's frame; Richardson from two central differences.
Estimate covariance_factor(const Problem& problem, Index i, Index j, double gamma) {
  const Gaussian& q = problem.target;
  const Vector v = problem.frame.col(i);
  const Vector w = problem.frame.col(j);
  const Matrix direction = symmetrised(v * w.transpose());
  const double size = v.dot(direction * w);
  const double unit = q.eigenvalues()(0);  // keeps Q ± h·direction positive
  const auto slope = [&](double h) {
    const auto entry = [&](double at) {
      const Gaussian p(q.mean(), q.covariance() + at * direction);
      return v.dot(jko_step(p, q, gamma).covariance() * w);
    };
    return (entry(h) - entry(-h)) / (2.0 * h * size);
  };
  const double coarse = slope(difference * unit);
  const double fine = slope(0.5 * difference * unit);
  const double value = fine + (fine - coarse) / 3.0;
  const double rounding = round_off(q.covariance().norm() * q.condition_number(), q.dimension()) /
                          (difference * unit * size);
  return Estimate::converged(value, std::abs(fine - coarse) / 3.0, rounding);
}

Estimate w2_ratio(const Gaussian& p, const Gaussian& q, double gamma) {
  return w2(jko_step(p, q, gamma), q) / w2(p, q);
}

std::vector<double> step_sizes(const Settings& settings) {
  std::vector<double> result;
  for (int i = 0; i < settings.step_sizes; ++i) {
    const double share = static_cast<double>(i) / (settings.step_sizes - 1);
    result.push_back(settings.smallest_step *
                     std::pow(settings.largest_step / settings.smallest_step, share));
  }
  return result;
}

// Adds what one γ gives.
class Measurement {
 public:
  Measurement(RunRecord& record, const Settings& settings, const Problem& problem, double gamma)
      : record_(record), settings_(settings), problem_(problem), gamma_(gamma) {}

  void add_modes() {
    const auto& a = settings_.curvatures;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const Vector v = problem_.frame.col(static_cast<Index>(i));
      add(fmt::format("mean {}", i + 1), "mode", "factor",
          identity(mean_factor(problem_, v, gamma_), factor(a[i])));
      for (std::size_t j = i; j < a.size(); ++j) {
        add(fmt::format("covariance {}{}", i + 1, j + 1), "mode", "factor",
            identity(
                covariance_factor(problem_, static_cast<Index>(i), static_cast<Index>(j), gamma_),
                factor(Estimate(a[i]) + a[j])));
      }
    }
  }

  // W₂ of a translate attains the sharp factor; the paper's is looser, and the rate of continuous
  // time is not a bound at all, which is why it has no vote.
  void add_translate() {
    const Gaussian& q = problem_.target;
    const Vector v = problem_.frame.col(softest());
    const Estimate ratio = w2_ratio(Gaussian(v, q.covariance()), q, gamma_);
    add("translate", "sharp", "w2_ratio", {.lhs = ratio, .rhs = factor(lambda())});
    add("translate", "paper", "w2_ratio",
        {.lhs = ratio, .rhs = sqrt(1.0 / (1.0 + 0.5 * gamma_ * lambda()))});
    add("translate", "continuous", "w2_ratio", {.lhs = ratio, .rhs = exp(-gamma_ * lambda())},
        false);
  }

  void add_random_start(Rng& rng) {
    const Gaussian& q = problem_.target;
    const Estimate ratio = w2_ratio(random_gaussian(rng, q.dimension()), q, gamma_);
    add("random start", "sharp", "w2_ratio", {.lhs = ratio, .rhs = factor(lambda())});
  }

 private:
  Index softest() const {
    const auto& a = settings_.curvatures;
    return std::min_element(a.begin(), a.end()) - a.begin();
  }
  // λ of the stored covariance, which the frame's rounding moves off the curvature asked for.
  Estimate lambda() const {
    const Gaussian& q = problem_.target;
    const double value = 1.0 / q.eigenvalues()(q.dimension() - 1);
    return Estimate::closed_form(value, round_off(value, q.dimension()));
  }
  Estimate factor(const Estimate& curvature) const { return 1.0 / (1.0 + gamma_ * curvature); }
  void add(const std::string& mode,
           const std::string& against,
           const std::string& quantity,
           const Bound& bound,
           bool votes = true) {
    record_.add({mode, gamma_, against}, quantity, bound, tolerance, votes);
  }

  RunRecord& record_;
  const Settings& settings_;
  const Problem& problem_;
  double gamma_;
};

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const Problem problem = make_problem(settings, context.seed);
  RunRecord record({"mode", "step_size", "against"}, context.seed);
  const std::vector<double> gammas = step_sizes(settings);
  for (std::size_t k = 0; k < gammas.size(); ++k) {
    if (context.stop != nullptr && *context.stop) return record;
    Measurement measurement(record, settings, problem, gammas[k]);
    measurement.add_modes();
    measurement.add_translate();
    Rng rng(derive_seed(context.seed, "gaussian_rates starts", k));
    for (int i = 0; i < settings.random_starts; ++i) measurement.add_random_start(rng);
    context.progress(static_cast<double>(k + 1) / static_cast<double>(gammas.size()));
  }
  return record;
}

constexpr const char* figure = R"(
# The modes that were measured, as they stand in the file, a comma after each.
modes = ","
collect(word) = (strstrt(modes, ",".word.",") == 0 ? modes = modes.word."," : 0, 0)
stats 'data.csv' using (is("against", "mode") ? collect(stringcolumn("mode")) : 0) nooutput
thin = ceil(STATS_records / 20000.0)  # of the random starts at most so many are drawn
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(modes)] { if (modes[i:i] eq ",") { count = count + 1 } }
modes = drop_first(modes)
curvature(i) = '{/:Italic a}_'.i
title_of(mode) = mode[1:4] eq "mean" ? 'mean, '.curvature(mode[6:6]) \
  : 'covariance, '.curvature(mode[12:12]).' + '.curvature(mode[13:13])
of(mode, against) = (is("mode", mode) && is("against", against)) ? column("step_size") : NaN
start(row) = int(row) % thin == 0 ? of("random start", "sharp") : NaN
rate(factor) = -log(factor) / column("step_size")
style(i) = (i - 1) % 8 + 1

rows = (count + 6) / 3  # of the legend, in three columns below the panels
set multiplot layout 1,2 margins 0.07,0.985,0.14 + 0.043 * rows,0.93 spacing 0.09
set logscale x
set xlabel 'step size γ'
set xrange [*:*]
set title 'Contraction in one step'
set ylabel 'factor' offset 1
set yrange [0:1.05]
set key at screen 0.07,0.02 + 0.043 * rows left top vertical maxrows rows width 2 Left reverse
plot 'data.csv' using (start(column(0))):(column("measured")) \
    with points linecolor '#a0a0a0' pointtype 7 pointsize 0.35 \
    title '{/:Italic W}_2 ratio, random start', \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(column("predicted")) \
    with lines linestyle style(i) notitle, \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(column("measured")) \
    with points linestyle style(i) title title_of(take(modes, i)), \
  '' using (of("translate", "paper")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 3 \
    title "paper's factor (1 + γλ/2)^{−1/2}", \
  '' using (of("translate", "continuous")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 2 title 'e^{−γλ}, not a bound', \
  NaN with lines linecolor '#909090' linewidth 1.8 title '1/(1 + γ{/:Italic a})'

unset key
set title 'The same as a rate'
set ylabel '−log(factor) / γ' offset 1
set yrange [0:*]
plot 'data.csv' using (start(column(0))):(rate(column("measured"))) \
    with points linecolor '#a0a0a0' pointtype 7 pointsize 0.35, \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(rate(column("predicted"))) \
    with lines linestyle style(i), \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(rate(column("measured"))) \
    with points linestyle style(i), \
  '' using (of("translate", "paper")):(rate(column("predicted"))) \
    with lines linecolor 'black' linewidth 1.4 dashtype 3, \
  '' using (of("translate", "continuous")):(rate(column("predicted"))) \
    with lines linecolor 'black' linewidth 1.4 dashtype 2
unset multiplot
)";

}  // namespace

Experiment gaussian_rates() {
  return {
      .name = "gaussian_rates",
      .question =
          "At which rate does each mode of a Gaussian contract in one JKO step, and "
          "which rate is proved?",
      .claims = {"JKO-10", "JKO-11", "JKO-19"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--curvatures", "eigenvalues of ∇²V", &settings->curvatures},
                            {"--smallest-step", "smallest γ", &settings->smallest_step},
                            {"--largest-step", "largest γ", &settings->largest_step},
                            {"--step-sizes", "number of γ", &settings->step_sizes},
                            {"--random-starts", "random data for each γ",
                             &settings->random_starts}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-7};
}

}  // namespace flowcheck
