// What does a round trip through an interpolation flow say about the solver, and what does it not?
//
// Claims:  GIF-30, the residual is at most Lip(X_{1,0}) e_f + e_b; GIF-32, that of a cycle at most
//          the sum of each leg's error times the Lipschitz constants of the later legs
// Run:     round_trip --refinements 6
// Writes:  results/round_trip/ with rows per method and number of steps; some seconds
//
// Encoding undoes decoding exactly, so that the residual of X̂_{1,0}(X̂_{0,1}(x)) looks like a free
// measure of accuracy. It is none: equal steps of a method of even order p run backwards undo their
// own leading error, and the residual has order p + 1. Targets are ½N(−1, .36) + ½N(1, .36), whose
// flow is known exactly, and for the cycle N(0, 1/16); equal steps in the clocks r and ε.

#include "experiments.hpp"
#include "flows/reference_flow.hpp"
#include "measures/exact_map.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "solver_orders.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <string>

namespace flowcheck {
namespace {

struct Settings {
  int refinements = 6;  // of every method's number of steps
};

Settings settings_for(Scale scale) {
  return {.refinements = scale == Scale::quick ? 5 : scale == Scale::standard ? 6 : 8};
}

constexpr std::array<SolverMethod, 4> methods = {
    {{"euler", FlowMethod::euler, 64, 1.0},
     {"midpoint", FlowMethod::midpoint, 16, 3.0},
     {"kutta3", FlowMethod::kutta3, 16, 3.0},
     {"runge_kutta4", FlowMethod::runge_kutta4, 6, 5.0}}};

constexpr double sigma = 0.6;          // of the target
constexpr double narrow_sigma = 0.25;  // of the other target
constexpr std::array<double, 4> starts = {-2.0, -0.7, 0.4, 1.5};
const NoiseLevel noise{.noise = 1.0, .data_scale = 0.0};
const NoiseLevel data{.noise = 0.0, .data_scale = 1.0};

class RoundTrips {
 public:
  RoundTrips()
      : law_(gaussian_mixture_law({0.5, 0.5}, {-1.0, 1.0}, {sigma, sigma})),
        normal_(gaussian_mixture_law({1.0}, {0.0}, {1.0})),
        target_(clock_fields(
            GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, sigma * sigma))),
        narrow_(clock_fields(GaussianMixture::isotropic(
            Vector{{1.0}}, Matrix{{0.0}}, narrow_sigma * narrow_sigma))) {}

  // How far a path misses its start, and what the errors of its legs and the Lipschitz constants of
  // the later legs allow.
  struct Residual {
    double value = 0.0;
    double bound = 0.0;

    // By the share of its bound: a maximum of each would hide what is violated at one start.
    bool closer_than(const Residual& other) const {
      return value * other.bound > other.value * bound;
    }
  };

  struct RoundTrip {
    double error = 0.0;  // |X̂_{0,1}(x) − X_{0,1}(x)|
    Residual residual = {};
  };

  RoundTrip round_trip(FlowMethod method, int steps, double x) const {
    const double there = leg(target_, method, steps, noise, data, x);
    const double back = leg(target_, method, steps, data, noise, there);
    const double error = std::abs(there - map_from_normal(law_, x));
    return {.error = error,
            .residual = {.value = std::abs(back - x),
                         .bound = error / sigma + std::abs(back - exact_back(there))}};
  }

  // From the narrow Gaussian to the mixture and back, each leg by the solver.
  Residual cycle(FlowMethod method, int steps, double x) const {
    const double forward = sigma * std::exp(0.5 / (sigma * sigma));  // σe^{R²/2σ²}, R = 1
    const double z = leg(narrow_, method, steps, data, noise, x);
    const double y = leg(target_, method, steps, noise, data, z);
    const double back = leg(target_, method, steps, data, noise, y);
    const double end = leg(narrow_, method, steps, noise, data, back);
    double bound = std::abs(z - x / narrow_sigma);
    bound = forward * bound + std::abs(y - map_from_normal(law_, z));
    bound = bound / sigma + std::abs(back - exact_back(y));
    bound = narrow_sigma * bound + std::abs(end - narrow_sigma * back);
    return {.value = std::abs(end - x), .bound = bound};
  }

 private:
  static double leg(const ClockFields& fields,
                    FlowMethod method,
                    int steps,
                    const NoiseLevel& from,
                    const NoiseLevel& to,
                    double x) {
    return reference_flow(fields, from, to, Vector::Constant(1, x),
                          {.method = method, .steps = steps})
        .end(0);
  }
  double exact_back(double y) const {
    return normal_.quantile_of_both(law_.cdf(y), law_.survival(y));
  }

  LineMeasure law_;
  LineMeasure normal_;
  ClockFields target_;
  ClockFields narrow_;
};

void record_method(RunRecord& record,
                   const RoundTrips& trips,
                   const SolverMethod& method,
                   const Settings& settings) {
  std::vector<double> sizes;
  std::vector<double> errors;
  std::vector<double> residuals;
  std::vector<double> cycles;
  for (int k = 0; k < settings.refinements; ++k) {
    const int n = method.coarsest << k;
    double error = 0.0;
    RoundTrips::Residual residual{.bound = infinity};
    RoundTrips::Residual cycle{.bound = infinity};
    double largest_residual = 0.0;
    double largest_cycle = 0.0;
    for (const double x : starts) {
      const RoundTrips::RoundTrip trip = trips.round_trip(method.method, n, x);
      const RoundTrips::Residual around = trips.cycle(method.method, n, narrow_sigma * x);
      error = std::max(error, trip.error);
      largest_residual = std::max(largest_residual, trip.residual.value);
      largest_cycle = std::max(largest_cycle, around.value);
      if (trip.residual.closer_than(residual)) residual = trip.residual;
      if (around.closer_than(cycle)) cycle = around;
    }
    const double rounding = trajectory_round_off(n);
    const std::vector<Parameter> where = {std::string(method.name), std::int64_t{2 * n}};
    const auto add = [&](const char* name, const RoundTrips::Residual& closest, int legs) {
      record.add(where, name,
                 {.lhs = Estimate::closed_form(closest.value, rounding),
                  .rhs = Estimate::converged(closest.bound, 0.0, 2.0 * legs * rounding),
                  .scale = 1.0},
                 1e-9);
    };
    record.add(where, "error", Estimate::converged(error, 0.0, rounding));
    add("residual", residual, 2);
    add("cycle", cycle, 4);
    sizes.push_back(1.0 / n);
    errors.push_back(error);
    residuals.push_back(largest_residual);
    cycles.push_back(largest_cycle);
  }
  record_order(record, method, "order_of_error", sizes, errors, order(method.method));
  record_order(record, method, "order_of_residual", sizes, residuals, method.residual_order);
  record_order(record, method, "order_of_cycle", sizes, cycles, method.residual_order);
}

RunRecord run(const Settings& settings, const RunContext& context) {
  require(settings.refinements >= 4 && settings.refinements <= 10,
          "--refinements: expected 4 to 10");
  RunRecord record({"method", "steps"}, context.seed);
  const RoundTrips trips;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (context.stop != nullptr && *context.stop) return record;
    context.progress(static_cast<double>(i) / static_cast<double>(methods.size()));
    record_method(record, trips, methods.at(i), settings);
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1100,900 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(method, quantity) = is("method", method) && is("quantity", quantity) ? column("steps") : NaN
names = "euler midpoint kutta3 runge_kutta4"
titles = "Euler midpoint Kutta RK4"
array of_error[4]
array of_residual[4]
array of_cycle[4]
order(method, quantity) = is("method", method) && is("quantity", quantity) ? column("measured") : NaN
do for [i = 1:4] {
  stats 'data.csv' using (order(word(names, i), "order_of_error")) name "found" nooutput
  of_error[i] = found_mean
  stats 'data.csv' using (order(word(names, i), "order_of_residual")) name "found" nooutput
  of_residual[i] = found_mean
  stats 'data.csv' using (order(word(names, i), "order_of_cycle")) name "found" nooutput
  of_cycle[i] = found_mean
}
set multiplot layout 2,2 margins 0.075,0.97,0.06,0.95 spacing 0.08,0.11
set logscale xy
set format y '10^{%L}'
set xlabel 'steps' offset 0,0.6
set yrange [1e-15:1]
set format x '10^{%L}'
set ylabel 'absolute error' offset 1,0
set key bottom left Left reverse font ',10' samplen 1.5
set title 'Error at the end'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "error")):(column("measured")) with linespoints linestyle i title sprintf('%s, order %.1f', word(titles, i), of_error[i])
set ylabel 'residual'
set title 'Residual of the round trip, and its bound'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "residual")):(column("measured")) with linespoints linestyle i title sprintf('order %.1f', of_residual[i]), \
  for [i = 1:4] '' using (at(word(names, i), "residual")):(column("predicted")) with lines linestyle i dashtype 2 notitle, NaN with lines linecolor '#606060' dashtype 2 title 'bound'
set title 'Residual of a cycle of two targets, and its bound'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "cycle")):(column("measured")) with linespoints linestyle i title sprintf('order %.1f', of_cycle[i]), \
  for [i = 1:4] '' using (at(word(names, i), "cycle")):(column("predicted")) with lines linestyle i dashtype 2 notitle, NaN with lines linecolor '#606060' dashtype 2 title 'bound'
set title 'Residual against error: even orders undo their own error'
set xlabel 'error at the end' offset 0,0.6
set key top left spacing 1.4
set xrange [1e-14:1]
error = NaN  # a method's row of the same steps comes before its residual
against(method) = is("method", method) && is("quantity", "error") ? (error = column("measured"), NaN) \
  : is("method", method) && is("quantity", "residual") ? error : NaN
plot for [i = 1:4] 'data.csv' using (against(word(names, i))):(column("measured")) with linespoints linestyle i title sprintf('%s: residual ∝ error^{%.2f}', word(titles, i), of_residual[i]/of_error[i]), \
  x with lines linecolor '#909090' dashtype 3 title 'residual = error'
unset multiplot
)";

}  // namespace

Experiment round_trip() {
  return {
      .name = "round_trip",
      .question = "What does a round trip through an interpolation flow say about its solver?",
      .claims = {"GIF-30", "GIF-32"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--refinements", "of every method", &settings->refinements}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-3,
      .absolute_tolerance = 1e-12};
}

}  // namespace flowcheck
