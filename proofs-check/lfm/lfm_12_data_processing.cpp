#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "learning/gaussian_block.hpp"
#include "lfm/affine_blocks.hpp"
#include "lfm/enough_blocks.hpp"
#include "lfm/generation.hpp"
#include "lfm/lfm_claims.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/SVD>
#include <boost/math/tools/roots.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flowcheck {
namespace lfm_12 {

constexpr int blocks = 6;

// Affine blocks

// Image under the inverse of a map: inverting costs its condition number, squared on covariances.
GeneratedLaw carried_back(const AffineMap& map, const GeneratedLaw& law) {
  GeneratedLaw image = carried(inverse(map), law);
  const Index d = law.law.dimension();
  const auto singular_values = Eigen::JacobiSVD<Matrix>(map.linear).singularValues();
  const double condition = singular_values(0) / singular_values(d - 1);
  const double reach = (law.law.mean().norm() + map.offset.norm()) / singular_values(d - 1);
  image.covariance_error += round_off(4.0 * condition * condition, d);
  image.mean_error += round_off(condition * reach / std::sqrt(image.law.eigenvalues()(0)), d);
  return image;
}

// A pair p, q: what p's rounding does to their divergence, written as one of q, for divergences do
// not see a map applied to both.
struct Pair {
  Gaussian p;
  GeneratedLaw q;
};

Pair with_rounding_in_q(const GeneratedLaw& p, const Gaussian& q) {
  const double width = relative_width(p.law, q);
  const double skew = std::sqrt(width * relative_width(q, p.law));
  const double distance = (q.inverse_factor() * (p.law.mean() - q.mean())).norm();
  return {.p = p.law,
          .q = {.law = q,
                .covariance_error = 2.0 * skew * p.covariance_error,
                .mean_error = 2.0 * (std::sqrt(width) * p.mean_error +
                                     skew * p.covariance_error * distance)}};
}

// D(p₀ ‖ q₀) = D(p_N ‖ q).
void add_identities(const Pair& data, const Pair& noise, std::vector<Bound>& bounds) {
  const auto add = [&](const char* part, const auto& D) {
    bounds.push_back(identity(D(data), D(noise), part, 1.0));
  };
  add("KL", [](const Pair& pair) { return kl(pair.p, pair.q); });
  add("squared Hellinger", [](const Pair& pair) { return squared_hellinger(pair.p, pair.q); });
  if (relative_width(noise.p, noise.q.law) <= 1.5) {
    add("log(1 + χ²)", [](const Pair& pair) { return log_chi_squared(pair.p, pair.q); });
  } else {
    bounds.push_back(left_out("log(1 + χ²)", "left out: χ² is computed for Σ_N ⪯ 1.5 I"));
  }
  if (data.p.dimension() == 1) {
    add("TV", [](const Pair& pair) { return total_variation(pair.p, pair.q); });
  } else {
    bounds.push_back(left_out("TV", "left out: total variation is computed in d = 1"));
  }
}

// Blocks of Gaussians with an error of that L²(pₙ₋₁)-norm, forward from p₀ and back from q.
std::vector<Bound> there_and_back(const Gaussian& start, double gamma, double error, Rng& rng) {
  const Gaussian q = Gaussian::standard(start.dimension());
  GeneratedLaw p{.law = start};
  std::vector<AffineMap> maps;
  for (int n = 0; n < blocks; ++n) {
    const std::vector<Gaussian> laws = noised_laws(p.law, gamma, 1);
    const GenerationPair pair = disturbed(laws[0], {optimal_map(laws[0], laws[1])}, error, rng);
    maps.push_back(pair.inexact.front());
    p = carried(maps.back(), p);
  }
  GeneratedLaw generated{.law = q};
  for (auto T = maps.rbegin(); T != maps.rend(); ++T) generated = carried_back(*T, generated);
  std::vector<Bound> bounds;
  add_identities({.p = start, .q = generated}, with_rounding_in_q(p, q), bounds);
  return bounds;
}

Outcome affine_blocks(Trial& trial) {
  Rng& rng = trial.rng;
  const Index d = 1 + rng.uniform_index(4);
  const double gamma = rng.log_uniform(0.1, 0.7);
  return there_and_back(random_gaussian(rng, d), gamma, rng.log_uniform(1e-3, 0.1), rng);
}

// As many blocks as LFM-11 asks for

const EndBound root_bound{.part = "χ²(p₀ ‖ q₀), O(ε^½)"};
const EndBound sharp_bound{.part = "χ²(p₀ ‖ q₀), O(ε), twice the second logarithm",
                           .value = sharp_end_bound,
                           .share = 1.0};

// χ²(p₀ ‖ q₀) on the line, in the coordinates in which q₀ is N(0, 1).
Estimate data_to_generated(const AffineBlocks& problem, const BlockChain&) {
  const auto& p = std::get<LineNormal>(problem.start);
  const LineNormal q = gaussian_chain(p, problem.blocks).generated();
  return chi_squared_to_noise(
      {.mean = (p.mean - q.mean) / sqrt(q.variance), .variance = p.variance / q.variance});
}

Outcome generation(const AffineBlocks& given) {
  const BlockErrors first = first_block(given);
  if (const std::string why = why_no_number(first); !why.empty()) {
    return Outcome::not_applicable(why);
  }
  return std::vector{end_of_enough(given, first, root_bound, data_to_generated),
                     end_of_enough(given, first, sharp_bound, data_to_generated)};
}

// One block where LFM-11 asks for seventeen.
Outcome too_few_blocks() {
  const LineNormal start{.mean = 2.0, .variance = 0.36};
  const BlockOptions block{.step_size = 0.3,
                           .error = {.size = 1e-6, .constant = 1.0, .slope = -0.3}};
  return end_of(equal_blocks(start, 1, block), root_bound, data_to_generated);
}

// Blocks that bend

constexpr std::array<Divergence, 4> divergences = {Divergence::chi_squared, Divergence::kl,
                                                   Divergence::total_variation,
                                                   Divergence::squared_hellinger};

// An increasing map g of the line at one point: g, g′, g″/g′ and (g″/g′)′.
struct Jet {
  double value = 0.0;
  double slope = 1.0;
  double bend = 0.0;
  double bend_slope = 0.0;
};

// x + c tanh(bx), bc > −1.
struct BentMap {
  double height = 0.0;     // c
  double steepness = 1.0;  // b

  Jet at(double x) const {
    const double t = std::tanh(steepness * x);
    const double squared_sech = 1.0 - t * t;
    const double slope = 1.0 + height * steepness * squared_sech;
    const double second = -2.0 * height * steepness * steepness * squared_sech * t;
    const double third =
        -2.0 * height * std::pow(steepness, 3) * squared_sech * (1.0 - 3.0 * t * t);
    const double bend = second / slope;
    return {x + height * t, slope, bend, third / slope - bend * bend};
  }
  Jet inverse_at(double y) const {
    const double reach = std::abs(height) + 1e-3;
    std::uintmax_t iterations = 100;
    const double x = boost::math::tools::newton_raphson_iterate(
        [&](double from) {
          const Jet jet = at(from);
          return std::pair(jet.value - y, jet.slope);
        },
        y, y - reach, y + reach, 52, iterations);
    const Jet jet = at(x);
    return {x, 1.0 / jet.slope, -jet.bend / jet.slope,
            (jet.bend * jet.bend - jet.bend_slope) / (jet.slope * jet.slope)};
  }
};

// T_#p by the inverse g of T: V(g(y)) − log g′(y).
LineMeasure image(const std::function<Jet(double)>& inverse, const LineMeasure& p) {
  const LinePotential U = p.potential();
  LinePotential V;
  V.value = [inverse, U](double y) {
    const Jet g = inverse(y);
    return U.value(g.value) - std::log(g.slope);
  };
  V.slope = [inverse, U](double y) {
    const Jet g = inverse(y);
    return U.slope(g.value) * g.slope - g.bend;
  };
  V.curvature = [inverse, U](double y) {
    const Jet g = inverse(y);
    return (U.curvature(g.value) * g.slope + U.slope(g.value) * g.bend) * g.slope - g.bend_slope;
  };
  V.oscillation = U.oscillation;
  return LineMeasure(std::move(V));
}

// The law of |X|, a map that is not injective.
LineMeasure folded(const LineMeasure& p) {
  const auto share_of_left = [p](double x) {
    return 1.0 / (1.0 + std::exp(p.log_density(x) - p.log_density(-x)));
  };
  LinePotential V;
  V.value = [p](double x) {
    const double right = p.log_density(x);
    const double left = p.log_density(-x);
    return -std::max(left, right) - std::log1p(std::exp(-std::abs(left - right)));
  };
  V.slope = [p, share_of_left](double x) {
    const double r = share_of_left(x);
    return r * p.score(-x) - (1.0 - r) * p.score(x);
  };
  V.curvature = [p, share_of_left](double x) {
    const double r = share_of_left(x);
    const double slope = r * p.score(-x) - (1.0 - r) * p.score(x);
    const auto of_side = [&](double y) { return p.score_slope(y) + p.score(y) * p.score(y); };
    return slope * slope - r * of_side(-x) - (1.0 - r) * of_side(x);
  };
  V.lower = 0.0;
  V.centre = std::abs(p.median()) + 0.1;
  return LineMeasure(std::move(V));
}

LineMeasure random_law(Rng& rng) {
  const double weight = rng.uniform(0.2, 0.8);
  return gaussian_mixture_law({weight, 1.0 - weight},
                              {rng.uniform(-1.5, 0.0), rng.uniform(0.0, 1.5)},
                              {rng.uniform(0.4, 1.1), rng.uniform(0.4, 1.1)});
}

std::vector<Bound> through(const std::function<Jet(double)>& inverse,
                           const LineMeasure& p,
                           const LineMeasure& q) {
  const LineMeasure p_image = image(inverse, p);
  const LineMeasure q_image = image(inverse, q);
  std::vector<Bound> bounds;
  for (const Divergence kind : divergences) {
    bounds.push_back(identity(divergence(kind, p_image, q_image), divergence(kind, p, q),
                              std::string(to_string(kind)), 1.0));
  }
  return bounds;
}

// A map whose inverse is y + c tanh(by).
Outcome bent_map(Trial& trial) {
  Rng& rng = trial.rng;
  const double steepness = rng.uniform(0.5, 3.0);
  const BentMap g{.height = rng.uniform(-0.6, 1.5) / steepness, .steepness = steepness};
  return through([g](double y) { return g.at(y); }, random_law(rng), gaussian_law());
}

// T = x + ½ tanh 2x on N(.4, .5) and q.
Outcome stated_map() {
  const BentMap T{.height = 0.5, .steepness = 2.0};
  return through([T](double y) { return T.inverse_at(y); }, gaussian_law(0.4, std::sqrt(0.5)),
                 gaussian_law());
}

Outcome data_processing(Trial& trial) {
  const LineMeasure p = random_law(trial.rng);
  const LineMeasure q = gaussian_law();
  std::vector<Bound> bounds;
  for (const Divergence kind : divergences) {
    bounds.push_back({.lhs = divergence(kind, folded(p), folded(q)),
                      .rhs = divergence(kind, p, q),
                      .part = std::string(to_string(kind)) + ", not injective",
                      .scale = 1.0});
  }
  return bounds;
}

Outcome not_injective() {
  const LineMeasure p = gaussian_law(0.4, std::sqrt(0.5));
  const LineMeasure q = gaussian_law();
  return identity(chi_squared(folded(p), folded(q)), chi_squared(p, q));
}

Outcome swapped_arguments() {
  const Gaussian p(Vector{{0.4}}, Matrix{{0.51}});
  const Gaussian q = Gaussian::standard(1);
  return identity(chi_squared(q, p), chi_squared(p, q));
}

Outcome on_gaussian(const Gaussian& start, const Target& target) {
  Rng rng(derive_seed(1, "LFM-12 target"));
  return there_and_back(start, target.step_size, target.error, rng);
}

}  // namespace lfm_12

Claim lfm_12_data_processing() {
  using namespace lfm_12;
  return {
      .id = "LFM-12",
      .statement =
          "every Tₙ bijective and bimeasurable ⇒ D_f(p₀ ‖ q₀) = D_f(p_N ‖ q) for every "
          "f-divergence, data first, so that χ²(p₀ ‖ q₀) ≤ (1 + C₄/(1 − e^{−2γ}))ε^½ with LFM-11's "
          "N; for any map D_f(T_#p ‖ T_#q) ≤ D_f(p ‖ q)",
      .source = "recalled of [XuChengXie2024]; data processing, twice",
      .provenance = Provenance::derived,
      .hypotheses = {"Tₙ bijective, inverted exactly", "p₀ has a density"},
      .instances = {{"affine blocks with errors, d = 1 … 4", affine_blocks},
                    {"inverse y + c tanh(by), random mixtures", bent_map},
                    {"|x|, random mixtures", data_processing},
                    random_blocks("as many affine fields as LFM-11 asks for", 1, generation),
                    blocks_instance("N(.6, .36), as many blocks as LFM-11 asks for",
                                    dossier_chain(0.01), generation)},
      .tight = {{"x + ½ tanh 2x, N(.4, .5)", [](Trial&) { return stated_map(); }, false}},
      .controls = {{"a single block", [](Trial&) { return too_few_blocks(); }, false},
                   {"T = |x|", [](Trial&) { return not_injective(); }, false},
                   {"χ²(q ‖ p_N)", [](Trial&) { return swapped_arguments(); }, false}},
      .on_target = on_generation_target(on_gaussian),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
