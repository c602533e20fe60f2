#include "learning/block_path.hpp"

#include "flows/perturbed_flow.hpp"
#include "learning/time_panels.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/Cholesky>
#include <Eigen/SVD>

#include <cmath>
#include <functional>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

GaussianMixture right_law(const GaussianMixture& data, double step_size) {
  // The free block's right end is one Gaussian, whatever the data are.
  if (step_size == infinity) return GaussianMixture(Gaussian::standard(data.dimension()));
  return ou_law(data, step_size);
}

// Joint law of (I, İ) in one component: means, Cov(I), Cov(İ, I) and tr Cov(İ).
struct JointComponent {
  double weight = 1.0;
  Vector mean = {};
  Vector mean_rate = {};
  Matrix covariance = {};
  Matrix cross = {};
  double rate_variance = 0.0;
};

// I = αx + βg with x of one component of the data.
JointComponent dependent_component(const GaussianMixture& p, Index k, const NoisingValues& at) {
  const Index d = p.dimension();
  const Matrix I = Matrix::Identity(d, d);
  const Matrix& S = p.covariance(k);
  return {.weight = p.weights()(k),
          .mean = at.data * p.means().col(k),
          .mean_rate = at.data_rate * p.means().col(k),
          .covariance = at.data * at.data * S + at.noise * at.noise * I,
          .cross = at.data * at.data_rate * S + at.noise * at.noise_rate * I,
          .rate_variance = at.data_rate * at.data_rate * S.trace() +
                           at.noise_rate * at.noise_rate * static_cast<double>(d)};
}

// I = A x_l + B x_r with independent ends of one component each.
JointComponent independent_component(const GaussianMixture& left,
                                     Index i,
                                     const GaussianMixture& right,
                                     Index j,
                                     const InterpolantValues& at) {
  const Matrix& S = left.covariance(i);
  const Matrix& T = right.covariance(j);
  return {.weight = left.weights()(i) * right.weights()(j),
          .mean = at.left * left.means().col(i) + at.right * right.means().col(j),
          .mean_rate = at.left_rate * left.means().col(i) + at.right_rate * right.means().col(j),
          .covariance = at.left * at.left * S + at.right * at.right * T,
          .cross = at.left * at.left_rate * S + at.right * at.right_rate * T,
          .rate_variance =
              at.left_rate * at.left_rate * S.trace() + at.right_rate * at.right_rate * T.trace()};
}

std::vector<JointComponent> joint_components(const BlockPath& path, double t) {
  const InterpolantValues at = interpolant_values(path.interpolant(), t);
  const NoisingValues noised = noising_values(path.interpolant(), ou_step(path.step_size()), t);
  const GaussianMixture& p = path.data();
  std::vector<JointComponent> components;
  for (Index i = 0; i < p.size(); ++i) {
    if (p.weights()(i) == 0.0) continue;
    if (path.is_dependent()) {
      components.push_back(dependent_component(p, i, noised));
      continue;
    }
    for (Index j = 0; j < path.right().size(); ++j) {
      if (path.right().weights()(j) == 0.0) continue;
      components.push_back(independent_component(p, i, path.right(), j, at));
    }
  }
  return components;
}

GaussianMixture mixture_of(const std::vector<JointComponent>& components) {
  const auto count = static_cast<Index>(components.size());
  Vector weights(count);
  Matrix means(components.front().mean.size(), count);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < count; ++k) {
    const JointComponent& component = components[static_cast<std::size_t>(k)];
    weights(k) = component.weight;
    means.col(k) = component.mean;
    covariances.push_back(component.covariance);
  }
  return {std::move(weights), std::move(means), std::move(covariances)};
}

// Calls f with the nodes of each component's law and their weights, the component's included.
void visit_slice(const BlockSlice& slice,
                 const NoiseRule& noise,
                 const std::function<void(const Matrix&, const Vector&)>& f) {
  const GaussianMixture& law = slice.law();
  for (Index k = 0; k < law.size(); ++k) {
    f((law.kernel(k).factor() * noise.nodes).colwise() + law.means().col(k),
      law.weights()(k) * noise.weights);
  }
}

struct EnergySums {
  double kinetic = 0.0;
  double floor = 0.0;
};

// Calls f with each slice, its time's weight, and the nodes of a component with theirs.
template <class F>
void visit_path(const BlockPath& path, int panels, int nodes, const F& f) {
  const TimeRule rule = gauss_rule(equal_panels(panels));
  const NoiseRule noise = noise_rule(path.data().dimension(), nodes);
  for (std::size_t i = 0; i < rule.times.size(); ++i) {
    const BlockSlice slice = path.at(rule.times[i]);
    visit_slice(slice, noise, [&](const Matrix& points, const Vector& weights) {
      f(slice, rule.times[i], points, Vector(rule.weights[i] * weights));
    });
  }
}

EnergySums energy_sums(const BlockPath& path, int panels, int nodes) {
  EnergySums sums;
  visit_path(path, panels, nodes,
             [&](const BlockSlice& slice, double, const Matrix& points, const Vector& weights) {
               sums.kinetic +=
                   slice.velocities(points).colwise().squaredNorm().transpose().dot(weights);
               sums.floor += slice.residuals(points).dot(weights);
             });
  return sums;
}

double error_sum(const BlockPath& path, const LearnedField& learned, int panels, int nodes) {
  double sum = 0.0;
  visit_path(path, panels, nodes,
             [&](const BlockSlice& slice, double t, const Matrix& points, const Vector& weights) {
               const Matrix gap = learned(t, points) - slice.velocities(points);
               sum += gap.colwise().squaredNorm().transpose().dot(weights);
             });
  return sum;
}

double largest_gradient(const BlockSlice& slice, const Matrix& points) {
  if (points.rows() == 1) return slice.divergences(points).lpNorm<Eigen::Infinity>();
  double largest = 0.0;
  for (Index j = 0; j < points.cols(); ++j) {
    const Eigen::JacobiSVD<Matrix> svd(slice.jacobian(points.col(j)));
    largest = std::max(largest, svd.singularValues()(0));
  }
  return largest;
}

}  // namespace

BlockSlice::Posterior BlockSlice::posterior(const Matrix& points) const {
  require(points.rows() == law_.dimension(), "BlockSlice: the points have another dimension");
  const auto count = static_cast<Index>(components_.size());
  Posterior result{.weights = Matrix(count, points.cols())};
  for (Index k = 0; k < count; ++k) {
    const Component& component = components_[static_cast<std::size_t>(k)];
    const Matrix gaps = points.colwise() - component.mean;
    result.scores.push_back(-component.precision * gaps);
    result.rates.push_back((component.slope * gaps).colwise() + component.mean_rate);
    result.weights.row(k) = 0.5 * gaps.cwiseProduct(result.scores.back()).colwise().sum().array() +
                            component.log_factor;
  }
  const Eigen::RowVectorXd largest = result.weights.colwise().maxCoeff();
  result.weights = (result.weights.rowwise() - largest).array().exp();
  const Eigen::RowVectorXd total = result.weights.colwise().sum();
  result.weights.array().rowwise() /= total.array();
  result.log_totals = (largest.array() + total.array().log()).transpose() -
                      0.5 * std::log(2.0 * std::numbers::pi) * static_cast<double>(points.rows());
  return result;
}

namespace {

// Σ rₖ fₖ at each column.
Matrix averaged(const Matrix& weights, const std::vector<Matrix>& values) {
  Matrix sum = Matrix::Zero(values.front().rows(), weights.cols());
  for (Index k = 0; k < weights.rows(); ++k) {
    sum.array() += values[static_cast<std::size_t>(k)].array().rowwise() * weights.row(k).array();
  }
  return sum;
}

}  // namespace

Matrix BlockSlice::velocities(const Matrix& points) const {
  const Posterior known = posterior(points);
  return averaged(known.weights, known.rates);
}

PathValues BlockSlice::values(const Matrix& points) const {
  const Posterior known = posterior(points);
  return {.log_densities = known.log_totals,
          .scores = averaged(known.weights, known.scores),
          .velocities = averaged(known.weights, known.rates)};
}

Vector BlockSlice::divergences(const Matrix& points) const {
  const Posterior known = posterior(points);
  const Matrix v = averaged(known.weights, known.rates);
  const Matrix s = averaged(known.weights, known.scores);
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(points.cols());
  for (std::size_t k = 0; k < components_.size(); ++k) {
    const Eigen::RowVectorXd own =
        (known.rates[k] - v).cwiseProduct(known.scores[k] - s).colwise().sum();
    sum.array() += known.weights.row(static_cast<Index>(k)).array() *
                   (own.array() + components_[k].slope.trace());
  }
  return sum.transpose();
}

Vector BlockSlice::residuals(const Matrix& points) const {
  const Posterior known = posterior(points);
  const Matrix v = averaged(known.weights, known.rates);
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(points.cols());
  for (std::size_t k = 0; k < components_.size(); ++k) {
    const Eigen::RowVectorXd own = (known.rates[k] - v).colwise().squaredNorm();
    sum.array() +=
        known.weights.row(static_cast<Index>(k)).array() * (own.array() + components_[k].residual);
  }
  return sum.transpose();
}

Matrix BlockSlice::jacobian(const Vector& x) const {
  const Posterior known = posterior(x);
  const Vector v = averaged(known.weights, known.rates);
  const Vector s = averaged(known.weights, known.scores);
  Matrix sum = Matrix::Zero(x.size(), x.size());
  for (std::size_t k = 0; k < components_.size(); ++k) {
    sum += known.weights(static_cast<Index>(k), 0) *
           (components_[k].slope + (known.rates[k] - v) * (known.scores[k] - s).transpose());
  }
  return sum;
}

BlockPath::BlockPath(GaussianMixture data,
                     double step_size,
                     Interpolant interpolant,
                     Coupling coupling)
    : data_(std::move(data)),
      right_(right_law(data_, step_size)),
      step_size_(step_size),
      interpolant_(interpolant),
      dependent_(coupling == Coupling::dependent) {}

GaussianMixture BlockPath::law(double t) const {
  return mixture_of(joint_components(*this, t));
}

BlockSlice BlockPath::at(double t) const {
  const std::vector<JointComponent> joint = joint_components(*this, t);
  GaussianMixture law = mixture_of(joint);
  require(law.has_density(), "BlockPath: the law at this time has no density");
  std::vector<BlockSlice::Component> components;
  for (const JointComponent& component : joint) {
    const Eigen::LLT<Matrix> factor(component.covariance);
    const Index d = component.mean.size();
    const Matrix precision = factor.solve(Matrix::Identity(d, d));
    const Matrix slope = factor.solve(component.cross.transpose()).transpose();
    components.push_back(
        {.mean = component.mean,
         .mean_rate = component.mean_rate,
         .slope = slope,
         .precision = precision,
         .log_factor =
             std::log(component.weight) - Matrix(factor.matrixL()).diagonal().array().log().sum(),
         .residual = component.rate_variance - slope.cwiseProduct(component.cross).sum()});
  }
  return {std::move(law), std::move(components)};
}

VelocityField BlockPath::velocity() const {
  return [path = *this](double t, const Vector& x) { return path.at(t).velocity(x); };
}

TangentField BlockPath::tangent_field() const {
  return [path = *this](double t, const Vector& x) {
    const BlockSlice slice = path.at(t);
    return LocalFlow{.velocity = slice.velocity(x), .jacobian = slice.jacobian(x)};
  };
}

double second_moment(const GaussianMixture& p) {
  double sum = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    sum += p.weights()(k) * (p.means().col(k).squaredNorm() + p.covariance(k).trace());
  }
  return sum;
}

Estimate squared_rate(const BlockPath& path) {
  const double left = second_moment(path.data());
  const double right = second_moment(path.right());
  const double decay = ou_step(path.step_size()).decay;
  const double product =
      path.is_dependent() ? decay * left : decay * path.data().mean().squaredNorm();
  constexpr double pi = std::numbers::pi;
  const double value = path.interpolant() == Interpolant::linear
                           ? left + right - 2.0 * product
                           : 0.25 * pi * pi * (0.5 * (left + right) - 2.0 * product / pi);
  return Estimate::closed_form(value, round_off(left + right, path.data().dimension()));
}

Estimate squared_velocity_error(const BlockPath& path,
                                const LearnedField& learned,
                                const BlockEnergyOptions& options) {
  require(path.data().dimension() <= 2, "squared_velocity_error: in one or two dimensions");
  const double coarse = error_sum(path, learned, options.panels, options.nodes);
  const double fine = error_sum(path, learned, 2 * options.panels, 2 * options.nodes);
  return Estimate::converged(fine, std::abs(fine - coarse),
                             round_off(fine, path.data().dimension()));
}

BlockEnergies block_energies(const BlockPath& path, const BlockEnergyOptions& options) {
  require(path.data().dimension() <= 2, "block_energies: by quadrature in one or two dimensions");
  const EnergySums coarse = energy_sums(path, options.panels, options.nodes);
  const EnergySums fine = energy_sums(path, 2 * options.panels, 2 * options.nodes);
  const double rounding = round_off(squared_rate(path).value, path.data().dimension());
  const auto estimate = [rounding](double value, double other) {
    return Estimate::converged(value, std::abs(value - other), rounding);
  };
  return {.kinetic = estimate(fine.kinetic, coarse.kinetic),
          .floor = estimate(fine.floor, coarse.floor)};
}

Estimate steepest_gradient(const BlockPath& path, const BlockEnergyOptions& options) {
  require(path.data().dimension() <= 2, "steepest_gradient: in one or two dimensions");
  const NoiseRule noise = noise_rule(path.data().dimension(), options.nodes);
  const int steps = 10 * options.panels;
  double largest = 0.0;
  for (int i = path.data().has_density() ? 0 : 1; i <= steps; ++i) {
    const BlockSlice slice = path.at(static_cast<double>(i) / steps);
    visit_slice(slice, noise, [&](const Matrix& points, const Vector&) {
      largest = std::max(largest, largest_gradient(slice, points));
    });
  }
  return Estimate::sampled_supremum(largest, round_off(largest, path.data().dimension()));
}

}  // namespace flowcheck
