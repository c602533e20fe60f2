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
#include <utility>
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

bool are_atoms(const GaussianMixture& mixture) {
  for (Index k = 0; k < mixture.size(); ++k) {
    if (mixture.weights()(k) > 0.0 && mixture.kernel(k).rank() > 0) return false;
  }
  return true;
}

// Of points, by their coordinates in turn.
bool precedes(const auto& x, const auto& y) {
  return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
}

// How p's components find their supports among q's.
struct Cover {
  Index supports = 0;  // as many as are told apart
  bool shared = false;
  bool unknown = false;  // a component of p lives where one of q may
  bool p_alone = false;  // a component of p surely lives where none of q does
  bool q_alone = false;

  // Of a support, who lives there, and who on one that may be the same.
  void add(bool of_p, bool of_q, bool near_p, bool near_q) {
    ++supports;
    shared = shared || (of_p && of_q);
    unknown = unknown || (of_p && !of_q && near_q);
    p_alone = p_alone || (of_p && !of_q && !near_q);
    q_alone = q_alone || (of_q && !of_p && !near_p);
  }
  bool disjoint() const { return !shared && !unknown; }
  bool is_one() const { return supports == 1; }
};

// The atoms among the components, by sorting.
void add_atoms(Cover& result, const GaussianMixture& p, const GaussianMixture& q) {
  struct Atom {
    const GaussianMixture* mixture;
    Index component;
    bool of_p;
  };
  std::vector<Atom> atoms;
  const auto collect = [&atoms](const GaussianMixture& mixture, bool of_p) {
    for (Index k = 0; k < mixture.size(); ++k) {
      if (mixture.weights()(k) > 0.0 && mixture.kernel(k).rank() == 0) {
        atoms.push_back({&mixture, k, of_p});
      }
    }
  };
  collect(p, true);
  collect(q, false);
  const auto before = [](const Atom& a, const Atom& b) {
    return precedes(a.mixture->means().col(a.component), b.mixture->means().col(b.component));
  };
  std::sort(atoms.begin(), atoms.end(), before);
  for (std::size_t i = 0; i < atoms.size();) {
    bool of_p = false;
    bool of_q = false;
    const std::size_t first = i;
    for (; i < atoms.size() && !before(atoms[first], atoms[i]); ++i) {
      (atoms[i].of_p ? of_p : of_q) = true;
    }
    result.add(of_p, of_q, false, false);
  }
}

std::vector<CovarianceRange> ranges_of(const GaussianMixture& mixture) {
  std::vector<CovarianceRange> ranges;
  const Index count = mixture.has_common_covariance() ? 1 : mixture.size();
  for (Index k = 0; k < count; ++k) ranges.emplace_back(mixture.kernel(k));
  return ranges;
}

// A support that is no point, by one of the components on it.
struct Place {
  const CovarianceRange* range = nullptr;
  Vector point = {};
  bool is_shared = false;              // by the other mixture
  bool may_be_shared = false;          // as far as its components were compared with this one
  std::vector<std::size_t> near = {};  // places that may be the same
};

// Where a component is found among the places: at one of them, or else near some.
struct Search {
  std::size_t at = 0;  // their number if at none
  std::vector<std::size_t> near = {};
};

Search find(const Place& component, const std::vector<Place>& places) {
  Search result;
  for (; result.at < places.size(); ++result.at) {
    const Place& place = places[result.at];
    const SupportRelation relation =
        compare_supports(*component.range, component.point, *place.range, place.point);
    if (relation == SupportRelation::same) break;
    if (relation == SupportRelation::unknown) result.near.push_back(result.at);
  }
  return result;
}

void for_each_place(const GaussianMixture& mixture,
                    const std::vector<CovarianceRange>& ranges,
                    const auto& visit) {
  for (Index k = 0; k < mixture.size(); ++k) {
    if (mixture.weights()(k) == 0.0 || mixture.kernel(k).rank() == 0) continue;
    visit(Place{.range = &ranges[ranges.size() == 1 ? 0 : static_cast<std::size_t>(k)],
                .point = mixture.means().col(k)});
  }
}

// The other components: each is compared with one of each support of the smaller mixture.
void add_places(Cover& result, const GaussianMixture& p, const GaussianMixture& q) {
  const bool by_p = p.size() < q.size();
  const GaussianMixture& few = by_p ? p : q;
  const GaussianMixture& many = by_p ? q : p;
  const auto add = [&](bool of_few, bool of_many, bool near_few, bool near_many) {
    by_p ? result.add(of_few, of_many, near_few, near_many)
         : result.add(of_many, of_few, near_many, near_few);
  };
  const std::vector<CovarianceRange> ranges_of_few = ranges_of(few);
  const std::vector<CovarianceRange> ranges_of_many = ranges_of(many);
  std::vector<Place> places;
  for_each_place(few, ranges_of_few, [&](Place place) {
    Search found = find(place, places);
    if (found.at < places.size()) return;
    for (const std::size_t other : found.near) places[other].near.push_back(places.size());
    place.near = std::move(found.near);
    places.push_back(std::move(place));
  });
  for_each_place(many, ranges_of_many, [&](const Place& component) {
    const Search found = find(component, places);
    for (const std::size_t i : found.near) places[i].may_be_shared = true;
    if (found.at < places.size()) {
      places[found.at].is_shared = true;
    } else {
      add(false, true, !found.near.empty(), false);
    }
  });
  for (const Place& place : places) {
    const bool near_shared = std::any_of(place.near.begin(), place.near.end(),
                                         [&](std::size_t i) { return places[i].is_shared; });
    add(true, place.is_shared, false, place.may_be_shared || near_shared);
  }
}

Cover cover(const GaussianMixture& p, const GaussianMixture& q) {
  Cover result;
  add_atoms(result, p, q);
  add_places(result, p, q);
  return result;
}

// What is known before any density is looked at.
enum class Answer { largest, reduced, not_known };

struct Finding {
  Answer answer = Answer::not_known;
  std::string obstacle = {};               // why it is not known
  std::vector<GaussianMixture> laws = {};  // p and q in coordinates that tell
};

// Fisher information takes lengths in the support: they are those of the coordinates where the
// others are constant. The support is one, so that any component tells.
bool keeps_lengths(const GaussianMixture& p, const std::vector<Index>& coordinates) {
  Index k = 0;
  while (p.weights()(k) == 0.0) ++k;
  return CovarianceRange(p.kernel(k)).coordinates == coordinates;
}

Finding reduced(Divergence kind, const GaussianMixture& p, const GaussianMixture& q) {
  const std::vector<Index> coordinates = supporting_coordinates(p, q);
  if (!coordinates.empty()) {
    if (kind == Divergence::fisher_information && !keeps_lengths(p, coordinates)) {
      return {.obstacle =
                  "Fisher information is not known where the common support of A and B is "
                  "not parallel to coordinate axes"};
    }
    GaussianMixture law_p = marginal(p, coordinates);
    GaussianMixture law_q = marginal(q, coordinates);
    if (law_p.has_density() && law_q.has_density()) {
      return {.answer = Answer::reduced, .laws = {std::move(law_p), std::move(law_q)}};
    }
  }
  return {.obstacle =
              "the common support of A and B has no coordinates in which both have a density to "
              "rounding"};
}

Finding finding_of(Divergence kind, const GaussianMixture& p, const GaussianMixture& q) {
  const Cover covered = cover(p, q);
  if (covered.disjoint() || (!is_bounded(kind) && covered.p_alone) ||
      (kind == Divergence::symmetric_kl && covered.q_alone)) {
    return {.answer = Answer::largest};
  }
  if (covered.is_one()) return reduced(kind, p, q);
  if (covered.unknown) {
    return {.obstacle =
                "A and B live on affine subspaces that are equal to rounding, or are subspaces by "
                "rounding alone, and whether they are equal is not known"};
  }
  return {.obstacle =
              "A and B have components without a density, and share some of their supports but not "
              "all"};
}

// The atoms with their masses in the points' order, equal points as one.
struct Atoms {
  std::vector<Index> places;   // a column of the points
  std::vector<double> masses;  // good to a few units
};

Atoms atoms_of(const PointCloud& cloud) {
  const Matrix& x = cloud.points();
  const auto before = [&x](Index i, Index j) { return precedes(x.col(i), x.col(j)); };
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
                      (i < first.places.size() && !precedes(q.points().col(second.places[j]),
                                                            p.points().col(first.places[i])));
    const bool at_q = i == first.places.size() ||
                      (j < second.places.size() && !precedes(p.points().col(first.places[i]),
                                                             q.points().col(second.places[j])));
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
  return finding_of(kind, p, q).obstacle;
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
  const Finding found = finding_of(kind, p, q);
  require(found.obstacle.empty(), "singular_divergence: " + found.obstacle);
  if (found.answer == Answer::largest) return largest(kind);
  return divergence(kind, found.laws[0], found.laws[1], options);
}

}  // namespace flowcheck
