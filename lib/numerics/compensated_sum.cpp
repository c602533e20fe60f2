#include "numerics/compensated_sum.hpp"

#include "numerics/types.hpp"

#include <cmath>

namespace flowcheck {

ExactSum exact_sum(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

void CompensatedSum::add(double x) {
  const ExactSum next = exact_sum(high_, x);
  high_ = next.sum;
  low_ += next.error;
  magnitude_ += std::abs(x);
  count_ += 1.0;
}

void CompensatedSum::add_product(double a, double b) {
  const double product = a * b;
  add(product);
  add(std::fma(a, b, -product));
}

double CompensatedSum::error_bound() const {
  const double relative = count_ * 0x1p-53;
  return 1.1 * relative * relative * magnitude_;
}

// The last addition and the one of the error bound are rounded to nearest: one step out for each.
double CompensatedSum::lower() const {
  return std::nextafter(std::nextafter(value(), -infinity) - error_bound(), -infinity);
}

double CompensatedSum::upper() const {
  return std::nextafter(std::nextafter(value(), infinity) + error_bound(), infinity);
}

}  // namespace flowcheck
