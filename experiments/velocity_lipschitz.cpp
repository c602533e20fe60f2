// How steep is the velocity of an interpolation flow, when, and what do its classes allow?
//
// Claims:  GIF-12, GIF-13, GIF-14, GIF-15, GIF-16, GIF-18
// Run:     velocity_lipschitz --times 24
// Writes:  results/velocity_lipschitz/; a second of measuring
//
// Extreme eigenvalues of ∇v(t, ·) against t for five laws on all schedules, with the sharp envelope
// of their classes and the one printed elsewhere. They are seen on a line through the middle, from
// 0 to far out, where the extremes are for these laws: what is seen is a bound from one side.
//
//   gaussian  N(0, diag(¼, 4)): ∇v is one matrix
//   centres   ½N(−1, .36) + ½N(1, .36): the largest in the middle, the least far out
//   cusp      e^{|x|}γ: the largest at 0
//   ball      uniform on the disc; the linear schedule alone
//   points    ½δ₋₁ + ½δ₁
//
// Panel "towards data": the largest eigenvalue against τ = 1 − t, and its exponent (quantity
// "exponent") against that of the theory.

#include "experiments.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/velocity.hpp"
#include "measures/regularity.hpp"
#include "measures/uniform_body.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

struct Settings {
  int times = 24;  // of each schedule
};

Settings settings_for(Scale scale) {
  return {.times = scale == Scale::quick ? 24 : scale == Scale::standard ? 100 : 400};
}

void check_settings(const Settings& settings) {
  require(settings.times >= 2 && settings.times <= 10'000, "--times: expected 2 to 10000");
}

// Relative width below which an eigenvalue counts as equal to its envelope; cause: round-off.
constexpr double eigenvalue_tolerance = 1e-8;

struct Case {
  std::string name;
  DataLawPointer law;
  std::vector<double> places;  // |y| along the first axis
};

std::vector<Case> cases() {
  const std::vector<double> line = {0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 1e3};
  const Matrix turned = Vector{{0.25, 4.0}}.asDiagonal();
  const Vector even{{0.5, 0.5}};
  const Matrix ends{{-1.0, 1.0}};
  return {{"gaussian", data_law(Gaussian(Vector::Zero(2), turned)), {0.0}},
          {"centres", data_law(GaussianMixture::isotropic(even, ends, 0.36)), line},
          {"cusp", cusp_data(1.0), line},
          {"ball", data_law(UniformBall(Vector::Zero(2), 1.0)), {0.0, 2.0, 100.0}},
          {"points", data_law(PointCloud(ends, even)), line}};
}

struct Extremes {
  Estimate least = infinity;
  Estimate largest = -infinity;
};

Extremes extremes(const Case& c, const Schedule& schedule, const FlowTime& time) {
  const Index d = c.law->dimension();
  const double a = schedule.values(time).a;
  Extremes result;
  for (const double y : c.places) {
    const VelocityGradient gradient =
        velocity_jacobian(*c.law, schedule, time, a * y * Vector::Unit(d, 0));
    const double error = gradient.error + (d > 1 ? round_off(gradient.value.norm(), d) : 0.0);
    const SymmetricEigen eigen = symmetric_eigen(gradient.value);
    result.least = min(result.least, Estimate::closed_form(eigen.values(0), error));
    result.largest = max(result.largest, Estimate::closed_form(eigen.values(d - 1), error));
  }
  return result;
}

// ȧ/a + (bΔ/a³)c.
Estimate rate(const ScheduleValues& s, const Estimate& c) {
  const double outer = s.half_variance_rate / (s.a * s.a);
  const double gain = s.r() * s.r_dot();
  const double units = 32.0 * unit_round_off;
  return Estimate::closed_form(outer, units * std::abs(outer)) +
         Estimate::closed_form(gain, units * gain) * c;
}

void record_time(RunRecord& record, const Case& c, const Schedule& schedule, double t) {
  const FlowTime time = FlowTime::from_start(t);
  const ScheduleValues s = schedule.values(time);
  const Extremes seen = extremes(c, schedule, time);
  const CovarianceEnvelope sharp = covariance_envelope(c.law->regularity());
  const CovarianceEnvelope classical = classical_covariance_envelope(c.law->regularity());
  const std::vector<Parameter> where = {c.name, schedule.name(), t};
  // Rates are per unit of time, which is what 0 is compared with.
  const double scale = 1.0 + std::abs(s.a_dot) / s.a + std::abs(seen.largest.value);
  record.add(where, "largest",
             {.lhs = seen.largest, .rhs = rate(s, sharp.largest_covariance(s.r())), .scale = scale},
             eigenvalue_tolerance);
  record.add(
      where, "minus_least",
      {.lhs = -seen.least, .rhs = -rate(s, sharp.smallest_covariance(s.r())), .scale = scale},
      eigenvalue_tolerance);
  record.add(where, "classical_largest", rate(s, classical.largest_covariance(s.r())));
  record.add(where, "classical_minus_least", -rate(s, classical.smallest_covariance(s.r())));
}

// How the largest eigenvalue grows as τ → 0, in steps of 8.
struct Growth {
  const char* law;
  const char* schedule;
  double exponent;
};

constexpr Growth growths[] = {
    {"points", "linear", -3.0}, {"points", "foellmer", -2.0}, {"points", "trigonometric", -3.0},
    {"cusp", "linear", 0.0},    {"cusp", "foellmer", -0.5},   {"cusp", "trigonometric", 0.0},
    {"centres", "linear", 0.0}, {"centres", "foellmer", 0.0}, {"centres", "trigonometric", 1.0}};

void record_growth(RunRecord& record, const Case& c, const Growth& growth) {
  const Schedule schedule = schedule_named(growth.schedule);
  std::vector<double> steps;
  std::vector<double> sizes;
  for (int k = 4; k < 9; ++k) {
    steps.push_back(std::ldexp(1.0, -3 * k));
    const Estimate largest = extremes(c, schedule, FlowTime::from_end(steps.back())).largest;
    sizes.push_back(largest.value);
    record.add({c.name, schedule.name(), steps.back()}, "towards_data", largest);
  }
  const double whole_interval = 0.02;  // widest that an exponent's interval may be
  record.add({c.name, schedule.name(), 0.0}, "exponent",
             order(observed_order(steps, sizes), growth.exponent), whole_interval);
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"law", "schedule", "t"}, context.seed);
  const std::vector<Case> all = cases();
  double done = 0.0;
  for (const Case& c : all) {
    for (const Schedule& schedule : checked_schedules()) {
      if (context.stop != nullptr && *context.stop) return record;
      context.progress(done / static_cast<double>(all.size() * checked_schedules().size()));
      done += 1.0;
      const bool ball = c.name == "ball";
      if (ball && schedule.name() != "linear") continue;
      const int times = ball ? std::min(settings.times, 10) : settings.times;
      for (int i = 0; i < times; ++i) record_time(record, c, schedule, 0.99 * i / (times - 1));
    }
  }
  for (const Growth& growth : growths) {
    const auto c = std::ranges::find(all, growth.law, &Case::name);
    record_growth(record, *c, growth);
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1100,700 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(law, schedule, quantity) = is("law", law) && is("schedule", schedule) \
  && is("quantity", quantity) ? column("t") : NaN
last = 2  # markers stand apart
thin(t) = t < last || t > last + 0.045 ? (last = t) : NaN
names = "linear foellmer trigonometric"
titles = "linear Föllmer trigonometric"
exponent(law, schedule) = is("law", law) && is("schedule", schedule) && is("quantity", "exponent") ? column("measured") : NaN
laws = "points cusp centres"
array fitted[3]
do for [l = 1:3] {
  fitted[l] = ""
  do for [i = 1:3] {
    stats 'data.csv' using (exponent(word(laws, l), word(names, i))) name "found" nooutput
    fitted[l] = fitted[l].sprintf(i == 1 ? "%.1f" : ", %.1f", abs(found_mean) < 0.05 ? 0.0 : found_mean)
  }
}
set multiplot layout 2,3 margins 0.06,0.975,0.08,0.95 spacing 0.07,0.12
set ylabel 'extreme eigenvalues of ∇v' offset 1,0 font ',11'
set xlabel '{/:Italic t}' offset 0,0.5
set xrange [0:1]
set key top left Left reverse font ',9' samplen 1.5

set title 'N(0, diag(¼, 4))' offset 0,-0.6
set yrange [-3:3]
plot for [i = 1:3] 'data.csv' using (at("gaussian", word(names, i), "largest")):(column("predicted")) with lines linestyle i title word(titles, i), \
  for [i = 1:3] '' using (thin(at("gaussian", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("gaussian", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("gaussian", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle
set title '½N(−1, .36) + ½N(1, .36)'
set yrange [-4:8]
plot for [i = 1:3] 'data.csv' using (at("centres", word(names, i), "largest")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("centres", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("centres", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("centres", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle
set title 'e^{|x|}γ'
set yrange [-4:6]
plot for [i = 1:3] 'data.csv' using (at("cusp", word(names, i), "largest")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("cusp", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("cusp", word(names, i), "classical_largest")):(column("measured")) with lines linestyle i dashtype 2 notitle, \
  for [i = 1:3] '' using (at("cusp", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("cusp", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle, \
  NaN with lines linecolor '#909090' dashtype 2 title '(1 + ℓ)² for V_+(ℓ)'
set title 'Uniform on the disc, linear schedule'
set yrange [-8:8]
plot 'data.csv' using (at("ball", "linear", "largest")):(column("predicted")) with lines linestyle 1 title 'sharp', \
  '' using (at("ball", "linear", "largest")):(column("measured")) with points linestyle 1 title 'seen', \
  '' using (at("ball", "linear", "classical_largest")):(column("measured")) with lines linestyle 1 dashtype 2 title 'by diam/√2', \
  '' using (at("ball", "linear", "minus_least")):(-column("predicted")) with lines linestyle 1 notitle, \
  '' using (at("ball", "linear", "minus_least")):(-column("measured")) with points linestyle 1 notitle
set title '½δ_{−1} + ½δ_1'
set yrange [-10:30]
plot for [i = 1:3] 'data.csv' using (at("points", word(names, i), "largest")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("points", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("points", word(names, i), "classical_largest")):(column("measured")) with lines linestyle i dashtype 2 notitle, \
  for [i = 1:3] '' using (at("points", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("points", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle, \
  NaN with lines linecolor '#909090' dashtype 2 title 'by diam/√2'
set title 'Towards data, and fitted exponents of 1 − {/:Italic t}'
set xlabel '1 − {/:Italic t}'
set logscale xy
set format x '10^{%L}'
set format y '10^{%L}'
set xrange [*:*]
set yrange [1e-8:1e36]
set ylabel 'largest eigenvalue of ∇v'
set key top right
plot for [i = 1:3] 'data.csv' using (at("points", word(names, i), "towards_data")):(column("measured")) with linespoints linestyle i notitle, \
  for [i = 1:3] '' using (at("cusp", word(names, i), "towards_data")):(column("measured")) with linespoints linestyle i dashtype 2 notitle, \
  for [i = 1:3] '' using (at("centres", word(names, i), "towards_data")):(column("measured")) with linespoints linestyle i dashtype 3 notitle, \
  NaN with lines linecolor '#606060' title 'two points: '.fitted[1], \
  NaN with lines linecolor '#606060' dashtype 2 title 'cusp: '.fitted[2], \
  NaN with lines linecolor '#606060' dashtype 3 title 'two centres: '.fitted[3]
unset multiplot
)";

}  // namespace

Experiment velocity_lipschitz() {
  return {
      .name = "velocity_lipschitz",
      .question = "How steep is the velocity of an interpolation flow, and when?",
      .claims = {"GIF-12", "GIF-13", "GIF-14", "GIF-15", "GIF-16", "GIF-18"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--times", "times of each schedule", &settings->times}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6};
}

}  // namespace flowcheck
