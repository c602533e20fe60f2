#include "distances/divergence.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "measures/line_measure.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace flowcheck::divergence_test {

namespace {

constexpr DivergenceOptions by_quadrature = {.method = DivergenceMethod::quadrature};
constexpr std::array all_kinds = {
    Divergence::kl,
    Divergence::chi_squared,
    Divergence::total_variation,
    Divergence::squared_hellinger,
    Divergence::jensen_shannon,
    Divergence::symmetric_kl,
    Divergence::fisher_information,
};

GaussianMixture on_line(double mean, double variance) {
  return GaussianMixture(Gaussian(Vector::Constant(1, mean), Matrix::Constant(1, 1, variance)));
}

}  // namespace

TEST_CASE("quadrature on the line encloses the Gaussian closed forms", "[distances][reference]") {
  const auto variance = GENERATE(0.04, 0.3, 1.0, 1.5, 1.97);
  const auto mean = GENERATE(0.0, 0.4, -2.0);
  const GaussianMixture p = on_line(mean, variance);
  const GaussianMixture q = on_line(0.0, 1.0);
  for (const Divergence kind : all_kinds) {
    if (kind == Divergence::jensen_shannon) continue;
    const Estimate exact = divergence(kind, p, q);
    const Estimate measured = divergence(kind, p, q, by_quadrature);
    CAPTURE(variance, mean, to_string(kind), exact, measured);
    CHECK(exact.grade == Grade::closed_form);
    CHECK(measured.grade == Grade::converged);
    CHECK(measured.lower <= exact.upper);
    CHECK(exact.lower <= measured.upper);
    CHECK(measured.width() <= 1e-10 * (1e-4 + exact.value));
  }
}

TEST_CASE("quadrature keeps its digits for nearly equal measures", "[distances][reference]") {
  const auto gap = GENERATE(1e-3, 1e-6, 1e-9);
  const GaussianMixture p = on_line(0.7 + gap, 1.3 * (1.0 + gap));
  const GaussianMixture q = on_line(0.7, 1.3);
  for (const Divergence kind : all_kinds) {
    if (kind == Divergence::jensen_shannon) continue;
    const Estimate exact = divergence(kind, p, q);
    const Estimate measured = divergence(kind, p, q, by_quadrature);
    CAPTURE(gap, to_string(kind), exact, measured);
    CHECK(measured.lower <= exact.upper);
    CHECK(exact.lower <= measured.upper);
    // The logs are good to some 1e-15, their difference is of the gap's size.
    CHECK(measured.width() <= 1e-13 / gap * exact.value);
  }
  // Near q, KL ≈ χ²/2 ≈ 4 JS ≈ 4 H².
  const double half = 0.5 * divergence(Divergence::chi_squared, p, q, by_quadrature).value;
  const auto near_half = Catch::Matchers::WithinRel(half, 10.0 * gap + 1e-14 / gap);
  CHECK_THAT(4.0 * divergence(Divergence::jensen_shannon, p, q, by_quadrature).value, near_half);
  CHECK_THAT(4.0 * divergence(Divergence::squared_hellinger, p, q, by_quadrature).value, near_half);
}

TEST_CASE("quadrature in the plane encloses the Gaussian closed forms", "[distances][reference]") {
  Rng rng(11);
  Matrix S(2, 2);
  S << 0.8, 0.3, 0.3, 0.5;
  Matrix Q(2, 2);
  Q << 1.1, -0.2, -0.2, 0.9;
  const auto gap = GENERATE(0.0, 1e-6);
  const Gaussian data = gap == 0.0 ? Gaussian(Vector::Constant(2, 0.3), S)
                                   : Gaussian(Vector::Constant(2, gap), (1.0 + gap) * Q);
  const Gaussian target(Vector::Zero(2), Q);
  const GaussianMixture p(data);
  const GaussianMixture q(target);
  for (const Divergence kind : all_kinds) {
    if (kind == Divergence::jensen_shannon || kind == Divergence::total_variation) continue;
    const Estimate exact = divergence(kind, p, q);
    const Estimate measured = divergence(kind, p, q, by_quadrature);
    CAPTURE(gap, to_string(kind), exact, measured);
    CHECK(measured.grade == Grade::converged);
    CHECK(measured.lower <= exact.upper);
    CHECK(exact.lower <= measured.upper);
    CHECK(measured.width() <= (gap == 0.0 ? 1e-9 : 1e-6) * exact.value);
  }
}

TEST_CASE("total variation of translates in the plane is that on the line", "[distances][exact]") {
  // Crossing lines meet the quadrature's lines at an angle, so that kinks move along.
  const Gaussian q = Gaussian::standard(2);
  Vector shift(2);
  shift << 0.9, 1.2;
  const Gaussian p(shift, Matrix::Identity(2, 2));
  const Estimate tv = total_variation(GaussianMixture(p), GaussianMixture(q));
  CAPTURE(tv);
  CHECK_THAT(tv, Encloses(std::erf(1.5 / (2.0 * std::numbers::sqrt2))));
  CHECK(tv.width() <= 1e-8);
}

TEST_CASE("mixtures in the plane that are products have the divergences of their factors",
          "[distances][exact]") {
  // p = a ⊗ g, q = b ⊗ g, turned; their divergences are those of a and b.
  const GaussianMixture a = line_mixture({0.4, 0.6}, {-1.0, 1.5}, {0.7, 0.5});
  const GaussianMixture b = line_mixture({0.7, 0.3}, {-0.6, 2.0}, {0.9, 0.8});
  const auto product = [](const GaussianMixture& of, double turn) {
    Matrix means(2, of.size());
    std::vector<Matrix> covariances;
    Matrix R(2, 2);
    R << std::cos(turn), -std::sin(turn), std::sin(turn), std::cos(turn);
    for (Index k = 0; k < of.size(); ++k) {
      Vector m(2);
      m << of.means()(0, k), 0.25;
      means.col(k) = R * m;
      Matrix S = Matrix::Zero(2, 2);
      S(0, 0) = of.covariance(k)(0, 0);
      S(1, 1) = 0.6;
      covariances.push_back(R * S * R.transpose());
    }
    return GaussianMixture(of.weights(), means, covariances);
  };
  const double turn = 0.6;
  for (const Divergence kind : {Divergence::kl, Divergence::chi_squared,
                                Divergence::total_variation, Divergence::fisher_information}) {
    const Estimate line = divergence(kind, a, b);
    const Estimate plane = divergence(kind, product(a, turn), product(b, turn));
    CAPTURE(to_string(kind), line, plane);
    CHECK_THAT(plane.value, Catch::Matchers::WithinRel(line.value, 1e-8));
    CHECK(plane.lower <= line.upper);
    CHECK(line.lower <= plane.upper);
    CHECK(plane.width() <= 1e-7 * line.value);
  }
}

TEST_CASE("divergences of mixtures obey the classical inequalities", "[distances][property]") {
  const auto stream = GENERATE(range(0, 12));
  Rng rng(21, static_cast<std::uint64_t>(stream));
  const GaussianMixture p = random_mixture(rng, 1, 4, 1.5, 0.1, 0.9);
  const GaussianMixture q = random_mixture(rng, 1, 5, 1.5, 0.5, 2.0);
  const Estimate relative = kl(p, q);
  const Estimate chi = chi_squared(p, q);
  const Estimate tv = total_variation(p, q);
  const Estimate hellinger = squared_hellinger(p, q);
  const Estimate js = jensen_shannon(p, q);
  const Estimate jeffreys = symmetric_kl(p, q);
  CAPTURE(stream, relative, chi, tv, hellinger, js, jeffreys);
  const auto below = [](const Estimate& a, const Estimate& b) { return a.upper <= b.lower; };
  CHECK(below(square(tv), 0.5 * relative));                 // Pinsker
  CHECK(below(square(tv), 1.0 - exp(-relative)));           // Bretagnolle and Huber
  CHECK(below(relative, log(1.0 + chi)));                   // Jensen
  CHECK(below(square(tv), 0.25 * chi));                     // Cauchy and Schwarz
  CHECK(below(hellinger, tv));                              // Le Cam
  CHECK(below(square(tv), hellinger * (2.0 - hellinger)));  // Le Cam
  CHECK(below(2.0 * hellinger, relative));
  CHECK(below(js, std::numbers::ln2 * tv));  // Lin
  CHECK(below(js, 0.25 * jeffreys));
  // The sum of the two relative entropies, computed apart.
  const Estimate sum = relative + kl(q, p);
  CHECK(sum.lower <= jeffreys.upper);
  CHECK(jeffreys.lower <= sum.upper);
  // Symmetric ones.
  CHECK_THAT(total_variation(q, p).value, Catch::Matchers::WithinRel(tv.value, 1e-12));
  CHECK_THAT(squared_hellinger(q, p).value, Catch::Matchers::WithinRel(hellinger.value, 1e-12));
  CHECK_THAT(jensen_shannon(q, p).value, Catch::Matchers::WithinRel(js.value, 1e-12));
}

TEST_CASE("the Ornstein–Uhlenbeck semigroup lowers every divergence", "[distances][property]") {
  const auto stream = GENERATE(range(0, 6));
  Rng rng(22, static_cast<std::uint64_t>(stream));
  const GaussianMixture p = random_mixture(rng, 1, 3, 1.0, 0.1, 0.9);
  const GaussianMixture q = random_mixture(rng, 1, 3, 1.0, 0.5, 2.0);
  for (const Divergence kind : all_kinds) {
    Estimate before = divergence(kind, p, q);
    for (const double time : {0.05, 0.3, 1.0}) {
      const Estimate after = divergence(kind, ou_law(p, time), ou_law(q, time));
      CAPTURE(stream, time, to_string(kind), before, after);
      // Fisher information with respect to a q that moves need not decay.
      if (kind != Divergence::fisher_information) CHECK(after.upper < before.lower);
      before = after;
    }
  }
}

TEST_CASE("divergences do not see affine maps", "[distances][property]") {
  Rng rng(23);
  const GaussianMixture p = random_mixture(rng, 2, 2, 1.0, 0.2, 0.6);
  const GaussianMixture q = random_mixture(rng, 2, 2, 1.0, 0.5, 0.9);
  Matrix L(2, 2);
  L << 1.0, 0.5, -0.3, 2.0;
  const AffineMap map{.linear = L, .offset = Vector::Constant(2, 3.0)};
  for (const Divergence kind : {Divergence::kl}) {
    const Estimate here = divergence(kind, p, q);
    const Estimate there = divergence(kind, pushforward(map, p), pushforward(map, q));
    CAPTURE(to_string(kind), here, there);
    CHECK_THAT(there.value, Catch::Matchers::WithinRel(here.value, 1e-9));
  }
}

TEST_CASE("a split component changes nothing", "[distances][exact]") {
  const GaussianMixture p = line_mixture({0.5, 0.5}, {-1.0, 1.0}, {0.6, 0.8});
  const GaussianMixture split = line_mixture({0.25, 0.25, 0.5}, {-1.0, -1.0, 1.0}, {0.6, 0.6, 0.8});
  const GaussianMixture q = line_mixture({0.3, 0.7}, {-0.5, 1.5}, {1.0, 0.9});
  for (const Divergence kind : all_kinds) {
    CAPTURE(to_string(kind));
    CHECK_THAT(divergence(kind, split, q).value,
               Catch::Matchers::WithinRel(divergence(kind, p, q).value, 1e-13));
    const Estimate self = divergence(kind, split, p);
    CHECK(self.lower == 0.0);
    CHECK(self.upper < 1e-14);
  }
}

TEST_CASE("χ² of mixtures is infinite exactly where the widest components say so",
          "[distances][exact]") {
  const GaussianMixture q = line_mixture({0.5, 0.5}, {-1.0, 1.0}, {1.0, 1.0});
  CHECK(chi_squared(line_mixture({0.9, 0.1}, {0.0, 0.0}, {0.5, 1.5}), q).lower == infinity);
  // A light component of q decides, if it is the widest.
  const GaussianMixture guarded = line_mixture({0.999, 0.001}, {0.0, 0.0}, {1.0, 1.2});
  const Estimate finite = chi_squared(line_mixture({0.9, 0.1}, {0.0, 0.0}, {0.5, 1.5}), guarded);
  CHECK(std::isfinite(finite.upper));
  CHECK(finite.width() < 1e-10 * finite.value);
  // Equal exponents, s_p² = 2 s_q² = 4.5 to the last bit: the means decide.
  const GaussianMixture wide_q = line_mixture({0.5, 0.5}, {-1.0, 1.0}, {1.5, 1.5});
  const auto wide_p = [](double mean) {
    return GaussianMixture::isotropic(Vector::Ones(1), Matrix::Constant(1, 1, mean), 4.5);
  };
  const Estimate inside = chi_squared(wide_p(0.5), wide_q);
  CAPTURE(inside);
  CHECK(std::isfinite(inside.upper));
  CHECK(inside.width() < 1e-9 * inside.value);
  CHECK(chi_squared(wide_p(1.0), wide_q).lower == infinity);
  CHECK(chi_squared(wide_p(-1.5), wide_q).lower == infinity);
  // KL, for the same pairs, is finite.
  CHECK(std::isfinite(kl(wide_p(1.0), wide_q).upper));
}

TEST_CASE("χ² in the plane is infinite where one direction is", "[distances][exact]") {
  Matrix wide(2, 2);
  wide << 0.5, 0.0, 0.0, 2.5;
  const Matrix I = Matrix::Identity(2, 2);
  const Vector half = Vector::Constant(2, 0.5);
  const GaussianMixture q(half, Matrix::Identity(2, 2), {I, I});
  const GaussianMixture p(half, Matrix::Identity(2, 2), {0.5 * I, wide});
  CHECK(chi_squared(p, q).lower == infinity);
  // Each direction is guarded by another component, none by one alone: only a lower bound.
  Matrix flat(2, 2);
  flat << 3.0, 0.0, 0.0, 0.9;
  Matrix tall(2, 2);
  tall << 0.9, 0.0, 0.0, 3.0;
  const GaussianMixture cross(half, Matrix::Zero(2, 2), {flat, tall});
  const Estimate unknown = chi_squared(GaussianMixture(Gaussian(Vector::Zero(2), 1.85 * I)), cross);
  CHECK(unknown.upper == infinity);
  CHECK(unknown.lower > 0.0);
  CHECK(std::isfinite(unknown.lower));
}

TEST_CASE("χ² in the plane is infinite where a direction between the axes is",
          "[distances][exact]") {
  // Along (1, 1)/√2 both components of q have precision ½(1/0.2 + 1/10) = 2.55 > 2, along the axes
  // one of them has not; with 1/0.3 it is 1.72, and no direction is left.
  const auto cross = [](double narrow) {
    const Matrix S = Vector{{narrow, 10.0}}.asDiagonal();
    const Matrix T = Vector{{10.0, narrow}}.asDiagonal();
    return GaussianMixture(Vector{{0.5, 0.5}}, Matrix::Zero(2, 2), {S, T});
  };
  const GaussianMixture p(Gaussian::standard(2));
  CHECK(chi_squared(p, cross(0.2)).lower == infinity);
  const Estimate undecided = chi_squared(p, cross(0.3));
  CAPTURE(undecided);
  CHECK(undecided.upper == infinity);
  CHECK(std::isfinite(undecided.value));
  CHECK(undecided.grade == Grade::sampled);

  const auto in_space = [](double narrow) {
    const Matrix S = Vector{{narrow, 10.0, 1.0}}.asDiagonal();
    const Matrix T = Vector{{10.0, narrow, 1.0}}.asDiagonal();
    return GaussianMixture(Vector{{0.5, 0.5}}, Matrix::Zero(3, 2), {S, T});
  };
  const GaussianMixture p3(Gaussian::standard(3));
  const DivergenceOptions few{.draws = 2000};
  CHECK(chi_squared(p3, in_space(0.2), few).lower == infinity);
  CHECK(std::isfinite(chi_squared(p3, in_space(0.3), few).value));
}

TEST_CASE("a measure without density has the largest divergences", "[distances][exact]") {
  const GaussianMixture atoms =
      GaussianMixture::isotropic(Vector::Constant(2, 0.5), Matrix::Identity(3, 2), 0.0);
  const GaussianMixture q(Gaussian::standard(3));
  CHECK(kl(atoms, q).lower == infinity);
  CHECK(chi_squared(atoms, q).lower == infinity);
  CHECK(symmetric_kl(atoms, q).lower == infinity);
  CHECK(fisher_information(atoms, q).lower == infinity);
  CHECK(total_variation(atoms, q).value == 1.0);
  CHECK(squared_hellinger(atoms, q).value == 1.0);
  CHECK_THAT(jensen_shannon(atoms, q), Encloses(std::numbers::ln2));
}

TEST_CASE("far components cost no digits", "[distances][exact]") {
  // Separated by 60 deviations: TV and H² are 1, JS log 2, KL that of the nearest component.
  const GaussianMixture p = on_line(0.0, 1.0);
  const GaussianMixture q = line_mixture({0.5, 0.5}, {60.0, -60.0}, {1.0, 1.0});
  CHECK_THAT(total_variation(p, q), Encloses(1.0));
  CHECK_THAT(jensen_shannon(p, q), Encloses(std::numbers::ln2));
  // −log q = log 2 + ½log 2π + (60 − |x|)²/2 up to e^{−…}, and E(60 − |x|)² = 3601 − 120√(2/π);
  // log(1 + e^{−120|x|}) contributes near 0 alone, about φ(0)·2·(π²/12)/120.
  const double corner = 2.0 / std::sqrt(2.0 * std::numbers::pi) *
                        (std::numbers::pi * std::numbers::pi / 12.0) / 120.0;
  const double expected =
      std::numbers::ln2 + 0.5 * 3600.0 - 60.0 * std::sqrt(2.0 / std::numbers::pi);
  const Estimate relative = kl(p, q);
  CAPTURE(relative);
  CHECK_THAT(relative.value, Catch::Matchers::WithinAbs(expected - corner, 1e-5));
  CHECK(relative.width() < 1e-9 * relative.value);
}

TEST_CASE("components of very different scales hide from no panel", "[distances][reference]") {
  // ½N(0, 1) + ½N(10⁴, 1) against N(0, 1): ½·½·10⁸ − log 2, up to e^{−10⁷}. The others: mpmath.
  const Estimate far = kl(line_mixture({0.5, 0.5}, {0.0, 1e4}, {1.0, 1.0}), on_line(0.0, 1.0));
  CAPTURE(far);
  CHECK_THAT(far, Encloses(2.5e7 - std::numbers::ln2));
  CHECK(far.width() < 1e-11 * far.value);
  const GaussianMixture q = on_line(0.0, 1.0);
  CHECK_THAT(kl(line_mixture({0.999, 0.001}, {0.0, 50.0}, {1.0, 0.01}), q).value,
             Catch::Matchers::WithinRel(1.246197965073756, 1e-12));
  CHECK_THAT(squared_hellinger(line_mixture({1.0 - 1e-6, 1e-6}, {0.0, 50.0}, {1.0, 0.01}), q).value,
             Catch::Matchers::WithinRel(7.071068695749339e-4 * 7.071068695749339e-4, 1e-9));

  const GaussianMixture three = line_mixture({0.2, 0.3, 0.5}, {0.0, 1e-3, 10.0}, {1e-5, 3.0, 0.1});
  const GaussianMixture two = line_mixture({0.4, 0.6}, {1.0, -3.0}, {2.0, 50.0});
  CHECK_THAT(kl(three, two).value, Catch::Matchers::WithinRel(4.8846716487978, 2e-13));
  CHECK_THAT(squared_hellinger(three, two).value,
             Catch::Matchers::WithinRel(0.58975843919431, 2e-13));
}

TEST_CASE("a narrow component in the plane hides from no panel", "[distances][reference]") {
  Matrix means = Matrix::Zero(2, 2);
  means(0, 1) = 50.0;
  const Matrix I = Matrix::Identity(2, 2);
  const GaussianMixture p(Vector{{0.999, 0.001}}, means, {I, 1e-4 * I});
  const Estimate measured = kl(p, GaussianMixture(Gaussian::standard(2)));
  CAPTURE(measured);
  CHECK_THAT(measured.value, Catch::Matchers::WithinRel(1.2503031852597, 1e-12));
  CHECK(measured.width() < 1e-8 * measured.value);
}

TEST_CASE("log p/q may turn far from the component it turns from", "[distances][exact]") {
  // q = ½N(0, s²) + ½N(10³, 1) gives way to its wide part at x ≈ 10³ s, a thousand deviations out.
  const double s = 1e-6;
  const GaussianMixture p = on_line(0.0, 1.0);
  const GaussianMixture q = line_mixture({0.5, 0.5}, {0.0, 1e3}, {s, 1.0});
  const Estimate mixture = kl(p, q);
  const Estimate line = kl(line_measure(p), line_measure(q));
  CAPTURE(mixture, line);
  CHECK_THAT(mixture.value, Catch::Matchers::WithinRel(line.value, 1e-10));
  // log 2 + KL(N(0, 1) ‖ N(10³, 1)) = log 2 + ½·10⁶, less where q's narrow part is the larger one:
  // 2∫₀^{10⁻³} (½·10⁶ − x²/2s²) φ(x) dx ≈ 2·⅔·10⁻³·½·10⁶/√(2π).
  const double dip = 2.0 / 3.0 * 1e3 / std::sqrt(2.0 * std::numbers::pi);
  CHECK_THAT(mixture.value,
             Catch::Matchers::WithinAbs(0.5e6 + std::numbers::ln2 - dip, 0.05 * dip));
}

TEST_CASE("mixtures of mixed scales have the divergences of their laws", "[distances][property]") {
  const auto ratio = GENERATE(1e3, 1e6);
  Rng rng(61, static_cast<std::uint64_t>(std::log10(ratio)));
  for (int trial = 0; trial < 2; ++trial) {
    const auto random = [&] {
      std::vector<double> means(3);
      std::vector<double> deviations(3);
      for (double& m : means) m = 3.0 * rng.normal();
      for (double& s : deviations) s = 1.0 / rng.log_uniform(1.0, ratio);
      deviations.front() = 1.0;
      return line_mixture({0.5, 0.3, 0.2}, means, deviations);
    };
    const GaussianMixture p = random();
    const GaussianMixture q = random();
    const LineMeasure law_p = line_measure(p);
    const LineMeasure law_q = line_measure(q);
    for (const Divergence kind : all_kinds) {
      const Estimate mixture = divergence(kind, p, q);
      const Estimate line = divergence(kind, law_p, law_q);
      CAPTURE(ratio, trial, to_string(kind), mixture, line);
      CHECK_THAT(mixture.value, Catch::Matchers::WithinRel(line.value, 1e-10));
      CHECK(mixture.lower <= line.upper);
      CHECK(line.lower <= mixture.upper);
    }
  }
}

TEST_CASE("two Gaussians are compared through the same front", "[distances][exact]") {
  const Gaussian p(Vector::Constant(1, 0.4), Matrix::Constant(1, 1, 0.7));
  const Gaussian q = Gaussian::standard(1);
  CHECK(divergence(Divergence::kl, p, q).value == kl(p, q).value);
  CHECK(divergence(Divergence::kl, p, q).grade == Grade::closed_form);
  CHECK(divergence(Divergence::jensen_shannon, p, q).grade == Grade::converged);
  const Gaussian cube = Gaussian::standard(5);
  CHECK(divergence(Divergence::total_variation, cube, cube).grade == Grade::statistical);
}

TEST_CASE("the names of divergences are read back", "[distances][exact]") {
  for (const Divergence kind : all_kinds) CHECK(divergence_from_string(to_string(kind)) == kind);
  CHECK_THROWS_AS(divergence_from_string("wasserstein"), std::invalid_argument);
}

TEST_CASE("divergences refuse what they cannot compare", "[distances][precondition]") {
  const GaussianMixture line = on_line(0.0, 1.0);
  const GaussianMixture space(Gaussian::standard(3));
  CHECK_THROWS_AS(kl(line, space), std::invalid_argument);
  CHECK_THROWS_AS(kl(space, space, by_quadrature), std::invalid_argument);
  const GaussianMixture partly(Vector::Constant(2, 0.5), Matrix::Zero(1, 2),
                               {Matrix::Zero(1, 1), Matrix::Identity(1, 1)});
  CHECK_THROWS_AS(total_variation(partly, line), std::invalid_argument);
  CHECK(kl(partly, line).value == infinity);
}

}  // namespace flowcheck::divergence_test
