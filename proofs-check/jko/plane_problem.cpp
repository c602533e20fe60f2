#include "jko/plane_problem.hpp"

#include "numerics/require.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace flowcheck {
namespace {

struct Measured {
  PlaneLaw law;
  PlaneDistance to_target;
  Estimate map_distance = 0.0;
};

Measured measured_start(const PlaneJkoProblem& problem) {
  PlaneLaw law = problem.first();
  PlaneDistance to_target = problem.to_target(law);
  return {.law = std::move(law), .to_target = std::move(to_target)};
}

Measured measured_step(const PlaneJkoProblem& problem,
                       const Measured& before,
                       double step_size,
                       double error) {
  PlaneLaw law = problem.next(before.law, step_size, error);
  PlaneDistance to_target = problem.to_target(law);
  Estimate distance = map_distance(law, before.to_target, to_target);
  return {.law = std::move(law),
          .to_target = std::move(to_target),
          .map_distance = std::move(distance)};
}

// What a user's problem consists of.
std::vector<double> numbers(const GaussianMixture& p, const Target& target) {
  std::vector<double> result{target.step_size, target.error, target.start_floor.value_or(-1.0)};
  const auto append = [&result](const auto& entries) {
    result.insert(result.end(), entries.data(), entries.data() + entries.size());
  };
  append(p.weights());
  append(p.means());
  for (Index k = 0; k < p.size(); ++k) append(p.covariance(k));
  append(target.reference.mean());
  append(target.reference.covariance());
  return result;
}

PlaneJkoProblem steps_of(const GaussianMixture& p, const Target& target) {
  if (target.start_floor) return {p, target.reference, user_cells, *target.start_floor};
  return with_start_floor(p, target.reference, user_cells, target.step_size, target.error);
}

}  // namespace

GaussianMixture three_modes(double sigma) {
  return GaussianMixture::isotropic(Vector{{0.5, 0.3, 0.2}},
                                    Matrix{{1.0, -1.2, 0.0}, {0.5, 0.0, -1.0}}, sigma * sigma);
}

// By the steps that led to a law: (γ_1, ε_1, γ_2, ε_2, …). Who asks for a law first solves for it,
// the lock open, and who asks meanwhile waits for what comes of that; an exception reaches them
// all.
struct PlaneChainProblem::Store {
  std::mutex mutex;
  std::map<std::vector<double>, std::shared_future<Measured>> laws;

  const Measured& at(const std::vector<double>& path, const std::function<Measured()>& solve) {
    std::optional<std::promise<Measured>> mine;
    std::shared_future<Measured> law;
    {
      const std::lock_guard lock(mutex);
      const auto [where, is_new] = laws.try_emplace(path);
      if (is_new) where->second = mine.emplace().get_future().share();
      law = where->second;
    }
    if (mine) {
      try {
        mine->set_value(solve());
      } catch (...) {
        mine->set_exception(std::current_exception());
      }
    }
    return law.get();
  }
};

PlaneChainProblem::PlaneChainProblem(PlaneJkoProblem of, double gamma, double epsilon)
    : problem(std::move(of)), step_size(gamma), error(epsilon), store_(std::make_shared<Store>()) {}

PlaneMeasuredChain PlaneChainProblem::chain(const std::vector<double>& step_sizes,
                                            const std::vector<double>& errors) const {
  require(step_sizes.size() == errors.size(), "PlaneChainProblem: one error a step");
  PlaneMeasuredChain result;
  std::vector<double> path;
  const Measured* before = nullptr;
  for (std::size_t n = 0; n <= step_sizes.size(); ++n) {
    if (n > 0) path.insert(path.end(), {step_sizes[n - 1], errors[n - 1]});
    const Measured& law = store_->at(path, [&] {
      return before == nullptr ? measured_start(problem)
                               : measured_step(problem, *before, step_sizes[n - 1], errors[n - 1]);
    });
    result.laws.push_back(law.law);
    result.w2.push_back(law.to_target.w2);
    result.map_distance.push_back(law.map_distance);
    before = &law;
  }
  return result;
}

std::size_t PlaneChainProblem::laws_solved() const {
  const std::lock_guard lock(store_->mutex);
  return store_->laws.size();
}

const std::vector<PlaneChainProblem>& plane_problems(Scale scale) {
  static const std::vector<PlaneChainProblem> quick{
      {PlaneJkoProblem(three_modes(0.8), Gaussian::standard(2), 48), 0.3, 0.1}};
  if (scale == Scale::quick) return quick;
  static const std::vector<PlaneChainProblem> standard{
      quick.front(),
      {PlaneJkoProblem(three_modes(1.0), Gaussian::standard(2), 64), 0.6, 0.05},
      {PlaneJkoProblem(three_modes(0.8),
                       Gaussian(Vector{{0.3, -0.2}}, Matrix{{1.2, 0.3}, {0.3, 0.9}}), 64),
       0.3, 0.1}};
  return standard;
}

PlaneChainProblem plane_problem(const Target& target) {
  const auto* mixture = std::get_if<GaussianMixture>(&target.start);
  require(mixture != nullptr, "plane_problem: the start is a mixture on the plane");
  // Every claim asks for the same problem: its laws are shared, as those of plane_problems() are.
  static std::mutex mutex;
  static std::vector<double> last_numbers;
  static std::optional<PlaneChainProblem> last;
  const std::vector<double> asked = numbers(*mixture, target);
  const std::lock_guard lock(mutex);
  if (!last || asked != last_numbers) {
    last.emplace(steps_of(*mixture, target), target.step_size, target.error);
    last_numbers = asked;
  }
  return *last;
}

}  // namespace flowcheck
