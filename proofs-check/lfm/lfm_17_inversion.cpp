#include "distances/monotone_transport.hpp"
#include "lfm/block_map.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "measures/regularity.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace flowcheck {
namespace lfm_17 {

constexpr std::array<Interpolant, 2> interpolants = {Interpolant::linear,
                                                     Interpolant::trigonometric};

// What ∇v(t, ·) lies between, of a dependent path: with α, β of I_t = αx + βg and U = −log ρ_t
//
//   ∇v = (α̇/α)I + c∇²U,    c = ββ̇ − (α̇/α)β² ≥ 0.
struct OneSided {
  Estimate lower = -infinity;  // −∞ where no bound of ∇²U from below is known
  Estimate upper = 0.0;
};

OneSided one_sided(const BlockPath& path, double t) {
  const InterpolantValues at = interpolant_values(path.interpolant(), t);
  const OuStep step = ou_step(path.step_size());
  const double rate =
      (at.left_rate + at.right_rate * step.decay) / (at.left + at.right * step.decay);
  const double c = step.noise * step.noise * at.right * (at.right_rate - rate * at.right);
  const Regularity known = regularity(path.law(t));
  const auto of_curvature = [&](double kappa) {
    const double value = rate + c * kappa;
    return Estimate::closed_form(value, round_off(std::abs(rate) + c * std::abs(kappa), 1));
  };
  return {.lower = known.curvature_lower.lower == -infinity
                       ? Estimate(-infinity)
                       : of_curvature(known.curvature_lower.lower),
          .upper = of_curvature(known.curvature_upper.upper)};
}

// ∫ over a block of the constants: log-stretches of the map.
struct LogStretch {
  Estimate lower = 0.0;
  Estimate upper = 0.0;
  Estimate symmetric = 0.0;  // Λ = ∫Lip v
  bool bounded_below = true;
};

LogStretch log_stretch(const BlockPath& path) {
  const QuadratureOptions options{.relative_tolerance = 1e-12, .most_panels = 40};
  const std::vector<double> marks = {0.0, 0.25, 0.5, 1.0};
  LogStretch result{
      .upper = quadrature([&](double t) { return one_sided(path, t).upper; }, marks, options)};
  result.bounded_below = std::isfinite(one_sided(path, 0.5).lower.lower);
  if (!result.bounded_below) return result;
  result.lower = quadrature([&](double t) { return one_sided(path, t).lower; }, marks, options);
  result.symmetric = quadrature(
      [&](double t) {
        const OneSided at = one_sided(path, t);
        return max(abs(at.lower), abs(at.upper));
      },
      marks, options);
  return result;
}

const char* const no_lower_constant =
    "left out: λ_min is computed for components of one covariance, and in d = 1";

// The stretch of a map at a point between e^{lower} and e^{upper}.
void add_stretch(const EnclosedMap& map, const LogStretch& known, std::vector<Bound>& bounds) {
  const Estimate largest = map.largest();
  const Estimate least = map.least();
  bounds.push_back({.lhs = largest, .rhs = exp(known.upper), .part = "‖DT‖ ≤ exp ∫λ_max"});
  for (const char* part : {"‖DT⁻¹‖⁻¹ ≥ exp ∫λ_min", "‖DT‖ ≤ e^Λ", "‖DT⁻¹‖⁻¹ ≥ e^{−Λ}"}) {
    if (!known.bounded_below) bounds.push_back(left_out(part, no_lower_constant));
  }
  if (!known.bounded_below) return;
  bounds.push_back({.lhs = exp(known.lower), .rhs = least, .part = "‖DT⁻¹‖⁻¹ ≥ exp ∫λ_min"});
  bounds.push_back({.lhs = largest, .rhs = exp(known.symmetric), .part = "‖DT‖ ≤ e^Λ"});
  bounds.push_back({.lhs = exp(-known.symmetric), .rhs = least, .part = "‖DT⁻¹‖⁻¹ ≥ e^{−Λ}"});
}

// T⁻¹∘T = id, T⁻¹ being the same equation from t = 1 to 0.
void add_inverse(const TangentField& field,
                 const Vector& x,
                 const EnclosedMap& there,
                 std::vector<Bound>& bounds) {
  const char* const part = "T⁻¹∘T = id";
  const EnclosedMap back = enclosed_block_map(field, 1.0, 0.0, there.end).map;
  if (!back.has_digits()) {
    bounds.push_back(left_out(part, without_digits_left));
    return;
  }
  const double error = back.end_error + back.jacobian.norm() * there.end_error;
  for (Index i = 0; i < x.size(); ++i) {
    bounds.push_back(identity(Estimate::converged(back.end(i), error), x(i), part, 1.0 + x.norm()));
  }
}

std::vector<Bound> bi_lipschitz(const GaussianMixture& data, double gamma, int points, Rng& rng) {
  std::vector<Bound> bounds;
  for (const Interpolant interpolant : interpolants) {
    const BlockPath path(data, gamma, interpolant, Coupling::dependent);
    const TangentField field = path.tangent_field();
    const LogStretch known = log_stretch(path);
    const Matrix starts = sample(data, points, rng);
    for (const Vector& x : starts.colwise()) {
      const EnclosedMap there = enclosed_block_map(field, 0.0, 1.0, x).map;
      if (!there.has_digits()) {
        bounds.push_back(left_out("‖DT‖ ≤ exp ∫λ_max", without_digits_left));
        continue;
      }
      add_stretch(there, known, bounds);
      add_inverse(field, x, there, bounds);
    }
  }
  return bounds;
}

Outcome random_isotropic(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(3);
  const GaussianMixture data = random_isotropic_bed(trial.rng, d);
  return bi_lipschitz(data, trial.rng.log_uniform(0.05, 1.0), 1, trial.rng);
}

Outcome random_widths(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(3);
  const GaussianMixture data = random_bed(trial.rng, d);
  return bi_lipschitz(data, trial.rng.log_uniform(0.05, 1.0), 1, trial.rng);
}

// N(m, σ²I): ∇v is one multiple of I at each time.
Outcome whole_gaussian(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(3);
  const Gaussian p(trial.rng.normal_vector(d),
                   trial.rng.log_uniform(0.2, 3.0) * Matrix::Identity(d, d));
  return bi_lipschitz(GaussianMixture(p), trial.rng.log_uniform(0.05, 1.0), 1, trial.rng);
}

struct Orders {
  Estimate inverse = 0.0;
  Estimate round_trip = 0.0;
};

constexpr double bed_step_size = 0.5;

// Equal steps on the bed, from several points, against the exact inverse F⁻¹∘F* of the line.
Orders orders(FlowMethod method, int coarsest, Interpolant interpolant) {
  const BlockPath path(bimodal_bed(), bed_step_size, interpolant, Coupling::dependent);
  const VelocityField v = path.velocity();
  const MonotoneTransport T(line_measure(path.data()), line_measure(path.right()));
  std::vector<double> steps;
  std::vector<double> inverse_errors;
  std::vector<double> residuals;
  for (int k = 0; k < 4; ++k) {
    const int n = coarsest << k;
    double inverse_error = 0.0;
    double residual = 0.0;
    for (const double x : {-1.5, -0.9, 0.3, 1.2}) {
      const auto run = [&](double from, double t0, double t1) {
        return integrate(v, Vector::Constant(1, from), t0, t1, {.method = method, .steps = n})
            .end(0);
      };
      inverse_error += std::abs(run(T(x), 1.0, 0.0) - x);
      residual += std::abs(run(run(x, 0.0, 1.0), 1.0, 0.0) - x);
    }
    steps.push_back(1.0 / n);
    inverse_errors.push_back(inverse_error);
    residuals.push_back(residual);
  }
  return {.inverse = observed_order(steps, inverse_errors),
          .round_trip = observed_order(steps, residuals)};
}

Instance order_instance(std::string name,
                        FlowMethod method,
                        int coarsest,
                        Interpolant interpolant = Interpolant::linear) {
  return flow_instance(std::move(name), [=] {
    const int p = flowcheck::order(method);
    const Orders seen = orders(method, coarsest, interpolant);
    return std::vector<Bound>{
        flowcheck::order(seen.inverse, p, "order of the inverse"),
        flowcheck::order(seen.round_trip, p % 2 == 0 ? p + 1 : p, "order of the round trip")};
  });
}

constexpr int euler_steps = 80;
constexpr int midpoint_steps = 40;
constexpr int kutta3_steps = 40;
constexpr int runge_kutta4_steps = 20;

// A round trip's order taken for another.
Outcome round_trip_order(FlowMethod method, int coarsest, double claimed) {
  return flowcheck::order(orders(method, coarsest, Interpolant::linear).round_trip, claimed);
}

Outcome on_mixture(const GaussianMixture& data, const Target& target) {
  Rng rng(derive_seed(1, "LFM-17 target"));
  return bi_lipschitz(data, target.step_size, 2, rng);
}

}  // namespace lfm_17

Claim lfm_17_inversion() {
  using namespace lfm_17;
  return {
      .id = "LFM-17",
      .statement =
          "λ_min ≤ ∇v(t, ·) ≤ λ_max, Lip v = max|λ| ⇒ e^{−Λ} ≤ e^{∫λ_min} ≤ |Tx − Ty|/|x − y| "
          "≤ e^{∫λ_max} ≤ e^Λ, Λ = ∫Lip v; T⁻¹ is the flow back; by n equal steps of order p "
          "its error is O(n^{−p}), the round trip's O(n^{−p−1}) for even p",
      .source = "invertibility recalled of [XuChengXie2024], orders derived",
      .provenance = Provenance::derived,
      .hypotheses = {"p₀ has a density", "dependent coupling"},
      .instances = {{"random centres, one width", random_isotropic},
                    {"random mixtures", random_widths},
                    order_instance("Euler", FlowMethod::euler, euler_steps),
                    order_instance("midpoint, order 2", FlowMethod::midpoint, midpoint_steps),
                    order_instance("Kutta, order 3", FlowMethod::kutta3, kutta3_steps),
                    order_instance("RK4, order 4", FlowMethod::runge_kutta4, runge_kutta4_steps),
                    order_instance("RK4, trigonometric", FlowMethod::runge_kutta4,
                                   runge_kutta4_steps, Interpolant::trigonometric)},
      .tight = {{"isotropic Gaussian", whole_gaussian}},
      .controls = {flow_instance(
                       "Euler's round trip of order 2",
                       [] { return round_trip_order(FlowMethod::euler, euler_steps, 2.0); }),
                   flow_instance("RK4's round trip of order 4",
                                 [] {
                                   return round_trip_order(FlowMethod::runge_kutta4,
                                                           runge_kutta4_steps, 4.0);
                                 })},
      .on_target = on_mixture_target(on_mixture),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
