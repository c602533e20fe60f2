#include "learning/velocity_network.hpp"

#include "learning/network_pass.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/SVD>

#include <algorithm>
#include <cmath>
#include <memory>

namespace flowcheck {
namespace {

constexpr Index measured_chunk = 128;  // points a pass: they stay in the second cache

// A network ready to be evaluated in double.
class MeasuredNetwork {
 public:
  explicit MeasuredNetwork(const VelocityNetwork& network) : pass_(network.shape) {
    pass_.set_parameters(network.parameters);
  }

  Index dimension() const { return pass_.shape().dimension; }

  // Values in the first d rows of tape.outputs.
  void operator()(double t,
                  const Matrix& points,
                  const Matrix& probes,
                  NetworkTape<double>& tape) const {
    require(points.rows() == dimension(), "velocity network: the points are of another dimension");
    pass_.forward(points, Vector::Constant(points.cols(), t), probes, false, tape);
  }

  // The same chunk by chunk; probes are unit vectors or none.
  VelocityAndDivergence all(double t, const Matrix& points, bool with_divergence) const {
    require(points.rows() == dimension(), "velocity network: the points are of another dimension");
    const Index n = points.cols();
    VelocityAndDivergence result{.velocity = Matrix(dimension(), n),
                                 .divergence = Vector(with_divergence ? n : 0)};
    NetworkTape<double> tape;
    for (Index start = 0; start < n; start += measured_chunk) {
      const Index count = std::min(measured_chunk, n - start);
      const Matrix probes =
          with_divergence ? unit_probes<double>(dimension(), count) : Matrix(dimension(), 0);
      (*this)(t, points.middleCols(start, count), probes, tape);
      result.velocity.middleCols(start, count) = tape.outputs.topLeftCorner(dimension(), count);
      if (with_divergence) result.divergence.segment(start, count) = tape.divergences;
    }
    return result;
  }

  VelocityAndJacobian tangent(double t, const Vector& point) const {
    NetworkTape<double> tape;
    (*this)(t, point, Matrix::Identity(dimension(), dimension()), tape);
    return {.velocity = tape.outputs.topLeftCorner(dimension(), 1),
            .jacobian = tape.outputs.block(0, 1, dimension(), dimension())};
  }

 private:
  NetworkPass<double> pass_;
};

// ‖W‖, not below it: the decomposition's backward error is of the size of ‖W‖.
double spectral_norm_bound(const Matrix& W) {
  if (!W.allFinite()) return infinity;
  if (W.size() == 0) return 0.0;
  const double norm = Eigen::BDCSVD<Matrix>(W).singularValues()(0);
  return norm + round_off(norm, std::max(W.rows(), W.cols()));
}

}  // namespace

VelocityNetwork initial_network(const NetworkShape& shape, Rng& rng, double output_scale) {
  require_network_shape(shape);
  require(std::isfinite(output_scale), "initial_network: output_scale must be finite");
  VelocityNetwork network{.shape = shape, .parameters = Vector::Zero(parameter_count(shape))};
  const std::vector<NetworkLayer> layers = network_layers(shape);
  for (const NetworkLayer& layer : layers) {
    const bool last = &layer == &layers.back();
    const double gain =
        last ? output_scale * output_scale : (shape.activation == Activation::softplus ? 1.0 : 2.0);
    const double scale = std::sqrt(gain / static_cast<double>(layer.inputs));
    network.parameters.segment(layer.weights, layer.inputs * layer.outputs) =
        scale * rng.normal_vector(layer.inputs * layer.outputs);
  }
  return network;
}

Matrix velocity(const VelocityNetwork& network, double t, const Matrix& points) {
  return MeasuredNetwork(network).all(t, points, false).velocity;
}

VelocityAndDivergence velocity_and_divergence(const VelocityNetwork& network,
                                              double t,
                                              const Matrix& points) {
  return MeasuredNetwork(network).all(t, points, true);
}

VelocityAndJacobian velocity_and_jacobian(const VelocityNetwork& network,
                                          double t,
                                          const Vector& point) {
  return MeasuredNetwork(network).tangent(t, point);
}

double lipschitz_bound(const VelocityNetwork& network) {
  constexpr double silu_slope = 1.0998393201288672;  // its largest, at h = 2.39935728, rounded up
  const NetworkShape& shape = network.shape;
  require_network_shape(shape);
  require(network.parameters.size() == parameter_count(shape),
          "lipschitz_bound: the number of parameters does not fit the shape");
  const double slope = shape.activation == Activation::silu ? silu_slope : 1.0;
  const std::vector<NetworkLayer> layers = network_layers(shape);
  double bound = 1.0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Eigen::Map<const Matrix> W(network.parameters.data() + layers[l].weights,
                                     layers[l].outputs, layers[l].inputs);
    if (l == 0) {
      bound = slope * (spectral_norm_bound(W.leftCols(shape.dimension)) +
                       spectral_norm_bound(W.rightCols(2 * shape.frequencies)) *
                           spectral_norm_bound(network_frequencies(shape)));
    } else if (l + 1 == layers.size()) {
      bound *= spectral_norm_bound(W);
    } else {
      bound *= slope * spectral_norm_bound(W) + (shape.residual ? 1.0 : 0.0);
    }
  }
  // Four roundings a layer at most, each of u.
  return bound * (1.0 + 8.0 * unit_round_off * static_cast<double>(layers.size()));
}

std::function<Vector(double t, const Vector& x)> velocity_field(const VelocityNetwork& network) {
  const auto measured = std::make_shared<const MeasuredNetwork>(network);
  return [measured](double t, const Vector& x) -> Vector {
    return measured->all(t, x, false).velocity;
  };
}

std::function<Matrix(double t, const Vector& x)> velocity_jacobian(const VelocityNetwork& network) {
  const auto measured = std::make_shared<const MeasuredNetwork>(network);
  return [measured](double t, const Vector& x) { return measured->tangent(t, x).jacobian; };
}

PushedPoints push_points(const VelocityNetwork& network,
                         const Matrix& points,
                         double t0,
                         double t1,
                         Index steps,
                         bool with_divergence) {
  require(steps >= 1, "push_points: the number of steps must be positive");
  require(std::isfinite(t0) && std::isfinite(t1), "push_points: a time is not finite");
  const MeasuredNetwork field(network);
  PushedPoints pushed{.points = points, .divergence_integral = Vector()};
  if (with_divergence) pushed.divergence_integral.setZero(points.cols());
  const double h = (t1 - t0) / static_cast<double>(steps);
  for (Index k = 0; k < steps; ++k) {
    const double t = t0 + static_cast<double>(k) * h;
    const Matrix& x = pushed.points;
    const VelocityAndDivergence k1 = field.all(t, x, with_divergence);
    const VelocityAndDivergence k2 =
        field.all(t + 0.5 * h, x + 0.5 * h * k1.velocity, with_divergence);
    const VelocityAndDivergence k3 =
        field.all(t + 0.5 * h, x + 0.5 * h * k2.velocity, with_divergence);
    const VelocityAndDivergence k4 = field.all(t + h, x + h * k3.velocity, with_divergence);
    pushed.points += (h / 6.0) * (k1.velocity + 2.0 * (k2.velocity + k3.velocity) + k4.velocity);
    if (!with_divergence) continue;
    pushed.divergence_integral +=
        (h / 6.0) * (k1.divergence + 2.0 * (k2.divergence + k3.divergence) + k4.divergence);
  }
  return pushed;
}

}  // namespace flowcheck
