#include "measures/enclosing_ball.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace flowcheck {
namespace {

constexpr double coarse_gap = 1e-6;  // relative, of R²: then the touching points are known
constexpr double fine_gap = 1e-13;
constexpr int iteration_limit = 5000;
constexpr double touching_share = 1e-9;  // of α, below which a point does not touch

void require_points(const Matrix& points) {
  require(points.size() > 0, "enclosing_ball: no points");
  require(points.allFinite(), "enclosing_ball: a coordinate is not finite");
}

// |x − y|² of d coordinates computed in double is off by a factor 1 ± (d + 2)u/(1 − (d + 2)u) and,
// where squares underflow, by d·2⁻¹⁰⁷⁵. Twice that, and once more for the arithmetic here.
double rounded_up(double computed_square, Index d) {
  if (computed_square == 0.0) return static_cast<double>(d) * 0x1p-1074;
  const double n = static_cast<double>(d);
  return computed_square * (1.0 + 2.0 * (n + 4.0) * unit_round_off) + n * 0x1p-1072;
}

Estimate squared_distance(const Vector& x, const Vector& y) {
  Estimate sum = 0.0;
  for (Index i = 0; i < x.size(); ++i) sum = sum + square(Estimate(x(i)) - Estimate(y(i)));
  return sum;
}

// The root of a square whose enclosure is [least.lower, most]; exactly 0 where all differences are.
Estimate root_of(const Estimate& least, double most) {
  const Estimate upper = sqrt(Estimate(std::max(most, least.upper)));
  const Estimate lower = sqrt(max(least, Estimate(0.0)));
  return Estimate::between(lower.value, lower.lower, upper.upper, Grade::certified);
}

struct Dual {
  Vector weights = {};  // α
  Vector centre = {};   // Σ αᵢpᵢ
};

// Frank–Wolfe with away steps until every point is within (1 + gap) R² of the centre.
void climb(const Matrix& points, double gap, Dual& dual) {
  for (int iteration = 0; iteration < iteration_limit; ++iteration) {
    const Vector squares = (points.colwise() - dual.centre).colwise().squaredNorm();
    const double variance = dual.weights.dot(squares);
    Index farthest = 0;
    const double most = squares.maxCoeff(&farthest);
    Index nearest = farthest;
    double least = infinity;
    for (Index i = 0; i < points.cols(); ++i) {
      if (dual.weights(i) > 0.0 && squares(i) < least) {
        least = squares(i);
        nearest = i;
      }
    }
    const double above = most / variance - 1.0;
    const double below = 1.0 - least / variance;
    if (!(above > gap)) return;
    if (above >= below) {
      const double step = 0.5 * above / (1.0 + above);
      dual.weights *= 1.0 - step;
      dual.weights(farthest) += step;
      dual.centre += step * (points.col(farthest) - dual.centre);
    } else {
      const double share = dual.weights(nearest);
      const double longest = share / (1.0 - share);
      const double step = below < 1.0 ? std::min(0.5 * below / (1.0 - below), longest) : longest;
      dual.centre -= step * (points.col(nearest) - dual.centre);
      dual.weights *= 1.0 + step;
      dual.weights(nearest) = step == longest ? 0.0 : dual.weights(nearest) - step;
    }
  }
}

std::vector<Index> touching(const Vector& weights) {
  std::vector<Index> result;
  for (Index i = 0; i < weights.size(); ++i) {
    if (weights(i) > touching_share) result.push_back(i);
  }
  return result;
}

// Equal distance to all touching points, the centre among their affine combinations:
// 2⟨pᵢ, Σ αⱼpⱼ⟩ + t = |pᵢ|² and Σ αⱼ = 1, the least solution where there are many.
Dual equidistant(const Matrix& points, const Dual& start) {
  const std::vector<Index> support = touching(start.weights);
  const auto m = static_cast<Index>(support.size());
  Matrix P(points.rows(), m);
  for (Index i = 0; i < m; ++i) {
    P.col(i) = points.col(support[static_cast<std::size_t>(i)]) - start.centre;
  }
  const double scale = P.cwiseAbs().maxCoeff();
  if (!(scale > 0.0)) return start;
  P /= scale;
  Matrix system = Matrix::Ones(m + 1, m + 1);
  system.topLeftCorner(m, m) = 2.0 * P.transpose() * P;
  system(m, m) = 0.0;
  Vector right(m + 1);
  right << P.colwise().squaredNorm().transpose(), 1.0;
  const Vector solution = Eigen::CompleteOrthogonalDecomposition<Matrix>(system).solve(right);
  Dual result{.weights = Vector::Zero(points.cols()), .centre = start.centre};
  for (Index i = 0; i < m; ++i) {
    result.weights(support[static_cast<std::size_t>(i)]) = std::max(solution(i), 0.0);
  }
  result.weights /= result.weights.sum();
  result.centre += scale * (P * solution.head(m));
  return result;
}

double largest_square(const Matrix& points, const Vector& centre) {
  return (points.colwise() - centre).colwise().squaredNorm().maxCoeff();
}

// Lower bound Σ αᵢ|pᵢ − c|² − |Σ αᵢ(pᵢ − c)|², Σ αᵢ = 1, which is the variance for every c.
Estimate variance(const Matrix& points, const Dual& dual) {
  const std::vector<Index> support = touching(dual.weights);
  Estimate mass = 0.0;
  Estimate spread = 0.0;
  std::vector<Estimate> shift(static_cast<std::size_t>(points.rows()), Estimate(0.0));
  for (const Index i : support) {
    const Estimate alpha = dual.weights(i);
    mass = mass + alpha;
    spread = spread + alpha * squared_distance(points.col(i), dual.centre);
    for (Index l = 0; l < points.rows(); ++l) {
      Estimate& to = shift[static_cast<std::size_t>(l)];
      to = to + alpha * (Estimate(points(l, i)) - Estimate(dual.centre(l)));
    }
  }
  Estimate result = spread / mass;
  for (const Estimate& s : shift) result = result - square(s / mass);
  return result;
}

EnclosingBall ball_of(const Matrix& points) {
  const Index n = points.cols();
  // Start from a point farthest from the first, and the one farthest from that.
  Index one = 0;
  Index other = 0;
  (points.colwise() - points.col(0)).colwise().squaredNorm().maxCoeff(&one);
  (points.colwise() - points.col(one)).colwise().squaredNorm().maxCoeff(&other);
  if (points.col(one) == points.col(other)) return {.centre = points.col(0), .radius = 0.0};
  Dual dual{.weights = Vector::Zero(n), .centre = 0.5 * points.col(one) + 0.5 * points.col(other)};
  dual.weights(one) = dual.weights(other) = 0.5;

  for (const double gap : {coarse_gap, fine_gap}) {
    climb(points, gap, dual);
    // A corrected centre and corrected weights are each kept only where they bound better.
    const Dual candidate = equidistant(points, dual);
    if (!candidate.weights.allFinite() || !candidate.centre.allFinite()) continue;
    const bool closer =
        largest_square(points, candidate.centre) <= largest_square(points, dual.centre);
    const bool larger = variance(points, candidate).lower >= variance(points, dual).lower;
    if (closer && larger) dual = candidate;
    if (rounded_up(largest_square(points, dual.centre), points.rows()) <=
        variance(points, dual).lower * (1.0 + fine_gap)) {
      break;
    }
  }
  const Estimate least = variance(points, dual);
  const double most = rounded_up(largest_square(points, dual.centre), points.rows());
  return {.centre = dual.centre, .radius = root_of(least, most)};
}

Estimate farthest(const Matrix& points, const Vector& centre) {
  Index most = 0;
  const double square = (points.colwise() - centre).colwise().squaredNorm().maxCoeff(&most);
  if (square == 0.0 && (points.colwise() - centre).isZero(0.0)) return 0.0;
  return root_of(squared_distance(points.col(most), centre), rounded_up(square, points.rows()));
}

FarthestPair farthest_pair_of(const Matrix& points) {
  const Index n = points.cols();
  const Vector middle = points.rowwise().mean();
  const Vector radii = (points.colwise() - middle).colwise().norm();
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return radii(i) > radii(j); });

  // |pᵢ − pⱼ| ≤ radiusᵢ + radiusⱼ: once that, with room for rounding, is below the largest distance
  // seen, so it is for all pairs that follow. A point's best partner may be the outermost one.
  const double room = 1.0 + round_off(1.0, points.rows());
  double largest = 0.0;
  Index one = 0;
  Index other = 0;
  for (std::size_t a = 0; a < order.size(); ++a) {
    const double radius = radii(order[a]);
    if ((radius + radii(order.front())) * room < std::sqrt(largest)) break;
    for (std::size_t b = 0; b < a; ++b) {
      if ((radius + radii(order[b])) * room < std::sqrt(largest)) break;
      const double square = (points.col(order[a]) - points.col(order[b])).squaredNorm();
      if (square > largest) {
        largest = square;
        one = order[a];
        other = order[b];
      }
    }
  }
  if (largest == 0.0 && (points.colwise() - points.col(0)).isZero(0.0)) return {};
  return {.first = one,
          .second = other,
          .distance = root_of(squared_distance(points.col(one), points.col(other)),
                              rounded_up(largest, points.rows()))};
}

// Points times 2^exponent, their extent of size one: its squares can be formed. A coordinate far
// below the extent may underflow, which `lost` has room for; one far beyond it must not overflow.
struct ScaledPoints {
  Matrix points = {};
  int exponent = 0;
  double lost = 0.0;  // bound of what underflow does to a distance
};

Matrix times_power(const Matrix& points, int exponent) {
  return points.unaryExpr([exponent](double x) { return std::ldexp(x, exponent); });
}

ScaledPoints scaled(const Matrix& points) {
  const double largest = points.cwiseAbs().maxCoeff();
  const double extent =
      (0.5 * points.rowwise().maxCoeff() - 0.5 * points.rowwise().minCoeff()).maxCoeff();
  if (!(extent > 0.0)) return {.points = points};
  ScaledPoints result{.exponent = std::min(-std::ilogb(extent), 900 - std::ilogb(largest))};
  result.points = times_power(points, result.exponent);
  if (times_power(result.points, -result.exponent) != points) result.lost = 0x1p-1000;
  return result;
}

// A length back on the points' own scale, rounded outward where that underflows or overflows.
Estimate unscaled(const Estimate& length, const ScaledPoints& from) {
  const int back = -from.exponent;
  double lower = std::ldexp(std::max(length.lower - from.lost, 0.0), back);
  double upper = std::ldexp(length.upper + from.lost, back);
  if (std::ldexp(lower, from.exponent) > length.lower - from.lost) {
    lower = std::max(std::nextafter(lower, 0.0), 0.0);
  }
  if (std::ldexp(upper, from.exponent) < length.upper + from.lost) {
    upper = std::nextafter(upper, infinity);
  }
  const double value = std::ldexp(length.value, back);
  return Estimate::between(value, std::min(lower, value), std::max(upper, value), length.grade);
}

}  // namespace

EnclosingBall enclosing_ball(const Matrix& points) {
  require_points(points);
  const ScaledPoints own = scaled(points);
  EnclosingBall ball = ball_of(own.points);
  ball.radius = unscaled(ball.radius, own);
  const Matrix centre = times_power(ball.centre, -own.exponent);
  if (times_power(centre, own.exponent) != ball.centre) {
    // Among numbers that small the centre is rounded, too.
    const double upper = std::max(ball.radius.upper, farthest_distance(points, centre).upper);
    ball.radius = Estimate::between(ball.radius.value, ball.radius.lower, upper, Grade::certified);
  }
  ball.centre = centre;
  return ball;
}

Estimate farthest_distance(const Matrix& points, const Vector& centre) {
  require_points(points);
  require(centre.size() == points.rows(), "farthest_distance: the centre has another dimension");
  require(centre.allFinite(), "farthest_distance: the centre is not finite");
  Matrix all(points.rows(), points.cols() + 1);
  all << points, centre;
  const ScaledPoints own = scaled(all);
  return unscaled(farthest(own.points.leftCols(points.cols()), own.points.rightCols(1)), own);
}

FarthestPair farthest_pair(const Matrix& points) {
  require_points(points);
  const ScaledPoints own = scaled(points);
  FarthestPair pair = farthest_pair_of(own.points);
  pair.distance = unscaled(pair.distance, own);
  return pair;
}

Estimate diameter(const Matrix& points) {
  return farthest_pair(points).distance;
}

bool is_edge(const Matrix& points, Index first, Index second) {
  require_points(points);
  require(std::min(first, second) >= 0 && std::max(first, second) < points.cols(),
          "is_edge: there are no such points");
  const Matrix own = scaled(points).points;
  const Vector end = own.col(first);
  const Vector along = (own.col(second) - end).stableNormalized();
  Matrix others(own.rows(), own.cols());
  Index count = 0;
  for (const auto& point : own.colwise()) {
    if (point != own.col(first) && point != own.col(second)) others.col(count++) = point - end;
  }
  if (count == 0) return true;
  others.conservativeResize(Eigen::NoChange, count);
  // Seen along the segment, which is then the origin: e is the nearest point of their hull.
  const Matrix across = others - along * (along.transpose() * others);
  const double room = round_off(others.colwise().norm().maxCoeff(), own.rows());
  Vector e = across.col(0);
  constexpr int most_steps = 400;
  for (int step = 0; step < most_steps; ++step) {
    Index nearest = 0;
    const double least = (across.transpose() * e).minCoeff(&nearest);
    // Turning e to be at a right angle to the segment changes products by rounding alone.
    if (least > room * e.norm()) return true;
    const Vector towards = across.col(nearest) - e;
    const double length = towards.squaredNorm();
    if (!(length > 0.0)) return false;
    e += std::clamp(-e.dot(towards) / length, 0.0, 1.0) * towards;
  }
  return false;
}

}  // namespace flowcheck
