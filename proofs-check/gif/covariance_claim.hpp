#pragma once

#include "gif/instances.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// Both ends of the spectrum of C(r, y) = Cov[X₁ | Z + rX₁ = y].
struct CovarianceEigenvalues {
  Estimate least = 0.0;
  Estimate largest = 0.0;
};
CovarianceEigenvalues covariance_eigenvalues(const DataLaw& law, double r, const Vector& y);

/// A bound c(r), in units of the covariance; not finite where there is none.
using CovarianceFunction = std::function<Estimate(double r)>;

/// λ_max C ≤ c(r) wherever a flow is looked at, where c is finite.
std::vector<Bound> covariance_below(const FlowProblem& problem,
                                    const CovarianceFunction& c,
                                    const std::string& part = {});

/// λ_min C ≥ c(r) wherever a flow is looked at.
std::vector<Bound> covariance_above(const FlowProblem& problem,
                                    const CovarianceFunction& c,
                                    const std::string& part = {});

/// The same of the supremum over all y, on the linear schedule's times, where it is enclosed:
/// Gaussians, two centres, points and mixtures of one covariance in the plane, on the line all
/// mixtures and what is bounded, and of one width where the farthest centres are an edge.
/// Otherwise left out, and likewise each time at which the search for such a law stays open.
std::vector<Bound> supremum_below(const FlowProblem& problem,
                                  const CovarianceFunction& c,
                                  const std::string& part);

/// At one place: for tight instances and controls.
Outcome covariance_below_at(const DataLaw& law, double r, const Vector& y, const Estimate& c);
Outcome covariance_above_at(const DataLaw& law, double r, const Vector& y, const Estimate& c);

/// One instance, drawn once.
Instance at_once(std::string name, std::function<Outcome()> evaluate);

/// Measures of more dimensions than that are not taken as targets of claims on covariances.
inline constexpr Index largest_target_dimension = 16;

/// on_flow_target(), up to that dimension.
std::function<Outcome(const Target&)> on_covariance_target(const EvaluateFlow& evaluate);

}  // namespace flowcheck
