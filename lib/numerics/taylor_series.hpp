#pragma once

#include "numerics/types.hpp"

#include <memory>
#include <vector>

namespace flowcheck {

/// Truncated Taylor series in d variables about a point:
///
///   f(x + h) = Σ_{|α| ≤ r} c_α h^α + O(|h|^{r+1}),    c_α = ∂^α f(x)/α!.
///
/// Arithmetic in it gives every derivative of a composite function up to order r at once, exact but
/// for round-off. Operands of different order give the lower one. A product costs
/// C(2d + r, r) multiplications (d = 2, r = 7: 330), exp and the like r products.
class TaylorSeries {
 public:
  /// A constant.
  /// @param variables  d in [1, 6]
  /// @param order      r in [0, 16], at most 10, 7, 5, 4 for d = 3, 4, 5, 6
  /// @throws std::invalid_argument  outside these
  TaylorSeries(Index variables, int order, double constant);

  /// The coordinate x_i itself: `at` + h_i.
  /// @throws std::invalid_argument  as above, or no such variable, or r = 0
  static TaylorSeries variable(Index variables, int order, Index i, double at);

  Index variables() const;
  int order() const { return order_; }
  double value() const { return coefficients_(0); }  ///< f(x)

  /// ∂f/∂x_i, of order r − 1.
  /// @throws std::invalid_argument  no such variable, or r = 0
  TaylorSeries derivative(Index i) const;

  TaylorSeries operator-() const;
  friend TaylorSeries operator+(const TaylorSeries& a, const TaylorSeries& b);
  friend TaylorSeries operator-(const TaylorSeries& a, const TaylorSeries& b);
  friend TaylorSeries operator*(const TaylorSeries& a, const TaylorSeries& b);
  friend TaylorSeries operator+(const TaylorSeries& a, double b);
  friend TaylorSeries operator*(double a, const TaylorSeries& b);

  friend TaylorSeries exp(const TaylorSeries& a);
  friend TaylorSeries log(const TaylorSeries& a);         ///< a > 0, else NaN
  friend TaylorSeries reciprocal(const TaylorSeries& a);  ///< 1/a
  friend TaylorSeries cos(const TaylorSeries& a);

 private:
  struct Monomials;
  static std::shared_ptr<const Monomials> monomials_of(Index variables);

  TaylorSeries(std::shared_ptr<const Monomials> monomials, int order, Vector coefficients);
  TaylorSeries composed(const Vector& outer) const;

  std::shared_ptr<const Monomials> monomials_;
  int order_ = 0;
  Vector coefficients_;  // by degree, so that a lower order is a head of it
};

using SeriesVector = std::vector<TaylorSeries>;  ///< a map x ↦ (f_1, …, f_m)
using SeriesMatrix = std::vector<SeriesVector>;  ///< rows

/// The point itself, as a map: x_i + h_i.
SeriesVector variables_at(const Vector& x, int order);

Vector values(const SeriesVector& f);
SeriesVector gradient(const TaylorSeries& f);  ///< of order r − 1
SeriesMatrix jacobian(const SeriesVector& f);  ///< (∂f_i/∂x_j), of order r − 1
TaylorSeries dot(const SeriesVector& a, const SeriesVector& b);

/// A = LU, rows exchanged: log det A and A⁻¹b.
class SeriesFactors {
 public:
  /// @throws std::invalid_argument  A is empty or not square
  explicit SeriesFactors(SeriesMatrix A);

  TaylorSeries log_determinant() const;             ///< NaN where det A ≤ 0
  SeriesVector solve(const SeriesVector& b) const;  ///< @throws std::invalid_argument  its length

 private:
  SeriesMatrix factors_;  // L below the diagonal, of ones on it, and U
  SeriesVector inverse_pivots_;
  std::vector<std::size_t> rows_;  // of A, in the order of elimination
  bool positive_ = true;           // det A > 0
};

}  // namespace flowcheck
