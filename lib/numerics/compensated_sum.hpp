#pragma once

namespace flowcheck {

/// Sum in twice the working precision, with a rigorous error bound: for k numbers added,
///
///   |high + low − Σxᵢ| ≤ 1.1 (ku)² Σ|xᵢ|,    u = 2⁻⁵³, k < 2⁴⁰,
///
/// barring overflow [OgitaRumpOishi2005]. A product counts as two numbers, its rounded value and
/// the error of that, which is exact barring underflow.
class CompensatedSum {
 public:
  void add(double x);
  void add_product(double a, double b);

  double value() const { return high_ + low_; }
  double low_part() const { return low_ - (value() - high_); }  ///< the sum less value()
  double error_bound() const;  ///< of high + low, not rounded to one double
  double lower() const;        ///< ≤ the exact sum
  double upper() const;        ///< ≥ the exact sum

 private:
  double high_ = 0.0;
  double low_ = 0.0;
  double magnitude_ = 0.0;
  double count_ = 0.0;
};

/// s + error = a + b exactly, s the rounded sum.
struct ExactSum {
  double sum = 0.0;
  double error = 0.0;
};
ExactSum exact_sum(double a, double b);

}  // namespace flowcheck
