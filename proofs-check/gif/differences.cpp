#include "gif/differences.hpp"

namespace flowcheck {

Estimate EnclosedVector::entry(Index i) const {
  return discretisation > 0.0 ? Estimate::converged(value(i), discretisation, round_off)
                              : Estimate::closed_form(value(i), round_off);
}

EnclosedVector derivative(const std::function<EnclosedVector(double)>& f, double h) {
  double round_off = 0.0;
  const auto difference = [&](double step) -> Vector {
    const EnclosedVector up = f(step);
    const EnclosedVector down = f(-step);
    round_off = (up.round_off + down.round_off) / (2.0 * step);
    return (up.value - down.value) / (2.0 * step);
  };
  const Vector coarse = difference(h);
  const Vector middle = difference(0.5 * h);
  const Vector fine = difference(0.25 * h);
  const Vector first = middle + (middle - coarse) / 3.0;
  const Vector second = fine + (fine - middle) / 3.0;
  const Vector last = second + (second - first) / 15.0;
  // The weights of the last value sum to 1.9 in absolute value, and the finest errs most.
  return {.value = last, .round_off = 2.0 * round_off, .discretisation = (last - second).norm()};
}

void add_identity(std::vector<Bound>& bounds,
                  const EnclosedVector& a,
                  const EnclosedVector& b,
                  const std::string& part,
                  double scale) {
  for (Index i = 0; i < a.value.size(); ++i) {
    bounds.push_back(identity(a.entry(i), b.entry(i), part, scale));
  }
}

}  // namespace flowcheck
