#pragma once

// For this module's own sources: a network's passes over a batch, in either precision.

#include "learning/network_kernel.hpp"
#include "learning/network_shape.hpp"
#include "numerics/vector_form.hpp"

#include <vector>

namespace flowcheck {

template <class Scalar>
using Array = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
template <class Scalar>
using Column = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

/// What a forward pass over n points found, with all that the backward pass needs. Columns run over
/// the n points, then over their tangents, probe by probe.
template <class Scalar>
struct NetworkTape {
  struct Layer {
    Array<Scalar> values = {};    ///< a_l and its tangents
    Array<Scalar> first = {};     ///< σ'
    Array<Scalar> second = {};    ///< σ''
    Array<Scalar> tangents = {};  ///< of W_l a_{l−1} + b_l
  };
  Index count = 0;   ///< n
  Index probes = 0;  ///< K
  Array<Scalar> inputs = {};
  std::vector<Layer> layers = {};
  Array<Scalar> outputs = {};       ///< the first d rows: v, then its tangents ∂v e_k
  Column<Scalar> divergences = {};  ///< Σ_k e_kᵀ ∂v e_k
};

/// Σ ∂/∂W and ∂/∂b of what was passed back, and the backward passes' scratch.
template <class Scalar>
struct NetworkGradient {
  std::vector<Array<Scalar>> weights = {};  ///< padded; the last layer's is transposed
  std::vector<Column<Scalar>> biases = {};
  Array<Scalar> above = {};        ///< cotangents of v and of ∂v e_k
  Array<Scalar> values = {};       ///< of a_l
  Array<Scalar> preactivity = {};  ///< of W_l a_{l−1} + b_l
};

/// Passes of one network. Products run in the kernels of the form; nothing is shared between calls
/// but the parameters, so that several threads may call with tapes of their own.
template <class Scalar>
class NetworkPass {
 public:
  explicit NetworkPass(const NetworkShape& shape, VectorForm form = widest_vector_form());

  const NetworkShape& shape() const { return shape_; }
  const NetworkKernels<Scalar>& kernels() const { return kernels_; }

  /// @param parameters  parameter_count(shape) numbers
  void set_parameters(const Eigen::Ref<const Column<Scalar>>& parameters);

  /// v(x, t) and e_kᵀ ∂v e_k for K probes e_k a point. Forward derivatives alone: K + 1 passes.
  ///
  /// @param points   d × n
  /// @param times    n, read where the shape has time input
  /// @param probes   d × nK, probe by probe; no column: no divergence
  /// @param backward what the backward pass needs is kept
  void forward(const Array<Scalar>& points,
               const Column<Scalar>& times,
               const Array<Scalar>& probes,
               bool backward,
               NetworkTape<Scalar>& tape) const;

  /// Gradient of Σ_j g_j·v_j + Σ_j c_j div_j, second derivatives of v included: added to
  /// `gradient`, and in the points where `points` is not null.
  ///
  /// @param velocity    g, d × n
  /// @param divergence  c, n; read where the tape has probes
  void backward(const NetworkTape<Scalar>& tape,
                const Array<Scalar>& probes,
                const Array<Scalar>& velocity,
                const Column<Scalar>& divergence,
                NetworkGradient<Scalar>& gradient,
                Array<Scalar>* points) const;

  void clear(NetworkGradient<Scalar>& gradient) const;  ///< zeros of the right sizes
  /// In the order of the parameters.
  void collect(const NetworkGradient<Scalar>& gradient, Eigen::Ref<Column<Scalar>> flat) const;

 private:
  NetworkShape shape_;
  std::vector<NetworkLayer> layers_;
  NetworkKernels<Scalar> kernels_;
  // a_0 and its tangents.
  void fill_inputs(const Array<Scalar>& points,
                   const Column<Scalar>& times,
                   const Array<Scalar>& probes,
                   NetworkTape<Scalar>& tape) const;

  Array<Scalar> frequencies_;              // F × d
  std::vector<Array<Scalar>> weights_;     // outputs padded × inputs
  std::vector<Array<Scalar>> transposed_;  // inputs padded × outputs
  std::vector<Column<Scalar>> biases_;     // padded
};

/// Every unit vector at every point: probes for which e_kᵀ ∂v e_k sum to the divergence.
template <class Scalar>
Array<Scalar> unit_probes(Index dimension, Index count);

extern template class NetworkPass<float>;
extern template class NetworkPass<double>;

}  // namespace flowcheck
