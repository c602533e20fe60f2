#pragma once

#include "distances/two_sample.hpp"
#include "learning/data_split.hpp"
#include "learning/flow_model.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/estimate.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace flowcheck {

struct EvaluationOptions {
  double false_alarm = 0.05;     ///< of each interval
  Index refined_points = 2000;   ///< test points, at most, that are integrated by twice the steps
  Index sample_points = 2000;    ///< of the model: MMD, inversion
  Index lipschitz_points = 100;  ///< at which Jacobians are taken
  Index error_points = 300;      ///< a cloud of the kernel estimate of a JKO block's error
  Index score_points = 5000;     ///< with their neighbours, where a JKO block's error is exact
  std::uint64_t seed = 1;
};

/// What is known of the data's law beside its points, in the data's own units; or nothing.
struct KnownLaw {
  std::function<Vector(const Matrix& points)> log_density = {};
  std::shared_ptr<const GaussianMixture> mixture = {};  ///< where it is one: with its velocities
  bool smooth = true;  ///< false: the density jumps, and its score is no function
};

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// What one block T_n does to p_{n−1}, in the model's coordinates. NaN: not known for this data or
/// this method.
struct BlockMeasurement {
  /// √E_p|T_n x − x|²: at least W₂(p_{n−1}, p_n), and equal to it for an optimal map.
  Estimate moved = not_measured;
  Estimate kl_to_normal = not_measured;  ///< KL(p_n ‖ N(0, I)), where the data's entropy is known
  Estimate nll_as_last = not_measured;   ///< test NLL of the model cut off after this block
  Estimate lipschitz = not_measured;     ///< sup ‖DT_n‖ over some test points: a lower bound
  Estimate inverse_lipschitz = not_measured;  ///< sup ‖DT_n⁻¹‖ over the same
  Estimate data_round_trip = not_measured;    ///< ‖S_n∘T_n − Id‖ under p_{n−1}
  Estimate noise_round_trip = not_measured;   ///< ‖T_n∘S_n − Id‖ under q̃_n
  Estimate inversion_error = not_measured;  ///< ‖S_n − T_n⁻¹‖ under q̃_n, by twice the steps
  /// jko: E_{p_n}|y + ∇log p_n(y) − (T_n⁻¹y − y)/h_n|², which is ε_n² where T_n is optimal: always
  /// for d = 1. By CarriedPoints where the data's law is known and smooth. Else by
  /// calibrated_first_order_error(): kernels, which smooth the ripples of p_n away and may be wrong
  /// by its size; enclosed in [0, ∞) only, grade `sampled`, and not measured where it is not beyond
  /// the interval that its bias has for Gaussian pairs.
  Estimate squared_first_order_error = not_measured;
  std::string no_first_order_error = {};    ///< jko: why there is none; else ""
  Estimate regression_loss = not_measured;  ///< fm, lfm: ε_n² and the loss's floor together
  /// fm, lfm: ε_n² = ∫₀¹ E|v̂_n − v_n|² dt, v_n the population's velocity: of the first block of a
  /// known mixture.
  Estimate excess_loss = not_measured;
};

/// Σ_n e_n Π_{j<n} Lip_j over blocks n = 1 … N (LFM-18), or with the n-th constant too (JKO-27).
///
/// @param errors         e_n ≥ 0
/// @param log_lipschitz  log Lip_n, bounds from above, as many
Estimate accumulated_error(const std::vector<Estimate>& errors,
                           const std::vector<double>& log_lipschitz,
                           bool with_own);

/// A bound of the theory with measured constants in it. Each interval of the k that it combines is
/// at the level false_alarm/k, so that the bound misses with false_alarm at most.
struct Guarantee {
  std::string claim = {};      ///< "LFM-18"
  std::string statement = {};  ///< with its symbols
  Estimate bound = not_measured;
  std::string not_evaluated = {};  ///< why there is no bound; else ""
};

struct ModelEvaluation {
  Estimate test_nll = not_measured;        ///< nats, the data's own units
  Estimate gaussian_nll = not_measured;    ///< of the Gaussian with the training points' moments
  Estimate nll_difference = not_measured;  ///< of the two, point by point
  Estimate entropy = not_measured;         ///< of the known law: by quadrature for a mixture in
                                           ///< d ≤ 2 of few components, else by the test points
  /// KL(law ‖ model), the mean of log p − log q̂ over the test points: of less spread than
  /// test_nll − entropy.
  Estimate entropy_gap = not_measured;
  TwoSampleResult mmd = {};  ///< of model samples and test points, squared
  double mmd_bandwidth = 0.0;
  Matrix samples = {};  ///< of the model, d × sample_points, the data's own units
  std::vector<BlockMeasurement> blocks = {};
  std::vector<Guarantee> guarantees = {};
};

/// Everything on the test points, which no fit has seen. The model's inverse S_n is the same RK4
/// run backwards.
/// @param stop  becomes true: returns early with what there is
[[nodiscard]] ModelEvaluation evaluate_model(const FlowModel& model,
                                             const DataSplit& data,
                                             const KnownLaw& law = {},
                                             const EvaluationOptions& options = {},
                                             const std::function<void(double)>& progress = {},
                                             const std::atomic<bool>* stop = nullptr);

/// −mean log p of a model, by twice the steps that `log_densities` took, with its interval:
/// sampling, and what the steps change.
Estimate mean_nll(const FlowModel& model,
                  const Matrix& points,
                  const Vector& log_densities,
                  const EvaluationOptions& options = {});

/// log of a Gaussian's density at each column.
Vector log_densities(const Gaussian& p, const Matrix& points);

}  // namespace flowcheck
