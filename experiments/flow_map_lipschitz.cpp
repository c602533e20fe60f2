// How Lipschitz is the flow from noise to data, and back, against what its classes allow?
//
// Claims:  GIF-20, GIF-22, GIF-23, GIF-24, GIF-25, GIF-26
// Run:     flow_map_lipschitz --laws 13
// Writes:  results/flow_map_lipschitz/; a second of measuring
//
// On the line the flow is the increasing map T from N(0, 1), whatever the schedule, and its slope
// is known: the largest and the least one for |z| ≤ 30, against the sharp bounds and the classical
// ones of each class,
//
//   kappa   κ-semi-log-concave, log cosh potentials of least curvature κ > 0: the classical bound,
//           Caffarelli's 1/√κ, is the sharp one;
//   bent    e^{−κx²/2} on [−1, 1], κ of either sign, which attains the sharp bound;
//   D       the same on [−D, D], for κ = 0 and κ = −4;
//   R       centres ±R of width σ, which attain it too, for two σ, and three centres, which do not;
//           parameter R/σ, constants of T/σ. The classical way is Caffarelli's by κ = 1/σ² − R²/σ⁴,
//           infinite from R = σ on;
//   L       cusps e^{±L|x|}γ: up from above, down from below.
//
// Panel "schedule": the derivative at 0 of X_{0,t} for ½N(−1, .36) + ½N(1, .36), by each schedule's
// own velocity in t, over √(a² + b²): a function of r = b/a alone, the exponential of the envelope.

#include "flows/flow_map_lipschitz.hpp"

#include "experiments.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/velocity.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "measures/regularity.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

struct Settings {
  int laws = 7;    // of each class
  int times = 12;  // of each schedule
};

Settings settings_for(Scale scale) {
  if (scale == Scale::quick) return {};
  return {.laws = scale == Scale::standard ? 25 : 100, .times = 40};
}

void check_settings(const Settings& settings) {
  require(settings.laws >= 2 && settings.laws <= 1'000, "--laws: expected 2 to 1000");
  require(settings.times >= 2 && settings.times <= 1'000, "--times: expected 2 to 1000");
}

// Of slopes: rounding of two cdfs and a quantile.
constexpr double slope_tolerance = 1e-8;

// What is seen at its place, without what a theorem says beyond it.
Estimate seen(const MapExtreme& extreme, bool largest) {
  const Estimate& value = extreme.value;
  const double error = largest ? value.value - value.lower : value.upper - value.value;
  return Estimate::converged(value.value, 0.0, error);
}

Estimate whole_stretch(const CovarianceBound& bound) {
  return exp(bound.log_stretch(0.0, infinity));
}

// One law of a class, with the bounds that the class has; an empty function where it has none.
struct Case {
  std::string panel;
  std::string law;
  double parameter = 0.0;
  LineMeasure p;
  double unit = 1.0;  // of the law's lengths: what is recorded is the map to p/unit
  std::vector<CovarianceBound> above = {};       // sharp, and the classical one if there is one
  std::vector<CovarianceBound> from_below = {};  // likewise
};

double share(int i, int count) {
  return static_cast<double>(i) / static_cast<double>(count - 1);
}

// e^{−κx²/2} on [−D, D].
Case truncated(const char* panel, double kappa, double D, double parameter) {
  return {panel,     fmt::format("kappa {:g}", kappa),
          parameter, truncated_gaussian_law(kappa, D),
          1.0,       {bounded_semi_log_concave_bound(kappa, D), classical_bounded_bound(kappa, D)}};
}

// Centres at R times `places`, of width σ.
Case centres(const char* count,
             double ratio,
             double sigma,
             const std::vector<double>& weights,
             std::vector<double> places) {
  const double R = ratio * sigma;
  for (double& place : places) place *= R;
  // κσ² = 1 − (R/σ)², the difference taken where it is exact.
  const double kappa = (1.0 - ratio) * (1.0 + ratio) / (sigma * sigma);
  return {"R",
          fmt::format("{} centres of width {:g}", count, sigma),
          ratio,
          gaussian_mixture_law(weights, places, std::vector<double>(places.size(), sigma)),
          sigma,
          {mixture_bound(sigma, R), semi_log_concave_bound(kappa)},
          {mixture_lower_bound(sigma)}};
}

std::vector<Case> cases(const Settings& settings) {
  std::vector<Case> all;
  for (int i = 0; i < settings.laws; ++i) {
    const double s = share(i, settings.laws);
    const double kappa = 0.05 * std::pow(80.0, s);
    const LineMeasure bent = log_cosh_law(kappa, 1.0, 1.5);
    all.push_back({"kappa",
                   "log cosh",
                   kappa,
                   bent,
                   1.0,
                   {semi_log_concave_bound(kappa)},
                   {semi_log_convex_lower_bound(kappa + 2.25)}});
    const double signed_kappa = 4.0 - 14.0 * s;
    all.push_back(truncated("bent", signed_kappa, 1.0, signed_kappa));
    const double D = 0.25 * std::pow(8.0, s);
    for (const double fixed : {0.0, -4.0}) all.push_back(truncated("D", fixed, D, D));
    const double ratio = 0.25 * std::pow(12.0, s);
    for (const double sigma : {1.0, 0.25}) {
      all.push_back(centres("two", ratio, sigma, {0.5, 0.5}, {-1.0, 1.0}));
      all.push_back(centres("three", ratio, sigma, {0.3, 0.4, 0.3}, {-1.0, 0.0, 1.0}));
    }
    const double L = 0.1 * std::pow(30.0, s);
    const std::vector<CovarianceBound> up = {log_lipschitz_bound(L), quick_log_lipschitz_bound(L)};
    const std::vector<CovarianceBound> down = {log_lipschitz_lower_bound(L),
                                               quick_log_lipschitz_lower_bound(L)};
    all.push_back({"L", "cusp up", L, cusp_law(L), 1.0, up, down});
    all.push_back({"L", "cusp down", L, cusp_law(-L), 1.0, up, down});
  }
  return all;
}

void record_case(RunRecord& record, const Case& c) {
  const std::vector<Parameter> where = {c.panel, c.law, c.parameter};
  const FlowMapLipschitz map = noise_to_data_lipschitz(c.p);
  record.add(
      where, "forward_seen",
      {.lhs = seen(map.largest, true) / c.unit, .rhs = whole_stretch(c.above.front()) / c.unit},
      slope_tolerance);
  if (c.above.size() > 1) {
    record.add(where, "classical_forward", whole_stretch(c.above.back()) / c.unit);
  }
  if (c.from_below.empty()) return;
  record.add(
      where, "reverse_seen",
      {.lhs = c.unit / seen(map.least, false), .rhs = c.unit / whole_stretch(c.from_below.front())},
      slope_tolerance);
  if (c.from_below.size() > 1) {
    record.add(where, "classical_reverse", c.unit / whole_stretch(c.from_below.back()));
  }
}

// ∂X_{0,t}(0)/∂x by the velocity in t, at some times up to the end.
void record_schedule(RunRecord& record, const Schedule& schedule, int times) {
  constexpr double R = 1.0;
  constexpr double sigma = 0.6;
  const DataLawPointer law =
      data_law(GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-R, R}}, sigma * sigma));
  const TangentField field = [&](double t, const Vector& x) {
    const FlowTime time = FlowTime::from_start(t);
    return LocalFlow{velocity(*law, schedule, time, x).value,
                     velocity_jacobian(*law, schedule, time, x).value};
  };
  const CovarianceBound bound = mixture_bound(sigma, R);
  for (int i = 1; i <= times; ++i) {
    const double t = share(i, times + 1) * 0.98;
    const auto run = [&](double tolerance) {
      return integrate_tangent(field, Vector::Zero(1), 0.0, t,
                               {.method = FlowMethod::dormand_prince8, .tolerance = tolerance});
    };
    const TangentFlowResult fine = run(1e-12);
    const TangentFlowResult coarse = run(1e-10);
    require(fine.termination == Termination::converged, "flow_map_lipschitz: the flow stopped");
    const ScheduleValues s = schedule.at(t);
    const double length = std::hypot(s.a, s.b);
    const double slope = fine.jacobian(0, 0) / length;
    const double change = std::abs(fine.jacobian(0, 0) - coarse.jacobian(0, 0)) / length;
    record.add({"schedule", schedule.name(), s.r()}, "stretch",
               identity(Estimate::converged(slope, change, 1e-11 * slope),
                        exp(bound.log_stretch(0.0, s.r()))),
               slope_tolerance);
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"panel", "law", "parameter"}, context.seed);
  const std::vector<Case> all = cases(settings);
  double done = 0.0;
  for (const Case& c : all) {
    if (context.stop != nullptr && *context.stop) return record;
    record_case(record, c);
    context.progress(++done / static_cast<double>(all.size() + 1));
  }
  for (const Schedule& schedule : checked_schedules()) {
    if (context.stop != nullptr && *context.stop) return record;
    if (schedule.starts_from_noise()) record_schedule(record, schedule, settings.times);
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1100,1300 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(panel, law, quantity) = is("panel", panel) && is("law", law) && is("quantity", quantity) \
  ? column("parameter") : NaN
bent(quantity) = is("panel", "bent") && is("quantity", quantity) ? column("parameter") : NaN
stats 'data.csv' using (bent("forward_seen")) name "bent" nooutput
step = ceil(bent_records/25.0)  # markers of so many laws at most
count = 0
few(x) = x == x ? (count = count + 1, (count - 1) % step == 0 ? x : NaN) : NaN
set multiplot layout 4,2 margins 0.075,0.97,0.05,0.97 spacing 0.085,0.07
set ylabel 'Lipschitz constant' offset 1.5,0
set key top left Left reverse font ',10' samplen 1.5
set logscale y
set title 'κ-semi-log-concave' offset 0,-0.6
set logscale x
set xlabel 'κ' offset 0,0.5
set xrange [0.05:4]
set yrange [0.3:30]
plot 'data.csv' using (few(at("kappa", "log cosh", "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, seen', \
  '' using (at("kappa", "log cosh", "forward_seen")):(column("predicted")) with lines linestyle 1 title '1/√κ, sharp and classical', \
  '' using (few(at("kappa", "log cosh", "reverse_seen"))):(column("measured")) with points linestyle 2 title 'Lip of reverse, seen', \
  '' using (at("kappa", "log cosh", "reverse_seen")):(column("predicted")) with lines linestyle 2 title '√β'
unset logscale x
set xrange [*:*]
set yrange [*:*]
set title 'e^{−κx²/2} on [−1, 1]'
set key top right
plot 'data.csv' using (few(bent("forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, seen', \
  '' using (bent("forward_seen")):(column("predicted")) with lines linestyle 1 title '(2π)^{−½}∫e^{−κx²/2}dx', \
  '' using (bent("classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical: D² and 1/κ in turn'
set title 'e^{−κx²/2} on [−D, D]'
set xlabel 'D'
set xrange [0.25:2]
set key top left
flat = "kappa 0"
hollow = "kappa -4"
plot 'data.csv' using (few(at("D", flat, "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, κ = 0', \
  '' using (at("D", flat, "forward_seen")):(column("predicted")) with lines linestyle 1 title '2D/√2π', \
  '' using (at("D", flat, "classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical: De^{½}', \
  '' using (few(at("D", hollow, "forward_seen"))):(column("measured")) with points linestyle 2 title 'Lip X, κ = −4', \
  '' using (at("D", hollow, "forward_seen")):(column("predicted")) with lines linestyle 2 title '(2π)^{−½}∫e^{2x²}dx', \
  '' using (at("D", hollow, "classical_forward")):(column("measured")) with lines linestyle 2 dashtype 2 title 'classical: De^{½ + 2D²}'
set title 'Centres in [−R, R] of width σ'
set xlabel 'R/σ'
set ylabel 'Lip X/σ, σ Lip of reverse'
set xrange [0.25:3]
set yrange [0.8:5000]
two = "two centres of width 1"
narrow = "two centres of width 0.25"
plot 'data.csv' using (few(at("R", two, "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, two, σ = 1', \
  '' using (few(at("R", narrow, "forward_seen"))):(column("measured")) with points linestyle 3 pointtype 6 pointsize 1.2 title 'σ = ¼', \
  '' using (few(at("R", "three centres of width 1", "forward_seen"))):(column("measured")) with points linestyle 4 title 'three, σ = 1', \
  '' using (few(at("R", "three centres of width 0.25", "forward_seen"))):(column("measured")) with points linestyle 5 pointtype 8 pointsize 1.2 title 'σ = ¼', \
  '' using (at("R", two, "forward_seen")):(column("predicted")) with lines linestyle 1 title 'e^{R²/2σ²}', \
  '' using (at("R", two, "classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical: (1 − R²/σ²)^{−½}', \
  '' using (few(at("R", two, "reverse_seen"))):(column("measured")) with points linestyle 2 title 'reverse, two, σ = 1'
set ylabel 'Lipschitz constant'
set xrange [0.1:3]
set yrange [*:*]
set title 'L-log-Lipschitz: forward'
set xlabel 'L'
plot 'data.csv' using (few(at("L", "cusp up", "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, cusp up', \
  '' using (at("L", "cusp up", "forward_seen")):(column("predicted")) with lines linestyle 1 title 'erfcx(−L/√2)', \
  '' using (at("L", "cusp up", "classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical, by Talagrand: e^{L²/2 + 2L}'
set title 'L-log-Lipschitz: reverse'
plot 'data.csv' using (few(at("L", "cusp down", "reverse_seen"))):(column("measured")) with points linestyle 2 title 'Lip of reverse, cusp down', \
  '' using (at("L", "cusp down", "reverse_seen")):(column("predicted")) with lines linestyle 2 title '1/erfcx(L/√2)', \
  '' using (at("L", "cusp down", "classical_reverse")):(column("measured")) with lines linestyle 2 dashtype 2 title 'by Fisher information'
set title 'X_{0,t}′(0)/√(a² + b²), each schedule from noise'
set xlabel 'r = b/a'
set ylabel 'stretch at 0'
set logscale x
unset logscale y
set xrange [*:*]
set yrange [0.9:2.6]
set rmargin at screen 0.97  # the last row is one panel
set key top left
plot 'data.csv' using (at("schedule", "polynomial", "stretch")):(column("predicted")) with lines linestyle 1 title 'envelope', \
  '' using (at("schedule", "linear", "stretch")):(column("measured")) with points linestyle 1 title 'linear', \
  '' using (at("schedule", "foellmer", "stretch")):(column("measured")) with points linestyle 2 title 'Föllmer', \
  '' using (at("schedule", "trigonometric", "stretch")):(column("measured")) with points linestyle 3 title 'trigonometric', \
  '' using (at("schedule", "polynomial", "stretch")):(column("measured")) with points linestyle 4 title 'polynomial'
unset multiplot
)";

}  // namespace

Experiment flow_map_lipschitz_experiment() {
  return {
      .name = "flow_map_lipschitz",
      .question = "How Lipschitz is the flow from noise to data, and back?",
      .claims = {"GIF-20", "GIF-22", "GIF-23", "GIF-24", "GIF-25", "GIF-26"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--laws", "laws of each class", &settings->laws},
                            {"--times", "times of each schedule", &settings->times}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6};
}

}  // namespace flowcheck
