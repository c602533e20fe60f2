#pragma once

#include "proximal/plane_jko.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {

/// The step on [0, 1]² that solvers of the plane are timed on: p = N((0.40, 0.45), 0.08² I),
/// V = |x − (0.55, 0.50)|²/(2·0.1²), γ = 0.002. Its p' is known in closed form.
struct GaussianStep {
  PlaneFunction log_start = {};
  PlaneFunction potential = {};
  double step_size = 0.002;  ///< γ
  double mean = 0.0;         ///< of p', along x
  double variance = 0.0;     ///< likewise
};

/// top ± |x − (x0, y0)|²/(2s²).
inline PlaneFunction isotropic(double x0, double y0, double s, double sign, double top) {
  return [=](double x, double y) {
    const double dx = sign * (x - x0) / (s * s);
    const double dy = sign * (y - y0) / (s * s);
    return PlaneValue{.value = top + 0.5 * (dx * (x - x0) + dy * (y - y0)), .dx = dx, .dy = dy};
  };
}

inline GaussianStep gaussian_step() {
  constexpr double s = 0.08;
  constexpr double width = 0.1;
  GaussianStep step;
  const double ratio = 1.0 + step.step_size / (width * width);
  const double c = s * s / ratio;
  step.log_start = isotropic(0.40, 0.45, s, -1.0, -std::log(2.0 * std::numbers::pi * s * s));
  step.potential = isotropic(0.55, 0.50, width, 1.0, 0.0);
  step.mean = 0.55 + (0.40 - 0.55) / ratio;
  step.variance =
      (step.step_size + 0.5 * c + 0.5 * std::sqrt(c * (c + 4.0 * step.step_size))) / ratio;
  return step;
}

}  // namespace flowcheck
