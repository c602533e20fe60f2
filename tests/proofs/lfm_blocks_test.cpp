// The dossier's numbers for blocks on closed-form beds (LFM-01 to 11 and 16), from the claims and
// from what they are made of.

#include "claims/check.hpp"
#include "distances/gaussian_divergence.hpp"
#include "learning/mixture_to_noise.hpp"
#include "lfm/affine_blocks.hpp"
#include "lfm/enough_blocks.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flowcheck::lfm_blocks_test {

using Catch::Matchers::WithinRel;

namespace {

CheckResult control_of(const Claim& claim, const std::string& name) {
  for (const Instance& instance : claim.controls) {
    if (instance.name != name) continue;
    Trial trial{.rng = Rng(1)};
    const Bound bound = instance.draw(trial).bounds.front();
    CHECK(violated_with_room(bound, claim.tolerance));
    return {.instance = name, .lhs = bound.lhs, .rhs = bound.rhs};
  }
  FAIL("no such control: " << name);
  return {};
}

void check_control(
    const Claim& claim, const std::string& name, double lhs, double rhs, double last_digit) {
  CAPTURE(claim.id, name);
  const CheckResult control = control_of(claim, name);
  CHECK(std::abs(control.lhs.value - lhs) <= 0.5000001 * last_digit);
  CHECK(std::abs(control.rhs.value - rhs) <= 0.5000001 * last_digit);
}

// v̂ = v + e from N(m, S), one block of step γ.
GaussianBlock shifted_block(double m, double S, double gamma, double e) {
  return gaussian_block({.mean = m, .variance = S},
                        {.step_size = gamma, .error = {.size = e, .constant = 1.0, .slope = 0.0}});
}

GaussianChain gaussian_chain_of(const AffineBlocks& problem) {
  return gaussian_chain(std::get<LineNormal>(problem.start), problem.blocks);
}

}  // namespace

TEST_CASE("a family draws again what fails a hypothesis, and says so where nothing meets it",
          "[lfm][property]") {
  const int draws_at_once = GENERATE(1, 5);
  int evaluated = 0;
  const auto outcome_of = [&](const EvaluateNoising& evaluate) {
    Trial trial{.rng = Rng(3)};
    return noising_family({.name = "some", .draws_at_once = draws_at_once}, evaluate).draw(trial);
  };
  const Outcome some = outcome_of([&](const NoisingProblem& problem) -> Outcome {
    ++evaluated;
    if (problem.data.size() > 1) return Outcome::not_applicable("one component");
    return Bound{.lhs = 0.0, .rhs = 1.0};
  });
  CHECK(some.applies());
  CHECK(static_cast<int>(some.bounds.size()) == draws_at_once);
  CHECK(evaluated > draws_at_once);
  const Outcome none =
      outcome_of([](const NoisingProblem&) { return Outcome::not_applicable("nothing does"); });
  CHECK(none.failed_hypothesis == "nothing does");
}

TEST_CASE("every draw of LFM-05's family is compared", "[lfm][property]") {
  const Claim claim = lfm_05_loss_decomposition();
  const auto& family = claim.instances[1];
  REQUIRE(family.repeat);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Trial trial{.rng = Rng(seed)};
    CHECK(family.draw(trial).applies());
  }
}

TEST_CASE("a translate contracts at the slowest rate as it vanishes", "[lfm][reference]") {
  const auto ratio = [](double m) {
    const GaussianMixture p = isotropic_gaussian(m, 1.0);
    return (chi_squared_to_noise(ou_law(p, 0.3)) / (exp(Estimate(-0.6)) * chi_squared_to_noise(p)))
        .value;
  };
  CHECK_THAT(ratio(1.0), WithinPrinted(0.7754, 4));
  CHECK_THAT(ratio(0.3), WithinPrinted(0.9797, 4));
  CHECK_THAT(ratio(0.1), WithinPrinted(0.9977, 4));
  CHECK_THAT(ratio(0.01), WithinPrinted(0.99998, 5));
}

TEST_CASE("controls of the exact blocks are as wrong as the dossier says", "[lfm][control]") {
  check_control(lfm_01_chi_squared_contraction(), "rate e^{−4γ}", 0.05063, 0.02836, 1e-5);
  check_control(lfm_01_chi_squared_contraction(), "half the speed", 0.06895, 0.05168, 1e-5);
  check_control(lfm_02_centred_data(), "N(0.3, 1), not centred", 0.05063, 0.02836, 1e-5);
  const CheckResult root = control_of(lfm_04_perfect_block(), "x_r without the square root");
  CHECK_THAT(std::abs(root.lhs.value - root.rhs.value), WithinPrinted(0.097, 3));
  check_control(lfm_05_loss_decomposition(), "loss taken for ε²", 0.162, 0.0, 1e-3);
  check_control(lfm_06_velocity_to_distribution(), "KL's right side for χ²", 0.454, 0.157, 1e-3);
}

TEST_CASE("one step's perturbation and its bounds are the dossier's", "[lfm][reference]") {
  const GaussianBlock block = shifted_block(0.6, 0.81, 0.3, 0.02);
  check_control(lfm_07_one_step_perturbation(), "without the root", 0.02163, 0.00137, 1e-5);
  CHECK_THAT((block.overlap * sqrt(block.chi_squared)).value, WithinPrinted(0.05979, 5));
  check_control(lfm_09_a_posteriori(), "B = 1", 0.02261, 0.01068, 1e-5);
  CHECK_THAT(shifted_block(0.8, 0.9, 0.1, 0.01).overlap.value, WithinPrinted(4.00, 2));
  check_control(lfm_10_sharper_rate(), "χ² instead of its root", 0.22410, 0.20945, 1e-5);
  CHECK_THAT(std::sqrt(chi_squared_to_noise(block.end).value), WithinPrinted(0.4734, 4));
  const double root_bound = std::exp(-0.3) * std::sqrt(chi_squared_to_noise(block.start).value) +
                            std::sqrt((block.supremum * block.sensitivity * block.error).value);
  CHECK_THAT(root_bound, WithinPrinted(0.4980, 4));
}

// p_0 = N(.6, .36), γ = .3, N = 8, v̂ − v = e(1 − .3(x − m_t)): the three guarantees side by side.
TEST_CASE("the guarantees of a chain are the dossier's table", "[lfm][reference]") {
  struct Row {
    Interpolant interpolant;
    double e, C4, theorem, own_constants, root;
  };
  const Row row = GENERATE(Row{Interpolant::linear, 1e-1, 22.3, 15.8, 0.758, 0.658},
                           Row{Interpolant::linear, 1e-2, 15.8, 3.54, 0.0619, 0.0154},
                           Row{Interpolant::linear, 1e-3, 15.5, 1.10, 0.01069, 0.00588},
                           Row{Interpolant::linear, 1e-4, 15.5, 0.353, 0.00567, 0.00519},
                           Row{Interpolant::trigonometric, 1e-2, 16.5, 3.74, 0.0526, 0.0132});
  CAPTURE(to_string(row.interpolant), row.e);
  const AffineBlocks problem = dossier_chain(row.e, row.interpolant);
  const BlockChain chain = problem.chain();
  const double C4 = step_constant(chain, sensitivity_bound(problem, chain)).value;
  CHECK_THAT(C4, WithinRel(row.C4, 0.003));
  const double start = chain.start_to_noise().value;
  const double decay = std::exp(-4.8);
  const double theorem = decay * start + C4 * std::sqrt(chain.largest_error().value) *
                                             (1.0 - decay) / -std::expm1(-0.6);
  CHECK_THAT(theorem, WithinRel(row.theorem, 0.005));  // one unit of the third digit
  double own = start;
  double root = std::sqrt(start);
  for (const BlockErrors& block : chain.blocks) {
    const double growth = (block.error * block.sensitivity).value;
    own = std::exp(-0.6) * own + block.overlap.value * std::sqrt(growth);
    root = std::exp(-0.3) * root + std::sqrt(block.supremum.value * growth);
  }
  CHECK_THAT(own, WithinRel(row.own_constants, 0.003));
  CHECK_THAT(root * root, WithinRel(row.root, 0.004));
}

// With c₀ = 0 both have the same learned laws; C₃ is 4L√C₂ of the one, the largest S of the other.
TEST_CASE("a chain from a mixture of one component is the Gaussian's, and its check the stronger",
          "[lfm][exact]") {
  AffineBlocks gaussian = dossier_chain(0.1, Interpolant::linear, 3);
  for (BlockOptions& block : gaussian.blocks) block.error.constant = 0.0;
  AffineBlocks mixture = gaussian;
  mixture.start = GaussianMixture(std::get<LineNormal>(gaussian.start).gaussian());
  const BlockChain a = gaussian.chain();
  const BlockChain b = mixture.chain();
  CHECK_THAT(b.to_noise().value, WithinRel(a.to_noise().value, 1e-10));
  CHECK_THAT(b.supremum().value, WithinRel(a.supremum().value, 1e-10));
  CHECK_THAT(b.largest_error().value, WithinRel(a.largest_error().value, 1e-10));
  CHECK_THAT(sensitivity_bound(mixture, b).value, WithinRel(a.largest_sensitivity().value, 1e-10));
  CHECK(sensitivity_bound(mixture, b).upper < sensitivity_bound(gaussian, a).lower);
}

TEST_CASE("without errors a chain keeps the contraction alone, with them it does not",
          "[lfm][reference]") {
  CHECK_THAT(
      std::exp(-4.8) * dossier_chain(0.0, Interpolant::linear, 1).chain().start_to_noise().value,
      WithinPrinted(0.00511, 5));
  const CheckResult control = control_of(lfm_08_forward_process(), "no ε, N = 40");
  CHECK_THAT(control.lhs.value, WithinPrinted(0.1666, 4));
  CHECK_THAT(control.rhs.value, WithinRel(2.3e-11, 0.02));
}

TEST_CASE("the number of blocks is sharp to one", "[lfm][reference]") {
  const auto residual = [](double start, double gamma, int count) {
    return start * std::exp(-2.0 * gamma * count);
  };
  CHECK_THAT(residual(5.0, 0.3, 9), WithinPrinted(0.0226, 4));
  CHECK_THAT(residual(50.0, 0.1, 49), WithinPrinted(0.00277, 5));
  CHECK_THAT(residual(50.0, 0.1, 48), WithinPrinted(0.00339, 5));
  const Claim claim = lfm_11_number_of_blocks();
  check_control(claim, "one block less", 0.0411, 0.0316, 1e-4);
  const CheckResult control = control_of(claim, "without ½ log(1/ε)");
  CHECK_THAT(control.lhs.value, WithinPrinted(0.826, 3));
  for (const auto& [name, lhs, rhs, digit] :
       {std::tuple("χ²_0 = 5, γ = .3, ε = 1e-3", 0.0226, 0.0316, 1e-4),
        std::tuple("χ²_0 = 50, γ = .1, ε = 1e-5", 0.00277, 0.00316, 1e-5)}) {
    CAPTURE(name);
    const auto instance = std::find_if(claim.instances.begin(), claim.instances.end(),
                                       [name = name](const Instance& i) { return i.name == name; });
    REQUIRE(instance != claim.instances.end());
    Trial trial{.rng = Rng(1)};
    const Bound bound = instance->draw(trial).bounds.front();
    CHECK(bound.auxiliary);  // arithmetic, whose tightness is not the claim's
    CHECK(std::abs(bound.lhs.value - lhs) <= 0.5000001 * digit);
    CHECK(std::abs(bound.rhs.value - rhs) <= 0.5000001 * digit);
  }
}

TEST_CASE("a free last block leaves its own error alone", "[lfm][reference]") {
  const auto last_block = [](double e) {
    AffineBlocks problem = dossier_chain(e, Interpolant::linear, 4);
    problem.blocks.back().step_size = infinity;
    return gaussian_chain_of(problem);
  };
  for (const auto& [e, residual, bound] :
       {std::tuple(0.05, 0.004475, 0.1518), std::tuple(0.005, 4.55e-5, 0.0146)}) {
    CAPTURE(e);
    const GaussianChain chain = last_block(e);
    const GaussianBlock& last = chain.blocks.back();
    CHECK_THAT(chi_squared_to_noise(chain.end()).value, WithinRel(residual, 0.002));
    // Generated against data: the same number, by bijections.
    CHECK_THAT(chi_squared(chain.start().gaussian(), chain.generated().gaussian()).value,
               WithinRel(chi_squared_to_noise(chain.end()).value, 1e-9));
    const Estimate growth = last.error * last.sensitivity;
    // The dossier prints the bound with B; that with M is of second order in e.
    CHECK_THAT((last.overlap * sqrt(growth)).value, WithinRel(bound, 0.004));
    CHECK((last.supremum * growth).value < 1.5 * residual);
  }
  const BlockChain all_ou = dossier_chain(0.05, Interpolant::linear, 6).chain();
  CHECK_THAT(all_ou.to_noise().value, WithinPrinted(0.0748, 4));
}

TEST_CASE("χ² of the end is of second order in the error of one shape", "[lfm][reference]") {
  const auto end_of = [](double e) {
    const BlockChain chain = equal_blocks(LineNormal{.mean = 0.6, .variance = 0.36}, 40,
                                          {.step_size = 0.3, .error = {.size = e}})
                                 .chain();
    return std::pair(std::log(chain.largest_error().value), std::log(chain.to_noise().value));
  };
  const auto slope = [&](double from, double to) {
    const auto [e0, d0] = end_of(from);
    const auto [e1, d1] = end_of(to);
    return (d1 - d0) / (e1 - e0);
  };
  CHECK(std::abs(slope(0.1, 0.01) - 2.035) <= 1e-3);  // 2.0355, printed as 2.035
  CHECK_THAT(slope(0.01, 0.001), WithinPrinted(2.000, 3));
}

TEST_CASE("every claim on closed-form beds holds and its controls do not", "[lfm][property]") {
  // The dear ones, LFM-03 to 05 and 11, run with the registry.
  for (const Claim& claim :
       {lfm_01_chi_squared_contraction(), lfm_02_centred_data(), lfm_06_velocity_to_distribution(),
        lfm_07_one_step_perturbation(), lfm_09_a_posteriori(), lfm_16_free_last_block()}) {
    const ClaimResult result = check(claim);
    CAPTURE(claim.id, result.reason);
    CHECK(result.verdict == Verdict::holds);
    CHECK(result.grade() == claim.grade);
  }
}

namespace {

std::string reason_on(const Claim& claim, const Measure& start) {
  const Index d = dimension(start);
  return claim.on_target({.start = start, .reference = Gaussian::standard(d)}).failed_hypothesis;
}

std::vector<Claim> claims_with_finite_constants() {
  return {lfm_01_chi_squared_contraction(),
          lfm_07_one_step_perturbation(),
          lfm_08_forward_process(),
          lfm_09_a_posteriori(),
          lfm_10_sharper_rate(),
          lfm_11_number_of_blocks()};
}

GaussianMixture two_hills(double distance, double variance) {
  return GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-distance, distance}}, variance);
}

}  // namespace

TEST_CASE("a finite χ² that no number holds is left out, and fails no hypothesis",
          "[lfm][control]") {
  for (const Claim& claim : claims_with_finite_constants()) {
    CAPTURE(claim.id);
    CHECK(reason_on(claim, two_hills(0.5, 0.5)).empty());
    const std::string far = reason_on(claim, two_hills(50.0, 0.5));
    CHECK(far.starts_with("left out: "));
    CHECK(far.ends_with(" is beyond the numbers' range"));
    const std::string wide = reason_on(claim, two_hills(0.5, 2.5));
    CHECK_FALSE(wide.empty());
    CHECK_FALSE(wide.starts_with("left out"));
  }
}

TEST_CASE("a component of no weight makes nothing infinite", "[lfm][control]") {
  const GaussianMixture far(Vector{{0.5, 0.5, 0.0}}, Matrix{{-50.0, 50.0, 0.0}},
                            {Matrix{{0.5}}, Matrix{{0.5}}, Matrix{{9.0}}});
  for (const Claim& claim : claims_with_finite_constants()) {
    CAPTURE(claim.id);
    CHECK(reason_on(claim, far).ends_with(" is beyond the numbers' range"));
  }
}

TEST_CASE("what is infinite is told by the blocks' own laws", "[lfm][control]") {
  const auto outcome = [](const Claim& claim, double mean, double variance, double e) {
    return claim.on_target({.start = Gaussian(Vector{{mean}}, Matrix{{variance}}),
                            .reference = Gaussian::standard(1),
                            .step_size = 0.01,
                            .error = e});
  };
  // 1.505 is below 3/2 after a step of 0.01: no block's B_n is infinite, and of N(60, ·) none is a
  // number.
  const Claim claim = lfm_09_a_posteriori();
  CHECK(outcome(claim, 0.0, 1.505, 0.01).applies());
  CHECK(outcome(claim, 0.0, 1.6, 0.01).failed_hypothesis == finite_overlap);
  CHECK(outcome(claim, 60.0, 1.505, 0.01).failed_hypothesis ==
        "left out: B_n is beyond the numbers' range");
  // The same of sup p_n/q, which is finite below 1.
  const Claim sharp = lfm_10_sharper_rate();
  CHECK(outcome(sharp, 0.0, 0.995, 0.01).applies());
  CHECK(outcome(sharp, 60.0, 0.995, 0.01).failed_hypothesis ==
        "left out: χ²(p_0 ‖ q) is beyond the numbers' range");
  CHECK(outcome(sharp, 0.0, 1.1, 0.01).failed_hypothesis == envelope);
}

TEST_CASE("what rounding does not enclose is no overflow", "[lfm][control]") {
  const auto why = [](const Estimate& value) { return why_not_finite({{value, "M", envelope}}); };
  CHECK(why(Estimate(infinity)) == envelope);
  CHECK(why(supremum_to_noise(LineNormal{.mean = 100.0, .variance = 0.9})) ==
        "left out: M is beyond the numbers' range");
  // A variance that is one up to rounding: sup p/q is one or infinite.
  const Estimate nearly_one = Estimate::closed_form(1.0, 1e-15);
  CHECK(why(supremum_to_noise(LineNormal{.mean = 0.0, .variance = nearly_one})) ==
        "left out: M is not enclosed");
}

// Components of which one is so much narrower than the other that no affordable grid resolves both.
const GaussianMixture& needle() {
  static const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{-0.5, 0.5}},
                                 {Matrix{{1e-8}}, Matrix{{0.9}}});
  return p;
}

TEST_CASE("errors that no grid resolves are left out, and nothing stays undecided",
          "[lfm][control]") {
  for (const Claim& claim :
       {lfm_07_one_step_perturbation(), lfm_08_forward_process(), lfm_09_a_posteriori(),
        lfm_10_sharper_rate(), lfm_11_number_of_blocks()}) {
    const ClaimResult result =
        check(claim, {.target = Target{.start = needle(), .reference = Gaussian::standard(1)}});
    CAPTURE(claim.id);
    CHECK(result.verdict == Verdict::not_applicable);
    CHECK(result.reason.starts_with("left out: "));
    CHECK(result.reason.ends_with(" is not enclosed"));
  }
}

TEST_CASE("where no number of blocks is enough a hypothesis fails, not a limit on blocks",
          "[lfm][control]") {
  const auto why = [](const std::variant<LineNormal, GaussianMixture>& start, double e) {
    return why_no_number(
        first_block(equal_blocks(start, 1, {.step_size = 0.3, .error = {.size = e}})));
  };
  const LineNormal narrow{.mean = 0.6, .variance = 0.36};
  CHECK(why(narrow, 0.01).empty());
  CHECK(why(narrow, 0.0) == "ε > 0");
  CHECK(why(LineNormal{.mean = 0.6, .variance = 2.5}, 0.01) == finite_start);
  CHECK(why(needle(), 0.01) == "left out: ε_1 is not enclosed");
}

// N(.6, .36), γ = .3: a limit of what is run, and the theorem's own bound with too few of them.
TEST_CASE("the end of enough blocks is bounded, that of one is not", "[lfm][control]") {
  const auto to_noise = [](const AffineBlocks&, const BlockChain& chain) {
    return chain.to_noise();
  };
  const auto end = [&](double e, double step_size) {
    AffineBlocks problem = dossier_chain(e, Interpolant::linear, 1);
    problem.blocks.front().step_size = step_size;
    return end_of_enough(problem, first_block(problem), {}, to_noise);
  };
  const Bound enough = end(1e-6, 0.3);
  CHECK(enough.lhs.upper < enough.rhs.lower);
  CHECK(end(1e-6, 0.01).failed_hypothesis == "left out: takes 322 blocks, at most 60 are run");
  const CheckResult control = control_of(lfm_11_number_of_blocks(), "a single block");
  CHECK(control.lhs.lower > 5.0 * control.rhs.upper);
}

TEST_CASE("a free last block without an error ends at q", "[lfm][exact]") {
  const ClaimResult result = check(
      lfm_16_free_last_block(), {.target = Target{.start = Gaussian(Vector{{0.6}}, Matrix{{0.36}}),
                                                  .reference = Gaussian::standard(1),
                                                  .step_size = 0.3,
                                                  .error = 0.0}});
  CHECK(result.verdict == Verdict::holds);
  REQUIRE(result.checks.size() == 2);
  for (const CheckResult& part : result.checks) {
    CAPTURE(part.part, part.reason);
    CHECK(part.reason.empty());
    CHECK_THAT(part.lhs, Encloses(0.0));
    CHECK_THAT(part.rhs, Encloses(0.0));
  }
}

TEST_CASE("an infinite integral and one beyond the numbers are told apart", "[lfm][exact]") {
  const auto laws = [](double mean, double variance) {
    return std::pair(LineNormal{.mean = mean, .variance = variance},
                     GaussianMixture(Gaussian(Vector{{mean}}, Matrix{{variance}})));
  };
  const auto check = [](const Estimate& found, bool infinite) {
    CHECK(found.value == infinity);
    CHECK(found.upper == infinity);
    CHECK((found.lower == infinity) == infinite);
  };
  for (const double mean : {0.5, 100.0}) {
    CAPTURE(mean);
    const auto [line, mixture] = laws(mean, mean > 1.0 ? 0.9 : 2.5);
    const bool infinite = mean < 1.0;
    check(supremum_to_noise(line), infinite);
    check(overlap_with_noise(line, line), infinite);
    check(overlap_with_noise(mixture, mixture), infinite);
    check(chi_squared_to_noise(line), infinite);
    check(chi_squared_to_noise(mixture), infinite);
    check(chi_squared(mixture.component(0), Gaussian::standard(1)), infinite);
    CHECK((supremum_to_noise(mixture).lower == infinity) == infinite);
    CHECK(supremum_to_noise(mixture).upper == infinity);
  }
}

}  // namespace flowcheck::lfm_blocks_test
