// The dossier's numbers for flow maps of interpolations (GIF-05, 20-32), from the library.

#include "claims/check.hpp"
#include "claims/verdict.hpp"
#include "flows/flow_ensemble.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/schedule.hpp"
#include "measures/exact_map.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "measures/radial_law.hpp"
#include "numerics/special_functions.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck::gif_flow_test {

namespace {

// A value agrees with the dossier's to its last digit.
void check_digits(double value, double reference, double last_digit) {
  CAPTURE(value, reference);
  CHECK(std::abs(value - reference) <= 0.5000001 * last_digit);
}

// Largest value of f on [0, 9].
template <class F>
double largest(const F& f) {
  double result = 0.0;
  for (double z = 0.0; z <= 9.0; z += 0.03) result = std::max(result, f(z));
  return result;
}

double slope(const DataLawPointer& law, double z) {
  return FlowMaps(law)(pure_noise, pure_data, Vector::Constant(1, z)).jacobian(0, 0);
}

CheckResult control_of(const Claim& claim, const std::string& name) {
  const ClaimResult result = check(claim);
  const auto found = std::find_if(result.controls.begin(), result.controls.end(),
                                  [&](const CheckResult& c) { return c.instance == name; });
  REQUIRE(found != result.controls.end());
  REQUIRE(found->verdict == Verdict::violated);
  return *found;
}

}  // namespace

TEST_CASE("the flow carries N(0, 1) where the reference table says", "[gif][reference]") {
  const auto map = [](const DataLawPointer& law) {
    return FlowMaps(law)(pure_noise, pure_data, Vector::Constant(1, 0.7));
  };
  const EnclosedMap gaussian = map(data_law(Gaussian(Vector{{0.3}}, Matrix{{0.25}})));
  CHECK(std::abs(gaussian.end(0) - 0.65) < 1e-12);
  CHECK(std::abs(gaussian.jacobian(0, 0) - 0.5) < 1e-12);
  const EnclosedMap mixture = map(two_centre_data(1.0, 0.6));
  CHECK(std::abs(mixture.end(0) - 1.02473594291157) < 1e-12);
  CHECK(std::abs(mixture.jacobian(0, 0) - 0.936887086595895) < 1e-11);
}

TEST_CASE("second moments of the pushed grid miss by what its spacing makes", "[gif][reference]") {
  const GaussianMixture p = *interpolation_law("plane, three centres").law->mixture();
  const Matrix exact = p.covariance() + p.mean() * p.mean().transpose();
  const auto error = [&](int side) {
    const double h = 16.0 / (side - 1);
    Matrix points(2, side * side);
    Vector weights(side * side);
    for (int i = 0; i < side * side; ++i) {
      points.col(i) << -8.0 + h * (i % side), -8.0 + h * (i / side);
      weights(i) = h * h * normal_density(points(0, i)) * normal_density(points(1, i));
    }
    const Matrix ends = flow_ensemble(p, pure_noise, pure_data, points).ends;
    return (ends * weights.asDiagonal() * ends.transpose() - exact).cwiseAbs().maxCoeff();
  };
  CHECK(error(121) < 5e-4);  // 2.2e-4 on the dossier's grid
  CHECK(error(241) < 5e-5);  // 1.9e-5
}

TEST_CASE("mixtures that are log-concave are stretched as printed", "[gif][reference]") {
  check_digits(slope(two_centre_data(0.3, 1.0), 0.0), 1.0460, 1e-4);
  check_digits(slope(two_centre_data(0.6, 1.0), 0.0), 1.1972, 1e-4);
  check_digits(slope(two_centre_data(0.9, 1.0), 0.0), 1.4993, 1e-4);
  check_digits(slope(two_centre_data(1.5, 1.0), 0.0), 3.08, 1e-2);
  for (const auto& [R, bound] : {std::pair{0.3, 1.0483}, {0.6, 1.25}, {0.9, 2.294}}) {
    check_digits(1.0 / std::sqrt(1.0 - R * R), bound,
                 bound == 1.25 ? 1e-2
                 : bound > 2   ? 1e-3
                               : 1e-4);
  }
}

TEST_CASE("truncated Gaussians attain the sharp constant, the classical one is far off",
          "[gif][reference]") {
  struct Row {
    double kappa, slope, last_digit, classical, classical_digit;
  };
  for (const Row& row :
       {Row{4.0, 0.47725, 1e-5, 0.5, 1e-1}, Row{1.0, 0.68269, 1e-5, 1.0, 1e-1},
        Row{0.0, 0.79788, 1e-5, 1.6487, 1e-4}, Row{-1.0, 0.95344, 1e-5, 2.718, 1e-3},
        Row{-4.0, 1.88656, 1e-5, 12.18, 1e-2}, Row{-10.0, 13.7014, 1e-4, 244.7, 1e-1},
        Row{-30.0, 90196.66, 1e-2, 5.39e6, 1e4}}) {
    CAPTURE(row.kappa);
    const double z0 = map_from_normal_slope(truncated_gaussian_law(row.kappa, 1.0), 0.0);
    check_digits(z0, row.slope, row.last_digit);
    const double classical =
        row.kappa >= 1.0 ? 1.0 / std::sqrt(row.kappa) : std::exp(0.5 * (1.0 - row.kappa));
    check_digits(classical, row.classical, row.classical_digit);
    CHECK(z0 == Approx(truncated_gaussian_mass(row.kappa, 1.0) / std::sqrt(2.0 * std::numbers::pi))
                    .epsilon(1e-9));
  }
}

TEST_CASE("uniform laws on balls and tilted intervals stay below 2D/√2π", "[gif][reference]") {
  const double bound = 2.0 / std::sqrt(2.0 * std::numbers::pi);
  for (const auto& [c, ratio] : {std::pair{1.0, 0.986}, {3.0, 0.905}, {10.0, 0.663}}) {
    const LineMeasure p = tilted_uniform_law(c, 1.0);
    const double most = largest([&](double z) {
      return std::max(map_from_normal_slope(p, z), map_from_normal_slope(p, -z));
    });
    check_digits(most / bound, ratio, 1e-3);
  }
  for (const auto& [d, value] : {std::pair{Index{1}, 0.79788},
                                 {Index{2}, 0.70711},
                                 {Index{3}, 0.64309},
                                 {Index{10}, 0.43809},
                                 {Index{50}, 0.22165}}) {
    const double most = largest([d = d](double s) {
      return std::max(ball_map_slope(d, 1.0, s), s > 0.0 ? ball_map(d, 1.0, s) / s : 0.0);
    });
    CAPTURE(d, most);
    CHECK(std::abs(most - value) < 2e-5);
  }
}

TEST_CASE("two equal centres attain σe^{R²/2σ²}, other mixtures do not", "[gif][reference]") {
  for (const auto& [R, sigma] : {std::pair{1.0, 1.0}, {1.5, 1.0}, {2.0, 0.7}, {1.0, 0.3}}) {
    const double bound = sigma * std::exp(R * R / (2.0 * sigma * sigma));
    CHECK(slope(two_centre_data(R, sigma), 0.0) / bound == Approx(1.0).margin(1e-10));
  }
  check_digits(0.3 * std::exp(1.0 / 0.18), 77.6, 1e-1);
  check_digits(0.6 * std::exp(1.0 / 0.72), 2.40623495152545, 1e-14);
}

TEST_CASE("cusps attain erfcx(∓L/√2)", "[gif][reference]") {
  struct Row {
    double L, up, digit, down;
  };
  for (const Row& row : {Row{0.1, 1.0851, 1e-4, 0.924958}, Row{0.5, 1.5671, 1e-4, 0.699238},
                         Row{1.0, 2.7743, 1e-4, 0.523157}, Row{2.0, 14.442, 1e-3, 0.336204},
                         Row{3.0, 179.79, 1e-2, 0.243028}}) {
    CAPTURE(row.L);
    check_digits(cusp_map_slope(row.L, 0.0), row.up, row.digit);
    check_digits(cusp_map_slope(-row.L, 0.0), row.down, 1e-6);
    CHECK(largest([&](double z) { return cusp_map_slope(row.L, z); }) <=
          cusp_map_slope(row.L, 0.0) * (1.0 + 1e-12));
  }
}

TEST_CASE("Laplace's law is stretched without bound", "[gif][reference]") {
  const LineMeasure p = laplace_law();
  const double printed[] = {0.80, 1.53, 2.37, 4.23, 8.12, 16.06, 30.03};
  const double at[] = {0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0};
  for (std::size_t i = 0; i < 7; ++i) {
    check_digits(map_from_normal_slope(p, at[i]), printed[i], 1e-2);
  }
}

TEST_CASE("h = L|x| in the plane stays below the bound of the line", "[gif][reference]") {
  for (const auto& [L, printed] : {std::pair{0.5, 1.408}, {1.0, 2.116}, {2.0, 6.099}}) {
    const double tilt = L;
    const RadialLaw p(2, {.value = [tilt](double r) { return 0.5 * r * r - tilt * r; },
                          .slope = [tilt](double r) { return r - tilt; },
                          .curvature = [](double) { return 1.0; },
                          .typical = tilt + 1.0});
    const double most = largest([&](double s) {
      const double at = std::max(s, 1e-5);  // the supremum is at 0
      return std::max(radial_map_slope(p, at), radial_map(p, at) / at);
    });
    CAPTURE(L, most);
    CHECK(std::abs(most - printed) < 2e-3);
  }
}

TEST_CASE("integrals of sup‖∇v‖ depend on the schedule", "[gif][reference]") {
  const CheckResult found =
      control_of(gif_29_integrated_rates(), "∫sup‖∇v‖ independent of the schedule");
  check_digits(found.lhs.value, 0.69315, 1e-5);
  CHECK(std::abs(found.rhs.value) < 1e-12);
}

TEST_CASE("a cycle's Lipschitz constant is the product of its legs'", "[gif][reference]") {
  const CheckResult found =
      control_of(gif_32_cycle_consistency(), "Lip(X^A_{0,1}) for Lip(X^A_{1,0})");
  check_digits(found.lhs.value, 7.1932795, 1e-7);
  check_digits(found.rhs.value, 0.450, 1e-3);
}

TEST_CASE("a flow without its factor misses a second moment by 0.433", "[gif][reference]") {
  const CheckResult found = control_of(gif_05_marginal_preservation(), "v = M − x");
  CAPTURE(found.lhs.value, found.rhs.value);
  CHECK(found.rhs.value == Approx(0.16 + 0.2 + 0.5 * 1.44));
  // The grid of 41² points is good to two thousandths.
  CHECK(std::abs(found.rhs.value - found.lhs.value - 0.433) < 0.003);
}

TEST_CASE("an error of RK4 is forty times its round trip's residual", "[gif][reference]") {
  const CheckResult found = control_of(gif_30_auto_encoding(), "RK4's residual for its error");
  CAPTURE(found.lhs.value, found.rhs.value);
  CHECK(found.lhs.value > 1e-10);
  CHECK(found.lhs.value < 1e-8);  // 9.1e-10 for 80 steps
  CHECK(0.5 * found.rhs.value == Approx(2.4e-11).margin(1e-11));
}

TEST_CASE("A narrow target is decided, or said to have no digits left", "[gif][property]") {
  const auto of = [](const Claim& claim, const Measure& measure) {
    return check(claim,
                 {.target = Target{
                      .start = measure, .reference = Gaussian::standard(1), .schedule = "linear"}});
  };
  const GaussianMixture pair =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, 1e-8);
  CHECK(of(gif_24_forward_mixture(), pair).verdict == Verdict::holds);
  const Gaussian narrow(Vector{{0.5}}, Matrix{{1e-10}});
  for (const Claim& claim : {gif_30_auto_encoding(), gif_31_auto_encoding_model_error()}) {
    const ClaimResult result = of(claim, narrow);
    CAPTURE(claim.id);
    CHECK(result.verdict <= Verdict::holds);
    CHECK(std::ranges::any_of(result.checks, [](const CheckResult& part) {
      return part.reason.starts_with("left out: the flow stretches its errors beyond its digits");
    }));
  }
}

TEST_CASE("A schedule that rests at its start does not hide where far components part",
          "[gif][control]") {
  for (const double far : {1e4, 1e6, 9e7}) {
    for (const Index d : {1, 2}) {
      Matrix centres = Matrix::Zero(d, 2);
      centres(0, 0) = -far;
      centres(0, 1) = far;
      const auto p = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, centres, 1.0);
      for (const Claim& claim :
           {gif_20_schedule_invariance(), gif_31_auto_encoding_model_error()}) {
        const ClaimResult result = check(claim, {.target = Target{p, Gaussian::standard(d)}});
        CAPTURE(claim.id, far, d, result.reason);
        CHECK(result.verdict == Verdict::holds);
      }
    }
  }
}

TEST_CASE("Rare components far out do not part unseen", "[gif][control]") {
  const GaussianMixture line =
      GaussianMixture::isotropic(Vector{{1.0 - 1e-9, 1e-9}}, Matrix{{0.0, 1e7}}, 1.0);
  const GaussianMixture plane =
      GaussianMixture::isotropic(Vector{{1.0 - 1e-6, 1e-6}}, Matrix{{0.0, 9e7}, {0.0, 1e6}}, 1.0);
  for (const GaussianMixture& p : {line, plane}) {
    const ClaimResult result = check(gif_20_schedule_invariance(),
                                     {.target = Target{p, Gaussian::standard(p.dimension())}});
    CAPTURE(p.dimension(), result.reason);
    CHECK(result.verdict <= Verdict::holds);
  }
}

TEST_CASE("An end is enclosed only if both of its runs converged", "[gif][control]") {
  const auto run = [](double end, int steps, Termination termination) {
    return FlowResult{.end = Vector{{end}}, .steps = steps, .termination = termination};
  };
  const auto enclosed = [&](Termination fine, Termination coarse) {
    return enclosed_end(run(1.0, 180, fine), run(1.0 + 1e-9, 100, coarse), 1e-13, 2.0, 1e-12);
  };
  const EnclosedMap known = enclosed(Termination::converged, Termination::converged);
  CHECK(known.end_error == Approx(1.001e-9));
  CHECK(known.expected_error == Approx(2e-11));
  for (const Termination open : {Termination::iteration_limit, Termination::not_finite}) {
    for (const auto& [fine, coarse] :
         {std::pair{open, Termination::converged}, {Termination::converged, open}, {open, open}}) {
      const EnclosedMap unknown = enclosed(fine, coarse);
      CHECK(unknown.end_error == infinity);
      CHECK(unknown.expected_error == infinity);
    }
  }
  // Two runs of the same steps say nothing of each other.
  const EnclosedMap same = enclosed_end(run(1.0, 50, Termination::converged),
                                        run(1.0, 50, Termination::converged), 1e-13, 2.0, 0.0);
  CHECK(same.end_error == Approx(50.0 * 1e-13 * 2.0));
}

TEST_CASE("The time of a signal-to-noise ratio is found to its last digits", "[gif][exact]") {
  const Schedule linear = linear_schedule();
  for (const double r : {1e-9, 0.02, 1.0, 3.0, 1e4}) {
    CAPTURE(r);
    CHECK(time_of(linear, r) == Approx(r / (1.0 + r)).epsilon(1e-13));
    CHECK(time_of(trigonometric_schedule(), r) ==
          Approx(2.0 / std::numbers::pi * std::atan(r)).epsilon(1e-13));
  }
  const Schedule vp = variance_preserving_schedule();
  CHECK(time_of(vp, 0.5 * vp.at(0.0).r()) == 0.0);
  CHECK(time_of([](double t) { return t; }, 2.0) == 1.0);
  CHECK(vp.at(time_of(vp, 3.0)).r() == Approx(3.0).epsilon(1e-13));
}

TEST_CASE("GIF-33 of a mixture in the plane names the source; points have no constant",
          "[gif][property]") {
  const auto of = [](double variance) {
    const auto plane = GaussianMixture::isotropic(
        Vector{{0.2, 0.5, 0.3}}, Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, variance);
    return check(gif_33_source_stability(), {.target = Target{plane, Gaussian::standard(2)}});
  };
  const ClaimResult result = of(0.16);
  CHECK(result.verdict == Verdict::holds);
  CHECK(std::ranges::any_of(result.checks, [](const CheckResult& part) {
    return part.verdict == Verdict::holds && part.instance.find("a₀ = ") != std::string::npos;
  }));
  const ClaimResult points = of(0.0);
  CHECK(points.verdict == Verdict::not_applicable);
}

TEST_CASE("Claims on flows from noise name the schedule of the closest part", "[gif][property]") {
  const auto pair = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, 0.36);
  for (const Claim& claim :
       {gif_30_auto_encoding(), gif_31_auto_encoding_model_error(), gif_34_velocity_stability(),
        gif_35_gronwall(), gif_37_transport_cost()}) {
    CAPTURE(claim.id);
    const ClaimResult result = check(
        claim, {.target = Target{.start = pair, .reference = Gaussian::standard(1), .error = 0.1}});
    for (const CheckResult& part : result.checks) {
      if (part.kind != CheckKind::target || part.verdict == Verdict::not_applicable) continue;
      CAPTURE(part.instance);
      CHECK(std::ranges::any_of(checked_schedules(), [&](const Schedule& schedule) {
        return part.instance.find(schedule.name()) != std::string::npos;
      }));
    }
  }
}

TEST_CASE("GIF-28, 29, 32 and 36 of a user's measure, or the hypothesis that it fails",
          "[gif][property]") {
  const auto of = [](const Claim& claim, const Measure& measure) {
    return check(claim, {.target = Target{measure, Gaussian::standard(dimension(measure))}});
  };
  const auto line = GaussianMixture::isotropic(Vector{{0.3, 0.7}}, Matrix{{-1.0, 1.2}}, 0.3);
  const auto plane = GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}},
                                                Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, 0.16);
  for (const Claim& claim : {gif_28_what_the_map_is(), gif_29_integrated_rates(),
                             gif_32_cycle_consistency(), gif_36_early_stopping()}) {
    CAPTURE(claim.id);
    CHECK(of(claim, line).verdict == Verdict::holds);
    CHECK(of(claim, Gaussian(Vector{{0.3, 0.1}}, Matrix{{0.5, 0.2}, {0.2, 0.4}})).verdict !=
          Verdict::inconclusive);
    const ClaimResult in_the_plane = of(claim, plane);
    if (claim.id == "GIF-28") {
      CHECK_THAT(in_the_plane.reason, Catch::Contains("d = 2, 3 components"));
    } else {
      CHECK(in_the_plane.verdict == Verdict::holds);
    }
  }
  const ClaimResult points =
      of(gif_29_integrated_rates(), PointCloud(Matrix{{0.0, 1.0, 0.3}, {0.0, 0.2, 1.1}}));
  CHECK(points.verdict == Verdict::not_applicable);
  CHECK_THAT(points.reason, Catch::Contains("smooth density"));
}

TEST_CASE("GIF-29 of a user's mixture looks where its flow stretches most, or says what is missing",
          "[gif][reference]") {
  const auto of = [](const GaussianMixture& p) {
    return gif_29_integrated_rates().on_target(
        {.start = p, .reference = Gaussian::standard(p.dimension()), .schedule = "linear"});
  };
  const auto line =
      GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}}, Matrix{{-2.0, 0.5, 3.0}}, 0.25);
  const std::vector<Bound> bounds = of(line).bounds;
  const auto found = std::ranges::find(bounds, "log ‖∇X‖ ≤ ∫sup λ_max", &Bound::part);
  REQUIRE(found != bounds.end());
  // The largest slope of F⁻¹∘Φ, at z = 0.52545; a local maximum at another z is less by 1.3e-3.
  CHECK(found->lhs.value > 2.55538);
  CHECK(found->lhs.value < 2.555386);

  // All but one Gaussian: the rates are below their round-off.
  const GaussianMixture nearly_one(
      Vector{{0.5, 0.5}}, Matrix{{0.0, 1e-9}, {0.0, 0.0}},
      {Matrix::Identity(2, 2), (1.0 + 1e-12) * Matrix::Identity(2, 2)});
  for (const Bound& bound : of(nearly_one).bounds) {
    CAPTURE(bound.part, bound.lhs, bound.rhs);
    if (!bound.failed_hypothesis.empty()) continue;
    CHECK(std::isfinite(bound.lhs.width()));
    CHECK(std::isfinite(bound.rhs.width()));
  }
}

TEST_CASE("GIF-28 keeps its digits between components far apart, and beside rare ones",
          "[gif][exact]") {
  const auto of = [](double rare, double left, double right, double variance) {
    const GaussianMixture p(Vector{{1.0 - rare, rare}}, Matrix{{left, right}},
                            {Matrix{{1.0}}, Matrix{{variance}}});
    const Target target{.start = p, .reference = Gaussian::standard(1), .schedule = "linear"};
    return check(gif_28_what_the_map_is(), {.target = target});
  };
  for (const ClaimResult& found :
       {of(0.5, -20.0, 20.0, 2.0), of(0.5, -1000.0, 1000.0, 2.0), of(0.5, -1e5, 1e5, 1.0),
        of(1e-12, 0.0, 3.0, 1.0), of(1e-300, 0.0, 3.0, 1.0)}) {
    CAPTURE(found.reason);
    CHECK(found.verdict == Verdict::holds);
  }
  // F_s(x) − ½ = 1e-31, where the flow has all of its digits and the comparison has to have them.
  const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{-20.0, 20.0}},
                          {Matrix{{1.0}}, Matrix{{2.0}}});
  const Outcome outcome = gif_28_what_the_map_is().on_target(
      {.start = p, .reference = Gaussian::standard(1), .schedule = "linear"});
  int compared = 0;
  for (const Bound& bound : outcome.bounds) {
    if (bound.place != "linear, s = 0.5, t = 0.95" || !bound.failed_hypothesis.empty()) continue;
    CAPTURE(bound.part, bound.lhs, bound.rhs);
    CHECK(judge(bound, 1e-8) == Verdict::tight);
    ++compared;
  }
  CHECK(compared == 4);
}

TEST_CASE("The verdict of a user's measure names the schedule and the time of its closest bound",
          "[gif][exact]") {
  const auto plane = GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}},
                                                Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, 0.16);
  const Target target{
      .start = plane, .reference = Gaussian::standard(2), .schedule = "trigonometric"};
  for (const CheckResult& part : check(gif_36_early_stopping(), {.target = target}).checks) {
    CHECK_THAT(part.instance, Catch::Contains("trigonometric, t = "));
  }
}

}  // namespace flowcheck::gif_flow_test
