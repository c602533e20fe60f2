#include "learning/step_schedule.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace flowcheck {
namespace {

// f of γ_1 + … + γ_n, for each n.
std::vector<double> of_elapsed_time(const std::vector<double>& step_sizes,
                                    const std::function<double(double)>& f) {
  std::vector<double> values;
  double elapsed = 0.0;
  for (const double step : step_sizes) {
    elapsed += step;
    values.push_back(f(elapsed));
  }
  return values;
}

}  // namespace

std::vector<double> exponential_steps(double first, double ratio, int count) {
  require(first > 0.0 && ratio > 0.0 && count >= 0,
          "exponential_steps: c and ρ must be positive, N not negative");
  std::vector<double> steps;
  for (int n = 0; n < count; ++n) steps.push_back(first * std::pow(ratio, n));
  return steps;
}

std::vector<double> cosine_steps(int count, double offset) {
  require(count >= 1 && offset > 0.0, "cosine_steps: N and s must be positive");
  constexpr double largest_beta = 0.999;
  // ᾱ but for its constant factor; towards n = N as a sine, whose argument ends at zero.
  const auto signal = [&](int n) {
    const double left = static_cast<double>(count - n) / count / (1.0 + offset);
    return std::pow(std::sin(0.5 * std::numbers::pi * left), 2);
  };
  std::vector<double> steps;
  for (int n = 1; n <= count; ++n) {
    const double beta = std::min(1.0 - signal(n) / signal(n - 1), largest_beta);
    steps.push_back(-0.5 * std::log1p(-beta));
  }
  return steps;
}

std::vector<double> linear_steps(int count) {
  require(count >= 2, "linear_steps: N must be at least 2");
  const double first = 0.1 / count;
  const double last = std::min(0.99 * count, 20.0) / count;
  std::vector<double> steps;
  for (int n = 0; n < count; ++n) {
    const double beta = first + (last - first) * n / (count - 1);
    steps.push_back(-0.5 * std::log1p(-beta));
  }
  return steps;
}

std::vector<double> remaining_signal(const std::vector<double>& step_sizes) {
  return of_elapsed_time(step_sizes, [](double elapsed) { return std::exp(-2.0 * elapsed); });
}

std::vector<double> signal_to_noise(const std::vector<double>& step_sizes) {
  return of_elapsed_time(step_sizes,
                         [](double elapsed) { return 1.0 / std::expm1(2.0 * elapsed); });
}

}  // namespace flowcheck
