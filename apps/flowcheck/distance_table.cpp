#include "distance_table.hpp"

#include "distances/divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/singular_divergence.hpp"
#include "distances/sinkhorn.hpp"
#include "distances/sliced.hpp"
#include "distances/transport.hpp"
#include "distances/two_sample.hpp"
#include "distances/wasserstein.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

std::string mixtures_have_densities(const GaussianMixture& p, const GaussianMixture& q) {
  if (!p.has_density()) return "A needs a density; a covariance is singular";
  return q.has_density() ? "" : "B needs a density; a covariance is singular";
}

std::string mixtures_on_the_line(const GaussianMixture& p, const GaussianMixture& q) {
  if (p.dimension() == 1) return mixtures_have_densities(p, q);
  return fmt::format("mixtures need to be on the line; they are of dimension {}", p.dimension());
}

std::string samples(const PointCloud& p, const PointCloud& q) {
  if (!p.uniform() || !q.uniform()) {
    return fmt::format("{} has weights; U-statistics are of draws that count alike",
                       p.uniform() ? "B" : "A");
  }
  const Index largest = TwoSampleOptions{}.largest_count;
  if (std::min(p.size(), q.size()) >= 2 && std::max(p.size(), q.size()) <= largest) return "";
  return fmt::format("A and B need from 2 to {} points; they have {} and {}", largest, p.size(),
                     q.size());
}

std::string kernel_fits(const PointCloud& p, const PointCloud& q) {
  const Index largest = SinkhornOptions{}.largest_kernel;
  const Index size = std::max(p.size(), q.size());
  if (size <= largest / size) return "";
  return fmt::format("the larger of A and B needs at most {} points; they have {} and {}",
                     static_cast<Index>(std::sqrt(static_cast<double>(largest))), p.size(),
                     q.size());
}

template <class P>
constexpr const char* type_word = nullptr;
template <>
constexpr const char* type_word<Gaussian> = "gaussian";
template <>
constexpr const char* type_word<GaussianMixture> = "gaussian_mixture";
template <>
constexpr const char* type_word<PointCloud> = "points";

// The Gaussian that a mixture is whose mass is all in one component.
std::optional<Gaussian> only_component(const Measure& measure) {
  const auto* mixture = std::get_if<GaussianMixture>(&measure);
  if (mixture == nullptr || (mixture->weights().array() > 0.0).count() != 1) return std::nullopt;
  Index k = 0;
  mixture->weights().maxCoeff(&k);
  return Gaussian(mixture->means().col(k), mixture->covariance(k));
}

// What a measure may be taken for, a Gaussian first.
std::vector<std::string_view> names_of(const Measure& measure) {
  if (std::holds_alternative<Gaussian>(measure) || only_component(measure)) {
    return {type_word<Gaussian>, type_word<GaussianMixture>};
  }
  return {type_name(measure)};
}

// A measure taken for a P, without a copy where it is one.
template <class P>
class TakenFor {
 public:
  explicit TakenFor(const Measure& measure) : itself_(std::get_if<P>(&measure)) {
    if constexpr (std::is_same_v<P, GaussianMixture>) {
      if (itself_ == nullptr) other_.emplace(std::get<Gaussian>(measure));
    }
    if constexpr (std::is_same_v<P, Gaussian>) {
      if (itself_ == nullptr) other_ = only_component(measure);
    }
  }
  const P& get() const { return itself_ != nullptr ? *itself_ : *other_; }

 private:
  const P* itself_;
  std::optional<P> other_ = {};
};

template <class P, class Q>
using Compute = std::function<DistanceResult(const P&, const Q&, const DistanceOptions&)>;

template <class P, class Q>
DistanceMethod method_of(const char* kind,
                         const char* method,
                         const Compute<P, Q>& compute,
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
              [compute](const Measure& p, const Measure& q, const DistanceOptions& options) {
                return compute(TakenFor<P>(p).get(), TakenFor<Q>(q).get(), options);
              }};
}

// A function of the library that is its own answer; of an overloaded one P and Q choose.
template <class P, class Q = P>
DistanceMethod formula(const char* kind,
                       Estimate (*compute)(const P&, const Q&),
                       Hypothesis<P, Q> failed = none<P, Q>) {
  return method_of<P, Q>(
      kind, "closed form",
      [compute](const P& p, const Q& q, const DistanceOptions&) {
        return DistanceResult{.estimate = compute(p, q)};
      },
      failed);
}

// An algorithm, by name.
template <class P, class Q = P>
DistanceMethod algorithm(const char* kind,
                         const char* method,
                         DistanceResult (*compute)(const P&, const Q&, const DistanceOptions&),
                         Hypothesis<P, Q> failed = none<P, Q>) {
  return method_of<P, Q>(kind, method, compute, failed);
}

template <Divergence kind>
std::string known_on_supports(const GaussianMixture& p, const GaussianMixture& q) {
  return singular_obstacle(kind, p, q);
}

template <Divergence kind>
std::string gaussians_known_on_supports(const Gaussian& p, const Gaussian& q) {
  return p.has_density() && q.has_density()
             ? ""
             : singular_obstacle(kind, GaussianMixture(p), GaussianMixture(q));
}

// The number of its word: Hellinger's is the distance.
Estimate told_as(Divergence kind, const Estimate& estimate) {
  return kind == Divergence::squared_hellinger ? sqrt(estimate) : estimate;
}

template <Divergence kind>
Estimate gaussian_divergence(const Gaussian& p, const Gaussian& q) {
  return told_as(kind, divergence(kind, p, q));
}

template <Divergence kind>
DistanceResult point_divergence(const PointCloud& p, const PointCloud& q, const DistanceOptions&) {
  return {.estimate = told_as(kind, divergence(kind, p, q))};
}

GaussianMixture atoms(const PointCloud& points) {
  return GaussianMixture::isotropic(points.weights(), points.points(), 0.0);
}

// Of points and a mixture, whichever comes first.
template <Divergence kind, class P, class Q>
DistanceResult mixed_divergence(const P& p, const Q& q, const DistanceOptions&) {
  if constexpr (std::is_same_v<P, PointCloud>) {
    return {.estimate = told_as(kind, divergence(kind, atoms(p), q))};
  } else {
    return {.estimate = told_as(kind, divergence(kind, p, atoms(q)))};
  }
}

template <Divergence kind, class P, class Q>
std::string mixed_known(const P& p, const Q& q) {
  if constexpr (std::is_same_v<P, PointCloud>) {
    return singular_obstacle(kind, atoms(p), q);
  } else {
    return singular_obstacle(kind, p, atoms(q));
  }
}

// Of a divergence's several methods the one that an estimate is of.
std::string method_used(const Estimate& estimate, bool have_densities) {
  if (estimate.grade <= Grade::statistical) return "draws";
  if (estimate.grade == Grade::converged) return "quadrature";
  return have_densities ? "closed form" : "where the measures live";
}

// Of mixtures; those of a picture's many components by fewer draws, for each costs them all.
template <Divergence kind>
DistanceResult mixture_divergence(const GaussianMixture& p,
                                  const GaussianMixture& q,
                                  const DistanceOptions& options) {
  constexpr Index many = 1000;
  DivergenceOptions chosen{.false_alarm = options.false_alarm, .seed = options.seed};
  const Index largest = std::max(p.size(), q.size());
  if (largest > many) {
    chosen.method = DivergenceMethod::monte_carlo;
    // Two of p's and two of q's each component, so that none is too rare to be drawn.
    chosen.draws = std::max<Index>(20'000, 4 * largest);
  }
  const Estimate estimate = divergence(kind, p, q, chosen);
  DistanceResult result{.estimate = told_as(kind, estimate),
                        .method = method_used(estimate, p.has_density() && q.has_density())};
  if (estimate.grade <= Grade::statistical) {
    result.details.emplace_back("draws", static_cast<double>(chosen.draws));
    result.details.emplace_back("false_alarm", chosen.false_alarm);
  }
  return result;
}

void require_converged(Termination termination, const char* kind) {
  if (termination == Termination::converged) return;
  throw std::runtime_error(fmt::format(
      "{}: {}", kind,
      termination == Termination::not_finite ? "a squared distance of two points is not finite"
      : termination == Termination::stalled  ? "stalled above the tolerance"
                                             : "did not converge within its iterations"));
}

DistanceResult quantile_w2(const GaussianMixture& p,
                           const GaussianMixture& q,
                           const DistanceOptions&) {
  return {.estimate = w2(p, q)};
}

DistanceResult transport_w2(const PointCloud& p, const PointCloud& q, const DistanceOptions&) {
  const TransportResult result = optimal_transport(p, q);
  require_converged(result.termination, "w2");
  return {.estimate = result.w2, .iterations = result.iterations};
}

DistanceResult debiased_sinkhorn(const PointCloud& p,
                                 const PointCloud& q,
                                 const DistanceOptions& options) {
  constexpr double share_of_median = 0.05;
  double epsilon = options.regularisation;
  if (epsilon == 0.0) epsilon = share_of_median * median_squared_distance(p, q);
  if (epsilon == 0.0)
    throw std::runtime_error("sinkhorn: half the distances are 0: set --regularisation");
  const SinkhornDivergence result = sinkhorn_divergence(p, q, {.regularisation = epsilon});
  require_converged(result.termination, "sinkhorn");
  return {
      .estimate = result.value,
      .iterations = result.between.iterations + result.first.iterations + result.second.iterations,
      .details = {{"regularisation", epsilon},
                  {"marginal_error", result.between.marginal_error},
                  {"duality_gap", result.between.duality_gap}}};
}

template <class P>
DistanceResult sliced(const P& p, const P& q, const DistanceOptions& options) {
  const SlicedOptions chosen{.false_alarm = options.false_alarm, .seed = options.seed};
  DistanceResult result{.estimate = sliced_w2(p, q, chosen)};
  if (p.dimension() > 1) {
    result.details = {{"projections", chosen.projections}, {"false_alarm", chosen.false_alarm}};
  } else {  // there is one line
    result.method = std::is_same_v<P, Gaussian> ? "closed form" : "sorting";
  }
  return result;
}

// The floors are those of the biased statistic, which is never below 0; the unbiased one's is 0.
DistanceResult told(const TwoSampleResult& result, const DistanceOptions& options) {
  return {.estimate = result.unbiased,
          .details = {{"false_alarm", options.false_alarm},
                      {"biased", result.biased.value},
                      {"biased_floor_mean", result.floor_mean},
                      {"biased_floor_95", result.floor_95}}};
}

DistanceResult mmd(const PointCloud& p, const PointCloud& q, const DistanceOptions& options) {
  double s = options.bandwidth;
  if (s == 0.0) s = published_scale * median_distance(q);
  if (s == 0.0) throw std::runtime_error("mmd: half the distances in B are 0: set --bandwidth");
  DistanceResult result = told(
      squared_mmd(p, q, kernel_rate(s), {.false_alarm = options.false_alarm, .seed = options.seed}),
      options);
  result.details.emplace_back("bandwidth", s);
  return result;
}

DistanceResult energy(const PointCloud& p, const PointCloud& q, const DistanceOptions& options) {
  return told(
      squared_energy_distance(p, q, {.false_alarm = options.false_alarm, .seed = options.seed}),
      options);
}

template <Divergence kind>
DistanceMethod of_points(const char* word) {
  return algorithm<PointCloud>(word, "sum over the points", point_divergence<kind>);
}

template <Divergence kind, class P, class Q>
DistanceMethod of_points_and_mixture(const char* word) {
  return algorithm<P, Q>(word, "where the measures live", mixed_divergence<kind, P, Q>,
                         mixed_known<kind, P, Q>);
}

}  // namespace

const std::vector<DistanceMethod>& distance_methods() {
  static const std::vector<DistanceMethod> methods = {
      formula<Gaussian>("w2", w2),
      algorithm<GaussianMixture>("w2", "quantile functions", quantile_w2, mixtures_on_the_line),
      algorithm<PointCloud>("w2", "optimal transport", transport_w2),
      algorithm<PointCloud>("sinkhorn", "debiased entropic transport", debiased_sinkhorn,
                            kernel_fits),
      algorithm<Gaussian>("sliced", "closed form on random lines", sliced<Gaussian>),
      algorithm<PointCloud>("sliced", "sorting on random lines", sliced<PointCloud>),
      formula<Gaussian>("kl", gaussian_divergence<Divergence::kl>,
                        gaussians_known_on_supports<Divergence::kl>),
      algorithm<GaussianMixture>("kl", "quadrature, in d > 2 draws",
                                 mixture_divergence<Divergence::kl>,
                                 known_on_supports<Divergence::kl>),
      formula<Gaussian>("chi2", gaussian_divergence<Divergence::chi_squared>,
                        gaussians_known_on_supports<Divergence::chi_squared>),
      algorithm<GaussianMixture>("chi2", "closed form, quadrature, in d > 2 draws",
                                 mixture_divergence<Divergence::chi_squared>,
                                 known_on_supports<Divergence::chi_squared>),
      algorithm<GaussianMixture>("tv", "closed form, quadrature, in d > 2 draws",
                                 mixture_divergence<Divergence::total_variation>,
                                 known_on_supports<Divergence::total_variation>),
      formula<Gaussian>("hellinger", gaussian_divergence<Divergence::squared_hellinger>,
                        gaussians_known_on_supports<Divergence::squared_hellinger>),
      algorithm<GaussianMixture>("hellinger", "quadrature, in d > 2 draws",
                                 mixture_divergence<Divergence::squared_hellinger>,
                                 known_on_supports<Divergence::squared_hellinger>),
      algorithm<PointCloud>("mmd", "squared MMD, U-statistic", mmd, samples),
      algorithm<PointCloud>("energy", "squared energy distance, U-statistic", energy, samples),
      of_points<Divergence::kl>("kl"),
      of_points_and_mixture<Divergence::kl, PointCloud, GaussianMixture>("kl"),
      of_points_and_mixture<Divergence::kl, GaussianMixture, PointCloud>("kl"),
      of_points<Divergence::chi_squared>("chi2"),
      of_points_and_mixture<Divergence::chi_squared, PointCloud, GaussianMixture>("chi2"),
      of_points_and_mixture<Divergence::chi_squared, GaussianMixture, PointCloud>("chi2"),
      of_points<Divergence::total_variation>("tv"),
      of_points_and_mixture<Divergence::total_variation, PointCloud, GaussianMixture>("tv"),
      of_points_and_mixture<Divergence::total_variation, GaussianMixture, PointCloud>("tv"),
      of_points<Divergence::squared_hellinger>("hellinger"),
      of_points_and_mixture<Divergence::squared_hellinger, PointCloud, GaussianMixture>(
          "hellinger"),
      of_points_and_mixture<Divergence::squared_hellinger, GaussianMixture, PointCloud>(
          "hellinger"),
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
