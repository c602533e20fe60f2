// Every enclosure of the Gaussian closed forms against the same quantity in 50 digits.

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"

#include <algorithm>
#include <functional>

namespace flowcheck {
namespace {

namespace hp = high_precision;

struct Pair {
  Gaussian p;
  Gaussian q;
};

// Independent pairs, and pairs at a relative gap down to 1e-9, where textbook forms have no digits.
Pair draw_pair(Rng& rng, Index d, double gap, double smallest_variance) {
  const RandomGaussianOptions options{.smallest_variance = smallest_variance};
  const Gaussian q = random_gaussian(rng, d, options);
  if (gap >= 1.0) return {random_gaussian(rng, d, options), q};
  const Matrix noise = rng.normal_matrix(d, d);
  const Matrix L = q.factor() + gap * (q.factor() * noise) / noise.norm();
  return {Gaussian(q.mean() + gap * rng.normal_vector(d), L * L.transpose()), q};
}

void check_enclosure(const char* what, const Estimate& estimate, const hp::Real& truth) {
  INFO(what << ": " << estimate << ", 50 digits: " << truth.convert_to<double>());
  // Compared in 50 digits: rounding the truth to double could push it over a bound.
  CHECK(hp::Real(estimate.lower) <= truth);
  CHECK(truth <= hp::Real(estimate.upper));
}

}  // namespace

TEST_CASE("the round-off models of Gaussian divergences enclose the 50-digit value",
          "[distances][reference]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5}, Index{8});
  const auto gap = GENERATE(1.0, 1e-3, 1e-6, 1e-9);
  const auto smallest_variance = GENERATE(0.3, 1e-4);
  CAPTURE(d, gap, smallest_variance);
  Rng rng(11, static_cast<std::uint64_t>(d));
  for (int i = 0; i < 4; ++i) {
    const Pair pair = draw_pair(rng, d, gap, smallest_variance);
    const hp::RealGaussian p = hp::exactly(pair.p);
    const hp::RealGaussian q = hp::exactly(pair.q);
    check_enclosure("W2", w2(pair.p, pair.q), hp::w2(p, q));
    check_enclosure("KL", kl(pair.p, pair.q), hp::kl(p, q));
    check_enclosure("SymKL", symmetric_kl(pair.p, pair.q), hp::kl(p, q) + hp::kl(q, p));
    check_enclosure("Hellinger²", squared_hellinger(pair.p, pair.q), hp::squared_hellinger(p, q));
    check_enclosure("√I", fisher_norm(pair.p, pair.q), hp::fisher_norm(p, q));
    const Estimate chi2 = chi_squared(pair.p, pair.q);
    if (std::isfinite(chi2.upper)) check_enclosure("χ²", chi2, hp::chi_squared(p, q));
  }
}

TEST_CASE("Gaussian divergences keep their digits for nearly equal measures",
          "[distances][reference]") {
  // Relative errors at gap 1e-7, where the textbook KL has lost half its digits and more
  // (jko.md D2: 2e-2) and the trace form of W₂ all but one (D1).
  Rng rng(12);
  for (int i = 0; i < 8; ++i) {
    const Pair pair = draw_pair(rng, 3, 1e-7, 0.3);
    const hp::RealGaussian p = hp::exactly(pair.p);
    const hp::RealGaussian q = hp::exactly(pair.q);
    const auto relative_error = [](double value, const hp::Real& truth) {
      const hp::Real gap = (hp::Real(value) - truth) / truth;
      return std::abs(gap.convert_to<double>());
    };
    CHECK(relative_error(kl(pair.p, pair.q).value, hp::kl(p, q)) < 1e-12);
    CHECK(relative_error(symmetric_kl(pair.p, pair.q).value, hp::kl(p, q) + hp::kl(q, p)) < 1e-12);
    CHECK(relative_error(fisher_norm(pair.p, pair.q).value, hp::fisher_norm(p, q)) < 1e-12);
    CHECK(relative_error(squared_hellinger(pair.p, pair.q).value, hp::squared_hellinger(p, q)) <
          1e-12);
    CHECK(relative_error(w2(pair.p, pair.q).value, hp::w2(p, q)) < 1e-8);
  }
}

TEST_CASE("optimal_map_distance encloses the 50-digit value", "[distances][reference]") {
  const auto d = GENERATE(Index{1}, Index{3}, Index{6});
  CAPTURE(d);
  Rng rng(13, static_cast<std::uint64_t>(d));
  for (int i = 0; i < 6; ++i) {
    const Gaussian base = random_gaussian(rng, d);
    const Gaussian a = random_gaussian(rng, d);
    const Gaussian b = random_gaussian(rng, d);
    const hp::RealGaussian rb = hp::exactly(base);
    const hp::RealMatrix gap =
        hp::optimal_linear(rb, hp::exactly(a)) - hp::optimal_linear(rb, hp::exactly(b));
    const hp::Real truth = sqrt((hp::exactly(a).mean - hp::exactly(b).mean).squaredNorm() +
                                (gap * rb.covariance * gap).trace());
    check_enclosure("D", optimal_map_distance(base, a, b), truth);
  }
}

}  // namespace flowcheck
