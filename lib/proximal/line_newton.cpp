#include "proximal/line_newton.hpp"

#include "numerics/compensated_sum.hpp"
#include "numerics/huge_pages.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace flowcheck {

namespace {

constexpr Index chunk_size = 512;  // of nodes, so that a chunk's arrays stay in the first cache

using Values = Eigen::Map<Eigen::ArrayXd>;
using ConstValues = Eigen::Map<const Eigen::ArrayXd>;

// Σ (up to 512 terms in Eigen's order) added to a compensated total.
template <class Terms>
void add(CompensatedSum& total, const Terms& terms) {
  total.add(terms.sum());
}

// Of an increment, which is to stay positive, or of its pressure d^{−m}, which is to stay finite:
// whether it changes by a half or more to first order.
bool changes_much(double relative_change, double exponent) {
  return std::max(1.0, exponent) * std::abs(relative_change) > 0.5;
}

double chunked_mean(const Vector& w, const Vector& T) {
  CompensatedSum total;
  for (Index begin = 0; begin < T.size(); begin += chunk_size) {
    const Index n = std::min(chunk_size, T.size() - begin);
    total.add(w.segment(begin, n).dot(T.segment(begin, n)));
  }
  return total.value();
}

// One of the two chains of elimination, as far as it has come.
struct Chain {
  double e = 0.0;   // what the nodes behind add to the next one's mass,
  double y = 0.0;   // to its right-hand side,
  double y2 = 0.0;  // and to the second one
  double squared_decrement = 0.0;
};

// Takes node `at`, with mass m and right-hand side r, out of the system: it is joined to the next
// one by c, across `edge`. y/p is left in v, y₂/p in v2 and e/p in u.
template <bool rank_one>
struct Elimination {
  const double* w;
  double* u;
  double* v;
  double* v2;

  void operator()(Chain& chain, double m, double r, double c, Index at, Index edge) const {
    const double e = m + chain.e;
    const double y = r + chain.y;
    const double p = c + e;
    const double inverse = 1.0 / p;
    chain.e = c * e / p;
    const double scaled = y * inverse;
    chain.y = c * scaled;
    u[edge] = e * inverse;
    v[at] = scaled;
    chain.squared_decrement += y * scaled;
    if constexpr (rank_one) {
      const double scaled2 = (w[at] + chain.y2) * inverse;
      chain.y2 = c * scaled2;
      v2[at] = scaled2;
    }
  }
};

// Back from the middle, both ways: values holds y/p and gets δ, increments its differences; ratio,
// which may be increments, holds e/p.
void substitute(
    const double* ratio, double* values, double* increments, Index middle, Index points) {
  double l = values[middle];
  double r = values[middle];
  const auto step_left = [&](Index i) {
    const double t = ratio[i];
    const double increment = t * l - values[i];
    l = (1.0 - t) * l + values[i];
    values[i] = l;
    increments[i] = increment;
  };
  const auto step_right = [&](Index i) {
    const double t = ratio[i - 1];
    const double increment = values[i] - t * r;
    r = (1.0 - t) * r + values[i];
    values[i] = r;
    increments[i - 1] = increment;
  };
  for (Index j = 1; j <= middle; ++j) {
    step_left(middle - j);
    step_right(middle + j);
  }
  for (Index i = 2 * middle + 1; i < points; ++i) step_right(i);
}

}  // namespace

Vector values_of(const Vector& increments, double middle) {
  const Index points = increments.size() + 1;
  const Index centre = points / 2;
  Vector values = large_vector(points);
  values[centre] = middle;
  // Within a block, partial sums are so small that their rounding does not count.
  constexpr Index block = 64;
  for (const int side : {1, -1}) {
    CompensatedSum base;
    base.add(middle);
    const Index count = side > 0 ? points - 1 - centre : centre;
    for (Index begin = 0; begin < count; begin += block) {
      const double start = base.value();
      double partial = 0.0;
      for (Index j = begin; j < std::min(begin + block, count); ++j) {
        partial += increments[side > 0 ? centre + j : centre - 1 - j];
        values[centre + side * (j + 1)] = start + side * partial;
      }
      base.add(side * partial);
    }
  }
  return values;
}

// Nodes begin … end − 1 and the edges begin − 1 … end − 1 around them.
struct LineNewton::Chunk {
  alignas(64) std::array<double, chunk_size> slope;
  alignas(64) std::array<double, chunk_size> curvature;
  alignas(64) std::array<double, chunk_size + 1> pressure;   // θρ^m
  alignas(64) std::array<double, chunk_size + 1> stiffness;  // c
  alignas(64) std::array<double, chunk_size> mass;           // m
  alignas(64) std::array<double, chunk_size> right;          // minus the gradient of F
};

LineNewton::LineNewton(const LineProblem& problem, Vector values, Vector increments)
    : problem_(problem),
      T_(std::move(values)),
      d_(std::move(increments)),
      direction_(large_vector(T_.size())),
      direction_increments_(large_vector(d_.size())) {}

template <bool rank_one>
void LineNewton::prepare(Index begin, Index end, double mean, Chunk& chunk) const {
  const LineFunctional& G = problem_.G;
  const Index n = end - begin;
  const Index edges = d_.size();
  Values pressure(chunk.pressure.data(), n + 1);
  Values stiffness(chunk.stiffness.data(), n + 1);
  const Index first = std::max<Index>(begin - 1, 0);
  const Index last = std::min(end, edges);  // one past the last edge
  const Index skipped = first - (begin - 1);
  const Index present = last - first;
  if (G.diffusion > 0.0) {
    const ConstValues omega(problem_.grid.edge_masses().data() + first, present);
    const ConstValues d(d_.data() + first, present);
    auto p = pressure.segment(skipped, present);
    if (G.exponent == 1.0) {
      p = G.diffusion * omega / d;
    } else if (G.exponent == 2.0) {
      p = G.diffusion * (omega / d).square();
    } else {
      p = G.diffusion * (omega / d).pow(G.exponent);
    }
    stiffness.segment(skipped, present) = G.exponent * p / d;
    if (skipped > 0) pressure[0] = stiffness[0] = 0.0;
    if (end > edges) pressure[n] = stiffness[n] = 0.0;
  } else {
    pressure.setZero();
    stiffness.setZero();
  }

  const ConstValues w(problem_.grid.node_masses().data() + begin, n);
  const ConstValues T(T_.data() + begin, n);
  Values slope(chunk.slope.data(), n);
  Values curvature(chunk.curvature.data(), n);
  if (G.potential.values) {
    G.potential.values({T.data(), static_cast<std::size_t>(n)}, nullptr, slope.data(),
                       curvature.data());
    const double least = curvature.minCoeff();
    const double lambda = G.potential.convexity;
    require(!(least < lambda - round_off(std::abs(lambda) + std::abs(least), 1)),
            "line_jko_step: the potential's curvature is below its stated bound");
  } else {
    slope.setZero();
    curvature.setZero();
  }
  Values mass(chunk.mass.data(), n);
  Values right(chunk.right.data(), n);
  const double s = problem_.inverse_step;
  if constexpr (rank_one) slope += G.interaction * (T - mean);
  if (s > 0.0) slope += s * (T - ConstValues(problem_.centre->data() + begin, n));
  if (problem_.tilt) slope -= ConstValues(problem_.tilt->data() + begin, n);
  mass = w * (curvature + (rank_one ? G.interaction + s : s));
  right = pressure.head(n) - pressure.tail(n) - w * slope;
}

// H = LDLᵀ from both ends towards the middle node: two chains of divisions, each of which waits for
// the one before it, run at the same time. Left of the middle H δ = r is δᵢ = (yᵢ + cᵢδᵢ₊₁)/pᵢ with
// pᵢ = cᵢ + eᵢ, whence δᵢ₊₁ − δᵢ = (eᵢδᵢ₊₁ − yᵢ)/pᵢ without the subtraction; the right likewise.
template <bool rank_one>
double LineNewton::factor_and_solve() {
  const Index points = T_.size();
  const Index middle = (points - 1) / 2;
  const Vector& w = problem_.grid.node_masses();
  const double mean = rank_one ? chunked_mean(w, T_) : 0.0;
  double* const v = direction_.data();
  double* const u = direction_increments_.data();
  double* const v2 = rank_one ? second_.data() : nullptr;
  const Elimination<rank_one> eliminate{w.data(), u, v, v2};
  Chain left;
  Chain right;

  Chunk a;
  Chunk b;
  CompensatedSum squared_decrement;
  for (Index done = 0; done < points - 1 - middle; done += chunk_size) {
    const Index n_left = std::min(chunk_size, std::max<Index>(middle - done, 0));
    const Index n_right = std::min(chunk_size, points - 1 - middle - done);
    const Index end = points - done;
    if (n_left > 0) prepare<rank_one>(done, done + n_left, mean, a);
    prepare<rank_one>(end - n_right, end, mean, b);
    const auto step_left = [&](Index j) {
      const auto k = static_cast<std::size_t>(j);
      eliminate(left, a.mass[k], a.right[k], a.stiffness[k + 1], done + j, done + j);
    };
    const auto step_right = [&](Index j) {
      const auto k = static_cast<std::size_t>(n_right - 1 - j);
      eliminate(right, b.mass[k], b.right[k], b.stiffness[k], end - 1 - j, end - 2 - j);
    };
    for (Index j = 0; j < n_left; ++j) {
      step_left(j);
      step_right(j);
    }
    for (Index j = n_left; j < n_right; ++j) step_right(j);
    squared_decrement.add(std::exchange(left.squared_decrement, 0.0));
    squared_decrement.add(std::exchange(right.squared_decrement, 0.0));
  }
  prepare<rank_one>(middle, middle + 1, mean, a);
  const double p = a.mass[0] + left.e + right.e;
  const double y = a.right[0] + left.y + right.y;
  v[middle] = y / p;
  squared_decrement.add(y * v[middle]);
  if constexpr (rank_one) v2[middle] = (w[middle] + left.y2 + right.y2) / p;

  if constexpr (rank_one) {
    substitute(u, v2, second_increments_.data(), middle, points);
    substitute(u, v, u, middle, points);
    // (A − κwwᵀ)⁻¹r by Sherman and Morrison; 1 − κwᵀA⁻¹w ≥ (1/γ + λ)/(1/γ + λ + κ) > 0.
    const double kappa = problem_.G.interaction;
    const double across = w.dot(direction_);
    const double factor = kappa * across / (1.0 - kappa * w.dot(second_));
    direction_ += factor * second_;
    direction_increments_ += factor * second_increments_;
    squared_decrement.add(factor * across);
  } else {
    substitute(u, v, u, middle, points);
  }
  return squared_decrement.value();
}

double LineNewton::find_direction() {
  double squared = 0.0;
  if (problem_.G.interaction != 0.0) {
    second_.resize(T_.size());
    second_increments_.resize(d_.size());
    squared = factor_and_solve<true>();
  } else {
    squared = factor_and_solve<false>();
  }
  least_change_ = largest_change_ = 0.0;
  if (problem_.G.diffusion > 0.0) {
    double most = 0.0;
    for (Index begin = 0; begin < d_.size(); begin += chunk_size) {
      const Index n = std::min(chunk_size, d_.size() - begin);
      std::array<double, chunk_size> buffer;
      Values change(buffer.data(), n);
      change = direction_increments_.segment(begin, n).array() / d_.segment(begin, n).array();
      least_change_ = std::min(least_change_, change.minCoeff());
      most = std::max(most, change.maxCoeff());
    }
    largest_change_ = std::max(-least_change_, most);
  }
  return squared;
}

double LineNewton::objective(const Vector& T, const Vector& d) const {
  const LineFunctional& G = problem_.G;
  const Index points = T.size();
  const Vector& w = problem_.grid.node_masses();
  const double h = problem_.grid.spacing();
  const double mean = G.interaction != 0.0 ? chunked_mean(w, T) : 0.0;
  std::array<double, chunk_size> buffer;
  CompensatedSum total;
  for (Index begin = 0; begin < points; begin += chunk_size) {
    const Index n = std::min(chunk_size, points - begin);
    const ConstValues masses(w.data() + begin, n);
    const ConstValues x(T.data() + begin, n);
    Values sum(buffer.data(), n);
    if (G.potential.values) {
      G.potential.values({x.data(), static_cast<std::size_t>(n)}, sum.data(), nullptr, nullptr);
    } else {
      sum.setZero();
    }
    if (G.interaction != 0.0) sum += 0.5 * G.interaction * (x - mean).square();
    if (problem_.inverse_step > 0.0) {
      sum += 0.5 * problem_.inverse_step *
             (x - ConstValues(problem_.centre->data() + begin, n)).square();
    }
    if (problem_.tilt) sum -= ConstValues(problem_.tilt->data() + begin, n) * x;
    add(total, masses * sum);
    if (G.diffusion == 0.0) continue;
    const Index edges = std::min(n, d.size() - begin);
    const ConstValues omega(problem_.grid.edge_masses().data() + begin, edges);
    const ConstValues increments(d.data() + begin, edges);
    const double m = G.exponent;
    if (m == 1.0) {
      add(total, -G.diffusion * omega * (increments / h).log());
    } else {
      add(total, G.diffusion / (m - 1.0) * omega * (omega / increments).pow(m - 1.0));
    }
  }
  return std::isfinite(total.value()) ? total.value() : infinity;
}

void LineNewton::move(double length, bool by_pressure, Vector& T, Vector& d) const {
  T = T_ + length * direction_;
  d = d_ + length * direction_increments_;
  if (!by_pressure) return;
  // A cell alone balances its pressure, which is d^{−m} up to a factor, against a constant:
  // Newton's method in d^{−m} is exact there, where in d it grows by 1 + 1/m at most and shrinks to
  // below 0. Elsewhere the two agree to second order. What is farther out is pushed along.
  //
  // A front (m > 1) may pass the places to which the nodes beyond it are drawn. What a cell does
  // not shrink by is then left to the next ones: if they were pushed along they would reach the
  // front one an iteration. Larger factors than four let them swing.
  const Index middle = (T.size() - 1) / 2;
  const double m = problem_.G.exponent;
  const bool has_front = m > 1.0;
  const double most_growth = has_front ? 4.0 : 10.0;  // in one step: what is farther out follows
  const double most_pressure = has_front ? std::pow(most_growth, m) : infinity;
  const double least_pressure = std::pow(most_growth, -m);
  double pushed = 0.0;   // how far outwards beyond Newton's step,
  double pressed = 0.0;  // and how much of that the next cells are to take up
  const auto add_cell = [&](Index edge) {
    const double wanted = length * direction_increments_[edge] - pressed;
    const double change = wanted / d_[edge];
    if (!changes_much(change, m)) {
      d[edge] = d_[edge] + wanted;
      pressed = 0.0;
      return;
    }
    const double pressure = std::clamp(1.0 - m * change, least_pressure, most_pressure);
    d[edge] = d_[edge] * std::pow(pressure, -1.0 / m);
    const double excess = d[edge] - (d_[edge] + wanted);
    const bool shrinks = has_front && wanted < 0.0;
    if (!shrinks) pushed += excess;
    pressed = shrinks ? excess : 0.0;
  };
  for (Index i = middle + 1; i < T.size(); ++i) {
    add_cell(i - 1);
    T[i] += pushed + pressed;
  }
  pushed = pressed = 0.0;
  for (Index i = middle - 1; i >= 0; --i) {
    add_cell(i);
    T[i] -= pushed + pressed;
  }
}

void LineNewton::full_step() {
  objective_is_known_ = false;
  if (changes_much(largest_change_, problem_.G.exponent)) {
    move(1.0, true, trial_values_, trial_increments_);
    T_.swap(trial_values_);
    d_.swap(trial_increments_);
  } else {
    T_ += direction_;
    d_ += direction_increments_;
  }
}

bool LineNewton::damped_step(double squared_decrement) {
  const double before = objective_is_known_ ? objective_ : objective();
  const auto accepts = [&](double length) {
    objective_ = objective(trial_values_, trial_increments_);
    const bool accepted = objective_ <= before - 0.1 * length * squared_decrement ||
                          (before == infinity && objective_ < infinity);
    if (accepted) {
      T_.swap(trial_values_);
      d_.swap(trial_increments_);
      objective_is_known_ = true;
    }
    return accepted;
  };
  move(1.0, changes_much(largest_change_, problem_.G.exponent), trial_values_, trial_increments_);
  if (accepts(1.0)) return true;
  double length = least_change_ < -0.5 ? std::min(1.0, 0.9 / -least_change_) : 0.5;
  for (int halvings = 0; halvings < 60; ++halvings, length *= 0.5) {
    move(length, false, trial_values_, trial_increments_);
    if (accepts(length)) return true;
  }
  objective_is_known_ = false;
  return false;
}

}  // namespace flowcheck
