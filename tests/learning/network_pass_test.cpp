#include "learning/network_pass.hpp"

#include "learning/network_losses.hpp"
#include "learning/plain_losses.hpp"
#include "learning/velocity_network.hpp"
#include "numerics/round_off.hpp"

#include <catch2/catch.hpp>
#include <ceres/jet.h>

#include <algorithm>
#include <cmath>

namespace flowcheck::network_pass_test {

namespace {

using Catch::Matchers::WithinAbs;
using Jet = ceres::Jet<double, 1>;

struct Case {
  NetworkShape shape = {};
  const char* what = "";
};

// Widths on, below and above the kernels' padding and tiles.
Case a_case() {
  return GENERATE(
      Case{{.dimension = 2, .widths = {64, 64}}, "silu, time"},
      Case{{.dimension = 1, .widths = {5}, .time_input = false}, "one narrow layer"},
      Case{
          {.dimension = 3, .widths = {16, 33, 7}, .activation = Activation::softplus, .beta = 20.0},
          "softplus, uneven"},
      Case{{.dimension = 2, .widths = {20, 20, 20}, .time_input = false, .residual = true},
           "residual, autonomous"},
      Case{{.dimension = 19,
            .widths = {24, 24},
            .residual = true,
            .activation = Activation::softplus},
           "more coordinates than a vector"});
}

VelocityNetwork a_network(const NetworkShape& shape, Rng& rng) {
  VelocityNetwork network = initial_network(shape, rng);
  network.parameters += 0.1 * rng.normal_vector(network.parameters.size());  // biases too
  return network;
}

PlainVector<Jet> along(const Vector& at, const Vector& direction) {
  PlainVector<Jet> result(at.size());
  for (Index i = 0; i < at.size(); ++i) {
    result[i] = Jet(at[i]);
    result[i].v[0] = direction[i];
  }
  return result;
}

// A sum of a few thousand products, each rounded.
double tolerance(double scale) {
  return round_off(scale, 1000);
}

}  // namespace

TEST_CASE("a network's velocity and Jacobian are those of the plain form", "[learning][exact]") {
  const Case c = a_case();
  CAPTURE(c.what);
  Rng rng(3);
  const VelocityNetwork network = a_network(c.shape, rng);
  const Index d = c.shape.dimension;
  const Matrix points = 2.0 * rng.normal_matrix(d, 30);
  const double t = 0.3;
  const Matrix v = velocity(network, t, points);
  const VelocityAndDivergence with_divergence = velocity_and_divergence(network, t, points);
  for (const Index j : {Index{0}, Index{13}, Index{29}}) {
    const Vector x = points.col(j);
    const VelocityAndJacobian local = velocity_and_jacobian(network, t, x);
    const double scale = 1.0 + x.norm() + v.col(j).norm() + local.jacobian.norm();
    CHECK((v.col(j) - local.velocity).norm() <= tolerance(scale));
    CHECK((with_divergence.velocity.col(j) - local.velocity).norm() <= tolerance(scale));
    CHECK_THAT(with_divergence.divergence[j], WithinAbs(local.jacobian.trace(), tolerance(scale)));
    for (Index k = 0; k < d; ++k) {
      const PlainVector<Jet> parameters =
          along(network.parameters, Vector::Zero(network.parameters.size()));
      const PlainVector<Jet> x_k = along(x, Vector::Unit(d, k));
      const PlainPass<Jet> plain = plain_pass(c.shape, parameters, Jet(t), x_k, x_k);
      const PlainPass<double> tangent =
          plain_pass<double>(c.shape, network.parameters, t, x, Vector::Unit(d, k));
      for (Index i = 0; i < d; ++i) {
        CHECK_THAT(local.velocity[i], WithinAbs(plain.velocity[i].a, tolerance(scale)));
        CHECK_THAT(local.jacobian(i, k), WithinAbs(plain.velocity[i].v[0], tolerance(scale)));
        CHECK_THAT(tangent.tangent[i], WithinAbs(plain.velocity[i].v[0], tolerance(scale)));
      }
    }
  }
}

TEST_CASE("a network's slopes are below the bound of its layers' norms", "[learning][property]") {
  NetworkShape shape = a_case().shape;
  shape.frequencies = GENERATE(Index{0}, Index{6});
  Rng rng(12);
  const VelocityNetwork network = a_network(shape, rng);
  double steepest = 0.0;
  for (int k = 0; k < 200; ++k) {
    const Vector x = 2.0 * rng.normal_vector(shape.dimension);
    steepest = std::max(steepest, velocity_and_jacobian(network, rng.uniform(), x).jacobian.norm() /
                                      std::sqrt(static_cast<double>(shape.dimension)));
  }
  CHECK(steepest <= lipschitz_bound(network));
}

TEST_CASE("the bound of the layers' norms is attained", "[learning][exact]") {
  // v = W_3 σ(W_2 σ(W_1 x + b) + b) where σ is the identity, far above 0; residual: the middle one
  // is 1 + W_2.
  for (const bool residual : {false, true}) {
    CAPTURE(residual);
    const NetworkShape shape{.dimension = 1,
                             .widths = {1, 1},
                             .time_input = false,
                             .residual = residual,
                             .activation = Activation::softplus,
                             .beta = 20.0};
    VelocityNetwork network{.shape = shape, .parameters = Vector{{2.0, 50.0, 3.0, 50.0, 5.0, 0.0}}};
    const double slope = residual ? 2.0 * 4.0 * 5.0 : 2.0 * 3.0 * 5.0;
    CHECK_THAT(lipschitz_bound(network), WithinAbs(slope, tolerance(slope)));
    CHECK_THAT(velocity_and_jacobian(network, 0.0, Vector::Zero(1)).jacobian(0, 0),
               WithinAbs(slope, tolerance(slope)));
  }
  // Silu's own largest slope, where its argument is 2.39936.
  VelocityNetwork silu{.shape = {.dimension = 1, .widths = {1}, .time_input = false},
                       .parameters = Vector{{1.0, 2.39935728, 1.0, 0.0}}};
  CHECK_THAT(velocity_and_jacobian(silu, 0.0, Vector::Zero(1)).jacobian(0, 0),
             WithinAbs(lipschitz_bound(silu), 1e-10));
  // One wave: v = sin(ωx), steepest at 0.
  VelocityNetwork wave{.shape = {.dimension = 1,
                                 .widths = {1},
                                 .time_input = false,
                                 .activation = Activation::softplus,
                                 .beta = 20.0,
                                 .frequencies = 1},
                       .parameters = Vector{{0.0, 1.0, 0.0, 50.0, 1.0, 0.0}}};
  CHECK_THAT(std::abs(velocity_and_jacobian(wave, 0.0, Vector::Zero(1)).jacobian(0, 0)),
             WithinAbs(lipschitz_bound(wave), tolerance(lipschitz_bound(wave))));
  wave.parameters[1] = infinity;
  CHECK(lipschitz_bound(wave) == infinity);
}

TEST_CASE("the bound of the layers' norms is rounded upwards", "[learning][exact]") {
  Rng rng(16);
  for (int k = 0; k < 200; ++k) {
    const double a = rng.uniform(0.1, 3.0);
    const double b = rng.uniform(0.1, 3.0);
    const double c = rng.uniform(0.1, 3.0);
    const VelocityNetwork network{.shape = {.dimension = 1,
                                            .widths = {1, 1},
                                            .time_input = false,
                                            .residual = false,
                                            .activation = Activation::softplus,
                                            .beta = 20.0},
                                  .parameters = Vector{{a, 0.0, b, 0.0, c, 0.0}}};
    const long double exact = static_cast<long double>(a) * b * c;
    CHECK(lipschitz_bound(network) >= exact);
    CHECK(lipschitz_bound(network) <= exact * (1.0 + 1e-13));
  }
}

TEST_CASE("the regression loss and its gradient are those of the plain form with Jets",
          "[learning][exact]") {
  const Case c = a_case();
  CAPTURE(c.what);
  Rng rng(4);
  const VelocityNetwork network = a_network(c.shape, rng);
  RegressionBatch batch;
  batch.resize(c.shape.dimension, 7);
  batch.points = rng.normal_matrix(c.shape.dimension, 7);
  batch.targets = rng.normal_matrix(c.shape.dimension, 7);
  for (double& t : batch.times) t = rng.uniform();
  const LossAndGradient loss = regression_loss(network, batch);
  CHECK_THAT(regression_loss_value(network, batch), WithinAbs(loss.loss, tolerance(loss.loss)));
  for (int k = 0; k < 3; ++k) {
    const Vector direction = rng.normal_vector(network.parameters.size());
    const Jet plain = plain_regression_loss(c.shape, along(network.parameters, direction), batch);
    const double scale = direction.norm() * loss.gradient.norm() + loss.loss;
    CHECK_THAT(loss.loss, WithinAbs(plain.a, tolerance(loss.loss)));
    CHECK_THAT(loss.gradient.dot(direction), WithinAbs(plain.v[0], tolerance(scale)));
  }
}

TEST_CASE(
    "a JKO block's loss and its gradient through the Runge–Kutta steps are those of the "
    "plain form with Jets",
    "[learning][exact]") {
  const Case c = a_case();
  const bool exact = GENERATE(false, true);
  CAPTURE(c.what, exact);
  Rng rng(5);
  const VelocityNetwork network = a_network(c.shape, rng);
  const Matrix points = rng.normal_matrix(c.shape.dimension, 3);
  const Matrix probes = rng.normal_matrix(c.shape.dimension, 3);
  const JkoBlockLoss block{.step_size = 0.5, .steps = 2, .exact_divergence = exact};
  const LossAndGradient loss = jko_block_loss(network, points, block, probes);
  const Vector direction = rng.normal_vector(network.parameters.size());
  const Jet plain =
      plain_block_loss(c.shape, along(network.parameters, direction), points, block, probes);
  const double scale = direction.norm() * loss.gradient.norm() + std::abs(loss.loss);
  CHECK_THAT(loss.loss, WithinAbs(plain.a, tolerance(scale)));
  CHECK_THAT(jko_block_loss_value(network, points, block, probes),
             WithinAbs(plain.a, tolerance(scale)));
  CHECK_THAT(loss.gradient.dot(direction), WithinAbs(plain.v[0], tolerance(scale)));
}

TEST_CASE("a free JKO block does not pay for movement", "[learning][property]") {
  Rng rng(6);
  const VelocityNetwork network = a_network({.dimension = 2, .widths = {8}}, rng);
  const Matrix points = rng.normal_matrix(2, 5);
  const double h = 0.25;
  const double paid =
      jko_block_loss(network, points, {.step_size = h, .exact_divergence = true}).loss;
  const double free =
      jko_block_loss(network, points, {.step_size = infinity, .exact_divergence = true}).loss;
  const double moved =
      (push_points(network, points, 0.0, 1.0, 3).points - points).squaredNorm() / 5.0;
  CHECK_THAT(paid - free, WithinAbs(moved / (2.0 * h), tolerance(1.0 + std::abs(paid) + moved)));
}

TEST_CASE("every form of the kernels gives the loss and the gradient of the portable one",
          "[learning][property]") {
  const VectorForm form = GENERATE(VectorForm::avx2, VectorForm::avx512);
  if (!is_supported(form)) return;
  const Case c = a_case();
  CAPTURE(c.what, to_string(form));
  Rng rng(7);
  const VelocityNetwork network = a_network(c.shape, rng);
  const Matrix points = rng.normal_matrix(c.shape.dimension, 50);  // full tiles and the rest
  const Matrix probes = rng.normal_matrix(c.shape.dimension, 50);
  const JkoBlockLoss block{.step_size = 0.5, .steps = 1};
  const auto compare = [&](auto scalar, double unit) {
    using Scalar = decltype(scalar);
    const Column<Scalar> parameters = network.parameters.cast<Scalar>();
    Column<Scalar> portable(parameters.size());
    Column<Scalar> wide(parameters.size());
    const double a = BlockLoss<Scalar>(c.shape, block, VectorForm::portable)(parameters, points,
                                                                             probes, portable);
    const double b = BlockLoss<Scalar>(c.shape, block, form)(parameters, points, probes, wide);
    CHECK_THAT(a, WithinAbs(b, unit * (1.0 + std::abs(a))));
    CHECK((portable - wide).norm() <= static_cast<Scalar>(unit) * portable.norm());
  };
  compare(0.0, 1e-13);  // round-off of some hundred operations in a chain
  compare(0.0F, 1e-4);
}

TEST_CASE("losses of a batch are the means of its parts' losses", "[learning][property]") {
  Rng rng(10);
  const VelocityNetwork network = a_network({.dimension = 2, .widths = {200, 150}}, rng);
  const Index n = 700;  // several passes and a rest
  const Index part = 123;
  RegressionBatch batch;
  batch.resize(2, n);
  batch.points = rng.normal_matrix(2, n);
  batch.targets = rng.normal_matrix(2, n);
  for (double& t : batch.times) t = rng.uniform();
  const auto columns = [&](Index from, Index count) {
    return RegressionBatch{.points = batch.points.middleCols(from, count),
                           .times = batch.times.segment(from, count),
                           .targets = batch.targets.middleCols(from, count)};
  };
  const auto check = [&](const LossAndGradient& whole, const LossAndGradient& first,
                         const LossAndGradient& rest) {
    const double weight = static_cast<double>(part) / static_cast<double>(n);
    CHECK_THAT(whole.loss,
               WithinAbs(weight * first.loss + (1.0 - weight) * rest.loss, tolerance(1.0)));
    const Vector mean = weight * first.gradient + (1.0 - weight) * rest.gradient;
    CHECK((whole.gradient - mean).norm() <= tolerance(mean.norm()));
  };
  check(regression_loss(network, batch), regression_loss(network, columns(0, part)),
        regression_loss(network, columns(part, n - part)));
  const JkoBlockLoss block{.step_size = 0.5, .steps = 1};
  const auto block_loss_of = [&](Index from, Index count) {
    return jko_block_loss(network, batch.points.middleCols(from, count), block,
                          batch.targets.middleCols(from, count));
  };
  check(block_loss_of(0, n), block_loss_of(0, part), block_loss_of(part, n - part));
}

TEST_CASE("single precision passes agree with double ones to single precision",
          "[learning][property]") {
  const Case c = a_case();
  CAPTURE(c.what);
  Rng rng(8);
  VelocityNetwork network = a_network(c.shape, rng);
  const Column<float> narrow = network.parameters.cast<float>();
  network.parameters = narrow.cast<double>();
  const Matrix points = rng.normal_matrix(c.shape.dimension, 20);
  const Matrix probes = rng.normal_matrix(c.shape.dimension, 20);
  const JkoBlockLoss block{.step_size = 0.5, .steps = 1};
  const LossAndGradient exact = jko_block_loss(network, points, block, probes);
  Column<float> gradient(narrow.size());
  const double loss = BlockLoss<float>(c.shape, block)(narrow, points, probes, gradient);
  CHECK_THAT(loss, WithinAbs(exact.loss, 1e-5 * (1.0 + std::abs(exact.loss))));
  CHECK((gradient.cast<double>() - exact.gradient).norm() <= 1e-4 * exact.gradient.norm());
}

TEST_CASE("activations stay finite far out and are NaN for NaN", "[learning][exact]") {
  const bool softplus = GENERATE(false, true);
  const VectorForm form = GENERATE(VectorForm::portable, VectorForm::avx2, VectorForm::avx512);
  if (!is_supported(form)) return;
  CAPTURE(softplus, to_string(form));
  const NetworkShape shape{.dimension = 1,
                           .widths = {1},
                           .time_input = false,
                           .activation = softplus ? Activation::softplus : Activation::silu,
                           .beta = softplus ? 20.0 : 1.0};
  const auto check = [&](auto scalar, double unit) {
    using Scalar = decltype(scalar);
    const std::vector<double> h = {-600.0, -80.0, -5.0, -0.3, -1e-9, 0.0,
                                   1e-9,   0.3,   5.0,  80.0, 1e6};
    NetworkPass<Scalar> pass(shape, form);
    alignas(64) Scalar in[16] = {}, value[16] = {}, first[16] = {}, second[16] = {};
    for (std::size_t i = 0; i < h.size(); ++i) in[i] = static_cast<Scalar>(h[i]);
    in[h.size()] = std::numeric_limits<Scalar>::quiet_NaN();
    in[h.size() + 1] = Scalar(-1e6);
    pass.kernels().activate({.softplus = softplus,
                             .beta = static_cast<Scalar>(shape.beta),
                             .count = 16,
                             .h = in,
                             .value = value,
                             .first = first,
                             .second = second});
    for (std::size_t i = 0; i < h.size(); ++i) {
      CAPTURE(h[i]);
      const Jet at(static_cast<double>(in[i]), 0);
      const WithTangent<Jet> plain = plain_activation(shape, at);
      CHECK_THAT(static_cast<double>(value[i]),
                 WithinAbs(plain.value.a, unit * (std::abs(plain.value.a) + 1e-3)));
      CHECK_THAT(static_cast<double>(first[i]), WithinAbs(plain.value.v[0], unit));
      CHECK_THAT(static_cast<double>(second[i]), WithinAbs(plain.tangent.v[0], shape.beta * unit));
    }
    CHECK(std::isnan(value[h.size()]));
    CHECK(value[h.size() + 1] == Scalar(0));
    CHECK(first[h.size() + 1] == Scalar(0));
    CHECK(second[h.size() + 1] == Scalar(0));
  };
  check(0.0, 16.0 * unit_round_off);
  check(0.0F, 16.0 * 0x1p-24);
}

TEST_CASE("a network's velocity field is integrated with its own Jacobian",
          "[learning][property]") {
  Rng rng(9);
  const VelocityNetwork network = a_network({.dimension = 2, .widths = {12, 12}}, rng);
  const Vector x = rng.normal_vector(2);
  const Vector v = velocity_field(network)(0.4, x);
  const Matrix jacobian = velocity_jacobian(network)(0.4, x);
  CHECK((v - velocity(network, 0.4, x)).norm() == 0.0);
  CHECK((jacobian - velocity_and_jacobian(network, 0.4, x).jacobian).norm() == 0.0);
}

TEST_CASE("shapes and parameters that do not fit are refused", "[learning][precondition]") {
  Rng rng(1);
  CHECK_THROWS_AS(initial_network({.dimension = 0}, rng), std::invalid_argument);
  CHECK_THROWS_AS(initial_network({.widths = {}}, rng), std::invalid_argument);
  CHECK_THROWS_AS(initial_network({.widths = {4, 0}}, rng), std::invalid_argument);
  CHECK_THROWS_AS(initial_network({.beta = 0.0}, rng), std::invalid_argument);
  CHECK_THROWS_AS(initial_network({.widths = {4, 5}, .residual = true}, rng),
                  std::invalid_argument);
  VelocityNetwork network = initial_network({.widths = {4}}, rng);
  CHECK_THROWS_AS(velocity(network, 0.0, Matrix::Zero(3, 2)), std::invalid_argument);
  network.parameters.conservativeResize(3);
  CHECK_THROWS_AS(velocity(network, 0.0, Matrix::Zero(2, 2)), std::invalid_argument);
}

}  // namespace flowcheck::network_pass_test
