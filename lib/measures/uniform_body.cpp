#include "measures/uniform_body.hpp"

#include "measures/regularity.hpp"
#include "numerics/adaptive_quadrature.hpp"
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

// Where a plane across the axis cuts the ball.
struct AxialPoint {
  double offset = 0.0;      // δ = z − m
  double half_chord = 0.0;  // √(D² − z²)
  double room = 0.0;        // ½r²(D² − z²)
  double slice = 1.0;       // P((d − 1)/2, room)
};

// Weight e^{−(rz − y)²/2} P((d − 1)/2, ½r²(D² − z²)) of z = D cos φ in the angle φ, in which it is
// analytic up to both ends. Angles ψ and heights δ are counted from the first factor's mode z = m,
// where that factor is taken as 1: its logarithm is rδ(x − ½rδ), x = y − rD beyond the ball and 0
// inside, which keeps its digits however steep the weight is.
class AxialLaw {
 public:
  AxialLaw(Index dimension, double radius, double r, double distance)
      : dimension_(static_cast<double>(dimension)),
        D_(radius),
        r_(r),
        excess_(std::max(std::fma(-r, radius, distance), 0.0)),
        angle_(excess_ > 0.0 ? 0.0 : std::acos(std::min(distance / (r * radius), 1.0))) {
    // Lengths over which the factors change: around the mode, and next to the ends.
    const double round_mode =
        std::min(1.0 / (r_ * D_ * std::sin(angle_)), std::sqrt(2.0 / (r_ * D_ * (excess_ + 1.0))));
    const double end = std::numbers::pi - angle_;
    marks_ = {-angle_, 0.0, end};
    for (const double count : {1.0, 3.0, 8.0, 20.0}) {
      for (const double mark : {-count * round_mode, count * round_mode, count / (r_ * D_) - angle_,
                                end - count / (r_ * D_)}) {
        if (-angle_ < mark && mark < end) marks_.push_back(mark);
      }
    }
    std::sort(marks_.begin(), marks_.end());
  }

  double mode() const { return D_ * std::cos(angle_); }

  // ∫ g times the weight.
  template <class Function>
  Estimate integral(const Function& g) const {
    return quadrature([&](double psi) { return weighted(psi, g); }, marks_);
  }

 private:
  template <class Function>
  Estimate weighted(double psi, const Function& g) const {
    const double phi = angle_ + psi;
    const double sine = std::abs(std::sin(phi));
    AxialPoint at;
    at.offset = -2.0 * D_ * std::sin(angle_ + 0.5 * psi) * std::sin(0.5 * psi);
    at.half_chord = D_ * sine;
    at.room = 0.5 * r_ * r_ * at.half_chord * at.half_chord;
    if (dimension_ > 1.0) at.slice = boost::math::gamma_p(0.5 * (dimension_ - 1.0), at.room);
    const double exponent = r_ * at.offset * (excess_ - 0.5 * r_ * at.offset);
    const double value = std::exp(exponent) * at.slice * at.half_chord * g(at);
    if (value == 0.0) return 0.0;
    // The chord has the digits of φ, and the weight goes like its d-th power at most.
    const double units = 64.0 + 8.0 * std::abs(exponent) + 8.0 * dimension_ * phi / sine;
    return Estimate::closed_form(value, units * unit_round_off * std::abs(value));
  }

  double dimension_;
  double D_;
  double r_;
  double excess_;  // x: where it is positive the mode is the ball's end
  double angle_;   // φ at the mode
  std::vector<double> marks_;
};

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
  const AxialLaw law(dimension, D, r, distance);
  const Estimate mass = law.integral([](const AxialPoint&) { return 1.0; });
  require(mass.value > 0.0, "uniform_ball_posterior: the weight is below every double");
  const Estimate shift = law.integral([](const AxialPoint& at) { return at.offset; }) / mass;
  const auto square = [mu = shift.value](const AxialPoint& at) {
    return (at.offset - mu) * (at.offset - mu);
  };
  const double across = static_cast<double>(dimension - 1);
  const auto slice = [=](const AxialPoint& at) {
    // Across a thin slice the squared radius is (d − 1)/(d + 1) of the slice's own.
    if (at.slice < 1e-280) return at.half_chord * at.half_chord / (across + 2.0);
    return boost::math::gamma_p(0.5 * across + 1.0, at.room) / at.slice / (r * r);
  };

  AxialMoments result;
  result.mean = widened(law.mode() + shift, 4.0 * unit_round_off * D);
  const Estimate variance = law.integral(square) / mass;
  const double spread = std::sqrt(variance.value);
  result.parallel =
      widened(variance, 16.0 * unit_round_off * spread * (spread + std::abs(shift.value)));
  if (dimension > 1) result.transverse = law.integral(slice) / mass;
  return result;
}

}  // namespace flowcheck
