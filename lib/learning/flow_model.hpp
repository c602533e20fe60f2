#pragma once

#include "learning/batches.hpp"
#include "learning/data_scaling.hpp"
#include "learning/velocity_network.hpp"
#include "numerics/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

enum class ModelMethod {
  fm,   ///< flow matching: one block from the data to N(0, I)
  lfm,  ///< local flow matching: blocks that each take one Ornstein–Uhlenbeck step, then one to
        ///< N(0, I)
  jko,  ///< blocks that each take one JKO step of the relative entropy to N(0, I)
};
std::string_view to_string(ModelMethod method);

/// T: x(0) ↦ x(1) for ẋ = v(t, x), from the data's side to the noise's.
struct ModelBlock {
  VelocityNetwork network = {};
  double step_size = infinity;  ///< γ of the OU step or h of the JKO step; +∞: a free block
  int steps = 16;               ///< RK4 steps, of the push, of its inverse and of the density alike
  double time_power = 1.0;      ///< p of the nodes t_k = (k/steps)^p: above 1, finer at the data
};

/// What fm and lfm fit a block's velocity to: paths from the block's points to the dependent OU
/// step of them, trigonometric where the block is free and linear elsewhere.
Interpolant interpolant_of(const ModelBlock& block);
RegressionSource regression_of(const ModelBlock& block, PointSource points, TimeLaw times = {});

/// Data to noise: y_0 = Lx + b, y_n = T_n(y_{n−1}), y_N ≈ N(0, I); the model's law is that of
/// x = L⁻¹(T_1⁻¹∘…∘T_N⁻¹(z) − b) for z ~ N(0, I). A value.
struct FlowModel {
  ModelMethod method = ModelMethod::fm;
  DataScaling scaling = {};
  std::vector<std::string> columns = {};  ///< what the coordinates are called
  std::vector<ModelBlock> blocks = {};

  Index dimension() const { return scaling.map.offset.size(); }
};

// Everything below runs in parallel over the columns, and gives the same bytes for any number of
// threads. `refinement` multiplies the number of steps: the difference that it makes is what the
// integrator gets wrong.

/// Where one block takes points, d × n, and ∫ div v along their ways.
PushedPoints push_block(const ModelBlock& block,
                        const Matrix& points,
                        bool with_divergence = false,
                        int refinement = 1);
/// Where the flow run backwards takes them, by the same nodes.
Matrix pull_block(const ModelBlock& block, const Matrix& points, int refinement = 1);

/// At least log Lip(T⁻¹) of the map T that push_block() is: not the flow, but its RK4 steps. Of a
/// field with Lip v ≤ L a step of length h is x + g(x) with
///
///   Lip g ≤ r = z + z²/2 + z³/6 + z⁴/24,    z = hL,
///
/// so that it has an inverse of Lip ≤ 1/(1 − r) where r < 1; Σ −log(1 − r) over the steps, rounded
/// upwards. +∞ where some r ≥ 1: no inverse is known then. pull_block() is another map.
double log_inverse_lipschitz_bound(const ModelBlock& block);

Matrix push(const FlowModel& model, const Matrix& data);                       ///< y_N of data
Matrix pull(const FlowModel& model, const Matrix& noise, int refinement = 1);  ///< data of y_N

/// log of the model's density at each column, nats, in the data's own units:
///
///   log p(x) = log φ(y_N) + Σ_n ∫₀¹ div v_n(t, y(t)) dt + log|det L|.
Vector log_densities(const FlowModel& model, const Matrix& data, int refinement = 1);

/// log φ of each column, φ the density of N(0, I).
Vector standard_normal_log_densities(const Matrix& points);

}  // namespace flowcheck
