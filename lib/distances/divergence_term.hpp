#pragma once

#include "distances/divergence.hpp"

namespace flowcheck {

/// Two densities at one point, as logs (−∞ where zero), with bounds of the logs' errors.
struct DensityPair {
  double log_p = 0.0;
  double log_q = 0.0;
  double error_p = 0.0;
  double error_q = 0.0;
  double score_gap = 0.0;  ///< |∇ log p − ∇ log q|, for Fisher information alone
  double score_gap_error = 0.0;
};

struct DivergenceTerm {
  double value = 0.0;  ///< ≥ 0; +∞ where p is positive, q zero and the divergence minds
  double error = 0.0;
};

/// Integrand of a divergence, written so that it is nonnegative and keeps its digits near p = q:
/// with a = |log p/q|, b = max(p, q),
///
///   KL: p log(p/q) − p + q;  χ²: (p − q)²/q;  TV: ½b(1 − e^{−a});  Hellinger: ½b(1 − e^{−a/2})²;
///   JS: ½p log(p/m) + ½q log(q/m);  symmetric KL: b(1 − e^{−a})a;  Fisher: p |score gap|².
///
/// The error is that of the logs to second order, which at p = q is all there is, and rounding.
DivergenceTerm divergence_term(Divergence kind, const DensityPair& at);

}  // namespace flowcheck
