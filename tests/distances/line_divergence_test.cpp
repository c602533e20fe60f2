#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/line_mixture.hpp"
#include "distances/monotone_transport.hpp"
#include "measures/line_laws.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace flowcheck::line_divergence_test {

namespace {

constexpr std::array all_kinds = {
    Divergence::kl,
    Divergence::chi_squared,
    Divergence::total_variation,
    Divergence::squared_hellinger,
    Divergence::jensen_shannon,
    Divergence::symmetric_kl,
    Divergence::fisher_information,
};

}  // namespace

TEST_CASE("divergences of laws on the line agree with those of mixtures",
          "[distances][reference]") {
  const GaussianMixture p = line_mixture({0.4, 0.6}, {-1.0, 1.5}, {0.7, 0.5});
  const GaussianMixture q = line_mixture({0.7, 0.3}, {-0.6, 2.0}, {0.9, 0.8});
  const LineMeasure law_p = line_measure(p);
  const LineMeasure law_q = line_measure(q);
  for (const Divergence kind : all_kinds) {
    const Estimate line = divergence(kind, law_p, law_q);
    const Estimate mixture = divergence(kind, p, q);
    CAPTURE(to_string(kind), line, mixture);
    CHECK(line.grade == Grade::converged);
    CHECK_THAT(line.value, Catch::Matchers::WithinRel(mixture.value, 1e-12));
    CHECK(line.lower <= mixture.upper);
    CHECK(mixture.lower <= line.upper);
    CHECK(line.width() < 1e-10 * mixture.value);
  }
}

TEST_CASE("laws on the line keep their digits near each other", "[distances][reference]") {
  const double gap = 1e-6;
  const Gaussian p(Vector::Constant(1, gap), Matrix::Identity(1, 1));
  for (const Divergence kind : all_kinds) {
    if (kind == Divergence::jensen_shannon) continue;
    const Estimate exact =
        divergence(kind, GaussianMixture(p), GaussianMixture(Gaussian::standard(1)));
    const Estimate line = divergence(kind, gaussian_law(gap, 1.0), gaussian_law());
    CAPTURE(to_string(kind), exact, line);
    CHECK_THAT(line, Encloses(exact.value));
    CHECK(line.width() < 1e-6 * exact.value);
  }
}

TEST_CASE("divergences of laws with kinks and edges are the known numbers", "[distances][exact]") {
  // Uniform on [0, 1] against [0, 4].
  const LineMeasure narrow = uniform_law(0.0, 1.0);
  const LineMeasure wide = uniform_law(0.0, 4.0);
  CHECK_THAT(kl(narrow, wide), Encloses(std::log(4.0)));
  CHECK_THAT(chi_squared(narrow, wide), Encloses(3.0));
  CHECK_THAT(total_variation(narrow, wide), Encloses(0.75));
  CHECK_THAT(squared_hellinger(narrow, wide), Encloses(0.5));
  // ½ log(1/m) + ½(¼ log(¼/m) + ¾ log 2), m = 5/8
  const double js = 0.5 * std::log(1.6) + 0.125 * std::log(0.4) + 0.375 * std::numbers::ln2;
  CHECK_THAT(jensen_shannon(narrow, wide).value, Catch::Matchers::WithinAbs(js, 1e-14));
  CHECK(kl(narrow, wide).width() < 1e-12);
  // Laplace of scales s and t: KL = log(t/s) + s/t − 1; χ² = t²/(s(2t − s)) − 1 (kink at 0).
  const double s = 0.8;
  const double t = 1.3;
  const Estimate laplace = kl(laplace_law(s), laplace_law(t));
  CHECK_THAT(laplace, Encloses(std::log(t / s) + s / t - 1.0));
  CHECK(laplace.width() < 1e-11);
  CHECK_THAT(chi_squared(laplace_law(s), laplace_law(t)),
             Encloses(t * t / (s * (2.0 * t - s)) - 1.0));
  // A uniform law against the Gaussian: KL = −log 2D + ½log 2π + D²/6.
  const double D = 1.5;
  CHECK_THAT(kl(uniform_law(-D, D), gaussian_law()),
             Encloses(-std::log(2.0 * D) + 0.5 * std::log(2.0 * std::numbers::pi) + D * D / 6.0));
  CHECK_THAT(total_variation(uniform_law(-1.0, 1.0), two_interval_law(2.0, 3.0)), Encloses(1.0));
  // Cusp: log p/q = L|x| − log Z with respect to N(0, 1), so that I = L².
  CHECK_THAT(fisher_information(cusp_law(0.7), gaussian_law()), Encloses(0.49));
}

TEST_CASE("laws that are not absolutely continuous have infinite divergences",
          "[distances][exact]") {
  const LineMeasure gauss = gaussian_law();
  const LineMeasure box = uniform_law(-1.0, 1.0);
  CHECK(kl(gauss, box).lower == infinity);
  CHECK(chi_squared(gauss, box).lower == infinity);
  CHECK(symmetric_kl(box, gauss).lower == infinity);
  CHECK(fisher_information(gauss, box).lower == infinity);
  CHECK(kl(uniform_law(-3.0, 3.0), two_interval_law(1.0, 3.0)).lower == infinity);
  CHECK(chi_squared(uniform_law(-3.0, 3.0), two_interval_law(1.0, 3.0)).lower == infinity);
  CHECK(std::isfinite(kl(two_interval_law(1.0, 3.0), uniform_law(-3.0, 3.0)).upper));
  // p/q jumps at the box's edges, and within for two intervals.
  CHECK(fisher_information(box, gauss).lower == infinity);
  CHECK(fisher_information(two_interval_law(1.0, 3.0), uniform_law(-3.0, 3.0)).lower == infinity);
  CHECK(std::isfinite(fisher_information(tilted_uniform_law(1.0, 1.0), box).upper));
  CHECK(std::isfinite(total_variation(gauss, box).upper));
}

TEST_CASE("heavy tails are infinite where they are", "[distances][exact]") {
  const LineMeasure gauss = gaussian_law();
  // χ² against N(0, 1) is finite below variance 2 alone.
  const Estimate finite = chi_squared(gaussian_law(0.0, std::sqrt(1.9)), gauss);
  CHECK_THAT(finite.value, Catch::Matchers::WithinRel(1.0 / std::sqrt(0.19) - 1.0, 1e-11));
  CHECK(std::isfinite(finite.upper));
  CHECK(chi_squared(gaussian_law(0.0, std::sqrt(2.1)), gauss).lower == infinity);
  CHECK(chi_squared(laplace_law(), gauss).lower == infinity);
  CHECK(std::isfinite(kl(laplace_law(), gauss).upper));
  // Student against the Gaussian: KL needs ν > 2.
  const LineMeasure cauchy = student_law(1.0);
  CHECK(kl(cauchy, gauss).lower == infinity);
  CHECK(kl(student_law(2.0), gauss).lower == infinity);
  CHECK(kl(student_law(5.0), gauss).width() < 1e-9);
  CHECK(symmetric_kl(gauss, cauchy).lower == infinity);
  CHECK(std::isfinite(kl(gauss, cauchy).upper));
  // Laplace tails: χ² needs s < 2t.
  CHECK(chi_squared(laplace_law(2.0), laplace_law(1.0)).lower == infinity);
  CHECK(std::isfinite(chi_squared(laplace_law(1.9), laplace_law(1.0)).upper));
}

TEST_CASE("laws with a valley before their tails have divergences bounded above",
          "[distances][reference]") {
  const GaussianMixture p = line_mixture({0.3, 0.7}, {-100.0, 100.0}, {0.1, 0.2});
  const GaussianMixture q = line_mixture({0.5, 0.5}, {-100.0, 100.0}, {0.1, 0.2});
  const LineMeasure law_p = line_measure(p);
  const LineMeasure law_q = line_measure(q);
  for (const Divergence kind : all_kinds) {
    const Estimate line = divergence(kind, law_p, law_q);
    const Estimate mixture = divergence(kind, p, q);
    CAPTURE(to_string(kind), line, mixture);
    CHECK(std::isfinite(line.upper));
    CHECK(line.lower <= mixture.upper);
    CHECK(mixture.lower <= line.upper);
  }
}

TEST_CASE("divergences of laws obey the classical inequalities", "[distances][property]") {
  const std::array laws = {gaussian_law(0.3, 0.9), quartic_law(-1.0, 1.0), double_well_law(1.2),
                           rippled_gaussian_law(0.5, 3.0), log_cosh_law(0.5, 0.5, 2.0)};
  const auto i = static_cast<std::size_t>(GENERATE(range(0, 5)));
  const LineMeasure q = gaussian_law(0.0, 1.3);
  const Estimate relative = kl(laws[i], q);
  const Estimate chi = chi_squared(laws[i], q);
  const Estimate tv = total_variation(laws[i], q);
  const Estimate hellinger = squared_hellinger(laws[i], q);
  CAPTURE(i, relative, chi, tv, hellinger);
  CHECK(square(tv).upper <= 0.5 * relative.lower);
  CHECK(square(tv).upper <= (1.0 - exp(-relative)).lower);
  CHECK(relative.upper <= log(1.0 + chi).lower);
  CHECK(hellinger.upper <= tv.lower);
  CHECK(square(tv).upper <= (hellinger * (2.0 - hellinger)).lower);
  // Log-Sobolev for N(0, 1.3²): KL ≤ ½·1.69·I; KL is −entropy − ∫ p log q.
  CHECK(relative.upper <= (0.5 * 1.69 * fisher_information(laws[i], q)).lower);
  const double cross =
      0.5 * std::log(2.0 * std::numbers::pi * 1.69) +
      0.5 * (laws[i].variance().value + laws[i].mean().value * laws[i].mean().value) / 1.69;
  CHECK_THAT(relative.value, Catch::Matchers::WithinAbs(cross - laws[i].entropy().value, 1e-12));
}

TEST_CASE("Exponentials are counted: one a component and node", "[distances][exact]") {
  const LineMixture p = {{.log_weight = 0.0, .mean = 0.3}};
  const LineMixture q = {{.log_weight = 0.0, .mean = -0.2}};
  const LineComponent half = {.log_weight = std::log(0.5), .mean = 0.3};
  const LineIntegral whole = line_mixture_divergence(Divergence::kl, p, q, 1e-12);
  const LineIntegral halves = line_mixture_divergence(Divergence::kl, {half, half}, q, 1e-12);
  CHECK(whole.exponentials > 0);
  CHECK(whole.exponentials % static_cast<std::int64_t>(2 * panel_nodes) == 0);
  CHECK(2 * halves.exponentials == 3 * whole.exponentials);
}

}  // namespace flowcheck::line_divergence_test
