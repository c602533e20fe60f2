#pragma once

#include "claims/claim.hpp"

#include <functional>

namespace flowcheck {

/// The user's start in units of the reference, which has a density: its image under
/// x ↦ Q^{−½}(x − μ), so that q = N(0, I).
Measure in_units_of_reference(const Target& target);

/// The whole problem so: also γλ and ε/√λ for γ and ε, λ = 1/λ_max(Q). On the line, and where Q is
/// a multiple of I, that is a change of the unit of length; elsewhere it keeps γλ and what is
/// guaranteed of KL, 9ε²/(2γλ²).
Target problem_in_units_of_reference(const Target& target);

/// For Claim::on_target of what is about q = N(0, I): `on_target` of the problem in those units.
std::function<Outcome(const Target&)> in_units_of_reference(
    const std::function<Outcome(const Target&)>& on_target);

}  // namespace flowcheck
