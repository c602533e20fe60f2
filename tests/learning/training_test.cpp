#include "learning/training.hpp"

#include "learning/network_pass.hpp"

#include <catch2/catch.hpp>

#include <cmath>

namespace flowcheck::training_test {

namespace {

using Catch::Matchers::WithinAbs;

const NetworkShape small_shape{.dimension = 2, .widths = {12, 12}};

RegressionBatch fixed_batch(Index count) {
  Rng rng(21);
  RegressionBatch batch;
  batch.resize(2, count);
  batch.points = rng.normal_matrix(2, count);
  batch.targets = rng.normal_matrix(2, count);
  for (double& t : batch.times) t = rng.uniform();
  return batch;
}

RegressionSource always(const RegressionBatch& batch) {
  return [batch](Rng&, RegressionBatch& filled) { filled = batch; };
}

// Adam as its authors write it.
struct PlainAdam {
  AdamOptions options = {};
  Vector m = {}, v = {};
  double k = 0.0;

  Vector step(const Vector& gradient, double rate) {
    if (m.size() == 0) m = v = Vector::Zero(gradient.size());
    k += 1.0;
    m = options.beta1 * m + (1.0 - options.beta1) * gradient;
    v = options.beta2 * v + (1.0 - options.beta2) * gradient.cwiseAbs2();
    const Vector m_hat = m / (1.0 - std::pow(options.beta1, k));
    const Vector v_hat = v / (1.0 - std::pow(options.beta2, k));
    return -rate * m_hat.cwiseQuotient((v_hat.cwiseSqrt().array() + options.epsilon).matrix());
  }
};

bool same_bytes(const TrainingState& a, const TrainingState& b) {
  return a.iteration == b.iteration && a.parameters == b.parameters &&
         a.first_moment == b.first_moment && a.second_moment == b.second_moment &&
         a.average == b.average && a.loss == b.loss && a.smoothed_loss == b.smoothed_loss;
}

}  // namespace

TEST_CASE("Adam on a quadratic follows its recurrence in every form", "[learning][exact]") {
  const VectorForm form = GENERATE(VectorForm::portable, VectorForm::avx2, VectorForm::avx512);
  if (!is_supported(form)) return;
  const NetworkKernels<double> kernels = NetworkPass<double>(small_shape, form).kernels();
  const Vector curvature = Vector::LinSpaced(16, 0.5, 8.0);
  Vector x = Vector::LinSpaced(16, -2.0, 3.0);
  Vector plain_x = x;
  Vector m = Vector::Zero(16);
  Vector v = Vector::Zero(16);
  PlainAdam plain;
  for (int k = 1; k <= 50; ++k) {
    const Vector gradient = curvature.cwiseProduct(x);
    kernels.adam({.count = 16,
                  .gradient_scale = 1.0,
                  .beta1 = 0.9,
                  .beta2 = 0.999,
                  .rate = 0.1 / (1.0 - std::pow(0.9, k)),
                  .second_scale = 1.0 / (1.0 - std::pow(0.999, k)),
                  .epsilon = 1e-8,
                  .gradient = gradient.data(),
                  .parameters = x.data(),
                  .first_moment = m.data(),
                  .second_moment = v.data()});
    plain_x += plain.step(curvature.cwiseProduct(plain_x), 0.1);
  }
  CHECK((x - plain_x).norm() <= 1e-12);  // 50 steps' round-off
  CHECK(x.norm() < 2.0);
}

TEST_CASE("training takes Adam's steps along the clipped gradient", "[learning][exact]") {
  Rng rng(22);
  VelocityNetwork network = initial_network(small_shape, rng);
  const RegressionBatch batch = fixed_batch(9);
  const TrainingOptions options{.adam = {.learning_rate = 0.01,
                                         .schedule = LearningRate::cosine,
                                         .warm_up = 3,
                                         .largest_gradient_norm = 0.5,
                                         .average = 0.9},
                                .iterations = 6,
                                .batch = 9,
                                .precision = Precision::double_precision};
  const TrainingResult trained = train_regression(network, always(batch), options);
  PlainAdam plain;
  Vector average = network.parameters;
  for (Index k = 0; k < 6; ++k) {
    const LossAndGradient loss = regression_loss(network, batch);
    const double scale = std::min(1.0, 0.5 / loss.gradient.norm());
    network.parameters += plain.step(scale * loss.gradient, learning_rate(options.adam, k, 6));
    average = 0.9 * average + 0.1 * network.parameters;
  }
  CHECK(trained.termination == Termination::iteration_limit);
  CHECK((trained.state.parameters - network.parameters).norm() <= 1e-12);
  CHECK((trained.network.parameters - average).norm() <= 1e-12);
}

TEST_CASE("learning rates warm up and decay as their schedules say", "[learning][exact]") {
  const AdamOptions constant{.learning_rate = 2.0, .warm_up = 4};
  CHECK(learning_rate(constant, 0, 100) == 0.5);
  CHECK(learning_rate(constant, 4, 100) == 2.0);
  const AdamOptions cosine{.learning_rate = 2.0, .schedule = LearningRate::cosine};
  CHECK(learning_rate(cosine, 0, 100) == 2.0);
  CHECK_THAT(learning_rate(cosine, 50, 100), WithinAbs(1.0, 1e-15));
  const AdamOptions exponential{.learning_rate = 2.0,
                                .schedule = LearningRate::exponential,
                                .decay = 0.5,
                                .decay_interval = 10};
  CHECK(learning_rate(exponential, 9, 100) == 2.0);
  CHECK(learning_rate(exponential, 35, 100) == 0.25);
}

TEST_CASE("a training that goes on from a checkpoint ends with the same bytes",
          "[learning][property]") {
  const auto precision = GENERATE(Precision::single_precision, Precision::double_precision);
  const bool jko = GENERATE(false, true);
  Rng rng(23);
  const VelocityNetwork start = initial_network(small_shape, rng);
  const Matrix data = rng.normal_matrix(2, 50);
  TrainingOptions options{.adam = {.schedule = LearningRate::cosine, .average = 0.95},
                          .iterations = 9,
                          .batch = 20,
                          .seed = 5,
                          .block = 2,
                          .precision = precision,
                          .report_interval = 4};
  const auto run = [&](const TrainingState& from, const TrainingProgress& progress) {
    if (jko) return train_jko_block(start, draws_from(data), {.steps = 1}, options, from, progress);
    const RegressionSource source = flow_matching(
        ou_step_ends(draws_from(data), 0.2, Coupling::shuffled), Interpolant::trigonometric);
    return train_regression(start, source, options, from, progress);
  };
  std::vector<TrainingState> checkpoints;
  const TrainingResult whole =
      run({}, [&](const TrainingState& state) { checkpoints.push_back(state); });
  REQUIRE(checkpoints.size() == 2);
  CHECK(checkpoints[0].iteration == 4);
  for (const TrainingState& checkpoint : checkpoints) {
    const TrainingResult rest = run(checkpoint, {});
    CHECK(same_bytes(rest.state, whole.state));
    CHECK(rest.network.parameters == whole.network.parameters);
  }
  options.block = 3;  // other draws
  CHECK_FALSE(same_bytes(run({}, {}).state, whole.state));
}

TEST_CASE("a loss that is not finite ends the training before the step", "[learning][exact]") {
  Rng rng(24);
  const VelocityNetwork start = initial_network(small_shape, rng);
  RegressionBatch batch = fixed_batch(4);
  batch.targets(1, 2) = std::nan("");
  const TrainingResult trained = train_regression(
      start, always(batch), {.batch = 4, .precision = Precision::double_precision});
  CHECK(trained.termination == Termination::not_finite);
  CHECK(trained.state.iteration == 0);
  CHECK(trained.state.parameters == start.parameters);
}

// x_0 ~ N(m, S) and x_1 ~ N(0, 1) are independent, I_t = (1 − t)x_0 + t x_1: v and the variance of
// İ_t given I_t follow from Cov(İ_t, I_t) = t − (1 − t)S.
TEST_CASE("flow matching on a Gaussian comes to the population velocity and its floor",
          "[learning][property]") {
  const double mean = 1.5;
  const double S = 0.25;
  const auto covariance = [&](double t) { return t - (1.0 - t) * S; };
  const auto variance = [&](double t) { return (1.0 - t) * (1.0 - t) * S + t * t; };
  const PointSource start = [&](Rng& rng, Matrix& points) {
    for (double& x : points.reshaped()) x = mean + std::sqrt(S) * rng.normal();
  };
  const RegressionSource source =
      flow_matching(independent_ends(start, standard_normal_draws()), Interpolant::linear);
  Rng rng(25);
  const VelocityNetwork network = initial_network({.dimension = 1, .widths = {24, 24}}, rng);
  const TrainingResult trained =
      train_regression(network, source,
                       {.adam = {.learning_rate = 5e-3, .schedule = LearningRate::cosine},
                        .iterations = 1500,
                        .batch = 200});

  RegressionBatch fresh;
  const Index n = 4000;
  fresh.resize(1, n);
  source(rng, fresh);
  double excess = 0.0;
  double floor = 0.0;
  double kinetic = 0.0;
  for (Index j = 0; j < n; ++j) {
    const double t = fresh.times[j];
    const double x = fresh.points(0, j);
    const double v = -mean + covariance(t) / variance(t) * (x - (1.0 - t) * mean);
    const double learned = velocity(trained.network, t, fresh.points.col(j))(0, 0);
    excess += (learned - v) * (learned - v) / static_cast<double>(n);
    kinetic += v * v / static_cast<double>(n);
    floor += (S + 1.0 - covariance(t) * covariance(t) / variance(t)) / static_cast<double>(n);
  }
  CHECK(excess <= 0.01 * kinetic);
  // The loss on fresh draws is excess + floor but for sampling: |v̂ − İ|² has a standard deviation
  // of at most √2 of its mean here, a normal's square.
  const double loss = regression_loss(trained.network, fresh).loss;
  CHECK_THAT(loss,
             WithinAbs(excess + floor, 6.0 * 2.0 * floor / std::sqrt(static_cast<double>(n))));
  CHECK(floor > 10.0 * excess);
}

TEST_CASE("options and checkpoints that do not fit are refused", "[learning][precondition]") {
  Rng rng(26);
  const VelocityNetwork start = initial_network(small_shape, rng);
  const RegressionSource source = always(fixed_batch(4));
  const auto refused = [&](const TrainingOptions& options, const TrainingState& state = {}) {
    CHECK_THROWS_AS(train_regression(start, source, options, state), std::invalid_argument);
  };
  refused({.adam = {.learning_rate = 0.0}});
  refused({.adam = {.beta1 = 1.0}});
  refused({.adam = {.largest_gradient_norm = 0.0}});
  refused({.batch = 0});
  refused({}, {.parameters = Vector::Zero(3)});
  CHECK_THROWS_AS(train_jko_block(start, standard_normal_draws(), {.step_size = 0.0}),
                  std::invalid_argument);
  CHECK_THROWS_AS(train_jko_block(start, standard_normal_draws(), {.steps = 0}),
                  std::invalid_argument);
}

}  // namespace flowcheck::training_test
