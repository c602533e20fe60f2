// One JKO step on Gaussians, against the dossier's reference numbers, which were computed without
// this library, and against minimisation by brute force.

#include "claims/check.hpp"
#include "distances/wasserstein.hpp"
#include "jko/jko_claims.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/spd.hpp"
#include "proximal/gaussian_objective.hpp"
#include "proximal/jko_chain.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace flowcheck::jko_one_step_test {

using Catch::WithinAbs;

namespace {

// Half a unit in the thirteenth decimal, the last one printed, and the rounding of the test itself.
constexpr double last_digit = 0.5e-13 + 2e-15;

JkoChain reference_chain() {
  const Matrix covariance{{2.0, 0.5}, {0.5, 1.0}};
  const Matrix A{{1.5, 0.4}, {0.4, 0.8}};
  const Matrix A_inverse = Matrix{{0.8, -0.4}, {-0.4, 1.5}} / (1.5 * 0.8 - 0.4 * 0.4);
  const Gaussian start(Vector{{1.0, -2.0}}, covariance);
  REQUIRE((A * A_inverse - Matrix::Identity(2, 2)).norm() < 1e-15);
  return jko_chain(start, {Vector::Zero(2), A_inverse}, {.step_sizes = constant_steps(0.7, 2)});
}

Gaussian on_the_line(double mean, double deviation) {
  return {Vector::Constant(1, mean), Matrix::Constant(1, 1, deviation * deviation)};
}

// Lowers f by steps along the coordinates, halved where none helps, down to 1e-9.
template <class Function>
Vector compass_search(const Function& f, Vector x) {
  double least = f(x);
  for (double step = 0.25; step > 1e-9;) {
    bool moved = false;
    for (Index i = 0; i < x.size(); ++i) {
      for (const double sign : {1.0, -1.0}) {
        Vector y = x;
        y(i) += sign * step;
        const double value = f(y);
        if (value < least) {
          x = y;
          least = value;
          moved = true;
        }
      }
    }
    if (!moved) step *= 0.5;
  }
  return x;
}

// Mean and lower triangular factor of a Gaussian in the plane as five numbers.
Gaussian plane_gaussian(const Vector& x) {
  const Matrix L{{x(2), 0.0}, {x(3), x(4)}};
  return {x.head(2), symmetrised(L * L.transpose())};
}

}  // namespace

TEST_CASE("a JKO step in the plane has the reference mean and covariance",
          "[jko][JKO-19][reference]") {
  const JkoChain chain = reference_chain();
  const Gaussian& next = chain[1];
  CHECK_THAT(next.mean()(0), WithinAbs(0.6795743043980, last_digit));
  CHECK_THAT(next.mean()(1), WithinAbs(-1.4040261571996, last_digit));
  CHECK_THAT(next.covariance()(0, 0), WithinAbs(1.0446780269620, last_digit));
  CHECK_THAT(next.covariance()(0, 1), WithinAbs(-0.0687363573558, last_digit));
  CHECK_THAT(next.covariance()(1, 1), WithinAbs(1.1186463698161, last_digit));
}

TEST_CASE("two JKO steps in the plane have the reference divergences and distances",
          "[jko][reference]") {
  const JkoChain chain = reference_chain();
  CHECK_THAT(chain.kl_to_target(0).value, WithinAbs(2.3505817494556, last_digit));
  CHECK_THAT(chain.kl_to_target(1).value, WithinAbs(0.8611993620389, last_digit));
  CHECK_THAT(chain.kl_to_target(2).value, WithinAbs(0.3814891842842, last_digit));
  CHECK_THAT(square(chain.step_length(1)).value, WithinAbs(0.7248099803503, last_digit));
  CHECK_THAT(square(chain.w2_to_target(0)).value, WithinAbs(5.6549930795774, last_digit));
  CHECK_THAT(square(chain.w2_to_target(1)).value, WithinAbs(2.5251293540016, last_digit));
  CHECK_THAT(square(chain.w2_to_target(2)).value, WithinAbs(1.2001803006985, last_digit));
  CHECK_THAT(square(chain.fisher_norm(0)).value, WithinAbs(5.5842857142857, last_digit));
  CHECK_THAT(square(chain.fisher_norm(1)).value, WithinAbs(1.4792040415311, last_digit));

  // D² exceeds W₁² in the seventh decimal: the covariances do not commute.
  const Estimate D = optimal_map_distance(chain[0], chain[1], chain.target);
  CHECK_THAT(square(D).value, WithinAbs(2.5251294747171, last_digit));
}

TEST_CASE("a JKO step on the line has the reference mean and deviation",
          "[jko][JKO-19][reference]") {
  const Gaussian q = Gaussian::standard(1);
  CHECK_THAT(jko_step(on_the_line(3.0, 1.0), q, 0.5).mean()(0), WithinAbs(2.0, 1e-15));
  const Gaussian narrowed = jko_step(on_the_line(0.0, 3.0), q, 0.5);
  CHECK_THAT(std::sqrt(narrowed.covariance()(0, 0)), WithinAbs(2.1547005383793, last_digit));
}

TEST_CASE("no search finds a better Gaussian than the closed form of a JKO step",
          "[jko][JKO-19][property]") {
  const auto stream = GENERATE(range(std::uint64_t{0}, std::uint64_t{6}));
  CAPTURE(stream);
  Rng rng(19, stream);
  const Gaussian p = random_gaussian(rng, 2);
  const Gaussian q = random_gaussian(rng, 2, {.smallest_variance = 0.25});
  const double gamma = rng.log_uniform(0.05, 2.0);
  const auto objective = [&](const Vector& x) {
    if (x(2) * x(4) == 0.0) return HUGE_VAL;
    return jko_objective(plane_gaussian(x), p, q, gamma).value;
  };

  // From a start that knows nothing of the answer.
  const Gaussian found =
      plane_gaussian(compass_search(objective, Vector{{0.0, 0.0, 1.0, 0.0, 1.0}}));
  const Gaussian step = jko_step(p, q, gamma);
  const Estimate least = jko_objective(step, p, q, gamma);
  const double reached = jko_objective(found, p, q, gamma).value;
  CHECK(reached >= least.lower);
  CHECK_THAT(reached, WithinAbs(least.value, 1e-12));
  CHECK(w2(found, step).value < 1e-5);
}

TEST_CASE("½W₂²(·, ν) exceeds its chord on an ordinary geodesic by the reference amount",
          "[jko][JKO-01][reference]") {
  const ClaimResult result = check(jko_01_convexity());
  const std::string name = "½W₂²(·, ν) along an ordinary geodesic";
  bool seen = false;
  for (const CheckResult& control : result.controls) {
    if (control.instance != name) continue;
    seen = true;
    CHECK_THAT(control.lhs.value - control.rhs.value, WithinAbs(3.4145 - 2.5917, 1e-4));
  }
  CHECK(seen);
}

TEST_CASE("the evolution inequality of the paper loses what the reference says",
          "[jko][JKO-03][reference]") {
  struct Row {
    double a, ratio, last_digit;
  };
  const auto row =
      GENERATE(Row{0.01, 0.999975, 5e-7}, Row{0.1, 0.9978, 5e-5}, Row{1.0, 0.909, 5e-4});
  CAPTURE(row.a);
  // λ = 1, ε = 0.1, γ = a: from (2 + a)ε, where Young's inequality is attained.
  const double epsilon = 0.1;
  const Gaussian q = Gaussian::standard(1);
  const JkoChain chain =
      jko_chain(on_the_line((2.0 + row.a) * epsilon, 1.0), q,
                {.step_sizes = {row.a}, .error = epsilon, .field = ErrorField::constant});
  const double left = (1.0 + 0.5 * row.a) * square(chain.w2_to_target(1)).value +
                      2.0 * row.a * chain.kl_to_target(1).value;
  const double right =
      square(chain.w2_to_target(0)).value + 2.0 * row.a * square(chain.error(1)).value;
  CHECK_THAT(left / right, WithinAbs(row.ratio, row.last_digit));
}

TEST_CASE("one-step regularisation of a translate tends to equality as the step grows",
          "[jko][JKO-09][reference]") {
  const auto a = GENERATE(0.5, 1.0, 7.0, 7.29);
  CAPTURE(a);
  const JkoChain chain =
      jko_chain(on_the_line(2.0, 1.0), Gaussian::standard(1), {.step_sizes = {a}});
  const double bound = square(chain.w2_to_target(0)).value / (2.0 * a * (2.0 + a));
  const double ratio = chain.kl_to_target(1).value / bound;
  CHECK_THAT(ratio, WithinAbs(a * (2.0 + a) / ((1.0 + a) * (1.0 + a)), 1e-14));
  if (a == 7.29) CHECK_THAT(ratio, WithinAbs(0.985433, 5e-5));
}

TEST_CASE("with an interaction, means contract at λ and deviations at λ + κ or faster",
          "[jko][JKO-18][reference]") {
  // γ = 0.5, λ = 1, κ = 3: s' − s* = (s − s*)/(1 + γ(λ + κ) + γ/(s's*)), s* = 1/2.
  const GaussianObjective G{
      .centre = Vector::Zero(1), .curvature = Matrix::Identity(1, 1), .interaction = 3.0};
  Gaussian p = on_the_line(1.0, 3.0);
  for (int n = 0; n < 3; ++n) {
    const Gaussian next = jko_step(p, G, 0.5);
    CHECK_THAT(next.mean()(0) / p.mean()(0), WithinAbs(0.6667, 5e-5));
    const double s = std::sqrt(next.covariance()(0, 0));
    const double factor = (s - 0.5) / (std::sqrt(p.covariance()(0, 0)) - 0.5);
    CHECK_THAT(factor, WithinAbs(1.0 / (3.0 + 1.0 / s), 1e-14));
    CHECK(factor <= 1.0 / 3.0);
    p = next;
  }
}

}  // namespace flowcheck::jko_one_step_test
