#include "gif/digits.hpp"
#include "learning/gaussian_block.hpp"
#include "lfm/block_map.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace flowcheck {
namespace lfm_19 {

// log q₀(x) = log q(T(x)) + ∫ div v, `sign` being 1 where it is true.
Bound likelihood(const GaussianMixture& generated,
                 const GaussianMixture& noise,
                 const Vector& x,
                 const Passage& passage,
                 const std::string& part,
                 double sign = 1.0) {
  if (!passage.has_digits) return left_out(part, without_digits_left);
  const Estimate end = log_density(noise, passage.end, passage.end_error);
  const Estimate start = log_density(generated, x, 0.0);
  const double widths = end.width() + passage.divergence.width() + start.width();
  return with_digits(identity(end + sign * passage.divergence, start, part,
                              1.0 + std::abs(start.value) + std::abs(end.value)),
                     widths, "left out: centres so far leave log p too few digits");
}

// Perfect blocks: q replaced by p_N, the model's law is p₀.
Bound perfect_blocks(const GaussianMixture& data,
                     double gamma,
                     Interpolant interpolant,
                     Coupling coupling,
                     int blocks,
                     const Vector& x,
                     double sign = 1.0) {
  GaussianMixture law = data;
  Passage passage{.end = x};
  for (int n = 0; n < blocks; ++n) {
    const BlockPath path(law, gamma, interpolant, coupling);
    pass(path.tangent_field(), passage);
    law = path.right();
  }
  return likelihood(data, law, x, passage,
                    std::string(to_string(interpolant)) + ", " + std::string(to_string(coupling)),
                    sign);
}

std::vector<Bound> both_interpolants(
    const GaussianMixture& data, double gamma, Coupling coupling, int blocks, const Vector& x) {
  return {perfect_blocks(data, gamma, Interpolant::linear, coupling, blocks, x),
          perfect_blocks(data, gamma, Interpolant::trigonometric, coupling, blocks, x)};
}

Outcome random_mixtures(Trial& trial) {
  Rng& rng = trial.rng;
  const GaussianMixture data = random_bed(rng, 1 + rng.uniform_index(3));
  return both_interpolants(data, rng.log_uniform(0.05, 0.5), Coupling::dependent, 2,
                           sample(data, 1, rng).col(0));
}

Outcome independent_ends(Trial& trial) {
  Rng& rng = trial.rng;
  const GaussianMixture data = random_isotropic_bed(rng, 1 + rng.uniform_index(2));
  return both_interpolants(data, rng.log_uniform(0.3, 1.0), Coupling::independent, 1,
                           sample(data, 1, rng).col(0));
}

// Blocks with an error, and the free one last: q₀ is Gaussian and not p₀.
Outcome learned_blocks(Trial& trial) {
  Rng& rng = trial.rng;
  const LineNormal start{.mean = rng.uniform(-1.0, 1.0), .variance = rng.uniform(0.3, 1.0)};
  std::vector<BlockOptions> options;
  for (const double gamma : {0.2, 0.4, infinity}) {
    options.push_back({.step_size = gamma,
                       .error = {.size = rng.log_uniform(1e-3, 0.2),
                                 .constant = rng.uniform(-1.0, 1.0),
                                 .slope = rng.uniform(-1.0, 1.0)}});
  }
  const GaussianChain chain = gaussian_chain(start, options);
  const Vector x = Vector::Constant(1, start.mean.value + rng.normal());
  Passage passage{.end = x};
  for (std::size_t n = 0; n < options.size(); ++n) {
    const GaussianBlock& block = chain.blocks[n];
    const BlockPath path(GaussianMixture(block.start.gaussian()), options[n].step_size,
                         options[n].interpolant, options[n].coupling);
    const FieldError error = options[n].error;
    pass(
        [exact = path.tangent_field(), path, error](double t, const Vector& at) {
          LocalFlow flow = exact(t, at);
          const double centre = path.law(t).mean()(0);
          flow.velocity(0) += error.size * (error.constant + error.slope * (at(0) - centre));
          flow.jacobian(0, 0) += error.size * error.slope;
          return flow;
        },
        passage);
  }
  const LineNormal q0 = chain.generated();
  // The generated law is known to its own enclosure: how far that moves log q₀ at x.
  const double z = (x(0) - q0.mean.value) / std::sqrt(q0.variance.value);
  const double error = (1.0 + z * z) * q0.variance.width() / q0.variance.value +
                       std::abs(z) * q0.mean.width() / std::sqrt(q0.variance.value);
  Bound bound = likelihood(GaussianMixture(q0.gaussian()), GaussianMixture(Gaussian::standard(1)),
                           x, passage, "learned blocks");
  bound.rhs = widened(bound.rhs, error);
  return bound;
}

// The bed's divergence subtracted.
Outcome minus_sign() {
  std::vector<Bound> bounds;
  for (double x = -2.5; x <= 2.5; x += 0.25) {
    bounds.push_back(perfect_blocks(bimodal_bed(), 0.5, Interpolant::linear, Coupling::dependent, 1,
                                    Vector::Constant(1, x), -1.0));
  }
  return bounds;
}

Outcome bimodal() {
  std::vector<Bound> bounds;
  for (const double gamma : {0.1, 0.5}) {
    for (const Coupling coupling : {Coupling::dependent, Coupling::independent}) {
      for (const double x : {-1.4, -0.2, 1.1}) {
        for (const Bound& bound :
             both_interpolants(bimodal_bed(), gamma, coupling, 1, Vector::Constant(1, x))) {
          bounds.push_back(bound);
        }
      }
    }
  }
  return bounds;
}

Outcome on_mixture(const GaussianMixture& data, const Target& target) {
  Rng rng(derive_seed(1, "LFM-19 target"));
  std::vector<Bound> bounds;
  const Matrix starts = sample(data, 2, rng);
  for (const Vector& x : starts.colwise()) {
    for (const Bound& bound :
         both_interpolants(data, target.step_size, Coupling::dependent, 2, x)) {
      bounds.push_back(bound);
    }
  }
  return bounds;
}

}  // namespace lfm_19

Claim lfm_19_likelihood() {
  using namespace lfm_19;
  return {.id = "LFM-19",
          .statement =
              "T = T_N∘…∘T_1 ⇒ log q₀(x) = log q(T(x)) + Σₙ∫₀¹ div v̂ₙ(x_t, t) dt; for perfect "
              "blocks log p₀(x) = log p_N(T(x)) + Σₙ∫₀¹ div vₙ(x_t, t) dt",
          .source = "code of [XuChengXie2024]; change of variables",
          .provenance = Provenance::quoted,
          .hypotheses = {"p₀ has a density", "Tₙ a diffeomorphism"},
          .instances = {{"random mixtures, d = 1 … 3", random_mixtures},
                        {"independent ends, d = 1, 2", independent_ends},
                        {"blocks with errors, d = 1", learned_blocks}},
          .tight = {flow_instance(".3N(−1.2, .1) + .7N(.8, .2)", bimodal)},
          .controls = {flow_instance("minus the divergence", minus_sign)},
          .on_target = on_mixture_target(on_mixture),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
