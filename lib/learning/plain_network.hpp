#pragma once

// A network's formulas as they stand, a point at a time, for any scalar: doubles, or Ceres's Jets,
// whose derivatives the passes are held against.

#include "learning/network_shape.hpp"
#include "numerics/types.hpp"

#include <Eigen/Core>

#include <cmath>
#include <vector>

namespace flowcheck {

template <class Scalar>
using PlainVector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

/// A number with its derivative along one direction.
template <class Scalar>
struct WithTangent {
  Scalar value = {};
  Scalar tangent = {};
};

/// σ and σ' at h.
template <class Scalar>
WithTangent<Scalar> plain_activation(const NetworkShape& shape, const Scalar& h) {
  using std::exp;
  using std::log1p;
  if (shape.activation == Activation::silu) {
    const Scalar s = 1.0 / (1.0 + exp(-h));
    return {h * s, s * (1.0 + h * (1.0 - s))};
  }
  const Scalar z = shape.beta * h;
  // For either sign the exponential does not overflow.
  if (z > Scalar(0.0)) return {(z + log1p(exp(-z))) / shape.beta, 1.0 / (1.0 + exp(-z))};
  return {log1p(exp(z)) / shape.beta, exp(z) / (1.0 + exp(z))};
}

template <class Scalar>
struct PlainPass {
  PlainVector<Scalar> velocity = {};  ///< v(t, x)
  PlainVector<Scalar> tangent = {};   ///< ∂v(t, x) e
};

/// @param parameters  parameter_count(shape) of them
/// @param direction   e, length d
template <class Scalar>
PlainPass<Scalar> plain_pass(const NetworkShape& shape,
                             const PlainVector<Scalar>& parameters,
                             const Scalar& t,
                             const PlainVector<Scalar>& point,
                             const PlainVector<Scalar>& direction) {
  const std::vector<NetworkLayer> layers = network_layers(shape);
  PlainVector<Scalar> a(shape.input_count());
  PlainVector<Scalar> a_dot(shape.input_count());
  a.head(shape.dimension) = point;
  a_dot.head(shape.dimension) = direction;
  if (shape.time_input) {
    a[shape.dimension] = t;
    a_dot[shape.dimension] = Scalar(0.0);
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const NetworkLayer& layer = layers[l];
    PlainVector<Scalar> h = parameters.segment(layer.biases, layer.outputs);
    PlainVector<Scalar> h_dot = PlainVector<Scalar>::Constant(layer.outputs, Scalar(0.0));
    for (Index i = 0; i < layer.inputs; ++i) {
      for (Index o = 0; o < layer.outputs; ++o) {
        const Scalar& w = parameters[layer.weights + i * layer.outputs + o];
        h[o] += w * a[i];
        h_dot[o] += w * a_dot[i];
      }
    }
    if (l + 1 == layers.size()) return {h, h_dot};
    for (Index o = 0; o < layer.outputs; ++o) {
      const WithTangent<Scalar> sigma = plain_activation(shape, h[o]);
      h[o] = sigma.value;
      h_dot[o] = sigma.tangent * h_dot[o];
    }
    const bool residual = shape.residual && l > 0;
    a = residual ? PlainVector<Scalar>(a + h) : h;
    a_dot = residual ? PlainVector<Scalar>(a_dot + h_dot) : h_dot;
  }
  return {};
}

}  // namespace flowcheck
