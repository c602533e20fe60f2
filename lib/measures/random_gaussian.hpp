#pragma once

#include "measures/gaussian.hpp"
#include "numerics/rng.hpp"

namespace flowcheck {

/// Which Gaussians random_gaussian() draws.
struct RandomGaussianOptions {
  double mean_scale = 1.5;         ///< standard deviation of each entry of the mean
  double smallest_variance = 0.1;  ///< eigenvalues of Σ are log-uniform between these
  double largest_variance = 4.0;
};

Matrix random_orthogonal(Rng& rng, Index dimension);  ///< Haar measure on O(d)

/// N(m, Σ) with random mean, eigenvalues and (Haar) eigenvectors: two draws do not commute.
Gaussian random_gaussian(Rng& rng, Index dimension, const RandomGaussianOptions& options = {});

/// x ↦ Rx + b, R orthogonal: leaves every distance in this library as it is.
AffineMap random_rigid_motion(Rng& rng, Index dimension);

}  // namespace flowcheck
