#pragma once

#include "claims/claim.hpp"
#include "gif/instances.hpp"
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

  double error() const { return round_off + discretisation; }
  Estimate entry(Index i) const;  ///< closed_form without discretisation, converged otherwise
};

/// f′(0) by central differences of steps h, h/2, h/4 and h/8, extrapolated to order 8. The distance
/// to what the first three give, of order 6, is the error; the errors of f's values add to it.
EnclosedVector derivative(const std::function<EnclosedVector(double)>& f, double h);

/// Steps small against the scale on which the posterior at a point changes. Of any law in space
/// a²/b over its spread, in time what moves the posterior's exponent by one; of a mixture, where
/// that is longer, what moves no component's log-odds ℓ to the likeliest by more than a small share
/// of their distance to e^ℓ = −1: a component that stays below e^{−100} does not count.
double space_step(const FlowProblem& problem, const FlowPoint& at);
double time_step(const FlowProblem& problem, const FlowPoint& at);

/// What components that space_step() and time_step() do not count may add to a posterior mean:
/// e^{−100}(max |centre| + √E|X₁|²), an error of its values among differences; 0 for other laws.
double uncounted_mean(const FlowProblem& problem);

inline constexpr const char* no_digits = "left out: differences have too few digits here";

/// Entry by entry, differences = formula, relative to `scale`, the size of what the formula gives.
/// Entries that agree to within errors wider than a claim's tolerance are left out; what is
/// violated stays.
void add_differences(std::vector<Bound>& bounds,
                     const EnclosedVector& differences,
                     const EnclosedVector& formula,
                     const std::string& part,
                     double scale);

/// Entry by entry a = b. @param scale  size of the largest term that made either
void add_identity(std::vector<Bound>& bounds,
                  const EnclosedVector& a,
                  const EnclosedVector& b,
                  const std::string& part,
                  double scale);

}  // namespace flowcheck
