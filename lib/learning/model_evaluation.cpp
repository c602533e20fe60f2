#include "learning/model_evaluation.hpp"

#include "distances/entropy.hpp"
#include "learning/network_pass.hpp"
#include "learning/stencils.hpp"
#include "learning/training.hpp"
#include "measures/mixture_posterior.hpp"
#include "measures/moment_fit.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "proximal/sample_first_order_error.hpp"

#include <Eigen/SVD>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

Estimate mean_of(const Vector& draws, double false_alarm) {
  if (!draws.allFinite()) return not_measured;
  return sample_mean({draws.begin(), draws.end()}, false_alarm);
}

Estimate root_mean_square(const Matrix& differences, double false_alarm) {
  return sqrt(mean_of(differences.colwise().squaredNorm().transpose(), false_alarm));
}

// √E|x − y|² of points where a block's steps there and back have taken other points, or the same by
// other steps: each rounds, and what the points differ by may be nothing else.
Estimate distance_moved(const ModelBlock& block,
                        const Matrix& points,
                        const Matrix& others,
                        double false_alarm) {
  const double size = std::sqrt(points.squaredNorm() / static_cast<double>(points.cols()));
  const Estimate seen = root_mean_square(points - others, false_alarm);
  if (seen.is_nan()) return seen;
  return max(widened(seen, round_off(size * block.steps, points.rows())), 0.0);
}

Matrix first_columns(const Matrix& points, Index count) {
  return points.leftCols(std::min(count, points.cols()));
}

// Every so manieth column, so that there are `most` or fewer.
Matrix spread_columns(const Matrix& points, Index most) {
  const Index stride = (points.cols() + most - 1) / most;
  return points(Eigen::all, Eigen::seq(Index{0}, Eigen::last, stride));
}

// What the finer integration adds to the mean of log densities, by some of them: this much, and the
// finer one is wrong by less than it changes.
Estimate integrator_change(const Vector& finer, const Vector& log_densities, double false_alarm) {
  const Vector coarse = spread_columns(log_densities.transpose(), finer.size()).transpose();
  const Estimate change = mean_of(finer - coarse, false_alarm);
  return Estimate::converged(change.value,
                             std::max(std::abs(change.lower), std::abs(change.upper)));
}

// Largest ‖DT‖ and ‖DT⁻¹‖ over some points, by central differences: σ of DT at one, of which the
// lower ends take off what differs from twice the step, three times the error in h², and round-off.
void measure_lipschitz(const ModelBlock& block, const Matrix& points, BlockMeasurement& result) {
  constexpr double h = 1e-4;
  const Stencils fine(points, h);
  const Stencils coarse(points, 2.0 * h);
  const Matrix images = push_block(block, fine.columns()).points;
  const Matrix wider = push_block(block, coarse.columns()).points;
  if (!images.allFinite() || !wider.allFinite()) return;
  const double size = images.cwiseAbs().maxCoeff() + fine.columns().cwiseAbs().maxCoeff();
  const double rounding = round_off(size, points.rows()) / h;
  result.lipschitz = Estimate::sampled_supremum(0.0);
  result.inverse_lipschitz = Estimate::sampled_supremum(0.0);
  for (Index j = 0; j < points.cols(); ++j) {
    const Matrix jacobian = fine.jacobian(images, j);
    const double error = (jacobian - coarse.jacobian(wider, j)).norm() + rounding;
    const Vector singular = Eigen::JacobiSVD<Matrix>(jacobian).singularValues();
    const double least = singular(singular.size() - 1);
    result.lipschitz = max(result.lipschitz, Estimate::sampled_supremum(singular(0), error));
    result.inverse_lipschitz =
        max(result.inverse_lipschitz,
            Estimate::between(1.0 / least, 1.0 / (least + error), infinity, Grade::sampled));
  }
}

// Up to rounding: kernels of the points' covariance, and its inverse, are noise there.
bool in_hyperplane(const Matrix& points) {
  constexpr double largest_condition = 1e12;
  return !(moment_fit(points).condition_number() <= largest_condition);
}

// By kernels on two disjoint halves of the test points, one before and one after the block:
// independent samples, as the estimator asks for. Its interval is that of Gaussian pairs, and none
// of these; but what is within it of 0 is not told from 0. Laws that stand closer together than
// their Gaussians, as in clusters, have less bias than these: their estimates are below 0.
void measure_by_kernels(const ModelBlock& block,
                        const Matrix& before,
                        const Matrix& after,
                        const EvaluationOptions& options,
                        BlockMeasurement& result) {
  const Index d = before.rows();
  const Index n = std::min(options.error_points, before.cols() / 2);
  if (n < d + 2) {
    result.no_first_order_error = "too few test points";
    return;
  }
  if (!before.allFinite() || !after.allFinite()) {
    result.no_first_order_error = "points that are not finite";
    return;
  }
  const Matrix x = before.leftCols(n);
  const Matrix y = after.rightCols(n);
  if (in_hyperplane(x) || in_hyperplane(y)) {
    result.no_first_order_error =
        fmt::format("{} test points lie in a hyperplane, and no density has them", n);
    return;
  }
  CalibratedFirstOrderError error;
  try {
    error = calibrated_first_order_error(x, y, gaussian_potential(Gaussian::standard(d)),
                                         block.step_size,
                                         {.seed = derive_seed(options.seed, "fit first order")});
  } catch (const std::runtime_error& failure) {  // an assignment that does not converge
    result.no_first_order_error = failure.what();
    return;
  }
  const Estimate& found = error.of_gaussians;
  if (!(found.lower > 0.0)) {
    result.no_first_order_error =
        fmt::format("not resolved by {} points: {:.3g} less a bias of {:.3g} ± {:.2g}", n,
                    error.reported.squared.value, error.bias.value, found.upper - found.value);
    return;
  }
  result.squared_first_order_error = Estimate::between(found.value, 0.0, infinity, Grade::sampled);
}

// The mean of what is finer of two resolutions: what they differ by is no less than what it gets
// wrong.
Estimate refined_mean(const Vector& coarse, const Vector& fine, double false_alarm) {
  const Estimate change = mean_of(fine - coarse, false_alarm);
  const double wrong = std::max(std::abs(change.lower), std::abs(change.upper));
  if (!std::isfinite(wrong)) return not_measured;
  return max(0.0, mean_of(fine, false_alarm) + Estimate::converged(0.0, wrong));
}

// |y + ∇log p_n(y) − (x − y)/h|² at the points y that the block makes of the x.
Vector squared_first_order_errors(const ModelBlock& block, CarriedPoints& carried) {
  const Matrix before = carried.points();
  carried.push(block);
  const Matrix after = carried.points();
  const Matrix field = after + carried.scores() - (before - after) / block.step_size;
  return field.colwise().squaredNorm().transpose();
}

// One value a test point, its mean over draws of time and noise: those are independent of each
// other, and the interval is that of new points.
Estimate regression_loss_of(const ModelBlock& block,
                            const Matrix& points,
                            const EvaluationOptions& options,
                            std::size_t n) {
  constexpr int draws = 8;
  constexpr Index chunk = 256;
  const Index d = points.rows();
  Rng rng(derive_seed(options.seed, "fit loss", n));
  NetworkPass<double> pass(block.network.shape);
  pass.set_parameters(block.network.parameters);
  NetworkTape<double> tape;
  RegressionBatch batch;
  Vector losses = Vector::Zero(points.cols());
  for (Index start = 0; start < points.cols(); start += chunk) {
    const Index count = std::min(chunk, points.cols() - start);
    const auto in_order = [&](Rng&, Matrix& some) { some = points.middleCols(start, count); };
    const RegressionSource source = regression_of(block, in_order);
    batch.resize(d, count);
    for (int k = 0; k < draws; ++k) {
      source(rng, batch);
      pass.forward(batch.points, batch.times, Matrix(d, 0), false, tape);
      losses.segment(start, count) +=
          (tape.outputs.topLeftCorner(d, count) - batch.targets).colwise().squaredNorm();
    }
  }
  return mean_of(losses / draws, options.false_alarm);
}

// v = α̇ m + β̇ (x − αm)/β with m = E[X|I_t = x], by the kernels that pictures of many components
// need. Times are stratified over [0, 1].
Estimate excess_loss_of(const ModelBlock& block,
                        const GaussianMixture& law,
                        const EvaluationOptions& options) {
  constexpr int strata = 16;
  constexpr Index points_a_time = 256;
  Rng rng(derive_seed(options.seed, "fit excess"));
  std::vector<double> losses;
  for (int k = 0; k < strata; ++k) {
    const double t = (k + rng.uniform()) / strata;
    const NoisingValues at = noising_values(interpolant_of(block), ou_step(block.step_size), t);
    const Matrix x = at.data * sample(law, points_a_time, rng) +
                     at.noise * rng.normal_matrix(law.dimension(), points_a_time);
    const Matrix m = MixturePosterior(law, at.data, at.noise).means(x);
    const Matrix v = at.data_rate * m + (at.noise_rate / at.noise) * (x - at.data * m);
    losses.push_back((velocity(block.network, t, x) - v).squaredNorm() /
                     static_cast<double>(points_a_time));
  }
  return sample_mean(losses, options.false_alarm);
}

class Evaluator {
 public:
  Evaluator(const FlowModel& model,
            const DataSplit& data,
            const KnownLaw& law,
            const EvaluationOptions& options,
            const std::function<void(double)>& progress,
            const std::atomic<bool>* stop)
      : model_(model),
        data_(data),
        law_(law),
        options_(options),
        progress_(progress),
        stop_(stop),
        alpha_(options.false_alarm),
        at_shares_(model.blocks.size()) {
    if (law.log_density) known_ = law.log_density(data.test);
  }

  ModelEvaluation operator()() {
    measure_blocks_on_data();
    if (stopped()) return std::move(result_);
    measure_blocks_on_noise();
    if (stopped()) return std::move(result_);
    compare_likelihoods();
    compare_samples();
    evaluate_guarantees();
    return std::move(result_);
  }

 private:
  bool stopped() const { return stop_ != nullptr && stop_->load(); }
  bool has_law() const { return known_.size() > 0; }

  // Of each of so many intervals that a guarantee combines: it misses with alpha_ at most.
  double share_of(std::size_t intervals) const { return alpha_ / static_cast<double>(intervals); }

  void report(double fraction) const {
    if (progress_) progress_(fraction);
  }

  // Each block on what the ones before have made of the test points. Their log densities are those
  // of log_densities(), on the way.
  void measure_blocks_on_data() {
    Matrix points = model_.scaling.to_model(data_.test);
    Vector volume = Vector::Constant(points.cols(), model_.scaling.log_determinant);
    Matrix fine_points = spread_columns(points, options_.refined_points);
    Vector fine_volume = Vector::Constant(fine_points.cols(), model_.scaling.log_determinant);
    if (has_law() && law_.smooth && model_.method == ModelMethod::jko) begin_carrying();
    for (std::size_t n = 0; n < model_.blocks.size() && !stopped(); ++n) {
      const ModelBlock& block = model_.blocks[n];
      BlockMeasurement measured;
      PushedPoints pushed = push_block(block, points, true);
      measured.moved = root_mean_square(pushed.points - points, alpha_);
      volume += pushed.divergence_integral;
      log_densities_ = volume + standard_normal_log_densities(pushed.points);
      PushedPoints fine = push_block(block, fine_points, true, 2);
      fine_points = std::move(fine.points);
      fine_volume += fine.divergence_integral;
      integrator_ = integrator_change(fine_volume + standard_normal_log_densities(fine_points),
                                      log_densities_, alpha_);
      measured.nll_as_last = -mean_of(log_densities_, alpha_) - integrator_;
      if (has_law()) {
        measured.kl_to_normal = mean_of(known_ - log_densities_, alpha_) - integrator_;
      }
      measure_lipschitz(block, first_columns(points, options_.lipschitz_points), measured);
      const Matrix some = first_columns(points, options_.sample_points);
      const Matrix back = pull_block(block, first_columns(pushed.points, options_.sample_points));
      measured.data_round_trip = distance_moved(block, some, back, alpha_);
      if (model_.method == ModelMethod::jko) {
        if (carried_.empty()) {
          measure_by_kernels(block, points, pushed.points, options_, measured);
          at_shares_[n].squared_first_order_error = measured.squared_first_order_error;
        } else {
          measure_exactly(block, measured, at_shares_[n]);
          if (measured.squared_first_order_error.is_nan()) {
            measured.no_first_order_error = "points that are not finite";
          }
        }
      } else {
        measured.regression_loss = regression_loss_of(block, points, options_, n);
        if (n == 0 && law_.mixture) {
          measured.excess_loss =
              excess_loss_of(block, pushforward(model_.scaling.map, *law_.mixture), options_);
        }
      }
      result_.blocks.push_back(measured);
      points = std::move(pushed.points);
      report(0.6 * static_cast<double>(n + 1) / static_cast<double>(model_.blocks.size()));
    }
  }

  // The coarser and the finer of two resolutions, of the differences and of the blocks' steps.
  void begin_carrying() {
    constexpr double h = 1e-4;
    const Index a_point = 1 + 2 * model_.dimension();
    const Index count = std::max<Index>(2, options_.score_points / a_point);
    const Matrix points = model_.scaling.to_model(first_columns(data_.test, count));
    for (const int refinement : {1, 2}) {
      const Stencils stencils(points, 2.0 * h / refinement);
      const Vector log_density = law_.log_density(model_.scaling.to_data(stencils.columns()));
      carried_.emplace_back(stencils, log_density, refinement);
    }
  }

  void measure_exactly(const ModelBlock& block,
                       BlockMeasurement& measured,
                       BlockMeasurement& at_share) {
    const Vector coarse = squared_first_order_errors(block, carried_.front());
    const Vector fine = squared_first_order_errors(block, carried_.back());
    measured.squared_first_order_error = refined_mean(coarse, fine, alpha_);
    at_share.squared_first_order_error =
        refined_mean(coarse, fine, share_of(model_.blocks.size() + 1));
  }

  // The model's samples, from noise to data.
  void measure_blocks_on_noise() {
    Rng rng(derive_seed(options_.seed, "fit samples"));
    Matrix points = rng.normal_matrix(model_.dimension(), options_.sample_points);
    for (std::size_t n = model_.blocks.size(); n-- > 0 && !stopped();) {
      const ModelBlock& block = model_.blocks[n];
      Matrix pulled = pull_block(block, points);
      const Matrix pushed = push_block(block, pulled).points;
      const Matrix finer = pull_block(block, points, 2);
      const auto measure = [&](double alpha, BlockMeasurement& measured) {
        measured.noise_round_trip = distance_moved(block, points, pushed, alpha);
        const Estimate change = distance_moved(block, pulled, finer, alpha);
        measured.inversion_error = max(change + Estimate::converged(0.0, change.value), 0.0);
      };
      measure(alpha_, result_.blocks[n]);
      measure(share_of(model_.blocks.size()), at_shares_[n]);
      points = std::move(pulled);
    }
    sample_size_ = std::sqrt(points.squaredNorm() / static_cast<double>(points.cols()));
    result_.samples = model_.scaling.to_data(points);
    report(0.7);
  }

  void compare_likelihoods() {
    result_.test_nll = result_.blocks.back().nll_as_last;
    const Vector gaussian = flowcheck::log_densities(moment_fit(data_.train), data_.test);
    result_.gaussian_nll = -mean_of(gaussian, alpha_);
    // A model that moves nothing is the Gaussian: its difference is round-off, the same at each
    // point, and the deviation says nothing of it.
    const double size =
        std::max(gaussian.cwiseAbs().maxCoeff(), log_densities_.cwiseAbs().maxCoeff()) +
        std::abs(model_.scaling.log_determinant);
    result_.nll_difference = mean_of(gaussian - log_densities_, alpha_) - integrator_ +
                             Estimate::closed_form(0.0, round_off(size, model_.dimension()));
    if (has_law()) {
      result_.entropy = entropy_of_law();
      // Point by point, and not by that entropy: log p and log q̂ rise and fall together.
      result_.entropy_gap = mean_of(known_ - log_densities_, alpha_) - integrator_;
    }
    report(0.9);
  }

  // By quadrature where that is a matter of a second or two.
  Estimate entropy_of_law() const {
    constexpr Index most_components = 32;  // in the plane
    const bool by_quadrature =
        law_.mixture &&
        (law_.mixture->dimension() == 1 ||
         (law_.mixture->dimension() == 2 && law_.mixture->size() <= most_components));
    return by_quadrature ? entropy(*law_.mixture) : -mean_of(known_, alpha_);
  }

  void compare_samples() {
    if (!result_.samples.allFinite()) return;
    const PointCloud test(first_columns(data_.test, options_.sample_points));
    const PointCloud samples(result_.samples);
    result_.mmd_bandwidth = published_scale * median_distance(test);
    if (result_.mmd_bandwidth > 0.0) {
      result_.mmd = squared_mmd(samples, test, kernel_rate(result_.mmd_bandwidth),
                                {.false_alarm = alpha_, .seed = options_.seed});
    }
  }

  void add(const char* claim, const char* statement, const Estimate& bound) {
    result_.guarantees.push_back({.claim = claim, .statement = statement, .bound = bound});
  }
  void leave_out(const char* claim, const char* statement, std::string why) {
    result_.guarantees.push_back(
        {.claim = claim, .statement = statement, .not_evaluated = std::move(why)});
  }

  void evaluate_guarantees() {
    constexpr const char* pinsker = "TV(p_0, q_0) <= sqrt(KL(p_0 || q_0)/2)";
    if (has_law()) {
      add("LFM-13", pinsker, sqrt(max(0.0, result_.entropy_gap) / 2.0));
    } else {
      leave_out("LFM-13", pinsker, "the data's entropy is not known");
    }
    if (model_.method != ModelMethod::jko) {
      leave_out("LFM-16", "chi2(p_N || q) <= sup(p_N/q) eps_N S_N",
                "sup(p_N/q) and S_N: no number of points bounds them from above, for what they "
                "miss may make them infinite (docs/derivations/learned_last_block.md)");
    }
    // What S_n is off T_n⁻¹ is told by finer steps: T_n is the flow that they converge to. What
    // S_n and T_n do not undo is told of the maps themselves.
    evaluate_inversion(
        {.claim = "LFM-18",
         .statement = "W2(q_0, q~_0) <= sum_n eta_n prod_{j<n} Lip(T_j^-1), T_n the network's flow",
         .error = &BlockMeasurement::inversion_error,
         .log_lipschitz = [](const ModelBlock& block) { return lipschitz_bound(block.network); }});
    if (model_.method != ModelMethod::jko) return;
    evaluate_inversion(
        {.claim = "JKO-27",
         .statement = "W2(q_0, q~_0) <= sum_n eps_inv prod_{j<=n} Lip(T_j^-1), T_n the RK4 map",
         .error = &BlockMeasurement::noise_round_trip,
         .log_lipschitz = log_inverse_lipschitz_bound,
         .with_own = true});
    evaluate_jko_guarantee();
  }

  struct InversionClaim {
    const char* claim = "";
    const char* statement = "";
    Estimate BlockMeasurement::*error = nullptr;
    double (*log_lipschitz)(const ModelBlock& block) = nullptr;  // of T_n⁻¹, from above
    bool with_own = false;
  };

  // Constants seen at some points bound Lip from below only, those of the layers' norms from above.
  // W2(q_0, q~_0) is at most the sum of both laws' root mean squares, and that of q_0 is taken for
  // that of the samples: a bound that is no less says nothing and is left out.
  void evaluate_inversion(const InversionClaim& of) {
    if (!std::isfinite(sample_size_)) {
      return leave_out(of.claim, of.statement, "q~_0: a sample of the model is not finite");
    }
    std::vector<Estimate> errors;
    std::vector<double> from_norms;
    std::vector<double> seen;
    for (std::size_t n = 0; n < result_.blocks.size(); ++n) {
      errors.push_back(at_shares_[n].*of.error);
      from_norms.push_back(of.log_lipschitz(model_.blocks[n]));
      seen.push_back(std::log(result_.blocks[n].inverse_lipschitz.value));
    }
    const auto used = static_cast<std::ptrdiff_t>(from_norms.size()) - (of.with_own ? 0 : 1);
    const double exponent = std::accumulate(from_norms.begin(), from_norms.begin() + used, 0.0);
    const Estimate bound = accumulated_error(errors, from_norms, of.with_own);
    if (exponent == 0.0 || bound.upper < 2.0 * sample_size_)
      return add(of.claim, of.statement, bound);
    const std::string why =
        std::isfinite(exponent)
            ? fmt::format("the layers' norms bound the product by e^{:.4g} only", exponent)
            : std::string("the layers' norms do not say that the steps have inverses");
    leave_out(of.claim, of.statement,
              fmt::format("Lip(T_j^-1): {}, and points bound it from below; with the largest seen "
                          "at {} of them the right side would be {:.3g}",
                          why, options_.lipschitz_points,
                          accumulated_error(errors, seen, of.with_own).value));
  }

  // By the upper ends of eps_n, where there are any. A bound that is no less than what noise itself
  // is off the data by, the model before its first block, is left out.
  void evaluate_jko_guarantee() {
    constexpr const char* statement =
        "KL(p_0 || q_0) <= (sqrt(2 KL(p_0 || q)) prod_n 1/(1 + h_n) + max eps_n)^2/2";
    if (!has_law()) {
      return leave_out("JKO-23", statement, "KL(p_0 || q): the data's entropy is not known");
    }
    Estimate error = 0.0;
    double shrink = 1.0;
    for (std::size_t n = 0; n < result_.blocks.size(); ++n) {
      const Estimate& squared = at_shares_[n].squared_first_order_error;
      if (squared.is_nan()) {
        return leave_out("JKO-23", statement, "eps_n: " + result_.blocks[n].no_first_order_error);
      }
      error = max(error, sqrt(max(0.0, squared)));
      shrink /= 1.0 + model_.blocks[n].step_size;
    }
    const Vector noise =
        standard_normal_log_densities(model_.scaling.to_model(data_.test)).array() +
        model_.scaling.log_determinant;
    const double share = share_of(model_.blocks.size() + 1);
    const Estimate start = max(0.0, mean_of(known_ - noise, share));
    Estimate bound = square(sqrt(2.0 * start) * shrink + error) / 2.0;
    std::string why;
    if (std::isinf(error.upper)) {
      why = "eps_n: a kernel estimate, which nothing bounds from above; at it";
    } else if (model_.dimension() > 1) {
      why =
          "eps_n: it is that of the optimal maps from p_n to p_{n-1}, and the blocks' inverses are "
          "not known to be optimal; with them in its place";
    } else {
      bound.value = bound.upper;
      if (bound.value < start.value) return add("JKO-23", statement, bound);
      why = fmt::format("it says nothing beside KL(p_0 || q) = {:.3g}:", start.value);
    }
    leave_out("JKO-23", statement,
              fmt::format("{} the right side would be {:.3g}", why, bound.value));
  }

  const FlowModel& model_;
  const DataSplit& data_;
  const KnownLaw& law_;
  EvaluationOptions options_;
  std::function<void(double)> progress_;
  const std::atomic<bool>* stop_;
  double alpha_;
  Vector known_;                             // log p of the law at the test points
  Vector log_densities_;                     // of the model there
  std::vector<CarriedPoints> carried_;       // coarse and fine, where the score is known
  Estimate integrator_ = not_measured;       // what the finer integration adds to their mean
  std::vector<BlockMeasurement> at_shares_;  // the constants of the guarantees, by share_of()
  double sample_size_ = not_measured;        // √E|x|² of the samples, in the model's coordinates
  ModelEvaluation result_;
};

}  // namespace

Estimate accumulated_error(const std::vector<Estimate>& errors,
                           const std::vector<double>& log_lipschitz,
                           bool with_own) {
  require(errors.size() == log_lipschitz.size(), "accumulated_error: as many constants as errors");
  Estimate sum = 0.0;
  Estimate exponent = 0.0;
  for (std::size_t n = 0; n < errors.size(); ++n) {
    const Estimate before = exponent;
    exponent = exponent + log_lipschitz[n];
    sum = sum + errors[n] * exp(with_own ? exponent : before);
  }
  return max(0.0, sum);  // sums round outwards, below zero too
}

Vector log_densities(const Gaussian& p, const Matrix& points) {
  const Matrix scaled = p.inverse_factor() * (points.colwise() - p.mean());
  const double volume = 0.5 * p.eigenvalues().array().log().sum();
  return standard_normal_log_densities(scaled).array() - volume;
}

Estimate mean_nll(const FlowModel& model,
                  const Matrix& points,
                  const Vector& log_densities,
                  const EvaluationOptions& options) {
  const Vector finer =
      flowcheck::log_densities(model, spread_columns(points, options.refined_points), 2);
  return -mean_of(log_densities, options.false_alarm) -
         integrator_change(finer, log_densities, options.false_alarm);
}

ModelEvaluation evaluate_model(const FlowModel& model,
                               const DataSplit& data,
                               const KnownLaw& law,
                               const EvaluationOptions& options,
                               const std::function<void(double)>& progress,
                               const std::atomic<bool>* stop) {
  require(model.dimension() == data.test.rows() && data.test.cols() >= 2,
          "evaluate_model: test points of the model's dimension, two at least");
  require(!model.blocks.empty(), "evaluate_model: the model has no block");
  return Evaluator(model, data, law, options, progress, stop)();
}

}  // namespace flowcheck
