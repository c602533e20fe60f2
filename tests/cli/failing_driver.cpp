// The driver with claims and experiments that fail, one in each way that has an exit code.

#include "driver.hpp"
#include "numerics/require.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <thread>

namespace flowcheck {
namespace {

using Sides = std::function<Bound(Rng&)>;

Instance instance(std::string name, const Sides& sides) {
  return {.name = std::move(name),
          .draw = [sides](Trial& trial) -> Outcome { return sides(trial.rng); }};
}

Bound below(Rng& rng) {
  const double x = rng.uniform(0.5, 1.0);
  return {.lhs = x, .rhs = 2.0 * x};
}

Bound above(Rng& rng) {
  const Bound right = below(rng);
  return {.lhs = right.rhs, .rhs = right.lhs};
}

Bound not_a_number(Rng&) {
  return {.lhs = std::numeric_limits<double>::quiet_NaN(), .rhs = 1.0};
}

Bound wide(Rng& rng) {
  return {.lhs = Estimate::closed_form(rng.uniform(), 0.5), .rhs = 0.5};
}

Claim claim(std::string id, const Sides& sides, const Sides& control) {
  return {.id = std::move(id),
          .statement = "x ≤ 2x",
          .source = "tests",
          .hypotheses = {"x > 0"},
          .instances = {instance("random: x", sides)},
          .controls = {instance("x ≥ 2x", control)},
          .file = __FILE__};
}

// Takes two seconds of waiting unless it is told to stop, for tests that interrupt.
Claim slow() {
  Claim result = claim("BAD-06", below, above);
  result.instances.front().draw = [](Trial& trial) -> Outcome {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    return below(trial.rng);
  };
  return result;
}

// A draw says that it has begun, and then asks nobody for an hour whether to go on.
Claim stubborn() {
  Claim result = claim("BAD-09", below, above);
  result.instances.front().draw = [](Trial& trial) -> Outcome {
    std::fputs("BAD-09 has begun\n", stderr);
    std::this_thread::sleep_for(std::chrono::hours(1));
    return below(trial.rng);
  };
  return result;
}

Claim on_targets() {
  Claim result = claim("BAD-07", below, above);
  result.on_target = [](const Target& target) -> Outcome {
    if (dimension(target.start) != 1) return Outcome::not_applicable("d = 1");
    return Bound{.lhs = 1.0, .rhs = 2.0};
  };
  return result;
}

std::vector<Claim> claims() {
  return {claim("BAD-01", below, above),         // holds
          claim("BAD-02", above, above),         // violated
          claim("BAD-03", not_a_number, above),  // numerical failure
          claim("BAD-04", below, below),         // powerless
          claim("BAD-05", wide, above),          // inconclusive
          slow(),
          on_targets(),
          claim(
              "BAD-08", [](Rng&) -> Bound { throw std::runtime_error("two\nlines"); }, above),
          stubborn()};
}

struct Settings {
  double measured = 1.0;
  int waits = 0;             // a tenth of a second each
  bool asks_nobody = false;  // for an hour, whether to go on
};

RunRecord run(const Settings& settings, const RunContext& context) {
  require(settings.waits >= 0, "--waits: expected 0 or more");
  RunRecord record({"n"}, context.seed);
  for (int i = 0; i < settings.waits && !*context.stop; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    context.progress(static_cast<double>(i + 1) / settings.waits);
  }
  if (settings.asks_nobody) {
    context.progress(0.5);
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
  record.add({std::int64_t{1}}, "x", {.lhs = settings.measured, .rhs = 2.0}, 1e-8);
  record.add({std::int64_t{2}}, "x", {.lhs = settings.measured, .rhs = 2.0}, 1e-8);
  return record;
}

Experiment experiment(std::string name, double measured, int waits = 0, bool asks_nobody = false) {
  return {.name = std::move(name),
          .question = "Is x at most 2?",
          .claims = {"BAD-01"},
          .prepare =
              [=](Scale) {
                auto settings = std::make_shared<Settings>(
                    Settings{.measured = measured, .waits = waits, .asks_nobody = asks_nobody});
                return PreparedRun{.options = {{"--measured", "x", &settings->measured},
                                               {"--waits", "tenths of a second", &settings->waits}},
                                   .run = [settings](const RunContext& context) {
                                     return run(*settings, context);
                                   }};
              },
          .figure = "plot 'data.csv' using (column(\"n\")):(column(\"measured\")) with points\n"};
}

}  // namespace
}  // namespace flowcheck

int main(int argc, char** argv) {
  using namespace flowcheck;
  Experiment undrawable = experiment("undrawable", 1.0);
  undrawable.figure = "plot nonsense(\n";
  return run_driver(argc, argv, claims(),
                    {experiment("good", 1.0), experiment("wrong", 3.0),
                     experiment("nan", std::numeric_limits<double>::quiet_NaN()), undrawable,
                     experiment("slow", 1.0, 50), experiment("stubborn", 1.0, 0, true)});
}
