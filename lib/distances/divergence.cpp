#include "distances/divergence.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/mixture_chi_squared.hpp"
#include "distances/mixture_quadrature.hpp"
#include "distances/monte_carlo_divergence.hpp"
#include "distances/singular_divergence.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace flowcheck {
namespace {

constexpr std::array<std::string_view, 7> divergence_words = {
    "kl",           "chi_squared",       "total_variation", "squared_hellinger", "jensen_shannon",
    "symmetric_kl", "fisher_information"};

std::optional<Estimate> closed_form(Divergence kind,
                                    const GaussianMixture& p,
                                    const GaussianMixture& q) {
  if (q.size() != 1) return {};
  const Gaussian target = q.component(0);
  if (kind == Divergence::chi_squared) return chi_squared(p, target);
  if (p.size() != 1) return {};
  const Gaussian data = p.component(0);
  switch (kind) {
    case Divergence::kl:
      return kl(data, target);
    case Divergence::squared_hellinger:
      return squared_hellinger(data, target);
    case Divergence::symmetric_kl:
      return symmetric_kl(data, target);
    case Divergence::fisher_information:
      return fisher_information(data, target);
    case Divergence::total_variation:
      if (p.dimension() == 1) return total_variation(data, target);
      return {};
    default:
      return {};
  }
}

}  // namespace

std::string_view to_string(Divergence kind) {
  return divergence_words.at(static_cast<std::size_t>(kind));
}

Divergence divergence_from_string(std::string_view word) {
  const auto found = std::find(divergence_words.begin(), divergence_words.end(), word);
  require(found != divergence_words.end(),
          "divergence: expected one of kl, chi_squared, total_variation, squared_hellinger, "
          "jensen_shannon, symmetric_kl, fisher_information");
  return static_cast<Divergence>(found - divergence_words.begin());
}

Estimate divergence(Divergence kind,
                    const GaussianMixture& p,
                    const GaussianMixture& q,
                    const DivergenceOptions& options) {
  require(p.dimension() == q.dimension(), "divergence: the measures differ in dimension");
  require(options.method != DivergenceMethod::quadrature || p.dimension() <= 2,
          "divergence: quadrature is for one and two dimensions");
  if (!p.has_density() || !q.has_density()) return singular_divergence(kind, p, q, options);
  if (options.method == DivergenceMethod::automatic) {
    if (const std::optional<Estimate> known = closed_form(kind, p, q)) return *known;
  }
  if (options.method == DivergenceMethod::monte_carlo || p.dimension() > 2) {
    return monte_carlo_divergence(kind, p, q, options).estimate;
  }
  return quadrature_divergence(kind, p, q);
}

Estimate divergence(Divergence kind,
                    const Gaussian& p,
                    const Gaussian& q,
                    const DivergenceOptions& options) {
  return divergence(kind, GaussianMixture(p), GaussianMixture(q), options);
}

Estimate kl(const GaussianMixture& p, const GaussianMixture& q, const DivergenceOptions& options) {
  return divergence(Divergence::kl, p, q, options);
}
Estimate chi_squared(const GaussianMixture& p,
                     const GaussianMixture& q,
                     const DivergenceOptions& options) {
  return divergence(Divergence::chi_squared, p, q, options);
}
Estimate total_variation(const GaussianMixture& p,
                         const GaussianMixture& q,
                         const DivergenceOptions& options) {
  return divergence(Divergence::total_variation, p, q, options);
}
Estimate squared_hellinger(const GaussianMixture& p,
                           const GaussianMixture& q,
                           const DivergenceOptions& options) {
  return divergence(Divergence::squared_hellinger, p, q, options);
}
Estimate jensen_shannon(const GaussianMixture& p,
                        const GaussianMixture& q,
                        const DivergenceOptions& options) {
  return divergence(Divergence::jensen_shannon, p, q, options);
}
Estimate symmetric_kl(const GaussianMixture& p,
                      const GaussianMixture& q,
                      const DivergenceOptions& options) {
  return divergence(Divergence::symmetric_kl, p, q, options);
}
Estimate fisher_information(const GaussianMixture& p,
                            const GaussianMixture& q,
                            const DivergenceOptions& options) {
  return divergence(Divergence::fisher_information, p, q, options);
}

Estimate kl(const LineMeasure& p, const LineMeasure& q) {
  return divergence(Divergence::kl, p, q);
}
Estimate chi_squared(const LineMeasure& p, const LineMeasure& q) {
  return divergence(Divergence::chi_squared, p, q);
}
Estimate total_variation(const LineMeasure& p, const LineMeasure& q) {
  return divergence(Divergence::total_variation, p, q);
}
Estimate squared_hellinger(const LineMeasure& p, const LineMeasure& q) {
  return divergence(Divergence::squared_hellinger, p, q);
}
Estimate jensen_shannon(const LineMeasure& p, const LineMeasure& q) {
  return divergence(Divergence::jensen_shannon, p, q);
}
Estimate symmetric_kl(const LineMeasure& p, const LineMeasure& q) {
  return divergence(Divergence::symmetric_kl, p, q);
}
Estimate fisher_information(const LineMeasure& p, const LineMeasure& q) {
  return divergence(Divergence::fisher_information, p, q);
}

}  // namespace flowcheck
