#pragma once

#include "claims/claim.hpp"
#include "numerics/types.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// A vector with a bound of its error in the 2-norm.
struct EnclosedVector {
  Vector value = {};
  double round_off = 0.0;
  double discretisation = 0.0;

  Estimate entry(Index i) const;  ///< closed_form without discretisation, converged otherwise
};

/// f′(0) by central differences of steps h, h/2 and h/4, extrapolated twice to order 6. What the
/// last extrapolation changed is the error; the errors of f's values add to it.
EnclosedVector derivative(const std::function<EnclosedVector(double)>& f, double h);

/// Entry by entry a = b. @param scale  size of the largest term that made either
void add_identity(std::vector<Bound>& bounds,
                  const EnclosedVector& a,
                  const EnclosedVector& b,
                  const std::string& part,
                  double scale);

}  // namespace flowcheck
