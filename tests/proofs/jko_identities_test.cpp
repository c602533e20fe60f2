#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/fokker_planck.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace flowcheck::jko_identities_test {

namespace hp = flowcheck::high_precision;

namespace {

// Σ as the library takes it: a start of lower rank has exact zeros, not rounded ones.
hp::RealGaussian as_taken(const Gaussian& p) {
  const hp::RealMatrix V = p.eigenvectors().cast<hp::Real>();
  const hp::RealVector values = p.eigenvalues().cast<hp::Real>();
  if (p.has_density()) return hp::exactly(p);
  return {p.mean().cast<hp::Real>(), V * values.asDiagonal() * V.transpose()};
}

// ρ_t by its formula, in 50 digits.
hp::RealGaussian true_law(const Gaussian& start, const Gaussian& target, double time) {
  const hp::RealGaussian p = as_taken(start);
  const hp::RealGaussian q = hp::exactly(target);
  const hp::Real t = time;
  const hp::RealMatrix decay =
      hp::spectral(q.covariance, [t](const hp::Real& s) { return hp::Real(exp(-t / s)); });
  const hp::RealMatrix noise = hp::spectral(
      q.covariance, [t](const hp::Real& s) { return hp::Real(s * (1 - exp(-2 * t / s))); });
  return {q.mean + decay * (p.mean - q.mean), decay * p.covariance * decay + noise};
}

// The step in the textbook's form: Σ' = M^{-1/2}XM^{-1/2}, X = ½(C + 2γI + (C² + 4γC)^{1/2}).
hp::RealGaussian true_step(const Gaussian& start, const Gaussian& target, double step_size) {
  const hp::RealGaussian p = as_taken(start);
  const hp::RealGaussian q = hp::exactly(target);
  const hp::Real gamma = step_size;
  const hp::RealMatrix half = hp::spectral(
      q.covariance, [gamma](const hp::Real& s) { return hp::Real(sqrt(s / (s + gamma))); });
  const hp::RealMatrix X =
      hp::spectral(half * p.covariance * half, [gamma](const hp::Real& eigenvalue) {
        const hp::Real c = eigenvalue > 0 ? eigenvalue : hp::Real(0);
        return hp::Real((c + 2 * gamma + sqrt(c * c + 4 * gamma * c)) / 2);
      });
  return {q.mean + half * half * (p.mean - q.mean), half * X * half};
}

bool encloses(const Estimate& a, const hp::Real& truth) {
  return hp::Real(a.lower) <= truth && truth <= hp::Real(a.upper);
}

Gaussian start_of_rank(Rng& rng, Index d, Index rank) {
  const Gaussian full = random_gaussian(rng, d);
  Matrix L = full.factor();
  L.leftCols(d - rank).setZero();
  return {full.mean(), L * L.transpose()};
}

GaussianProblem unit_translate(double shift, double gamma) {
  return {.start = Gaussian(Vector::Constant(1, shift), Matrix::Identity(1, 1)),
          .target = Gaussian::standard(1),
          .step_size = gamma};
}

}  // namespace

TEST_CASE("what is measured of a Fokker–Planck law encloses the flow's own value",
          "[jko][reference]") {
  const auto seed = GENERATE(range(0, 8));
  const double time = GENERATE(1e-6, 0.05, 1.0, 20.0);
  CAPTURE(seed, time);
  Rng rng(41, static_cast<std::uint64_t>(seed));
  const Index d = 1 + seed % 5;
  const Gaussian q = random_gaussian(rng, d);
  const Gaussian p = start_of_rank(rng, d, seed < 6 ? d : d - 1);
  const Gaussian other = random_gaussian(rng, d);

  const FokkerPlanckLaw rho = fokker_planck_law(p, q, time);
  const hp::RealGaussian truth = true_law(p, q, time);
  CHECK(encloses(rho.kl(), hp::kl(truth, hp::exactly(q))));
  CHECK(encloses(rho.fisher_norm(), hp::fisher_norm(truth, hp::exactly(q))));
  CHECK(encloses(rho.w2_to(q), hp::w2(truth, hp::exactly(q))));
  CHECK(encloses(rho.w2_to(other), hp::w2(truth, hp::exactly(other))));
  CHECK(hp::w2(hp::exactly(rho.law), truth) <= hp::Real(rho.rounding));
}

TEST_CASE("step_rounding is at least the distance to the exact step", "[jko][reference]") {
  const auto seed = GENERATE(range(0, 12));
  const double gamma = GENERATE(0.05, 0.5, 2.0);
  CAPTURE(seed, gamma);
  Rng rng(42, static_cast<std::uint64_t>(seed));
  const Index d = 1 + seed % 5;
  const GaussianProblem problem{.start = start_of_rank(rng, d, seed < 6 ? d : seed % (d + 1)),
                                .target = random_gaussian(rng, d),
                                .step_size = gamma};
  const JkoChain chain = problem.chain(1);
  const hp::RealGaussian truth = true_step(problem.start, problem.target, gamma);
  CHECK(hp::w2(hp::exactly(chain[1]), truth) <= hp::Real(step_rounding(chain, 1)));
}

TEST_CASE("JKO-30: a translate attains Talagrand, log-Sobolev and HWI", "[jko][reference]") {
  const GaussianProblem problem = unit_translate(2.0, 0.5);
  CHECK_THAT(kl(problem.start, problem.target), Encloses(2.0));
  CHECK_THAT(squared_w2(problem.start, problem.target), Encloses(4.0));
  CHECK_THAT(fisher_information(problem.start, problem.target), Encloses(4.0));
}

TEST_CASE("JKO-32: translates reach 0.2601 of γ√(I₀/2)", "[jko][reference]") {
  // At n = 1/γ the error is m((1 + γ)^{−n} − e^{−1}) = mγ/(2e) + O(γ²), √I₀ being m.
  const double gamma = 1e-3;
  const JkoChain chain = unit_translate(3.0, gamma).chain(1000);
  const FokkerPlanckLaw rho = fokker_planck_law(chain[0], chain.target, 1.0);
  const double bound = gamma * 3.0 / std::numbers::sqrt2;
  CHECK(rho.w2_to(chain[1000]).value / bound == Approx(0.2601).margin(2e-4));
}

TEST_CASE("JKO-32: one step from an atom is (√2 − 1)√γ off", "[jko][reference]") {
  const double gamma = 1e-8;
  const GaussianProblem problem{.start = Gaussian::dirac(Vector::Constant(1, 2.0)),
                                .target = Gaussian::standard(1),
                                .step_size = gamma};
  const JkoChain chain = problem.chain(1);
  const FokkerPlanckLaw rho = fokker_planck_law(chain[0], chain.target, gamma);
  CHECK(rho.w2_to(chain[1]).value / std::sqrt(gamma) ==
        Approx(std::numbers::sqrt2 - 1.0).epsilon(1e-6));
}

TEST_CASE("JKO-34: a translate dissipates tanh(λt/2)/(λt/2) of the bound", "[jko][reference]") {
  const double t = GENERATE(0.01, 1.0, 5.0);
  CAPTURE(t);
  const GaussianProblem problem = unit_translate(2.0, 0.5);
  const FokkerPlanckLaw rho = fokker_planck_law(problem.start, problem.target, t);
  const Estimate dissipated = t * (kl(problem.start, problem.target) - rho.kl());
  CHECK((square(rho.w2_to(problem.start)) / dissipated).value ==
        Approx(std::tanh(0.5 * t) / (0.5 * t)).epsilon(1e-9));
}

TEST_CASE("JKO-39: forgetting the sign of N(1, 1) against N(0, 1) takes KL from 0.5 to 0.163169",
          "[jko][reference]") {
  const Gaussian p(Vector::Ones(1), Matrix::Identity(1, 1));
  const Gaussian q = Gaussian::standard(1);
  CHECK_THAT(kl(p, q), Encloses(0.5));
  using Quadrature = boost::math::quadrature::gauss_kronrod<double, 61>;
  const auto density = [](const Gaussian& law, double x) {
    return std::exp(law.log_density(Vector::Constant(1, x)));
  };
  const double folded = Quadrature::integrate(
      [&](double x) {
        const double of_p = density(p, x) + density(p, -x);
        return of_p * std::log(of_p / (2.0 * density(q, x)));
      },
      0.0, 12.0, 10, 1e-12);
  // The densities' ratio is e^{−1/2} cosh x, so that KL is E log cosh X − ½.
  const double log_cosh = Quadrature::integrate(
      [&](double x) { return density(p, x) * std::log(std::cosh(x)); }, -12.0, 14.0, 10, 1e-12);
  CHECK(folded == Approx(log_cosh - 0.5).epsilon(1e-10));
  CHECK_THAT(folded, WithinPrinted(0.163169, 6));
}

TEST_CASE("JKO-40: two blocks of γ are (1 + γ)⁻², not (1 + 2γ)⁻¹", "[jko][reference]") {
  const JkoChain chain = unit_translate(3.0, 0.5).chain(2);
  CHECK_THAT(chain.w2_to_target(2), Encloses(3.0 / 2.25));
  CHECK_THAT(chain.w2_to_target(2), !Encloses(1.5));
}

}  // namespace flowcheck::jko_identities_test
