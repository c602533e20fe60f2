// Do JKO steps follow the self-similar solution of the porous medium equation, and how closely?
//
// Run:     barenblatt --exponent 4 --times 10,50,100,200
// Writes:  results/barenblatt/; at --scale quick some seconds of measuring
//
// The setting is that of Peyré's entropic scheme (2015): ∂ₜu = b(u^m)ₓₓ with b = (m − 1)²/(4m) and
//
//   u(t, x) = s^{−a}(C² − k s^{−2a}x²)₊^{1/(m−1)},   s = t + t₀,  a = 1/(m + 1),
//   k = (m − 1)/(2m(m + 1)b),    C = 1/20,  t₀ = 1.
//
// (The paper's k lacks b.) u has mass M ≠ 1; u/M is the flow of θ∫ρ^m/(m − 1) with θ = bM^{m−1}.
// It only widens, its half width being R(s) = κs^a, κ = C/√k, and so does a JKO step from it, by
// implicit Euler for Ṙ = aκ^{m+1}R^{−m}: what the error of the scheme is predicted from. There is
// no entropic blur; the error is that of the time step, of first order in γ.

#include "experiments.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "proximal/line_jko_step.hpp"

#include <boost/math/special_functions/beta.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <string>

namespace flowcheck {
namespace {

struct Settings {
  double exponent = 4.0;  // m
  std::vector<double> times = {10.0, 50.0, 100.0, 200.0};
  double largest_step = 10.0;  // γ, halved from there
  int step_sizes = 6;
  int points = 201;  // of the coarsest of three grids
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::quick) return settings;
  settings.times.push_back(1000.0);
  settings.points = 401;
  if (scale == Scale::paper) settings.step_sizes = 8;
  return settings;
}

constexpr double first_time = 1.0;     // t₀
constexpr double height = 1.0 / 20.0;  // C
constexpr double tolerance =
    0.01;  // to which distances have to be known: k without b is off by 4/3
constexpr double order_tolerance = 0.2;  // an order approaches 1 from below

void check_settings(const Settings& settings) {
  require(settings.exponent > 1.0 && settings.exponent <= 20.0,
          "--exponent: expected a number above 1, at most 20");
  require(settings.largest_step > 0.0 && std::isfinite(settings.largest_step),
          "--largest-step: expected a number above 0");
  require(settings.step_sizes >= 4 && settings.step_sizes <= 12, "--step-sizes: expected 4 to 12");
  require(settings.points >= 51 && settings.points <= 5001, "--points: expected 51 to 5001");
  const auto& times = settings.times;
  require(!times.empty() && times.front() > 0.0 && times.back() <= 1e5 &&
              std::is_sorted(times.begin(), times.end(), std::less_equal<>()),
          "--times: expected ascending numbers above 0");
  require(std::all_of(times.begin(), times.end(),
                      [&](double t) {
                        const double steps = t / settings.largest_step;
                        return std::abs(steps - std::round(steps)) <= 1e-9 * steps &&
                               std::round(steps) >= 1.0;
                      }),
          "--times: expected multiples of the largest step");
  require(std::ldexp(times.back() / settings.largest_step, settings.step_sizes) <= 1e7,
          "--largest-step: expected no more than 1e7 steps to the last time");
}

class Profile {
 public:
  explicit Profile(double m) : m_(m), alpha_(m / (m - 1.0)), growth_(1.0 / (m + 1.0)) {
    const double b = (m - 1.0) * (m - 1.0) / (4.0 * m);
    const double k = (m - 1.0) / (2.0 * m * (m + 1.0) * b);
    kappa_ = height / std::sqrt(k);
    // ∫(1 − y²)^{α−1} dy over [−1, 1].
    const double shape = std::pow(2.0, 2.0 * alpha_ - 1.0) * boost::math::beta(alpha_, alpha_);
    const double mass = std::pow(height, 2.0 * (alpha_ - 1.0)) * kappa_ * shape;
    shape_ = shape;
    diffusion_ = b * std::pow(mass, m - 1.0);
  }

  double diffusion() const { return diffusion_; }  // θ
  double half_width(double time) const {           // R
    return kappa_ * std::pow(time + first_time, growth_);
  }
  // W₂ between profiles of half widths that differ by this: the deviation of Beta(α, α) on [−1, 1].
  double distance(double difference) const {
    return std::abs(difference) / std::sqrt(2.0 * alpha_ + 1.0);
  }
  // R' = R + γaκ^{m+1}R'^{−m}, by Newton's method from above, where the residual is convex.
  double stepped(double R, double gamma) const {
    const double c = gamma * growth_ * std::pow(kappa_, m_ + 1.0);
    double next = R + c * std::pow(R, -m_);
    for (int i = 0; i < 100; ++i) {
      const double power = c * std::pow(next, -m_);
      const double change = (next - R - power) / (1.0 + m_ * power / next);
      next -= change;
      if (std::abs(change) <= 4.0 * unit_round_off * next) break;
    }
    return next;
  }
  double density(double x, double R) const {
    const double y = x / R;
    return std::abs(y) < 1.0 ? std::pow((1.0 - y) * (1.0 + y), alpha_ - 1.0) / (shape_ * R) : 0.0;
  }
  // Distances from the left end, as shares of the width, keep the increments of the edge.
  LineMap map(const LineGrid& grid, double time) const {
    const double R = half_width(time);
    const Vector& z = grid.nodes();
    const Index last = z.size() - 1;
    Vector from_end(last / 2 + 1);
    for (Index i = 0; i <= last / 2; ++i) {
      from_end[i] = boost::math::ibeta_inv(alpha_, alpha_, normal_cdf(z[i]));
    }
    Vector values(last + 1);
    Vector increments(last);
    for (Index i = 0; i <= last / 2; ++i) {
      values[i] = R * (2.0 * from_end[i] - 1.0);
      values[last - i] = -values[i];
    }
    for (Index i = 0; i < last / 2; ++i) {
      increments[i] = 2.0 * R * (from_end[i + 1] - from_end[i]);
      increments[last - 1 - i] = increments[i];
    }
    return LineMap(grid, std::move(values), std::move(increments));
  }

 private:
  double m_;
  double alpha_;   // 1 + 1/(m − 1): u(R(2x − 1)) is the density of Beta(α, α)
  double growth_;  // a
  double kappa_ = 0.0;
  double shape_ = 0.0;
  double diffusion_ = 0.0;
};

// The iterates of one γ on one grid, at the times asked for.
struct Run {
  std::vector<LineMap> laws = {};
  std::vector<Estimate> distances = {};  // to the exact profile
};

Run followed(const Profile& profile,
             const Settings& settings,
             double gamma,
             Index points,
             const std::atomic<bool>* stop) {
  const LineGrid grid(points);
  LineFunctional G = porous_medium(settings.exponent);
  G.diffusion = profile.diffusion();
  Run run;
  LineMap law = profile.map(grid, 0.0);
  long long done = 0;
  for (const double time : settings.times) {
    for (const long long steps = std::llround(time / gamma); done < steps; ++done) {
      if (stop != nullptr && *stop) return run;
      LineJkoResult step = line_jko_step(law, G, gamma);
      require(step.termination == Termination::converged, "barenblatt: a step did not converge");
      law = std::move(step.step);
    }
    run.distances.push_back(w2(law, profile.map(grid, time)));
    run.laws.push_back(law);
  }
  return run;
}

// The half width that the steps make of the profile's, and what rounding may do to it.
double stepped_half_width(const Profile& profile, double time, double gamma) {
  double R = profile.half_width(0.0);
  for (long long n = std::llround(time / gamma); n > 0; --n) R = profile.stepped(R, gamma);
  return R;
}

// Of the iterates as they are, and of the exact solution on its own support.
void add_profiles(RunRecord& record,
                  const Profile& profile,
                  const Settings& settings,
                  double gamma,
                  const Run& run) {
  constexpr int curve = 200;
  for (std::size_t k = 0; k < run.laws.size(); ++k) {
    const LineMap& law = run.laws[k];
    const Index pieces = law.increments().size();
    for (Index i = 0; i < pieces; i += std::max<Index>(1, pieces / 40)) {
      const double x = law.values()[i] + 0.5 * law.increments()[i];
      const double density = law.grid().edge_masses()[i] / law.increments()[i];
      if (std::abs(law.grid().nodes()[i]) > 4.0) continue;
      record.add({settings.times[k], gamma, x}, "density",
                 Estimate::closed_form(density, round_off(density, 1)));
    }
    const double R = profile.half_width(settings.times[k]);
    for (int i = 0; i <= curve; ++i) {
      const double x = -R * std::cos(std::numbers::pi * i / curve);
      const double density = profile.density(x, R);
      record.add({settings.times[k], 0.0, x}, "density",
                 Estimate::closed_form(density, round_off(density, 4)));
    }
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const Profile profile(settings.exponent);
  std::vector<double> gammas;
  gammas.reserve(static_cast<std::size_t>(settings.step_sizes));
  for (int k = 0; k < settings.step_sizes; ++k) {
    gammas.push_back(settings.largest_step * std::pow(0.5, k));
  }
  constexpr std::size_t levels = 3;
  std::vector<std::array<Run, levels>> runs(gammas.size());
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, levels * gammas.size(), [&](std::size_t i) {
    const std::size_t level = i % levels;
    const Index points = (static_cast<Index>(settings.points) - 1) * (Index{1} << level) + 1;
    runs[i / levels][level] = followed(profile, settings, gammas[i / levels], points, context.stop);
    context.progress(static_cast<double>(++done) / static_cast<double>(levels * gammas.size()));
  });

  RunRecord record({"time", "step_size", "x"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  const std::string none;
  for (std::size_t k = 0; k < settings.times.size(); ++k) {
    const double time = settings.times[k];
    std::vector<double> errors;
    for (std::size_t g = 0; g < gammas.size(); ++g) {
      const auto& run = runs[g];
      const Estimate error =
          richardson(run[0].distances[k], run[1].distances[k], run[2].distances[k]);
      const double R = profile.half_width(time);
      const double predicted = profile.distance(stepped_half_width(profile, time, gammas[g]) - R);
      const double rounding = round_off(R, 1) * std::sqrt(time / gammas[g]);
      record.add({time, gammas[g], none}, "w2_error",
                 {.lhs = error,
                  .rhs = Estimate::closed_form(predicted, rounding),
                  .relation = Relation::identity},
                 tolerance);
      errors.push_back(error.value);
    }
    record.add({time, gammas.back(), none}, "order", order(observed_order(gammas, errors), 1.0),
               order_tolerance);
  }
  add_profiles(record, profile, settings, gammas[1], runs[1][1]);
  return record;
}

constexpr const char* figure = R"(
# The times that were measured, as they stand in the file.
times = " "
collect(word) = (strstrt(times, " ".word." ") == 0 ? times = times.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "w2_error") ? collect(stringcolumn("time")) : 0) nooutput
count = words(times)
at(time, quantity) = is("quantity", quantity) && is("time", time)
legend(i) = sprintf('{/:Italic t} = %g', word(times, i) + 0)
step = 0
stats 'data.csv' using (is("quantity", "density") && column("step_size") > 0 \
  ? step = column("step_size") : 0) nooutput
exact(time) = at(time, "density") && column("step_size") == 0 ? column("x") : NaN
stepped(time) = at(time, "density") && column("step_size") > 0 ? column("x") : NaN

set multiplot layout 1,2 margins 0.075,0.985,0.13,0.93 spacing 0.1
set title sprintf('Density after steps of γ = %g', step)
set xlabel '{/:Italic x}'
set ylabel 'density of unit mass' offset 1
set yrange [0:*]
set key at graph 0.02,0.97 left top Left reverse
plot for [i = 1:count] 'data.csv' using (exact(word(times, i))):(column("measured")) \
    with lines linestyle i title legend(i), \
  for [i = 1:count] '' using (stepped(word(times, i))):(column("measured")) \
    with points linestyle i pointsize 0.5 notitle, \
  NaN with points linecolor '#909090' pointtype 7 pointsize 0.5 title 'JKO steps', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'exact'

set title 'Distance from the exact solution'
set logscale xy
set format y '10^{%T}'
set xlabel 'step size γ'
set ylabel '{/:Italic W}_2' offset 1.5
set yrange [*:*]
set key at graph 0.02,0.98 left top Left reverse
error_at(time) = at(time, "w2_error") ? column("step_size") : NaN
plot for [i = 1:count] 'data.csv' using (error_at(word(times, i))):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' \
    using (error_at(word(times, i))):(column("measured")):(column("lower")):(column("upper")) \
    with yerrorbars linestyle i title legend(i), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'implicit Euler for the half width'
unset multiplot
)";

}  // namespace

Experiment barenblatt() {
  return {
      .name = "barenblatt",
      .question =
          "Do JKO steps follow the self-similar solution of the porous medium equation, and how "
          "closely?",
      .claims = {"JKO-18"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--exponent", "m", &settings->exponent},
                            {"--times", "t, multiples of the largest step", &settings->times},
                            {"--largest-step", "largest γ, halved from there",
                             &settings->largest_step},
                            {"--step-sizes", "number of γ", &settings->step_sizes},
                            {"--points", "points of the coarsest of three grids",
                             &settings->points}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6,
      .absolute_tolerance = 1e-10};
}

}  // namespace flowcheck
