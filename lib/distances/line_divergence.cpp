#include "distances/crossings.hpp"
#include "distances/divergence.hpp"
#include "distances/divergence_term.hpp"
#include "measures/line_measure.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace flowcheck {
namespace {

constexpr double farthest = 1e150;  // squares stay doubles
// Exponents α of a tail y^{−α} this close to 1 or below diverge.
constexpr double critical_exponent = 1.0 + 1e-9;

bool is_bounded(Divergence kind) {
  return kind == Divergence::total_variation || kind == Divergence::squared_hellinger ||
         kind == Divergence::jensen_shannon;
}

DensityPair pair_at(const LineMeasure& p, const LineMeasure& q, double x, bool with_scores) {
  const auto error_of = [](const LineMeasure& law, double log_density) {
    return 0.5 * law.log_normaliser().width() +
           4.0 * unit_round_off *
               (2.0 + std::abs(log_density) + std::abs(law.log_normaliser().value));
  };
  DensityPair at{.log_p = p.log_density(x), .log_q = q.log_density(x)};
  at.error_p = at.log_p > -infinity ? error_of(p, at.log_p) : 0.0;
  at.error_q = at.log_q > -infinity ? error_of(q, at.log_q) : 0.0;
  if (with_scores && at.log_p > -infinity && at.log_q > -infinity) {
    const double score_p = p.score(x);
    const double score_q = q.score(x);
    at.score_gap = std::abs(score_p - score_q);
    at.score_gap_error = 8.0 * unit_round_off * (std::abs(score_p) + std::abs(score_q));
  }
  return at;
}

// log of what the integrand is below of in a tail; the parts of it that are p or q alone are left
// to their survival functions.
double log_majorant(Divergence kind, const DensityPair& at) {
  const double l = std::abs(at.log_p - at.log_q);
  switch (kind) {
    case Divergence::kl:
      return at.log_p + std::log1p(l);
    case Divergence::symmetric_kl:
      return std::max(at.log_p, at.log_q) + std::log(2.0) + std::log1p(l);
    case Divergence::chi_squared:
      return 2.0 * at.log_p - at.log_q;
    case Divergence::fisher_information:
      return at.log_p + std::log1p(at.score_gap * at.score_gap);
    default:
      return -infinity;
  }
}

// Its derivative in x.
double majorant_slope(Divergence kind, const LineMeasure& p, const LineMeasure& q, double x) {
  const double score_p = p.score(x);
  const double score_q = q.score(x);
  const double gap = score_p - score_q;
  const double l = p.log_density(x) - q.log_density(x);
  const double of_log = (l < 0.0 ? -gap : gap) / (1.0 + std::abs(l));
  switch (kind) {
    case Divergence::kl:
      return score_p + of_log;
    case Divergence::symmetric_kl:
      return (l < 0.0 ? score_q : score_p) + of_log;
    case Divergence::chi_squared:
      return 2.0 * score_p - score_q;
    case Divergence::fisher_information:
      return score_p + 2.0 * gap * (p.score_slope(x) - q.score_slope(x)) / (1.0 + gap * gap);
    default:
      return 0.0;
  }
}

struct Tail {
  double end = 0.0;    // where the panels stop
  double bound = 0.0;  // of the integral beyond; +∞: not known
  bool diverges = false;
};

// The tail on the side of `sign` beyond `end`. With y the distance from the centre and g the
// majorant, log g is taken to be concave in log y up to the potentials' oscillation: its slope at
// y, or where there is an oscillation the chord's from y/2 to y, then bounds the slope from there
// on, g ≤ g(y) e^{osc} (y′/y)^{−α}. The chord alone may start in a valley between components.
Tail tail_beyond(
    Divergence kind, const LineMeasure& p, const LineMeasure& q, double end, double sign) {
  const double centre = p.potential().centre;
  const double oscillation = 2.0 * p.potential().oscillation + 2.0 * q.potential().oscillation;
  const auto log_g = [&](double y) {
    return log_majorant(kind,
                        pair_at(p, q, centre + sign * y, kind == Divergence::fisher_information));
  };
  const auto mass_beyond = [&](double x) {
    return sign > 0.0 ? p.survival(x) + q.survival(x) : p.cdf(x) + q.cdf(x);
  };

  Tail tail{.end = end};
  if (is_bounded(kind)) {
    tail.bound = mass_beyond(end);
    return tail;
  }
  // Panels of heavy tails go on to where squares overflow: their exponents are read off before.
  const double start = std::min(std::max(std::abs(end - centre), 1.0), 1e-30 * farthest);
  int divergent = 0;
  for (double y = start; y < farthest; y *= 2.0) {
    const DensityPair here = pair_at(p, q, centre + sign * y, false);
    if (here.log_p == -infinity) {
      // Nothing of p is left (its potential overflows): q alone, symmetric KL apart.
      tail.end = centre + sign * y;
      tail.bound = kind == Divergence::symmetric_kl && here.log_q > -infinity
                       ? infinity
                       : mass_beyond(tail.end);
      return tail;
    }
    if (here.log_q == -infinity) {
      tail.diverges = true;
      return tail;
    }
    const double height = log_g(y);
    const double drop =
        oscillation == 0.0
            ? -sign * y * majorant_slope(kind, p, q, centre + sign * y) * std::numbers::ln2
            : log_g(0.5 * y) - height;
    const double most = (drop + oscillation) / std::numbers::ln2;
    const double least = (drop - oscillation) / std::numbers::ln2;
    if (std::isnan(drop)) break;
    if (y > std::abs(end - centre)) tail.end = centre + sign * y;
    if (least > critical_exponent) {
      const double log_bound = oscillation + height + std::log(y / (least - 1.0));
      tail.bound = std::exp(log_bound) + mass_beyond(tail.end);
      // Far enough, unless going on costs nothing: a panel or two.
      if (log_bound < -145.0) return tail;
      divergent = 0;
    } else {
      tail.bound = infinity;
      if (most <= critical_exponent) ++divergent;
      if (divergent >= 12) {
        tail.diverges = true;
        return tail;
      }
    }
  }
  if (tail.bound == infinity && divergent > 2) tail.diverges = true;
  return tail;
}

// Ends of the panels; between panels of very different widths, across a valley too deep for panels
// and outwards to `lower` and `upper`, cuts at doubling distances: a narrow component may give way
// to a wide one anywhere there.
std::vector<double> graded_ends(const LineMeasure& p, double lower, double upper) {
  const std::vector<double> ends = p.panel_ends();
  std::vector<double> result = ends;
  const auto add = [&](double from, double step, double furthest) {
    if (!(step > 0.0)) return;
    const double sign = furthest < from ? -1.0 : 1.0;
    const double range = std::abs(furthest - from);
    int count = 0;
    for (double y = step; y < range && count < 64; y *= 2.0, ++count) {
      result.push_back(from + sign * y);
    }
  };
  for (std::size_t i = 1; i + 1 < ends.size(); ++i) {
    const double before = ends[i] - ends[i - 1];
    const double after = ends[i + 1] - ends[i];
    if (after > 2.0 * before) add(ends[i], before, 0.5 * (ends[i] + ends[i + 1]));
    if (before > 2.0 * after) add(ends[i], after, 0.5 * (ends[i] + ends[i - 1]));
  }
  if (ends.size() > 1) {
    add(ends.front(), ends[1] - ends[0], lower);
    add(ends.back(), ends.back() - ends[ends.size() - 2], upper);
  }
  return result;
}

// Fisher information asks for √(p/q) without jumps where q is positive.
bool ratio_jumps(const LineMeasure& p, const LineMeasure& q) {
  std::vector<double> candidates = p.kinks();
  candidates.insert(candidates.end(), q.kinks().begin(), q.kinks().end());
  for (const double x : {p.lower(), p.upper()}) {
    if (std::isfinite(x)) candidates.push_back(x);
  }
  for (const double x : candidates) {
    const double step = 1e-10 * (1.0 + std::abs(x));
    const DensityPair before = pair_at(p, q, x - step, false);
    const DensityPair after = pair_at(p, q, x + step, false);
    if (before.log_q == -infinity || after.log_q == -infinity) continue;
    const bool p_before = before.log_p > -infinity;
    const bool p_after = after.log_p > -infinity;
    if (!p_before && !p_after) continue;
    if (p_before != p_after) {
      // An edge where p vanishes continuously is no jump.
      const double side = p_before ? -1.0 : 1.0;
      const double near = p.density(x + side * step);
      const double further = p.density(x + 64.0 * side * step);
      if (near > 0.5 * further) return true;
      continue;
    }
    const double gap = std::abs((after.log_p - after.log_q) - (before.log_p - before.log_q));
    const double slope = std::abs(p.score(x - step)) + std::abs(p.score(x + step)) +
                         std::abs(q.score(x - step)) + std::abs(q.score(x + step));
    if (gap > 1e-6 + 8.0 * step * slope) return true;
  }
  return false;
}

}  // namespace

Estimate divergence(Divergence kind, const LineMeasure& p, const LineMeasure& q) {
  const bool p_outside = p.lower() < q.lower() || p.upper() > q.upper();
  const bool q_outside = q.lower() < p.lower() || q.upper() > p.upper();
  if (!is_bounded(kind) && p_outside) return infinity;
  if (kind == Divergence::symmetric_kl && q_outside) return infinity;
  if (kind == Divergence::fisher_information && ratio_jumps(p, q)) return infinity;

  const double lowest = std::min(p.panel_ends().front(), q.panel_ends().front());
  const double highest = std::max(p.panel_ends().back(), q.panel_ends().back());
  std::vector<double> marks = graded_ends(p, lowest, highest);
  const std::vector<double> others = graded_ends(q, lowest, highest);
  marks.insert(marks.end(), others.begin(), others.end());
  std::sort(marks.begin(), marks.end());

  // Tails where p goes on beyond its panels; where p has ended, q's panels are all there is.
  const double first = marks.front();
  const double last = marks.back();
  double discretisation = 0.0;
  bool upper_known = true;
  for (const double sign : {-1.0, 1.0}) {
    const double end = sign < 0.0 ? first : last;
    const double support = sign < 0.0 ? p.lower() : p.upper();
    const double other = sign < 0.0 ? q.lower() : q.upper();
    if (std::isfinite(support)) {
      if (!std::isfinite(other)) discretisation += sign < 0.0 ? q.cdf(end) : q.survival(end);
      continue;
    }
    const Tail tail = tail_beyond(kind, p, q, end, sign);
    if (tail.diverges) return infinity;
    if (tail.bound == infinity) {
      upper_known = false;
      continue;
    }
    discretisation += tail.bound;
    const double centre = p.potential().centre;
    const double distance = std::abs(tail.end - centre);
    for (double y = std::max(std::abs(end - centre), 1.0); y < distance; y *= 2.0) {
      marks.push_back(centre + sign * y);
    }
    marks.push_back(tail.end);
  }
  std::sort(marks.begin(), marks.end());

  const bool with_scores = kind == Divergence::fisher_information;
  const auto integrand = [&](const PanelArray& x, PanelValues& f) {
    for (std::size_t n = 0; n < panel_nodes; ++n) {
      const DivergenceTerm term = divergence_term(kind, pair_at(p, q, x[n], with_scores));
      f.values[n] = term.value;
      f.errors[n] = term.error;
    }
  };
  const auto gap = [&](const PanelArray& x, PanelArray& g) {
    for (std::size_t n = 0; n < panel_nodes; ++n) {
      const double l = p.log_density(x[n]) - q.log_density(x[n]);
      g[n] = std::isnan(l) ? 0.0 : l;  // both are zero
    }
  };
  if (kind == Divergence::total_variation) marks = marks_with_crossings(marks, gap);
  const QuadratureResult inner = adaptive_quadrature(integrand, marks);
  if (inner.value == infinity) return infinity;  // p positive where q is zero

  const double limit = kind == Divergence::jensen_shannon ? std::numbers::ln2
                       : is_bounded(kind)                 ? 1.0
                                                          : infinity;
  const Estimate estimate = max(
      0.0, min(limit, Estimate::converged(std::min(limit, inner.value),
                                          inner.discretisation + discretisation, inner.round_off)));
  if (upper_known) return estimate;
  return Estimate::between(estimate.value, estimate.lower, infinity, Grade::converged);
}

}  // namespace flowcheck
