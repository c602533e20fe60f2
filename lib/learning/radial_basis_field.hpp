#pragma once

#include "learning/batches.hpp"
#include "numerics/types.hpp"

namespace flowcheck {

/// A velocity field that is linear in its coefficients,
///
///   v(t, x) = b + A z + Σ_k c_k exp(−|z − m_k|²/(2 w_k²)),    z = x, or (x, t) with time input.
struct RadialBasisField {
  Matrix centres = {};       ///< m_k, one a column; d or d + 1 rows
  Vector widths = {};        ///< w_k > 0
  Matrix coefficients = {};  ///< (b, A, c), d × (1 + rows of centres + K)

  Index dimension() const { return coefficients.rows(); }
  bool time_input() const { return centres.rows() == dimension() + 1; }
};

/// v and its exact divergence at each column of `points`, d × n.
/// @throws std::invalid_argument  sizes that do not fit, or a width that is not positive
Matrix velocity(const RadialBasisField& field, double t, const Matrix& points);
Vector divergence(const RadialBasisField& field, double t, const Matrix& points);

struct RadialBasisFit {
  RadialBasisField field = {};
  double loss = 0.0;  ///< n⁻¹ Σ_j |v(t_j, x_j) − y_j|², the least there is
  Index rank = 0;     ///< of the design matrix, 1 + rows of centres + K at most
};

/// The coefficients of least loss over a batch for given centres and widths; those of least norm
/// where several attain it. A complete orthogonal decomposition, O(n K²).
/// @throws std::invalid_argument  likewise, or an empty batch
RadialBasisFit fit_radial_basis(const Matrix& centres,
                                const Vector& widths,
                                const RegressionBatch& batch);

}  // namespace flowcheck
