#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace flowcheck {

class Rng;
struct Regularity;

/// What makes a measure on the line: its potential V, the density being e^{−V}/Z on [lower, upper],
/// and what is known of it beforehand.
///
/// The tails have to be regular: with y the distance from `centre`, beyond the outermost kinks and
/// landmarks V is, up to a bounded part of oscillation `oscillation`, convex as a function of log y
/// (true if V is convex and increasing there, and for power tails).
struct LinePotential {
  std::function<double(double)> value = {};      ///< V; +∞ where the density is zero
  std::function<double(double)> slope = {};      ///< V′, away from the kinks
  std::function<double(double)> curvature = {};  ///< V″, away from the kinks
  double lower = -infinity;                      ///< ends of the support
  double upper = infinity;
  double centre = 0.0;                 ///< inside the support, where most of the mass is seen from
  std::vector<double> kinks = {};      ///< where V is not smooth, or jumps to +∞
  std::vector<double> landmarks = {};  ///< peaks and valleys too narrow to be met by chance
  double oscillation = 0.0;            ///< sup w − inf w of V's bounded part w, see above

  double curvature_lower = -infinity;  ///< known κ ≤ V″ in the sense of measures; −∞: not known
  double curvature_upper = infinity;               ///< known β ≥ V″; +∞: not known
  double log_lipschitz = infinity;                 ///< known L ≥ |x − V′(x)|; +∞: not known
  bool curvature_is_sharp = false;                 ///< the two curvature bounds are the best ones
  std::function<Estimate()> least_curvature = {};  ///< inf V″, where a search encloses it
  std::function<Estimate()> largest_curvature = {};  ///< sup V″, likewise
  double mixture_scale = 0.0;                        ///< σ of p = N(0, σ²) * ρ; 0: none known
  double mixture_radius = infinity;                  ///< R = ½ diam supp ρ, for that σ

  // What a formula gives, in place of quadrature.
  std::optional<Estimate> log_normaliser = {};  ///< log Z
  std::optional<Estimate> mean = {};
  std::optional<Estimate> variance = {};
  std::optional<Estimate> entropy = {};
};

/// Probability measure p = e^{−V}/Z on the line, with both tails to their own relative precision.
///
/// A value: checked and tabulated once, when it is made; constant afterwards; copies share the
/// table. The support is cut into panels, bisected until the density is a polynomial of degree 15
/// on each to round-off relative to its least value there; its integrals from the panel's two ends
/// are kept as polynomials too, and the panels' masses are summed from the left and from the right.
/// Tabulation costs some 10⁴ calls of V; a query then calls V never (cdf, survival, quantiles) or
/// once. Panels reach down to where the density is e^{−740} of its peak; what lies beyond is
/// bounded by the tails' regularity and counted as an error.
///
/// Errors of the plain doubles: log_density is V and log Z rounded; cdf and survival have
/// relative error at most relative_error(x), 1e-12 down to 1e-300 for a V good to the last places;
/// quantiles follow from these, |δx| ≤ relative_error(x) · p/density(x).
class LineMeasure {
 public:
  /// @throws std::invalid_argument  no potential, an empty support, a centre, kink or landmark not
  /// in it, V not finite at the centre (NaN anywhere); NotTabulated: no finite normaliser, too
  /// rough
  explicit LineMeasure(LinePotential potential);

  double lower() const;  ///< ends of the support
  double upper() const;
  const std::vector<double>& kinks() const;  ///< interior points where V is not smooth, ascending
  const LinePotential& potential() const;

  double log_density(double x) const;  ///< −V(x) − log Z; −∞ outside the support
  double density(double x) const;
  double score(double x) const;         ///< (log p)′ = −V′(x)
  double score_slope(double x) const;   ///< (log p)″ = −V″(x)
  double cdf(double x) const;           ///< F(x) = p((−∞, x])
  double survival(double x) const;      ///< 1 − F(x) = p((x, ∞)), without the subtraction
  double log_cdf(double x) const;       ///< log F(x)
  double log_survival(double x) const;  ///< log(1 − F(x))
  double quantile(double p) const;      ///< F⁻¹(p), 0 ≤ p ≤ 1
  double quantile_of_survival(double p) const;  ///< x with 1 − F(x) = p, 0 ≤ p ≤ 1
  double median() const { return quantile(0.5); }

  /// The x with mass F(x) = p from the left where p ≤ ½, mass 1 − F(x) = q from the right
  /// otherwise; p + q = 1 is not checked. What carries a map F⁻¹∘G without losing a tail.
  double quantile_of_both(double p, double q) const {
    return p <= q ? quantile(p) : quantile_of_survival(q);
  }

  /// Relative error of cdf(x), survival(x) and density(x): discretisation plus round-off of V.
  double relative_error(double x) const;
  Estimate enclosed_cdf(double x) const;
  Estimate enclosed_survival(double x) const;
  Estimate enclosed_log_density(double x) const;
  Estimate enclosed_quantile(double p) const;
  Estimate enclosed_quantile_of_survival(double p) const;

  // Grade closed_form where a formula was given, converged otherwise: two quadrature rules.
  const Estimate& log_normaliser() const;  ///< log Z
  Estimate normaliser() const;             ///< Z
  const Estimate& mean() const;  ///< NaN-free: +∞ or −∞ where the tail has no first moment
  const Estimate& variance() const;  ///< +∞ where the tail has no second moment
  const Estimate& entropy() const;   ///< −∫ p log p

  /// E g(X), on the table's panels by two rules (Gauss–Legendre with 10 and Fejér with 16 nodes a
  /// panel), whose difference is the error: g has to be as smooth as V between its kinks, and g·p
  /// negligible where p < e^{−740} of its peak.
  Estimate expectation(const std::function<double(double)>& g) const;

  /// Ends of the panels, ascending: where to cut a quadrature of one's own. The first and the last
  /// are the ends of the support or the cuts in the tails.
  std::vector<double> panel_ends() const;

 private:
  struct Table;
  std::shared_ptr<const Table> table_;
};

/// n points drawn from p by inverse cdf, 1 × n: each from a uniform of 53 bits and a fair choice of
/// the tail it is counted from, so that both tails are sampled alike.
Matrix sample(const LineMeasure& p, Index count, Rng& rng);

/// κ, β and L from the potential's known bounds where there are any (closed_form if sharp), κ and β
/// from its searches where it has them (mixtures of different widths); what is not known is looked
/// for on the panels' nodes and is `sampled`: a bound on one side only. Half diameter of the
/// support.
Regularity regularity(const LineMeasure& p);

}  // namespace flowcheck
