#include "learning/full_batch.hpp"

#include "learning/network_losses.hpp"
#include "numerics/require.hpp"

#include <ceres/cost_function.h>
#include <ceres/gradient_problem.h>
#include <ceres/gradient_problem_solver.h>
#include <ceres/problem.h>
#include <ceres/solver.h>

#include <cmath>

namespace flowcheck {
namespace {

// √(2/n)(v(t_j, x_j) − y_j): half its square is the loss.
class RegressionResiduals final : public ceres::CostFunction {
 public:
  RegressionResiduals(const NetworkShape& shape, const RegressionBatch& batch)
      : pass_(shape),
        batch_(batch),
        scale_(std::sqrt(2.0 / static_cast<double>(batch.points.cols()))) {
    set_num_residuals(static_cast<int>(batch.points.size()));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(parameter_count(shape)));
  }

  bool Evaluate(double const* const* parameters,
                double* residuals,
                double** jacobians) const override {
    const Index d = batch_.points.rows();
    const Index count = parameter_count(pass_.shape());
    pass_.set_parameters(Eigen::Map<const Vector>(parameters[0], count));
    for (Index j = 0; j < batch_.points.cols(); ++j) {
      pass_.forward(batch_.points.col(j), batch_.times.segment(j, 1), no_probes_, true, tape_);
      const Vector r = scale_ * (tape_.outputs.topLeftCorner(d, 1) - batch_.targets.col(j));
      if (!r.allFinite()) return false;
      Eigen::Map<Vector>(residuals + j * d, d) = r;
      if (jacobians == nullptr || jacobians[0] == nullptr) continue;
      for (Index k = 0; k < d; ++k) {
        pass_.clear(gradient_);
        pass_.backward(tape_, no_probes_, scale_ * Vector::Unit(d, k), Vector(), gradient_,
                       nullptr);
        pass_.collect(gradient_, Eigen::Map<Vector>(jacobians[0] + (j * d + k) * count, count));
      }
    }
    return true;
  }

 private:
  mutable NetworkPass<double> pass_;
  const RegressionBatch& batch_;
  double scale_;
  Matrix no_probes_ = {};
  mutable NetworkTape<double> tape_ = {};
  mutable NetworkGradient<double> gradient_ = {};
};

class BlockObjective final : public ceres::FirstOrderFunction {
 public:
  BlockObjective(const NetworkShape& shape,
                 const Matrix& points,
                 const JkoBlockLoss& loss,
                 const Matrix& probes)
      : loss_(shape, loss), points_(points), probes_(probes), gradient_(parameter_count(shape)) {}

  int NumParameters() const override { return static_cast<int>(gradient_.size()); }

  bool Evaluate(const double* parameters, double* cost, double* gradient) const override {
    *cost =
        loss_(Eigen::Map<const Vector>(parameters, gradient_.size()), points_, probes_, gradient_);
    if (gradient != nullptr) Eigen::Map<Vector>(gradient, gradient_.size()) = gradient_;
    return std::isfinite(*cost) && gradient_.allFinite();
  }

 private:
  mutable BlockLoss<double> loss_;
  const Matrix& points_;
  const Matrix& probes_;
  mutable Vector gradient_;
};

void require_full_batch(const VelocityNetwork& start, const FullBatchOptions& options) {
  require_network_shape(start.shape);
  require(start.parameters.size() == parameter_count(start.shape),
          "full batch: the number of parameters does not fit the shape");
  require(options.gradient_tolerance > 0.0 && options.max_iterations >= 1,
          "full batch: the tolerance and the limit must be positive");
}

template <class SolverOptions>
SolverOptions full_batch_solver(const FullBatchOptions& options) {
  SolverOptions solver;
  solver.max_num_iterations = options.max_iterations;
  solver.gradient_tolerance = options.gradient_tolerance;
  solver.function_tolerance = 0.0;
  solver.parameter_tolerance = 0.0;
  solver.logging_type = ceres::SILENT;
  return solver;
}

// The verdict rests on the gradient at the end, not on what the solver says of itself.
template <class Summary>
FullBatchResult finished(const VelocityNetwork& network,
                         const LossAndGradient& end,
                         const Summary& summary,
                         const FullBatchOptions& options) {
  FullBatchResult result{.network = network,
                         .loss = end.loss,
                         .largest_gradient = end.gradient.cwiseAbs().maxCoeff(),
                         .iterations = static_cast<int>(summary.iterations.size()) - 1,
                         .termination = Termination::stalled};
  if (!std::isfinite(result.loss) || !end.gradient.allFinite()) {
    result.termination = Termination::not_finite;
  } else if (result.largest_gradient <= options.gradient_tolerance) {
    result.termination = Termination::converged;
  } else if (summary.termination_type == ceres::NO_CONVERGENCE) {
    result.termination = Termination::iteration_limit;
  }
  return result;
}

}  // namespace

FullBatchResult fit_regression(const VelocityNetwork& start,
                               const RegressionBatch& batch,
                               const FullBatchOptions& options) {
  require_full_batch(start, options);
  (void)regression_loss(start, batch);  // refuses sizes that do not fit
  VelocityNetwork network = start;
  ceres::Problem problem;
  problem.AddResidualBlock(new RegressionResiduals(start.shape, batch), nullptr,
                           network.parameters.data());
  auto solver = full_batch_solver<ceres::Solver::Options>(options);
  solver.linear_solver_type = ceres::DENSE_QR;
  solver.num_threads = 1;
  ceres::Solver::Summary summary;
  ceres::Solve(solver, &problem, &summary);
  return finished(network, regression_loss(network, batch), summary, options);
}

FullBatchResult fit_jko_block(const VelocityNetwork& start,
                              const Matrix& points,
                              const JkoBlockLoss& loss,
                              const Matrix& probes,
                              const FullBatchOptions& options) {
  require_full_batch(start, options);
  (void)jko_block_loss(start, points, loss, probes);  // refuses sizes that do not fit
  VelocityNetwork network = start;
  const ceres::GradientProblem problem(new BlockObjective(start.shape, points, loss, probes));
  auto solver = full_batch_solver<ceres::GradientProblemSolver::Options>(options);
  solver.line_search_direction_type = ceres::LBFGS;
  ceres::GradientProblemSolver::Summary summary;
  ceres::Solve(solver, problem, network.parameters.data(), &summary);
  return finished(network, jko_block_loss(network, points, loss, probes), summary, options);
}

}  // namespace flowcheck
