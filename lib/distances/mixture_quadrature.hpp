#pragma once

#include "distances/divergence.hpp"
#include "measures/gaussian_mixture.hpp"

namespace flowcheck {

/// Divergence of two mixtures with densities in one or two dimensions, by quadrature; see
/// divergence(). In the plane the inner integrals run along lines, on which a mixture is a mixture,
/// and the outer one over them.
Estimate quadrature_divergence(Divergence kind, const GaussianMixture& p, const GaussianMixture& q);

}  // namespace flowcheck
