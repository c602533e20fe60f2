#include "proximal/line_blocks.hpp"

#include "measures/line_laws.hpp"
#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::line_blocks_test {

namespace {

// Data of two modes, overlapping and apart.
LineMeasure near_modes() {
  return gaussian_mixture_law({0.4, 0.6}, {-1.5, 1.2}, {0.7, 0.6});
}
LineMeasure far_modes() {
  return gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6});
}

LineJkoChain chain_from(const LineMeasure& data, const LineEnergy& V, int steps, Index points) {
  return line_jko_chain(line_map(LineGrid(points), data), relative_entropy(V),
                        {.step_sizes = constant_steps(0.5, steps)});
}

double overlap(const Estimate& a, const Estimate& b) {
  return std::min(a.upper, b.upper) - std::max(a.lower, b.lower);
}

}  // namespace

TEST_CASE("a block carries one iterate to the next and its inverse carries it back",
          "[proximal][exact]") {
  const LineJkoChain chain = chain_from(near_modes(), quartic_energy(1.0, 1.0), 2, 401);
  for (int n = 1; n <= 2; ++n) {
    const LineBlock F(chain[n - 1], chain[n]);
    CHECK(w2(F(chain[n - 1]), chain[n]).upper < 1e-14);
    CHECK(w2(F.inverse()(chain[n]), chain[n - 1]).upper < 1e-14);
    for (const double x : {-30.0, -1.0, 0.0, 0.3, 2.0, 30.0}) {
      CAPTURE(n, x);
      CHECK_THAT(F.inverse()(F(x)), WithinRoundOff(x, 4, 1.0));
      const double step = 1e-7;
      CHECK_THAT((F(x + step) - F(x)) / step,
                 Catch::Matchers::WithinRel(F.slope(x + 0.5 * step), 1e-6));
    }
  }
}

TEST_CASE("relative entropy to the reverse process is the same at every step",
          "[proximal][exact]") {
  const LineJkoChain chain = chain_from(far_modes(), quadratic_energy(), 6, 801);
  const LineReverseDensity reverse(chain);
  const Estimate last = reverse.kl(6);
  // The dossier's value, which is of this grid; its limit h → 0 is 0.0016045.
  CHECK_THAT(last.value, WithinPrinted(0.0016243862, 10));
  CHECK(last.width() < 1e-11);
  for (const int n : {5, 3, 1, 0}) {
    CAPTURE(n);
    CHECK(overlap(reverse.kl(n), last) >= 0.0);
    CHECK_THAT(reverse.kl(n).value, WithinPrinted(0.0016243862, 10));
    CHECK(overlap(reverse.total_variation(n), reverse.total_variation(6)) >= 0.0);
  }
  // The dossier's 0.021671 and, by Pinsker's inequality, what it stays below.
  CHECK_THAT(reverse.total_variation(6).value, WithinPrinted(0.021671, 6));
  CHECK(reverse.total_variation(6).upper < std::sqrt(0.5 * last.lower));
}

TEST_CASE("relative entropy to the reverse process notices swapped arguments and directions",
          "[proximal][control]") {
  const LineJkoChain chain = chain_from(far_modes(), quadratic_energy(), 2, 801);
  const LineReverseDensity reverse(chain);
  CHECK(overlap(reverse.kl(0), reverse.kl(2)) >= 0.0);
  CHECK(std::abs(reverse.reverse_kl(0).value - reverse.kl(0).value) > 1e-3);
  CHECK(overlap(reverse.reverse_kl(0), reverse.reverse_kl(2)) >= 0.0);
  // Blocks run forward from q lead away from the data.
  const LineBlock F(chain[0], chain[2]);
  const LineMap forwards = F(chain.target);
  const LineMap backwards = F.inverse()(chain.target);
  CHECK(w2(forwards, chain[0]).lower > 5.0 * w2(backwards, chain[0]).upper);
}

TEST_CASE("the reverse process of the data's own chain ends near the data",
          "[proximal][property]") {
  const LineJkoChain chain = chain_from(near_modes(), quadratic_energy(), 8, 801);
  const std::vector<LineMap> laws = reverse_process(chain);
  REQUIRE(laws.size() == 9);
  CHECK(w2(laws[8], chain.target).upper == w2(chain.target, chain.target).upper);
  // The composite inverse stretches what is left of the distance by its Lipschitz constant.
  const LineBlock whole(chain[8], chain[0]);
  const double reach = 1.0 + chain.target.values().maxCoeff();
  CHECK(w2(laws[0], chain[0]).lower <=
        (whole.lipschitz(-reach, reach) * w2(laws[8], chain[8])).upper);
  CHECK(w2(laws[0], chain[0]).value < 0.1);
}

TEST_CASE("inexact inverses have the error they were given and drift no further than proved",
          "[proximal][property]") {
  const InversionError kind =
      GENERATE(InversionError::shift, InversionError::wave, InversionError::rounding);
  const double error = GENERATE(1e-3, 1e-5);
  CAPTURE(static_cast<int>(kind), error);
  const LineJkoChain chain = chain_from(near_modes(), quadratic_energy(), 6, 801);
  const LineInversion run = inexact_reverse_process(chain, error, kind);
  for (std::size_t n = 6; n > 0; --n) {
    CAPTURE(n);
    // A lattice rounds by a uniform error, up to how it meets the nodes.
    if (kind == InversionError::rounding) {
      CHECK_THAT(run.errors[n].value, Catch::Matchers::WithinRel(error, 0.1));
    } else {
      CHECK_THAT(run.errors[n], Encloses(error));
    }
    const Estimate bound = run.lipschitz[n] * (run.distance(n) + run.errors[n]);
    CHECK(run.distance(n - 1).lower <= bound.upper);
  }
  CHECK(run.distance(0).lower <= run.bound().upper);
  CHECK(run.distance(0).value > 0.0);
}

TEST_CASE("the drift of uniform blocks attains its bound and exceeds a sum with one factor less",
          "[proximal][control]") {
  // Blocks x ↦ x/L, a constant error: e_0 = ε Σ_{k=1}^N L^k.
  const double L = 1.3;
  const double error = 1e-3;
  const LineGrid grid(101);
  LineJkoChain chain{.functional = relative_entropy(quadratic_energy()),
                     .target = gaussian_map(grid, 0.0, 1.0),
                     .step_sizes = constant_steps(0.5, 12),
                     .iterates = {},
                     .errors = {}};
  for (int n = 0; n <= 12; ++n) {
    chain.iterates.push_back(gaussian_map(grid, 0.0, std::pow(L, 12 - n)));
  }
  const LineInversion run = inexact_reverse_process(chain, error);
  const double attained = error * L * (std::pow(L, 12) - 1.0) / (L - 1.0);
  CHECK_THAT(run.distance(0).value, Catch::Matchers::WithinRel(attained, 1e-12));
  CHECK_THAT(run.bound().value, Catch::Matchers::WithinRel(attained, 1e-12));
  CHECK_THAT(attained, WithinPrinted(0.096625, 6));
  CHECK(run.distance(0).lower > attained / L + 0.02);
}

TEST_CASE("the Lipschitz constant of a Gaussian block is the quotient of the deviations",
          "[proximal][exact]") {
  const LineGrid grid(201);
  const LineBlock F(gaussian_map(grid, 1.0, 2.0), gaussian_map(grid, -1.0, 0.5));
  CHECK_THAT(F.lipschitz(-3.0, 7.0), Encloses(0.25));
  CHECK_THAT(F.inverse().lipschitz_on_nodes(5.0).value, WithinRoundOff(4.0, 1));
  CHECK(F.lipschitz_on_nodes(5.0).grade == Grade::sampled);
  // Data of two modes apart are torn: beyond 1 + γ, which holds for log-concave data.
  const LineJkoChain chain = chain_from(far_modes(), quadratic_energy(), 1, 3201);
  CHECK(LineBlock(chain[1], chain[0]).lipschitz_on_nodes(5.0).lower > 15.0);
}

TEST_CASE("blocks refuse atoms, other grids and other functionals", "[proximal][precondition]") {
  const LineMap p = gaussian_map(LineGrid(101), 0.0, 1.0);
  CHECK_THROWS_AS(LineBlock(gaussian_map(LineGrid(101), 0.0, 0.0), p), std::invalid_argument);
  CHECK_THROWS_AS(LineBlock(gaussian_map(LineGrid(51), 0.0, 1.0), p), std::invalid_argument);
  const LineJkoChain porous =
      line_jko_chain(p, porous_medium(2.0, quadratic_energy()), {.step_sizes = {0.5}});
  CHECK_THROWS_AS(LineReverseDensity(porous), std::invalid_argument);
  const LineJkoChain chain = chain_from(near_modes(), quadratic_energy(), 1, 101);
  CHECK_THROWS_AS(inexact_reverse_process(chain, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(inexact_reverse_process(chain, 1.0, InversionError::wave), std::invalid_argument);
}

}  // namespace flowcheck::line_blocks_test
