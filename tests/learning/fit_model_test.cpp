#include "learning/fit_model.hpp"

#include "learning/model_evaluation.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/moment_fit.hpp"
#include "numerics/confidence.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck::fit_model_test {

namespace {

GaussianMixture two_hills() {
  Matrix means(2, 2);
  means << -2.0, 2.0, 1.0, -1.0;
  return GaussianMixture::isotropic(Vector::Constant(2, 0.5), means, 0.16);
}

DataSplit hills(Index count = 1500) {
  Rng rng(11);
  return split_data(sample(two_hills(), count, rng), {}, 3);
}

FitOptions small(ModelMethod method) {
  return {.method = method,
          .hidden = {32, 32},
          .blocks = method == ModelMethod::fm ? 1 : 2,
          .iterations = method == ModelMethod::jko ? 60 : 250,
          .batch = 128,
          .learning_rate = 1e-2,
          .average = 0.95,
          .validations = 4,
          .seed = 5};
}

EvaluationOptions few() {
  return {.refined_points = 100, .sample_points = 100, .lipschitz_points = 10, .error_points = 30};
}

}  // namespace

TEST_CASE("each method fits two hills better than a Gaussian does", "[learning][property]") {
  const auto method = GENERATE(ModelMethod::fm, ModelMethod::lfm, ModelMethod::jko);
  CAPTURE(to_string(method));
  const DataSplit data = hills();
  const FitResult fit = fit_model(data, small(method));
  REQUIRE(fit.termination == Termination::converged);
  const KnownLaw known = {
      .log_density = [](const Matrix& x) { return two_hills().log_densities(x); },
      .mixture = std::make_shared<const GaussianMixture>(two_hills())};
  const ModelEvaluation found = evaluate_model(fit.model, data, known, few());
  CHECK(found.nll_difference.upper < 0.0);
  CHECK(found.nll_difference.value ==
        Approx(found.test_nll.value - found.gaussian_nll.value).margin(1e-9));
  // Of hills this far apart: log 2 and that of one of them, up to their overlap of 1e-8.
  CHECK(found.entropy.grade == Grade::converged);
  CHECK(found.entropy.value ==
        Approx(std::log(2.0) + 1.0 + std::log(2.0 * std::numbers::pi * 0.16)).epsilon(1e-6));
  const Estimate difference = found.test_nll - found.entropy;
  CHECK(found.entropy_gap.lower < difference.upper);
  CHECK(found.entropy_gap.upper > difference.lower);
  CHECK(found.entropy_gap.upper > 0.0);
  REQUIRE(found.blocks.size() == fit.model.blocks.size());
  const BlockMeasurement& last = found.blocks.back();
  CHECK(last.nll_as_last.value == Approx(found.test_nll.value).margin(1e-9));
  CHECK(last.kl_to_normal.value == Approx(found.entropy_gap.value).margin(1e-9));
  CHECK(last.data_round_trip.value < 1e-2);
  CHECK(last.noise_round_trip.value < 1e-2);
  CHECK(last.lipschitz.value * last.inverse_lipschitz.value >= 1.0);
  CHECK(last.squared_first_order_error.is_nan() == (method != ModelMethod::jko));
  CHECK(last.regression_loss.is_nan() == (method == ModelMethod::jko));
  if (method == ModelMethod::jko) return;
  // The loss is the excess and a floor; what is left of a zero field's excess is less than that.
  const BlockMeasurement& first = found.blocks.front();
  CHECK(first.excess_loss.value < 0.5 * first.regression_loss.value);
  CHECK(first.excess_loss.lower > 0.0);
}

TEST_CASE("a field of zero is the Gaussian fit", "[learning][exact]") {
  const DataSplit data = hills();
  FitOptions options = small(ModelMethod::fm);
  options.iterations = 1;
  options.learning_rate = 1e-300;
  const FitResult fit = fit_model(data, options);
  const ModelEvaluation found = evaluate_model(fit.model, data, {}, few());
  CHECK(found.nll_difference.value == Approx(0.0).margin(1e-9));
  CHECK(found.nll_difference.lower <= 0.0);
  CHECK(found.nll_difference.upper >= 0.0);
  CHECK(found.nll_difference.budget.round_off > 0.0);
  CHECK(found.entropy_gap.is_nan());
  // Its loss at a point, ∫ E|π/2 (cos g − sin x)|² dt = π²(d + |x|²)/8, has the interval of the
  // |x|².
  const double factor = std::numbers::pi * std::numbers::pi / 8.0;
  const Matrix x = fit.model.scaling.to_model(data.test);
  std::vector<double> exact;
  for (Index j = 0; j < x.cols(); ++j) exact.push_back(factor * (2.0 + x.col(j).squaredNorm()));
  const Estimate expected = sample_mean(exact, few().false_alarm);
  const Estimate loss = found.blocks.front().regression_loss;
  CHECK(loss.lower < expected.value);
  CHECK(loss.upper > expected.value);
  CHECK(loss.budget.sampling > 0.9 * expected.budget.sampling);
}

TEST_CASE("a training's end is looked at where it is no report of its own", "[learning][exact]") {
  FitOptions options = small(ModelMethod::fm);
  options.iterations = 61;
  CHECK(fit_model(hills(), options).blocks.front().iterations == 61);
}

TEST_CASE("a model that is not finite is measured as such", "[learning][control]") {
  const auto method = GENERATE(ModelMethod::fm, ModelMethod::jko);
  const DataSplit data = hills(200);
  FitOptions options = small(method);
  options.iterations = 1;
  FlowModel model = fit_model(data, options).model;
  model.blocks.back().network.parameters.setConstant(infinity);
  const ModelEvaluation found = evaluate_model(model, data, {}, few());
  CHECK(found.test_nll.is_nan());
  CHECK_FALSE(found.samples.allFinite());
  for (const Guarantee& guarantee : found.guarantees) {
    if (guarantee.claim != "LFM-18" && guarantee.claim != "JKO-27") continue;
    CHECK(guarantee.bound.is_nan());
    CHECK(guarantee.not_evaluated == "q~_0: a sample of the model is not finite");
  }
}

namespace {

// Three hills on a line or in the plane, too narrow for a kernel on some points.
GaussianMixture narrow_hills(Index dimension) {
  Matrix means = Matrix::Zero(dimension, 3);
  means.row(0) << -1.5, 0.2, 1.5;
  return GaussianMixture::isotropic(Vector{{0.3, 0.3, 0.4}}, means, 0.04);
}

DataSplit narrow_data(Index dimension) {
  Rng rng(12);
  return split_data(sample(narrow_hills(dimension), 400, rng), {}, 3);
}

KnownLaw narrow_law(Index dimension) {
  return {.log_density = [law = narrow_hills(dimension)](const Matrix& x) {
    return law.log_densities(x);
  }};
}

const Guarantee& jko_guarantee(const ModelEvaluation& found) {
  REQUIRE(found.guarantees.back().claim == "JKO-23");
  return found.guarantees.back();
}

}  // namespace

TEST_CASE("the first-order error of a block that moves nothing is the Fisher information",
          "[learning][exact]") {
  const Index d = GENERATE(1, 2, 3);
  const DataSplit data = narrow_data(d);
  FitOptions options = small(ModelMethod::jko);
  options.iterations = 1;
  options.scaling = Scaling::none;
  FlowModel model = fit_model(data, options).model;
  for (ModelBlock& block : model.blocks) block.network.parameters.setZero();
  std::vector<double> squares;
  for (Index j = 0; j < data.test.cols(); ++j) {
    const Vector y = data.test.col(j);
    squares.push_back((y + narrow_hills(d).score(y)).squaredNorm());
  }
  const Estimate expected = sample_mean(squares, few().false_alarm);
  const ModelEvaluation found = evaluate_model(model, data, narrow_law(d), few());
  for (const BlockMeasurement& block : found.blocks) {
    const Estimate& error = block.squared_first_order_error;
    CHECK(error.grade == Grade::statistical);
    CHECK(error.value == Approx(expected.value).epsilon(1e-6));
    CHECK(error.upper == Approx(expected.upper).epsilon(1e-5));
    CHECK(error.budget.discretisation > 0.0);
    CHECK(error.budget.discretisation < 1e-4 * error.value);
  }
}

TEST_CASE("the first-order error of trained blocks is that of the density they carry",
          "[learning][exact]") {
  const Index d = GENERATE(1, 2);
  CAPTURE(d);
  const DataSplit data = narrow_data(d);
  const FlowModel model = fit_model(data, small(ModelMethod::jko)).model;
  const ModelEvaluation found = evaluate_model(model, data, narrow_law(d), few());
  // log p_n at points of its own, back through finer steps of the same blocks.
  const auto log_density = [&](Matrix points, std::size_t n) -> Vector {
    constexpr int refinement = 8;
    Vector volume = Vector::Zero(points.cols());
    while (n-- > 0) {
      points = pull_block(model.blocks[n], points, refinement);
      volume += push_block(model.blocks[n], points, true, refinement).divergence_integral;
    }
    return narrow_hills(d).log_densities(model.scaling.to_data(points)) - volume;
  };
  Matrix before = model.scaling.to_model(data.test);
  for (std::size_t n = 0; n < model.blocks.size(); ++n) {
    CAPTURE(n);
    const ModelBlock& block = model.blocks[n];
    const Matrix after = push_block(block, before).points;
    Matrix score(d, after.cols());
    for (Index k = 0; k < d; ++k) {
      const Vector step = 1e-4 * Vector::Unit(d, k);
      const Vector change =
          log_density(after.colwise() + step, n + 1) - log_density(after.colwise() - step, n + 1);
      score.row(k) = change.transpose() / 2e-4;
    }
    const Matrix field = after + score - (before - after) / block.step_size;
    const Estimate& error = found.blocks[n].squared_first_order_error;
    CHECK(error.value == Approx(field.squaredNorm() / static_cast<double>(field.cols()))
                             .epsilon(1e-3)
                             .margin(2.0 * error.budget.discretisation));
    CHECK(error.budget.discretisation < 0.01 * error.value);
    before = after;
  }
}

TEST_CASE("without a smooth law the first-order error is a kernel estimate without an upper end",
          "[learning][control]") {
  // Blocks that move nothing leave p far from where their steps would: ε² is the Fisher
  // information.
  const GaussianMixture far =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{20.0, 22.0}, {0.0, 0.0}}, 0.5);
  Rng rng(14);
  const DataSplit data = split_data(sample(far, 2000, rng), {}, 3);
  FitOptions options = small(ModelMethod::jko);
  options.iterations = 1;
  options.scaling = Scaling::none;
  FlowModel model = fit_model(data, options).model;
  for (ModelBlock& block : model.blocks) block.network.parameters.setZero();
  KnownLaw jumps{.log_density = [far](const Matrix& x) { return far.log_densities(x); }};
  jumps.smooth = false;
  for (const KnownLaw& law : {KnownLaw{}, jumps}) {
    const ModelEvaluation found = evaluate_model(model, data, law, few());
    for (const BlockMeasurement& block : found.blocks) {
      CHECK(block.no_first_order_error.empty());
      CHECK(block.squared_first_order_error.grade == Grade::sampled);
      CHECK(block.squared_first_order_error.value > 300.0);
      CHECK(block.squared_first_order_error.lower == 0.0);
      CHECK(block.squared_first_order_error.upper == infinity);
    }
    const Guarantee& guarantee = jko_guarantee(found);
    CHECK(guarantee.bound.is_nan());
    CHECK(guarantee.not_evaluated.starts_with(law.log_density ? "eps_n: a kernel estimate"
                                                              : "KL(p_0 || q): the data's"));
  }
}

TEST_CASE("a first-order error that the points do not tell from 0 is none, with the reason",
          "[learning][control]") {
  Rng rng(15);
  const DataSplit data = split_data(rng.normal_matrix(2, 1000), {}, 3);
  FitOptions options = small(ModelMethod::jko);
  options.iterations = 1;
  options.scaling = Scaling::none;
  FlowModel model = fit_model(data, options).model;
  for (ModelBlock& block : model.blocks) block.network.parameters.setZero();  // an exact step
  EvaluationOptions evaluation = few();
  const auto check = [&](const std::string& reason) {
    for (const BlockMeasurement& block : evaluate_model(model, data, {}, evaluation).blocks) {
      CHECK(block.squared_first_order_error.is_nan());
      CHECK_THAT(block.no_first_order_error, Catch::StartsWith(reason));
    }
  };
  check("not resolved by 30 points: ");
  evaluation.error_points = 3;
  check("too few test points");
}

TEST_CASE("points in a hyperplane have no first-order error, and the rest is measured",
          "[learning][control]") {
  Rng rng(16);
  Matrix points = rng.normal_matrix(2, 1000);
  DataSplit data = split_data(points, {}, 3);
  FitOptions options = small(ModelMethod::jko);
  options.iterations = 1;
  FlowModel model = fit_model(data, options).model;
  for (ModelBlock& block : model.blocks) block.network.parameters.setZero();
  const Index half = std::min(few().error_points, data.test.cols() / 2);
  const bool first = GENERATE(true, false);
  CAPTURE(first);
  (first ? data.test.leftCols(half) : data.test.rightCols(half)).row(1).setConstant(0.5);
  const ModelEvaluation found = evaluate_model(model, data, {}, few());
  CHECK(std::isfinite(found.test_nll.value));
  for (const BlockMeasurement& block : found.blocks) {
    CHECK(block.squared_first_order_error.is_nan());
    CHECK_THAT(block.no_first_order_error, Catch::Contains("test points lie in a hyperplane"));
  }
}

TEST_CASE("the guarantee of JKO blocks needs the data's law, and maps that are optimal",
          "[learning][exact]") {
  FitOptions options = small(ModelMethod::jko);
  options.iterations = 1;
  const DataSplit plane = narrow_data(2);
  const Guarantee left_out =
      jko_guarantee(evaluate_model(fit_model(plane, options).model, plane, narrow_law(2), few()));
  CHECK(left_out.bound.is_nan());
  CHECK_THAT(left_out.not_evaluated, Catch::Contains("not known to be optimal"));
}

TEST_CASE("the lower ends of a block's Lipschitz constants are lower bounds", "[learning][exact]") {
  const DataSplit data = narrow_data(1);
  FlowModel model = fit_model(data, small(ModelMethod::jko)).model;
  model.blocks.back().network.parameters.setZero();
  EvaluationOptions options = few();
  options.lipschitz_points = data.test.cols();
  const ModelEvaluation found = evaluate_model(model, data, {}, options);
  // Of the first block by a formula of fourth order; the last moves nothing.
  const ModelBlock& block = model.blocks.front();
  const auto image = [&](double step) -> Matrix {
    const Matrix points = model.scaling.to_model(data.test);
    return push_block(block, points + Matrix::Constant(1, points.cols(), step)).points;
  };
  constexpr double h = 2e-4;
  const Matrix slopes =
      (8.0 * (image(h) - image(-h)) - (image(2.0 * h) - image(-2.0 * h))) / (12.0 * h);
  const auto check = [](const Estimate& constant, double exact) {
    CHECK(constant.grade == Grade::sampled);
    CHECK(constant.lower <= exact);
    CHECK(constant.lower > exact * (1.0 - 1e-4));
    CHECK(constant.upper == infinity);
  };
  check(found.blocks.front().lipschitz, slopes.maxCoeff());
  check(found.blocks.front().inverse_lipschitz, 1.0 / slopes.minCoeff());
  check(found.blocks.back().lipschitz, 1.0);
  check(found.blocks.back().inverse_lipschitz, 1.0);
}

TEST_CASE("errors of inversions add up to what affine blocks attain", "[learning][reference]") {
  // The dossier's six blocks T⁻¹x = e^{.4}x and S = T⁻¹ + .01 (LFM-18).
  const std::vector<Estimate> errors(6, 0.01);
  const std::vector<double> log_lipschitz(6, 0.4);
  const Estimate before = accumulated_error(errors, log_lipschitz, false);
  CHECK_THAT(before, Encloses(0.01 * std::expm1(2.4) / std::expm1(0.4)));
  CHECK_THAT(before.value, WithinPrinted(0.203796, 6));
  // JKO-27 has each block's own constant too.
  CHECK(accumulated_error(errors, log_lipschitz, true).value ==
        Approx(std::exp(0.4) * before.value).epsilon(1e-14));
  CHECK(accumulated_error(errors, {0.0, 0.0, 0.0, 0.0, 0.0, 1e9}, true).upper == infinity);
  CHECK_THROWS_AS(accumulated_error(errors, {0.4}, true), std::invalid_argument);
}

namespace {

// v(x) = −κx, of one unit far above 0, where its softplus is the identity.
ModelBlock shrinking_block(double kappa, int steps) {
  const NetworkShape shape{.dimension = 1,
                           .widths = {1},
                           .time_input = false,
                           .activation = Activation::softplus,
                           .beta = 20.0};
  return {.network = {.shape = shape, .parameters = Vector{{1.0, 50.0, -kappa, 50.0 * kappa}}},
          .step_size = 0.25,
          .steps = steps};
}

// What one RK4 step multiplies by for ẋ = zx.
double growth(double z) {
  return 1.0 + z * (1.0 + z / 2.0 * (1.0 + z / 3.0 * (1.0 + z / 4.0)));
}

const Guarantee& guarantee_of(const ModelEvaluation& found, const std::string& claim) {
  const auto named = std::ranges::find(found.guarantees, claim, &Guarantee::claim);
  REQUIRE(named != found.guarantees.end());
  return *named;
}

}  // namespace

TEST_CASE("the steps of a block stretch no more than their bound", "[learning][exact]") {
  // The steps of a field that grows attain it: T⁻¹ of a shrinking one does not, being 1/P(−κ/n).
  for (const int steps : {1, 4, 16}) {
    CAPTURE(steps);
    const double z = 0.4 / steps;
    const double bound = log_inverse_lipschitz_bound(shrinking_block(0.4, steps));
    CHECK(bound == Approx(-steps * std::log(2.0 - growth(z))).epsilon(1e-13));
    CHECK(bound >= -steps * std::log(growth(-z)));
    CHECK(bound > 0.4);  // of the flow
  }
  // Nodes that are graded: the longest step alone decides whether there is an inverse.
  ModelBlock graded = shrinking_block(0.4, 2);
  graded.time_power = 2.0;
  CHECK(log_inverse_lipschitz_bound(graded) ==
        Approx(-std::log(2.0 - growth(0.1)) - std::log(2.0 - growth(0.3))).epsilon(1e-13));
  CHECK(log_inverse_lipschitz_bound(shrinking_block(3.0, 1)) == infinity);
  CHECK(log_inverse_lipschitz_bound(shrinking_block(3.0, 8)) < infinity);
}

TEST_CASE("the guarantee of affine JKO blocks is the formula, where it says something",
          "[learning][exact]") {
  // x ~ N(0, 4) and one block x ↦ ρx: its first-order error is c y with
  // c = 1 − 1/(4ρ²) − (1/ρ − 1)/h, and 0 for one h.
  constexpr double kappa = 0.4;
  const double rho = std::pow(growth(-kappa / 8.0), 8);
  const Gaussian law = Gaussian(Vector::Zero(1), 4.0 * Matrix::Identity(1, 1));
  Rng rng(17);
  const DataSplit data = split_data(sample(law, 4000, rng), {}, 3);
  const KnownLaw known = {.log_density = [law](const Matrix& x) { return log_densities(law, x); }};
  FlowModel model{.method = ModelMethod::jko,
                  .scaling = scaling_of(Scaling::none, Matrix::Identity(1, 1)),
                  .columns = {},
                  .blocks = {shrinking_block(kappa, 8)}};
  const auto evaluated = [&](double h) {
    model.blocks.front().step_size = h;
    return evaluate_model(model, data, known, few());
  };
  const auto upper_end = [&](const Vector& draws) {
    return sample_mean({draws.begin(), draws.end()}, few().false_alarm / 2.0).upper;
  };
  constexpr double h = 1.0;
  const ModelEvaluation found = evaluated(h);
  const double c = 1.0 - 1.0 / (4.0 * rho * rho) - (1.0 / rho - 1.0) / h;
  const Vector squares = data.test.row(0).cwiseAbs2();
  const double error = upper_end(squares * (c * c * rho * rho));
  const double start = upper_end((0.375 * squares.array() - std::log(2.0)).matrix());
  const double root = std::sqrt(2.0 * start) / (1.0 + h) + std::sqrt(error);
  const Guarantee& guarantee = jko_guarantee(found);
  CHECK(guarantee.not_evaluated.empty());
  CHECK(guarantee.bound.grade == Grade::statistical);
  CHECK(guarantee.bound.value == Approx(0.5 * root * root).epsilon(1e-4));
  CHECK(guarantee.bound.value == guarantee.bound.upper);
  CHECK(guarantee.bound.value >= found.entropy_gap.value);
  CHECK(guarantee.bound.budget.sampling > 0.0);
  CHECK(guarantee_of(found, "LFM-13").bound.budget.sampling > 0.0);
  // Far from the step that the block is of.
  const Guarantee vacuous = jko_guarantee(evaluated(0.1));
  CHECK(vacuous.bound.is_nan());
  CHECK_THAT(vacuous.not_evaluated, Catch::StartsWith("it says nothing beside KL(p_0 || q) = 0."));
}

TEST_CASE("what inversion loses is that of affine blocks with known numbers", "[learning][exact]") {
  const auto method = GENERATE(ModelMethod::lfm, ModelMethod::jko);
  CAPTURE(to_string(method));
  constexpr double kappa = 0.4;
  FlowModel model{.method = method,
                  .scaling = scaling_of(Scaling::none, Matrix::Identity(1, 1)),
                  .columns = {},
                  .blocks = {shrinking_block(kappa, 1), shrinking_block(kappa, 1)}};
  const ModelEvaluation found = evaluate_model(model, narrow_data(1), {}, few());
  // The samples x = P(κ)²z; q̃_2 and q̃_1 have the sizes of z and of P(κ)z.
  const double size =
      std::sqrt(found.samples.squaredNorm() / static_cast<double>(found.samples.cols()));
  const double first = size / growth(kappa);
  const double second = first / growth(kappa);
  const auto check = [&](const char* claim, double error, double stretch, bool with_own) {
    CAPTURE(claim);
    const Guarantee& guarantee = guarantee_of(found, claim);
    CHECK(guarantee.not_evaluated.empty());
    const double sum = error * (first + stretch * second) * (with_own ? stretch : 1.0);
    CHECK(guarantee.bound.value == Approx(sum).epsilon(1e-8));
    CHECK(guarantee.bound.upper < 2.5 * guarantee.bound.value);
    // Two intervals, each at half the level of those of the blocks.
    std::vector<Estimate> errors;
    for (const BlockMeasurement& block : found.blocks) {
      errors.push_back(with_own ? block.noise_round_trip : block.inversion_error);
    }
    const Estimate each =
        accumulated_error(errors, {std::log(stretch), std::log(stretch)}, with_own);
    CHECK(guarantee.bound.upper > each.upper + 0.01 * each.value);
  };
  // Off the inverse by what twice the steps change, and off the way back by P(κ)P(−κ) − 1.
  const double halves = growth(0.5 * kappa) * growth(0.5 * kappa);
  check("LFM-18", std::abs(halves - growth(kappa)), std::exp(kappa), false);
  if (method != ModelMethod::jko) return;
  check("JKO-27", std::abs(growth(kappa) * growth(-kappa) - 1.0), 1.0 / (2.0 - growth(kappa)),
        true);
  // Far too long a step: no constant of T⁻¹, and no bound.
  model.blocks = {shrinking_block(2.0, 1), shrinking_block(2.0, 1)};
  const ModelEvaluation coarse = evaluate_model(model, narrow_data(1), {}, few());
  CHECK_THAT(guarantee_of(coarse, "JKO-27").not_evaluated,
             Catch::StartsWith("Lip(T_j^-1): the layers' norms do not say that the steps have"));
}

TEST_CASE("what rounding alone undoes is not told from 0", "[learning][exact]") {
  FlowModel model{.method = ModelMethod::jko,
                  .scaling = scaling_of(Scaling::none, Matrix::Identity(1, 1)),
                  .columns = {},
                  .blocks = {shrinking_block(1e-6, 8)}};
  const BlockMeasurement block = evaluate_model(model, narrow_data(1), {}, few()).blocks.front();
  for (const Estimate& error :
       {block.data_round_trip, block.noise_round_trip, block.inversion_error}) {
    CHECK(error.lower == 0.0);
    CHECK(error.upper > 1e-15);
    CHECK(error.upper < 1e-11);
    CHECK(error.budget.round_off > 1e-15);
  }
}

TEST_CASE("what inversion loses has no bound where the layers' norms are large, and says so",
          "[learning][control]") {
  const DataSplit data = hills(400);
  FitOptions options = small(ModelMethod::lfm);
  options.hidden = {64, 64, 64};
  const ModelEvaluation found = evaluate_model(fit_model(data, options).model, data, {}, few());
  const Guarantee& vacuous = guarantee_of(found, "LFM-18");
  CHECK(vacuous.bound.is_nan());
  CHECK_THAT(vacuous.not_evaluated,
             Catch::StartsWith("Lip(T_j^-1): the layers' norms bound the product by e^"));
}

TEST_CASE("a bound of what inversion loses says something up to the size of both laws",
          "[learning][exact]") {
  const auto bound_in_sizes = [](double kappa) {
    // One step a block, and a softplus that is the identity on all that the samples grow to.
    ModelBlock block = shrinking_block(kappa, 1);
    block.network.parameters = Vector{{1.0, 1e4, -kappa, 1e4 * kappa}};
    const FlowModel model{.method = ModelMethod::lfm,
                          .scaling = scaling_of(Scaling::none, Matrix::Identity(1, 1)),
                          .columns = {},
                          .blocks = {block, block}};
    const ModelEvaluation found = evaluate_model(model, narrow_data(1), {}, few());
    const double size =
        std::sqrt(found.samples.squaredNorm() / static_cast<double>(found.samples.cols()));
    return guarantee_of(found, "LFM-18").bound.upper / size;
  };
  const double within = bound_in_sizes(3.4);
  CHECK(within > 1.0);
  CHECK(within < 2.0);
  CHECK(std::isnan(bound_in_sizes(4.5)));  // left out
}

TEST_CASE("blocks share the time for training", "[learning][property]") {
  const DataSplit data = hills();
  FitOptions options = small(ModelMethod::lfm);
  options.iterations = 400;
  // Eight looks at the clock a block; all of the time has passed after as many.
  double used = 0.0;
  const FitResult fit =
      fit_model(data, options, {}, {.seconds = [&] { return used += 0.125; }, .time_limit = 1.0});
  CHECK(fit.termination == Termination::converged);
  REQUIRE(fit.blocks.size() == 2);
  for (const BlockFit& block : fit.blocks) {
    CHECK(block.out_of_time);
    CHECK(block.iterations == 200);
  }
  const FitResult enough =
      fit_model(data, options, {}, {.seconds = [] { return 0.0; }, .time_limit = 1.0});
  for (const BlockFit& block : enough.blocks) {
    CHECK_FALSE(block.out_of_time);
    CHECK(block.iterations == 400);
  }
}

TEST_CASE("a fit that goes on has the time that is left, or more where it is given more",
          "[learning][property]") {
  const DataSplit data = hills(600);
  FitOptions options = small(ModelMethod::fm);
  options.iterations = 400;
  const auto iterations = [&](double seconds, double limit) {
    const FitWatch watch = {.seconds = [] { return 0.0; }, .time_limit = limit};
    return fit_model(data, options, {}, watch, {.seconds = seconds}).blocks.front().iterations;
  };
  CHECK(iterations(0.5, 1.0) == 400);
  CHECK(iterations(1.0, 1.0) == 50);  // the first look at the clock
  CHECK(iterations(1.0, 2.0) == 400);
  FitState last;
  double clock = 0.0;
  const FitWatch watch = {.seconds = [&] { return clock += 1.0; },
                          .checkpoint = [&](const FitState& state) { last = state; }};
  CHECK_FALSE(fit_model(data, options, {}, watch, {.seconds = 7.0}).blocks.front().out_of_time);
  CHECK(last.seconds == 7.0 + clock);
}

TEST_CASE("points out of the numbers' range end a fit, and leave no state that is refused",
          "[learning][control]") {
  const auto method = GENERATE(ModelMethod::fm, ModelMethod::jko);
  DataSplit data = hills(200);
  for (Matrix* part : {&data.train, &data.validation, &data.test}) *part *= 1e200;
  FitOptions options = small(method);
  options.scaling = Scaling::none;
  const auto check = [&](const FitState& state) {
    CHECK_NOTHROW(require_fit_state(state, options, 2, options.method == ModelMethod::fm ? 1 : 2));
  };
  const FitResult fit = fit_model(data, options, {}, {.checkpoint = check});
  CHECK(fit.termination == Termination::not_finite);
}

TEST_CASE("a training that leaves the finite numbers ends its block with its best parameters",
          "[learning][control]") {
  const auto method = GENERATE(ModelMethod::lfm, ModelMethod::jko);
  CAPTURE(to_string(method));
  const DataSplit data = hills(600);
  FitOptions options = small(method);
  std::vector<FitState> states;
  const auto keep = [&](const FitState& state) { states.push_back(state); };
  REQUIRE(fit_model(data, options, {}, {.checkpoint = keep}).blocks.back().best_iteration > 0);
  // The last state within the second block, of which the best parameters are known by then.
  const auto last = std::find_if(states.rbegin(), states.rend(), [&](const FitState& state) {
    return state.in_training() && state.training.iteration < options.iterations;
  });
  REQUIRE(last != states.rend());
  REQUIRE(last->networks.size() == 1);
  FitState from = *last;
  from.training.parameters.setConstant(1e300);
  const FitResult fit = fit_model(data, options, {}, {}, from);
  CHECK(fit.termination == Termination::converged);
  CHECK_FALSE(fit.blocks.front().not_finite);
  CHECK(fit.blocks.back().not_finite);
  REQUIRE(fit.model.blocks.size() == 2);
  CHECK(fit.model.blocks.front().network.parameters == from.networks.front().parameters);
  CHECK(fit.model.blocks.back().network.parameters == from.best.parameters);
}

namespace {

// Few points of two modes that overlap.
DataSplit overlapping_hills() {
  Rng rng(4);
  const Matrix means{{-1.2, 1.2}, {-0.4, 0.4}};
  const auto law = GaussianMixture::isotropic(Vector::Constant(2, 0.5), means, 1.0);
  return split_data(sample(law, 300, rng), {0.2, 0.05}, 3);
}

}  // namespace

TEST_CASE("by the likelihood no block is worse on the validation points than the Gaussian",
          "[learning][property]") {
  const auto method = GENERATE(ModelMethod::fm, ModelMethod::lfm, ModelMethod::jko);
  CAPTURE(to_string(method));
  const DataSplit data = overlapping_hills();
  FitOptions options = small(method);
  options.frequencies = 64;
  if (method == ModelMethod::fm) {
    options.hidden = {32};
    options.iterations = 600;
    options.validations = 10;
  }
  const double gaussian = -log_densities(moment_fit(data.train), data.validation).mean();
  const auto nll = [&](Selection selection) {
    options.selection = selection;
    const FitResult fit = fit_model(data, options);
    const double of_model = -log_densities(fit.model, data.validation).mean();
    // The number that the parameters are kept by is the model's own.
    if (selection == Selection::nll) {
      CHECK(fit.blocks.front().identity_validation == Approx(gaussian).epsilon(1e-9));
      CHECK(fit.blocks.back().best_validation == Approx(of_model).epsilon(1e-9));
    }
    return of_model;
  };
  const double by_nll = nll(Selection::nll);
  CHECK(by_nll <= gaussian + 1e-9);
  // The regression's loss does not see what waves do between few points; a JKO step's does.
  if (method == ModelMethod::fm) CHECK(nll(Selection::loss) > gaussian + 0.1);
}

TEST_CASE("a block that learns the training points alone is told from one that learns nothing",
          "[learning][property]") {
  const DataSplit data = overlapping_hills();
  FitOptions options = small(ModelMethod::fm);
  options.selection = Selection::nll;
  options.frequencies = 64;
  options.iterations = 600;
  options.validations = 3;  // the first one is late
  const BlockFit learned = fit_model(data, options).blocks.front();
  CHECK(learned.overfitted());
  CHECK(learned.last_train_loss < learned.first_train_loss - 0.05);
  CHECK(learned.train_gain_error > 0.0);
  CHECK(learned.train_gain_error < 0.02);
  options.frequencies = 0;
  options.hidden = {8};
  options.iterations = 50;
  options.learning_rate = 1000.0;
  const BlockFit diverged = fit_model(data, options).blocks.front();
  CHECK(diverged.untrained());
  CHECK_FALSE(diverged.overfitted());
}

TEST_CASE("a block is trained that began better than no movement, and found nothing better",
          "[learning][exact]") {
  BlockFit warm{.first_validation = 1.0, .identity_validation = 1.1, .best_validation = 1.0};
  warm.first_train_loss = 1.0;
  warm.last_train_loss = 0.9;
  CHECK_FALSE(warm.untrained());
  CHECK_FALSE(warm.overfitted());
  BlockFit worse = warm;
  worse.first_validation = 1.2;
  worse.best_validation = 1.1;
  CHECK(worse.untrained());
  CHECK_FALSE(worse.overfitted());  // by 0.1, and nothing says how well that is known
  worse.train_gain_error = 0.05;
  CHECK_FALSE(worse.overfitted());
  worse.train_gain_error = 0.03;
  CHECK(worse.overfitted());
  worse.best_iteration = 10;
  worse.best_validation = 1.05;
  CHECK_FALSE(worse.untrained());
}

// Stopped at the first report: the losses of the start and of no movement are there by then.
double identity_validation(const DataSplit& data, const FitOptions& options) {
  const std::atomic<bool> stop = true;
  return fit_model(data, options, {}, {.stop = &stop}).blocks.front().identity_validation;
}

TEST_CASE("the loss that validates is a mean over a tenth of the training's draws",
          "[learning][property]") {
  CHECK(validation_draws({.iterations = 10'000, .batch = 512, .validations = 20}, 50) == 25'600);
  CHECK(validation_draws({.iterations = 10, .batch = 512}, 50) == 4096);
  CHECK(validation_draws({.iterations = 10'000'000, .batch = 512}, 50) == 131'072);
  // Of a JKO step each point once.
  CHECK(validation_draws({.method = ModelMethod::jko}, 50) == 50);
  CHECK(validation_draws({.method = ModelMethod::jko}, 100'000) == 25'600);
  // Its spread over seeds is that of so many draws: sixteen times as many, a quarter of it.
  const DataSplit data = hills();
  const auto spread = [&](Index iterations) {
    FitOptions options = small(ModelMethod::fm);
    options.hidden = {4};
    options.batch = 512;
    options.iterations = iterations;
    std::vector<double> losses;
    for (options.seed = 1; options.seed <= 12; ++options.seed) {
      losses.push_back(identity_validation(data, options));
    }
    const double mean = std::accumulate(losses.begin(), losses.end(), 0.0) / 12.0;
    double sum = 0.0;
    for (const double loss : losses) sum += (loss - mean) * (loss - mean);
    return std::sqrt(sum / 11.0);
  };
  // Each deviation has eleven degrees of freedom: ¼ is measured below ½.
  CHECK(spread(5120) < 0.5 * spread(320));
}

TEST_CASE("a fit is its seed's, and stops when it is told to", "[learning][property]") {
  const DataSplit data = hills();
  FitOptions options = small(ModelMethod::lfm);
  options.iterations = 20;
  const auto parameters = [&](const FitOptions& chosen) {
    return fit_model(data, chosen).model.blocks.back().network.parameters;
  };
  const Vector once = parameters(options);
  CHECK(parameters(options) == once);
  FitOptions other = options;
  other.seed = 6;
  CHECK(parameters(other) != once);
  const std::atomic<bool> stop = true;
  CHECK(fit_model(data, options, {}, {.stop = &stop}).termination == Termination::running);
}

TEST_CASE("a fit goes on from any of its states with the same numbers", "[learning][exact]") {
  const auto method = GENERATE(ModelMethod::fm, ModelMethod::lfm, ModelMethod::jko);
  CAPTURE(to_string(method));
  const DataSplit data = hills(600);
  FitOptions options = small(method);
  options.iterations = 45;  // the last report is not the end
  options.patience = 2;
  std::vector<FitState> states;
  const FitResult whole = fit_model(
      data, options, {}, {.checkpoint = [&](const FitState& state) { states.push_back(state); }});
  const std::size_t blocks = whole.model.blocks.size();
  CHECK(states.size() > 2 * blocks);
  CHECK(states.back().networks.size() == blocks);
  for (const FitState& state : states) {
    const FitResult rest = fit_model(data, options, {}, {}, state);
    REQUIRE(rest.termination == Termination::converged);
    REQUIRE(rest.model.blocks.size() == blocks);
    for (std::size_t n = 0; n < blocks; ++n) {
      CHECK(rest.model.blocks[n].network.parameters == whole.model.blocks[n].network.parameters);
      CHECK(rest.blocks[n].best_iteration == whole.blocks[n].best_iteration);
      CHECK(rest.blocks[n].iterations == whole.blocks[n].iterations);
      CHECK(rest.blocks[n].train_loss == whole.blocks[n].train_loss);
    }
  }
}

TEST_CASE("a state that its options cannot have come to is refused", "[learning][precondition]") {
  const DataSplit data = hills(600);
  const FitOptions options = small(ModelMethod::lfm);
  std::vector<FitState> states;
  const auto keep = [&](const FitState& state) { states.push_back(state); };
  const FitResult fit = fit_model(data, options, {}, {.checkpoint = keep});
  REQUIRE(fit.blocks.size() == 2);
  const auto in_second = std::ranges::find_if(
      states, [](const FitState& s) { return s.in_training() && s.networks.size() == 1; });
  REQUIRE(in_second != states.end());
  REQUIRE_NOTHROW(require_fit_state(*in_second, options, 2, 2));
  CHECK_THROWS_AS(require_fit_state(*in_second, options, 3, 2), std::invalid_argument);
  CHECK_THROWS_AS(require_fit_state(*in_second, options, 2, 1), std::invalid_argument);
  const auto refused = [&](auto change) {
    FitState state = *in_second;
    change(state);
    CHECK_THROWS_AS(fit_model(data, options, {}, {}, state), std::invalid_argument);
  };
  refused([&](FitState& s) { s.training.iteration = options.iterations + 1; });
  refused([&](FitState& s) { s.blocks[0].iterations = options.iterations + 1; });
  refused([](FitState& s) { s.blocks[1].best_iteration = s.blocks[1].iterations + 1; });
  refused([](FitState& s) { s.blocks[1].best_validation = std::nan(""); });
  refused([&](FitState& s) { s.since_best = options.patience; });
  refused([](FitState& s) { s.since_best = -1; });
  refused([](FitState& s) { s.networks[0].shape.widths[0] += 1; });
  refused([](FitState& s) { s.best.parameters.conservativeResize(3); });
}

TEST_CASE("a fit that is stopped gives its last state, and no other options take it",
          "[learning][property]") {
  const DataSplit data = hills(600);
  const FitOptions options = small(ModelMethod::lfm);
  std::atomic<bool> stop = false;
  FitState last;
  const FitWatch watch = {.progress = [&](double done) { stop = done > 0.6; },
                          .stop = &stop,
                          .checkpoint = [&](const FitState& state) { last = state; }};
  CHECK(fit_model(data, options, {}, watch).termination == Termination::running);
  CHECK(last.networks.size() == 1);
  CHECK(last.in_training());
  CHECK(last.training.iteration > 0);
  CHECK(fit_model(data, options, {}, {}, last).model.blocks.back().network.parameters ==
        fit_model(data, options).model.blocks.back().network.parameters);
  FitOptions other = options;
  other.hidden = {16, 16};
  CHECK_THROWS_AS(fit_model(data, other, {}, {}, last), std::invalid_argument);
  other = options;
  other.blocks = 1;
  CHECK_THROWS_AS(fit_model(data, other, {}, {}, last), std::invalid_argument);
}

TEST_CASE("a block that would be worse than none moves nothing", "[learning][property]") {
  const DataSplit data = hills(600);
  // The second step is so short that whatever the first block does would be too far.
  const FitResult fit = fit_model(data, small(ModelMethod::jko), {2.0, 1e-9});
  REQUIRE(fit.termination == Termination::converged);
  for (const BlockFit& block : fit.blocks) {
    CHECK(block.best_validation <= block.identity_validation);
  }
  const BlockFit& last = fit.blocks.back();
  CHECK(last.first_validation > last.identity_validation);
  CHECK(last.best_validation == last.identity_validation);
  const Matrix points = data.test;
  CHECK(push_block(fit.model.blocks.back(), points).points == points);
}

TEST_CASE("a block without progress on the validation rows stops early", "[learning][property]") {
  FitOptions options = small(ModelMethod::fm);
  options.iterations = 4000;
  options.validations = 400;
  options.patience = 2;
  const FitResult fit = fit_model(hills(60), options);
  const BlockFit& block = fit.blocks.front();
  CHECK(block.iterations < options.iterations);
  CHECK(block.best_iteration < block.iterations);
  CHECK(block.best_validation <= block.first_validation);
}

TEST_CASE("step sizes are geometric, and the last of lfm is free", "[learning][exact]") {
  const auto lfm = block_step_sizes({.method = ModelMethod::lfm});
  CHECK(lfm.size() == 4);
  CHECK(lfm[1] == Approx(0.195));
  CHECK(lfm[2] == Approx(0.2535));
  CHECK(lfm[3] == infinity);
  const auto jko = block_step_sizes({.method = ModelMethod::jko, .blocks = 8});
  CHECK(jko.front() == 0.25);
  CHECK(jko.back() == Approx(0.25 * std::pow(1.4, 7)));
  CHECK(block_step_sizes({}) == std::vector<double>{infinity});
  CHECK_THROWS_AS(block_step_sizes({.blocks = 2}), std::invalid_argument);
}

TEST_CASE("reparametrised steps move by equal lengths where speeds stay", "[learning][exact]") {
  // Speeds 4, 1, 1: of six units of length two a step, at the times ½, 1 and 3.
  const std::vector<double> steps = {1.0, 1.0, 1.0};
  const std::vector<double> moved = {4.0, 1.0, 1.0};
  const auto whole = reparametrised_step_sizes(steps, moved, 1.0);
  CHECK(whole[0] == Approx(0.5));
  CHECK(whole[1] == Approx(0.5));
  CHECK(whole[2] == Approx(2.0));
  const auto half = reparametrised_step_sizes(steps, moved, 0.5);
  CHECK(half[0] == Approx(0.75));
  CHECK(half[2] == Approx(1.5));
  CHECK(std::accumulate(half.begin(), half.end(), 0.0) == Approx(3.0));
  CHECK(reparametrised_step_sizes(steps, {2.0, 2.0, 2.0}, 1.0) == steps);
  SECTION("blocks that are the identity") {
    const auto middle = reparametrised_step_sizes(steps, {2.0, 0.0, 2.0}, 1.0);
    CHECK(middle[0] == Approx(2.0 / 3.0));
    CHECK(middle[1] == Approx(5.0 / 3.0));
    const auto last = reparametrised_step_sizes(steps, {2.0, 2.0, 0.0}, 1.0);
    CHECK(last[1] == Approx(2.0 / 3.0));
    CHECK(last[2] == Approx(5.0 / 3.0));
    const auto first = reparametrised_step_sizes({1.0, 1.0}, {0.0, 2.0}, 1.0);
    CHECK(first[0] == Approx(1.5));
    CHECK(reparametrised_step_sizes(steps, {0.0, 0.0, 0.0}, 0.5) == steps);
  }
  CHECK_THROWS_AS(reparametrised_step_sizes(steps, {1.0}, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(reparametrised_step_sizes(steps, moved, 1.5), std::invalid_argument);
}

}  // namespace flowcheck::fit_model_test
