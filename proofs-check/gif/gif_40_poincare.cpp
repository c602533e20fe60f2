#include "distances/monotone_transport.hpp"
#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "measures/poincare_constant.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/Eigenvalues>

#include <cmath>
#include <complex>
#include <variant>

namespace flowcheck {
namespace gif_40 {

// Of a law's centres, in standard deviations, that the solver's grid is made for. Half of it is the
// R/σ whose e^{R²/σ²} still is a double.
constexpr double widest = 50.0;

// Cells of a Gaussian's ±13 standard deviations, where its constant is to be met to 1e-8.
constexpr Index fine_cells = 800;

Outcome on_the_line(const LineMeasure& p, Trial&) {
  return below_squared_lipschitz(poincare_constant(p), regularity(p));
}

// The best constant of linear functions alone, the largest variance: what their inequality needs,
// and in it nothing is said of others.
Outcome linear_functions(const GaussianMixture& p) {
  const Matrix covariance = p.covariance();
  // m_k − m is rounded with m_k.
  const Matrix centred = p.means().colwise() - p.mean();
  const Vector rounded = p.means().colwise().norm().cwiseProduct(centred.colwise().norm());
  const double size = covariance.norm() + rounded.dot(p.weights());
  const Estimate variance =
      Estimate::closed_form(largest_eigenpair(covariance).value, round_off(size, p.dimension()));
  return below_squared_lipschitz(variance, regularity(p), ", linear f");
}

// E e^{i⟨k, x − m⟩}, m the mean.
std::complex<double> characteristic(const GaussianMixture& p, const Vector& k) {
  const Vector phases = (p.means().colwise() - p.mean()).transpose() * k;
  std::complex<double> sum = 0.0;
  for (Index j = 0; j < p.size(); ++j) sum += p.weights()(j) * std::polar(1.0, phases(j));
  return std::exp(-0.5 * p.common_variance() * k.squaredNorm()) * sum;
}

// Largest Var f/E|∇f|² among f = Σ αᵢ cos⟨kᵢ, x − m⟩ + βᵢ sin⟨kᵢ, x − m⟩, one kᵢ a column: products
// of waves are waves, so that all expectations are values of the characteristic function.
Estimate best_of_waves(const GaussianMixture& p, const Matrix& waves) {
  const Index n = waves.cols();
  Matrix covariance(2 * n, 2 * n);  // cosines, then sines
  Matrix energy(2 * n, 2 * n);
  Vector means(2 * n);
  for (Index i = 0; i < n; ++i) {
    const std::complex<double> mean = characteristic(p, waves.col(i));
    means(i) = mean.real();
    means(n + i) = mean.imag();
    for (Index j = 0; j < n; ++j) {
      const std::complex<double> sum = characteristic(p, waves.col(i) + waves.col(j));
      const std::complex<double> gap = characteristic(p, waves.col(i) - waves.col(j));
      const double cosines = 0.5 * (gap.real() + sum.real());
      const double sines = 0.5 * (gap.real() - sum.real());
      const double mixed = 0.5 * (sum.imag() - gap.imag());  // cos⟨kᵢ, ·⟩ sin⟨kⱼ, ·⟩
      const double product = waves.col(i).dot(waves.col(j));
      covariance(i, j) = cosines;
      covariance(n + i, n + j) = sines;
      covariance(i, n + j) = covariance(n + j, i) = mixed;
      energy(i, j) = product * sines;
      energy(n + i, n + j) = product * cosines;
      const double other = 0.5 * (sum.imag() + gap.imag());  // sin⟨kᵢ, ·⟩ cos⟨kⱼ, ·⟩
      energy(i, n + j) = energy(n + j, i) = -product * other;
    }
  }
  covariance -= means * means.transpose();
  // Waves that are nearly dependent add nothing but rounding.
  const Matrix regular = energy + 1e-9 * energy.trace() * Matrix::Identity(2 * n, 2 * n);
  const Eigen::GeneralizedSelfAdjointEigenSolver<Matrix> solver(covariance, regular);
  const Vector f = solver.eigenvectors().col(2 * n - 1);
  const double size = f.cwiseAbs().sum() * f.cwiseAbs().sum();
  const double longest = waves.colwise().squaredNorm().maxCoeff();
  const auto form = [&](const Matrix& A, double scale) {
    return Estimate::closed_form(f.dot(A * f), round_off(scale * size, p.dimension()));
  };
  return form(covariance, 1.0) / form(energy, longest);
}

// Six random waves, about as long as the law is wide.
Outcome on_waves(const GaussianMixture& p, Rng& rng) {
  const double width = std::sqrt(largest_eigenpair(p.covariance()).value);
  Matrix waves = rng.normal_matrix(p.dimension(), 6);
  for (Index i = 0; i < waves.cols(); ++i) {
    waves.col(i) *= rng.log_uniform(0.3, 2.0) / (width * waves.col(i).norm());
  }
  return below_squared_lipschitz(best_of_waves(p, waves), regularity(p), ", sums of waves");
}

// σ²C_P of the law moved and scaled to one of unit width: a first centre far out costs no digits.
Outcome on_line_mixture(const GaussianMixture& p) {
  const double sigma = std::sqrt(p.common_variance());
  const Vector centres = (p.means().row(0).transpose().array() - p.means()(0, 0)) / sigma;
  const double width = centres.maxCoeff() - centres.minCoeff();
  if (!(width <= widest)) return linear_functions(p);
  const LineMeasure scaled =
      line_measure(GaussianMixture::isotropic(p.weights(), centres.transpose(), 1.0));
  const Index cells = fine_cells + static_cast<Index>(32.0 * width);
  const Estimate constant = p.common_variance() * poincare_constant(scaled, cells);
  // Rounded centres: C_P grows at most as e^{R²}, R half the width.
  const double error = round_off((1.0 + width * width) * constant.value, 1);
  return below_squared_lipschitz(widened(constant, error), regularity(p));
}

Outcome on_mixture(const GaussianMixture& p) {
  const bool has_solver = p.dimension() == 1 && p.common_variance() > 0.0;
  return has_solver ? on_line_mixture(p) : linear_functions(p);
}

Outcome on_target(const Target& target) {
  if (const auto* p = std::get_if<GaussianMixture>(&target.start)) return on_mixture(*p);
  if (const auto* p = std::get_if<Gaussian>(&target.start)) return on_mixture(GaussianMixture(*p));
  return Outcome::not_applicable("κ > 0, a mixture of one width, or log-Lipschitz");
}

// Printed cases of every class, bounds beside them.
Outcome with_constant(const LineMeasure& p, const Estimate& bound) {
  return Bound{.lhs = poincare_constant(p), .rhs = bound};
}

}  // namespace gif_40

Claim gif_40_poincare() {
  using namespace gif_40;
  const auto gaussian = [](Trial& trial) {
    const double deviation = trial.rng.log_uniform(0.2, 5.0);
    const LineMeasure p = gaussian_law(trial.rng.normal(), deviation);
    return Outcome(Bound{.lhs = poincare_constant(p, fine_cells),
                         .rhs = squared_lipschitz(regularity(p), "κ"),
                         .part = "κ"});
  };
  return {
      .id = "GIF-40",
      .statement = "ν = T_#γ, ‖∇T‖ ≤ Λ ⇒ C_P(ν) ≤ Λ²: 1/κ; Z_D(κ)²/2π; σ²e^{R²/σ²}; erfcx(−L/√2)²",
      .source =
          "derived from the Lipschitz constants of the flow; classes as in "
          "[GaoHuangJiao2024]",
      .provenance = Provenance::derived,
      .hypotheses =
          {"κ > 0, or κ ∈ ℝ on a convex support of diameter 2D, or ν = N(0, σ²I) * ρ with "
           "supp ρ in a ball of radius R, or log dν/dγ L-Lipschitz"},
      .scope = "instances; in d ≥ 2 linear functions and sums of six waves",
      .instances =
          [] {
            std::vector<Instance> all = line_law_families(on_the_line);
            all.push_back({"mixtures, d = 3, linear functions", [](Trial& trial) {
                             return linear_functions(draw_isotropic_mixture(trial.rng, 3, 5));
                           }});
            all.push_back({"mixtures, d = 2 and 3, sums of waves", [](Trial& trial) {
                             const Index d = 2 + trial.rng.uniform_index(2);
                             return on_waves(draw_isotropic_mixture(trial.rng, d, 5), trial.rng);
                           }});
            return all;
          }(),
      .tight = {{"Gaussian", gaussian}},
      .controls = {{.name = "C_P ≤ σ² for centres ±σ",
                    .draw = [](Trial&) { return with_constant(two_centres(1.0), 1.0); },
                    .repeat = false},
                   {.name = "C_P ≤ σ² for centres ±σ on the plane, one wave",
                    .draw =
                        [](Trial&) {
                          const GaussianMixture p = GaussianMixture::isotropic(
                              Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}, {0.0, 0.0}}, 1.0);
                          return Bound{.lhs = best_of_waves(p, Matrix{{0.7}, {0.2}}), .rhs = 1.0};
                        },
                    .repeat = false},
                   {.name = "0.95 σ²e^{R²/σ²}, R = σ/2",
                    .draw =
                        [](Trial&) {
                          const LineMeasure p = two_centres(0.5);
                          return with_constant(p,
                                               0.95 * squared_lipschitz(regularity(p), "mixture"));
                        },
                    .repeat = false}},
      .on_target = on_target,
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
