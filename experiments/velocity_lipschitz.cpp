// How steep is the velocity of an interpolation flow, when, and what do its classes allow?
//
// Claims:  GIF-12, GIF-13, GIF-14, GIF-15, GIF-16, GIF-18
// Run:     velocity_lipschitz --times 24
// Writes:  results/velocity_lipschitz/; some seconds
//
// Extreme eigenvalues of ∇v(t, ·) against t for five laws on all schedules, with the sharp envelope
// of their classes and the classical one. They are seen on a line through the middle, from
// 0 to far out, where the extremes are for these laws: what is seen bounds them from one side, its
// grade and verdict are of the places looked at.
//
//   gaussian  N(0, diag(¼, 4)): ∇v is one matrix
//   centres   ½N(−1, .36) + ½N(1, .36): the largest in the middle, the least far out
//   cusp      e^{|x|}γ: the largest at 0
//   ball      uniform on the disc: the largest in the middle, the least far out
//   points    ½δ₋₁ + ½δ₁
//
// Towards data, τ = 1 − t → 0: how the largest eigenvalue grows, and the least of the points, with
// observed exponents (quantities "exponent", "exponent_of_least") against those of the theory. Of
// the ball there is none: seen through C, ∇v is a difference that keeps no digits there, and what
// is left of its largest eigenvalue is ḃ.

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
  const std::vector<double> line = {0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 1e3, 1e5};
  const Matrix turned = Vector{{0.25, 4.0}}.asDiagonal();
  const Vector even{{0.5, 0.5}};
  const Matrix ends{{-1.0, 1.0}};
  return {{"gaussian", data_law(Gaussian(Vector::Zero(2), turned)), {0.0}},
          {"centres", data_law(GaussianMixture::isotropic(even, ends, 0.36)), line},
          {"cusp", cusp_data(1.0), line},
          {"ball", data_law(UniformBall(Vector::Zero(2), 1.0)), {0.0, 2.0, 100.0, 1e4}},
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
  record.add(where, "largest_seen",
             {.lhs = seen.largest, .rhs = rate(s, sharp.largest_covariance(s.r())), .scale = scale},
             eigenvalue_tolerance);
  record.add(
      where, "minus_least_seen",
      {.lhs = -seen.least, .rhs = -rate(s, sharp.smallest_covariance(s.r())), .scale = scale},
      eigenvalue_tolerance);
  record.add(where, "classical_largest", rate(s, classical.largest_covariance(s.r())));
  record.add(where, "classical_minus_least", -rate(s, classical.smallest_covariance(s.r())));
}

// How a schedule ends: a ~ τ^p and ḃ ~ τ^q, up to constants, as τ → 0.
struct Ending {
  const char* schedule;
  double p;
  double q;
};

constexpr Ending endings[] = {{"linear", 1.0, 0.0},        {"foellmer", 0.5, 0.0},
                              {"trigonometric", 1.0, 1.0}, {"vp", 1.0, 1.0},
                              {"ve", 1.0, infinity},       {"polynomial", 2.0, 1.0}};

// An extreme eigenvalue of one law that goes like τ^exponent.
struct Growth {
  const char* law;
  Estimate Extremes::*extreme;
  double exponent;
};

// With b → 1, Δ = aḃ − ȧb ~ −ȧ ~ τ^{p−1}, and S = a² + b² or a² + σ²b²:
//
//   points   bΔ/a³ in the middle, where C = D²; far out C = 0 and ȧ/a ~ −1/τ is left;
//   cusp     Ṡ/2S + (bΔ/S^{3/2}) L√(2/π), that is ḃ and Δ;
//   centres  ḃ/b + (aΔ/b)(log p_t)″, that is ḃ and aΔ.
std::vector<Growth> growths(const Ending& end) {
  return {{"points", &Extremes::largest, -2.0 * end.p - 1.0},
          {"cusp", &Extremes::largest, std::min(end.q, end.p - 1.0)},
          {"centres", &Extremes::largest, std::min(end.q, 2.0 * end.p - 1.0)},
          {"points", &Extremes::least, -1.0}};
}

void record_growth(RunRecord& record,
                   const Case& c,
                   const Schedule& schedule,
                   const Growth& growth) {
  const std::string of = growth.extreme == &Extremes::least ? "_of_least" : "";
  std::vector<double> steps;
  std::vector<double> sizes;
  for (int k = 4; k < 9; ++k) {  // eightfold: slopes whose error is of order √τ more than halve it
    steps.push_back(std::ldexp(1.0, -3 * k));
    const Estimate size =
        abs(extremes(c, schedule, FlowTime::from_end(steps.back())).*growth.extreme);
    sizes.push_back(size.value);
    record.add({c.name, schedule.name(), steps.back()}, "towards_data" + of, size);
  }
  const double whole_interval = 0.02;  // widest that an exponent's interval may be
  record.add({c.name, schedule.name(), 0.0}, "exponent" + of,
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
      for (int i = 0; i < settings.times; ++i) {
        record_time(record, c, schedule, 0.99 * i / (settings.times - 1));
      }
    }
  }
  for (const Ending& end : endings) {
    for (const Growth& growth : growths(end)) {
      const auto c = std::ranges::find(all, growth.law, &Case::name);
      record_growth(record, *c, schedule_named(end.schedule), growth);
    }
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1100,1300 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
array triple[2] = ["linear foellmer trigonometric", "vp ve polynomial"]
schedules = triple[1].' '.triple[2]
names = "linear Föllmer trigonometric VP VE polynomial"
laws = "gaussian centres cusp ball points"
quantities = "largest_seen minus_least_seen classical_largest classical_minus_least"
array title_of[5] = ['N(0, diag(¼, 4))', '½N(−1, .36) + ½N(1, .36)', 'e^{|x|}γ', 'uniform on the disc', '½δ_{−1} + ½δ_1']
array bottom[5] = [-4, -4, -3, -8, -10]
array top[5] = [4, 6, 9, 4, 30]
position(list, name) = sum [k = 1:words(list)] (word(list, k) eq name ? k : 0)
of(list, name) = position(list, stringcolumn(name))
# Of one law: numbers of schedule and quantity, then t, measured, predicted.
at(i, quantity) = $1 == i && $2 == position(quantities, quantity) ? $3 : NaN
last = 2  # markers stand apart
thin(t) = t < last || t > last + 0.045 ? (last = t) : NaN
set multiplot layout 6,2 margins 0.06,0.98,0.045,0.975 spacing 0.06,0.046
set key top right font ',9' samplen 1.5 spacing 1.1 maxrows 1
set tics font ',10'
do for [l = 1:5] {
  set datafile columnheaders
  set datafile separator comma
  set xrange [*:*]
  set yrange [*:*]
  set table $law
  plot 'data.csv' using (of(schedules, "schedule")):(of(quantities, "quantity")):(column("t")):(column("measured")):(is_empty("predicted") ? 0 : column("predicted")) \
    with table if (is("law", word(laws, l)) && of(quantities, "quantity") > 0)
  unset table
  unset datafile columnheaders
  set datafile separator whitespace
  do for [g = 0:1] {
    first = 3*g + 1
    set xrange [*:*]
    set yrange [*:*]
    stats $law using ($1 < first || $1 >= first + 3 ? NaN : $2 == 1 ? $4 : $2 == 2 ? -$4 : NaN) name "seen" nooutput
    set xrange [0:1]
    set yrange [bottom[l]:top[l]]
    set title title_of[l].(seen_max > top[l] || seen_min < bottom[l] ? sprintf(': cut, seen from %.0f to %.2g', seen_min, seen_max) : '') offset 0,-0.7
    set ylabel (g == 0 ? 'eigenvalues of ∇v' : '') offset 1,0 font ',10'
    set xlabel (l == 5 ? '{/:Italic t}' : '') offset 0,1.2
    plot for [i = first:first+2] $law using (at(i, "largest_seen")):5 with lines linestyle i title (l == 1 ? word(names, i) : ''), \
      for [i = first:first+2] '' using (thin(at(i, "largest_seen"))):4 with points linestyle i notitle, \
      for [i = first:first+2] '' using (at(i, "classical_largest")):4 with lines linestyle i dashtype 2 notitle, \
      for [i = first:first+2] '' using (at(i, "minus_least_seen")):(-$5) with lines linestyle i notitle, \
      for [i = first:first+2] '' using (thin(at(i, "minus_least_seen"))):(-$4) with points linestyle i notitle, \
      for [i = first:first+2] '' using (at(i, "classical_minus_least")):(-$4) with lines linestyle i dashtype 2 notitle, \
      NaN with points linecolor '#606060' pointtype 7 title (l == 3 ? 'seen' : ''), \
      NaN with lines linecolor '#606060' title (l == 3 ? 'sharp envelope' : ''), \
      NaN with lines linecolor '#606060' dashtype 2 title (l == 3 ? 'classical envelope' : '')
  }
}
set datafile columnheaders
set datafile separator comma

array curves[4] = ["points", "cusp", "centres", "points"]
array curve_names[4] = ["two points", "cusp", "two centres", "two points, least"]
array part[4] = ["", "", "", "_of_least"]
here(c, i, quantity) = is("law", curves[c]) && is("schedule", word(schedules, i)) && is("quantity", quantity.part[c])
array fitted[8]
set xrange [*:*]
set yrange [*:*]
do for [c = 1:4] {
  do for [g = 0:1] {
    fitted[4*g + c] = curve_names[c].': '
    do for [i = 1:3] {
      stats 'data.csv' using (here(c, 3*g + i, "exponent") ? column("measured") : NaN) name "found" nooutput
      fitted[4*g + c] = fitted[4*g + c].sprintf(i == 1 ? "%.1f" : ", %.1f", abs(found_mean) < 0.05 ? 0.0 : found_mean)
    }
  }
}
set logscale xy
set format x '10^{%L}'
set format y '10^{%L}'
set xrange [3e-8:1e-3]
set yrange [1e-8:1e46]
set mytics 1  # minor ones would be millions
set xlabel '1 − {/:Italic t}' offset 0,0.5
set key top right maxrows 2
do for [g = 0:1] {
  set title 'Towards data, exponents of 1 − {/:Italic t}: '.word(names, 3*g + 1).', '.word(names, 3*g + 2).', '.word(names, 3*g + 3)
  set ylabel (g == 0 ? 'absolute eigenvalue' : '')
  first = 3*g + 1
  plot for [c = 1:4] for [i = first:first+2] 'data.csv' using (here(c, i, "towards_data") ? column("t") : NaN):(column("measured")) \
      with linespoints linestyle i dashtype c notitle, \
    for [c = 1:4] NaN with lines linecolor '#606060' dashtype c title fitted[4*g + c]
}
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
