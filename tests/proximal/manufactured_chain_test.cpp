#include "proximal/manufactured_chain.hpp"

#include "distances/gaussian_divergence.hpp"
#include "measures/line_laws.hpp"
#include "proximal/jko_chain.hpp"
#include "proximal/line_jko_step.hpp"
#include "support/estimates.hpp"

#include <cmath>
#include <utility>

namespace flowcheck::manufactured_chain_test {

namespace {

bool overlap(const Estimate& a, const Estimate& b) {
  return a.lower <= b.upper && b.lower <= a.upper;
}

GaussianMixture three_modes(double variance) {
  return GaussianMixture::isotropic(Vector{{0.5, 0.3, 0.2}},
                                    Matrix{{1.0, -1.2, 0.0}, {0.5, 0.0, -1.0}}, variance);
}

// The image of a Gaussian under Id + γ∇log(p/q), q = N(0, I).
Gaussian one_step_back(const Gaussian& p, double step_size) {
  const Matrix I = Matrix::Identity(p.dimension(), p.dimension());
  const Matrix P = p.precision();
  return pushforward({.linear = I + step_size * (I - P), .offset = step_size * P * p.mean()}, p);
}

}  // namespace

TEST_CASE("manufactured_chain of a Gaussian is the closed form's", "[proximal][exact]") {
  const std::vector<double> gammas = {0.2, 0.35, 0.5};
  const Gaussian last(Vector{{0.6, -0.3}}, Matrix{{1.4, 0.3}, {0.3, 0.9}});
  std::vector<Gaussian> iterates = {last};
  for (std::size_t n = 3; n-- > 0;) {
    iterates.insert(iterates.begin(), one_step_back(iterates.front(), gammas[n]));
  }
  const JkoChain exact = jko_chain(iterates[0], Gaussian::standard(2), {.step_sizes = gammas});
  const ManufacturedChain chain =
      manufactured_chain(GaussianMixture(last), quartic_potential(2, 0.0), {.step_sizes = gammas});
  for (int n = 0; n <= 3; ++n) {
    CAPTURE(n);
    const auto at = static_cast<std::size_t>(n);
    CAPTURE(chain.kl[at], exact.kl_to_target(n), chain.slope[at], exact.fisher_norm(n));
    CHECK(overlap(chain.kl[at], exact.kl_to_target(n)));
    CHECK(overlap(chain.slope[at], exact.fisher_norm(n)));
    CHECK(chain.kl[at].width() < 1e-9);
    CHECK(chain.slope[at].width() < 1e-9);
    if (n > 0) CHECK(overlap(chain.step_length[at], exact.step_length(n)));
  }
  CHECK(chain.least_stretch > 0.0);
}

TEST_CASE("manufactured_chain of a product is the sum of its factors", "[proximal][property]") {
  // The second factor is one of its own: two components on the line.
  const GaussianMixture x = GaussianMixture::isotropic(Vector{{1.0}}, Matrix{{0.4}}, 0.8);
  const GaussianMixture y =
      GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{-0.7, 0.6}}, 0.8);
  const GaussianMixture xy =
      GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{0.4, 0.4}, {-0.7, 0.6}}, 0.8);
  const ManufacturedOptions options{.step_sizes = {0.05, 0.1}, .spacing = 0.4};
  const ManufacturedChain of_x = manufactured_chain(x, quartic_potential(1, 0.1), options);
  const ManufacturedChain of_y = manufactured_chain(y, quartic_potential(1, 0.1), options);
  const ManufacturedChain of_xy = manufactured_chain(xy, quartic_potential(2, 0.1), options);
  for (std::size_t n = 0; n <= 2; ++n) {
    CAPTURE(n);
    const Estimate kl = of_x.kl[n] + of_y.kl[n];
    CHECK(overlap(of_xy.kl[n], kl));
    CHECK(of_xy.kl[n].width() < 0.1 * kl.value);
    const Estimate fisher = square(of_x.slope[n]) + square(of_y.slope[n]);
    CHECK(overlap(square(of_xy.slope[n]), fisher));
  }
}

TEST_CASE("The line's solver finds the step that manufactured_chain started from",
          "[proximal][reference]") {
  // p_0 on the line's grid by the map itself, at the quantiles of p_1.
  const double gamma = 0.3;
  const GaussianMixture p1 =
      GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{-0.7, 0.6}}, 0.8);
  const ManufacturedChain chain =
      manufactured_chain(p1, quartic_potential(1, 1.0), {.step_sizes = {gamma}, .spacing = 0.25});
  const auto on_grid = [&](Index points) {
    const LineGrid grid(points, 8.0);
    const LineMap last = line_map(
        grid, gaussian_mixture_law({0.4, 0.6}, {-0.7, 0.6}, {std::sqrt(0.8), std::sqrt(0.8)}));
    Vector back = last.values();
    for (double& x : back) {
      x += gamma * (p1.score(Vector::Constant(1, x))(0) + x + x * x * x);
    }
    return std::pair(LineMap(grid, back), last);
  };
  const LineFunctional G = relative_entropy(quartic_energy(1.0, 1.0));
  const auto [coarse, coarse_last] = on_grid(801);
  const auto [fine, fine_last] = on_grid(1601);
  const Estimate kl = richardson(value(G, coarse), value(G, fine));
  CHECK_THAT(chain.kl[0].value, Catch::Matchers::WithinAbs(kl.value, 0.5 * kl.width()));
  const Estimate speed = richardson(slope(G, coarse).norm, slope(G, fine).norm);
  CHECK_THAT(chain.slope[0].value, Catch::Matchers::WithinAbs(speed.value, 0.5 * speed.width()));
  const Estimate length = richardson(w2(coarse, coarse_last), w2(fine, fine_last));
  CHECK_THAT(chain.step_length[1].value,
             Catch::Matchers::WithinAbs(length.value, 0.5 * length.width()));
  // The solver's own step is p_1 but for O(h²).
  const double coarse_error = w2(line_jko_step(coarse, G, gamma).step, coarse_last).value;
  const double fine_error = w2(line_jko_step(fine, G, gamma).step, fine_last).value;
  CHECK(fine_error < 0.3 * coarse_error);
}

TEST_CASE("manufactured_chain knows by how much a translate is slower than the flow",
          "[proximal][exact]") {
  // p_1 = N(m, I) comes from N((1 + γ)m, I): the step's velocity is −m, the flow's −(1 + γ)m.
  const Gaussian last(Vector{{0.6, -0.8}}, Matrix::Identity(2, 2));
  const ManufacturedChain chain =
      manufactured_chain(GaussianMixture(last), quartic_potential(2, 0.0), {.step_sizes = {0.25}});
  CHECK_THAT(chain.velocity_gap[0], Encloses(0.25));
  CHECK_THAT(chain.slope[0], Encloses(1.25));
  CHECK_THAT(chain.step_length[1], Encloses(0.25));
  CHECK(chain.velocity_gap[0].width() < 1e-9);
}

TEST_CASE("manufactured_chain measures the errors it is given", "[proximal][exact]") {
  const Vector b{{0.06, -0.08}};
  const ManufacturedChain constant = manufactured_chain(three_modes(1.0), quartic_potential(2, 0.3),
                                                        {.step_sizes = {0.2}, .constant_error = b});
  CHECK_THAT(constant.error[1], Encloses(0.1));
  CHECK(constant.error[1].width() < 1e-12);
  const ManufacturedChain relative = manufactured_chain(
      three_modes(1.0), quartic_potential(2, 0.3), {.step_sizes = {0.2}, .relative_error = -0.2});
  CHECK_THAT(relative.error[1].value, WithinRoundOff(0.2 * relative.slope[1].value, 1));
  CHECK_THAT(relative.step_length[1].value, WithinRoundOff(0.24 * relative.slope[1].value, 1));
}

TEST_CASE("manufactured_chain's integrals converge exponentially", "[proximal][order]") {
  const auto at = [](double spacing) {
    return manufactured_chain(three_modes(0.64), quartic_potential(2, 1.0),
                              {.step_sizes = {0.1}, .spacing = spacing});
  };
  const ManufacturedChain coarse = at(0.8);
  const ManufacturedChain middle = at(0.4);
  const ManufacturedChain fine = at(0.2);
  const double first = std::abs(coarse.kl[0].value - fine.kl[0].value);
  const double second = std::abs(middle.kl[0].value - fine.kl[0].value);
  CAPTURE(first, second);
  CHECK(second < first * first);
  CHECK_THAT(middle.kl[0], Encloses(fine.kl[0].value));
}

TEST_CASE("manufactured_chain says where its map is not monotone", "[proximal][control]") {
  // Narrow modes far apart: between them log p is convex and T folds.
  const GaussianMixture apart =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-2.0, 2.0}, {0.0, 0.0}}, 0.25);
  const ManufacturedChain chain =
      manufactured_chain(apart, quartic_potential(2, 0.0), {.step_sizes = {0.5}});
  CHECK(chain.least_stretch <= 0.0);
}

TEST_CASE("manufactured_chain refuses what it cannot make", "[proximal][precondition]") {
  const SeriesPotential V = quartic_potential(2, 0.0);
  const GaussianMixture p = three_modes(1.0);
  CHECK_THROWS_AS(manufactured_chain(three_modes(0.0), V, {.step_sizes = {0.1}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(manufactured_chain(p, V, {}), std::invalid_argument);
  CHECK_THROWS_AS(manufactured_chain(p, V, {.step_sizes = {-0.1}}), std::invalid_argument);
  CHECK_THROWS_AS(manufactured_chain(p, V, {.step_sizes = {0.1}, .relative_error = 1.0}),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      manufactured_chain(p, V, {.step_sizes = {0.1}, .constant_error = Vector::Ones(3)}),
      std::invalid_argument);
  CHECK_THROWS_AS(manufactured_chain(p, V, {.step_sizes = {0.1}, .spacing = 0.0}),
                  std::invalid_argument);
  CHECK_THROWS_AS(quartic_potential(2, -1.0), std::invalid_argument);
}

}  // namespace flowcheck::manufactured_chain_test
