#include "learning/interpolant.hpp"

#include "numerics/require.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

constexpr double quarter_turn = 0.5 * std::numbers::pi;

}  // namespace

std::string_view to_string(Interpolant interpolant) {
  return interpolant == Interpolant::linear ? "linear" : "trigonometric";
}

std::string_view to_string(Coupling coupling) {
  switch (coupling) {
    case Coupling::dependent:
      return "dependent";
    case Coupling::shuffled:
      return "shuffled";
    case Coupling::independent:
      return "independent";
  }
  return "";
}

InterpolantValues interpolant_values(Interpolant interpolant, double t) {
  require(t >= 0.0 && t <= 1.0, "interpolant_values: the time must be in [0, 1]");
  if (interpolant == Interpolant::linear) {
    return {.left = 1.0 - t, .right = t, .left_rate = -1.0, .right_rate = 1.0};
  }
  // The cosine as a sine of what is left, so that it ends at zero.
  const double left = std::sin(quarter_turn * (1.0 - t));
  const double right = std::sin(quarter_turn * t);
  return {.left = left,
          .right = right,
          .left_rate = -quarter_turn * right,
          .right_rate = quarter_turn * left};
}

OuStep ou_step(double step_size) {
  require(step_size >= 0.0, "ou_step: the step size must not be negative");
  return {.decay = std::exp(-step_size), .noise = std::sqrt(-std::expm1(-2.0 * step_size))};
}

NoisingValues noising_values(Interpolant interpolant, const OuStep& step, double t) {
  const InterpolantValues at = interpolant_values(interpolant, t);
  return {.data = at.left + at.right * step.decay,
          .noise = at.right * step.noise,
          .data_rate = at.left_rate + at.right_rate * step.decay,
          .noise_rate = at.right_rate * step.noise};
}

}  // namespace flowcheck
