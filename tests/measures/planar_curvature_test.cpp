#include "measures/planar_curvature.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/pair_curvature.hpp"
#include "numerics/rng.hpp"
#include "numerics/spd.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace flowcheck::planar_curvature_test {

namespace {

double largest_at(const GaussianMixture& p, const Vector& x) {
  return largest_eigenpair(p.log_density_hessian(x)).value;
}

double smallest_at(const GaussianMixture& p, const Vector& x) {
  return smallest_eigenpair(p.log_density_hessian(x)).value;
}

Matrix diagonal(double x, double y) {
  return Matrix{{x, 0.0}, {0.0, y}};
}

Matrix rotation(double angle) {
  return Matrix{{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}};
}

// Up to five components, the first wider than all others in every direction.
GaussianMixture random_mixture(Rng& rng) {
  const Index K = 2 + rng.uniform_index(4);
  Vector weights = Vector::NullaryExpr(K, [&] { return rng.log_uniform(0.05, 1.0); });
  weights /= weights.sum();
  std::vector<Matrix> covariances = {Matrix{{1.2, 0.2}, {0.2, 1.0}}};
  for (Index k = 1; k < K; ++k) {
    const Matrix turn = rotation(rng.uniform(0.0, 3.0));
    const Matrix own = diagonal(rng.log_uniform(0.05, 0.8), rng.log_uniform(0.05, 0.8));
    covariances.push_back(symmetrised(turn * own * turn.transpose()));
  }
  return {weights, 1.5 * rng.normal_matrix(2, K), std::move(covariances)};
}

GaussianMixture concentric(const Vector& weights, const std::vector<double>& variances) {
  std::vector<Matrix> covariances;
  for (const double v : variances) covariances.push_back(diagonal(v, v));
  return {weights, Matrix::Zero(2, weights.size()), std::move(covariances)};
}

// The line's mixture with the same exponents −|x|²/2v and weights ∝ w_k/v_k = (w_k/√v_k)/√v_k.
GaussianMixture radial_section(const Vector& weights, const std::vector<double>& variances) {
  Vector own = weights;
  std::vector<Matrix> line;
  for (Index k = 0; k < weights.size(); ++k) {
    const double v = variances[static_cast<std::size_t>(k)];
    own(k) /= std::sqrt(v);
    line.push_back(Matrix{{v}});
  }
  return {own / own.sum(), Matrix::Zero(1, weights.size()), std::move(line)};
}

bool overlap(const Estimate& a, const Estimate& b) {
  return a.lower <= b.upper && b.lower <= a.upper;
}

}  // namespace

TEST_CASE("Equal covariances have the curvatures of their centres", "[measures][exact]") {
  const GaussianMixture pair(Vector{{0.2, 0.8}}, Matrix{{-1.0, 1.0}, {0.5, 0.5}},
                             {diagonal(0.36, 0.36)});
  const PlanarCurvature most = largest_planar_curvature(pair);
  CHECK_THAT(most.value, Encloses(-1.0 / 0.36 + 1.0 / (0.36 * 0.36)));
  CHECK(most.value.grade == Grade::converged);
  CHECK(most.value.width() <= 1e-8);
  CHECK_THAT(smallest_planar_curvature(pair).value, Encloses(-1.0 / 0.36));
  // A triangle's is that of its edges, far out.
  const double half = std::sqrt(0.75);
  const GaussianMixture triangle = GaussianMixture::isotropic(
      Vector{{0.5, 0.2, 0.3}}, Matrix{{1.0, -0.5, -0.5}, {0.0, half, -half}}, 0.25);
  const PlanarCurvature edge = largest_planar_curvature(triangle);
  CHECK_THAT(edge.value, Encloses(-4.0 + 16.0 * 0.75));
  CHECK(edge.value.width() <= 1e-7);
}

TEST_CASE("One centre and round covariances: the plane's curvatures are the line's",
          "[measures][reference]") {
  // With p = e^{φ(|x|)} the eigenvalues are φ″ and φ′/|x|, the mean of φ″ from 0 to |x|.
  const auto check = [](const Vector& weights, const std::vector<double>& variances, double gap) {
    const GaussianMixture plane = concentric(weights, variances);
    const GaussianMixture line = radial_section(weights, variances);
    CAPTURE(weights);
    const Estimate most = largest_planar_curvature(plane).value;
    const Estimate least = smallest_planar_curvature(plane).value;
    CHECK(overlap(most, largest_log_density_curvature(line).value));
    CHECK(overlap(least, smallest_log_density_curvature(line).value));
    CHECK(most.width() <= gap * most.value);
    CHECK(least.width() <= 1e-8 * std::abs(least.value));
  };
  // A supremum on a circle: the enclosure is as good as the places allow.
  check(Vector{{0.5, 0.5}}, {1.0, 0.25}, 1e-4);
  check(Vector{{0.7, 0.3}}, {1.0, 0.01}, 1e-4);
  check(Vector{{0.5, 0.3, 0.2}}, {4.0, 1.0, 0.09}, 1e-3);
}

TEST_CASE("A mixture thin along one axis has the curvature of its section", "[measures][exact]") {
  // Σ w_k N(m_k, s_k²) ⊗ N(0, 1): across, the line's; along, −1.
  const auto product = [](const Matrix& means) {
    return GaussianMixture(Vector{{0.5, 0.5}}, means, {diagonal(1.0, 1.0), diagonal(0.25, 1.0)});
  };
  for (const double apart : {0.0, 0.7}) {
    const GaussianMixture line(Vector{{0.5, 0.5}}, Matrix{{0.0, apart}},
                               {Matrix{{1.0}}, Matrix{{0.25}}});
    const GaussianMixture plane = product(Matrix{{0.0, apart}, {0.3, 0.3}});
    const PlanarCurvature most = largest_planar_curvature(plane);
    CHECK(overlap(most.value, largest_log_density_curvature(line).value));
    CHECK(most.value.width() <= 1e-8);
    CHECK(overlap(smallest_planar_curvature(plane).value,
                  smallest_log_density_curvature(line).value));
  }
  // A little beyond, and the tie is a parabola on which the scores grow apart.
  for (const double beyond : {1e-9, 0.2, -0.2}) {
    CAPTURE(beyond);
    const GaussianMixture plane = product(Matrix{{0.0, 0.7}, {0.0, beyond}});
    const PlanarCurvature most = largest_planar_curvature(plane);
    CHECK(most.value.lower == infinity);
    CHECK(most.value.grade == Grade::closed_form);
    CHECK(most.direction == Vector{{0.0, beyond > 0.0 ? 1.0 : -1.0}});
    CHECK(smallest_planar_curvature(plane).value.lower < -3.999);
  }
  // Between two of the widest covariance it is inside, and lost far out.
  const GaussianMixture inside(Vector{{0.3, 0.4, 0.3}}, Matrix{{0.0, 0.7, 0.0}, {1.0, 0.2, -1.0}},
                               {diagonal(1.0, 1.0), diagonal(0.25, 1.0), diagonal(1.0, 1.0)});
  const Estimate finite = largest_planar_curvature(inside).value;
  CHECK(finite.grade == Grade::converged);
  CHECK(finite.width() <= 1e-8 * finite.value);
}

TEST_CASE("Where no covariance is the widest the curvature has no supremum", "[measures][exact]") {
  const GaussianMixture cross(Vector{{0.5, 0.5}}, Matrix::Zero(2, 2),
                              {diagonal(1.0, 0.25), diagonal(0.25, 1.0)});
  const PlanarCurvature most = largest_planar_curvature(cross);
  CHECK(most.value.lower == infinity);
  CHECK(most.value.grade == Grade::closed_form);
  const Vector& e = most.direction;
  CHECK(std::abs(e(0)) == Approx(std::sqrt(0.5)));
  CHECK(std::abs(e(1)) == Approx(std::sqrt(0.5)));
  // At even odds −2.5 + ¼|(P₁ − P₂)x|² with P₁ − P₂ = ±3 along the axes.
  for (const double s : {10.0, 100.0, 1000.0}) {
    CHECK(largest_at(cross, s * e) == Approx(2.25 * s * s - 2.5).epsilon(1e-9));
  }
  // A parabola x² ~ 0.4 y/ρ of two that are equally wide along y: growth like |x|.
  const GaussianMixture thin(Vector{{0.5, 0.5}}, Matrix{{0.0, 0.0}, {0.0, 0.2}},
                             {diagonal(1.0, 1.0), diagonal(0.25, 1.0)});
  REQUIRE(largest_planar_curvature(thin).value.lower == infinity);
  double last = 0.0;
  for (const double y : {1e2, 1e3, 1e4}) {
    double here = 0.0;
    const double x = std::sqrt(0.4 * y / 3.0);
    for (int i = -400; i <= 400; ++i) {
      here = std::max(here, largest_at(thin, Vector{{x + 0.005 * i, y}}));
    }
    CHECK(here > 5.0 * last);
    last = here;
  }
}

TEST_CASE("Three whose ties are nobody's are bounded by the widest", "[measures][property]") {
  // The narrow ones' difference is indefinite, but where they tie the widest is ahead of both.
  const GaussianMixture p(Vector{{0.2, 0.4, 0.4}}, Matrix::Zero(2, 3),
                          {diagonal(1.1, 1.1), diagonal(1.0, 0.1), diagonal(0.1, 1.0)});
  const PlanarCurvature most = largest_planar_curvature(p);
  CHECK(most.value.grade == Grade::converged);
  CHECK(most.value.width() <= 1e-6 * most.value.value);
  CHECK(largest_at(p, most.place) == Approx(most.value.value).epsilon(1e-9));
}

TEST_CASE("No place shows more than the enclosure, and its own shows the value",
          "[measures][property]") {
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    Rng rng(61, trial);
    const GaussianMixture p = random_mixture(rng);
    CAPTURE(trial, p.means(), p.weights());
    const PlanarCurvature most = largest_planar_curvature(p);
    const PlanarCurvature least = smallest_planar_curvature(p);
    REQUIRE(most.value.grade == Grade::converged);
    CHECK(most.value.width() <= 1e-6 * std::abs(most.value.value));
    CHECK(least.value.width() <= 1e-6 * std::abs(least.value.value));
    double seen_most = -infinity;
    double seen_least = infinity;
    for (int i = -50; i <= 50; ++i) {
      for (int j = -50; j <= 50; ++j) {
        const Vector x{{0.12 * i, 0.12 * j}};
        seen_most = std::max(seen_most, largest_at(p, x));
        seen_least = std::min(seen_least, smallest_at(p, x));
      }
    }
    CHECK(seen_most <= most.value.upper);
    CHECK(seen_least >= least.value.lower);
    CHECK(seen_most >= 0.5 * most.value.lower);
    CHECK(seen_least <= 0.5 * least.value.upper);
    if (most.place.size() > 0) {
      CHECK(largest_at(p, most.place) == Approx(most.value.value).epsilon(1e-9));
    }
    if (least.place.size() > 0) {
      CHECK(smallest_at(p, least.place) == Approx(least.value.value).epsilon(1e-9));
    }
  }
}

TEST_CASE("Nearly equal covariances are bounded along their tie", "[measures][reference]") {
  // The tie is an ellipse of length 1/excess, which no number of places follows step by step.
  const Matrix V{{0.5, 0.2}, {0.2, 0.4}};
  const Matrix means{{1.2, -1.5}, {0.5, 0.0}};
  for (const double factor : {1.0001, 1.001, 1.01, 1.1}) {
    const GaussianMixture p(Vector{{0.6, 0.4}}, means, {factor * V, V});
    const Estimate exact = pair_curvature(p).value().largest;
    const Estimate most = largest_planar_curvature(p, {.most_places = 2'000}).value;
    CAPTURE(factor, most, exact);
    CHECK(most.lower <= exact.upper);
    CHECK(most.upper >= exact.lower);
    CHECK(most.width() <= 0.03 * exact.value);
  }
  // A third component, as the first two.
  Matrix three(2, 3);
  three << means, Vector{{0.3, -0.4}};
  const GaussianMixture p(Vector{{0.5, 0.3, 0.2}}, three, {1.01 * V, V, 1.005 * V});
  const Estimate most = largest_planar_curvature(p, {.most_places = 2'000}).value;
  CAPTURE(most);
  CHECK(most.width() <= 0.05 * most.value);
}

TEST_CASE("Curvatures turn with the plane and scale with its units", "[measures][property]") {
  Rng rng(62);
  const GaussianMixture p = random_mixture(rng);
  const Estimate most = largest_planar_curvature(p).value;
  const Estimate least = smallest_planar_curvature(p).value;
  for (const double s : {1e-5, 1.0, 1e3}) {
    const GaussianMixture moved = pushforward({rotation(0.7) / s, Vector{{2.0 / s, -1.0 / s}}}, p);
    CHECK(largest_planar_curvature(moved).value.value == Approx(most.value * s * s).epsilon(1e-7));
    CHECK(smallest_planar_curvature(moved).value.value ==
          Approx(least.value * s * s).epsilon(1e-7));
  }
}

TEST_CASE(
    "Without a widest covariance the infimum is the narrowest's, approached where it is alone",
    "[measures][exact]") {
  const GaussianMixture crossed(Vector{{0.5, 0.5}}, Matrix{{0.0, 0.5}, {0.0, 0.3}},
                                {diagonal(1.0, 0.1), diagonal(0.2, 1.0)});
  for (const double turn : {0.0, 0.7}) {
    CAPTURE(turn);
    const GaussianMixture p = pushforward({rotation(turn), Vector::Zero(2)}, crossed);
    REQUIRE(largest_planar_curvature(p).value.lower == infinity);
    const Estimate least = smallest_planar_curvature(p).value;
    CHECK(least.grade == Grade::closed_form);
    CHECK_THAT(least, Encloses(-10.0));
    // Far out on the first axis the first component, of precisions 1 and 10, is alone.
    CHECK(smallest_at(p, 60.0 * rotation(turn).col(0)) == Approx(-10.0).epsilon(1e-9));
  }
}

TEST_CASE("A narrow component that is nowhere the widest has its infimum enclosed",
          "[measures][reference]") {
  const auto check = [](const GaussianMixture& p, double limit) {
    const PlanarCurvature found = smallest_planar_curvature(p);
    const Estimate& least = found.value;
    double seen = infinity;
    for (int i = -60; i <= 60; ++i) {
      for (int j = -60; j <= 60; ++j) {
        seen = std::min(seen, smallest_at(p, p.mean() + 0.05 * Vector{{1.0 * i, 1.0 * j}}));
      }
    }
    CAPTURE(least, seen, limit);
    CHECK(least.grade == Grade::converged);
    CHECK(least.width() < 1e-8 * std::abs(least.value));
    CHECK(least.lower <= seen);
    CHECK(least.lower <= limit);
    CHECK(least.value == Approx(std::min(seen, limit)).epsilon(5e-3));
    if (found.place.size() == 2) CHECK(smallest_at(p, found.place) == Approx(least.value));
  };
  const Matrix means{{0.0, 0.5, 0.2}, {0.0, 0.3, 0.1}};
  const std::vector<Matrix> crossed{diagonal(1.0, 0.1), diagonal(0.2, 1.0), diagonal(0.05, 0.05)};
  // Alone far out are the first two, of precisions up to 10; the third shows about 16 near its
  // mean.
  const GaussianMixture inside(Vector{{0.4, 0.4, 0.2}}, means, crossed);
  check(inside, -10.0);
  check(pushforward({rotation(0.7), Vector::Zero(2)}, inside), -10.0);
  // One that hardly counts is nowhere to be seen: the limit is left.
  check(GaussianMixture(Vector{{0.5, 0.4999999, 1e-7}}, means, crossed), -10.0);
  // It touches a wider one in one direction, and nothing loses it there.
  const GaussianMixture touching(Vector{{0.4, 0.4, 0.2}}, means,
                                 {diagonal(1.0, 0.1), diagonal(0.2, 1.0), diagonal(1.0, 0.05)});
  CHECK(smallest_planar_curvature(touching).value.grade == Grade::sampled);
}

TEST_CASE("What rounding hides is sampled", "[measures][exact]") {
  // Turned, a difference that is semidefinite is not known to be.
  const GaussianMixture thin(Vector{{0.5, 0.5}}, Matrix{{0.0, 0.5}, {0.0, 0.0}},
                             {diagonal(1.0, 1.0), diagonal(0.25, 1.0)});
  const GaussianMixture turned = pushforward({rotation(0.7), Vector::Zero(2)}, thin);
  const Estimate exact = largest_planar_curvature(thin).value;
  const Estimate most = largest_planar_curvature(turned).value;
  CHECK(most.grade == Grade::sampled);
  CHECK(most.upper == infinity);
  CHECK(most.lower <= exact.upper);
  const Estimate least = smallest_planar_curvature(turned).value;
  CHECK(least.grade == Grade::sampled);
  CHECK(least.lower <= smallest_planar_curvature(thin).value.lower);
}

TEST_CASE("The gap closes with the places that are looked at", "[measures][order]") {
  Rng rng(63, 2);
  const GaussianMixture p = random_mixture(rng);
  const Estimate exact = largest_planar_curvature(p).value;
  double last = infinity;
  for (const int places : {100, 300, 1000}) {
    const Estimate open =
        largest_planar_curvature(p, {.accuracy = 0.0, .most_places = places}).value;
    CAPTURE(places, open.width());
    CHECK(open.lower <= exact.upper);
    CHECK(open.upper >= exact.lower);
    CHECK(open.width() < 0.5 * last);
    last = open.width();
  }
  const Estimate enough =
      largest_planar_curvature(p, {.enough = 2.0 * std::abs(exact.value) + 1.0}).value;
  CHECK(enough.upper <= 2.0 * std::abs(exact.value) + 1.0);
  CHECK(enough.width() > exact.width());
}

TEST_CASE("The fourth derivative's bound needs all of its terms", "[measures][control]") {
  // Two of almost one width, about the supremum, which is near even odds: with B = ½|ΔP| and s =
  // ½|Δg| the bound of the fourth derivative along e is 2s⁴ + 6Bs² + B², and a parabola of half of
  // it above two ends is below the middle.
  const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{-3.0, 3.0}, {0.0, 0.0}},
                          {diagonal(1.0, 1.0), diagonal(0.9, 1.0)});
  const double x = largest_planar_curvature(p).place(0);
  const double gap = std::abs((-3.0 - x) - (3.0 - x) / 0.9);
  const double B = 0.5 * (1.0 / 0.9 - 1.0);
  for (const double delta : {1e-3, 1e-2, 3e-2}) {
    const double s = 0.5 * gap + B * delta;
    const double bound = 2.0 * std::pow(s, 4) + 6.0 * B * s * s + B * B;
    const auto ends = [&](double factor) {
      const double most = std::max(largest_at(p, Vector{{x - delta, 0.0}}),
                                   largest_at(p, Vector{{x + delta, 0.0}}));
      return most + 0.5 * factor * bound * delta * delta;
    };
    CHECK(ends(1.0) >= largest_at(p, Vector{{x, 0.0}}));
    CHECK(ends(0.5) < largest_at(p, Vector{{x, 0.0}}));
  }
}

TEST_CASE("planar_curvature is of a density in the plane", "[measures][precondition]") {
  CHECK_THROWS_AS(largest_planar_curvature(GaussianMixture(Gaussian::standard(1))),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      smallest_planar_curvature(GaussianMixture(Vector{{0.5, 0.5}}, Matrix::Zero(2, 2),
                                                {diagonal(1.0, 1.0), diagonal(0.0, 1.0)})),
      std::invalid_argument);
}

}  // namespace flowcheck::planar_curvature_test
