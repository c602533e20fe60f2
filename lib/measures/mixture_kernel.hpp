#pragma once

#include <cstddef>
#include <cstdint>

namespace flowcheck {

/// One block of points through a factored mixture: what the vector kernels are given. Plain
/// pointers, for the sources compiled with wide instructions share nothing inline with the rest.
/// Arrays are row-major, component by component; a row of a symmetric matrix is a column too.
///
/// With δₖ = x − cₖ, component k has log weight ℓₖ = log_weightsₖ − ½|Rₖδₖ|², relative weight
/// eₖ = exp(ℓₖ − max ℓ) (0 below −cut), posterior weight rₖ = eₖ/Σe and value hₖ = oₖ + gGₖδₖ. With
/// h̄ = Σ rₖhₖ the results are
///
///   matrix = matrix_scale Σ rₖBₖ + covariance_scale Σ rₖ(hₖ − h̄)(hₖ − h̄)ᵀ,
///   vector = x_scale x + vector_scale h̄.
///
/// With a common covariance R is diagonal (in coordinates `rotation` leads to), G is 0, B the same
/// for all, and vector = x_scale X Σ rₖ(x − bμₖ) + vector_scale Σ rₖμₖ.
struct MixtureBlock {
  std::size_t dimension = 0;   // d
  std::size_t components = 0;  // K
  bool common = false;
  const double* centres = nullptr;  // cₖ, K × d, rotated if `rotation` is given
  // Rₖ, K × d(d+1)/2, upper triangles in panels; common: its diagonal, d.
  const double* whitening = nullptr;
  // Rₖᵀ in panels: then Gₖ = RₖᵀRₖ, which needs `whitened` and takes the place of `gains`.
  const double* transposed = nullptr;
  const double* log_weights = nullptr;  // K
  const double* rotation = nullptr;     // common: d × d, or none
  double cut = 0.0;

  const double* offsets = nullptr;   // oₖ, K × d, or none
  const double* gains = nullptr;     // Gₖ, K × d × d, or none
  double gain_scale = 0.0;           // g
  const double* matrices = nullptr;  // Bₖ, K × d(d+1)/2, lower triangles; common: one
  double matrix_scale = 0.0;
  const double* means = nullptr;     // common: μₖ, K × d
  double data_scale = 0.0;           // common: b
  const double* x_matrix = nullptr;  // common: X, d × d
  double x_scale = 0.0;
  double vector_scale = 0.0;
  double covariance_scale = 0.0;
  bool sort = false;  // bring points of one component together; changes no bit of the results

  const double* points = nullptr;  // d × count, column-major
  std::size_t count = 0;           // 1 … capacity
  std::size_t capacity = 0;        // a multiple of mixture_block_step
  double* largest = nullptr;       // max ℓ, capacity
  double* sums = nullptr;          // Σ e, capacity
  double* vectors = nullptr;       // d × count, column-major, or none
  double* triangles = nullptr;     // d(d+1)/2 × count, lower triangles row by row, or none

  double* coordinates = nullptr;       // scratch: d × capacity
  double* rotated = nullptr;           // scratch: d × capacity
  double* logs = nullptr;              // scratch: K × capacity, ℓₖ
  double* whitened = nullptr;          // scratch: K × d × capacity, Rₖδₖ, or none
  double* values = nullptr;            // scratch: K × d × 8
  double* weights = nullptr;           // scratch: K × 8
  double* rows = nullptr;              // scratch: max(d × 32, (d(d+1)/2 + 3d) × 8)
  double* heaviest = nullptr;          // scratch: capacity
  std::uint32_t* active = nullptr;     // scratch: K
  std::uint32_t* order = nullptr;      // scratch: capacity
  std::uint32_t* positions = nullptr;  // scratch: K + 1
};

enum {
  mixture_block_step = 32,  // four of the widest vectors
  mixture_panel = 4,        // rows of a triangular matrix that are multiplied together
};

// A triangular matrix in panels: rows i … i + 3 (one at a time in the last d mod 4 rows), column by
// column. An upper panel has the triangle at the diagonal first, rows i … l in column l, then its
// full columns; a lower panel has the full columns first, then the triangle, rows l … i + 3 in
// column l.

void mixture_block_portable(const MixtureBlock& block);
void mixture_block_avx2(const MixtureBlock& block);
void mixture_block_avx512(const MixtureBlock& block);

}  // namespace flowcheck
