#include "proximal/line_blocks.hpp"

#include "numerics/compensated_sum.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "proximal/chunked_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {

namespace {

struct GaussRule {
  std::array<double, 5> nodes;  // in [0, 1]
  std::array<double, 5> weights;
  int count;
};

constexpr GaussRule five_nodes = {
    {0.04691007703066800360, 0.23076534494715845448, 0.5, 0.76923465505284154552,
     0.95308992296933199640},
    {0.11846344252809454376, 0.23931433524968323402, 0.28444444444444444444, 0.23931433524968323402,
     0.11846344252809454376},
    5};
constexpr GaussRule three_nodes = {
    {0.11270166537925831148, 0.5, 0.88729833462074168852, 0.0, 0.0},
    {0.27777777777777777778, 0.44444444444444444444, 0.27777777777777777778, 0.0, 0.0},
    3};

constexpr double beyond_grid = 4.0;  // in units of z: Φ(−12) ≈ 2e-33

Vector quotients(const LineMap& from, const LineMap& to) {
  require(from.grid() == to.grid(), "LineBlock: the maps' grids differ");
  require(from.has_density() && to.has_density(), "LineBlock: a measure has an atom");
  return to.increments().cwiseQuotient(from.increments());
}

// What the inverse of block n is asked at instead of y.
Vector disturbed(const LineMap& law, double error, InversionError kind) {
  const Vector& z = law.grid().nodes();
  const Vector& w = law.grid().node_masses();
  Vector y = law.values();
  if (kind == InversionError::shift) return (y.array() + error).matrix();
  if (kind == InversionError::rounding) {
    const double lattice = std::sqrt(12.0) * error;
    return (lattice * (y / lattice).array().round()).matrix();
  }
  const Vector wave = (std::numbers::pi * z.array()).sin().matrix();
  const double norm =
      std::sqrt(chunked_sum(w.size(), [&](Index i) { return w[i] * wave[i] * wave[i]; }).sum);
  y += (error / norm) * wave;
  for (Index i = 1; i < y.size(); ++i) {
    require(y[i] >= y[i - 1], "inexact_reverse_process: too large a wave for a monotone map");
  }
  return y;
}

}  // namespace

LineBlock::LineBlock(const LineMap& from, const LineMap& to)
    : LineBlock(from, to, quotients(from, to)) {}

LineBlock::LineBlock(LineMap from, LineMap to, Vector slopes)
    : from_(std::move(from)), to_(std::move(to)), slopes_(std::move(slopes)) {}

Index LineBlock::piece(double x) const {
  const Vector& nodes = from_.values();
  const double* found = std::upper_bound(nodes.data(), nodes.data() + nodes.size(), x);
  return std::clamp<Index>(found - nodes.data() - 1, 0, slopes_.size() - 1);
}

double LineBlock::operator()(double x) const {
  const Index i = piece(x);
  // From the nearer end, so that a node's value is kept.
  const Index j = 2.0 * (x - from_.values()[i]) > from_.increments()[i] ? i + 1 : i;
  return to_.values()[j] + slopes_[i] * (x - from_.values()[j]);
}

double LineBlock::slope(double x) const {
  return slopes_[piece(x)];
}

LineBlock LineBlock::inverse() const {
  return LineBlock(to_, from_, slopes_.cwiseInverse());
}

LineMap LineBlock::operator()(const LineMap& p) const {
  Vector values = p.values();
  Vector increments = p.increments();
  for (Index i = 0; i < values.size(); ++i) values[i] = (*this)(values[i]);
  for (Index i = 0; i < increments.size(); ++i) {
    values[i + 1] = std::max(values[i + 1], values[i]);
    const Index k = piece(p.values()[i]);
    const bool one_piece = p.values()[i + 1] <= from_.values()[k + 1] || k + 1 == slopes_.size();
    // On one piece an increment keeps its digits; over several it is a difference of values.
    increments[i] = one_piece ? slopes_[k] * increments[i] : values[i + 1] - values[i];
  }
  return LineMap(p.grid(), std::move(values), std::move(increments));
}

Estimate LineBlock::lipschitz(double lower, double upper) const {
  require(lower <= upper, "LineBlock: an interval's ends ascend");
  const Index first = piece(lower);
  const double largest = slopes_.segment(first, piece(upper) - first + 1).maxCoeff();
  return Estimate::closed_form(largest, round_off(largest, 1));
}

Estimate LineBlock::lipschitz_on_nodes(double reach) const {
  const Vector& z = from_.grid().nodes();
  double largest = 0.0;
  for (Index i = 0; i < slopes_.size(); ++i) {
    if (std::max(std::abs(z[i]), std::abs(z[i + 1])) > reach) continue;
    largest = std::max(largest, slopes_[i]);
  }
  return Estimate::sampled_supremum(largest, round_off(largest, 1));
}

std::vector<LineBlock> forward_blocks(const LineJkoChain& chain) {
  std::vector<LineBlock> blocks;
  for (int n = 1; n <= chain.steps(); ++n) blocks.emplace_back(chain[n - 1], chain[n]);
  return blocks;
}

std::vector<LineMap> reverse_process(const LineJkoChain& chain) {
  std::vector<LineMap> laws(chain.iterates.size(), chain.target);
  for (int n = chain.steps(); n > 0; --n) {
    const auto k = static_cast<std::size_t>(n);
    laws[k - 1] = LineBlock(chain[n], chain[n - 1])(laws[k]);
  }
  return laws;
}

LineReverseDensity::LineReverseDensity(LineJkoChain chain)
    : chain_(std::move(chain)), blocks_(forward_blocks(chain_)) {
  const LineFunctional& G = chain_.functional;
  require(G.diffusion == 1.0 && G.exponent == 1.0 && G.interaction == 0.0 && G.potential.values,
          "LineReverseDensity: the functional has to be a relative entropy");
}

double LineReverseDensity::log_density(int n, double x) const {
  double log_slopes = 0.0;
  for (int k = n; k < chain_.steps(); ++k) {
    const LineBlock& F = blocks_[static_cast<std::size_t>(k)];
    log_slopes += std::log(F.slope(x));
    x = F(x);
  }
  const LineEnergy& V = chain_.functional.potential;
  double value = 0.0;
  V.values({&x, 1}, &value, nullptr, nullptr);
  return log_slopes - value - V.log_normaliser.value;
}

// ∫ term(log p_n/q_n) dp_n.
template <class Term>
Estimate LineReverseDensity::expectation(int n, const Term& term) const {
  const LineMap& p = chain_[n];
  const double h = p.grid().spacing();
  const Index pieces = p.increments().size();
  const Index beyond = static_cast<Index>(std::ceil(beyond_grid / h));
  CompensatedSum total;
  CompensatedSum size;
  CompensatedSum discretisation;
  for (Index j = -beyond; j < pieces + beyond; ++j) {
    const Index i = std::clamp<Index>(j, 0, pieces - 1);
    const double from = p.grid().nodes()[i];
    const double step = static_cast<double>(j - i);  // pieces beyond the end
    const double log_slope = std::log(p.increments()[i] / h);
    const auto integral = [&](const GaussRule& rule) {
      double sum = 0.0;
      for (int k = 0; k < rule.count; ++k) {
        const auto at = static_cast<std::size_t>(k);
        const double offset = step + rule.nodes[at];
        const double z = from + offset * h;
        const double log_p = -0.5 * z * z - 0.5 * std::log(2.0 * std::numbers::pi) - log_slope;
        const double x = p.values()[i] + offset * p.increments()[i];
        sum += rule.weights[at] * normal_density(z) * term(log_p - log_density(n, x));
      }
      return h * sum;
    };
    const double fine = integral(five_nodes);
    total.add(fine);
    size.add(std::abs(fine));
    discretisation.add(std::abs(fine - integral(three_nodes)));
  }
  const Estimate& log_Z = chain_.functional.potential.log_normaliser;
  // Logarithms of the slopes of up to N + 1 maps, each rounded.
  const double noise =
      round_off(size.value() + 1.0, 1) * (2.0 + chain_.steps() - n) + log_Z.budget.total();
  return Estimate::converged(total.value(), discretisation.value(), noise);
}

Estimate LineReverseDensity::kl(int n) const {
  // log r + 1/r − 1 ≥ 0 has the same integral and no cancellation.
  return expectation(n, [](double log_ratio) { return log_ratio + std::expm1(-log_ratio); });
}

Estimate LineReverseDensity::reverse_kl(int n) const {
  return expectation(n, [](double log_ratio) {
    return -log_ratio * std::exp(-log_ratio) - std::expm1(-log_ratio);
  });
}

Estimate LineReverseDensity::total_variation(int n) const {
  return expectation(n, [](double log_ratio) { return std::max(0.0, -std::expm1(-log_ratio)); });
}

Estimate LineInversion::distance(std::size_t n) const {
  return w2(exact.at(n), inexact.at(n));
}

Estimate LineInversion::bound() const {
  Estimate sum = 0.0;
  for (std::size_t n = errors.size() - 1; n > 0; --n) sum = lipschitz[n] * (sum + errors[n]);
  return sum;
}

LineInversion inexact_reverse_process(const LineJkoChain& chain,
                                      double error,
                                      InversionError kind) {
  require(error > 0.0 && std::isfinite(error),
          "inexact_reverse_process: the error is a number above 0");
  const std::size_t N = chain.step_sizes.size();
  LineInversion result{.exact = reverse_process(chain),
                       .inexact = std::vector<LineMap>(N + 1, chain.target),
                       .errors = std::vector<Estimate>(N + 1),
                       .lipschitz = std::vector<Estimate>(N + 1)};
  for (std::size_t n = N; n > 0; --n) {
    const int step = static_cast<int>(n);
    const LineBlock inverse(chain[step], chain[step - 1]);
    const LineMap& law = result.inexact[n];
    const LineMap asked(law.grid(), disturbed(law, error, kind));
    result.errors[n] = w2(law, asked);
    const Index last = law.values().size() - 1;
    const auto end = [&](Index i) {
      return std::array{law.values()[i], asked.values()[i], result.exact[n].values()[i]};
    };
    const auto lower = end(0);
    const auto upper = end(last);
    result.lipschitz[n] = inverse.lipschitz(*std::min_element(lower.begin(), lower.end()),
                                            *std::max_element(upper.begin(), upper.end()));
    result.inexact[n - 1] = inverse(asked);
  }
  return result;
}

}  // namespace flowcheck
