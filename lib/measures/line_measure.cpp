#include "measures/line_measure.hpp"

#include "measures/not_tabulated.hpp"
#include "measures/regularity.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <boost/math/quadrature/gauss.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

constexpr std::size_t degree_count = 16;  // of the panels' polynomials, so degree 15
constexpr std::size_t check_count = 10;   // nodes of the second rule
constexpr double depth = 760.0;           // e^{−760} = 1e-330: below every double
constexpr double farthest = 1e300;        // |x| stays where its square root's square is a double
constexpr std::size_t most_panels = 40'000;

using Coefficients = std::array<double, degree_count>;
using CheckValues = std::array<double, check_count>;

// What the panels share: nodes in [−1, 1], and the matrices from a function's values at the nodes
// to the Chebyshev coefficients of its interpolant f and of its mean Q over [−1, t],
// (1 + t) Q(t) = ∫_{−1}^{t} f.
struct Rules {
  Coefficients from_left = {};   // 1 + t of the Chebyshev nodes
  Coefficients from_right = {};  // 1 − t
  Coefficients fejer = {};       // their weights, degree 15
  std::array<Coefficients, degree_count> to_series = {};
  std::array<Coefficients, degree_count> to_mean = {};
  CheckValues check_left = {};  // 1 + t of the Gauss–Legendre nodes
  CheckValues check_right = {};
  CheckValues gauss = {};  // their weights, degree 19

  Rules();
};

Rules::Rules() {
  using Long = long double;
  constexpr std::size_t n = degree_count;
  constexpr Long pi = std::numbers::pi_v<Long>;
  for (std::size_t j = 0; j < n; ++j) {
    // Ascending nodes −cos θ; 1 − cos θ = 2 sin²(θ/2) keeps its digits at the ends.
    const Long theta = pi * (Long(j) + 0.5L) / Long(n);
    const Long s = std::sin(theta / 2);
    const Long c = std::cos(theta / 2);
    from_left[j] = static_cast<double>(2 * s * s);
    from_right[j] = static_cast<double>(2 * c * c);

    // Series of the cardinal function of node j, its integral, and that divided by 1 + t from the
    // highest coefficient down.
    std::array<Long, n + 2> series = {};
    for (std::size_t m = 0; m < n; ++m) {
      const Long sign = m % 2 == 0 ? 1.0L : -1.0L;
      series[m] = sign * (m == 0 ? 1.0L : 2.0L) / Long(n) * std::cos(Long(m) * theta);
      to_series[m][j] = static_cast<double>(series[m]);
    }
    std::array<Long, n + 1> integral = {};
    for (std::size_t m = 1; m <= n; ++m) {
      const Long before = m == 1 ? 2 * series[0] : series[m - 1];
      const Long after = m + 1 < n ? series[m + 1] : 0.0L;
      integral[m] = (before - after) / (2 * Long(m));
    }
    std::array<Long, n + 2> mean = {};
    for (std::size_t m = n; m >= 2; --m) mean[m - 1] = 2 * (integral[m] - mean[m]) - mean[m + 1];
    mean[0] = integral[1] - mean[1] - mean[2] / 2;
    for (std::size_t m = 0; m < n; ++m) to_mean[m][j] = static_cast<double>(mean[m]);

    Long weight = 0;
    for (std::size_t m = 0; m < n; m += 2) weight += series[m] * 2 / (1 - Long(m) * Long(m));
    fejer[j] = static_cast<double>(weight);
  }

  const auto& positive = boost::math::quadrature::gauss<double, check_count>::abscissa();
  const auto& weights = boost::math::quadrature::gauss<double, check_count>::weights();
  for (std::size_t i = 0; i < check_count / 2; ++i) {
    const std::size_t low = check_count / 2 - 1 - i;
    const std::size_t high = check_count / 2 + i;
    check_left[low] = check_right[high] = 1.0 - positive[i];
    check_left[high] = check_right[low] = 1.0 + positive[i];
    gauss[low] = gauss[high] = weights[i];
  }
}

const Rules& rules() {
  static const Rules shared;
  return shared;
}

// Σ cₘ Tₘ(t), Clenshaw's recurrence.
double chebyshev(const Coefficients& c, double t) {
  double b1 = 0.0;
  double b2 = 0.0;
  for (std::size_t m = degree_count - 1; m > 0; --m) {
    const double b0 = c[m] + 2.0 * t * b1 - b2;
    b2 = b1;
    b1 = b0;
  }
  return c[0] + t * b1 - b2;
}

// The point at distance `from_left` · h from the left end, or `from_right` · h from the right one,
// whichever is nearer: it keeps its digits relative to that end.
double point_in(double a, double b, double from_left, double from_right) {
  const double h = 0.5 * (b - a);
  return from_left <= from_right ? a + h * from_left : b - h * from_right;
}

struct Panel {
  double a = 0.0;
  double b = 0.0;
  double level = infinity;    // V's least value at the nodes
  Coefficients density = {};  // of e^{level − V}
  Coefficients from_left = {};
  Coefficients from_right = {};
  double mass = 0.0;        // ∫ e^{level − V}
  double check_mass = 0.0;  // the same by the second rule
  double residual = 0.0;    // largest relative error seen at the second rule's nodes

  double below = 0.0;        // mass to the left of a, in units of this panel's scale
  double above = 0.0;        // mass to the right of b
  double log_scale = 0.0;    // log of the probability that 1 stands for
  double error_below = 0.0;  // relative discretisation errors of those masses
  double error_above = 0.0;
  double log_below = 0.0;  // logs of the masses as probabilities
  double log_above = 0.0;

  double half() const { return 0.5 * (b - a); }
};

void require_tabulated(bool condition, const char* message) {
  if (!condition) throw NotTabulated(message);
}

double checked(double V) {
  require(!std::isnan(V), "LineMeasure: the potential is not a number");
  require(V > -infinity, "LineMeasure: the potential is -inf");
  return V;
}

enum class Fit { dead, unresolved, resolved };

// The ends of a panel where V's value counts too.
struct Anchors {
  bool left = false;
  bool right = false;

  bool any() const { return left || right; }
};

// Fills everything but what needs the other panels.
Fit fit(Panel& panel, const LinePotential& potential, Anchors anchors) {
  const Rules& rule = rules();
  Coefficients V = {};
  CheckValues V_check = {};
  panel.level = infinity;
  double highest = -infinity;
  for (std::size_t j = 0; j < degree_count; ++j) {
    V[j] =
        checked(potential.value(point_in(panel.a, panel.b, rule.from_left[j], rule.from_right[j])));
    panel.level = std::min(panel.level, V[j]);
    highest = std::max(highest, V[j]);
  }
  for (std::size_t i = 0; i < check_count; ++i) {
    V_check[i] = checked(
        potential.value(point_in(panel.a, panel.b, rule.check_left[i], rule.check_right[i])));
    highest = std::max(highest, V_check[i]);
  }
  if (panel.level == infinity) return Fit::dead;

  Coefficients f = {};
  for (std::size_t j = 0; j < degree_count; ++j) f[j] = std::exp(panel.level - V[j]);
  panel.mass = 0.0;
  for (std::size_t j = 0; j < degree_count; ++j) {
    panel.density[j] = panel.from_left[j] = panel.from_right[j] = 0.0;
    panel.mass += rule.fejer[j] * f[j];
    for (std::size_t k = 0; k < degree_count; ++k) {
      panel.density[j] += rule.to_series[j][k] * f[k];
      panel.from_left[j] += rule.to_mean[j][k] * f[k];
      panel.from_right[j] += rule.to_mean[j][k] * f[degree_count - 1 - k];
    }
    if (j % 2 == 1) panel.from_right[j] = -panel.from_right[j];
  }
  panel.mass *= panel.half();

  panel.check_mass = 0.0;
  panel.residual = highest == infinity ? infinity : 0.0;
  for (std::size_t i = 0; i < check_count; ++i) {
    const double exact = std::exp(panel.level - V_check[i]);
    const double t =
        rule.check_left[i] <= 1.0 ? rule.check_left[i] - 1.0 : 1.0 - rule.check_right[i];
    const double error = std::abs(chebyshev(panel.density, t) - exact);
    if (error > 0.0) panel.residual = std::max(panel.residual, error / exact);
    panel.check_mass += rule.gauss[i] * exact;
  }
  panel.check_mass *= panel.half();
  const auto check_end = [&](double x, double t) {
    const double V_end = checked(potential.value(x));
    const double exact = std::exp(panel.level - V_end);
    const double error = std::abs(chebyshev(panel.density, t) - exact);
    // A peak may be out of a double's reach from where the nodes are.
    if (exact == infinity)
      panel.residual = infinity;
    else if (error > 0.0)
      panel.residual = std::max(panel.residual, error / exact);
    highest = std::max(highest, V_end);
  };
  if (anchors.left) check_end(panel.a, -1.0);
  if (anchors.right) check_end(panel.b, 1.0);
  // V's own rounding stands in the way of anything better, and that of the nodes: far from 0 they
  // lie u|x| beside where they should, and V differs by V′ times that.
  const double rise = highest - panel.level;
  const double far = std::max(std::abs(panel.a), std::abs(panel.b));
  const double noise = unit_round_off * (std::abs(panel.level) + std::abs(highest)) +
                       (rise < 6.0 ? unit_round_off * far * rise / panel.half() : 0.0);
  return panel.residual <= 8e-15 + 4.0 * noise ? Fit::resolved : Fit::unresolved;
}

// Mass beyond x, from the tails' regularity: with y the distance from the centre, the density falls
// at least as (y/y₀)^{−α} from here on.
struct Tail {
  double log_mass = -infinity;  // an upper bound of log ∫ e^{−V}
  double exponent = infinity;   // α
  double distance = 0.0;        // y₀
};

Tail tail_beyond(const LinePotential& potential, double x) {
  const double y = std::abs(x - potential.centre);
  const double V = checked(potential.value(x));
  Tail tail = {.distance = y};
  if (V == infinity) return tail;
  if (potential.oscillation == 0.0) {
    tail.exponent = y * std::abs(potential.slope(x));
  } else {
    const double nearer = potential.value(0.5 * (x + potential.centre));
    tail.exponent = (V - nearer - potential.oscillation) / std::numbers::ln2;
  }
  tail.log_mass = tail.exponent > 1.0
                      ? potential.oscillation - V + std::log(y / (tail.exponent - 1.0))
                      : infinity;
  return tail;
}

// Σ of panel masses with its discretisation error, in units of e^{−level}, the least level so far.
class RunningMass {
 public:
  RunningMass(double log_mass, double level)
      : level_(level), mass_(std::exp(log_mass + level)), error_(mass_) {}

  void add(const Panel& panel) {
    if (panel.level < level_) {
      const double units = std::exp(panel.level - level_);
      mass_ *= units;
      error_ *= units;
      level_ = panel.level;
    }
    const double units = std::exp(level_ - panel.level);
    mass_ += panel.mass * units;
    error_ += panel.residual * panel.mass * units;
  }

  double in_units_of(double level) const { return mass_ * std::exp(level - level_); }
  double log_mass() const { return std::log(mass_) - level_; }
  double relative_error() const { return mass_ > 0.0 ? error_ / mass_ : 0.0; }

 private:
  double level_;
  double mass_;
  double error_;
};

// A sum of panel integrals by both rules, with what the terms' rounding adds up to.
struct TwoRules {
  double value = 0.0;  // the second rule's, the more exact one
  double discretisation = 0.0;
  double round_off = 0.0;
};

}  // namespace

struct LineMeasure::Table {
  LinePotential potential = {};
  std::vector<double> kinks = {};
  std::vector<Panel> panels = {};
  Tail left = {};
  Tail right = {};
  double lowest = infinity;  // least V seen
  double log_mass = 0.0;     // log of ∫ e^{−V}: what the table is normalised by
  double mass = 1.0;         // ∫ e^{lowest − V} by quadrature: what expectations are divided by
  double mass_error = 0.0;   // relative
  std::size_t median_panel = 0;
  Estimate log_normaliser = 0.0;
  Estimate mean = 0.0;
  Estimate variance = 0.0;
  Estimate entropy = 0.0;

  explicit Table(LinePotential given);
  void tabulate();
  void accumulate();
  void integrate();

  template <class Function>
  TwoRules integral(const Function& g) const;
  Estimate expectation_of(const TwoRules& sum, double tail) const;

  double noise(double V) const {
    return unit_round_off * (64.0 + 4.0 * (std::abs(V) + std::abs(lowest)));
  }
  std::size_t panel_before(double x) const;
  double log_mass_below(double x) const;
  double log_mass_above(double x) const;
  double solve_below(double p) const;
  double solve_above(double p) const;
};

LineMeasure::Table::Table(LinePotential given) : potential(std::move(given)) {
  const LinePotential& V = potential;
  require(V.value && V.slope && V.curvature,
          "LineMeasure: the potential needs its value, slope and curvature");
  require(V.lower < V.upper, "LineMeasure: the support needs lower < upper");
  require(V.lower == -infinity || std::isfinite(V.lower), "LineMeasure: lower must be a number");
  require(V.upper == infinity || std::isfinite(V.upper), "LineMeasure: upper must be a number");
  require(std::isfinite(V.centre) && V.lower < V.centre && V.centre < V.upper,
          "LineMeasure: the centre must be inside the support");
  require(std::isfinite(V.value(V.centre)), "LineMeasure: V must be finite at the centre");
  require(V.oscillation >= 0.0, "LineMeasure: the oscillation must not be negative");
  for (const double x : V.landmarks) {
    require(V.lower < x && x < V.upper, "LineMeasure: landmarks must be inside the support");
    require(std::isfinite(V.value(x)), "LineMeasure: V must be finite at the landmarks");
  }
  kinks = V.kinks;
  std::sort(kinks.begin(), kinks.end());
  kinks.erase(std::unique(kinks.begin(), kinks.end()), kinks.end());
  for (const double x : kinks) {
    require(V.lower < x && x < V.upper, "LineMeasure: kinks must be inside the support");
  }
  tabulate();
  accumulate();
  integrate();
}

void LineMeasure::Table::tabulate() {
  std::vector<double> anchors = potential.landmarks;  // where V is finite and its value counts
  anchors.push_back(potential.centre);
  std::sort(anchors.begin(), anchors.end());
  std::vector<double> marks = anchors;
  marks.insert(marks.end(), kinks.begin(), kinks.end());
  if (potential.lower > -infinity) marks.push_back(potential.lower);
  if (potential.upper < infinity) marks.push_back(potential.upper);
  std::sort(marks.begin(), marks.end());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());

  const auto is_anchor = [&](double x) {
    return std::binary_search(anchors.begin(), anchors.end(), x);
  };
  const auto distance = [&](double x) { return std::abs(x - potential.centre); };

  // Towards an end where the density vanishes panels shrink until no mass is left: a polynomial's
  // digits relative to its values there would be lost.
  const auto vanishes_at = [&](double end) {
    return std::isfinite(end) && potential.value(end) == infinity;
  };
  const bool open_below = vanishes_at(potential.lower);
  const bool open_above = vanishes_at(potential.upper);

  struct Piece {
    double a = 0.0;
    double b = 0.0;
    double residual = infinity;  // its parent's
  };
  std::vector<Piece> pieces;    // a stack
  double heaviest = -infinity;  // log mass of the heaviest panel seen
  const auto refine = [&](Piece whole) {
    bool alive = false;
    pieces = {whole};
    while (!pieces.empty()) {
      const Piece piece = pieces.back();
      pieces.pop_back();
      Panel panel = {.a = piece.a, .b = piece.b};
      const Anchors at_ends = {.left = is_anchor(piece.a), .right = is_anchor(piece.b)};
      const Fit outcome = fit(panel, potential, at_ends);
      if (outcome == Fit::dead) continue;
      const double log_size = std::log(piece.b - piece.a) - panel.level;
      const bool thin = piece.b - piece.a <=
                            8.0 * unit_round_off * std::max(std::abs(piece.a), std::abs(piece.b)) ||
                        piece.b - piece.a < 1e-305;
      if ((!at_ends.any() || thin) && log_size < heaviest - depth) continue;
      alive = true;
      // Bisection that no longer helps has met the potential's own noise.
      const bool open =
          (open_below && piece.a == potential.lower) || (open_above && piece.b == potential.upper);
      const bool noisy = panel.residual <= 1e-9 && panel.residual > 0.25 * piece.residual;
      if (thin || (!open && (outcome == Fit::resolved || noisy))) {
        heaviest = std::max(heaviest, std::log(panel.mass) - panel.level);
        panels.push_back(panel);
        require_tabulated(panels.size() < most_panels,
                          "LineMeasure: the potential is too rough to tabulate; name its kinks");
        continue;
      }
      const double middle = 0.5 * piece.a + 0.5 * piece.b;
      // The half of lower potential first: what is heaviest says soonest what is negligible.
      Piece near = {piece.a, middle, panel.residual};
      Piece far = {middle, piece.b, panel.residual};
      const double V_left = potential.value(0.5 * piece.a + 0.5 * middle);
      const double V_right = potential.value(0.5 * middle + 0.5 * piece.b);
      const bool nearer = distance(piece.b) < distance(piece.a);
      if (V_left == V_right ? nearer : V_right < V_left) std::swap(near, far);
      pieces.push_back(far);
      pieces.push_back(near);
    }
    return alive;
  };

  // The inner pieces, those at the centre first: they say what mass is negligible elsewhere.
  std::vector<Piece> inner;
  for (std::size_t i = 0; i + 1 < marks.size(); ++i) inner.push_back({marks[i], marks[i + 1]});
  std::stable_sort(inner.begin(), inner.end(), [&](const Piece& a, const Piece& b) {
    return std::min(distance(a.a), distance(a.b)) < std::min(distance(b.a), distance(b.b));
  });
  const auto outwards = [&](double from, double sign) {
    double step = 1.0;
    for (double x = from; std::abs(x) < farthest; step *= 2.0) {
      const double next = x + sign * step;
      if (next == x) continue;  // the first steps of a centre beyond 2⁵³
      if (!refine(sign > 0.0 ? Piece{x, next} : Piece{next, x})) break;
      x = next;
    }
  };
  if (inner.empty() || marks.front() == potential.centre || marks.back() == potential.centre) {
    // The centre is outermost: its own tail piece comes first.
    if (potential.upper == infinity && marks.back() == potential.centre) {
      outwards(potential.centre, 1.0);
    }
    if (potential.lower == -infinity && marks.front() == potential.centre) {
      outwards(potential.centre, -1.0);
    }
  }
  for (const Piece& piece : inner) refine(piece);
  if (potential.upper == infinity && marks.back() != potential.centre) outwards(marks.back(), 1.0);
  if (potential.lower == -infinity && marks.front() != potential.centre) {
    outwards(marks.front(), -1.0);
  }

  std::erase_if(panels, [&](const Panel& panel) {
    return std::log(panel.mass) - panel.level < heaviest - depth;
  });
  require_tabulated(!panels.empty(), "LineMeasure: no mass was found");
  std::sort(panels.begin(), panels.end(), [](const Panel& x, const Panel& y) { return x.a < y.a; });
}

void LineMeasure::Table::accumulate() {
  for (const Panel& panel : panels) {
    lowest = std::min(lowest, panel.level);
  }
  if (panels.front().a > potential.lower) left = tail_beyond(potential, panels.front().a);
  if (panels.back().b < potential.upper) right = tail_beyond(potential, panels.back().b);
  require_tabulated(left.log_mass < infinity && right.log_mass < infinity,
                    "LineMeasure: the potential grows too slowly for a normaliser");

  const TwoRules total = integral([](double, double) { return 1.0; });
  const double tails = std::exp(lowest + left.log_mass) + std::exp(lowest + right.log_mass);
  const double relative = (total.discretisation + total.round_off + tails) / total.value +
                          unit_round_off * (2.0 + std::abs(lowest));
  const Estimate by_quadrature = Estimate::converged(
      std::log(total.value) - lowest, (total.discretisation + tails) / total.value,
      relative + unit_round_off * std::abs(std::log(total.value)));
  require_tabulated(std::isfinite(by_quadrature.value) && std::isfinite(by_quadrature.width()),
                    "LineMeasure: the potential has no finite normaliser");
  mass = total.value;
  mass_error = (total.discretisation + total.round_off + tails) / total.value;
  log_normaliser = potential.log_normaliser.value_or(by_quadrature);
  const auto meets = [this](const Estimate& seen) {
    return log_normaliser.lower <= seen.upper && seen.lower <= log_normaliser.upper;
  };
  // Far from 0, in its own widths, a law is seen at places rounded by u|x|, where V is off by |V′|
  // as much.
  const auto rounded_places = [this] {
    const auto moved = [this](double x, double) {
      return unit_round_off * std::abs(x) * std::abs(potential.slope(x));
    };
    return integral(moved).value / mass;
  };
  require(meets(by_quadrature) || meets(widened(by_quadrature, rounded_places())),
          "LineMeasure: the given log normaliser is not the potential's");
  log_mass = log_normaliser.value;

  for (Panel& panel : panels) panel.log_scale = -panel.level - log_mass;
  // From each side, in units of the densest panel so far: the sum neither underflows in a tail nor
  // overflows in a valley behind a peak. Beyond the cuts all that is known is a bound.
  RunningMass from_left(left.log_mass, panels.front().level);
  for (Panel& panel : panels) {
    panel.below = from_left.in_units_of(panel.level);
    panel.log_below = from_left.log_mass() - log_mass;
    panel.error_below = from_left.relative_error();
    from_left.add(panel);
  }
  RunningMass from_right(right.log_mass, panels.back().level);
  for (auto panel = panels.rbegin(); panel != panels.rend(); ++panel) {
    panel->above = from_right.in_units_of(panel->level);
    panel->log_above = from_right.log_mass() - log_mass;
    panel->error_above = from_right.relative_error();
    from_right.add(*panel);
  }
  while (median_panel + 1 < panels.size() && panels[median_panel].log_above > -std::numbers::ln2) {
    ++median_panel;
  }
}

// Σ over the panels of ∫ g(x, V(x)) e^{lowest − V(x)} dx.
template <class Function>
TwoRules LineMeasure::Table::integral(const Function& g) const {
  const Rules& rule = rules();
  TwoRules sum;
  for (const Panel& panel : panels) {
    const double scale = panel.half() * std::exp(lowest - panel.level);
    double first = 0.0;
    for (std::size_t j = 0; j < degree_count; ++j) {
      const double x = point_in(panel.a, panel.b, rule.from_left[j], rule.from_right[j]);
      const double V = potential.value(x);
      if (V == infinity) continue;  // no mass, whatever g is there
      first += rule.fejer[j] * std::exp(panel.level - V) * g(x, V);
    }
    double second = 0.0;
    double size = 0.0;
    for (std::size_t i = 0; i < check_count; ++i) {
      const double x = point_in(panel.a, panel.b, rule.check_left[i], rule.check_right[i]);
      const double V = potential.value(x);
      if (V == infinity) continue;
      const double term = rule.gauss[i] * std::exp(panel.level - V) * g(x, V);
      second += term;
      size += std::abs(term) * noise(V);
    }
    sum.value += scale * second;
    sum.discretisation += scale * std::abs(second - first);
    sum.round_off += scale * size;
  }
  return sum;
}

Estimate LineMeasure::Table::expectation_of(const TwoRules& sum, double tail) const {
  // Not by e^{log Z}, whose logarithm may be large.
  return Estimate::converged(
      sum.value / mass, (sum.discretisation + tail) / mass,
      sum.round_off / mass + std::abs(sum.value / mass) * (64.0 * unit_round_off + mass_error));
}

void LineMeasure::Table::integrate() {
  // ∫ y^k e^{−V} beyond the cuts, up to the factor e^{lowest}: finite for exponents above k + 1.
  const auto tail_moment = [&](const Tail& tail, double k) {
    if (tail.log_mass == -infinity) return 0.0;
    // A power tail's exponent comes out of a rounded V′.
    if (tail.exponent <= (k + 1.0) * (1.0 + 1e-9)) return infinity;
    return std::exp(lowest + tail.log_mass + k * std::log(tail.distance)) * (tail.exponent - 1.0) /
           (tail.exponent - 1.0 - k);
  };
  const double c = potential.centre;
  const double first = tail_moment(left, 1.0) + tail_moment(right, 1.0);
  const double second = tail_moment(left, 2.0) + tail_moment(right, 2.0);
  if (first == infinity) {
    mean = Estimate::between(c, -infinity, infinity, Grade::converged);
  } else {
    mean = c + expectation_of(integral([&](double x, double) { return x - c; }), first);
  }
  if (second == infinity) {
    variance = Estimate::between(infinity, infinity, infinity, Grade::converged);
  } else {
    const double m = mean.value;
    // About the mean as computed: its own error enters squared.
    variance = expectation_of(integral([&](double x, double) { return (x - m) * (x - m); }),
                              second + tail_moment(left, 0.0) + tail_moment(right, 0.0));
    variance = widened(variance, square(0.5 * mean.width()).upper);
  }
  const double tails = std::exp(lowest + left.log_mass) + std::exp(lowest + right.log_mass);
  const Estimate excess =
      expectation_of(integral([&](double, double V) { return V - lowest; }), depth * tails);
  entropy = excess + (log_normaliser + lowest);

  if (potential.mean) mean = *potential.mean;
  if (potential.variance) variance = *potential.variance;
  if (potential.entropy) entropy = *potential.entropy;
}

// The last panel that begins at or before x; 0 if none does.
std::size_t LineMeasure::Table::panel_before(double x) const {
  const auto next = std::upper_bound(panels.begin(), panels.end(), x,
                                     [](double y, const Panel& panel) { return y < panel.a; });
  return next == panels.begin() ? 0 : static_cast<std::size_t>(next - panels.begin()) - 1;
}

double LineMeasure::Table::log_mass_below(double x) const {
  if (x <= potential.lower) return -infinity;
  if (x < panels.front().a) return tail_beyond(potential, x).log_mass - log_mass;
  const Panel& panel = panels[panel_before(x)];
  if (panel.below == infinity) return panel.log_below;  // in a valley behind a peak
  const double from_left = std::min(x, panel.b) - panel.a;
  const double h = panel.half();
  const double t =
      from_left <= h ? from_left / h - 1.0 : 1.0 - (panel.b - std::min(x, panel.b)) / h;
  return panel.log_scale + std::log(panel.below + from_left * chebyshev(panel.from_left, t));
}

double LineMeasure::Table::log_mass_above(double x) const {
  if (x >= potential.upper) return -infinity;
  if (x > panels.back().b) return tail_beyond(potential, x).log_mass - log_mass;
  // In a gap between two panels the mass above is what the left one has above it.
  const Panel& panel = panels[panel_before(x)];
  if (panel.above == infinity) return panel.log_above;
  const double at = std::clamp(x, panel.a, panel.b);
  const double from_right = panel.b - at;
  const double h = panel.half();
  const double t = from_right <= h ? 1.0 - from_right / h : (at - panel.a) / h - 1.0;
  return panel.log_scale + std::log(panel.above + from_right * chebyshev(panel.from_right, t));
}

namespace {

// s in [0, 2] with s·mean(s)·h = target, where mean is the density's mean over a piece of relative
// length s from one end (t = ±(s − 1)): Newton within a bracket, from a log-linear density's
// answer.
double solve_in_panel(const Panel& panel, double target, bool leftwards) {
  const Coefficients& mean = leftwards ? panel.from_left : panel.from_right;
  const double h = panel.half();
  const double sign = leftwards ? 1.0 : -1.0;
  const double ratio = std::log(std::max(chebyshev(panel.density, sign), 1e-300) /
                                std::max(chebyshev(panel.density, -sign), 1e-300));
  const double part = std::clamp(target / panel.mass, 0.0, 1.0);
  double s = 2.0 * (std::abs(ratio) < 1e-3 ? part : std::log1p(part * std::expm1(ratio)) / ratio);
  double low = 0.0;
  double high = 2.0;
  for (int iteration = 0; iteration < 60; ++iteration) {
    const double t = sign * (s - 1.0);
    const double error = h * s * chebyshev(mean, t) - target;
    (error > 0.0 ? high : low) = s;
    double next = s - error / (h * chebyshev(panel.density, t));
    if (!(next >= low && next <= high)) next = 0.5 * (low + high);
    const double step = std::abs(next - s);
    s = next;
    // The next correction is of second order: below 1e-8 relative it is round-off.
    if (step <= 1e-9 * s || s == 0.0) break;
  }
  return h * s;
}

}  // namespace

double LineMeasure::Table::solve_below(double p) const {
  const double log_p = std::log(p);
  const auto next = std::partition_point(
      panels.begin(), panels.end(), [&](const Panel& panel) { return panel.log_below < log_p; });
  if (next == panels.begin()) return panels.front().a;
  const Panel& panel = *std::prev(next);
  const double target = std::exp(log_p - panel.log_scale) - panel.below;
  if (!(target > 0.0)) return panel.a;
  return panel.a + std::min(solve_in_panel(panel, target, true), panel.b - panel.a);
}

double LineMeasure::Table::solve_above(double p) const {
  const double log_p = std::log(p);
  const auto next = std::partition_point(
      panels.begin(), panels.end(), [&](const Panel& panel) { return panel.log_above >= log_p; });
  if (next == panels.end()) return panels.back().b;
  const Panel& panel = *next;
  const double target = std::exp(log_p - panel.log_scale) - panel.above;
  if (!(target > 0.0)) return panel.b;
  return panel.b - std::min(solve_in_panel(panel, target, false), panel.b - panel.a);
}

LineMeasure::LineMeasure(LinePotential potential)
    : table_(std::make_shared<const Table>(std::move(potential))) {}

double LineMeasure::lower() const {
  return table_->potential.lower;
}
double LineMeasure::upper() const {
  return table_->potential.upper;
}
const std::vector<double>& LineMeasure::kinks() const {
  return table_->kinks;
}
const LinePotential& LineMeasure::potential() const {
  return table_->potential;
}

double LineMeasure::log_density(double x) const {
  if (!(x >= lower() && x <= upper())) return -infinity;
  return -table_->potential.value(x) - table_->log_mass;
}

double LineMeasure::density(double x) const {
  return std::exp(log_density(x));
}

double LineMeasure::score(double x) const {
  return -table_->potential.slope(x);
}

double LineMeasure::score_slope(double x) const {
  return -table_->potential.curvature(x);
}

double LineMeasure::log_cdf(double x) const {
  const Table& t = *table_;
  return x <= t.panels[t.median_panel].b ? std::min(0.0, t.log_mass_below(x))
                                         : std::log1p(-std::exp(t.log_mass_above(x)));
}

double LineMeasure::log_survival(double x) const {
  const Table& t = *table_;
  return x > t.panels[t.median_panel].a ? std::min(0.0, t.log_mass_above(x))
                                        : std::log1p(-std::exp(t.log_mass_below(x)));
}

double LineMeasure::cdf(double x) const {
  const Table& t = *table_;
  return x <= t.panels[t.median_panel].b ? std::min(1.0, std::exp(t.log_mass_below(x)))
                                         : 1.0 - std::exp(t.log_mass_above(x));
}

double LineMeasure::survival(double x) const {
  const Table& t = *table_;
  return x > t.panels[t.median_panel].a ? std::min(1.0, std::exp(t.log_mass_above(x)))
                                        : 1.0 - std::exp(t.log_mass_below(x));
}

double LineMeasure::quantile(double p) const {
  require(p >= 0.0 && p <= 1.0, "LineMeasure::quantile: a probability is in [0, 1]");
  if (p == 0.0) return lower();
  if (p == 1.0) return upper();
  return p <= 0.5 ? table_->solve_below(p) : table_->solve_above(1.0 - p);
}

double LineMeasure::quantile_of_survival(double p) const {
  require(p >= 0.0 && p <= 1.0, "LineMeasure::quantile_of_survival: a probability is in [0, 1]");
  if (p == 0.0) return upper();
  if (p == 1.0) return lower();
  return p <= 0.5 ? table_->solve_above(p) : table_->solve_below(1.0 - p);
}

double LineMeasure::relative_error(double x) const {
  const Table& t = *table_;
  const double at = std::clamp(x, t.panels.front().a, t.panels.back().b);
  const double V = t.potential.value(at);
  const Panel& panel = t.panels[t.panel_before(at)];
  // Relative to the mass on the panel's outer side plus what x cuts off the panel: both errors are
  // at most the larger of their parts' relative errors.
  const double outer = x <= t.panels[t.median_panel].b ? panel.error_below : panel.error_above;
  return std::max(outer, panel.residual) + t.noise(std::isfinite(V) ? V : 0.0) +
         0.5 * t.log_normaliser.width();
}

Estimate LineMeasure::enclosed_cdf(double x) const {
  const double F = cdf(x);
  // Beyond the table the value is an upper bound.
  if (x < table_->panels.front().a) return Estimate::between(F, 0.0, F, Grade::converged);
  return Estimate::converged(F, F * relative_error(x));
}

Estimate LineMeasure::enclosed_survival(double x) const {
  const double S = survival(x);
  if (x > table_->panels.back().b) return Estimate::between(S, 0.0, S, Grade::converged);
  return Estimate::converged(S, S * relative_error(x));
}

Estimate LineMeasure::enclosed_log_density(double x) const {
  const double value = log_density(x);
  if (value == -infinity) return value;
  return widened(-table_->log_normaliser - table_->potential.value(x),
                 4.0 * unit_round_off * std::abs(table_->potential.value(x)));
}

Estimate LineMeasure::enclosed_quantile(double p) const {
  const double x = quantile(p);
  const Table& t = *table_;
  if (x == -infinity || x == infinity) return x;
  if (x <= t.panels.front().a && x > lower()) {
    return Estimate::between(x, lower(), x, Grade::converged);
  }
  if (x >= t.panels.back().b && x < upper()) {
    return Estimate::between(x, x, upper(), Grade::converged);
  }
  // A relative error e of the smaller tail mass m moves x to the quantile of m(1 ± e), which
  // stays right where the density vanishes.
  const double e = relative_error(x);
  const double low =
      p <= 0.5 ? quantile(p * (1.0 - e)) : quantile_of_survival((1.0 - p) * (1.0 + e));
  const double high =
      p <= 0.5 ? quantile(p * (1.0 + e)) : quantile_of_survival((1.0 - p) * (1.0 - e));
  const double rounding = 8.0 * unit_round_off * std::abs(x);
  return Estimate::converged(x, std::max(x - low, high - x), rounding);
}

Estimate LineMeasure::enclosed_quantile_of_survival(double p) const {
  const double x = quantile_of_survival(p);
  const Table& t = *table_;
  if (x == -infinity || x == infinity) return x;
  if (x <= t.panels.front().a && x > lower()) {
    return Estimate::between(x, lower(), x, Grade::converged);
  }
  if (x >= t.panels.back().b && x < upper()) {
    return Estimate::between(x, x, upper(), Grade::converged);
  }
  const double e = relative_error(x);
  const double low =
      p <= 0.5 ? quantile_of_survival(p * (1.0 + e)) : quantile((1.0 - p) * (1.0 - e));
  const double high =
      p <= 0.5 ? quantile_of_survival(p * (1.0 - e)) : quantile((1.0 - p) * (1.0 + e));
  return Estimate::converged(x, std::max(x - low, high - x), 8.0 * unit_round_off * std::abs(x));
}

const Estimate& LineMeasure::log_normaliser() const {
  return table_->log_normaliser;
}
Estimate LineMeasure::normaliser() const {
  return exp(table_->log_normaliser);
}
const Estimate& LineMeasure::mean() const {
  return table_->mean;
}
const Estimate& LineMeasure::variance() const {
  return table_->variance;
}
const Estimate& LineMeasure::entropy() const {
  return table_->entropy;
}

Estimate LineMeasure::expectation(const std::function<double(double)>& g) const {
  return table_->expectation_of(table_->integral([&](double x, double) { return g(x); }), 0.0);
}

std::vector<double> LineMeasure::panel_ends() const {
  std::vector<double> ends;
  for (const Panel& panel : table_->panels) {
    if (ends.empty() || ends.back() != panel.a) ends.push_back(panel.a);
    ends.push_back(panel.b);
  }
  return ends;
}

Matrix sample(const LineMeasure& p, Index count, Rng& rng) {
  require(count >= 0, "sample: the count must not be negative");
  Matrix points(1, count);
  for (Index i = 0; i < count; ++i) {
    // (k + ½)·2⁻⁵⁴ is never 0, and the low bit, which uniform() drops, says from which end.
    const std::uint64_t word = rng.bits();
    const double tail = (static_cast<double>(word >> 11) + 0.5) * 0x1p-54;
    points(0, i) = (word & 1U) != 0 ? p.quantile(tail) : p.quantile_of_survival(tail);
  }
  return points;
}

Regularity regularity(const LineMeasure& p) {
  const LinePotential& potential = p.potential();
  const bool whole_line = p.lower() == -infinity && p.upper() == infinity;
  double least = infinity;
  double most = -infinity;
  double steepest = 0.0;
  const std::vector<double> ends = p.panel_ends();
  bool convex_support = true;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    // Nine points a panel, the ends just inside: V″ may be one-sided there.
    for (int k = 0; k <= 8; ++k) {
      const double inner = std::clamp(0.125 * k, 1e-9, 1.0 - 1e-9);
      const double x = ends[i] + inner * (ends[i + 1] - ends[i]);
      if (potential.value(x) == infinity) {
        convex_support = false;
        continue;
      }
      least = std::min(least, potential.curvature(x));
      most = std::max(most, potential.curvature(x));
      steepest = std::max(steepest, std::abs(x - potential.slope(x)));
    }
  }
  for (const double x : p.kinks()) {
    const double before = potential.slope(x - 1e-9 * (1.0 + std::abs(x)));
    const double after = potential.slope(x + 1e-9 * (1.0 + std::abs(x)));
    const double jump = 1e-6 * (1.0 + std::abs(before) + std::abs(after));
    if (after - before > jump) most = infinity;
    if (after - before < -jump) least = -infinity;
  }
  if (!convex_support) least = -infinity;

  Regularity result;
  const auto sharp = [&](double x) {
    return Estimate::closed_form(x, 8.0 * unit_round_off * std::abs(x));
  };
  if (potential.least_curvature) {
    result.curvature_lower = potential.least_curvature();
  } else if (std::isfinite(potential.curvature_lower)) {
    result.curvature_lower =
        potential.curvature_is_sharp
            ? sharp(potential.curvature_lower)
            : Estimate::between(potential.curvature_lower, potential.curvature_lower,
                                std::max(least, potential.curvature_lower), Grade::closed_form);
  } else if (std::isfinite(least) && !potential.curvature_is_sharp) {
    result.curvature_lower = Estimate::between(least, -infinity, least, Grade::sampled);
  }
  if (potential.largest_curvature) {
    result.curvature_upper = potential.largest_curvature();
  } else if (whole_line && std::isfinite(potential.curvature_upper)) {
    result.curvature_upper = potential.curvature_is_sharp
                                 ? sharp(potential.curvature_upper)
                                 : Estimate::between(potential.curvature_upper,
                                                     std::min(most, potential.curvature_upper),
                                                     potential.curvature_upper, Grade::closed_form);
  } else if (whole_line && std::isfinite(most) && !potential.curvature_is_sharp) {
    result.curvature_upper = Estimate::sampled_supremum(most);
  }
  if (std::isfinite(p.lower()) && std::isfinite(p.upper())) {
    result.half_diameter = sharp(0.5 * (p.upper() - p.lower()));
  }
  if (whole_line && std::isfinite(potential.log_lipschitz)) {
    result.log_lipschitz = sharp(potential.log_lipschitz);
  } else if (whole_line && !potential.curvature_is_sharp) {
    result.log_lipschitz = Estimate::sampled_supremum(steepest);
  }
  result.mixture_scale = potential.mixture_scale;
  result.mixture_radius = potential.mixture_radius;
  return result;
}

}  // namespace flowcheck
