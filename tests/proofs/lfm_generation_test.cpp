// The dossier's numbers for generation by Local Flow Matching (LFM-12 … 15, 17 … 21).

#include "claims/check.hpp"
#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "experiments.hpp"
#include "learning/block_path.hpp"
#include "learning/gaussian_block.hpp"
#include "lfm/generation.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::lfm_generation_test {

namespace {

// One of a claim's controls by itself, violated as it should be.
CheckResult control_of(Claim claim, const std::string& name) {
  std::erase_if(claim.instances, [](const Instance&) { return true; });
  std::erase_if(claim.tight, [](const Instance&) { return true; });
  std::erase_if(claim.controls, [&](const Instance& control) { return control.name != name; });
  const ClaimResult result = check(claim);
  REQUIRE(result.controls.size() == 1);
  REQUIRE(result.controls.front().verdict == Verdict::violated);
  return result.controls.front();
}

const Instance& instance_of(const Claim& claim, const std::string& name) {
  const auto found = std::ranges::find(claim.instances, name, &Instance::name);
  REQUIRE(found != claim.instances.end());
  return *found;
}

template <class Value>
void set(PreparedRun& run, const std::string& flag, const Value& value) {
  for (const Option& option : run.options) {
    if (option.flag == flag) *std::get<Value*>(option.value) = value;
  }
}

std::vector<Row> rows_of(const RunRecord& record, const std::string& quantity) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.quantity == quantity) found.push_back(row);
  }
  return found;
}

}  // namespace

TEST_CASE("a chain of learned blocks keeps the divergence of its ends", "[lfm][reference]") {
  const LineNormal start{.mean = 0.6, .variance = 0.36};
  const BlockOptions block{.step_size = 0.3,
                           .error = {.size = 0.05, .constant = 1.0, .slope = -0.3}};
  const GaussianChain chain = gaussian_chain(start, std::vector<BlockOptions>(6, block));
  const Estimate at_noise = chi_squared_to_noise(chain.end());
  const Estimate at_data = chi_squared(start.gaussian(), chain.generated().gaussian());
  CHECK_THAT(at_noise.value, WithinPrinted(0.0747881, 7));
  CHECK_THAT(at_data.value, Catch::Matchers::WithinRel(at_noise.value, 1e-9));
}

TEST_CASE("data processing fails to be an equality by as much as stated", "[lfm][reference]") {
  const CheckResult folded = control_of(lfm_12_data_processing(), "T = |x|");
  CHECK_THAT(folded.lhs.value, WithinPrinted(0.06158, 5));
  CHECK_THAT(folded.rhs.value, WithinPrinted(0.284677485625, 10));
  const CheckResult swapped = control_of(lfm_12_data_processing(), "χ²(q ‖ p_N)");
  CHECK_THAT(swapped.lhs.value, Catch::Matchers::WithinRel(1.07e4, 0.005));
  CHECK_THAT(swapped.rhs.value, WithinPrinted(0.277, 3));
}

TEST_CASE("N(1, 1) has the stated divergences from N(0, 1)", "[lfm][reference]") {
  const Gaussian p(Vector::Ones(1), Matrix::Identity(1, 1));
  const Gaussian q = Gaussian::standard(1);
  CHECK_THAT(total_variation(p, q).value, WithinPrinted(0.3829, 4));
  CHECK_THAT(kl(p, q).value, WithinPrinted(0.5, 12));
  CHECK_THAT(chi_squared(p, q).value, WithinPrinted(1.718, 3));
  CHECK_THAT(0.5 * std::sqrt(chi_squared(p, q).value), WithinPrinted(0.6554, 4));
}

TEST_CASE("wrong constants of divergences are off by as much as stated", "[lfm][reference]") {
  const CheckResult half = control_of(lfm_13_kl_and_total_variation(), "KL ≤ ½χ²");
  CHECK_THAT(half.lhs.value, WithinPrinted(0.10536, 5));
  CHECK_THAT(half.rhs.value, WithinPrinted(0.05556, 5));
  const CheckResult rootless = control_of(lfm_13_kl_and_total_variation(), "TV ≤ ½χ²");
  CHECK_THAT(rootless.lhs.value, WithinPrinted(0.05, 12));
  CHECK_THAT(rootless.rhs.value, WithinPrinted(0.005, 12));
  const CheckResult noise = control_of(lfm_14_short_smoothing(), "(M₂ + d)δ");
  CHECK_THAT(noise.lhs.value, WithinPrinted(0.0198, 4));
  CHECK_THAT(noise.rhs.value, WithinPrinted(0.01, 12));
}

TEST_CASE("the supremum over points is found whatever their order", "[lfm][regression]") {
  // One far atom behind thirty near ones: sup ρ_δ/q is its own.
  Matrix x = Matrix::Zero(2, 31);
  for (Index i = 0; i < 30; ++i) x.col(i) << 0.5 * std::cos(i), 0.5 * std::sin(i);
  x.col(30) << 4.0, 0.0;
  const Target target{.start = PointCloud(x), .reference = Gaussian::standard(2), .step_size = 0.5};
  const ClaimResult result = check(lfm_15_discrete_data(), {.target = target});
  CHECK(result.verdict == Verdict::holds);
  const auto part =
      std::find_if(result.checks.begin(), result.checks.end(),
                   [](const CheckResult& check) { return check.part == "sup ρ_δ/q, logarithms"; });
  REQUIRE(part != result.checks.end());
  const double of_far_atom = -std::log(31.0) + 8.0 - std::log(-std::expm1(-2.0 * 0.03));
  CHECK(part->lhs.lower == Approx(of_far_atom).epsilon(1e-9));
}

TEST_CASE("bent maps keep four divergences, folding loses some of each", "[lfm][reference]") {
  // T = x + ½ tanh 2x of N(.4, .5) and N(0, 1).
  const Claim claim = lfm_12_data_processing();
  Trial trial{.rng = Rng(1)};
  const Outcome kept = claim.tight.front().draw(trial);
  REQUIRE(kept.bounds.size() == 4);
  const Gaussian p(Vector{{0.4}}, Matrix{{0.5}});
  const Gaussian q = Gaussian::standard(1);
  const std::vector<Estimate> exact = {chi_squared(p, q), kl(p, q), total_variation(p, q),
                                       squared_hellinger(p, q)};
  for (std::size_t k = 0; k < kept.bounds.size(); ++k) {
    CAPTURE(kept.bounds[k].part);
    CHECK(kept.bounds[k].relation == Relation::identity);
    CHECK_THAT(kept.bounds[k].lhs, Encloses(exact[k].value));
    CHECK_THAT(kept.bounds[k].lhs.value, Catch::Matchers::WithinRel(exact[k].value, 1e-9));
  }
  for (const Bound& lost : instance_of(claim, "|x|, random mixtures").draw(trial).bounds) {
    CAPTURE(lost.part);
    CHECK(lost.lhs.upper < lost.rhs.lower);
  }
}

TEST_CASE("affine blocks keep the divergences that are known, and say which are not",
          "[lfm][property]") {
  const Gaussian start(Vector{{0.5, -0.2}}, Matrix{{0.6, 0.1}, {0.1, 0.4}});
  const Outcome outcome = lfm_12_data_processing().on_target(
      {.start = start, .reference = Gaussian::standard(2), .step_size = 0.3, .error = 0.05});
  REQUIRE(outcome.bounds.size() == 4);
  for (std::size_t k = 0; k < 3; ++k) {
    const Bound& bound = outcome.bounds[k];
    CAPTURE(bound.part);
    CHECK(bound.failed_hypothesis.empty());
    CHECK(bound.lhs.value > 0.0);
    CHECK_THAT(bound.lhs.value, Catch::Matchers::WithinRel(bound.rhs.value, 1e-9));
  }
  CHECK(outcome.bounds[3].part == "TV");
  CHECK_FALSE(outcome.bounds[3].failed_hypothesis.empty());
}

namespace {

// W₂² of ½δ_{−a} + ½δ_a and its smoothing ½N(−m, s²) + ½N(m, s²), m = e^{−δ}a: E(|y| − a)².
double cost_of_two_atoms(double a, double delta) {
  const double m = std::exp(-delta) * a;
  const double s = std::sqrt(-std::expm1(-2.0 * delta));
  const double of_absolute =
      s * std::sqrt(2.0 / std::numbers::pi) * std::exp(-0.5 * m * m / (s * s)) +
      m * std::erf(m / (s * std::numbers::sqrt2));
  return m * m + s * s - 2.0 * a * of_absolute + a * a;
}

// Both parts at δ = 1e-3, .01, .1, .5, 1 and the target's own γ.
std::vector<Bound> smoothed(const Measure& start, double delta) {
  const auto d = std::visit([](const auto& law) { return law.dimension(); }, start);
  return lfm_14_short_smoothing()
      .on_target({.start = start, .reference = Gaussian::standard(d), .step_size = delta})
      .bounds;
}

}  // namespace

TEST_CASE("the cost of smoothing atoms on the line is that of folded normals", "[lfm][exact]") {
  const double a = 3.0;
  const Claim claim = lfm_14_short_smoothing();
  Trial trial{.rng = Rng(1)};
  const std::vector<Bound> bounds = instance_of(claim, "atoms ±3").draw(trial).bounds;
  const std::vector<double> deltas = {1e-3, 1e-2, 0.1, 0.5, 1.0};
  REQUIRE(bounds.size() == 2 * deltas.size());
  for (std::size_t k = 0; k < deltas.size(); ++k) {
    const double delta = deltas[k];
    CAPTURE(delta);
    const Bound& sharp = bounds[2 * k];
    const Bound& simple = bounds[2 * k + 1];
    CHECK_THAT(sharp.lhs.value, Catch::Matchers::WithinRel(cost_of_two_atoms(a, delta), 1e-10));
    CHECK_THAT(sharp.lhs, Encloses(simple.lhs.value));
    const double shrink = std::expm1(-delta);
    CHECK_THAT(sharp.rhs.value, Catch::Matchers::WithinRel(
                                    shrink * shrink * a * a - std::expm1(-2.0 * delta), 1e-13));
    CHECK_THAT(simple.rhs.value, Catch::Matchers::WithinRel((a * a + 2.0) * delta, 1e-13));
  }
}

TEST_CASE("atoms above the line are enclosed by their pairs and their nearest ones",
          "[lfm][exact]") {
  const double delta = 0.05;
  const double noise = -std::expm1(-2.0 * delta);
  // Two atoms: the line's cost along, the noise across. A pair is all there is, so the upper end is
  // exact.
  const std::vector<Bound> two =
      smoothed(PointCloud(Matrix{{-1.0, 1.0}, {0.0, 0.0}}, Vector{{0.5, 0.5}}), delta);
  REQUIRE(two.size() == 12);
  const double exact = cost_of_two_atoms(1.0, delta) + noise;
  CHECK_THAT(two[10].lhs, Encloses(exact));
  CHECK_THAT(two[10].lhs.upper, Catch::Matchers::WithinRel(exact, 1e-9));
  // The corners of a rectangle: a product of two such laws. Pairs cross its short side alone.
  const std::vector<Bound> four = smoothed(
      PointCloud(Matrix{{-1.0, -1.0, 1.0, 1.0}, {-0.4, 0.4, -0.4, 0.4}}, Vector::Constant(4, 0.25)),
      delta);
  const double product = cost_of_two_atoms(1.0, delta) + cost_of_two_atoms(0.4, delta);
  CHECK_THAT(four[10].lhs, Encloses(product));
  CHECK(four[10].lhs.upper < 1.02 * product);
  CHECK(four[10].lhs.lower > 0.9 * product);
}

TEST_CASE("a mixture's smoothing is enclosed between its moments and its components",
          "[lfm][property]") {
  const double delta = 0.05;
  const GaussianMixture line(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}},
                             {Matrix{{0.2}}, Matrix{{0.1}}});
  // Beside a second coordinate N(0, 1), which OU steps leave as it is.
  const GaussianMixture plane(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}, {0.0, 0.0}},
                              {Matrix{{0.2, 0.0}, {0.0, 1.0}}, Matrix{{0.1, 0.0}, {0.0, 1.0}}});
  const Estimate exact = smoothed(line, delta)[10].lhs;
  const Estimate enclosed = smoothed(plane, delta)[10].lhs;
  CHECK(enclosed.lower < exact.lower);
  CHECK(enclosed.upper > exact.upper);
  CHECK(exact.upper - exact.lower < 1e-6);
}

TEST_CASE("inverse blocks carry the noised laws back", "[lfm][exact]") {
  Rng rng(3);
  const std::vector<Gaussian> laws = noised_laws(random_gaussian(rng, 3), 0.4, 4);
  const std::vector<AffineMap> inverse = inverse_blocks(laws);
  REQUIRE(inverse.size() == 4);
  for (std::size_t n = 1; n < laws.size(); ++n) {
    const Gaussian back = pushforward(inverse[n - 1], laws[n]);
    CHECK((back.mean() - laws[n - 1].mean()).norm() < 1e-12);
    CHECK((back.covariance() - laws[n - 1].covariance()).norm() < 1e-12);
  }
}

TEST_CASE("disturbed maps are as far off as asked for, on their own input", "[lfm][exact]") {
  Rng rng(4);
  const std::vector<AffineMap> exact = inverse_blocks(noised_laws(random_gaussian(rng, 3), 0.4, 4));
  const GenerationErrors errors =
      generation_errors(disturbed(Gaussian::standard(3), exact, 0.05, rng));
  for (std::size_t n = 1; n < errors.error.size(); ++n) CHECK_THAT(errors.error[n], Encloses(0.05));
}

TEST_CASE("inversion errors add up to the stated sums", "[lfm][reference]") {
  const GenerationErrors run = generation_errors(uniform_generation(std::exp(0.4), 0.01, 6));
  CHECK_THAT(run.distance[0].value, WithinPrinted(0.203796, 6));
  CHECK_THAT(accumulated(run).value, WithinPrinted(0.203796, 6));
  CHECK_THAT((run.error[1] * pow(run.lipschitz[1], 6) / log(run.lipschitz[1])).value,
             WithinPrinted(0.2756, 4));
  const CheckResult linear = control_of(lfm_18_inexact_inversion(), "Nη");
  CHECK_THAT(linear.lhs.value, WithinPrinted(0.2038, 4));
  CHECK_THAT(linear.rhs.value, WithinPrinted(0.06, 12));
  const CheckResult students = control_of(lfm_21_distillation(), "N′η");
  CHECK_THAT(students.lhs.value, WithinPrinted(0.034596, 6));
  CHECK_THAT(students.rhs.value, WithinPrinted(0.02, 12));
}

TEST_CASE("a block of the bed moves its law as far as stated", "[lfm][reference]") {
  const BlockPath path(bimodal_bed(), 0.02, Interpolant::linear, Coupling::dependent);
  CHECK_THAT(squared_w2(path.data(), path.right()).value, WithinPrinted(0.00163, 5));
  // (π²/4)(1 − 2/π)M₂ is left at γ → 0.
  const BlockPath still(bimodal_bed(), 0.0, Interpolant::trigonometric, Coupling::dependent);
  CHECK_THAT(squared_rate(still).value / second_moment(bimodal_bed()), WithinPrinted(0.8966, 4));
}

TEST_CASE("the likelihood with the wrong sign is off by twice the divergence met",
          "[lfm][control]") {
  const CheckResult wrong = control_of(lfm_19_likelihood(), "minus the divergence");
  CHECK(std::abs(wrong.lhs.value - wrong.rhs.value) > 1.0);
}

TEST_CASE("lfm_locality finds small blocks easier for one choice alone",
          "[lfm_locality][reference]") {
  PreparedRun prepared = lfm_locality().prepare(Scale::quick);
  set(prepared, "--step-sizes", 2);
  const RunRecord record = prepared.run({});
  CHECK(record.verdict() == Verdict::holds);
  CHECK(rows_of(record, "kinetic").size() == 8);
  CHECK(rows_of(record, "order_of_kinetic").size() == 4);
  // Of γ = .02 and 2, in the order of the choices.
  const std::vector<Row> steepest = rows_of(record, "steepest");
  REQUIRE(steepest.size() == 8);
  CHECK_THAT(steepest[0].measured.value, Catch::Matchers::WithinRel(0.985, 0.01));
  CHECK_THAT(steepest[2].measured.value, Catch::Matchers::WithinRel(9.06, 0.01));
  CHECK_THAT(steepest[4].measured.value, Catch::Matchers::WithinRel(3.12, 0.01));
  CHECK_THAT(steepest[6].measured.value, Catch::Matchers::WithinRel(8.44, 0.01));
}

TEST_CASE("inversion sees the orders of the inverse and of the round trip",
          "[inversion][reference]") {
  PreparedRun prepared = inversion().prepare(Scale::quick);
  set(prepared, "--blocks", 2);
  const RunRecord record = prepared.run({});
  CAPTURE(record.csv());
  CHECK(record.verdict() == Verdict::holds);
  for (const Row& row : rows_of(record, "order_of_round_trip")) {
    CAPTURE(std::get<std::string>(row.parameters[0]));
    CHECK(std::abs(row.measured.value - row.predicted.value) < 0.1);
  }
  for (const Row& row : rows_of(record, "w2")) CHECK(row.measured.value <= row.predicted.value);
}

TEST_CASE("what is not computed is left out, and no hypothesis of the theorem", "[lfm][property]") {
  const GaussianMixture plane(Vector{{0.5, 0.5}}, Matrix{{0.9, -0.7}, {0.3, 0.6}},
                              {Matrix{{0.3, 0.1}, {0.1, 0.2}}, Matrix{{0.15, 0.0}, {0.0, 0.4}}});
  const GaussianMixture far =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1e4, 1e4}}, 0.4);
  const GaussianMixture space =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix::Random(5, 2), 0.4);
  const Gaussian wide(Vector{{0.0, 0.0}}, 1e6 * Matrix::Identity(2, 2));
  for (const Measure& start : {Measure(plane), Measure(far), Measure(space), Measure(wide)}) {
    CAPTURE(dimension(start));
    const Target target{.start = start, .reference = Gaussian::standard(dimension(start))};
    for (const Claim& claim :
         {lfm_03_companion_contractions(), lfm_12_data_processing(),
          lfm_13_kl_and_total_variation(), lfm_17_inversion(), lfm_20_locality()}) {
      const ClaimResult result = check(claim, {.target = target});
      CAPTURE(claim.id);
      for (const CheckResult& found : result.checks) {
        CAPTURE(found.part, found.reason);
        CHECK(found.verdict != Verdict::inconclusive);
        if (found.verdict == Verdict::not_applicable) CHECK(found.reason.starts_with("left out: "));
      }
    }
  }
}

TEST_CASE("experiments on blocks refuse settings that make no sense",
          "[lfm_locality][inversion][precondition]") {
  PreparedRun locality = lfm_locality().prepare(Scale::quick);
  set(locality, "--smallest-step", 3.0);
  CHECK_THROWS_AS(locality.run({}), std::invalid_argument);
  PreparedRun blocks = inversion().prepare(Scale::quick);
  set(blocks, "--refinements", 2);
  CHECK_THROWS_AS(blocks.run({}), std::invalid_argument);
}

}  // namespace flowcheck::lfm_generation_test
