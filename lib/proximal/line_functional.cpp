#include "proximal/line_functional.hpp"

#include "measures/line_laws.hpp"
#include "numerics/compensated_sum.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/chunked_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
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

using Values = Eigen::Map<Eigen::ArrayXd>;
using ConstValues = Eigen::Map<const Eigen::ArrayXd>;

Values values_at(double* output, const ConstValues& x) {
  return {output, x.size()};
}

// Gives η to take(begin, field) chunk by chunk, in order, and returns ‖η‖.
template <class Take>
Estimate sweep_slope(const LineFunctional& G, const LineMap& rho, const Take& take) {
  check(G);
  require(G.diffusion == 0.0 || rho.has_density(), "slope: the measure has an atom");
  const Vector& w = rho.grid().node_masses();
  const Vector& omega = rho.grid().edge_masses();
  const Vector& T = rho.values();
  const Vector& d = rho.increments();
  const double mean = G.interaction != 0.0 ? rho.mean().value : 0.0;
  CompensatedSum squares;
  CompensatedSum squared_sizes;
  constexpr Index chunk = 256;
  std::array<double, chunk> slopes = {};
  std::array<double, chunk> curvatures = {};
  std::array<double, chunk> inverses = {};
  std::array<double, chunk> fields = {};
  std::array<double, chunk> sizes = {};
  std::array<double, chunk + 1> pressures = {};  // θρ^m, of the edge before the chunk first
  for (Index begin = 0; begin < T.size(); begin += chunk) {
    const Index n = std::min(chunk, T.size() - begin);
    if (G.potential.values) {
      G.potential.values({T.data() + begin, static_cast<std::size_t>(n)}, nullptr, slopes.data(),
                         curvatures.data());
    }
    Values right(pressures.data() + 1, n);
    const Index edges = std::min(n, d.size() - begin);
    right.tail(n - edges).setZero();
    if (G.diffusion > 0.0) {
      const ConstValues masses(omega.data() + begin, edges);
      const ConstValues increments(d.data() + begin, edges);
      if (G.exponent == 1.0) {
        right.head(edges) = G.diffusion * masses / increments;
      } else {
        right.head(edges) = G.diffusion * (masses / increments).pow(G.exponent);
      }
    }
    const ConstValues left(pressures.data(), n);
    const ConstValues V_slope(slopes.data(), n);
    const ConstValues V_curvature(curvatures.data(), n);
    const ConstValues masses(w.data() + begin, n);
    const ConstValues x(T.data() + begin, n);
    Values inverse(inverses.data(), n);
    inverse = masses.inverse();
    Values field(fields.data(), n);
    field = V_slope + G.interaction * (x - mean) + (right - left) * inverse;
    // Nodes are good to some units in the last place, which V″ passes on.
    Values size(sizes.data(), n);
    size = V_slope.abs() + std::abs(G.interaction) * (x - mean).abs() + (right + left) * inverse +
           (V_curvature + G.interaction).abs() * (x.abs() + std::abs(mean));
    squares.add((masses * field.square()).sum());
    squared_sizes.add((masses * size.square()).sum());
    take(begin, field);
    pressures[0] = pressures[static_cast<std::size_t>(n)];
  }
  // 256 additions without compensation: half their bound passes on to the root.
  const double norm = std::sqrt(squares.value());
  const double noise = round_off(norm, 3) + 8.0 * unit_round_off * std::sqrt(squared_sizes.value());
  return Estimate::closed_form(norm, noise);
}

}  // namespace

LineEnergy quadratic_energy(double curvature, double centre) {
  require(std::isfinite(curvature) && curvature > 0.0 && std::isfinite(centre),
          "quadratic_energy: a positive curvature and a finite centre");
  return {.values =
              [=](std::span<const double> x, double* value, double* slope, double* second) {
                const ConstValues X(x.data(), std::ssize(x));
                if (value) values_at(value, X) = 0.5 * curvature * (X - centre).square();
                if (slope) values_at(slope, X) = curvature * (X - centre);
                if (second) values_at(second, X).setConstant(curvature);
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
                const ConstValues X(x.data(), std::ssize(x));
                if (value) values_at(value, X) = X.square() * (0.5 * a + 0.25 * b * X.square());
                if (slope) values_at(slope, X) = X * (a + b * X.square());
                if (second) values_at(second, X) = a + 3.0 * b * X.square();
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
  require(exponent >= least_exponent && exponent <= largest_exponent && exponent != 1.0,
          "porous_medium: the exponent is from 0.4 to 20 and not 1");
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
  Vector eta(rho.values().size());
  const Estimate norm = sweep_slope(
      G, rho, [&](Index begin, const Values& field) { eta.segment(begin, field.size()) = field; });
  return {std::move(eta), norm};
}

LineOptimality optimality(const LineFunctional& G,
                          const LineMap& step,
                          const LineMap* current,
                          double inverse_step,
                          const Vector* tilt) {
  CompensatedSum errors;
  CompensatedSum residuals;
  CompensatedSum sizes;
  const Estimate slope_norm = sweep_slope(G, step, [&](Index begin, Values field) {
    const auto part = [&](const Vector& all) {
      return ConstValues(all.data() + begin, field.size());
    };
    const ConstValues w = part(step.grid().node_masses());
    if (current != nullptr) {
      const ConstValues T = part(step.values());
      const ConstValues centre = part(current->values());
      field += inverse_step * (T - centre);
      sizes.add((w * (T.abs() + centre.abs()).square()).sum());
    }
    errors.add((w * field.square()).sum());
    if (tilt == nullptr) return;
    field -= part(*tilt);
    residuals.add((w * field.square()).sum());
  });
  const double error = std::sqrt(errors.value());
  const double residual = tilt != nullptr ? std::sqrt(residuals.value()) : error;
  // What the values' rounding does to the pull: they are good to some units in the last place.
  const double noise =
      slope_norm.budget.round_off + 8.0 * unit_round_off * inverse_step * std::sqrt(sizes.value());
  return {.error = Estimate::closed_form(error, noise + round_off(error, 2)),
          .residual = Estimate::closed_form(residual, noise + round_off(residual + error, 2))};
}

}  // namespace flowcheck
