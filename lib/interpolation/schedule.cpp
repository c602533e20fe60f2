#include "interpolation/schedule.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace flowcheck {
namespace {

// The products' derivatives from a's own, where ȧ is finite.
ScheduleValues with_products(ScheduleValues v) {
  v.half_variance_rate = v.a * v.a_dot;
  v.half_variance_second = v.a_dot * v.a_dot + v.a * v.a_second;
  return v;
}

ScheduleValues foellmer_values(const FlowTime& time) {
  const auto [t, tau] = time;
  const double variance = tau * (1.0 + t);
  const double a = std::sqrt(variance);
  return {.a = a,
          .b = t,
          .a_dot = -t / a,
          .b_dot = 1.0,
          .a_second = -1.0 / (a * variance),
          .half_variance_rate = -t,
          .half_variance_second = -1.0};
}

ScheduleValues trigonometric_values(const FlowTime& time) {
  const double c = 0.5 * std::numbers::pi;
  const double a = std::sin(c * time.remaining);
  const double b = std::sin(c * time.t);
  return with_products({.a = a,
                        .b = b,
                        .a_dot = -c * b,
                        .b_dot = c * a,
                        .a_second = -c * c * a,
                        .b_second = -c * c * b});
}

ScheduleValues polynomial_values(const FlowTime& time) {
  const auto [t, tau] = time;
  return with_products({.a = tau * tau * (1.0 + 2.0 * t),
                        .b = t * t * (1.0 + 2.0 * tau),
                        .a_dot = -6.0 * t * tau,
                        .b_dot = 6.0 * t * tau,
                        .a_second = 6.0 * (t - tau),
                        .b_second = 6.0 * (tau - t)});
}

ScheduleValues variance_preserving_values(double noise, const FlowTime& time) {
  const double a = noise * time.remaining;
  const double b = std::sqrt((1.0 - a) * (1.0 + a));
  const double b_dot = a * noise / b;
  return with_products({.a = a,
                        .b = b,
                        .a_dot = -noise,
                        .b_dot = b_dot,
                        .b_second = -(noise * noise + b_dot * b_dot) / b});
}

// f′ by central differences of two steps; their difference bounds the error of the finer one.
void check_derivative(std::string_view schedule,
                      std::string_view name,
                      const ScheduleFunctions::Function& f,
                      const ScheduleFunctions::Function& slope,
                      double t) {
  const auto difference = [&](double h) {
    return (f(FlowTime::from_start(t + h)) - f(FlowTime::from_start(t - h))) / (2.0 * h);
  };
  const double h = 1.0 / 1024.0;
  const double coarse = difference(h);
  const double fine = difference(0.5 * h);
  const double given = slope(FlowTime::from_start(t));
  const double size = std::abs(f(FlowTime::from_start(t))) + std::abs(given);
  const double error = std::abs(coarse - fine) + 64.0 * unit_round_off * size / h;
  if (!(std::abs(given - fine) <= error)) {
    throw std::invalid_argument(
        fmt::format("schedule \"{}\": {} is {:.6g} at t = {:.6g}, differences give {:.6g}",
                    schedule, name, given, t, fine));
  }
}

void check_ends(const ScheduleFunctions& f) {
  const FlowTime start = FlowTime::from_start(0.0);
  const FlowTime end = FlowTime::from_end(0.0);
  const auto check = [&](bool condition, std::string_view what) {
    if (!condition) {
      throw std::invalid_argument(fmt::format("schedule \"{}\": {}", f.name, what));
    }
  };
  check(f.a(start) > 0.0 && std::isfinite(f.a(start)), "a must be positive at t = 0");
  check(f.b(start) >= 0.0, "b must not be negative at t = 0");
  check(std::abs(f.a(end)) <= 4.0 * unit_round_off, "a must be 0 at t = 1");
  check(std::abs(f.b(end) - 1.0) <= 4.0 * unit_round_off, "b must be 1 at t = 1");
  check(std::isfinite(f.a_dot(end)) || (f.half_variance_rate && f.half_variance_second),
        "a's derivative is infinite at t = 1, so that aȧ and (aȧ)˙ are wanted as well");
}

}  // namespace

FlowTime FlowTime::from_start(double t) {
  require(t >= 0.0 && t <= 1.0, "flow time: t must lie in [0, 1]");
  return {.t = t, .remaining = 1.0 - t};
}

FlowTime FlowTime::from_end(double tau) {
  require(tau >= 0.0 && tau <= 1.0, "flow time: 1 - t must lie in [0, 1]");
  return {.t = 1.0 - tau, .remaining = tau};
}

Schedule::Schedule(std::string name, Values values)
    : name_(std::move(name)), values_(std::move(values)) {}

bool Schedule::starts_from_noise() const {
  const ScheduleValues start = at(0.0);
  return start.a == 1.0 && start.b == 0.0;
}

Schedule linear_schedule() {
  return {"linear", [](const FlowTime& time) {
            return with_products({.a = time.remaining, .b = time.t, .a_dot = -1.0, .b_dot = 1.0});
          }};
}

Schedule foellmer_schedule() {
  return {"foellmer", foellmer_values};
}

Schedule trigonometric_schedule() {
  return {"trigonometric", trigonometric_values};
}

Schedule polynomial_schedule() {
  return {"polynomial", polynomial_values};
}

Schedule variance_preserving_schedule(double noise) {
  require(noise > 0.0 && noise < 1.0, "variance_preserving_schedule: noise must lie in (0, 1)");
  return {"vp", [noise](const FlowTime& time) { return variance_preserving_values(noise, time); }};
}

Schedule variance_exploding_schedule(double noise) {
  require(noise > 0.0 && std::isfinite(noise),
          "variance_exploding_schedule: noise must be positive");
  return {"ve", [noise](const FlowTime& time) {
            return with_products({.a = noise * time.remaining, .b = 1.0, .a_dot = -noise});
          }};
}

Schedule custom_schedule(const ScheduleFunctions& f) {
  require(f.a && f.b && f.a_dot && f.b_dot && f.a_second && f.b_second,
          "custom_schedule: a, b and their first two derivatives are wanted");
  check_ends(f);
  for (const double t : {0.0625, 0.25, 0.4375, 0.5625, 0.75, 0.9375}) {
    const FlowTime time = FlowTime::from_start(t);
    if (!(f.a(time) > 0.0 && f.b(time) > 0.0 && f.a_dot(time) <= 0.0 && f.b_dot(time) >= 0.0)) {
      throw std::invalid_argument(
          fmt::format("schedule \"{}\": at t = {:.6g} a and b must be positive, a falling and b "
                      "rising",
                      f.name, t));
    }
    check_derivative(f.name, "a's derivative", f.a, f.a_dot, t);
    check_derivative(f.name, "b's derivative", f.b, f.b_dot, t);
    check_derivative(f.name, "a's second derivative", f.a_dot, f.a_second, t);
    check_derivative(f.name, "b's second derivative", f.b_dot, f.b_second, t);
    if (f.half_variance_rate) {
      const auto half_variance = [&](const FlowTime& s) { return 0.5 * f.a(s) * f.a(s); };
      check_derivative(f.name, "aȧ", half_variance, f.half_variance_rate, t);
    }
    if (f.half_variance_rate && f.half_variance_second) {
      check_derivative(f.name, "(aȧ)˙", f.half_variance_rate, f.half_variance_second, t);
    }
  }
  return {f.name, [f](const FlowTime& time) {
            ScheduleValues v = with_products({.a = f.a(time),
                                              .b = f.b(time),
                                              .a_dot = f.a_dot(time),
                                              .b_dot = f.b_dot(time),
                                              .a_second = f.a_second(time),
                                              .b_second = f.b_second(time)});
            if (f.half_variance_rate) v.half_variance_rate = f.half_variance_rate(time);
            if (f.half_variance_second) v.half_variance_second = f.half_variance_second(time);
            return v;
          }};
}

const std::vector<Schedule>& checked_schedules() {
  static const std::vector<Schedule> schedules = {linear_schedule(),
                                                  foellmer_schedule(),
                                                  trigonometric_schedule(),
                                                  variance_preserving_schedule(),
                                                  variance_exploding_schedule(),
                                                  polynomial_schedule()};
  return schedules;
}

const std::vector<FlowTime>& checked_times() {
  static const std::vector<FlowTime> times = [] {
    std::vector<FlowTime> result;
    for (const double t : {0.02, 0.1, 0.25, 0.5, 0.7, 0.85, 0.95, 0.99}) {
      result.push_back(FlowTime::from_start(t));
    }
    return result;
  }();
  return times;
}

Schedule schedule_named(std::string_view name) {
  std::string names;
  for (const Schedule& schedule : checked_schedules()) {
    if (schedule.name() == name) return schedule;
    names += (names.empty() ? "" : ", ") + schedule.name();
  }
  throw std::invalid_argument(
      fmt::format("there is no schedule \"{}\"; there are {}", name, names));
}

}  // namespace flowcheck
