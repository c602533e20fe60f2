#include "interpolation/schedule.hpp"

#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace flowcheck::schedule_test {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

ScheduleFunctions linear_functions() {
  return {.name = "mine",
          .a = [](const FlowTime& time) { return time.remaining; },
          .b = [](const FlowTime& time) { return time.t; },
          .a_dot = [](const FlowTime&) { return -1.0; },
          .b_dot = [](const FlowTime&) { return 1.0; },
          .a_second = [](const FlowTime&) { return 0.0; },
          .b_second = [](const FlowTime&) { return 0.0; }};
}

TEST_CASE("A schedule's derivatives are those of its functions", "[interpolation][reference]") {
  for (const Schedule& schedule : checked_schedules()) {
    CAPTURE(schedule.name());
    for (const FlowTime& time : checked_times()) {
      CAPTURE(time.t);
      const double h = 1e-5 * std::min(time.t, time.remaining);
      const ScheduleValues v = schedule.values(time);
      const ScheduleValues up = schedule.at(time.t + h);
      const ScheduleValues down = schedule.at(time.t - h);
      const auto slope = [h](double after, double before) { return (after - before) / (2.0 * h); };
      // Differences lose 1e-11/h·u and err by h² times a third derivative, relative to the
      // second's.
      const double error = 1e-16 / h + 1e-6;
      CHECK_THAT(slope(up.a, down.a), WithinAbs(v.a_dot, error));
      CHECK_THAT(slope(up.b, down.b), WithinAbs(v.b_dot, error));
      CHECK_THAT(slope(up.a_dot, down.a_dot),
                 WithinRel(v.a_second, 1e-6) || WithinAbs(v.a_second, error * 100.0));
      CHECK_THAT(slope(up.b_dot, down.b_dot), WithinAbs(v.b_second, error * 10.0));
      CHECK_THAT(slope(up.half_variance_rate, down.half_variance_rate),
                 WithinAbs(v.half_variance_second, error * 10.0));
      CHECK_THAT(slope(up.a_wronskian(), down.a_wronskian()),
                 WithinAbs(v.a_wronskian_dot(), error * 10.0));
      CHECK_THAT(v.half_variance_rate, WithinRel(v.a * v.a_dot, 1e-14));
      CHECK_THAT(v.a_wronskian(), WithinRel(v.a * v.wronskian(), 1e-13));
      CHECK_THAT(v.r_dot(), WithinRel(v.wronskian() / (v.a * v.a), 1e-13));
    }
  }
}

TEST_CASE("A schedule ends at data, and six start where they say", "[interpolation][exact]") {
  for (const Schedule& schedule : checked_schedules()) {
    CAPTURE(schedule.name());
    const ScheduleValues end = schedule.values(FlowTime::from_end(0.0));
    CHECK(end.a == 0.0);
    CHECK(end.b == 1.0);
    CHECK(std::isfinite(end.half_variance_rate));
    CHECK(end.a_wronskian() == -end.half_variance_rate);
    CHECK(schedule_named(schedule.name()).at(0.3).a == schedule.at(0.3).a);
  }
  CHECK(linear_schedule().starts_from_noise());
  CHECK(foellmer_schedule().starts_from_noise());
  CHECK(trigonometric_schedule().starts_from_noise());
  CHECK(polynomial_schedule().starts_from_noise());
  CHECK_FALSE(variance_preserving_schedule().starts_from_noise());
  CHECK_FALSE(variance_exploding_schedule().starts_from_noise());
  CHECK(foellmer_schedule().values(FlowTime::from_end(0.0)).half_variance_rate == -1.0);
  CHECK(foellmer_schedule().values(FlowTime::from_end(0.0)).a_dot == -infinity);
}

TEST_CASE("The noise keeps its digits however near data", "[interpolation][exact]") {
  for (const double tau : {1e-6, 1e-12, 1e-300}) {
    const FlowTime time = FlowTime::from_end(tau);
    CHECK(linear_schedule().values(time).a == tau);
    CHECK_THAT(foellmer_schedule().values(time).a, WithinRel(std::sqrt(tau * (2.0 - tau)), 1e-15));
    CHECK_THAT(trigonometric_schedule().values(time).a,
               WithinRel(std::sin(0.5 * std::numbers::pi * tau), 1e-15));
  }
}

TEST_CASE("A user's schedule is taken if its derivatives fit", "[interpolation][control]") {
  const Schedule mine = custom_schedule(linear_functions());
  const ScheduleValues v = mine.at(0.35);
  const ScheduleValues linear = linear_schedule().at(0.35);
  CHECK(mine.name() == "mine");
  CHECK(v.a == linear.a);
  CHECK(v.half_variance_second == linear.half_variance_second);

  ScheduleFunctions wrong = linear_functions();
  wrong.b_dot = [](const FlowTime&) { return 1.0001; };
  CHECK_THROWS_WITH(
      custom_schedule(wrong),
      "schedule \"mine\": b's derivative is 1.0001 at t = 0.0625, differences give 1");
  wrong = linear_functions();
  wrong.a = [](const FlowTime& time) { return 1.0 - 0.5 * time.t; };
  CHECK_THROWS_WITH(custom_schedule(wrong), "schedule \"mine\": a must be 0 at t = 1");
  wrong = linear_functions();
  wrong.a_dot = [](const FlowTime&) { return -infinity; };
  CHECK_THROWS_AS(custom_schedule(wrong), std::invalid_argument);

  const Schedule foellmer = foellmer_schedule();
  const auto part = [foellmer](double ScheduleValues::*member) {
    return [foellmer, member](const FlowTime& time) { return foellmer.values(time).*member; };
  };
  const Schedule again =
      custom_schedule({.name = "again",
                       .a = part(&ScheduleValues::a),
                       .b = part(&ScheduleValues::b),
                       .a_dot = part(&ScheduleValues::a_dot),
                       .b_dot = part(&ScheduleValues::b_dot),
                       .a_second = part(&ScheduleValues::a_second),
                       .b_second = part(&ScheduleValues::b_second),
                       .half_variance_rate = part(&ScheduleValues::half_variance_rate),
                       .half_variance_second = part(&ScheduleValues::half_variance_second)});
  CHECK(again.values(FlowTime::from_end(0.0)).half_variance_rate == -1.0);
}

TEST_CASE("Schedules and times refuse what has no meaning", "[interpolation][precondition]") {
  CHECK_THROWS_AS(FlowTime::from_start(1.5), std::invalid_argument);
  CHECK_THROWS_AS(FlowTime::from_end(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(variance_preserving_schedule(1.0), std::invalid_argument);
  CHECK_THROWS_AS(variance_exploding_schedule(0.0), std::invalid_argument);
  CHECK_THROWS_WITH(schedule_named("cosine"),
                    "there is no schedule \"cosine\"; there are linear, foellmer, trigonometric, "
                    "vp, ve, polynomial");
}

}  // namespace flowcheck::schedule_test
