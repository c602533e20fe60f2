#include "learning/mixture_block.hpp"

#include "learning/block_path.hpp"
#include "learning/gaussian_block.hpp"
#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>

namespace flowcheck::mixture_block_test {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

GaussianMixture bimodal() {
  return line_mixture({0.3, 0.7}, {-1.2, 0.8}, {std::sqrt(0.1), std::sqrt(0.2)});
}

GaussianMixture on_plane() {
  return {Vector{{0.4, 0.6}},
          Matrix{{-0.6, 0.5}, {0.3, 0.1}},
          {Matrix{{0.4, 0.1}, {0.1, 0.3}}, Matrix{{0.3, 0.0}, {0.0, 0.5}}}};
}

GaussianMixture mixture_of(const LineNormal& p) {
  return GaussianMixture(p.gaussian());
}

// v̂ around m_t from the exact path's own velocity and law.
struct Learned {
  BlockPath path;
  FieldError error;

  double scale(double t) const { return std::exp(error.size * error.slope * t); }
  Vector shift(double t) const {
    const double growth = error.size * error.slope;
    const double time = growth == 0.0 ? t : std::expm1(growth * t) / growth;
    return error.size * error.constant * time * Vector::Unit(path.data().dimension(), 0);
  }
  GaussianMixture law(double t) const {
    const Index d = path.data().dimension();
    return pushforward({.linear = scale(t) * Matrix::Identity(d, d), .offset = shift(t)},
                       path.law(t));
  }
  Matrix velocities(double t, const Matrix& points) const {
    const Matrix from = (points.colwise() - shift(t)) / scale(t);
    Matrix v = scale(t) * path.at(t).velocities(from) + error.size * error.slope * points;
    v.row(0).array() += error.size * error.constant;
    return v;
  }
};

Learned learned(const GaussianMixture& p, const BlockOptions& options) {
  const Index d = p.dimension();
  const GaussianMixture centred =
      pushforward({.linear = Matrix::Identity(d, d), .offset = -p.mean()}, p);
  return {BlockPath(centred, options.step_size, options.interpolant, options.coupling),
          options.error};
}

void check_agreement(const BlockErrors& mixture, const BlockErrors& gaussian) {
  const auto check = [](const Estimate& a, const Estimate& b) {
    if (b.value == infinity) {
      CHECK(a.value == infinity);
      return;
    }
    CHECK_THAT(a.value, WithinRel(b.value, 1e-9) || WithinAbs(b.value, 1e-12));
    CHECK_THAT(a - b, Encloses(0.0));
  };
  check(mixture.error, gaussian.error);
  check(mixture.sensitivity, gaussian.sensitivity);
  check(mixture.kl_sensitivity, gaussian.kl_sensitivity);
  check(mixture.chi_squared, gaussian.chi_squared);
  check(mixture.chi_squared_growth, gaussian.chi_squared_growth);
  check(mixture.kl, gaussian.kl);
  check(mixture.kl_growth, gaussian.kl_growth);
  check(mixture.start_to_noise, gaussian.start_to_noise);
  check(mixture.exact_to_noise, gaussian.exact_to_noise);
  check(mixture.to_noise, gaussian.to_noise);
  check(mixture.overlap, gaussian.overlap);
  check(mixture.supremum, gaussian.supremum);
  check(mixture.exact_supremum, gaussian.exact_supremum);
  check(mixture.squared_gap, gaussian.squared_gap);
}

// With c₀ = 0 the learned law is the Gaussian block's at any variance.
TEST_CASE("A mixture of one component loses what a Gaussian does", "[learning][exact]") {
  for (const double gamma : {0.05, 0.7, infinity}) {
    for (const auto interpolant : {Interpolant::linear, Interpolant::trigonometric}) {
      for (const auto coupling : {Coupling::dependent, Coupling::independent}) {
        CAPTURE(gamma, to_string(interpolant), to_string(coupling));
        const LineNormal start{.mean = -0.4, .variance = 0.5};
        const BlockOptions options{.step_size = gamma,
                                   .interpolant = interpolant,
                                   .coupling = coupling,
                                   .error = {.size = 0.1, .constant = 0.0, .slope = -0.5}};
        check_agreement(mixture_block(mixture_of(start), options), gaussian_block(start, options));
      }
    }
  }
}

// A variance that does not change: the trigonometric path of independent ends, both of variance 1.
TEST_CASE("A shifted component loses what a shifted Gaussian does", "[learning][exact]") {
  const LineNormal start{.mean = 0.7, .variance = 1.0};
  for (const double slope : {0.0, 0.4, -0.8}) {
    CAPTURE(slope);
    const BlockOptions options{.step_size = 0.4,
                               .interpolant = Interpolant::trigonometric,
                               .coupling = Coupling::independent,
                               .error = {.size = 0.2, .constant = 1.0, .slope = slope}};
    check_agreement(mixture_block(mixture_of(start), options), gaussian_block(start, options));
  }
}

TEST_CASE("χ² and KL of a learned mixture are the integrals that their rates say",
          "[learning][exact]") {
  for (const GaussianMixture& p : {bimodal(), on_plane()}) {
    const bool plane = p.dimension() == 2;
    for (const auto interpolant : {Interpolant::linear, Interpolant::trigonometric}) {
      for (const auto coupling : {Coupling::dependent, Coupling::independent}) {
        // On the plane one kind, for time's sake.
        if (plane && interpolant == Interpolant::trigonometric) continue;
        if (plane && coupling == Coupling::independent) continue;
        CAPTURE(p.dimension(), to_string(interpolant), to_string(coupling));
        const MixtureBlock block = mixture_block(p, {.step_size = 0.4,
                                                     .interpolant = interpolant,
                                                     .coupling = coupling,
                                                     .error = {0.1, 1.0, -0.3}});
        CHECK_THAT(block.chi_squared_growth - block.chi_squared, Encloses(0.0));
        CHECK_THAT(block.kl_growth - block.kl, Encloses(0.0));
        CHECK((block.chi_squared_growth - block.chi_squared).width() < 1e-8);
        CHECK((block.kl_growth - block.kl).width() < 1e-8);
        CHECK(block.chi_squared.lower > 1e-3);
        // What the identity's sign is worth: the other one is far outside.
        CHECK((block.chi_squared_growth + block.chi_squared).lower > 1e-3);
        CHECK(block.chi_squared.upper <= (block.error * block.sensitivity).lower);
        CHECK(block.kl.upper <= (block.error * block.kl_sensitivity).lower);
      }
    }
  }
}

// Narrow beside wide: the posterior weights turn on panels that one halving only just resolves.
TEST_CASE("Sums on panels that are barely fine enough still enclose", "[learning][exact]") {
  struct Case {
    GaussianMixture start;
    double step_size;
    double error;
  };
  const std::vector<Case> cases{
      {line_mixture({0.378, 0.3, 0.322}, {-1.0, 2.9, 2.6},
                    {std::sqrt(0.009), std::sqrt(1.048), std::sqrt(0.073)}),
       0.15, 0.19},
      {line_mixture({0.581, 0.3, 0.119}, {4.1, -3.6, -4.0},
                    {std::sqrt(1.432), std::sqrt(1.196), std::sqrt(0.007)}),
       0.61, 0.02}};
  for (const Case& law : cases) {
    for (const auto interpolant : {Interpolant::linear, Interpolant::trigonometric}) {
      CAPTURE(law.step_size, to_string(interpolant));
      const MixtureBlock block =
          mixture_block(law.start, {.step_size = law.step_size,
                                    .interpolant = interpolant,
                                    .error = {.size = law.error, .constant = 1.0, .slope = -0.3}});
      CHECK_THAT(block.kl_growth - block.kl, Encloses(0.0));
      CHECK_THAT(block.chi_squared_growth - block.chi_squared, Encloses(0.0));
      CHECK((block.kl_growth - block.kl).width() < 1e-6 * block.kl.value);
    }
  }
}

// A component so many times narrower than the other that of the doublings of the nodes only the
// first is affordable, or none: the grids there are still say what they can.
TEST_CASE("Where finer grids are too dear the sums are those of the grids there are",
          "[learning][property]") {
  const auto block = [](double ratio) {
    return mixture_block(line_mixture({0.5, 0.5}, {-0.3, 0.4}, {0.5 / ratio, 0.5}),
                         {.step_size = 0.001, .error = {0.1, 0.0, 0.3}});
  };
  const MixtureBlock two_grids = block(700.0);
  CHECK_THAT(two_grids.kl_growth - two_grids.kl, Encloses(0.0));
  CHECK_THAT(two_grids.chi_squared_growth - two_grids.chi_squared, Encloses(0.0));
  CHECK(two_grids.kl_growth.width() < 0.05 * two_grids.kl.value);
  // Nothing says how good a single grid is, but its value is near.
  const MixtureBlock one_grid = block(1100.0);
  CHECK_THAT(one_grid.kl_growth.value, WithinRel(one_grid.kl.value, 0.05));
  CHECK_THAT(one_grid.error.value, WithinRel(two_grids.error.value, 0.05));
  CHECK(one_grid.kl_growth.upper == infinity);
  CHECK(one_grid.error.upper == infinity);
  // No grid at all: anything.
  const MixtureBlock none = block(3000.0);
  CHECK(none.error.lower == 0.0);
  CHECK(none.error.upper == infinity);
}

// ε² is of order e², and keeps its digits.
TEST_CASE("A small error keeps its digits", "[learning][property]") {
  const auto with = [](double size) {
    return mixture_block(bimodal(), {.step_size = 0.4, .error = {size, 1.0, -0.3}});
  };
  const MixtureBlock block = with(1e-6);
  CHECK(block.error.width() < 1e-8 * block.error.value);
  CHECK_THAT(block.error.value / with(1e-4).error.value, WithinRel(1e-2, 1e-3));
}

// ∂ₜρ̂ = −∇·(ρ̂v̂), by differences in time and space.
TEST_CASE("The learned law is carried by the learned field", "[learning][property]") {
  for (const GaussianMixture& p : {bimodal(), on_plane()}) {
    const Index d = p.dimension();
    const Learned block = learned(p, {.step_size = 0.4, .error = {0.2, 1.0, -0.5}});
    const double t = 0.45;
    const double h = 1e-4;
    const Vector x = Vector::Constant(d, 0.3);
    const double rate =
        (block.law(t + h).log_density(x) - block.law(t - h).log_density(x)) / (2.0 * h);
    double flux = block.velocities(t, x).col(0).dot(block.law(t).score(x));
    for (Index i = 0; i < d; ++i) {
      const Vector step = h * Vector::Unit(d, i);
      flux += (block.velocities(t, x + step) - block.velocities(t, x - step))(i, 0) / (2.0 * h);
    }
    CHECK_THAT(rate, WithinAbs(-flux, 1e-6));
  }
}

TEST_CASE("ε² is the regression's excess loss on that field, under the exact law",
          "[learning][reference]") {
  for (const GaussianMixture& p : {bimodal(), on_plane()}) {
    const BlockOptions options{.step_size = 0.4, .error = {0.2, 1.0, -0.5}};
    const Learned field = learned(p, options);
    const Estimate loss = squared_velocity_error(
        field.path, [&](double t, const Matrix& x) -> Matrix { return field.velocities(t, x); },
        {.panels = 1, .nodes = p.dimension() == 1 ? 96 : 32});
    const Estimate gap = square(mixture_block(p, options).error) - loss;
    CHECK_THAT(gap, Encloses(0.0));
    CHECK(gap.width() < 1e-6);
  }
}

// Sums over a plain grid, on the line.
TEST_CASE("The sensitivity of a mixture is what a fine grid finds", "[learning][reference]") {
  const BlockOptions options{.step_size = 0.4, .error = {0.2, 1.0, -0.5}};
  const Learned block = learned(bimodal(), options);
  const double h = 4e-3;
  const double step = 5e-3;
  double exact_law = 0.0;
  double learned_law = 0.0;
  double sensitivity = 0.0;
  for (double t = 0.5 * step; t < 1.0; t += step) {
    const GaussianMixture law = block.path.law(t);
    const GaussianMixture other = block.law(t);
    const Matrix x = Vector::LinSpaced(4001, -8.0, 8.0).transpose();
    const Eigen::ArrayXd log_p = law.log_densities(x);
    const Eigen::ArrayXd log_r = other.log_densities(x);
    const Eigen::ArrayXd gap = (law.scores(x) - other.scores(x)).transpose().array();
    const Eigen::ArrayXd error =
        (block.velocities(t, x) - block.path.at(t).velocities(x)).transpose().array();
    sensitivity += h * step * ((3.0 * log_p - 2.0 * log_r).exp() * gap.square()).sum();
    exact_law += h * step * (log_p.exp() * error.square()).sum();
    learned_law += h * step * (log_r.exp() * error.square()).sum();
  }
  const MixtureBlock measured = mixture_block(bimodal(), options);
  CHECK_THAT(measured.sensitivity.value, WithinRel(2.0 * std::sqrt(sensitivity), 1e-4));
  CHECK_THAT(measured.error.value, WithinRel(std::sqrt(exact_law), 1e-4));
  // Under the learned law it would be another number.
  CHECK(std::abs(measured.error.value - std::sqrt(learned_law)) > 1e-3 * measured.error.value);
}

TEST_CASE("What a mixture loses is of first order in ε and of second in χ²", "[learning][order]") {
  const auto at = [](double e) {
    return mixture_block(bimodal(), {.step_size = 0.4, .error = {e, 1.0, -0.3}});
  };
  const MixtureBlock coarse = at(0.02);
  const MixtureBlock fine = at(0.01);
  const auto slope = [](const Estimate& a, const Estimate& b) {
    return std::log2(a.value / b.value);
  };
  CHECK(std::abs(slope(coarse.error, fine.error) - 1.0) < 0.02);
  CHECK(std::abs(slope(coarse.sensitivity, fine.sensitivity) - 1.0) < 0.03);
  CHECK(std::abs(slope(coarse.chi_squared, fine.chi_squared) - 2.0) < 0.06);
  CHECK(std::abs(slope(coarse.kl_growth, fine.kl_growth) - 2.0) < 0.06);
  CHECK(std::abs(slope(coarse.squared_gap, fine.squared_gap) - 2.0) < 0.06);
}

TEST_CASE("A shrinking field leaves S and the growth infinite where the tails do",
          "[learning][exact]") {
  const auto at = [](double squared_scale) {
    return mixture_block(bimodal(),
                         {.step_size = 0.4, .error = {1.0, 0.0, 0.5 * std::log(squared_scale)}});
  };
  CHECK(std::isfinite(at(0.75).sensitivity.value));
  const MixtureBlock narrow = at(0.6);
  CHECK(narrow.sensitivity.value == infinity);
  CHECK(std::isfinite(narrow.chi_squared.value));
  CHECK_THAT(narrow.chi_squared_growth - narrow.chi_squared, Encloses(0.0));
  const MixtureBlock narrower = at(0.45);
  CHECK(narrower.chi_squared_growth.value == infinity);
  CHECK(narrower.chi_squared.value == infinity);
  CHECK(std::isfinite(narrower.kl.value));
  CHECK_THAT(narrower.kl_growth - narrower.kl, Encloses(0.0));
}

TEST_CASE("A chain of mixture blocks starts each from what the last has learned",
          "[learning][property]") {
  const std::vector<BlockOptions> blocks{{.step_size = 0.3, .error = {0.1, 1.0, -0.3}},
                                         {.step_size = infinity, .error = {0.1, 1.0, -0.3}}};
  const BlockChain chain = mixture_chain(bimodal(), blocks);
  const MixtureBlock first = mixture_block(bimodal(), blocks[0]);
  const MixtureBlock second = mixture_block(first.end, blocks[1]);
  CHECK(chain.start_to_noise().value == first.start_to_noise.value);
  CHECK(chain.to_noise().value == second.to_noise.value);
  CHECK(chain.largest_error().value == std::max(first.error.value, second.error.value));
  CHECK(second.exact.size() == 1);
  CHECK(second.exact_to_noise.upper < 1e-12);
}

TEST_CASE("Mixtures that are not integrated are refused", "[learning][precondition]") {
  CHECK_THROWS_AS(mixture_block(GaussianMixture(Gaussian::standard(3)), {}), std::invalid_argument);
  CHECK_THROWS_AS(mixture_block(GaussianMixture(Gaussian::dirac(Vector::Zero(1))), {}),
                  std::invalid_argument);
  CHECK_THROWS_AS(mixture_block(bimodal(), {.error = {.size = infinity}}), std::invalid_argument);
  CHECK_THROWS_AS(mixture_chain(bimodal(), {}), std::invalid_argument);
}

}  // namespace flowcheck::mixture_block_test
