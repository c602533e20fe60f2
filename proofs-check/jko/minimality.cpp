#include "jko/minimality.hpp"

#include "distances/wasserstein.hpp"
#include "numerics/spd.hpp"

#include <cmath>

namespace flowcheck {
namespace {

// p moved and deformed by `size` relative to its own spread.
Gaussian disturbed(const Gaussian& p, double size, Rng& rng) {
  const Index d = p.dimension();
  const double unit = size / std::sqrt(static_cast<double>(d));
  const Matrix L = p.factor();
  const Matrix image = L + unit * rng.normal_matrix(d, d) * L;
  return {p.mean() + unit * L * rng.normal_vector(d), symmetrised(image * image.transpose())};
}

}  // namespace

std::vector<Bound> minimality(const StepObjective& F, const MinimisingStep& step, Rng& rng) {
  const Estimate modulus = step.convexity + 1.0 / Estimate(step.step_size);
  const Estimate S = w2(step.current, step.next);
  const Estimate least = F(step.next);
  std::vector<Bound> bounds;
  for (const double size : {0.01, 0.01, 0.1, 0.1, 1.0, 1.0}) {
    const Gaussian rho = disturbed(step.next, size, rng);
    bounds.push_back({.lhs = least + 0.5 * modulus * squared_w2(step.next, rho),
                      .rhs = F(rho) + step.error * (S + w2(step.current, rho)),
                      .part = "minimality",
                      .auxiliary = true});
  }
  return bounds;
}

}  // namespace flowcheck
