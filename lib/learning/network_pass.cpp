#include "learning/network_pass.hpp"

#include "numerics/require.hpp"

#include <algorithm>

namespace flowcheck {
namespace {

template <class Scalar>
NetworkKernels<Scalar> network_kernels(VectorForm form) {
  require(is_supported(form), "NetworkPass: this processor has no such vectors");
#if defined(__x86_64__)
  if (form == VectorForm::avx512) return network_kernels_avx512<Scalar>();
  if (form == VectorForm::avx2) return network_kernels_avx2<Scalar>();
#endif
  return network_kernels_portable<Scalar>();
}

template <class Scalar>
constexpr Index padded_count(Index count) {
  return (count + padding<Scalar> - 1) / padding<Scalar> * padding<Scalar>;
}

// Rows of `to`, m × n, from the same rows of `from`, whose columns are m or more apart.
template <class Scalar>
void copy_rows(
    Index m, Index n, const Scalar* from, Index from_stride, Scalar* to, Index to_stride) {
  for (Index j = 0; j < n; ++j) std::copy_n(from + j * from_stride, m, to + j * to_stride);
}

// Keeps the memory of a larger batch, and never hands out numbers that are not: what lies in the
// padding is computed with.
template <class Scalar>
void fit_array(Array<Scalar>& array, Index rows, Index columns) {
  if (array.rows() == rows && array.cols() >= columns) return;
  array = Array<Scalar>::Zero(rows, columns);
}

}  // namespace

template <class Scalar>
NetworkPass<Scalar>::NetworkPass(const NetworkShape& shape, VectorForm form)
    : shape_(shape), kernels_(network_kernels<Scalar>(form)) {
  require_network_shape(shape);
  layers_ = network_layers(shape);
  frequencies_ = network_frequencies(shape).template cast<Scalar>();
  for (const NetworkLayer& layer : layers_) {
    weights_.push_back(Array<Scalar>::Zero(padded_count<Scalar>(layer.outputs), layer.inputs));
    transposed_.push_back(Array<Scalar>::Zero(padded_count<Scalar>(layer.inputs), layer.outputs));
    biases_.push_back(Column<Scalar>::Zero(padded_count<Scalar>(layer.outputs)));
  }
}

template <class Scalar>
void NetworkPass<Scalar>::set_parameters(const Eigen::Ref<const Column<Scalar>>& parameters) {
  require(parameters.size() == parameter_count(shape_),
          "velocity network: the number of parameters does not fit the shape");
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const NetworkLayer& layer = layers_[l];
    const Eigen::Map<const Array<Scalar>> W(parameters.data() + layer.weights, layer.outputs,
                                            layer.inputs);
    copy_rows(layer.outputs, layer.inputs, W.data(), layer.outputs, weights_[l].data(),
              weights_[l].rows());
    transposed_[l].topRows(layer.inputs) = W.transpose();
    biases_[l].head(layer.outputs) = parameters.segment(layer.biases, layer.outputs);
  }
}

template <class Scalar>
void NetworkPass<Scalar>::fill_inputs(const Array<Scalar>& points,
                                      const Column<Scalar>& times,
                                      const Array<Scalar>& probes,
                                      NetworkTape<Scalar>& tape) const {
  const Index d = shape_.dimension;
  const Index n = points.cols();
  const Index tangents = probes.cols();
  fit_array(tape.inputs, shape_.input_count(), n + tangents);
  tape.inputs.topLeftCorner(d, n) = points;
  if (tangents > 0) tape.inputs.block(0, n, d, tangents) = probes;
  if (shape_.time_input) {
    tape.inputs.row(d).head(n) = times.transpose();
    tape.inputs.row(d).segment(n, tangents).setZero();
  }
  const Index F = shape_.frequencies;
  if (F == 0) return;
  const Array<Scalar> phases = frequencies_ * points;
  auto sines = tape.inputs.middleRows(shape_.input_count() - 2 * F, F);
  auto cosines = tape.inputs.bottomRows(F);  // the inputs may be wider than what is in use
  sines.leftCols(n) = phases.array().sin();
  cosines.leftCols(n) = phases.array().cos();
  for (Index k = 0; k < tape.probes; ++k) {
    const Array<Scalar> moved = frequencies_ * probes.middleCols(k * n, n);
    sines.middleCols((1 + k) * n, n) = moved.cwiseProduct(cosines.leftCols(n));
    cosines.middleCols((1 + k) * n, n) = -moved.cwiseProduct(sines.leftCols(n));
  }
}

template <class Scalar>
void NetworkPass<Scalar>::forward(const Array<Scalar>& points,
                                  const Column<Scalar>& times,
                                  const Array<Scalar>& probes,
                                  bool backward,
                                  NetworkTape<Scalar>& tape) const {
  const Index d = shape_.dimension;
  const Index n = points.cols();
  const Index tangents = probes.cols();
  tape.count = n;
  tape.probes = n == 0 ? 0 : tangents / n;
  fill_inputs(points, times, probes, tape);

  // C = W B + bias for some columns of B.
  const auto apply = [&](std::size_t l, const Array<Scalar>& B, Index from, Index columns,
                         bool with_bias, Scalar* C) {
    const Array<Scalar>& W = weights_[l];
    kernels_.product({.m = layers_[l].outputs,
                      .n = columns,
                      .k = W.cols(),
                      .A = W.data(),
                      .lda = W.rows(),
                      .B = B.data() + from * B.rows(),
                      .row_stride = 1,
                      .column_stride = B.rows(),
                      .bias = with_bias ? biases_[l].data() : nullptr,
                      .C = C,
                      .ldc = W.rows()});
  };

  tape.layers.resize(layers_.size() - 1);
  const Array<Scalar>* below = &tape.inputs;
  for (std::size_t l = 0; l + 1 < layers_.size(); ++l) {
    typename NetworkTape<Scalar>::Layer& layer = tape.layers[l];
    const Index rows = weights_[l].rows();
    const bool residual = shape_.residual && l > 0;
    fit_array(layer.values, rows, n + tangents);
    if (tangents > 0) fit_array(layer.tangents, rows, tangents);
    if (backward) fit_array(layer.first, rows, n);
    if (backward && tangents > 0) fit_array(layer.second, rows, n);
    apply(l, *below, 0, n, true, layer.values.data());
    if (tangents > 0) apply(l, *below, n, tangents, false, layer.tangents.data());
    kernels_.activate({.softplus = shape_.activation == Activation::softplus,
                       .beta = static_cast<Scalar>(shape_.beta),
                       .count = rows * n,
                       .tangents = tape.probes,
                       .h = layer.values.data(),
                       .tangent = layer.tangents.data(),
                       .before = residual ? below->data() : nullptr,
                       .value = layer.values.data(),
                       .first = backward ? layer.first.data() : nullptr,
                       .second = backward && tangents > 0 ? layer.second.data() : nullptr});
    below = &layer.values;
  }

  const std::size_t last = layers_.size() - 1;
  const Index rows = weights_[last].rows();
  fit_array(tape.outputs, rows, n + tangents);
  apply(last, *below, 0, n, true, tape.outputs.data());
  tape.divergences.setZero(tangents > 0 ? n : 0);
  if (tangents == 0) return;
  apply(last, *below, n, tangents, false, tape.outputs.data() + rows * n);
  for (Index k = 0; k < tape.probes; ++k) {
    for (Index j = 0; j < n; ++j) {
      tape.divergences[j] += probes.col(k * n + j).dot(tape.outputs.col((1 + k) * n + j).head(d));
    }
  }
}

template <class Scalar>
void NetworkPass<Scalar>::backward(const NetworkTape<Scalar>& tape,
                                   const Array<Scalar>& probes,
                                   const Array<Scalar>& velocity,
                                   const Column<Scalar>& divergence,
                                   NetworkGradient<Scalar>& gradient,
                                   Array<Scalar>* points) const {
  const Index d = shape_.dimension;
  const Index n = tape.count;
  const Index columns = n * (1 + tape.probes);
  require(points == nullptr || shape_.frequencies == 0,
          "velocity network: no gradient in the points with frequencies");
  fit_array(gradient.above, d, columns);
  gradient.above.leftCols(n) = velocity;
  for (Index k = 0; k < tape.probes; ++k) {
    for (Index j = 0; j < n; ++j) {
      gradient.above.col((1 + k) * n + j) = divergence[j] * probes.col(k * n + j);
    }
  }

  // Σ over columns of P Bᵀ, added to C.
  const auto add_outer = [&](Index m, const Scalar* P, Index ldp, const Array<Scalar>& B,
                             Index rows, Array<Scalar>& C) {
    kernels_.product({.m = m,
                      .n = rows,
                      .k = columns,
                      .A = P,
                      .lda = ldp,
                      .B = B.data(),
                      .row_stride = B.rows(),
                      .column_stride = 1,
                      .add = true,
                      .C = C.data(),
                      .ldc = C.rows()});
  };
  // Without tangents and residual blocks the cotangents of the values have no other use than to be
  // multiplied by σ' of the layer below.
  const bool at_once = tape.probes == 0 && !shape_.residual;
  // C = Wᵀ B, or that added to it.
  const auto pull_back = [&](std::size_t l, const Array<Scalar>& B, Index of, bool add,
                             Array<Scalar>& C) {
    const Array<Scalar>& W = transposed_[l];
    if (!add) fit_array(C, W.rows(), columns);
    kernels_.product({.m = layers_[l].inputs,
                      .n = of,
                      .k = W.cols(),
                      .A = W.data(),
                      .lda = W.rows(),
                      .B = B.data(),
                      .row_stride = 1,
                      .column_stride = B.rows(),
                      .add = add,
                      .factor = at_once && l > 0 ? tape.layers[l - 1].first.data() : nullptr,
                      .C = C.data(),
                      .ldc = C.rows()});
  };

  const std::size_t last = layers_.size() - 1;
  const Array<Scalar>& top = tape.layers[last - 1].values;
  add_outer(layers_[last].inputs, top.data(), top.rows(), gradient.above, d,
            gradient.weights[last]);
  gradient.biases[last].head(d) += gradient.above.leftCols(n).rowwise().sum();
  pull_back(last, gradient.above, columns, false, gradient.values);

  for (std::size_t l = last; l-- > 0;) {
    const typename NetworkTape<Scalar>::Layer& layer = tape.layers[l];
    const Array<Scalar>& below = l == 0 ? tape.inputs : tape.layers[l - 1].values;
    const Index rows = layer.values.rows();
    if (at_once) {
      gradient.preactivity.swap(gradient.values);
    } else {
      fit_array(gradient.preactivity, rows, columns);
      kernels_.pull_back({.count = rows * n,
                          .tangents = tape.probes,
                          .first = layer.first.data(),
                          .second = layer.second.data(),
                          .tangent = layer.tangents.data(),
                          .of_values = gradient.values.data(),
                          .of_preactivity = gradient.preactivity.data()});
    }
    const Scalar* h = gradient.preactivity.data();
    kernels_.add_columns(rows, n, h, rows, gradient.biases[l].data());
    add_outer(layers_[l].outputs, h, rows, below, layers_[l].inputs, gradient.weights[l]);
    if (l > 0) {
      pull_back(l, gradient.preactivity, columns, shape_.residual, gradient.values);
    } else if (points != nullptr) {
      pull_back(l, gradient.preactivity, n, false, gradient.values);
      *points = gradient.values.topLeftCorner(d, n);
    }
  }
}

template <class Scalar>
void NetworkPass<Scalar>::clear(NetworkGradient<Scalar>& gradient) const {
  gradient.weights.resize(layers_.size());
  gradient.biases.resize(layers_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const bool last = l + 1 == layers_.size();
    const Index rows = last ? transposed_[l].rows() : weights_[l].rows();
    gradient.weights[l].setZero(rows, last ? transposed_[l].cols() : weights_[l].cols());
    gradient.biases[l].setZero(biases_[l].size());
  }
}

template <class Scalar>
void NetworkPass<Scalar>::collect(const NetworkGradient<Scalar>& gradient,
                                  Eigen::Ref<Column<Scalar>> flat) const {
  require(flat.size() == parameter_count(shape_), "NetworkPass: the gradient has another length");
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const NetworkLayer& layer = layers_[l];
    Eigen::Map<Array<Scalar>> W(flat.data() + layer.weights, layer.outputs, layer.inputs);
    if (l + 1 == layers_.size()) {
      W = gradient.weights[l].topRows(layer.inputs).transpose();
    } else {
      copy_rows(layer.outputs, layer.inputs, gradient.weights[l].data(), gradient.weights[l].rows(),
                W.data(), layer.outputs);
    }
    flat.segment(layer.biases, layer.outputs) = gradient.biases[l].head(layer.outputs);
  }
}

template <class Scalar>
Array<Scalar> unit_probes(Index dimension, Index count) {
  Array<Scalar> probes = Array<Scalar>::Zero(dimension, dimension * count);
  for (Index k = 0; k < dimension; ++k) probes.row(k).segment(k * count, count).setOnes();
  return probes;
}

template class NetworkPass<float>;
template class NetworkPass<double>;
template Array<float> unit_probes(Index dimension, Index count);
template Array<double> unit_probes(Index dimension, Index count);

}  // namespace flowcheck
