#include "proximal/line_fokker_planck.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "proximal/chunked_sum.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace flowcheck {

namespace {

// Rates of the chain times h², and log π.
struct MarkovChain {
  Vector up = {};    // i → i + 1, length M − 1
  Vector down = {};  // i + 1 → i, length M − 1
  Vector log_stationary = {};
};

MarkovChain make_markov_chain(const LineMeasure& target, double lower, double h, Index cells) {
  Vector V(cells);
  for (Index i = 0; i < cells; ++i) {
    V[i] = target.potential().value(lower + (static_cast<double>(i) + 0.5) * h);
  }
  const Vector half = 0.5 * (V.tail(cells - 1) - V.head(cells - 1));
  MarkovChain chain{.up = (-half.array()).exp().matrix(), .down = half.array().exp().matrix()};
  require(chain.up.allFinite() && chain.down.allFinite(),
          "LineFokkerPlanck: the potential is too steep for so few cells");
  const double least = V.minCoeff();
  const double log_sum =
      std::log(chunked_sum(cells, [&](Index i) { return std::exp(least - V[i]); }).sum) - least;
  chain.log_stationary = (-V.array() - log_sum).matrix();
  return chain;
}

// One implicit Euler step m ← (I − τA)⁻¹ m, A the chain's forward generator. The columns of I − τA
// sum to one, so that pivots are eᵢ + τ·upᵢ with e₀ = 1, eᵢ = 1 + τ·downᵢ₋₁ eᵢ₋₁/(eᵢ₋₁ + τ·upᵢ₋₁).
class ImplicitStep {
 public:
  ImplicitStep(const MarkovChain& chain, double scaled_step)
      : down_(scaled_step * chain.down), inverse_pivot_(chain.down.size() + 1) {
    const Index last = chain.up.size();
    const Vector up = scaled_step * chain.up;
    passed_on_.resize(last);
    double rest = 1.0;
    for (Index i = 0; i < last; ++i) {
      inverse_pivot_[i] = 1.0 / (rest + up[i]);
      passed_on_[i] = up[i] * inverse_pivot_[i];
      rest = 1.0 + down_[i] * (rest * inverse_pivot_[i]);
    }
    inverse_pivot_[last] = 1.0 / rest;
  }

  void apply(Vector& m) const {
    const Index last = m.size() - 1;
    for (Index i = 0; i < last; ++i) m[i + 1] += passed_on_[i] * m[i];
    m[last] *= inverse_pivot_[last];
    for (Index i = last; i > 0; --i) {
      m[i - 1] = (m[i - 1] + down_[i - 1] * m[i]) * inverse_pivot_[i - 1];
    }
  }

 private:
  Vector down_;
  Vector inverse_pivot_;
  Vector passed_on_;
};

// Masses below have lost their digits, and what they count for is far below any other error.
constexpr double underflow = 1e-280;

struct Window {
  double lower = 0.0;
  double upper = 0.0;
};

Window window_of(const LineMeasure& start, const LineMeasure& target, double tail) {
  return {std::min(start.quantile(tail), target.quantile(tail)),
          std::max(start.quantile_of_survival(tail), target.quantile_of_survival(tail))};
}

// The start's masses, each a difference in the nearer tail; what lies outside goes into the ends.
CellLaw start_law(const LineMeasure& start, const Window& window, Index cells) {
  const double h = (window.upper - window.lower) / static_cast<double>(cells);
  CellLaw law{.lower = window.lower, .spacing = h, .masses = Vector(cells)};
  const double middle = start.median();
  for (Index i = 0; i < cells; ++i) {
    const double a = window.lower + static_cast<double>(i) * h;
    const double b = a + h;
    const double mass = b <= middle   ? start.cdf(b) - start.cdf(a)
                        : a >= middle ? start.survival(a) - start.survival(b)
                                      : 1.0 - start.cdf(a) - start.survival(b);
    law.masses[i] = std::max(0.0, mass);
  }
  law.masses[0] += start.cdf(window.lower);
  law.masses[cells - 1] += start.survival(window.upper);
  law.masses /= chunked_sum(cells, [&](Index i) { return law.masses[i]; }).sum;
  return law;
}

// m log(m/π) − m + π, a term of KL without cancellation near m = π.
double relative_entropy_term(double mass, double log_stationary) {
  const double stationary = std::exp(log_stationary);
  if (mass == 0.0) return stationary;
  const double log_ratio = std::log(mass) - log_stationary;
  if (std::abs(log_ratio) > 0.1) return mass * log_ratio - mass + stationary;
  const double x = (mass - stationary) / stationary;
  return stationary * ((1.0 + x) * std::log1p(x) - x);
}

template <class Quantity>
Estimate richardson_of(const std::vector<LineFlow>& levels, const Quantity& quantity) {
  return richardson(quantity(levels[0]), quantity(levels[1]), quantity(levels[2]));
}

// Where the mass `left` lies in a cell of mass `mass` with density ∝ e^{slope·x}, x ∈ [0, 1].
double place_in_cell(double left, double mass, double slope) {
  const double share = std::min(1.0, left / mass);
  if (std::abs(slope) < 1e-8) return share;
  return std::log1p(share * std::expm1(slope)) / slope;
}

}  // namespace

LineMap line_map(const LineGrid& grid, const CellLaw& law) {
  const Vector& m = law.masses;
  const Index cells = m.size();
  require(cells > 0 && m.minCoeff() >= 0.0 && m.maxCoeff() > 0.0, "line_map: masses are positive");
  const auto slope_in = [&](Index i) {
    const Index a = std::max<Index>(0, i - 1);
    const Index b = std::min(cells - 1, i + 1);
    if (!(m[a] > 0.0 && m[b] > 0.0) || a == b) return 0.0;
    return std::clamp(std::log(m[b] / m[a]) / static_cast<double>(b - a), -30.0, 30.0);
  };
  // The quantile where `tail` is the mass on its side, cells counted from that side.
  const auto quantiles = [&](bool from_left, const Vector& tails) {
    Vector places(tails.size());
    Index k = 0;
    double before = 0.0;
    const auto cell = [&](Index j) { return from_left ? j : cells - 1 - j; };
    for (Index j = 0; j < tails.size(); ++j) {
      while (k + 1 < cells && before + m[cell(k)] <= tails[j]) before += m[cell(k++)];
      while (k + 1 < cells && m[cell(k)] == 0.0) ++k;
      const double slope = from_left ? slope_in(cell(k)) : -slope_in(cell(k));
      const double mass = m[cell(k)];
      const double place = mass > 0.0 ? place_in_cell(tails[j] - before, mass, slope) : 0.0;
      places[j] = (static_cast<double>(k) + place) * law.spacing;
    }
    return places;
  };
  const Vector& z = grid.nodes();
  const Index points = z.size();
  const Index half = (points + 1) / 2;
  Vector tails(half);
  for (Index i = 0; i < half; ++i) tails[i] = normal_cdf(z[i]);
  const Vector left = quantiles(true, tails);
  const Vector right = quantiles(false, tails);
  const double upper = law.lower + static_cast<double>(cells) * law.spacing;
  Vector values(points);
  for (Index i = 0; i < half; ++i) {
    values[points - 1 - i] = upper - right[i];
    values[i] = law.lower + left[i];
  }
  for (Index i = 1; i < points; ++i) values[i] = std::max(values[i], values[i - 1]);
  return LineMap(grid, std::move(values));
}

Estimate LineFlow::kl(std::size_t k) const {
  const Vector& m = laws.at(k).masses;
  const ChunkedSum sum = chunked_sum(
      m.size(), [&](Index i) { return relative_entropy_term(m[i], log_stationary[i]); });
  // A term's derivative in log m is m log(m/π).
  const ChunkedSum passed_on = chunked_sum(m.size(), [&](Index i) {
    return m[i] > 0.0 ? m[i] * (std::log(m[i]) - log_stationary[i]) : 0.0;
  });
  return Estimate::closed_form(sum.sum, sum.round_off() + relative_error * passed_on.magnitude);
}

Estimate LineFlow::dissipation(std::size_t k) const {
  const CellLaw& law = laws.at(k);
  const Vector& m = law.masses;
  const double squared_spacing = law.spacing * law.spacing;
  bool jumps = false;
  double lost = 0.0;
  const ChunkedSum sum = chunked_sum(m.size() - 1, [&](Index i) {
    if (std::max(m[i], m[i + 1]) < underflow) return 0.0;
    if (std::min(m[i], m[i + 1]) == 0.0) jumps = true;
    if (jumps) return 0.0;
    const double step = 0.5 * (log_stationary[i + 1] - log_stationary[i]);
    const double a = m[i] * std::exp(step);  // r√(ππ') of the cell, and of the next
    const double b = m[i + 1] * std::exp(-step);
    const double change = std::log(m[i + 1]) - std::log(m[i]) - 2.0 * step;
    lost += (std::abs(b - a) + (a + b) * std::abs(change)) / squared_spacing;
    return (b - a) * change / squared_spacing;
  });
  if (jumps) return infinity;
  return Estimate::closed_form(sum.sum, sum.round_off() + 2.0 * relative_error * lost);
}

double LineFlow::edge_mass(std::size_t k) const {
  const Vector& m = laws.at(k).masses;
  return m[0] + m[m.size() - 1];
}

CellLaw LineFlow::stationary() const {
  return {.lower = laws.front().lower,
          .spacing = laws.front().spacing,
          .masses = log_stationary.array().exp().matrix()};
}

LineFlow line_flow(const LineMeasure& start,
                   const LineMeasure& target,
                   const std::vector<double>& times,
                   const LineFokkerPlanckOptions& options) {
  require(target.lower() == -infinity && target.upper() == infinity,
          "LineFokkerPlanck: the target has to live on all of the line");
  require(options.cells >= 8 && options.steps >= 1, "LineFokkerPlanck: at least 8 cells, 1 step");
  require(options.tail > 0.0 && options.tail < 0.5, "LineFokkerPlanck: tail is in (0, 1/2)");
  require(!times.empty() && times.front() >= 0.0 && std::isfinite(times.back()) &&
              std::adjacent_find(times.begin(), times.end(), std::greater_equal<>()) == times.end(),
          "LineFokkerPlanck: times are at least 0 and ascend");
  const Window window = window_of(start, target, options.tail);
  CellLaw law = start_law(start, window, options.cells);
  const MarkovChain chain = make_markov_chain(target, law.lower, law.spacing, options.cells);
  LineFlow flow{.times = times,
                .log_stationary = chain.log_stationary,
                .outside = start.cdf(window.lower) + start.survival(window.upper)};
  double now = 0.0;
  int steps = 0;
  for (const double time : times) {
    if (time > now) {
      const double tau = (time - now) / options.steps;
      const ImplicitStep step(chain, tau / (law.spacing * law.spacing));
      for (int i = 0; i < options.steps; ++i) step.apply(law.masses);
      steps += options.steps;
      now = time;
    }
    flow.laws.push_back(law);
  }
  flow.relative_error = 16.0 * unit_round_off * (steps + 1.0) * static_cast<double>(options.cells);
  return flow;
}

LineFokkerPlanck::LineFokkerPlanck(const LineMeasure& start,
                                   const LineMeasure& target,
                                   const std::vector<double>& times,
                                   const LineFokkerPlanckOptions& options) {
  LineFokkerPlanckOptions level = options;
  for (int k = 0; k < 3; ++k) {
    levels_.push_back(line_flow(start, target, times, level));
    level.cells *= 2;
    level.steps *= 4;
  }
}

Estimate LineFokkerPlanck::kl(std::size_t k) const {
  return richardson_of(levels_, [k](const LineFlow& flow) { return flow.kl(k); });
}

Estimate LineFokkerPlanck::fisher_information(std::size_t k) const {
  return richardson_of(levels_, [k](const LineFlow& flow) { return flow.dissipation(k); });
}

Estimate LineFokkerPlanck::w2(std::size_t k, const LineMap& p) const {
  return richardson_of(levels_, [&](const LineFlow& flow) {
    return flowcheck::w2(line_map(p.grid(), flow.laws.at(k)), p);
  });
}

Estimate LineFokkerPlanck::w2_to_target(std::size_t k, const LineGrid& grid) const {
  return richardson_of(levels_, [&](const LineFlow& flow) {
    return flowcheck::w2(line_map(grid, flow.laws.at(k)), line_map(grid, flow.stationary()));
  });
}

}  // namespace flowcheck
