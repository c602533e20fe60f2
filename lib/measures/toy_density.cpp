#include "measures/toy_density.hpp"

#include "measures/line_measure.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <boost/math/quadrature/gauss.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <utility>

namespace flowcheck {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double log_two_pi = 1.8378770664093454836;

using Point = Eigen::Vector2d;

struct Name {
  Toy toy;
  std::string_view name;
};
constexpr std::array<Name, 10> names = {{{Toy::eight_gaussians, "8gaussians"},
                                         {Toy::checkerboard, "checkerboard"},
                                         {Toy::flow_map_board, "flow_map_board"},
                                         {Toy::swissroll, "swissroll"},
                                         {Toy::circles, "circles"},
                                         {Toy::rings, "rings"},
                                         {Toy::moons, "moons"},
                                         {Toy::pinwheel, "pinwheel"},
                                         {Toy::two_spirals, "2spirals"},
                                         {Toy::s_curve, "s_curve"}}};

double square_of(double x) {
  return x * x;
}

// ---- mixtures of one kernel, carried by points or by the nodes of a quadrature along a curve

struct Nodes {
  std::vector<Point> centre = {};
  std::vector<double> weight = {};

  void add(const Point& at, double mass) {
    centre.push_back(at);
    weight.push_back(mass);
  }
  // Gauss–Legendre with 15 nodes on [a, b] of the curve's parameter, `density` being its law's.
  template <class Curve, class Density>
  void add_arc(double a, double b, const Curve& curve, const Density& density) {
    using Rule = boost::math::quadrature::gauss<double, 15>;
    const double half = 0.5 * (b - a);
    const double middle = 0.5 * (a + b);
    for (std::size_t j = 0; j < Rule::abscissa().size(); ++j) {
      for (const double sign : {1.0, -1.0}) {
        if (sign < 0.0 && Rule::abscissa()[j] == 0.0) continue;
        const double t = middle + half * sign * Rule::abscissa()[j];
        add(curve(t), half * Rule::weights()[j] * density(t));
      }
    }
  }
};

// A kernel on the plane: isotropic Gaussian of deviation s, after a square of side `side` whose
// corner is at the centre, away from the origin along ±(1, 1) for the spirals' two arms.
struct KernelMixture {
  Nodes nodes = {};
  double deviation = 1.0;
  double side = 0.0;                   // 0: no square
  std::vector<double> direction = {};  // ±1 of each node, with a square
};

KernelMixture eight_gaussians() {
  KernelMixture p = {.deviation = 0.5 / 1.414};
  for (int k = 0; k < 8; ++k) {
    const double angle = 0.25 * pi * k;
    p.nodes.add(4.0 / 1.414 * Point(std::cos(angle), std::sin(angle)), 0.125);
  }
  return p;
}

KernelMixture swissroll() {
  KernelMixture p = {.deviation = 0.2};
  const double from = 1.5 * pi;
  const double to = 4.5 * pi;
  // Arc length grows like t²/10: panels even in t², two deviations long.
  constexpr int panels = 48;
  const auto cut = [&](int k) {
    return std::sqrt(from * from + (to * to - from * from) * k / panels);
  };
  for (int k = 0; k < panels; ++k) {
    p.nodes.add_arc(
        cut(k), cut(k + 1),
        [](double t) { return Point(0.2 * t * std::cos(t), 0.2 * t * std::sin(t)); },
        [&](double) { return 1.0 / (to - from); });
  }
  return p;
}

KernelMixture moons() {
  KernelMixture p = {.deviation = 0.2};
  constexpr int panels = 16;
  for (int k = 0; k < panels; ++k) {
    const double a = pi * k / panels;
    const double b = pi * (k + 1) / panels;
    const auto density = [](double) { return 0.5 / pi; };
    p.nodes.add_arc(
        a, b, [](double t) { return Point(2.0 * std::cos(t) - 1.0, 2.0 * std::sin(t) - 0.2); },
        density);
    p.nodes.add_arc(
        a, b, [](double t) { return Point(1.0 - 2.0 * std::cos(t), 0.8 - 2.0 * std::sin(t)); },
        density);
  }
  return p;
}

KernelMixture two_spirals() {
  KernelMixture p = {.deviation = 0.1, .side = 1.0 / 6.0};
  // n = 3π√u has density 2n/(9π²); arc length grows like n²/6.
  constexpr int panels = 74;
  const auto cut = [](int k) { return 3.0 * pi * std::sqrt(static_cast<double>(k) / panels); };
  for (const double sign : {1.0, -1.0}) {
    for (int k = 0; k < panels; ++k) {
      p.nodes.add_arc(
          cut(k), cut(k + 1),
          [&](double n) {
            return Point(-sign * n * std::cos(n) / 3.0, sign * n * std::sin(n) / 3.0);
          },
          [](double n) { return n / (9.0 * pi * pi); });
    }
    p.direction.resize(p.nodes.weight.size(), sign);
  }
  return p;
}

// log (Φ(b) − Φ(a)) for a < b, in the lower tail, where the difference has digits.
double log_normal_interval(double a, double b) {
  if (a + b > 0.0) {
    std::swap(a, b);
    a = -a;
    b = -b;
  }
  const double upper = log_normal_cdf(b);
  return upper + std::log1p(-std::exp(log_normal_cdf(a) - upper));
}

// log of the kernel of node i at x.
double log_kernel(const KernelMixture& p, std::size_t i, const Point& x) {
  const Point offset = x - p.nodes.centre[i];
  const double s = p.deviation;
  if (p.side == 0.0) return -0.5 * offset.squaredNorm() / (s * s) - log_two_pi - 2.0 * std::log(s);
  // The square [0, side]² or its mirror image.
  const Point o = p.direction[i] * offset;
  return log_normal_interval((o(0) - p.side) / s, o(0) / s) +
         log_normal_interval((o(1) - p.side) / s, o(1) / s) - 2.0 * std::log(p.side);
}

// The nodes whose kernels reach the line of height y, with their factor there. What is left out is
// below 1e-18 of a kernel's peak.
struct Row {
  std::vector<double> centre = {};
  std::vector<double> direction = {};
  std::vector<double> factor = {};
};

double reach_of(const KernelMixture& p) {
  return 9.2 * p.deviation + p.side;
}

// One coordinate's factor of a kernel, up to (√(2π) s)⁻¹ or 1/side.
double factor_at(const KernelMixture& p, double offset) {
  if (p.side == 0.0) return std::exp(-0.5 * square_of(offset / p.deviation));
  const double c = std::numbers::sqrt2 * p.deviation;
  return offset > 0.5 * p.side ? 0.5 * (std::erfc((offset - p.side) / c) - std::erfc(offset / c))
                               : 0.5 * (std::erfc(-offset / c) - std::erfc((p.side - offset) / c));
}

Row row_at(const KernelMixture& p, double y) {
  const double reach = reach_of(p);
  const double scale =
      p.side == 0.0 ? 1.0 / (2.0 * pi * square_of(p.deviation)) : 1.0 / square_of(p.side);
  Row row;
  for (std::size_t i = 0; i < p.nodes.weight.size(); ++i) {
    const double sign = p.side == 0.0 ? 1.0 : p.direction[i];
    const double offset = sign * (y - p.nodes.centre[i](1));
    if (std::abs(offset) > reach) continue;
    row.centre.push_back(p.nodes.centre[i](0));
    row.direction.push_back(sign);
    row.factor.push_back(scale * p.nodes.weight[i] * factor_at(p, offset));
  }
  return row;
}

double density_of(const KernelMixture& p, const Row& row, double x) {
  const double reach = reach_of(p);
  double sum = 0.0;
  for (std::size_t i = 0; i < row.factor.size(); ++i) {
    const double offset = x - row.centre[i];
    if (std::abs(offset) > reach) continue;
    sum += row.factor[i] * factor_at(p, row.direction[i] * offset);
  }
  return sum;
}

double log_density_of(const KernelMixture& p, const Point& x) {
  // Where the density is not small what the rows leave out is round-off.
  const double density = density_of(p, row_at(p, x(1)), x(0));
  if (density * square_of(p.deviation) > 1e-5) return std::log(density);
  double best = -infinity;
  std::vector<double> terms(p.nodes.weight.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    terms[i] = std::log(p.nodes.weight[i]) + log_kernel(p, i, x);
    best = std::max(best, terms[i]);
  }
  double sum = 0.0;
  for (const double term : terms) sum += std::exp(term - best);
  return best + std::log(sum);
}

// ---- rings: a circle of radius R under N(0, s² I) has the radial density
// e^{−(ρ − R)²/2s²} e^{−ρR/s²} I₀(ρR/s²)/(2πs²)

struct Rings {
  std::vector<double> radius = {};
  double deviation = 1.0;
};

Rings circles() {
  return {.radius = {3.0, 1.5}, .deviation = 0.24};
}
Rings rings() {
  return {.radius = {3.0, 2.25, 1.5, 0.75}, .deviation = 0.08};
}

double log_density_of(const Rings& p, double rho) {
  const double s2 = square_of(p.deviation);
  double best = -infinity;
  for (const double R : p.radius) best = std::max(best, -0.5 * square_of(rho - R) / s2);
  double sum = 0.0;
  for (const double R : p.radius) {
    sum += std::exp(-0.5 * square_of(rho - R) / s2 - best) * scaled_bessel_i0(rho * R / s2);
  }
  return best + std::log(sum / (2.0 * pi * s2 * static_cast<double>(p.radius.size())));
}

// ---- the pinwheel

// x/2 has f's length r, and f's angle ψ less 2πk/5 + e^{r cos ψ}/4. Where that map of angles,
// G(ψ) = ψ − e^{r cos ψ}/4, takes the value of x's angle + 2πk/5 (modulo 2π) the density of f
// counts with 1/(5 · 4 |G′(ψ)|), G′ = 1 + r sin ψ e^{r cos ψ}/4.
double pinwheel_density(const Point& x) {
  const double r = 0.5 * x.norm();
  const double phi = std::atan2(x(1), x(0));
  const auto G = [r](double psi) { return psi - 0.25 * std::exp(r * std::cos(psi)); };
  const auto f_density = [r](double psi) {
    const double z1 = (r * std::cos(psi) - 1.0) / 0.3;
    const double z2 = r * std::sin(psi) / 0.1;
    return std::exp(-0.5 * (z1 * z1 + z2 * z2)) / (2.0 * pi * 0.03);
  };
  constexpr int cells = 256;
  std::array<double, cells + 1> values = {};
  const auto angle = [](int i) { return pi * (2.0 * i / cells - 1.0); };
  for (int i = 0; i <= cells; ++i) values[static_cast<std::size_t>(i)] = G(angle(i));

  double sum = 0.0;
  for (int i = 0; i < cells; ++i) {
    const double a = values[static_cast<std::size_t>(i)];
    const double b = values[static_cast<std::size_t>(i) + 1];
    // Targets φ + 2πm/5 between a and b: every k, modulo 2π, is some m.
    const double step = 0.4 * pi;
    const double first = std::ceil((std::min(a, b) - phi) / step);
    for (double m = first; phi + m * step < std::max(a, b); ++m) {
      const double target = phi + m * step;
      double low = angle(i);
      double high = angle(i + 1);
      const bool rising = b > a;
      double psi = 0.5 * (low + high);
      for (int iteration = 0; iteration < 60; ++iteration) {
        const double error = G(psi) - target;
        ((error > 0.0) == rising ? high : low) = psi;
        const double slope = 1.0 + 0.25 * r * std::sin(psi) * std::exp(r * std::cos(psi));
        double next = psi - error / slope;
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        const bool done = std::abs(next - psi) < 1e-15;
        psi = next;
        if (done) break;
      }
      const double slope = 1.0 + 0.25 * r * std::sin(psi) * std::exp(r * std::cos(psi));
      sum += f_density(psi) / (20.0 * std::abs(slope));
    }
  }
  return sum;
}

Point pinwheel_point(double f1, double f2, double k) {
  const double angle = 0.4 * pi * k + 0.25 * std::exp(f1);
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  return 2.0 * Point(f1 * c + f2 * s, -f1 * s + f2 * c);
}

// E over (g, g′) by the trapezoidal rule of step h.
double normal_plane_mean(double h, const std::function<double(double, double)>& value) {
  const int count = static_cast<int>(8.5 / h);
  double sum = 0.0;
  for (int i = -count; i <= count; ++i) {
    double row = 0.0;
    for (int j = -count; j <= count; ++j) {
      row += normal_density(h * j) * value(h * i, h * j);
    }
    sum += normal_density(h * i) * row;
  }
  return h * h * sum;
}

// ---- boards of 4 × 4 cells

struct Board {
  double cell = 1.0;  // side
  Index parity = 0;   // of i + j of the cells with mass, i, j = 0 … 3 from the lower left
};

constexpr Board checkerboard = {.cell = 2.0, .parity = 0};
constexpr Board flow_map_board = {.cell = 0.5, .parity = 0};

double log_density_of(const Board& board, const Point& x) {
  const Point at = x / board.cell + Point(2.0, 2.0);
  if ((at.array() < 0.0).any() || (at.array() >= 4.0).any()) return -infinity;
  const Index parity =
      (static_cast<Index>(std::floor(at(0))) + static_cast<Index>(std::floor(at(1)))) % 2;
  return parity == board.parity ? -std::log(8.0 * square_of(board.cell)) : -infinity;
}

// ---- moments and entropies

struct Moments {
  Point mean = Point::Zero();
  Eigen::Matrix2d covariance = Eigen::Matrix2d::Zero();
};

Moments moments_of(const KernelMixture& p) {
  Moments m;
  const double middle = 0.5 * p.side;
  double mass = 0.0;
  const auto centre = [&](std::size_t i) {
    const double sign = p.side == 0.0 ? 0.0 : p.direction[i];
    return Point(p.nodes.centre[i] + sign * middle * Point::Ones());
  };
  for (std::size_t i = 0; i < p.nodes.weight.size(); ++i) {
    m.mean += p.nodes.weight[i] * centre(i);
    mass += p.nodes.weight[i];
  }
  m.mean /= mass;
  for (std::size_t i = 0; i < p.nodes.weight.size(); ++i) {
    const Point d = centre(i) - m.mean;
    m.covariance += p.nodes.weight[i] / mass * (d * d.transpose());
  }
  m.covariance += (square_of(p.deviation) + square_of(p.side) / 12.0) * Eigen::Matrix2d::Identity();
  return m;
}

Moments moments_of(const Rings& p) {
  double second = 0.0;
  for (const double R : p.radius) second += 0.5 * R * R / static_cast<double>(p.radius.size());
  Moments m;
  m.covariance = (second + square_of(p.deviation)) * Eigen::Matrix2d::Identity();
  return m;
}

Moments moments_of(const Board& board) {
  Moments m;
  for (Index i = 0; i < 4; ++i) {
    for (Index j = 0; j < 4; ++j) {
      if ((i + j) % 2 != board.parity) continue;
      const Point centre =
          board.cell * Point(static_cast<double>(i) - 1.5, static_cast<double>(j) - 1.5);
      m.covariance += 0.125 * (centre * centre.transpose());
    }
  }
  m.covariance += square_of(board.cell) / 12.0 * Eigen::Matrix2d::Identity();
  return m;
}

// Five turns of one arm: mean 0, covariance E|x|²/2 I.
Moments pinwheel_moments() {
  Moments m;
  m.covariance = 2.0 * (1.0 + 0.09 + 0.01) * Eigen::Matrix2d::Identity();
  return m;
}

struct PlaneIntegral {
  double mass = 0.0;
  double entropy = 0.0;
};

// Trapezoidal rule on a grid of step h that holds every node's kernel. Rows in parallel, their sums
// in order.
PlaneIntegral plane_integral(const KernelMixture& p, double h) {
  Point low = Point::Constant(infinity);
  Point high = Point::Constant(-infinity);
  for (const Point& c : p.nodes.centre) {
    low = low.cwiseMin(c);
    high = high.cwiseMax(c);
  }
  const double margin = reach_of(p);
  const auto columns = static_cast<Index>((high(0) - low(0) + 2.0 * margin) / h);
  const auto rows = static_cast<Index>((high(1) - low(1) + 2.0 * margin) / h);
  std::vector<PlaneIntegral> sums(static_cast<std::size_t>(rows));
  tbb::parallel_for(Index{0}, rows, [&](Index j) {
    PlaneIntegral& sum = sums[static_cast<std::size_t>(j)];
    const Row row = row_at(p, low(1) - margin + h * static_cast<double>(j));
    for (Index i = 0; i < columns; ++i) {
      const double density = density_of(p, row, low(0) - margin + h * static_cast<double>(i));
      if (density < 1e-300) continue;
      sum.mass += density;
      sum.entropy -= density * std::log(density);
    }
  });
  PlaneIntegral total;
  for (const PlaneIntegral& row : sums) {
    total.mass += h * h * row.mass;
    total.entropy += h * h * row.entropy;
  }
  return total;
}

Estimate entropy_of(const KernelMixture& p) {
  // Fractions of a deviation: the logarithm's singularities, where arms interfere off the real
  // plane, are nearer than the kernels' own scale.
  const PlaneIntegral coarse = plane_integral(p, 0.45 * p.deviation);
  const PlaneIntegral fine = plane_integral(p, 0.35 * p.deviation);
  const double error = std::abs(fine.entropy - coarse.entropy) + std::abs(fine.mass - 1.0) +
                       1e-14;  // the kernels' cut at 1e-18 of their peaks, and the grid's end
  return Estimate::converged(fine.entropy, error, round_off(1.0 + std::abs(fine.entropy), 2));
}

Estimate entropy_of(const Rings& p) {
  const double s2 = square_of(p.deviation);
  LinePotential V;
  V.value = [p](double rho) {
    return rho > 0.0 ? -log_density_of(p, rho) - std::log(2.0 * pi * rho) : infinity;
  };
  // Only the tails ask for the slope: I₁/I₀ < 1, so the outer one is at least this.
  const double largest = *std::max_element(p.radius.begin(), p.radius.end());
  V.slope = [largest, s2](double rho) {
    return rho > largest ? (rho - largest) / s2 - 1.0 / rho : -1.0 / rho;
  };
  V.curvature = [s2](double) { return 1.0 / s2; };
  V.lower = 0.0;
  V.centre = largest;
  V.landmarks = p.radius;
  V.log_normaliser = Estimate::closed_form(0.0, 1e-13);
  const LineMeasure radius(std::move(V));
  return radius.expectation([&](double rho) { return rho > 0.0 ? -log_density_of(p, rho) : 0.0; });
}

Estimate pinwheel_entropy() {
  const auto surprise = [](double g1, double g2) {
    const double density = pinwheel_density(pinwheel_point(1.0 + 0.3 * g1, 0.1 * g2, 0.0));
    return density > 0.0 ? -std::log(density) : 0.0;
  };
  const double coarse = normal_plane_mean(0.25, surprise);
  const double fine = normal_plane_mean(0.18, surprise);
  return Estimate::converged(fine, std::abs(fine - coarse), round_off(10.0, 2));
}

ToyOracle oracle(const Moments& m, const Estimate& entropy) {
  ToyOracle result;
  result.entropy = entropy;
  result.mean = m.mean;
  result.covariance = m.covariance;
  const double determinant =
      m.covariance(0, 0) * m.covariance(1, 1) - square_of(m.covariance(0, 1));
  const double second = m.covariance.trace() + m.mean.squaredNorm();
  const double fit = log_two_pi + 1.0 + 0.5 * std::log(determinant);
  const double plain = log_two_pi + 0.5 * second;
  result.gaussian_fit_nll =
      Estimate::closed_form(fit, round_off(2.0 + m.covariance.squaredNorm() / determinant, 2));
  result.standard_normal_nll = Estimate::closed_form(plain, round_off(plain, 2));
  return result;
}

// Calls use(mixture), use(rings), use(board) or other() for the toy's family.
template <class Use, class Other>
auto by_family(Toy toy, const Use& use, const Other& other) {
  switch (toy) {
    case Toy::eight_gaussians:
      return use(eight_gaussians());
    case Toy::swissroll:
      return use(swissroll());
    case Toy::moons:
      return use(moons());
    case Toy::two_spirals:
      return use(two_spirals());
    case Toy::circles:
      return use(circles());
    case Toy::rings:
      return use(rings());
    case Toy::checkerboard:
      return use(checkerboard);
    case Toy::flow_map_board:
      return use(flow_map_board);
    case Toy::pinwheel:
    case Toy::s_curve:
      break;
  }
  return other();
}

Vector columnwise(const Matrix& points, const std::function<double(const Point&)>& f) {
  Vector result(points.cols());
  tbb::parallel_for(Index{0}, points.cols(),
                    [&](Index j) { result(j) = f(Point(points(0, j), points(1, j))); });
  return result;
}

struct LogDensity {
  const Matrix& points;

  Vector operator()(const Rings& p) const {
    return columnwise(points, [&](const Point& x) { return log_density_of(p, x.norm()); });
  }
  template <class Law>
  Vector operator()(const Law& p) const {
    return columnwise(points, [&](const Point& x) { return log_density_of(p, x); });
  }
};

struct Oracle {
  ToyOracle operator()(const Board& board) const {
    const double value = std::log(8.0 * square_of(board.cell));
    return oracle(moments_of(board), Estimate::closed_form(value, round_off(1.0 + value, 1)));
  }
  template <class Law>
  ToyOracle operator()(const Law& p) const {
    return oracle(moments_of(p), entropy_of(p));
  }
};

Point draw(Toy toy, Rng& rng) {
  const auto normal_pair = [&] {
    const double g = rng.normal();
    return Point(g, rng.normal());
  };
  const auto direction = [](double angle) { return Point(std::cos(angle), std::sin(angle)); };
  switch (toy) {
    case Toy::eight_gaussians: {
      const double k = static_cast<double>(rng.uniform_index(8));
      return (4.0 * direction(0.25 * pi * k) + 0.5 * normal_pair()) / 1.414;
    }
    case Toy::checkerboard: {
      const double x = rng.uniform(-2.0, 2.0);
      const double column = std::floor(x);
      const double shift = column - 2.0 * std::floor(0.5 * column);
      const double coin = static_cast<double>(rng.uniform_index(2));
      return 2.0 * Point(x, rng.uniform() - 2.0 * coin + shift);
    }
    case Toy::flow_map_board: {
      const Index row = rng.uniform_index(4);
      const Index column = 2 * rng.uniform_index(2) + row % 2;
      const double x = static_cast<double>(column) + rng.uniform();
      return 0.5 * Point(x, static_cast<double>(row) + rng.uniform()) - Point::Ones();
    }
    case Toy::swissroll: {
      const double t = 1.5 * pi * (1.0 + 2.0 * rng.uniform());
      return (t * direction(t) + normal_pair()) / 5.0;
    }
    case Toy::circles: {
      const double radius = rng.uniform_index(2) == 0 ? 1.0 : 0.5;
      return 3.0 * (radius * direction(2.0 * pi * rng.uniform()) + 0.08 * normal_pair());
    }
    case Toy::rings: {
      const double radius = 0.25 * static_cast<double>(1 + rng.uniform_index(4));
      return 3.0 * radius * direction(2.0 * pi * rng.uniform()) + 0.08 * normal_pair();
    }
    case Toy::moons: {
      const bool upper = rng.uniform_index(2) == 0;
      const Point c = direction(pi * rng.uniform());
      const Point at = upper ? c : Point(Point(1.0, 0.5) - c);
      return 2.0 * (at + 0.1 * normal_pair()) - Point(1.0, 0.2);
    }
    case Toy::pinwheel: {
      const double k = static_cast<double>(rng.uniform_index(5));
      const Point g = normal_pair();
      return pinwheel_point(1.0 + 0.3 * g(0), 0.1 * g(1), k);
    }
    case Toy::two_spirals: {
      const double sign = rng.uniform_index(2) == 0 ? 1.0 : -1.0;
      const double n = 3.0 * pi * std::sqrt(rng.uniform());
      const double across = rng.uniform();
      const Point at(-n * std::cos(n) + 0.5 * across, n * std::sin(n) + 0.5 * rng.uniform());
      return sign / 3.0 * at + 0.1 * normal_pair();
    }
    case Toy::s_curve:
      break;
  }
  const double t = 3.0 * pi * (rng.uniform() - 0.5);
  return Point(std::sin(t), std::copysign(1.0, t) * (std::cos(t) - 1.0));
}

}  // namespace

std::string_view to_string(Toy toy) {
  for (const Name& entry : names) {
    if (entry.toy == toy) return entry.name;
  }
  return "?";
}

Toy toy_from_string(std::string_view name) {
  std::string known;
  for (const Name& entry : names) {
    if (entry.name == name) return entry.toy;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  require(false, "toy density \"" + std::string(name) + "\": there are " + known);
  return Toy::s_curve;
}

const std::vector<Toy>& all_toys() {
  static const std::vector<Toy> toys = [] {
    std::vector<Toy> result;
    result.reserve(names.size());
    for (const Name& entry : names) result.push_back(entry.toy);
    return result;
  }();
  return toys;
}

bool has_density(Toy toy) {
  return toy != Toy::s_curve;
}

Matrix sample(Toy toy, Index count, Rng& rng) {
  require(count >= 0, "sample: the count must not be negative");
  Matrix points(2, count);
  for (Index i = 0; i < count; ++i) points.col(i) = draw(toy, rng);
  return points;
}

Vector log_density(Toy toy, const Matrix& points) {
  require(points.rows() == 2, "log_density: the points must be 2 x n");
  require(points.allFinite(), "log_density: the points must be finite");
  require(has_density(toy), "log_density: the s-curve has no density");
  return by_family(toy, LogDensity{points}, [&] {
    return columnwise(points, [](const Point& x) { return std::log(pinwheel_density(x)); });
  });
}

ToyOracle toy_oracle(Toy toy) {
  return by_family(toy, Oracle{}, [&] {
    if (toy == Toy::pinwheel) return oracle(pinwheel_moments(), pinwheel_entropy());
    // Averages over t in (0, 3π/2), both halves of the curve being alike: E cos t = −2/(3π),
    // E cos² t = ½, E sin t (cos t − 1) = (½ − 1)/(3π/2).
    Moments m;
    m.covariance << 0.5, -1.0 / (3.0 * pi), -1.0 / (3.0 * pi), 1.5 + 4.0 / (3.0 * pi);
    return oracle(m, -infinity);
  });
}

}  // namespace flowcheck
