// What the claims on interpolation flows leave out for want of digits, and what stays undecided.

#include "claims/check.hpp"
#include "claims/verdict.hpp"
#include "gif/differences.hpp"
#include "gif/digits.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/stability_problem.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck::gif_digits_test {

namespace {

Bound overlap(double width) {
  return {.lhs = Estimate::converged(1.0, 0.5 * width), .rhs = 1.0, .part = "part"};
}

bool is_left_out(const Bound& bound) {
  return !bound.failed_hypothesis.empty();
}

}  // namespace

TEST_CASE("A bound is left out only where the loss of its digits is foreseen", "[gif][control]") {
  CHECK(is_left_out(with_digits(overlap(1e-3), 1e-4, "left out: digits")));
  CHECK(is_left_out(with_digits(overlap(1e-3), infinity, "left out: digits")));
  CHECK_FALSE(is_left_out(with_digits(overlap(1e-3), 1e-12, "left out: digits")));
  CHECK(judge(with_digits(overlap(1e-3), 1e-12, ""), 1e-8) == Verdict::inconclusive);
  CHECK_FALSE(is_left_out(with_digits(overlap(1e-10), 1e-4, "left out: digits")));
  Bound broken = overlap(1e-3);
  broken.rhs = 0.5;
  CHECK_FALSE(is_left_out(with_digits(broken, 1e-4, "left out: digits")));
  CHECK(is_left_out(within(overlap(1e-3).lhs, 1.0, 1e-4, "")));
  CHECK(judge(within(overlap(1e-3).lhs, 1.0, 1e-12, ""), 1e-8) == Verdict::inconclusive);
}

TEST_CASE("Differences that do not resolve a formula are left out, disjoint ones are not",
          "[gif][control]") {
  const EnclosedVector formula{.value = Vector{{-2.0, 1.0}}, .round_off = 1e-14};
  const auto verdicts = [&](const EnclosedVector& measured) {
    std::vector<Bound> bounds;
    add_differences(bounds, measured, formula, "part", formula.value.norm());
    return bounds;
  };
  for (const Bound& bound : verdicts({.value = Vector{{182.0, 1.0}}, .discretisation = 3e4})) {
    CHECK(bound.failed_hypothesis == no_digits);
  }
  const std::vector<Bound> broken =
      verdicts({.value = Vector{{182.0, 1.0}}, .round_off = 1.0, .discretisation = 1.0});
  CHECK(judge(broken[0], 1e-8) == Verdict::violated);
  CHECK(is_left_out(broken[1]));
  for (const Bound& bound : verdicts({.value = formula.value, .round_off = 1e-10})) {
    CHECK(judge(bound, 1e-8) == Verdict::tight);
  }
}

TEST_CASE("Moments made of components that the differences do not count are not told apart from 0",
          "[gif][property]") {
  // Weights of e^{−390} and less, which steps of the others' scale cannot resolve.
  const GaussianMixture atoms(Vector{{0.2, 0.3, 0.5}}, Matrix{{-2.0, 0.0, 1.5}},
                              std::vector<Matrix>(3, Matrix{{0.0}}));
  const GaussianMixture atom_beside(Vector{{0.5, 0.5}}, Matrix{{-2.0, 0.0}},
                                    {Matrix{{0.0}}, Matrix{{1.0}}});
  const GaussianMixture wide(Vector{{0.5, 0.5}}, Matrix{{0.0, 1.0}},
                             {Matrix{{1e8}}, Matrix{{1e-8}}});
  for (const GaussianMixture& p : {atoms, atom_beside, wide}) {
    const Target target{.start = p, .reference = Gaussian::standard(1), .error = 0.0};
    for (const Claim& claim : {gif_02_covariance_identity(), gif_03_time_derivative()}) {
      const ClaimResult found = check(claim, {.target = target});
      CAPTURE(claim.id, found.reason);
      CHECK(found.verdict == Verdict::holds);
    }
  }
}

TEST_CASE("Of components far apart what is called tight is known", "[gif][reference]") {
  const GaussianMixture p(Vector{{0.4, 0.6}}, Matrix{{-20.0, 20.0}, {0.0, 5.0}},
                          {0.3 * Matrix::Identity(2, 2), Matrix{{0.5, 0.0}, {0.0, 0.2}}});
  const Target target{.start = p, .reference = Gaussian::standard(2), .error = 0.0};
  for (const Claim& claim :
       {gif_01_tweedie(), gif_02_covariance_identity(), gif_03_time_derivative()}) {
    const ClaimResult found = check(claim, {.target = target});
    CHECK(found.verdict == Verdict::holds);
    for (const CheckResult& part : found.checks) {
      if (part.relation != Relation::identity || part.verdict != Verdict::tight) continue;
      const double size = std::max({1.0, std::abs(part.lhs.value), std::abs(part.rhs.value)});
      CAPTURE(claim.id, part.part, part.instance, part.lhs, part.rhs, part.scale);
      CHECK(part.lhs.width() + part.rhs.width() <= 1e-4 * size);
    }
  }
}

TEST_CASE("Where one of far components is active, differences are as of that one alone",
          "[gif][property]") {
  Rng rng(1);
  const FlowProblem far = flow_problem(two_centre_data(100.0, 1.0), rng);
  const FlowProblem alone = flow_problem(data_law(Gaussian(Vector{{100.0}}, Matrix{{1.0}})), rng);
  const Schedule schedule = linear_schedule();
  for (const double t : {0.25, 0.5, 0.85, 0.99}) {
    const FlowTime time = FlowTime::from_start(t);
    const ScheduleValues s = schedule.values(time);
    const FlowPoint at{schedule, time, s, Vector{{100.0 * s.b + 0.7 * s.a}}};
    CAPTURE(t);
    CHECK(space_step(far, at) == space_step(alone, at));
    CHECK(time_step(far, at) == time_step(alone, at));
    const FlowPoint middle{schedule, time, s, Vector{{0.01}}};  // both are active
    CHECK(space_step(far, middle) < 0.1 * space_step(alone, middle));
  }
}

TEST_CASE("Of components far apart a tenth of the differences is left out at most",
          "[gif][property]") {
  const GaussianMixture p(Vector{{0.4, 0.6}}, Matrix{{-20.0, 20.0}, {0.0, 5.0}},
                          {0.3 * Matrix::Identity(2, 2), Matrix{{0.5, 0.0}, {0.0, 0.2}}});
  const Target target{.start = p, .reference = Gaussian::standard(2), .error = 0.0};
  for (const Claim& claim :
       {gif_01_tweedie(), gif_02_covariance_identity(), gif_03_time_derivative()}) {
    std::map<std::string, std::pair<double, double>> counts;  // left out, all
    for (const Bound& bound : claim.on_target(target).bounds) {
      auto& [left_out, all] = counts[bound.part];
      left_out += bound.failed_hypothesis == no_digits ? 1.0 : 0.0;
      all += 1.0;
    }
    for (const auto& [part, count] : counts) {
      CAPTURE(claim.id, part, count.first, count.second);
      const double most = part == "∇s" ? 0.15 : 0.1;  // ∇s of a narrow component is −1/σ² and less
      CHECK(count.first <= most * count.second);
    }
  }
}

TEST_CASE("Modes far apart are decided, or left out for the digits that double lacks",
          "[gif][property]") {
  for (const double m : {1e4, 1e6, 9e7}) {
    const auto p = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-m, m}}, 1.0);
    const Target target{.start = p, .reference = Gaussian::standard(1), .error = 0.0};
    for (const Claim& claim :
         {gif_16_log_lipschitz(), gif_36_early_stopping(), gif_37_transport_cost()}) {
      const ClaimResult found = check(claim, {.target = target});
      CAPTURE(m, claim.id, found.reason);
      CHECK(found.verdict == Verdict::holds);
      for (const Bound& bound : claim.on_target(target).bounds) {
        const bool is_said = bound.failed_hypothesis.starts_with("left out: ") ||
                             bound.failed_hypothesis == "the bound is infinite";
        if (is_left_out(bound)) CHECK(is_said);
      }
    }
  }
}

TEST_CASE("GIF-36 of far modes compares what is left of each by itself", "[gif][reference]") {
  // Whatever m: (√(a² + σ²b²) − σ)² beside a² + (1 − b)²σ².
  for (const double m : {1e6, 9e7}) {
    for (const double sigma : {1e-3, 1.0, 4.0}) {
      const auto p =
          GaussianMixture::isotropic(Vector{{0.3, 0.7}}, Matrix{{-m, 2.0 * m}}, sigma * sigma);
      const std::vector<Bound> bounds = gif_36_early_stopping()
                                            .on_target({.start = p,
                                                        .reference = Gaussian::standard(1),
                                                        .error = 0.0,
                                                        .schedule = "linear"})
                                            .bounds;
      REQUIRE(bounds.size() == checked_times().size());
      for (std::size_t i = 0; i < bounds.size(); ++i) {
        const double b = checked_times()[i].t;
        const double a = 1.0 - b;
        CAPTURE(m, sigma, b);
        const double moved = std::hypot(a, sigma * b) - sigma;
        CHECK(bounds[i].lhs.value == Approx(moved * moved).epsilon(1e-9).margin(1e-14));
        CHECK(bounds[i].rhs.value == Approx(a * a * (1.0 + sigma * sigma)).epsilon(1e-12));
        CHECK(bounds[i].lhs.upper <= bounds[i].rhs.lower);
      }
    }
  }
}

}  // namespace flowcheck::gif_digits_test
