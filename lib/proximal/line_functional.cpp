#include "proximal/line_functional.hpp"

#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/chunked_sum.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {

namespace {

void check(const LineFunctional& G) {
  require(std::isfinite(G.diffusion) && G.diffusion >= 0.0,
          "LineFunctional: diffusion must be finite and at least 0");
  require(std::isfinite(G.exponent) && G.exponent > 0.0,
          "LineFunctional: exponent must be finite and positive");
  require(std::isfinite(G.interaction), "LineFunctional: interaction must be finite");
}

double density_power(double density, double exponent) {
  return exponent == 1.0 ? density : std::pow(density, exponent);
}

struct Field {
  Vector values;   // η
  Vector squares;  // of the sizes of what was added up to η
};

Field field(const LineFunctional& G, const LineMap& rho) {
  check(G);
  require(G.diffusion == 0.0 || rho.has_density(), "slope: the measure has an atom");
  const Vector& w = rho.grid().node_masses();
  const Vector& omega = rho.grid().edge_masses();
  const Vector& T = rho.values();
  const Index points = T.size();
  Vector slope = Vector::Zero(points);
  Vector curvature = Vector::Zero(points);
  if (G.potential.values) {
    G.potential.values({T.data(), static_cast<std::size_t>(points)}, nullptr, slope.data(),
                       curvature.data());
  }
  const double mean = G.interaction != 0.0 ? rho.mean().value : 0.0;
  Field result{Vector(points), Vector(points)};
  double left = 0.0;
  for (Index i = 0; i < points; ++i) {
    const double right =
        G.diffusion == 0.0 || i + 1 == points
            ? 0.0
            : G.diffusion * density_power(omega[i] / rho.increments()[i], G.exponent);
    const double pull = G.interaction * (T[i] - mean);
    result.values[i] = slope[i] + pull + (right - left) / w[i];
    // Nodes are good to some units in the last place, which V″ passes on.
    const double size = std::abs(slope[i]) + std::abs(pull) + (right + left) / w[i] +
                        std::abs(curvature[i] + G.interaction) * (std::abs(T[i]) + std::abs(mean));
    result.squares[i] = size * size;
    left = right;
  }
  return result;
}

}  // namespace

LineEnergy quadratic_energy(double curvature, double centre) {
  require(std::isfinite(curvature) && curvature > 0.0 && std::isfinite(centre),
          "quadratic_energy: a positive curvature and a finite centre");
  return {.values =
              [=](std::span<const double> x, double* value, double* slope, double* second) {
                for (std::size_t i = 0; i < x.size(); ++i) {
                  const double y = x[i] - centre;
                  if (value) value[i] = 0.5 * curvature * y * y;
                  if (slope) slope[i] = curvature * y;
                  if (second) second[i] = curvature;
                }
              },
          .convexity = curvature,
          .log_normaliser = 0.5 * log(Estimate::closed_form(2.0 * std::numbers::pi / curvature,
                                                            round_off(7.0 / curvature, 1)))};
}

LineEnergy quartic_energy(double a, double b) {
  if (b == 0.0) return quadratic_energy(a);
  require(std::isfinite(a) && std::isfinite(b) && b > 0.0,
          "quartic_energy: a finite, b at least 0");
  return {.values =
              [=](std::span<const double> x, double* value, double* slope, double* second) {
                for (std::size_t i = 0; i < x.size(); ++i) {
                  const double square = x[i] * x[i];
                  if (value) value[i] = square * (0.5 * a + 0.25 * b * square);
                  if (slope) slope[i] = x[i] * (a + b * square);
                  if (second) second[i] = a + 3.0 * b * square;
                }
              },
          .convexity = a,
          .log_normaliser = quartic_law(a, b).log_normaliser()};
}

LineEnergy log_cosh_energy(double s, double b, double k) {
  require(std::isfinite(s) && std::isfinite(b) && std::isfinite(k) && s >= 0.0 && b >= 0.0,
          "log_cosh_energy: finite parameters, s and b at least 0");
  return {.values =
              [=](std::span<const double> x, double* value, double* slope, double* second) {
                for (std::size_t i = 0; i < x.size(); ++i) {
                  // log 2 cosh y = |y| + log(1 + e^{−2|y|}), and sech² without 1 − tanh².
                  const double y = k * x[i];
                  const double decay = std::exp(-2.0 * std::abs(y));
                  const double tanh_y = std::copysign((1.0 - decay) / (1.0 + decay), y);
                  if (value) {
                    value[i] = 0.5 * s * x[i] * x[i] + b * (std::abs(y) + std::log1p(decay));
                  }
                  if (slope) slope[i] = s * x[i] + b * k * tanh_y;
                  if (second) {
                    second[i] = s + b * k * k * 4.0 * decay / ((1.0 + decay) * (1.0 + decay));
                  }
                }
              },
          .convexity = s,
          .log_normaliser = log_cosh_law(s, b, k).log_normaliser()};
}

LineEnergy line_energy(const LineMeasure& q) {
  const LinePotential& V = q.potential();
  require(q.lower() == -infinity && q.upper() == infinity && q.kinks().empty(),
          "line_energy: the measure has to be smooth on all of the line");
  require(std::isfinite(V.curvature_lower),
          "line_energy: no lower bound of the potential's curvature is known");
  return {.values =
              [value_of = V.value, slope_of = V.slope, curvature_of = V.curvature](
                  std::span<const double> x, double* value, double* slope, double* second) {
                for (std::size_t i = 0; i < x.size(); ++i) {
                  if (value) value[i] = value_of(x[i]);
                  if (slope) slope[i] = slope_of(x[i]);
                  if (second) second[i] = curvature_of(x[i]);
                }
              },
          .convexity = V.curvature_lower,
          .log_normaliser = q.log_normaliser()};
}

double LineFunctional::convexity() const {
  return potential.convexity + std::min(interaction, 0.0);
}

LineFunctional relative_entropy(LineEnergy potential) {
  return {.potential = std::move(potential)};
}

LineFunctional potential_energy(LineEnergy potential) {
  potential.log_normaliser = 0.0;
  return {.potential = std::move(potential), .diffusion = 0.0};
}

LineFunctional porous_medium(double exponent, LineEnergy potential) {
  require(exponent > 0.0 && exponent != 1.0, "porous_medium: the exponent is positive and not 1");
  potential.log_normaliser = 0.0;
  return {.potential = std::move(potential), .exponent = exponent};
}

Estimate value(const LineFunctional& G, const LineMap& rho) {
  check(G);
  const Vector& w = rho.grid().node_masses();
  const Vector& omega = rho.grid().edge_masses();
  const Vector& T = rho.values();
  const Vector& d = rho.increments();
  const double h = rho.grid().spacing();
  double total = G.potential.log_normaliser.value;
  double size = 0.0;
  double noise = G.potential.log_normaliser.budget.total();

  if (G.potential.values) {
    Vector V(T.size());
    Vector slope(T.size());
    G.potential.values({T.data(), static_cast<std::size_t>(T.size())}, V.data(), slope.data(),
                       nullptr);
    const ChunkedSum sum = chunked_sum(w.size(), [&](Index i) { return w[i] * V[i]; });
    // Nodes are good to some units in the last place, which V′ passes on.
    const ChunkedSum passed_on =
        chunked_sum(w.size(), [&](Index i) { return w[i] * slope[i] * T[i]; });
    total += sum.sum;
    size += std::abs(sum.sum);
    noise += sum.round_off() + 8.0 * unit_round_off * passed_on.magnitude;
  }
  if (G.interaction != 0.0) {
    const Estimate variance = rho.variance();
    total += 0.5 * G.interaction * variance.value;
    noise += std::abs(G.interaction) * variance.budget.total();
  }
  if (G.diffusion > 0.0) {
    if (!rho.has_density() && G.exponent >= 1.0) return Estimate(infinity);
    ChunkedSum sum;
    if (G.exponent == 1.0) {
      sum = chunked_sum(omega.size(), [&](Index i) { return -omega[i] * std::log(d[i] / h); });
      const double constant = -0.5 * (1.0 + std::log(2.0 * std::numbers::pi));
      total += G.diffusion * (sum.sum + constant);
      size += G.diffusion * (std::abs(sum.sum) - constant);
      // The logarithm's argument is rounded.
      noise += G.diffusion * (sum.round_off() + round_off(1.0, 1));
    } else {
      const double m = G.exponent;
      sum = chunked_sum(omega.size(), [&](Index i) {
        return omega[i] * std::pow(omega[i] / d[i], m - 1.0) / (m - 1.0);
      });
      total += G.diffusion * sum.sum;
      size += G.diffusion * std::abs(sum.sum);
      noise += G.diffusion * (1.0 + std::abs(m - 1.0)) * sum.round_off();
    }
  }
  return Estimate::closed_form(total, noise + round_off(size, 1));
}

LineSlope slope(const LineFunctional& G, const LineMap& rho) {
  Field eta = field(G, rho);
  const Vector& w = rho.grid().node_masses();
  const double squared =
      chunked_sum(w.size(), [&](Index i) { return w[i] * eta.values[i] * eta.values[i]; }).sum;
  const double squared_size =
      chunked_sum(w.size(), [&](Index i) { return w[i] * eta.squares[i]; }).sum;
  const double norm = std::sqrt(squared);
  const double noise = round_off(norm, 2) + 8.0 * unit_round_off * std::sqrt(squared_size);
  return {std::move(eta.values), Estimate::closed_form(norm, noise)};
}

}  // namespace flowcheck
