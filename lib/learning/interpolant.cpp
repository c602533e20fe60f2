#include "learning/interpolant.hpp"

#include "numerics/require.hpp"
#include "numerics/rng.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

constexpr double quarter_turn = 0.5 * std::numbers::pi;

// Fisher and Yates.
Matrix permuted_columns(Matrix points, Rng& rng) {
  for (Index j = points.cols() - 1; j > 0; --j) {
    points.col(j).swap(points.col(rng.uniform_index(j + 1)));
  }
  return points;
}

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

Interpolant interpolant_from_string(std::string_view word) {
  if (word == "linear") return Interpolant::linear;
  require(word == "trigonometric", "interpolant: linear or trigonometric");
  return Interpolant::trigonometric;
}

Coupling coupling_from_string(std::string_view word) {
  if (word == "dependent") return Coupling::dependent;
  if (word == "shuffled") return Coupling::shuffled;
  require(word == "independent", "coupling: dependent, shuffled or independent");
  return Coupling::independent;
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

Matrix right_ends(
    const Matrix& left, double step_size, Coupling coupling, const Matrix& others, Rng& rng) {
  const OuStep step = ou_step(step_size);
  const auto noised = [&](const Matrix& x) -> Matrix {
    return step.decay * x + step.noise * rng.normal_matrix(x.rows(), x.cols());
  };
  switch (coupling) {
    case Coupling::dependent:
      return noised(left);
    case Coupling::shuffled:
      return noised(permuted_columns(left, rng));
    case Coupling::independent:
      break;
  }
  require(others.rows() == left.rows() && others.cols() == left.cols(),
          "right_ends: an independent coupling needs as many further points");
  return noised(others);
}

Matrix right_ends(const Matrix& left, double step_size, Coupling coupling, Rng& rng) {
  return right_ends(left, step_size, coupling, Matrix(), rng);
}

}  // namespace flowcheck
