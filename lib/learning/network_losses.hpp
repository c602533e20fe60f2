#pragma once

// For this module's own sources: losses of a network on one batch, with their gradients.

#include "learning/network_pass.hpp"
#include "learning/training.hpp"

namespace flowcheck {

/// n⁻¹ Σ_j |v(t_j, x_j) − y_j|².
template <class Scalar>
class RegressionLoss {
 public:
  explicit RegressionLoss(const NetworkShape& shape, VectorForm form = widest_vector_form())
      : pass_(shape, form) {}

  const NetworkPass<Scalar>& pass() const { return pass_; }
  double operator()(const Eigen::Ref<const Column<Scalar>>& parameters,
                    const RegressionBatch& batch,
                    Eigen::Ref<Column<Scalar>> gradient);
  /// Without the gradient, for a third of the cost.
  double value(const Eigen::Ref<const Column<Scalar>>& parameters, const RegressionBatch& batch);

 private:
  // Checks the batch, and gives the number of points a pass.
  Index begin(const Eigen::Ref<const Column<Scalar>>& parameters, const RegressionBatch& batch);
  // Σ_j over some of the points; their residuals_ afterwards.
  double forward(const RegressionBatch& batch, Index start, Index count, bool backward);

  NetworkPass<Scalar> pass_;
  NetworkTape<Scalar> tape_ = {};
  NetworkGradient<Scalar> gradient_ = {};
  Array<Scalar> points_ = {}, no_probes_ = {}, residuals_ = {};
  Column<Scalar> times_ = {}, no_divergence_ = {};
};

/// n⁻¹ Σ_j [½|x_1|² − ∫ div v dt + |x_1 − x_0|²/(2h)] as train_jko_block() has it.
template <class Scalar>
class BlockLoss {
 public:
  BlockLoss(const NetworkShape& shape,
            const JkoBlockLoss& loss,
            VectorForm form = widest_vector_form());

  const NetworkPass<Scalar>& pass() const { return pass_; }
  /// @param probes  d × n, read unless the divergence is exact
  double operator()(const Eigen::Ref<const Column<Scalar>>& parameters,
                    const Matrix& points,
                    const Matrix& probes,
                    Eigen::Ref<Column<Scalar>> gradient);
  /// Without the gradient, for a third of the cost.
  double value(const Eigen::Ref<const Column<Scalar>>& parameters,
               const Matrix& points,
               const Matrix& probes);

 private:
  // Checks the points, and gives their number a pass.
  Index begin(const Eigen::Ref<const Column<Scalar>>& parameters,
              const Matrix& points,
              const Matrix& probes);
  Array<Scalar> take(const Matrix& points, const Matrix& probes, Index from, Index count);
  double forward(const Array<Scalar>& start, Index n, bool backward);
  void backward(const Array<Scalar>& start, Index n);
  void evaluate(std::size_t stage, double t, const Array<Scalar>& x, bool backward);
  void pull_back(std::size_t stage, Scalar divergence_weight);

  NetworkPass<Scalar> pass_;
  JkoBlockLoss loss_;
  std::vector<NetworkTape<Scalar>> tapes_ = {};  // one an evaluation of the field
  NetworkGradient<Scalar> gradient_ = {};
  Array<Scalar> probes_ = {}, position_ = {};
  Column<Scalar> times_ = {}, divergence_weights_ = {};
  Array<Scalar> end_cotangent_ = {}, velocity_cotangent_ = {}, stage_cotangent_ = {}, sum_ = {};
};

}  // namespace flowcheck
