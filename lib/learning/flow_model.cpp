#include "learning/flow_model.hpp"

#include "numerics/estimate.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

constexpr Index columns_at_once = 512;

double node(const ModelBlock& block, int k, int steps) {
  return std::pow(static_cast<double>(k) / steps, block.time_power);
}

// Node by node, on a few columns.
PushedPoints push_columns(const ModelBlock& block,
                          const Matrix& points,
                          bool forward,
                          bool with_divergence,
                          int refinement) {
  const int steps = block.steps * refinement;
  PushedPoints result{.points = points};
  if (with_divergence) result.divergence_integral = Vector::Zero(points.cols());
  for (int k = 0; k < steps; ++k) {
    const double from = node(block, forward ? k : steps - k, steps);
    const double to = node(block, forward ? k + 1 : steps - k - 1, steps);
    PushedPoints next = push_points(block.network, result.points, from, to, 1, with_divergence);
    result.points = std::move(next.points);
    if (with_divergence) result.divergence_integral += next.divergence_integral;
  }
  return result;
}

PushedPoints move_columns(const ModelBlock& block,
                          const Matrix& points,
                          bool forward,
                          bool with_divergence,
                          int refinement) {
  require(refinement >= 1 && block.steps >= 1 && block.time_power > 0.0,
          "push_block: steps, refinement and time_power are positive");
  PushedPoints result{.points = Matrix(points.rows(), points.cols())};
  if (with_divergence) result.divergence_integral = Vector(points.cols());
  const Index chunks = (points.cols() + columns_at_once - 1) / columns_at_once;
  tbb::parallel_for(Index{0}, chunks, [&](Index chunk) {
    const Index first = chunk * columns_at_once;
    const Index count = std::min(columns_at_once, points.cols() - first);
    const PushedPoints pushed =
        push_columns(block, points.middleCols(first, count), forward, with_divergence, refinement);
    result.points.middleCols(first, count) = pushed.points;
    if (with_divergence) {
      result.divergence_integral.segment(first, count) = pushed.divergence_integral;
    }
  });
  return result;
}

}  // namespace

std::string_view to_string(ModelMethod method) {
  switch (method) {
    case ModelMethod::fm:
      return "fm";
    case ModelMethod::lfm:
      return "lfm";
    case ModelMethod::jko:
      return "jko";
  }
  return "";
}

Interpolant interpolant_of(const ModelBlock& block) {
  return std::isinf(block.step_size) ? Interpolant::trigonometric : Interpolant::linear;
}

RegressionSource regression_of(const ModelBlock& block, PointSource points, TimeLaw times) {
  return flow_matching(ou_step_ends(std::move(points), block.step_size, Coupling::dependent),
                       interpolant_of(block), times);
}

PushedPoints push_block(const ModelBlock& block,
                        const Matrix& points,
                        bool with_divergence,
                        int refinement) {
  return move_columns(block, points, true, with_divergence, refinement);
}

Matrix pull_block(const ModelBlock& block, const Matrix& points, int refinement) {
  return move_columns(block, points, false, false, refinement).points;
}

double log_inverse_lipschitz_bound(const ModelBlock& block) {
  const Estimate L = lipschitz_bound(block.network);
  Estimate sum = 0.0;
  for (int k = 0; k < block.steps; ++k) {
    const double from = node(block, k, block.steps);
    const double to = node(block, k + 1, block.steps);
    const Estimate z = L * Estimate::closed_form(to - from, round_off(to, 1));
    const Estimate r = z * (1.0 + z * (0.5 + z * (1.0 / 6.0 + z / 24.0)));
    if (!(r.upper < 1.0)) return infinity;
    sum = sum - log(1.0 - r);
  }
  return sum.upper;
}

Matrix push(const FlowModel& model, const Matrix& data) {
  Matrix points = model.scaling.to_model(data);
  for (const ModelBlock& block : model.blocks) points = push_block(block, points).points;
  return points;
}

Matrix pull(const FlowModel& model, const Matrix& noise, int refinement) {
  Matrix points = noise;
  for (auto block = model.blocks.rbegin(); block != model.blocks.rend(); ++block) {
    points = pull_block(*block, points, refinement);
  }
  return model.scaling.to_data(points);
}

Vector standard_normal_log_densities(const Matrix& points) {
  const double constant =
      0.5 * static_cast<double>(points.rows()) * std::log(2.0 * std::numbers::pi);
  return (-0.5 * points.colwise().squaredNorm().array() - constant).matrix().transpose();
}

Vector log_densities(const FlowModel& model, const Matrix& data, int refinement) {
  require(data.rows() == model.dimension(), "log_densities: the points have another dimension");
  Matrix points = model.scaling.to_model(data);
  Vector result = Vector::Constant(data.cols(), model.scaling.log_determinant);
  for (const ModelBlock& block : model.blocks) {
    PushedPoints pushed = push_block(block, points, true, refinement);
    points = std::move(pushed.points);
    result += pushed.divergence_integral;
  }
  return result + standard_normal_log_densities(points);
}

}  // namespace flowcheck
