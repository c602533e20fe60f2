#include "distances/singular_divergence.hpp"

#include "distances/affine_support.hpp"
#include "distances/divergence_term.hpp"
#include "numerics/compensated_sum.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

namespace flowcheck {
namespace {

bool is_bounded(Divergence kind) {
  return kind == Divergence::total_variation || kind == Divergence::squared_hellinger ||
         kind == Divergence::jensen_shannon;
}

// Of mutually singular measures.
Estimate largest(Divergence kind) {
  if (!is_bounded(kind)) return infinity;
  return kind == Divergence::jensen_shannon ? Estimate::closed_form(std::numbers::ln2, 0x1p-53)
                                            : Estimate(1.0);
}

std::vector<Gaussian> components(const GaussianMixture& mixture) {
  std::vector<Gaussian> result;
  for (Index k = 0; k < mixture.size(); ++k) {
    if (mixture.weights()(k) > 0.0) result.push_back(mixture.component(k));
  }
  return result;
}

bool are_atoms(const GaussianMixture& mixture) {
  for (Index k = 0; k < mixture.size(); ++k) {
    if (mixture.weights()(k) > 0.0 && mixture.kernel(k).rank() > 0) return false;
  }
  return true;
}

// How p's components find their supports among q's.
struct Cover {
  Index shared = 0;    // by at least one
  Index alone = 0;     // surely by none
  Index unknown = 0;   // the others
  bool by_all = true;  // every component of p by every one of q

  bool disjoint() const { return shared == 0 && unknown == 0; }
};

Cover cover(const GaussianMixture& p, const GaussianMixture& q) {
  const Index d = p.dimension();
  std::vector<std::vector<Gaussian>> by_rank(static_cast<std::size_t>(d + 1));
  for (const Gaussian& c : components(q)) by_rank[static_cast<std::size_t>(c.rank())].push_back(c);
  const auto kinds = std::count_if(by_rank.begin(), by_rank.end(),
                                   [](const std::vector<Gaussian>& c) { return !c.empty(); });
  Cover result{.by_all = kinds == 1};
  for (const Gaussian& c : components(p)) {
    bool shared = false;
    bool unknown = false;
    const std::vector<Gaussian>& candidates = by_rank[static_cast<std::size_t>(c.rank())];
    if (candidates.empty()) result.by_all = false;
    for (const Gaussian& candidate : candidates) {
      const SupportRelation relation = compare_supports(c, candidate);
      shared = shared || relation == SupportRelation::same;
      unknown = unknown || relation == SupportRelation::unknown;
      result.by_all = result.by_all && relation == SupportRelation::same;
      if (shared && !result.by_all) break;
    }
    ++(shared ? result.shared : unknown ? result.unknown : result.alone);
  }
  return result;
}

// What is known before any density is looked at.
enum class Answer { largest, reduced, not_known };

Answer answer_of(Divergence kind,
                 const GaussianMixture& p,
                 const GaussianMixture& q,
                 const Cover& covered) {
  if (covered.disjoint()) return Answer::largest;
  if (!is_bounded(kind) && covered.alone > 0) return Answer::largest;
  if (covered.by_all) return Answer::reduced;
  if (kind == Divergence::symmetric_kl && cover(q, p).alone > 0) return Answer::largest;
  return Answer::not_known;
}

// The atoms with their masses in the points' order, equal points as one.
struct Atoms {
  std::vector<Index> places;   // a column of the points
  std::vector<double> masses;  // good to a few units
};

Atoms atoms_of(const PointCloud& cloud) {
  const Matrix& x = cloud.points();
  const auto before = [&x](Index i, Index j) {
    return std::lexicographical_compare(x.col(i).begin(), x.col(i).end(), x.col(j).begin(),
                                        x.col(j).end());
  };
  std::vector<Index> order(static_cast<std::size_t>(cloud.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), before);
  CompensatedSum total;
  for (const double w : cloud.weights()) total.add(w);
  const double n = static_cast<double>(cloud.size());
  Atoms result;
  for (std::size_t i = 0; i < order.size();) {
    CompensatedSum sum;
    std::size_t end = i;
    for (; end < order.size() && !before(order[i], order[end]); ++end) {
      sum.add(cloud.weights()(order[end]));
    }
    // Counted where it can be, so that equal shares are equal numbers.
    const double mass =
        cloud.uniform() ? static_cast<double>(end - i) / n : sum.value() / total.value();
    if (mass > 0.0) {
      result.places.push_back(order[i]);
      result.masses.push_back(mass);
    }
    i = end;
  }
  return result;
}

}  // namespace

Estimate divergence(Divergence kind, const PointCloud& p, const PointCloud& q) {
  require(p.dimension() == q.dimension(), "divergence: the measures differ in dimension");
  require(kind != Divergence::fisher_information,
          "divergence: Fisher information needs densities, points have none");
  const Atoms first = atoms_of(p);
  const Atoms second = atoms_of(q);
  const auto before = [](const auto& a, const auto& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  };
  CompensatedSum sum;
  double error = 0.0;
  const auto add = [&](double mass_p, double mass_q) {
    const auto error_of = [](double log_mass) {
      return unit_round_off * (4.0 + 2.0 * std::abs(log_mass));
    };
    DensityPair at{.log_p = std::log(mass_p), .log_q = std::log(mass_q)};
    if (mass_p > 0.0) at.error_p = error_of(at.log_p);
    if (mass_q > 0.0) at.error_q = error_of(at.log_q);
    const DivergenceTerm term = divergence_term(kind, at);
    sum.add(term.value);
    error += term.error;
  };
  bool shared = false;
  for (std::size_t i = 0, j = 0; i < first.places.size() || j < second.places.size();) {
    const bool at_p = j == second.places.size() ||
                      (i < first.places.size() &&
                       !before(q.points().col(second.places[j]), p.points().col(first.places[i])));
    const bool at_q = i == first.places.size() ||
                      (j < second.places.size() &&
                       !before(p.points().col(first.places[i]), q.points().col(second.places[j])));
    const bool infinite =
        (at_p && !at_q && !is_bounded(kind)) || (at_q && !at_p && kind == Divergence::symmetric_kl);
    if (infinite) return infinity;
    add(at_p ? first.masses[i] : 0.0, at_q ? second.masses[j] : 0.0);
    shared = shared || (at_p && at_q);
    if (at_p) ++i;
    if (at_q) ++j;
  }
  if (!shared) return largest(kind);
  const double value = sum.value();
  if (!std::isfinite(value)) {  // finite, but not a double
    return Estimate::between(infinity, std::numeric_limits<double>::max(), infinity,
                             Grade::closed_form);
  }
  const double limit = kind == Divergence::jensen_shannon ? std::numbers::ln2
                       : is_bounded(kind)                 ? 1.0
                                                          : infinity;
  return max(0.0, min(limit, Estimate::closed_form(std::min(limit, value),
                                                   error + 4.0 * unit_round_off * value)));
}

std::string singular_obstacle(Divergence kind, const GaussianMixture& p, const GaussianMixture& q) {
  if (p.has_density() && q.has_density()) return "";
  if (kind != Divergence::fisher_information && are_atoms(p) && are_atoms(q)) return "";
  const Cover covered = cover(p, q);
  switch (answer_of(kind, p, q, covered)) {
    case Answer::largest:
      return "";
    case Answer::reduced: {
      const std::vector<Index> coordinates = supporting_coordinates(p, q);
      if (!coordinates.empty() && marginal(p, coordinates).has_density() &&
          marginal(q, coordinates).has_density()) {
        return "";
      }
      return "the common support of A and B has no coordinates in which both have a density to "
             "rounding";
    }
    case Answer::not_known:
      break;
  }
  if (covered.unknown > 0) {
    return "A and B live on affine subspaces that are equal to rounding, and whether they are "
           "equal "
           "is not known";
  }
  return "A and B have components without a density, and share some of their supports but not all";
}

Estimate singular_divergence(Divergence kind,
                             const GaussianMixture& p,
                             const GaussianMixture& q,
                             const DivergenceOptions& options) {
  require(p.dimension() == q.dimension(), "singular_divergence: the measures differ in dimension");
  if (p.has_density() && q.has_density()) return divergence(kind, p, q, options);
  if (kind != Divergence::fisher_information && are_atoms(p) && are_atoms(q)) {
    return divergence(kind, PointCloud(p.means(), p.weights()), PointCloud(q.means(), q.weights()));
  }
  const std::string obstacle = singular_obstacle(kind, p, q);
  require(obstacle.empty(), "singular_divergence: " + obstacle);
  if (answer_of(kind, p, q, cover(p, q)) == Answer::largest) return largest(kind);
  const std::vector<Index> coordinates = supporting_coordinates(p, q);
  return divergence(kind, marginal(p, coordinates), marginal(q, coordinates), options);
}

}  // namespace flowcheck
