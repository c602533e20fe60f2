#include "proximal/affine_block.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/LU>
#include <Eigen/SVD>
#include <ceres/gradient_problem.h>
#include <ceres/gradient_problem_solver.h>

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

void require_block(const Gaussian& current, const Gaussian& target, double step_size) {
  require(std::isfinite(step_size) && step_size > 0.0,
          "block_loss: the step size must be positive");
  require(current.dimension() == target.dimension(),
          "block_loss: the measures differ in dimension");
  require(current.has_density() && target.has_density(), "block_loss: a measure has no density");
}

// The block as the optimiser sees it: P = KL for p's factor L, and s = T(m) − m. Then
//   ℓ = ½|L_q⁻¹(m + s − μ)|² + ½‖L_q⁻¹P‖² − log|det P| + log det L + (|s|² + ‖P − L‖²)/(2γ),
// and distances between blocks are those of L²(p).
class BlockProblem {
 public:
  BlockProblem(const Gaussian& current, const Gaussian& target, double gamma)
      : L_(current.factor()),
        A_(target.precision()),
        shift_(current.mean() - target.mean()),
        log_det_(0.5 * current.eigenvalues().array().log().sum()),
        gamma_(gamma) {}

  Index dimension() const { return shift_.size(); }
  const Matrix& factor() const { return L_; }

  // +∞ on and across det P = 0, where Id does not lie.
  double loss(const Matrix& P, const Vector& s) const {
    const double determinant = P.partialPivLu().determinant() * (reflects() ? -1.0 : 1.0);
    if (!(determinant > 0.0)) return infinity;
    const Vector end = shift_ + s;
    return 0.5 * (end.dot(A_ * end) + P.cwiseProduct(A_ * P).sum()) - std::log(determinant) +
           log_det_ + 0.5 * (s.squaredNorm() + (P - L_).squaredNorm()) / gamma_;
  }

  Matrix linear_gradient(const Matrix& P) const {
    return A_ * P - P.partialPivLu().inverse().transpose() + (P - L_) / gamma_;
  }
  Vector constant_gradient(const Vector& s) const { return A_ * (shift_ + s) + s / gamma_; }

  // Least eigenvalue of the Hessian, D ↦ (A + I/γ)D + P^{−T}DᵀP^{−T} on P and A + I/γ on s.
  double least_curvature(const Matrix& P) const {
    const Index d = dimension();
    const Matrix P_inv = P.partialPivLu().inverse();
    Matrix hessian(d * d, d * d);
    for (Index k = 0; k < d * d; ++k) {
      Matrix D = Matrix::Zero(d, d);
      D.reshaped()(k) = 1.0;
      const Matrix image =
          A_ * D + D / gamma_ + P_inv.transpose() * D.transpose() * P_inv.transpose();
      hessian.col(k) = image.reshaped();
    }
    return std::min(smallest_eigenpair(symmetrised(hessian)).value,
                    smallest_eigenpair(A_).value + 1.0 / gamma_);
  }

 private:
  bool reflects() const { return L_.determinant() < 0.0; }  // of an eigenbasis: either sign

  Matrix L_;
  Matrix A_;
  Vector shift_;
  double log_det_;
  double gamma_;
};

// Ceres' view of it: P column by column, then s, in a unit so small that the first step, of length
// one, cannot make P singular: beyond det P = 0 lie other finite values that trap a line search.
class Objective final : public ceres::FirstOrderFunction {
 public:
  Objective(const BlockProblem& problem, double unit) : problem_(problem), unit_(unit) {}

  int NumParameters() const override {
    return static_cast<int>(problem_.dimension() * (problem_.dimension() + 1));
  }

  bool Evaluate(const double* parameters, double* cost, double* gradient) const override {
    const Index d = problem_.dimension();
    const Matrix P = unit_ * Eigen::Map<const Matrix>(parameters, d, d);
    const Vector s = unit_ * Eigen::Map<const Vector>(parameters + d * d, d);
    cost[0] = problem_.loss(P, s);
    if (!std::isfinite(cost[0])) return false;  // Ceres shortens the step
    if (gradient != nullptr) {
      Eigen::Map<Matrix>(gradient, d, d) = unit_ * problem_.linear_gradient(P);
      Eigen::Map<Vector>(gradient + d * d, d) = unit_ * problem_.constant_gradient(s);
    }
    return true;
  }

 private:
  const BlockProblem& problem_;
  double unit_;
};

// A gradient g leaves ℓ − min ℓ ≈ |g|²/2 over a curvature of about one. Asked for much more than
// the loss itself resolves, the line search would be left to choose among equal values.
ceres::GradientProblemSolver::Options solver_options(const AffineBlockOptions& options,
                                                     double unit) {
  ceres::GradientProblemSolver::Options solver;
  solver.line_search_direction_type = ceres::BFGS;
  // Interpolation fits polynomials through the barrier log|det P|; halving is surer, and quicker.
  solver.line_search_interpolation_type = ceres::BISECTION;
  solver.use_approximate_eigenvalue_bfgs_scaling = true;
  solver.max_num_iterations = options.max_iterations;
  solver.gradient_tolerance = unit * 0.1 * std::sqrt(options.loss_tolerance);
  solver.function_tolerance = 0.0;
  solver.parameter_tolerance = 0.0;
  solver.logging_type = ceres::SILENT;
  return solver;
}

}  // namespace

Estimate block_loss(const AffineMap& block,
                    const Gaussian& current,
                    const Gaussian& target,
                    double step_size) {
  require_block(current, target, step_size);
  const Index d = current.dimension();
  require(block.linear.rows() == d && block.linear.cols() == d && block.offset.size() == d,
          "block_loss: the block has another dimension");
  const Matrix W = target.inverse_factor();
  const Matrix L = current.factor();
  const Vector end = block(current.mean());
  const Matrix displacement = block.linear * L - L;

  const double potential =
      0.5 * ((W * (end - target.mean())).squaredNorm() + (W * block.linear * L).squaredNorm());
  const double penalty =
      ((end - current.mean()).squaredNorm() + displacement.squaredNorm()) / (2.0 * step_size);
  const Vector stretches = Eigen::JacobiSVD<Matrix>(block.linear).singularValues();
  if (!(stretches(d - 1) > 0.0)) return infinity;
  const double log_determinant = stretches.array().log().sum();

  // The least stretch is known to a relative u·κ(K), Q^{-1/2} to u·κ(Q); products with K lose what
  // cancels in them, `moved`, which counts with the root of what it is a part of.
  const double size = block.linear.norm() * (L.norm() + current.mean().norm()) +
                      block.offset.norm() + L.norm() + current.mean().norm() + target.mean().norm();
  const double moved = round_off(size, d);
  const double units = W.norm();
  const double error =
      round_off(stretches(0) / stretches(d - 1) + target.condition_number() * potential + penalty,
                d) +
      moved * (units * std::sqrt(2.0 * potential) + std::sqrt(2.0 * penalty / step_size)) +
      moved * moved * (units * units + 1.0 / step_size);
  return Estimate::closed_form(potential - log_determinant + penalty, error);
}

Estimate block_loss_constant(const Gaussian& current, const Gaussian& target) {
  require(current.dimension() == target.dimension(),
          "block_loss_constant: the measures differ in dimension");
  require(current.has_density() && target.has_density(),
          "block_loss_constant: a measure has no density");
  // log Z = ½ log det(2πQ) is the target's entropy less d/2.
  const double half_dimension = 0.5 * static_cast<double>(current.dimension());
  const double value = target.entropy() - current.entropy() - half_dimension;
  const double scale = std::abs(target.entropy()) + std::abs(current.entropy()) + half_dimension +
                       target.condition_number() + current.condition_number();
  return Estimate::closed_form(value, round_off(scale, current.dimension()));
}

AffineBlockResult affine_block(const Gaussian& current,
                               const Gaussian& target,
                               double step_size,
                               const AffineBlockOptions& options) {
  require_block(current, target, step_size);
  const Index d = current.dimension();
  const BlockProblem problem(current, target, step_size);
  const double unit = 0.25 * std::sqrt(current.eigenvalues()(0)) / static_cast<double>(d);
  const ceres::GradientProblem gradient_problem(new Objective(problem, unit));  // takes ownership

  Vector parameters(d * (d + 1));
  parameters << problem.factor().reshaped() / unit, Vector::Zero(d);
  ceres::GradientProblemSolver::Summary summary;
  ceres::Solve(solver_options(options, unit), gradient_problem, parameters.data(), &summary);

  const Matrix P = unit * parameters.head(d * d).reshaped(d, d);
  const Vector s = unit * parameters.tail(d);
  const Matrix K = P * current.inverse_factor();
  AffineBlockResult result{.map = {.linear = K, .offset = current.mean() + s - K * current.mean()}};
  result.loss = problem.loss(P, s);
  result.gradient_norm =
      std::hypot(problem.linear_gradient(P).norm(), problem.constant_gradient(s).norm());
  const double curvature = problem.least_curvature(P);
  result.loss_error =
      curvature > 0.0 ? result.gradient_norm * result.gradient_norm / (2.0 * curvature) : infinity;
  result.map_error = curvature > 0.0 ? result.gradient_norm / curvature : infinity;
  result.iterations = static_cast<int>(summary.iterations.size());
  // Near the minimum the line search ends on rounding: what counts is where it got.
  const double tolerance = options.loss_tolerance * std::max(1.0, std::abs(result.loss));
  if (!std::isfinite(result.gradient_norm)) {
    result.termination = Termination::not_finite;
  } else if (result.loss_error <= tolerance) {
    result.termination = Termination::converged;
  } else {
    result.termination = Termination::iteration_limit;
  }
  return result;
}

}  // namespace flowcheck
