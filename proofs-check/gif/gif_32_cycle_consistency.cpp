#include "gif/digits.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/SVD>

#include <array>
#include <cmath>

namespace flowcheck {
namespace gif_32 {

const char* const cycle_part = "T_BA∘T_AB = id";
const char* const lipschitz_part = "Lip(T_AB)";
const char* const solver_part = "cycle by a solver";

// N(0, σ²I) * ρ with its flow: Lip(X_{0,1}) ≤ σe^{R²/2σ²}, Lip(X_{1,0}) ≤ 1/σ.
struct Side {
  DataLawPointer law;
  FlowMaps maps;
  ClockFields fields;
  KnownMixture mixture;

  explicit Side(DataLawPointer of)
      : law(std::move(of)),
        maps(law),
        fields(clock_fields(law)),
        mixture(known_mixture(law->regularity())) {}

  Estimate forward() const {
    const Estimate sigma = mixture.scale;
    return sigma * exp(square(Estimate(mixture.radius)) / (2.0 * square(sigma)));
  }
  Estimate backward() const { return 1.0 / Estimate(mixture.scale); }
};

struct Leg {
  const Side* side;
  NoiseLevel from;
  NoiseLevel to;
  Estimate lipschitz() const { return from.noise > 0.0 ? side->forward() : side->backward(); }
};

std::array<Leg, 4> cycle(const Side& A, const Side& B) {
  return {{{&A, pure_data, pure_noise},
           {&B, pure_noise, pure_data},
           {&B, pure_data, pure_noise},
           {&A, pure_noise, pure_data}}};
}

// T_AB(x) = X^B_{0,1}(X^A_{1,0}(x)).
EnclosedMap transfer(const Side& A, const Side& B, const Vector& x) {
  const EnclosedMap noise = A.maps(pure_data, pure_noise, x);
  EnclosedMap data = B.maps(pure_noise, pure_data, noise.end);
  const double stretch = data.jacobian.norm();
  // How X^B's Jacobian changes over the error of its start is not known beyond first differences.
  const EnclosedMap moved =
      B.maps(pure_noise, pure_data, noise.end + Vector::Constant(x.size(), 1e-6));
  const double curvature = (moved.jacobian - data.jacobian).norm() / 1e-6;
  data.end_error += stretch * noise.end_error;
  data.expected_error += stretch * noise.expected_error;
  data.jacobian_error = data.jacobian_error * noise.jacobian.norm() +
                        stretch * noise.jacobian_error +
                        2.0 * curvature * noise.end_error * noise.jacobian.norm();
  data.jacobian = data.jacobian * noise.jacobian;
  return data;
}

void add_solver_cycle(std::vector<Bound>& bounds, const Side& A, const Side& B, const Vector& x) {
  const ReferenceFlowOptions solver{.method = FlowMethod::runge_kutta4, .steps = 6};
  const std::array<Leg, 4> legs = cycle(A, B);
  Vector at = x;
  Estimate budget = 0.0;
  double expected = 0.0;  // error of the budget
  for (const Leg& leg : legs) {
    const Vector next = reference_flow(leg.side->fields, leg.from, leg.to, at, solver).end;
    const EnclosedMap exact = leg.side->maps(leg.from, leg.to, at);
    const Estimate error =
        max(0.0, Estimate::converged((next - exact.end).norm(), exact.end_error));
    budget = leg.lipschitz() * budget + error;  // a later leg stretches what came before
    expected = leg.lipschitz().upper * expected + exact.expected_error;
    at = next;
  }
  bounds.push_back(
      with_digits({.lhs = Estimate::closed_form((at - x).norm(), round_off(x.norm(), x.size())),
                   .rhs = budget,
                   .part = solver_part,
                   .scale = 1.0 + x.norm()},
                  2.0 * expected, without_digits_left));
}

std::vector<Bound> consistency(const Side& A, const Side& B, const Vector& x) {
  std::vector<Bound> bounds;
  const EnclosedMap there = transfer(A, B, x);
  if (!there.has_digits()) {
    for (const char* part : {cycle_part, lipschitz_part, solver_part}) {
      bounds.push_back(left_out(part, without_digits_left));
    }
    return bounds;
  }
  const EnclosedMap back = transfer(B, A, there.end);
  const double stretch = back.jacobian.norm();
  for (Index i = 0; i < x.size(); ++i) {
    bounds.push_back(with_digits(
        identity(Estimate::converged(back.end(i), back.end_error + stretch * there.end_error), x(i),
                 cycle_part, 1.0 + x.norm()),
        2.0 * (back.expected_error + stretch * there.expected_error), without_digits_left));
  }
  bounds.push_back(
      {.lhs = there.largest(), .rhs = B.forward() * A.backward(), .part = lipschitz_part});
  add_solver_cycle(bounds, A, B, x);
  return bounds;
}

DataLawPointer random_side(Rng& rng, Index d) {
  const Index K = 2 + rng.uniform_index(3);
  Vector weights(K);
  for (double& w : weights) w = rng.uniform(0.2, 1.0);
  const double sigma = rng.uniform(0.4, 1.0);
  Matrix centres = rng.normal_matrix(d, K);
  for (Index k = 0; k < K; ++k)
    centres.col(k) *= sigma * rng.uniform(0.2, 2.0) / centres.col(k).norm();
  return data_law(GaussianMixture::isotropic(weights / weights.sum(), centres, sigma * sigma));
}

Outcome random_pair(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(3);
  const Side A(random_side(trial.rng, d));
  const Side B(random_side(trial.rng, d));
  return consistency(A, B, A.law->sample(1, trial.rng).col(0));
}

// N(0, σ_A²) and two centres ±R: Lip(T_AB) attained at 0.
Side narrow() {
  return Side(data_law(Gaussian(Vector{{0.0}}, Matrix{{1.0 / 16.0}})));
}

Outcome attained(Trial& trial) {
  const double sigma_A = trial.rng.log_uniform(0.2, 1.0);
  const double sigma = trial.rng.uniform(0.4, 1.0);
  const Side A(data_law(Gaussian(Vector{{0.0}}, Matrix{{sigma_A * sigma_A}})));
  const Side B(two_centre_data(sigma * trial.rng.uniform(0.3, 2.0), sigma));
  return Bound{.lhs = transfer(A, B, Vector{{0.0}}).largest(),
               .rhs = B.forward() * A.backward(),
               .part = lipschitz_part};
}

Outcome wrong_direction() {
  const Side A = narrow();
  const Side B(two_centre_data(0.8, 0.5));
  return Bound{.lhs = transfer(A, B, Vector{{0.0}}).largest(), .rhs = B.forward() * A.forward()};
}

// T_AB∘T_AB, the way there twice.
Outcome there_twice() {
  const Side A = narrow();
  const Side B(two_centre_data(0.8, 0.5));
  const EnclosedMap once = transfer(A, B, Vector{{0.1}});
  return identity(transfer(A, B, once.end).entry(0), 0.1);
}

Outcome with_standard_normal(const FlowProblem& problem) {
  if (!(known_mixture(problem.law->regularity()).scale > 0.0)) {
    return Outcome::not_applicable("ν = N(0, σ²I) * ρ");
  }
  const Index d = problem.law->dimension();
  const Side A(data_law(Gaussian::standard(d)));
  return consistency(A, Side(problem.law), problem.noises.col(0));
}

// A = N(0, I) and the user's measure for B, from each place that is near and one far out.
Outcome of_target(const FlowProblem& problem) {
  const KnownMixture known = known_mixture(problem.law->regularity());
  if (!(known.scale > 0.0)) {
    return Outcome::not_applicable(
        unmet_or_unknown(*problem.law, "ν = N(0, σ²I) * ρ with σ > 0, ρ bounded"));
  }
  const Side A(data_law(Gaussian::standard(problem.law->dimension())));
  const Side B(problem.law);
  std::vector<Bound> bounds;
  for (const auto& z : problem.noises.colwise()) {
    const std::vector<Bound> here = consistency(A, B, z);
    bounds.insert(bounds.end(), here.begin(), here.end());
  }
  return bounds;
}

}  // namespace gif_32

Claim gif_32_cycle_consistency() {
  using namespace gif_32;
  return {.id = "GIF-32",
          .statement =
              "T_AB = X^B_{0,1}∘X^A_{1,0} ⇒ T_BA∘T_AB = id, Lip(T_AB) ≤ "
              "σ_B e^{R_B²/2σ_B²}/σ_A; by a solver the error of a cycle is at most Σ leg "
              "error × Lipschitz constants of the later legs",
          .source = "consistency recalled of [GaoHuangJiao2024], constants derived",
          .provenance = Provenance::derived,
          .hypotheses = {"ν = N(0, σ²I) * ρ, ρ on a ball, for both"},
          .instances =
              [] {
                std::vector<Instance> all = law_instances({LawFamily::shift, LawFamily::two_centres,
                                                           LawFamily::mixture, LawFamily::points},
                                                          with_standard_normal);
                all.push_back({.name = "random pairs", .draw = random_pair});
                return all;
              }(),
          .tight = {{.name = "Gaussian to two centres, at 0", .draw = attained}},
          .controls = {flow_instance("Lip(X^A_{0,1}) for Lip(X^A_{1,0})", wrong_direction),
                       flow_instance("T_AB twice", there_twice)},
          .on_target = on_flow_map_target(of_target),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
