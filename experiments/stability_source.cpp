// What does a flow generate that is started from N(0, a₀²I) in place of Law(a₀Z + b₀X₁)?
//
// Claims:  GIF-33, W₂ ≤ Lip(X_{0,1}) W₂(sources) ≤ Lip(X_{0,1}) b₀ √E|X₁|²
// Run:     stability_source --noises 0.99,0.9,0.5
// Writes:  results/stability_source/; well under a second at every scale
//
// On the variance preserving schedules, b₀² = 1 − a₀²; all exact on the line.

#include "experiments.hpp"
#include "flows/perturbed_source.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  std::vector<double> noises = {0.9999, 0.999, 0.99, 0.97, 0.9, 0.8, 0.6, 0.4, 0.2, 0.1};  // a₀
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::quick) return settings;
  const int count = scale == Scale::standard ? 40 : 200;
  settings.noises.clear();
  for (int i = 0; i < count; ++i) {
    const double b = std::pow(10.0, -2.0 + 1.998 * i / (count - 1));  // b₀ from 0.01 to 0.995
    settings.noises.push_back(std::sqrt((1.0 - b) * (1.0 + b)));
  }
  return settings;
}

constexpr double tolerance = 1e-8;  // of equal sides: round-off and quadrature

void check_settings(const Settings& settings) {
  require(
      !settings.noises.empty() && std::all_of(settings.noises.begin(), settings.noises.end(),
                                              [](double a) { return a >= 0.01 && a <= 0.999999; }),
      "--noises: expected numbers from 0.01 to 0.999999");
  require(std::set<double>(settings.noises.begin(), settings.noises.end()).size() ==
              settings.noises.size(),
          "--noises: expected each number once");
}

struct Target {
  std::string name;
  GaussianMixture law;
};

std::vector<Target> targets() {
  const auto mixture = [](double left, double R, double sigma) {
    return GaussianMixture::isotropic(Vector{{left, 1.0 - left}}, Matrix{{-R, R}}, sigma * sigma);
  };
  return {{"two centres", mixture(0.5, 1.0, 0.6)}, {"weights 0.1 and 0.9", mixture(0.1, 1.0, 0.6)}};
}

void add_rows(RunRecord& record,
              const std::string& target,
              const PerturbedSource& from,
              const SourceError& error) {
  const auto add = [&](const char* against, const Estimate& bound) {
    record.add({target, from.b, std::string(against)}, "w2",
               {.lhs = error.generated, .rhs = bound, .scale = 1.0}, tolerance);
  };
  add("source", error.lipschitz * error.source);
  add("moment", error.lipschitz * from.b * error.moment);
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Target> mixtures = targets();
  RunRecord record({"target", "data_scale", "against"}, context.seed);
  std::size_t done = 0;
  for (const double a : settings.noises) {
    if (context.stop != nullptr && *context.stop) return record;
    const PerturbedSource from{.a = a, .b = std::sqrt((1.0 - a) * (1.0 + a))};
    const Gaussian half(Vector::Zero(1), Matrix::Constant(1, 1, 0.25));
    add_rows(record, "gaussian", from, source_error(half, from));
    for (const Target& target : mixtures) {
      add_rows(record, target.name, from, source_error(target.law, from));
    }
    context.progress(static_cast<double>(++done) / static_cast<double>(settings.noises.size()));
  }
  return record;
}

constexpr const char* figure = R"(
targets = "gaussian;two centres;weights 0.1 and 0.9;"
titles = "N(0, ¼);centres ±1, σ = 0.6;the same, weights 0.1 and 0.9;"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
of(i, against) = is("target", take(targets, i)) && is("against", against) ? column("data_scale") : NaN
set multiplot layout 1,2 margins 0.085,0.985,0.13,0.92 spacing 0.1
set logscale xy
set xlabel '{/:Italic b}_0, what the source still has of the data'
set xrange [0.008:1.2]
set format y '10^{%T}'
set title 'What is generated from N(0, {/:Italic a}@_0^2)'
set ylabel '{/:Italic W}_2 to the target' offset 1
set key at graph 0.98,0.03 right bottom Left reverse
set yrange [1e-6:10]
plot for [i = 1:3] 'data.csv' using (of(i, "source")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (of(i, "moment")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:3] '' using (of(i, "source")):(column("measured")) with points linestyle i title take(titles, i), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Lip {/:Italic W}_2 of the sources', \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 title 'Lip {/:Italic b}_0 √E|{/:Italic X}_1|^2'

set title 'Tightness, measured over bound'
set ylabel 'ratio' offset 1
unset logscale y
set format y '%g'
set yrange [0:1.1]
plot for [i = 1:3] 'data.csv' using (of(i, "source")):(column("measured")/column("predicted")) \
    with linespoints linestyle i pointsize 0.4 notitle, \
  for [i = 1:3] '' using (of(i, "moment")):(column("measured")/column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  1 with lines linecolor '#909090' linewidth 1 notitle
unset multiplot
)";

}  // namespace

Experiment stability_source() {
  return {
      .name = "stability_source",
      .question = "What does a flow generate that is started from noise alone?",
      .claims = {"GIF-33"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--noises", "a₀ of the schedules", &settings->noises}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure};
}

}  // namespace flowcheck
