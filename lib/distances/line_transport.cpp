#include "distances/line_transport.hpp"

#include "numerics/compensated_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace flowcheck {
namespace {

constexpr std::size_t few = 16;             // sorted by insertion
constexpr std::size_t coarse_cells = 1024;  // so many places are written to at a time
constexpr std::size_t most_cells = 4096;

void insertion_sort(double* values, std::size_t count) {
  for (std::size_t k = 1; k < count; ++k) {
    const double value = values[k];
    std::size_t place = k;
    for (; place > 0 && value < values[place - 1]; --place) values[place] = values[place - 1];
    values[place] = value;
  }
}

// Cells of equal width over the range of some values. The cell is an increasing function of the
// value, rounding included, which is all that sorting needs.
struct Cells {
  double least = 0.0;
  double per_unit = 0.0;
  int last = 0;

  bool usable() const { return per_unit > 0.0 && per_unit < infinity; }
  std::size_t of(double value) const {
    return static_cast<std::size_t>(std::min(static_cast<int>((value - least) * per_unit), last));
  }
};

Cells cells_over(const double* values, std::size_t count, std::size_t cells) {
  // Four at a time: one comparison does not wait for the other.
  std::array<double, 4> least;
  std::array<double, 4> most;
  least.fill(values[0]);
  most.fill(values[0]);
  std::size_t k = 0;
  for (; k + 4 <= count; k += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      least[lane] = std::min(least[lane], values[k + lane]);
      most[lane] = std::max(most[lane], values[k + lane]);
    }
  }
  for (; k < count; ++k) {
    least[0] = std::min(least[0], values[k]);
    most[0] = std::max(most[0], values[k]);
  }
  const double lower = *std::min_element(least.begin(), least.end());
  const double upper = *std::max_element(most.begin(), most.end());
  // Not usable where all are equal, and where the range overflows or is too small to divide by.
  return {.least = lower,
          .per_unit = static_cast<double>(cells) / (upper - lower),
          .last = static_cast<int>(cells) - 1};
}

// Deals `from` out to `to` by cells; ends[c] is where cell c ends.
void deal(const Cells& cells,
          const double* from,
          std::size_t count,
          double* to,
          std::vector<std::uint32_t>& ends) {
  std::fill_n(ends.begin(), static_cast<std::size_t>(cells.last) + 2, 0U);
  for (std::size_t k = 0; k < count; ++k) ++ends[cells.of(from[k]) + 1];
  for (std::size_t c = 0; c <= static_cast<std::size_t>(cells.last); ++c) ends[c + 1] += ends[c];
  for (std::size_t k = 0; k < count; ++k) to[ends[cells.of(from[k])]++] = from[k];
}

// Sorts one coarse cell's values into `out`.
void sort_cell(const double* values,
               std::size_t count,
               double* out,
               std::vector<std::uint32_t>& ends) {
  std::size_t wanted = 1;
  while (wanted < count && wanted < most_cells) wanted *= 2;
  const Cells cells = count > few ? cells_over(values, count, wanted) : Cells{};
  if (!cells.usable()) {
    std::copy_n(values, count, out);
    if (count > few) {
      std::sort(out, out + count);
    } else {
      insertion_sort(out, count);
    }
    return;
  }
  deal(cells, values, count, out, ends);
  std::uint32_t begin = 0;
  for (std::size_t c = 0; c < wanted; ++c) {
    if (ends[c] - begin > few) std::sort(out + begin, out + ends[c]);
    begin = ends[c];
  }
  insertion_sort(out, count);
}

// Increasing coupling as a staircase: from (0, 0) to (n − 1, m − 1), one step up in one of the two
// at a time, every point visited, pieces without mass included.
//
// Visit is called with the places in sorted order and the mass of the piece, rounded once.
template <class Visit>
void staircase_uniform(std::int64_t n, std::int64_t m, Visit visit) {
  const std::int64_t divisor = std::gcd(n, m);
  const std::int64_t of_first = m / divisor;  // the mass of a point, in units of 1/lcm
  const std::int64_t of_second = n / divisor;
  const double unit = 1.0 / static_cast<double>(n * of_first);
  std::int64_t i = 0;
  std::int64_t j = 0;
  std::int64_t left_first = of_first;
  std::int64_t left_second = of_second;
  for (;;) {
    const std::int64_t piece = std::min(left_first, left_second);
    visit(i, j, static_cast<double>(piece) * unit);
    left_first -= piece;
    left_second -= piece;
    if (left_first == 0 && i + 1 < n) {
      ++i;
      left_first = of_first;
    } else if (j + 1 < m) {
      ++j;
      left_second = of_second;
    } else {
      return;
    }
  }
}

// Quantile levels: the mass up to and including each point, in twice the working precision. The
// last one is one exactly.
std::vector<ExactSum> levels_of(const std::vector<double>& weights) {
  std::vector<ExactSum> levels;
  levels.reserve(weights.size());
  ExactSum sum;
  for (const double weight : weights) {
    const ExactSum next = exact_sum(sum.sum, weight);
    sum = exact_sum(next.sum, next.error + sum.error);
    levels.push_back(sum);
  }
  const ExactSum whole = sum;
  for (ExactSum& level : levels) {
    const double quotient = level.sum / whole.sum;
    const double rest =
        std::fma(-quotient, whole.sum, level.sum) + (level.error - quotient * whole.error);
    level = exact_sum(quotient, rest / whole.sum);
  }
  return levels;
}

bool before(const ExactSum& a, const ExactSum& b) {
  return a.sum < b.sum || (a.sum == b.sum && a.error < b.error);
}

template <class Visit>
void staircase_weighted(const std::vector<double>& first,
                        const std::vector<double>& second,
                        Visit visit) {
  const std::vector<ExactSum> ends_first = levels_of(first);
  const std::vector<ExactSum> ends_second = levels_of(second);
  std::size_t i = 0;
  std::size_t j = 0;
  ExactSum reached;
  for (;;) {
    const ExactSum& end = before(ends_first[i], ends_second[j]) ? ends_first[i] : ends_second[j];
    visit(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j),
          std::max(0.0, (end.sum - reached.sum) + (end.error - reached.error)));
    reached = end;
    const bool up_first = !before(ends_second[j], ends_first[i]);
    if (i + 1 < first.size() && (up_first || j + 1 == second.size())) {
      ++i;
    } else if (j + 1 < second.size()) {
      ++j;
    } else {
      return;
    }
  }
}

// One measure in increasing order, scaled.
struct Line {
  std::vector<double> values = {};
  std::vector<double> weights = {};  // empty where uniform
  std::vector<Index> order = {};     // empty where nobody asks
};

Line sorted_with_order(const PointCloud& cloud, int exponent) {
  Line line{.order = std::vector<Index>(static_cast<std::size_t>(cloud.size()))};
  std::iota(line.order.begin(), line.order.end(), Index{0});
  const double* points = cloud.points().data();
  std::sort(line.order.begin(), line.order.end(), [points](Index a, Index b) {
    return points[a] < points[b] || (points[a] == points[b] && a < b);
  });
  const double factor = std::ldexp(1.0, exponent);
  for (const Index k : line.order) {
    line.values.push_back(factor * points[k]);
    if (!cloud.uniform()) line.weights.push_back(cloud.weights()(k));
  }
  return line;
}

Line sorted_line(const PointCloud& cloud, std::vector<double>& scratch) {
  if (!cloud.uniform()) return sorted_with_order(cloud, 0);
  Line line;
  sort_values(cloud.points().data(), cloud.size(), line.values, scratch);
  return line;
}

template <class Visit>
void staircase(const Line& p, const Line& q, Visit visit) {
  if (p.weights.empty() && q.weights.empty()) {
    staircase_uniform(static_cast<std::int64_t>(p.values.size()),
                      static_cast<std::int64_t>(q.values.size()), visit);
    return;
  }
  const auto weights = [](const Line& line) {
    return line.weights.empty() ? std::vector<double>(line.values.size(), 1.0) : line.weights;
  };
  staircase_weighted(weights(p), weights(q), visit);
}

// Terms are nonnegative, so that a relative error of each is one of the sum: three roundings make a
// square of a difference, 64 + 2 additions a block's sum.
ScaledBracket mean_of_squares(const std::vector<double>& x, const std::vector<double>& y) {
  constexpr std::size_t block = 256;
  CompensatedSum sum;
  for (std::size_t first = 0; first < x.size(); first += block) {
    const std::size_t end = std::min(first + block, x.size());
    std::array<double, 4> lanes = {};
    std::size_t k = first;
    for (; k + 4 <= end; k += 4) {
      for (std::size_t lane = 0; lane < 4; ++lane) {
        const double difference = x[k + lane] - y[k + lane];
        lanes[lane] += difference * difference;
      }
    }
    for (; k < end; ++k) lanes[0] += (x[k] - y[k]) * (x[k] - y[k]);
    sum.add((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
  }
  const double n = static_cast<double>(x.size());
  return relative_bracket(sum.lower() / n, sum.value() / n, sum.upper() / n, 80);
}

ScaledBracket sum_of_pieces(const Line& p, const Line& q) {
  CompensatedSum sum;
  staircase(p, q, [&](std::int64_t i, std::int64_t j, double mass) {
    const double difference =
        p.values[static_cast<std::size_t>(i)] - q.values[static_cast<std::size_t>(j)];
    sum.add(difference * difference * mass);
  });
  ScaledBracket bracket = relative_bracket(sum.lower(), sum.value(), sum.upper(), 10);
  if (p.weights.empty() && q.weights.empty()) return bracket;
  // The levels are off by e ≤ (N + 16) 2⁻¹⁰² each. Where no level is that near, the computed
  // quantiles are the true ones; elsewhere, which is a set of mass 4Ne at most, the integrand is
  // between zero and the squared diameter.
  const double N = static_cast<double>(p.values.size() + q.values.size());
  const double diameter =
      std::max(p.values.back(), q.values.back()) - std::min(p.values.front(), q.values.front());
  const double error = 4.1 * N * (N + 16.0) * 0x1p-102 * diameter * diameter;
  bracket.lower -= 1.01 * error;
  bracket.upper += 1.01 * error + 0x1p-52 * bracket.upper;
  bracket.lower -= 0x1p-52 * std::abs(bracket.lower);
  return bracket;
}

// (x − y)² in twice the working precision.
ExactSum exact_cost(double x, double y) {
  const ExactSum difference = exact_sum(x, -y);
  const double square = difference.sum * difference.sum;
  const double rest =
      std::fma(difference.sum, difference.sum, -square) + 2.0 * difference.sum * difference.error;
  return exact_sum(square, rest);
}

// c = u + v along the staircase; feasible elsewhere too, since costs on the line are Monge.
class StaircasePotentials {
 public:
  StaircasePotentials(const Line& p, const Line& q)
      : p_(p), q_(q), u_(p.values.size()), v_(q.values.size()) {}

  void visit(std::size_t i, std::size_t j) {
    const ExactSum cost = exact_cost(p_.values[i], q_.values[j]);
    if (j == last_j_) {
      u_[i] = difference(cost, v_[j]);
    } else {
      v_[j] = difference(cost, u_[i]);
      last_j_ = j;
    }
  }

  // To doubles, in the order given. v pays for every rounding: of u and of itself, and 2⁻⁹⁸ of the
  // largest cost for each step of the staircase.
  void write(Vector& u, Vector& v, int exponent) const {
    u.resize(static_cast<Index>(u_.size()));
    v.resize(static_cast<Index>(v_.size()));
    double largest = 0.0;
    for (std::size_t i = 0; i < u_.size(); ++i) {
      u(p_.order[i]) = ldexp_down(u_[i].sum, exponent);
      largest = std::max(largest, std::abs(u_[i].sum));
    }
    const double diameter = std::max(p_.values.back(), q_.values.back()) -
                            std::min(p_.values.front(), q_.values.front());
    const double steps = static_cast<double>(u_.size() + v_.size());
    for (std::size_t j = 0; j < v_.size(); ++j) {
      const double error = 0x1p-52 * (std::abs(v_[j].sum) + largest) +
                           steps * 0x1p-98 * diameter * diameter + 0x1p-1000;
      v(q_.order[j]) = ldexp_down(v_[j].sum - error, exponent);
    }
  }

 private:
  static ExactSum difference(const ExactSum& a, const ExactSum& b) {
    const ExactSum result = exact_sum(a.sum, -b.sum);
    return exact_sum(result.sum, result.error + (a.error - b.error));
  }

  const Line& p_;
  const Line& q_;
  std::vector<ExactSum> u_;
  std::vector<ExactSum> v_;
  std::size_t last_j_ = 0;
};

// Zero where squares neither overflow nor lose digits, which is nearly always.
int scale_exponent(double largest) {
  if (largest == 0.0 || std::abs(std::ilogb(largest)) <= 200) return 0;
  return std::clamp(-std::ilogb(largest), -1000, 1000);
}

double largest_value(const Line& line) {
  return std::max(std::abs(line.values.front()), std::abs(line.values.back()));
}

void scale(Line& line, int exponent) {
  if (exponent == 0) return;
  for (double& value : line.values) value = std::ldexp(value, exponent);
}

}  // namespace

void sort_values(const double* values,
                 Index count,
                 std::vector<double>& sorted,
                 std::vector<double>& scratch) {
  const auto n = static_cast<std::size_t>(count);
  sorted.resize(n);
  const Cells cells = n > coarse_cells ? cells_over(values, n, coarse_cells) : Cells{};
  if (!cells.usable()) {
    std::copy_n(values, n, sorted.begin());
    std::sort(sorted.begin(), sorted.end());
    return;
  }
  scratch.resize(n);
  std::vector<std::uint32_t> coarse_ends(coarse_cells + 1);
  std::vector<std::uint32_t> ends(most_cells + 1);
  deal(cells, values, n, scratch.data(), coarse_ends);
  std::size_t begin = 0;
  for (std::size_t c = 0; c < coarse_cells; ++c) {
    sort_cell(scratch.data() + begin, coarse_ends[c] - begin, sorted.data() + begin, ends);
    begin = coarse_ends[c];
  }
}

TransportBracket line_bracket(const PointCloud& p, const PointCloud& q) {
  std::vector<double> scratch;
  Line first = sorted_line(p, scratch);
  Line second = sorted_line(q, scratch);
  const int exponent = scale_exponent(std::max(largest_value(first), largest_value(second)));
  scale(first, exponent);
  scale(second, exponent);
  const bool pairs = p.uniform() && q.uniform() && p.size() == q.size();
  return unscaled(
      pairs ? mean_of_squares(first.values, second.values) : sum_of_pieces(first, second),
      -exponent);
}

TransportResult line_transport(const PointCloud& p, const PointCloud& q) {
  const int exponent =
      scale_exponent(std::max(p.points().cwiseAbs().maxCoeff(), q.points().cwiseAbs().maxCoeff()));
  const Line first = sorted_with_order(p, exponent);
  const Line second = sorted_with_order(q, exponent);
  TransportResult result;
  StaircasePotentials potentials(first, second);
  staircase(first, second, [&](std::int64_t i, std::int64_t j, double mass) {
    const auto a = static_cast<std::size_t>(i);
    const auto b = static_cast<std::size_t>(j);
    potentials.visit(a, b);
    if (mass > 0.0) result.plan.push_back({first.order[a], second.order[b], mass});
    ++result.iterations;
  });
  potentials.write(result.first_potential, result.second_potential, -2 * exponent);
  const TransportBracket bracket = line_bracket(p, q);
  result.squared_w2 = bracket.squared_w2;
  result.w2 = bracket.w2;
  result.termination = Termination::converged;
  return result;
}

}  // namespace flowcheck
