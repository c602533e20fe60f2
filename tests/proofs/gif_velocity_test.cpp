// The dossier's spot checks of the claims on the velocity and its Jacobian (GIF-01 … 19, 38, 39),
// and what a user's measure is told.

#include "claims/check.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/jacobian_bounds.hpp"
#include "interpolation/velocity.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace flowcheck::gif_velocity_test {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

double slope(const DataLaw& law, const char* schedule, const FlowTime& time, double x) {
  return velocity_jacobian(law, schedule_named(schedule), time, Vector{{x}}).value(0, 0);
}

std::vector<Claim> claims() {
  return {gif_01_tweedie(),
          gif_02_covariance_identity(),
          gif_03_time_derivative(),
          gif_04_snr_identity(),
          gif_12_bounded_support(),
          gif_13_semi_log_concave(),
          gif_14_semi_log_convex(),
          gif_15_mixture(),
          gif_16_log_lipschitz(),
          gif_17_linear_schedule(),
          gif_18_time_singularities(),
          gif_19_growth(),
          gif_38_time_derivative_bounded(),
          gif_39_time_derivative_mixture()};
}

// Both sides of a control's bounds, the part that is broken the most.
double worst_excess(const Claim& claim, const std::string& control, const std::string& part) {
  const auto found = std::ranges::find(claim.controls, control, &Instance::name);
  REQUIRE(found != claim.controls.end());
  Trial trial{.rng = Rng(1)};
  double worst = -infinity;
  for (const Bound& bound : found->draw(trial).bounds) {
    if (!bound.part.starts_with(part)) continue;
    worst = std::max(worst, bound.lhs.value / bound.rhs.value - 1.0);
  }
  return worst;
}

struct Told {
  std::string holds;           // ids of claims that hold
  std::string not_applicable;  // and of those that do not apply
};

Told told(const Measure& start) {
  Told result;
  const Target target{.start = start, .reference = Gaussian::standard(dimension(start))};
  for (const Claim& claim : claims()) {
    const ClaimResult checked = check(claim, {.target = target});
    CAPTURE(claim.id, checked.reason);
    const bool applies = checked.verdict != Verdict::not_applicable;
    CHECK((checked.verdict == Verdict::holds || !applies));
    CHECK((applies || !checked.reason.empty()));
    (applies ? result.holds : result.not_applicable) += claim.id.substr(4) + ' ';
  }
  return result;
}

}  // namespace

TEST_CASE("The identities' controls miss by what the dossier says", "[proofs][reference]") {
  const DataLaw& law = *interpolation_law("centres ±1, σ = 0.6").law;
  const FlowTime time = FlowTime::from_start(0.35);
  Trial trial{.rng = Rng(1)};
  const Bound power = gif_02_covariance_identity().controls[0].draw(trial).bounds[0];
  CHECK_THAT(power.lhs.value, WithinAbs(-0.64687, 5e-6));
  CHECK_THAT(power.rhs.value, WithinAbs(-0.16678, 5e-6));
  CHECK_THAT(slope(law, "linear", time, 0.4), WithinAbs(-0.166776966862724, 1e-14));
  const Bound rate = gif_03_time_derivative().controls[0].draw(trial).bounds[0];
  CHECK_THAT(std::abs(rate.lhs.value - rate.rhs.value), WithinAbs(0.549, 5e-4));
}

TEST_CASE("The bounds' controls miss by what the dossier says", "[proofs][reference]") {
  CHECK_THAT(worst_excess(gif_12_bounded_support(), "0.81 D²", "C"),
             WithinAbs(1.0 / 0.81 - 1.0, 1e-8));
  CHECK_THAT(worst_excess(gif_13_semi_log_concave(), "1.1 κ", "C"), WithinAbs(0.1, 1e-3));
  CHECK_THAT(worst_excess(gif_14_semi_log_convex(), "0.9 β", "C"), WithinAbs(0.111, 1e-3));
  const Claim mixture = gif_15_mixture();
  CHECK_THAT(worst_excess(mixture, "1.1 σ²", "C"), WithinAbs(0.099, 1.1e-3));
  CHECK_THAT(worst_excess(mixture, "0.9 R", "C"), WithinAbs(0.151, 1e-3));
  CHECK_THAT(worst_excess(mixture, "0.9 R, σ = 0.3", "C"), WithinAbs(0.211, 1e-3));
  const Claim cusp = gif_16_log_lipschitz();
  CHECK_THAT(worst_excess(cusp, "0.9 L, cusp up, L = 0.5", "C"), WithinAbs(4.2e-2, 5e-3));
  CHECK_THAT(worst_excess(cusp, "0.9 L, cusp up", "C"), WithinAbs(0.165, 5e-3));
  CHECK_THAT(worst_excess(cusp, "0.9 L, cusp down, L = 0.5", "C"), WithinAbs(3.8e-2, 5e-3));
  CHECK_THAT(worst_excess(cusp, "0.9 L, cusp down", "C"), WithinAbs(0.123, 5e-3));
}

TEST_CASE("The κ formula before its time is off by what the dossier says", "[proofs][reference]") {
  const DataLaw& law = *interpolation_law("centres ±1.5, σ = 1").law;
  const auto claimed = [](double t) {
    const ScheduleValues s = linear_schedule().at(t);
    return (-1.25 * s.half_variance_rate + s.b * s.b_dot) / (-1.25 * s.a * s.a + s.b * s.b);
  };
  CHECK_THAT(claimed(0.3), WithinAbs(-2.249, 6e-4));
  CHECK_THAT(slope(law, "linear", FlowTime::from_start(0.3), 0.0), WithinAbs(0.7149, 5e-5));
  CHECK_THAT(claimed(0.45), WithinAbs(-6.48, 5e-3));
  CHECK_THAT(slope(law, "linear", FlowTime::from_start(0.45), 0.0), WithinAbs(1.986, 5e-4));
}

TEST_CASE("On the linear schedule Gaussians reach the dossier's uniform constants",
          "[proofs][reference]") {
  const std::map<double, std::pair<double, double>> expected = {{0.01, {5.05, -1.0}},
                                                                {0.25, {1.25, -1.0}},
                                                                {1.0, {1.0, -1.0}},
                                                                {4.0, {1.0, -1.25}},
                                                                {100.0, {1.0, -5.05}}};
  for (const auto& [kappa, extremes] : expected) {
    CAPTURE(kappa);
    const DataLawPointer law = data_law(Gaussian(Vector{{0.3}}, Matrix{{1.0 / kappa}}));
    double largest = -infinity;
    double least = infinity;
    for (int i = 0; i <= 8000; ++i) {
      const double here = slope(*law, "linear", FlowTime::from_start(i / 8000.0), 0.0);
      largest = std::max(largest, here);
      least = std::min(least, here);
    }
    CHECK_THAT(largest, WithinAbs(extremes.first, 1e-5));
    CHECK_THAT(least, WithinAbs(extremes.second, 1e-5));
  }
}

TEST_CASE("Singularities in time have the dossier's sizes", "[proofs][reference]") {
  const DataLaw& points = *interpolation_law("points ±1").law;
  const DataLaw& cusp = *interpolation_law("cusp, L = 1").law;
  const std::vector<double> taus = {0.1, 0.01, 0.001};
  const std::vector<double> linear = {890.0, 9.9e5, 9.99e8};
  const std::vector<double> foellmer = {20.2, 2.45e3, 2.5e5};
  const std::vector<double> cusps = {2.02, 5.97, 18.2};
  for (std::size_t k = 0; k < taus.size(); ++k) {
    CAPTURE(taus[k]);
    const FlowTime time = FlowTime::from_end(taus[k]);
    CHECK_THAT(slope(points, "linear", time, 0.0), WithinRel(linear[k], 2e-3));
    CHECK_THAT(slope(points, "foellmer", time, 0.0), WithinRel(foellmer[k], 5e-3));
    CHECK_THAT(slope(cusp, "foellmer", time, 0.0), WithinRel(cusps[k], 2.5e-3));
  }
  // Two centres ±1, σ = ½, κ = −12: 1 − κ = 13 at data.
  const DataLawPointer mixture = two_centre_data(1.0, 0.5);
  const double near = slope(*mixture, "foellmer", FlowTime::from_end(0.001), 0.0);
  CHECK_THAT(near, WithinAbs(12.8, 0.2));
  CHECK_THAT(slope(*mixture, "foellmer", FlowTime::from_end(0.0), 0.0), WithinRel(13.0, 1e-12));
}

TEST_CASE("Uniform data have a third of the bounded support's covariance at most",
          "[proofs][reference]") {
  Trial trial{.rng = Rng(1)};
  const Claim claim = gif_12_bounded_support();
  const auto uniform = std::ranges::find(claim.instances, "uniform on [−1, 1]", &Instance::name);
  REQUIRE(uniform != claim.instances.end());
  for (const Bound& bound : uniform->draw(trial).bounds) {
    if (bound.part == "C from above") CHECK(bound.lhs.value <= 1.0 / 3.0);
  }
}

TEST_CASE("A user's measure hears what holds and which hypothesis fails", "[proofs][property]") {
  const Gaussian gaussian(Vector{{1.0, -2.0}}, Matrix{{2.0, 0.5}, {0.5, 1.0}});
  CHECK(told(gaussian).not_applicable == "12 15 16 38 39 ");
  const GaussianMixture one_width =
      GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{-1.0, 1.0}, {0.0, 0.5}}, 1.0);
  CHECK(told(one_width).not_applicable == "12 38 ");
  const GaussianMixture general(Vector{{0.4, 0.6}}, Matrix{{-1.0, 1.0}, {0.0, 0.5}},
                                {Matrix{{0.5, 0.1}, {0.1, 0.3}}, Matrix{{1.0, 0.0}, {0.0, 0.2}}});
  CHECK(told(general).not_applicable == "12 13 15 16 38 39 ");
  CHECK(told(PointCloud(Matrix{{-1.0, 1.0, 0.3}, {0.0, 0.5, 2.0}})).not_applicable ==
        "13 14 15 16 17 39 ");
}

TEST_CASE("One point, one Gaussian, and centres that coincide or weigh nothing are told no less",
          "[proofs][property]") {
  const auto two = [](double weight, double left) {
    return GaussianMixture::isotropic(Vector{{weight, 1.0 - weight}}, Matrix{{left, 1.0}}, 0.25);
  };
  const Measure start = GENERATE_COPY(
      Measure(Gaussian::standard(1)), Measure(Gaussian(Vector{{0.3}}, Matrix{{0.25}})),
      Measure(Gaussian(Vector{{0.0}}, Matrix{{1e-16}})), Measure(two(0.0, -1.0)),
      Measure(two(1.0, -1.0)), Measure(two(0.5, 1.0)), Measure(PointCloud(Matrix{{0.5}})),
      Measure(PointCloud(Matrix{{0.0}})),
      Measure(PointCloud(Matrix{{1.0, 1.0, 1.0}, {2.0, 2.0, 2.0}})));
  CHECK_FALSE(told(start).holds.empty());
  const DataLawPointer law = data_law(start);
  CHECK(steepest_point(*law, 0.5) == 0.5 * law->mean());
}

TEST_CASE("Of a wide mixture about 0, where S > 1, the last term of GIF-39 counts in full",
          "[proofs][property]") {
  // A draw whose |∂ₜv| is above the bound with the last term divided by S once more.
  const ClaimResult result =
      check(gif_39_time_derivative_mixture(),
            {.replay = Replay{.instance = "random mixtures", .draw_seed = 16676902247341311160u}});
  CAPTURE(result.reason);
  CHECK(result.verdict == Verdict::holds);
  REQUIRE(result.checks.size() == 1);
  CHECK(result.checks.front().draws > 0);
}

TEST_CASE("GIF-02 leaves symmetry out on the line, where it compares a number with itself",
          "[proofs][property]") {
  for (const Index d : {1, 2}) {
    const Target target{Gaussian::standard(d), Gaussian::standard(d)};
    const ClaimResult result = check(gif_02_covariance_identity(), {.target = target});
    CHECK(result.verdict == Verdict::holds);
    const auto part = std::ranges::find(result.checks, "∇v symmetric", &CheckResult::part);
    REQUIRE(part != result.checks.end());
    CHECK((part->verdict == Verdict::not_applicable) == (d == 1));
  }
}

TEST_CASE("GIF-19 is decided of a mixture far from 0", "[proofs][property]") {
  const auto far = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{1e4, 1e4 + 1.0}}, 0.1);
  const ClaimResult result = check(gif_19_growth(), {.target = Target{far, Gaussian::standard(1)}});
  CAPTURE(result.reason);
  CHECK(result.verdict == Verdict::holds);
  CHECK(std::ranges::any_of(result.checks, [](const CheckResult& part) {
    return part.part == "(e) two integrators" && part.verdict == Verdict::tight;
  }));
}

TEST_CASE("A user's schedule is the only one looked at", "[proofs][property]") {
  Target target{.start = PointCloud(Matrix{{-1.0, 1.0}}), .reference = Gaussian::standard(1)};
  const auto count = [&] { return gif_12_bounded_support().on_target(target).bounds.size(); };
  const std::size_t all = count();
  target.schedule = "foellmer";
  CHECK(count() < all / 4);
  target.schedule = "cosine";
  CHECK_THROWS_AS(count(), std::invalid_argument);
}

TEST_CASE("The instances have names of their own and posteriors everywhere", "[proofs][property]") {
  std::vector<std::string> names;
  for (const NamedLaw& law : interpolation_laws()) {
    CAPTURE(law.name);
    CHECK(std::ranges::find(names, law.name) == names.end());
    names.push_back(law.name);
    CHECK(std::isfinite(law.law->second_moment()));
    CHECK(&interpolation_law(law.name) == &law);
  }
  CHECK(names.size() >= 30);
  CHECK_THROWS_AS(interpolation_law("nothing"), std::invalid_argument);
}

}  // namespace flowcheck::gif_velocity_test
