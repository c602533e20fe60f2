#include "distances/divergence_term.hpp"

#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

// e^s − 1 − s. The difference loses 2/|s| units near 0: four digits at 1e-4.
double exp_beyond_tangent(double s) {
  if (std::abs(s) > 0.5) return std::expm1(s) - s;
  double sum = 0.0;  // s²/2! + s³/3! + … + s¹⁴/14!
  for (int k = 14; k >= 3; --k) sum = (1.0 + sum) * s / k;
  return 0.5 * s * s * (1.0 + sum);
}

// Where only one of the two densities is zero.
DivergenceTerm one_sided(Divergence kind, const DensityPair& at) {
  const bool p_alone = at.log_q == -infinity;
  const double b = std::exp(p_alone ? at.log_p : at.log_q);
  const double error = p_alone ? at.error_p : at.error_q;
  double factor = 0.5;
  switch (kind) {
    case Divergence::total_variation:
    case Divergence::squared_hellinger:
      break;
    case Divergence::jensen_shannon:
      factor = 0.5 * std::numbers::ln2;
      break;
    case Divergence::kl:
    case Divergence::chi_squared:
      factor = p_alone ? infinity : 1.0;
      break;
    case Divergence::symmetric_kl:
      factor = infinity;
      break;
    case Divergence::fisher_information:
      factor = p_alone ? infinity : 0.0;
      break;
  }
  if (b == 0.0) return {};  // underflow: a tail, which is bounded elsewhere
  if (factor == infinity) return {.value = infinity};
  return {.value = factor * b, .error = factor * b * error};
}

// What errors of log p and log q make of second order: ½|∇²f| on both. At p = q, where f is least
// and the first order is nothing, it is all there is. A density that vanishes has no part in it,
// however wrong its logarithm.
double second_order(Divergence kind, const DensityPair& at) {
  const double a = std::abs(at.log_p - at.log_q);
  const double b = std::exp(std::max(at.log_p, at.log_q));
  const double t = std::exp(-a);
  const double p = at.log_p >= at.log_q ? b : b * t;
  const double q = at.log_p >= at.log_q ? b * t : b;
  double pp = 0.0;
  double pq = 0.0;
  double qq = 0.0;
  switch (kind) {
    case Divergence::kl:
      pp = p * (1.0 + a);
      pq = p;
      qq = q;
      break;
    case Divergence::chi_squared: {
      const double ratio = std::exp(2.0 * at.log_p - at.log_q);
      pp = 4.0 * ratio + 2.0 * p;
      pq = 2.0 * ratio;
      qq = ratio + q;
      break;
    }
    case Divergence::squared_hellinger:
      pq = 0.25 * b * std::sqrt(t);
      pp = 0.5 * p + pq;
      qq = 0.5 * q + pq;
      break;
    case Divergence::jensen_shannon: {
      // |log p/m| is at most log 2 for the larger density, and a for the other.
      const double of_larger = std::min(a, std::numbers::ln2);
      pp = 0.5 * p * (0.5 + (p >= q ? of_larger : a));
      pq = 0.5 * std::min(p, q);
      qq = 0.5 * q * (0.5 + (q >= p ? of_larger : a));
      break;
    }
    case Divergence::symmetric_kl:
      pp = p * (2.0 + a);
      pq = p + q;
      qq = q * (2.0 + a);
      break;
    case Divergence::total_variation:     // of first order everywhere
    case Divergence::fisher_information:  // exact in the score's error
      break;
  }
  return 0.5 * (pp * at.error_p * at.error_p + qq * at.error_q * at.error_q) +
         pq * at.error_p * at.error_q;
}

}  // namespace

DivergenceTerm divergence_term(Divergence kind, const DensityPair& at) {
  const double top = std::max(at.log_p, at.log_q);
  if (top == -infinity) return {};
  if (std::min(at.log_p, at.log_q) == -infinity) return one_sided(kind, at);

  const double l = at.log_p - at.log_q;
  const double a = std::abs(l);
  const double e = at.error_p + at.error_q;
  const double b = std::exp(top);
  double value = 0.0;
  double error = 0.0;
  switch (kind) {
    case Divergence::kl: {
      const double t = std::exp(-a);
      if (l >= 0.0) {
        value = b * exp_beyond_tangent(-a);
        error = b * (a * at.error_p - std::expm1(-a) * at.error_q);
      } else {
        value = b * (a < 0.5 ? t * exp_beyond_tangent(a) : 1.0 - t - a * t);
        error = b * (a * t * at.error_p - std::expm1(-a) * at.error_q);
      }
      break;
    }
    case Divergence::chi_squared: {
      const double gap = -std::expm1(-a);
      const double scale = l >= 0.0 ? std::exp(2.0 * at.log_p - at.log_q) : b;
      value = scale * gap * gap;
      error = 4.0 * scale * gap * e;
      break;
    }
    case Divergence::total_variation:
      value = -0.5 * b * std::expm1(-a);
      error = 0.5 * b * e;
      break;
    case Divergence::squared_hellinger: {
      const double gap = -std::expm1(-0.5 * a);
      value = 0.5 * b * gap * gap;
      error = 0.5 * b * gap * e;
      break;
    }
    case Divergence::jensen_shannon: {
      const double gap = -std::expm1(-a);
      if (a < 1.0) {
        // √(pq) (s sinh s − cosh s log cosh s), s = a/2: the terms are as 2 to 1, nothing cancels.
        const double s = 0.5 * a;
        const double half = std::sinh(0.5 * s);
        const double log_cosh = std::log1p(2.0 * half * half);
        value = b * std::exp(-s) * (s * std::sinh(s) - (1.0 + 2.0 * half * half) * log_cosh);
      } else {
        const double t = std::exp(-a);
        value = -0.5 * b * ((1.0 + t) * std::log1p(-0.5 * gap) + a * t);
      }
      error = 0.75 * b * gap * e;
      break;
    }
    case Divergence::symmetric_kl: {
      const double gap = -std::expm1(-a);
      value = b * gap * a;
      error = b * (a + gap) * e;
      break;
    }
    case Divergence::fisher_information: {
      const double p = std::exp(at.log_p);
      value = p * at.score_gap * at.score_gap;
      error =
          p * at.score_gap_error * (2.0 * at.score_gap + at.score_gap_error) + value * at.error_p;
      break;
    }
  }
  return {.value = value, .error = error + second_order(kind, at) + 8.0 * unit_round_off * value};
}

}  // namespace flowcheck
