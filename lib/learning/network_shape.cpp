#include "learning/network_shape.hpp"

#include "numerics/require.hpp"
#include "numerics/rng.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace flowcheck {

namespace {

constexpr double lowest_frequency = 0.5;
constexpr std::uint64_t frequency_seed = 20'241'002;

}  // namespace

std::string_view to_string(Activation activation) {
  return activation == Activation::silu ? "silu" : "softplus";
}

void require_network_shape(const NetworkShape& shape) {
  require(shape.dimension >= 1, "velocity network: the dimension must be positive");
  require(!shape.widths.empty(), "velocity network: a hidden layer is missing");
  require(std::all_of(shape.widths.begin(), shape.widths.end(), [](Index w) { return w >= 1; }),
          "velocity network: a width must be positive");
  require(std::isfinite(shape.beta) && shape.beta > 0.0,
          "velocity network: beta must be positive and finite");
  require(shape.frequencies >= 0 && std::isfinite(shape.highest_frequency) &&
              shape.highest_frequency > lowest_frequency,
          "velocity network: frequencies out of range");
  require(!shape.residual || std::adjacent_find(shape.widths.begin(), shape.widths.end(),
                                                std::not_equal_to<>()) == shape.widths.end(),
          "velocity network: residual blocks need one width");
}

std::vector<NetworkLayer> network_layers(const NetworkShape& shape) {
  std::vector<NetworkLayer> layers;
  Index inputs = shape.input_count();
  Index start = 0;
  const auto add = [&](Index outputs) {
    const Index biases = start + inputs * outputs;
    layers.push_back({.inputs = inputs, .outputs = outputs, .weights = start, .biases = biases});
    start = biases + outputs;
    inputs = outputs;
  };
  for (const Index width : shape.widths) add(width);
  add(shape.dimension);
  return layers;
}

Matrix network_frequencies(const NetworkShape& shape) {
  Rng rng(frequency_seed, static_cast<std::uint64_t>(shape.dimension));
  Matrix frequencies(shape.frequencies, shape.dimension);
  for (Index k = 0; k < shape.frequencies; ++k) {
    const double share = (static_cast<double>(k) + 0.5) / static_cast<double>(shape.frequencies);
    frequencies.row(k) = lowest_frequency *
                         std::pow(shape.highest_frequency / lowest_frequency, share) *
                         rng.normal_vector(shape.dimension).transpose();
  }
  return frequencies;
}

Index parameter_count(const NetworkShape& shape) {
  const NetworkLayer last = network_layers(shape).back();
  return last.biases + last.outputs;
}

}  // namespace flowcheck
