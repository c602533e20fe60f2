#pragma once

#include "numerics/estimate.hpp"

namespace flowcheck {

class Gaussian;
class GaussianMixture;

/// A flow's source Law(a₀Z + b₀X₁), for which N(0, a₀²I) is taken.
struct PerturbedSource {
  double a = 1.0;
  double b = 0.0;
};

/// What that does, and what bounds it.
struct SourceError {
  Estimate generated = {};  ///< W₂((X_{0,1})_# N(0, a₀²I), ν)
  Estimate source = {};     ///< W₂(N(0, a₀²I), Law X₀)
  Estimate lipschitz = {};  ///< ≥ Lip(X_{0,1}), equal for Gaussians
  Estimate moment = {};     ///< √E|X₁|²
};

/// Of ν = N(m, Σ), by X_{0,1}(x) = m + Σ^½S^{−½}(x − b₀m), S = a₀²I + b₀²Σ: closed form.
SourceError source_error(const Gaussian& target, const PerturbedSource& from);

/// Of ν = N(0, σ²I) * ρ. On the line, with F₀ and F the distribution functions of X₀ and ν, the
/// flow takes a₀z to F⁻¹(F₀(a₀z)) and the truth is F⁻¹(Φ(z)), both increasing in z. In the plane
/// both distances are those of one coupling, not less than W₂: with S₀ = a₀² + σ²b₀² and one Z, a₀Z
/// beside √S₀Z + b₀W, W ~ ρ, both carried to the end, on a grid of Z at two resolutions. The
/// Lipschitz constant is that of the class, (σ/√S₀) exp(a₀²R²/(2σ²S₀)).
/// @throws std::invalid_argument  d > 2, no common σ² > 0, or on the line not within_reach()
SourceError source_error(const GaussianMixture& target, const PerturbedSource& from);

/// On the line: double has F₀(a₀z) for every |z| ≤ 12, whatever is far from 0 of the target.
bool within_reach(const GaussianMixture& target, const PerturbedSource& from);

}  // namespace flowcheck
