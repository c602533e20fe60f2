#include "distance_table.hpp"

#include "distances/assignment.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace flowcheck {
namespace {

template <class P, class Q>
using Hypothesis = std::string (*)(const P&, const Q&);

template <class P, class Q>
std::string none(const P&, const Q&) {
  return "";
}

std::string second_has_density(const Gaussian&, const Gaussian& q) {
  return q.has_density() ? "" : "B needs a density; its covariance is singular";
}

std::string on_the_line(const Gaussian& p, const Gaussian& q) {
  if (p.dimension() != 1)
    return "the measures need to be on the line; they are of dimension " +
           std::to_string(p.dimension());
  return second_has_density(p, q);
}

std::string assignable(const PointCloud& p, const PointCloud& q) {
  const Index largest = AssignmentOptions{}.largest_count;
  if (p.size() == q.size() && p.size() <= largest) return "";
  return fmt::format("A and B need as many points, at most {}; they have {} and {}", largest,
                     p.size(), q.size());
}

template <class P>
constexpr const char* type_word = nullptr;
template <>
constexpr const char* type_word<Gaussian> = "gaussian";
template <>
constexpr const char* type_word<GaussianMixture> = "gaussian_mixture";
template <>
constexpr const char* type_word<PointCloud> = "points";

// What a measure may be taken for, itself first.
std::vector<std::string_view> names_of(const Measure& measure) {
  std::vector<std::string_view> names = {type_name(measure)};
  if (std::holds_alternative<Gaussian>(measure)) names.emplace_back(type_word<GaussianMixture>);
  return names;
}

// A measure taken for a P, without a copy where it is one.
template <class P>
class TakenFor {
 public:
  explicit TakenFor(const Measure& measure) : itself_(std::get_if<P>(&measure)) {
    if constexpr (std::is_same_v<P, GaussianMixture>) {
      if (itself_ == nullptr) other_.emplace(std::get<Gaussian>(measure));
    }
  }
  const P& get() const { return itself_ != nullptr ? *itself_ : *other_; }

 private:
  const P* itself_;
  std::optional<P> other_ = {};
};

template <class P, class Q>
DistanceMethod method_of(const char* kind,
                         const char* method,
                         const std::function<DistanceResult(const P&, const Q&)>& compute,
                         Hypothesis<P, Q> failed) {
  return {.kind = kind,
          .method = method,
          .first = type_word<P>,
          .second = type_word<Q>,
          .failed_hypothesis =
              [failed](const Measure& p, const Measure& q) {
                return failed(TakenFor<P>(p).get(), TakenFor<Q>(q).get());
              },
          .compute =
              [compute](const Measure& p, const Measure& q) {
                return compute(TakenFor<P>(p).get(), TakenFor<Q>(q).get());
              }};
}

// A function of the library that is its own answer; of an overloaded one P and Q choose.
template <class P, class Q = P>
DistanceMethod formula(const char* kind,
                       Estimate (*compute)(const P&, const Q&),
                       Hypothesis<P, Q> failed = none<P, Q>) {
  return method_of<P, Q>(
      kind, "closed form",
      [compute](const P& p, const Q& q) { return DistanceResult{.estimate = compute(p, q)}; },
      failed);
}

// An algorithm, by name.
template <class P, class Q = P>
DistanceMethod algorithm(const char* kind,
                         const char* method,
                         DistanceResult (*compute)(const P&, const Q&),
                         Hypothesis<P, Q> failed = none<P, Q>) {
  return method_of<P, Q>(kind, method, compute, failed);
}

Estimate hellinger(const Gaussian& p, const Gaussian& q) {
  return sqrt(squared_hellinger(p, q));
}

DistanceResult assignment_w2(const PointCloud& p, const PointCloud& q) {
  const AssignmentResult result = optimal_assignment(p.points(), q.points());
  if (result.termination != Termination::converged) {
    throw std::runtime_error("w2: a squared distance of two points is not finite");
  }
  return {.estimate = sqrt(result.squared_w2)};
}

}  // namespace

const std::vector<DistanceMethod>& distance_methods() {
  static const std::vector<DistanceMethod> methods = {
      formula<Gaussian>("w2", w2),
      algorithm<PointCloud>("w2", "optimal assignment", assignment_w2, assignable),
      formula<Gaussian>("kl", kl, second_has_density),
      formula<Gaussian>("chi2", chi_squared, second_has_density),
      formula<Gaussian>("tv", total_variation, on_the_line),
      formula<Gaussian>("hellinger", hellinger, second_has_density),
  };
  return methods;
}

std::vector<std::string> distance_kinds() {
  std::vector<std::string> kinds;
  for (const DistanceMethod& method : distance_methods()) {
    if (std::find(kinds.begin(), kinds.end(), method.kind) == kinds.end()) {
      kinds.push_back(method.kind);
    }
  }
  return kinds;
}

std::string pairs_of(const std::string& kind) {
  std::string pairs;
  for (const DistanceMethod& method : distance_methods()) {
    if (method.kind != kind) continue;
    pairs += fmt::format("{}{} and {}", pairs.empty() ? "" : ", ", method.first, method.second);
  }
  return pairs;
}

const DistanceMethod* find_distance(const std::string& kind,
                                    const Measure& first,
                                    const Measure& second) {
  for (const std::string_view p : names_of(first)) {
    for (const std::string_view q : names_of(second)) {
      for (const DistanceMethod& method : distance_methods()) {
        if (method.kind == kind && method.first == p && method.second == q) return &method;
      }
    }
  }
  return nullptr;
}

}  // namespace flowcheck
