#include "measures/tilted_moments.hpp"

#include "numerics/compensated_sum.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <boost/math/quadrature/gauss.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flowcheck {
namespace {

template <unsigned Count>
struct Rule {
  std::array<double, Count> nodes = {};  // on [0, 1]
  std::array<double, Count> weights = {};

  Rule() {
    using Gauss = boost::math::quadrature::gauss<double, Count>;
    std::size_t next = 0;
    for (std::size_t j = 0; j < Gauss::abscissa().size(); ++j) {
      const double x = Gauss::abscissa()[j];
      for (const double sign : {-1.0, 1.0}) {
        if (x == 0.0 && sign > 0.0) continue;
        nodes[next] = 0.5 * (1.0 + sign * x);
        weights[next++] = 0.5 * Gauss::weights()[j];
      }
    }
  }
};

template <unsigned Count>
const Rule<Count>& rule() {
  static const Rule<Count> result;
  return result;
}

// A stretch of the line with exponent c + slope (x − left) − k (x − left)²/2.
struct Stretch {
  double left = 0.0;
  double length = 0.0;
  double at_left = 0.0;
  double slope = 0.0;
};

std::vector<Stretch> stretches(
    const PiecewiseLinear& g, double s, double k, double lower, double upper) {
  std::vector<Stretch> result;
  double x = lower;
  double value = 0.0;
  std::size_t piece = 0;
  while (piece < g.knots.size() && g.knots[piece] <= lower) ++piece;
  while (x < upper) {
    const bool has_knot = piece < g.knots.size() && g.knots[piece] < upper;
    const double end = has_knot ? g.knots[piece] : upper;
    const double steep =
        std::abs(g.slopes[piece] + s) + std::abs(k) * (std::abs(x) + std::abs(end));
    const double panels = std::max({1.0, std::ceil((end - x) * steep / 8.0),
                                    std::ceil((end - x) * std::sqrt(0.5 * std::abs(k)))});
    const double length = (end - x) / panels;
    for (int i = 0; i < static_cast<int>(panels); ++i) {
      const double left = x + length * i;
      const double slope = g.slopes[piece] + s - k * left;
      result.push_back({left, length, value, slope});
      value += length * (slope - 0.5 * k * length);
    }
    x = end;
    ++piece;
  }
  return result;
}

template <unsigned Count>
LineMoments moments_on(const std::vector<Stretch>& all, double k) {
  const Rule<Count>& gauss = rule<Count>();
  double peak = -infinity;
  for (const Stretch& p : all) peak = std::max(peak, p.at_left);
  const double origin = all.front().left;
  double mass = 0.0;
  double first = 0.0;
  std::vector<double> weights;
  weights.reserve(all.size() * Count);
  for (const Stretch& p : all) {
    for (std::size_t i = 0; i < Count; ++i) {
      const double t = p.length * gauss.nodes[i];
      const double w =
          p.length * gauss.weights[i] * std::exp(p.at_left - peak + t * (p.slope - 0.5 * k * t));
      weights.push_back(w);
      mass += w;
      first += w * (p.left - origin + t);
    }
  }
  LineMoments result{.mean = first / mass};
  std::size_t next = 0;
  for (const Stretch& p : all) {
    for (std::size_t i = 0; i < Count; ++i) {
      const double x = p.left - origin + p.length * gauss.nodes[i] - result.mean;
      result.variance += weights[next++] * x * x;
    }
  }
  result.variance /= mass;
  result.mean += origin;
  return result;
}

// Of a tensor rule on the triangles (v₀, vᵢ, vᵢ₊₁).
template <unsigned Count>
PosteriorMoments on_fan(const Matrix& v, const Vector& s, double k) {
  const Rule<Count>& gauss = rule<Count>();
  const double x0 = v(0, 0);
  const double y0 = v(1, 0);
  const auto exponent = [&](double x, double y) {
    return s(0) * x + s(1) * y - 0.5 * k * (x * x + y * y);
  };
  double peak = -infinity;
  for (Index i = 0; i < v.cols(); ++i) peak = std::max(peak, exponent(v(0, i), v(1, i)));
  double m = 0.0, mx = 0.0, my = 0.0, mxx = 0.0, mxy = 0.0, myy = 0.0;
  for (Index i = 1; i + 1 < v.cols(); ++i) {
    const double ax = v(0, i) - x0, ay = v(1, i) - y0;
    const double bx = v(0, i + 1) - x0, by = v(1, i + 1) - y0;
    const double area = std::abs(ax * by - ay * bx);
    for (std::size_t p = 0; p < Count; ++p) {
      const double u = gauss.nodes[p];
      for (std::size_t q = 0; q < Count; ++q) {
        const double t = gauss.nodes[q];
        const double dx = u * ((1.0 - t) * ax + t * bx);
        const double dy = u * ((1.0 - t) * ay + t * by);
        const double w = area * u * gauss.weights[p] * gauss.weights[q] *
                         std::exp(exponent(x0 + dx, y0 + dy) - peak);
        m += w;
        mx += w * dx;
        my += w * dy;
        mxx += w * dx * dx;
        mxy += w * dx * dy;
        myy += w * dy * dy;
      }
    }
  }
  mx /= m;
  my /= m;
  return {.mean = Vector{{x0 + mx, y0 + my}},
          .covariance = Matrix{{mxx / m - mx * mx, mxy / m - mx * my},
                               {mxy / m - mx * my, myy / m - my * my}}};
}

}  // namespace

LineMoments piecewise_gaussian_moments(
    const PiecewiseLinear& g, double s, double k, double lower, double upper) {
  require(std::isfinite(lower) && std::isfinite(upper) && lower < upper,
          "piecewise_gaussian_moments: lower must be below upper, both finite");
  require(g.slopes.size() == g.knots.size() + 1 && std::ranges::is_sorted(g.knots),
          "piecewise_gaussian_moments: ascending knots, and one slope more");
  const std::vector<Stretch> all = stretches(g, s, k, lower, upper);
  LineMoments result = moments_on<20>(all, k);
  const LineMoments lesser = moments_on<15>(all, k);
  double exponent = 1.0;
  for (const Stretch& p : all) exponent = std::max(exponent, std::abs(p.at_left));
  result.error = std::abs(result.variance - lesser.variance) +
                 round_off(result.variance * (1.0 + exponent), 1);
  return result;
}

PosteriorMoments polygon_gaussian_moments(const Matrix& vertices,
                                          const Vector& s,
                                          double k,
                                          double* error) {
  require(vertices.rows() == 2 && vertices.cols() >= 3 && s.size() == 2,
          "polygon_gaussian_moments: three vertices or more, and a slope, of the plane");
  if (error == nullptr) return on_fan<12>(vertices, s, k);
  PosteriorMoments result = on_fan<20>(vertices, s, k);
  const PosteriorMoments lesser = on_fan<15>(vertices, s, k);
  const Vector extent = vertices.rowwise().maxCoeff() - vertices.rowwise().minCoeff();
  *error = (result.covariance - lesser.covariance).norm() + round_off(extent.squaredNorm(), 2);
  return result;
}

double orientation(const Vector& p, const Vector& q, const Vector& s) {
  CompensatedSum area;
  area.add_product(p(0), q(1));
  area.add_product(-p(1), q(0));
  area.add_product(q(0), s(1));
  area.add_product(-q(1), s(0));
  area.add_product(s(0), p(1));
  area.add_product(-s(1), p(0));
  return std::abs(area.value()) <= area.error_bound() ? 0.0 : area.value();
}

Matrix convex_hull(const Matrix& points) {
  require(points.rows() == 2, "convex_hull: points of the plane, 2 x n");
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::sort(order, [&](Index i, Index j) {
    return points(0, i) < points(0, j) ||
           (points(0, i) == points(0, j) && points(1, i) < points(1, j));
  });
  const auto turns_left = [&](Index a, Index b, Index c) {
    return orientation(points.col(a), points.col(b), points.col(c)) > 0.0;
  };
  // Lower and upper chains, each from left to right and back.
  std::vector<Index> hull;
  for (const bool back : {false, true}) {
    const std::size_t first = hull.size();
    if (back) std::ranges::reverse(order);
    for (const Index i : order) {
      while (hull.size() >= first + 2 && !turns_left(hull[hull.size() - 2], hull.back(), i)) {
        hull.pop_back();
      }
      hull.push_back(i);
    }
    hull.pop_back();
  }
  Matrix result(2, static_cast<Index>(hull.size()));
  for (std::size_t i = 0; i < hull.size(); ++i) {
    result.col(static_cast<Index>(i)) = points.col(hull[i]);
  }
  return result;
}

}  // namespace flowcheck
