#pragma once

#include "measures/line_curvature.hpp"

namespace flowcheck {

/// An extreme of an eigenvalue of ∇²log p over the plane. `converged` is an enclosure; `sampled`
/// has its far side from a theorem only, or infinite.
struct PlanarCurvature {
  Estimate value = 0.0;
  Vector place = {};      ///< that shows it; empty where it is a limit
  Vector direction = {};  ///< of length 1, the way to where it is +∞; otherwise empty
};

/// sup λ_max(∇²log p) and inf λ_min(∇²log p) over ℝ², p = Σ wₖ N(mₖ, Vₖ), V_k of any kind.
///
/// The supremum is finite if and only if some V₁ ⪰ all V_k and, where V₁ − V_k = ρffᵀ, the centre
/// m_k is not beyond those of covariance V₁ on either side across f. Otherwise it is +∞, closed
/// form, with the direction of the tie at which the components' scores grow apart. Where it is
/// finite, the components of covariance V₁ alone are left far out, tilted by θ = V₁⁻¹x as points
/// are in largest_tilted_covariance(). Cones αn + βn′ between the normals of their hull, the axes
/// and the eigendirections of each V_k⁻¹ − V₁⁻¹ cover the plane, in cells with ends up to ∞; on a
/// cell the log-odds, concave against V₁ along both sides, bound the weights, and those bound the
/// fourth derivatives of log p, so that its corners show the extreme to second order. Where two
/// components of nearly one covariance tie far out, these two alone bound the supremum.
///
/// The enclosure is a proof up to rounding, which is modelled. Cost O(K) a place, of which there
/// are at most 5 · most_places. Whether V₁ − V_k is semidefinite is exact for diagonal differences;
/// one whose determinant rounding hides leaves the supremum `sampled`, with upper = ∞. The infimum
/// without such a V₁: components narrower than all that are alone in some direction are lost
/// outside of a disk, and there it is −max λ_max(V_k⁻¹) of those that are not; in it cells of the
/// same bounds, converged. Closed form where none is narrower; `sampled`, between −max λ_max(V_k⁻¹)
/// of all and the least seen at the centres, where a narrower one ties with a wider in a direction.
/// Derivation: docs/derivations/planar_curvature.md.
/// @throws std::invalid_argument  not in the plane, or without a density
PlanarCurvature largest_planar_curvature(const GaussianMixture& p,
                                         const CurvatureOptions& options = {});
PlanarCurvature smallest_planar_curvature(const GaussianMixture& p,
                                          const CurvatureOptions& options = {});

/// The same where the covariances are V_k = a²I + b²Σ_k: Σ_k, of `ordered`, decide which of them is
/// the widest, as a² hides what they differ by once b/a is below 1e-4. Components and weights are
/// p's own.
PlanarCurvature largest_planar_curvature(const GaussianMixture& p,
                                         const GaussianMixture& ordered,
                                         const CurvatureOptions& options);
PlanarCurvature smallest_planar_curvature(const GaussianMixture& p,
                                          const GaussianMixture& ordered,
                                          const CurvatureOptions& options);

/// Whether the supremum is more than `sampled`, without a search; covariances may be singular.
bool encloses_planar_curvature(const GaussianMixture& p);

}  // namespace flowcheck
