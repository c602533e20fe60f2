#include "proximal/particle_jko.hpp"

#include "distances/transport.hpp"
#include "measures/moment_fit.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/vector_exp.hpp"

#include <ceres/gradient_problem.h>
#include <ceres/gradient_problem_solver.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace flowcheck {
namespace {

// Σᵢ log p̂(yᵢ) and its gradient. In z = Wy, WᵀW = H⁻¹, every kernel is the standard one:
// rᵢ = Σⱼ exp(−½|zᵢ − zⱼ|²) is at least the point's own 1.
class BlobEntropy {
 public:
  BlobEntropy(const Matrix& kernel_covariance, Index count)
      : kernel_(Vector::Zero(kernel_covariance.rows()), kernel_covariance),
        whitening_(kernel_.inverse_factor()),
        weights_(count, count),
        sums_(count) {}

  // log p̂ at its points, one a column.
  Vector log_density(const Matrix& points) const {
    const Matrix z = (whitening_ * points).transpose();  // a coordinate of all points is contiguous
    tbb::parallel_for(Index{0}, z.rows(), [&](Index i) {
      weights_.col(i).setZero();
      for (Index k = 0; k < z.cols(); ++k) {
        weights_.col(i).array() -= 0.5 * (z.col(k).array() - z(i, k)).square();
      }
      vector_exp(weights_.col(i));
      sums_(i) = weights_.col(i).sum();
    });
    const double log_peak =
        kernel_.log_density(kernel_.mean()) - std::log(static_cast<double>(points.cols()));
    return sums_.array().log() + log_peak;
  }

  // ∂/∂yᵢ of their sum, at the points that log_density() was called with last:
  // Wᵀ Σⱼ wᵢⱼ (1/rᵢ + 1/rⱼ)(zⱼ − zᵢ).
  Matrix gradient(const Matrix& points) const {
    const Matrix z = (whitening_ * points).transpose();
    const Eigen::ArrayXd inverse = sums_.array().inverse();
    Matrix pull(points.rows(), points.cols());
    tbb::parallel_for(Index{0}, z.rows(), [&](Index i) {
      const Eigen::ArrayXd factors = weights_.col(i).array() * (inverse + inverse(i));
      for (Index k = 0; k < z.cols(); ++k) {
        pull(k, i) = (factors * (z.col(k).array() - z(i, k))).sum();
      }
    });
    return whitening_.transpose() * pull;
  }

 private:
  Gaussian kernel_;
  Matrix whitening_;
  mutable Matrix weights_;  // of the last points
  mutable Vector sums_;
};

// n·F for the assignment yᵢ to xᵢ.
class ParticleObjective final : public ceres::FirstOrderFunction {
 public:
  ParticleObjective(const Matrix& current,
                    const PointPotential& potential,
                    double step_size,
                    const Matrix& kernel_covariance)
      : current_(current),
        potential_(potential),
        step_size_(step_size),
        entropy_(kernel_covariance, current.cols()) {}

  int NumParameters() const override { return static_cast<int>(current_.size()); }

  bool Evaluate(const double* parameters, double* cost, double* gradient) const override {
    const Eigen::Map<const Matrix> y(parameters, current_.rows(), current_.cols());
    if (!y.allFinite()) return false;
    *cost = terms(y).sum();
    if (gradient != nullptr) {
      Eigen::Map<Matrix>(gradient, y.rows(), y.cols()) = gradient_after(y);
    }
    return std::isfinite(*cost);
  }

  // What each point adds to n·F.
  Vector terms(const Matrix& y) const {
    Vector result = entropy_.log_density(y);
    result += (y - current_).colwise().squaredNorm().transpose() / (2.0 * step_size_);
    tbb::parallel_for(Index{0}, y.cols(),
                      [&](Index i) { result(i) += potential_.value(y.col(i)); });
    return result;
  }

  Matrix gradient(const Matrix& y) const {
    entropy_.log_density(y);
    return gradient_after(y);
  }

 private:
  Matrix gradient_after(const Matrix& y) const {
    Matrix result = entropy_.gradient(y) + (y - current_) / step_size_;
    tbb::parallel_for(Index{0}, y.cols(),
                      [&](Index i) { result.col(i) += potential_.gradient(y.col(i)); });
    return result;
  }

  const Matrix& current_;
  const PointPotential& potential_;
  double step_size_;
  BlobEntropy entropy_;
};

double particle_norm(const Matrix& field) {
  return std::sqrt(field.colwise().squaredNorm().mean());
}

ceres::GradientProblemSolver::Options particle_solver_options(const ParticleJkoOptions& options,
                                                              Index dimension) {
  ceres::GradientProblemSolver::Options solver;
  solver.max_num_iterations = options.max_iterations;
  // Of the largest entry; gradient_tolerance is of the columns' norms.
  solver.gradient_tolerance =
      options.gradient_tolerance / std::sqrt(static_cast<double>(dimension));
  solver.function_tolerance = 0.0;
  solver.parameter_tolerance = 0.0;
  solver.logging_type = ceres::SILENT;
  return solver;
}

Matrix kernel_covariance(const Matrix& points, double variance) {
  const Index d = points.rows();
  if (variance > 0.0) return variance * Matrix::Identity(d, d);
  const Gaussian fit = moment_fit(points);
  require(fit.has_density(), "particle_jko_step: the points' covariance is singular");
  const double n = static_cast<double>(points.cols());
  return std::pow(n, -2.0 / (static_cast<double>(d) + 4.0)) * fit.covariance();
}

std::vector<Index> lexicographic_order(const Matrix& points) {
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::lexicographical_compare(points.col(a).begin(), points.col(a).end(),
                                        points.col(b).begin(), points.col(b).end());
  });
  return order;
}

// F from what each point adds, with what the summation loses.
Estimate mean_term(const Vector& terms) {
  return Estimate::closed_form(terms.mean(), round_off(terms.cwiseAbs().mean(), 1) +
                                                 unit_round_off * terms.cwiseAbs().sum());
}

void require_particles(const Matrix& current,
                       const PointPotential& potential,
                       double step_size,
                       const ParticleJkoOptions& options) {
  require(std::isfinite(step_size) && step_size > 0.0,
          "particle_jko_step: the step size must be positive");
  require(std::isfinite(options.kernel_variance) && options.kernel_variance >= 0.0,
          "particle_jko_step: the kernel's variance must not be negative");
  require(options.gradient_tolerance > 0.0 && options.max_iterations >= 1 &&
              options.max_assignments >= 1,
          "particle_jko_step: the tolerance and the limits must be positive");
  require(current.rows() >= 1 && current.cols() >= current.rows() + 2,
          "particle_jko_step: expected at least d + 2 points");
  require(current.cols() <= options.largest_count,
          "particle_jko_step: more points than largest_count");
  require(current.allFinite(), "particle_jko_step: the points must be finite");
  for (Index i = 0; i < current.cols(); ++i) {
    const Vector gradient = potential.gradient(current.col(i));
    require(gradient.size() == current.rows(),
            "particle_jko_step: the potential has another dimension");
    require(gradient.allFinite() && std::isfinite(potential.value(current.col(i))),
            "particle_jko_step: the potential is not finite at a point");
  }
}

Termination particle_termination(bool assignment_kept,
                                 double gradient_norm,
                                 const ParticleJkoOptions& options,
                                 const ceres::GradientProblemSolver::Summary& summary) {
  if (!std::isfinite(gradient_norm)) return Termination::not_finite;
  if (gradient_norm > options.gradient_tolerance) {
    return summary.termination_type == ceres::NO_CONVERGENCE ? Termination::iteration_limit
                                                             : Termination::stalled;
  }
  return assignment_kept ? Termination::converged : Termination::iteration_limit;
}

// The step of points in lexicographic order.
ParticleJkoResult ordered_step(const Matrix& x,
                               const PointPotential& potential,
                               double step_size,
                               const ParticleJkoOptions& options) {
  const Matrix H = kernel_covariance(x, options.kernel_variance);
  auto* const objective = new ParticleObjective(x, potential, step_size, H);
  const ceres::GradientProblem problem(objective);  // takes ownership

  ParticleJkoResult result{.points = x, .start_objective = mean_term(objective->terms(x))};
  ceres::GradientProblemSolver::Summary summary;
  for (bool kept = false; !kept && result.assignments < options.max_assignments;) {
    ceres::Solve(particle_solver_options(options, x.rows()), problem, result.points.data(),
                 &summary);
    result.iterations += static_cast<int>(summary.iterations.size());
    ++result.assignments;
    result.gradient_norm = particle_norm(objective->gradient(result.points));

    const TransportResult transport = optimal_transport(PointCloud(x), PointCloud(result.points));
    result.squared_w2 = transport.squared_w2;
    const Matrix y = result.points;
    kept = true;
    for (const TransportArc& arc : transport.plan) {
      kept = kept && arc.from == arc.to;
      result.points.col(arc.from) = y.col(arc.to);
    }
    result.termination = particle_termination(kept, result.gradient_norm, options, summary);
  }
  result.objective = mean_term(objective->terms(result.points));
  result.error =
      estimate_first_order_error(x, result.points, potential, step_size, options.kernel_variance);
  return result;
}

}  // namespace

ParticleJkoResult particle_jko_step(const Matrix& current,
                                    const PointPotential& potential,
                                    double step_size,
                                    const ParticleJkoOptions& options) {
  require_particles(current, potential, step_size, options);
  const std::vector<Index> order = lexicographic_order(current);
  ParticleJkoResult result =
      ordered_step(current(Eigen::all, order), potential, step_size, options);
  const Matrix ordered = result.points;
  result.points(Eigen::all, order) = ordered;
  return result;
}

}  // namespace flowcheck
