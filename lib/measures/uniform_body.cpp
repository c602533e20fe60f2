#include "measures/uniform_body.hpp"

#include "measures/line_measure.hpp"
#include "measures/regularity.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace flowcheck {
namespace {

Regularity convex_body(double half_diameter, bool convex = true) {
  Regularity result;
  if (convex) result.curvature_lower = 0.0;
  result.half_diameter = Estimate::closed_form(half_diameter, round_off(half_diameter, 1));
  return result;
}

// Twice the signed area of the triangle abc, positive anticlockwise.
double turn(const Vector& a, const Vector& b, const Vector& c) {
  return (b(0) - a(0)) * (c(1) - a(1)) - (b(1) - a(1)) * (c(0) - a(0));
}

bool between(const Vector& a, const Vector& b, const Vector& x) {
  return std::min(a(0), b(0)) <= x(0) && x(0) <= std::max(a(0), b(0)) &&
         std::min(a(1), b(1)) <= x(1) && x(1) <= std::max(a(1), b(1));
}

// The closed segments ab and cd have a point in common.
bool touch(const Vector& a, const Vector& b, const Vector& c, const Vector& d) {
  const double abc = turn(a, b, c);
  const double abd = turn(a, b, d);
  const double cda = turn(c, d, a);
  const double cdb = turn(c, d, b);
  if (((abc > 0.0 && abd < 0.0) || (abc < 0.0 && abd > 0.0)) &&
      ((cda > 0.0 && cdb < 0.0) || (cda < 0.0 && cdb > 0.0))) {
    return true;
  }
  return (abc == 0.0 && between(a, b, c)) || (abd == 0.0 && between(a, b, d)) ||
         (cda == 0.0 && between(c, d, a)) || (cdb == 0.0 && between(c, d, b));
}

void check_simple(const Matrix& v) {
  const Index n = v.cols();
  for (Index i = 0; i < n; ++i) {
    const Index i_next = (i + 1) % n;
    require(v.col(i) != v.col(i_next), "UniformPolygon: two neighbouring vertices are the same");
    for (Index j = i + 1; j < n; ++j) {
      const Index j_next = (j + 1) % n;
      if (i_next == j) {
        // Neighbours share a vertex; they may not fold back on each other.
        require(!(turn(v.col(i), v.col(j), v.col(j_next)) == 0.0 &&
                  (v.col(i) - v.col(j)).dot(v.col(j_next) - v.col(j)) > 0.0),
                "UniformPolygon: an edge folds back on the one before");
        continue;
      }
      if (j_next == i) continue;
      require(!touch(v.col(i), v.col(i_next), v.col(j), v.col(j_next)),
              "UniformPolygon: the boundary touches itself");
    }
  }
}

// Ear clipping of a simple anticlockwise polygon.
std::vector<std::array<Index, 3>> triangulate(const Matrix& v) {
  std::vector<Index> left(static_cast<std::size_t>(v.cols()));
  std::iota(left.begin(), left.end(), Index{0});
  std::vector<std::array<Index, 3>> triangles;
  const auto is_ear = [&](std::size_t k, bool flat) {
    const std::size_t n = left.size();
    const Index a = left[(k + n - 1) % n];
    const Index b = left[k];
    const Index c = left[(k + 1) % n];
    const double area = turn(v.col(a), v.col(b), v.col(c));
    if (flat ? area < 0.0 : area <= 0.0) return false;
    return std::none_of(left.begin(), left.end(), [&](Index x) {
      return x != a && x != b && x != c && turn(v.col(a), v.col(b), v.col(x)) >= 0.0 &&
             turn(v.col(b), v.col(c), v.col(x)) >= 0.0 && turn(v.col(c), v.col(a), v.col(x)) >= 0.0;
    });
  };
  while (left.size() > 3) {
    std::size_t ear = left.size();
    // A polygon of collinear neighbours may have flat ears only.
    for (const bool flat : {false, true}) {
      for (std::size_t k = 0; k < left.size() && ear == left.size(); ++k) {
        if (is_ear(k, flat)) ear = k;
      }
    }
    require(ear < left.size(), "UniformPolygon: the polygon could not be cut into triangles");
    const std::size_t n = left.size();
    triangles.push_back({left[(ear + n - 1) % n], left[ear], left[(ear + 1) % n]});
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(ear));
  }
  triangles.push_back({left[0], left[1], left[2]});
  return triangles;
}

}  // namespace

UniformBall::UniformBall(Vector centre, double radius)
    : centre_(std::move(centre)), radius_(radius) {
  require(centre_.size() > 0 && centre_.allFinite(), "UniformBall: the centre must be a point");
  require(std::isfinite(radius_) && radius_ > 0.0, "UniformBall: the radius must be positive");
}

Matrix UniformBall::covariance() const {
  const Index d = dimension();
  return radius_ * radius_ / static_cast<double>(d + 2) * Matrix::Identity(d, d);
}

Estimate UniformBall::log_volume() const {
  const double d = static_cast<double>(dimension());
  const double gamma = std::lgamma(0.5 * d + 1.0);
  const double radii = d * std::log(radius_);
  const double pis = 0.5 * d * std::log(std::numbers::pi);
  return Estimate::closed_form(pis + radii - gamma,
                               round_off(1.0 + pis + std::abs(radii) + std::abs(gamma), 1));
}

double UniformBall::log_density(const Vector& x) const {
  require(x.size() == dimension(), "UniformBall: the point has another dimension");
  return (x - centre_).norm() <= radius_ ? -log_volume().value : -infinity;
}

UniformBox::UniformBox(Vector lower, Vector upper)
    : lower_(std::move(lower)), upper_(std::move(upper)) {
  require(lower_.size() > 0 && lower_.size() == upper_.size(),
          "UniformBox: lower and upper must be points of one dimension");
  require(lower_.allFinite() && upper_.allFinite(), "UniformBox: the corners must be finite");
  require((lower_.array() < upper_.array()).all(), "UniformBox: lower must be below upper");
}

Matrix UniformBox::covariance() const {
  return ((upper_ - lower_).array().square() / 12.0).matrix().asDiagonal();
}

Estimate UniformBox::log_volume() const {
  const Eigen::ArrayXd logs = (upper_ - lower_).array().log();
  return Estimate::closed_form(logs.sum(), round_off(1.0 + logs.abs().sum(), 1));
}

double UniformBox::log_density(const Vector& x) const {
  require(x.size() == dimension(), "UniformBox: the point has another dimension");
  const bool inside = (x.array() >= lower_.array()).all() && (x.array() <= upper_.array()).all();
  return inside ? -log_volume().value : -infinity;
}

UniformPolygon::UniformPolygon(Matrix vertices) : vertices_(std::move(vertices)) {
  require(vertices_.rows() == 2 && vertices_.cols() >= 3,
          "UniformPolygon: needs three vertices or more, 2 x n");
  require(vertices_.allFinite(), "UniformPolygon: the vertices must be finite");
  check_simple(vertices_);
  const Index n = vertices_.cols();
  // About the vertices' mean: the shoelace formula loses digits far from the origin.
  const Vector origin = vertices_.rowwise().mean();
  Matrix v = vertices_.colwise() - origin;
  const auto twice_area = [&] {
    double sum = 0.0;
    for (Index i = 0; i < n; ++i) {
      const Index j = (i + 1) % n;
      sum += v(0, i) * v(1, j) - v(0, j) * v(1, i);
    }
    return sum;
  };
  if (twice_area() < 0.0) {
    v.rowwise().reverseInPlace();
    vertices_.rowwise().reverseInPlace();
  }
  area_ = 0.5 * twice_area();
  require(area_ > 0.0, "UniformPolygon: the polygon has no area");

  Vector first = Vector::Zero(2);
  Matrix second = Matrix::Zero(2, 2);
  for (Index i = 0; i < n; ++i) {
    // ∫x and ∫xxᵀ over the triangle (0, a, b): |a × b|/2 times (a + b)/3 and (aaᵀ + bbᵀ + sym)/12.
    const Vector a = v.col(i);
    const Vector b = v.col((i + 1) % n);
    const double cross = a(0) * b(1) - a(1) * b(0);
    first += cross / 6.0 * (a + b);
    const Vector s = a + b;
    second += cross / 24.0 * (a * a.transpose() + b * b.transpose() + s * s.transpose());
    convex_ = convex_ && turn(v.col(i), v.col((i + 1) % n), v.col((i + 2) % n)) >= 0.0;
  }
  const Vector centre = first / area_;
  mean_ = origin + centre;
  covariance_ = second / area_ - centre * centre.transpose();

  triangles_ = triangulate(v);
  double sum = 0.0;
  for (const auto& [a, b, c] : triangles_) {
    sum += 0.5 * turn(v.col(a), v.col(b), v.col(c));
    cumulative_areas_.push_back(sum);
  }
}

UniformPolygon UniformPolygon::regular(Index corners, double radius) {
  require(corners >= 3, "UniformPolygon::regular: needs three corners or more");
  require(std::isfinite(radius) && radius > 0.0,
          "UniformPolygon::regular: the radius must be positive");
  Matrix vertices(2, corners);
  for (Index k = 0; k < corners; ++k) {
    const double angle =
        2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(corners);
    vertices.col(k) << radius * std::cos(angle), radius * std::sin(angle);
  }
  return UniformPolygon(std::move(vertices));
}

Estimate UniformPolygon::area() const {
  const double extent = 2.0 * half_diameter();
  return Estimate::closed_form(area_, round_off(extent * extent, vertices_.cols()));
}

Estimate UniformPolygon::log_volume() const {
  return log(area());
}

bool UniformPolygon::contains(const Vector& x) const {
  require(x.size() == 2, "UniformPolygon: the point has another dimension");
  const double slack = round_off(half_diameter() * (half_diameter() + x.norm()), 1);
  return std::any_of(triangles_.begin(), triangles_.end(), [&](const auto& triangle) {
    const auto& [a, b, c] = triangle;
    return turn(vertices_.col(a), vertices_.col(b), x) >= -slack &&
           turn(vertices_.col(b), vertices_.col(c), x) >= -slack &&
           turn(vertices_.col(c), vertices_.col(a), x) >= -slack;
  });
}

double UniformPolygon::log_density(const Vector& x) const {
  return contains(x) ? -std::log(area_) : -infinity;
}

double UniformPolygon::half_diameter() const {
  double largest = 0.0;
  for (Index i = 0; i < vertices_.cols(); ++i) {
    largest =
        std::max(largest, (vertices_.colwise() - vertices_.col(i)).colwise().norm().maxCoeff());
  }
  return 0.5 * largest;
}

Matrix sample(const UniformBall& p, Index count, Rng& rng) {
  require(count >= 0, "sample: the count must not be negative");
  const Index d = p.dimension();
  Matrix points(d, count);
  for (Index i = 0; i < count; ++i) {
    const Vector direction = rng.normal_vector(d).normalized();
    const double part = std::pow(rng.uniform(), 1.0 / static_cast<double>(d));
    points.col(i) = p.mean() + p.radius() * part * direction;
  }
  return points;
}

Matrix sample(const UniformBox& p, Index count, Rng& rng) {
  require(count >= 0, "sample: the count must not be negative");
  Matrix points(p.dimension(), count);
  for (Index i = 0; i < count; ++i) {
    for (Index k = 0; k < p.dimension(); ++k) {
      points(k, i) = rng.uniform(p.lower()(k), p.upper()(k));
    }
  }
  return points;
}

Matrix sample(const UniformPolygon& p, Index count, Rng& rng) {
  require(count >= 0, "sample: the count must not be negative");
  const std::vector<double>& cumulative = p.cumulative_areas();
  Matrix points(2, count);
  for (Index i = 0; i < count; ++i) {
    const double area = rng.uniform(0.0, cumulative.back());
    const auto found = std::upper_bound(cumulative.begin(), cumulative.end() - 1, area);
    const auto& [a, b, c] = p.triangles()[static_cast<std::size_t>(found - cumulative.begin())];
    double s = rng.uniform();
    double t = rng.uniform();
    if (s + t > 1.0) {
      // The parallelogram's other half, folded over.
      s = 1.0 - s;
      t = 1.0 - t;
    }
    const Matrix& v = p.vertices();
    points.col(i) = v.col(a) + s * (v.col(b) - v.col(a)) + t * (v.col(c) - v.col(a));
  }
  return points;
}

Regularity regularity(const UniformBall& p) {
  return convex_body(p.radius());
}
Regularity regularity(const UniformBox& p) {
  return convex_body(0.5 * (p.upper() - p.lower()).norm());
}
Regularity regularity(const UniformPolygon& p) {
  return convex_body(p.half_diameter(), p.is_convex());
}

AxialMoments uniform_ball_posterior(Index dimension, double radius, double r, double distance) {
  const double D = radius;
  require(dimension >= 1, "uniform_ball_posterior: the dimension must be positive");
  require(std::isfinite(D) && D > 0.0, "uniform_ball_posterior: the radius must be positive");
  require(std::isfinite(r) && r > 0.0, "uniform_ball_posterior: r must be positive");
  require(std::isfinite(distance) && distance >= 0.0,
          "uniform_ball_posterior: a distance is not negative");
  const double across = static_cast<double>(dimension - 1);  // d − 1 transverse directions
  const auto room = [=](double z) { return 0.5 * r * r * (D - z) * (D + z); };

  LinePotential V;
  V.value = [=](double z) {
    const double residual = r * z - distance;
    if (across == 0.0) return 0.5 * residual * residual;
    const double P = boost::math::gamma_p(0.5 * across, std::max(room(z), 0.0));
    return P > 0.0 ? 0.5 * residual * residual - std::log(P) : infinity;
  };
  V.slope = [=](double z) {
    const double drift = r * (r * z - distance);
    if (across == 0.0) return drift;
    const double R = room(z);
    return drift + r * r * z * boost::math::gamma_p_derivative(0.5 * across, R) /
                       boost::math::gamma_p(0.5 * across, R);
  };
  V.curvature = [=](double) { return r * r; };  // not used by a table
  V.lower = -D;
  V.upper = D;
  const double mode = std::clamp(distance / r, 0.0, D);
  V.centre = mode < D ? mode : D - std::min(0.5 * D, 1.0 / (r * distance));
  if (V.centre >= D) V.centre = std::nextafter(D, 0.0);
  const LineMeasure axis(V);

  AxialMoments result;
  result.mean = axis.mean();
  result.parallel = axis.variance();
  result.transverse = axis.expectation([=](double z) {
    if (across == 0.0) return 0.0;
    const double R = std::max(room(z), 0.0);
    const double P = boost::math::gamma_p(0.5 * across, R);
    // Across a thin slice the squared radius is (d − 1)/(d + 1) of the slice's own.
    if (P < 1e-280) return (D - z) * (D + z) / (across + 2.0);
    return boost::math::gamma_p(0.5 * across + 1.0, R) / P / (r * r);
  });
  return result;
}

}  // namespace flowcheck
