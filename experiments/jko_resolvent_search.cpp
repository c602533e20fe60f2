// Is a JKO step towards a Gaussian a contraction of W₂ in more than one dimension?
//
// Claim:   JKO-22, W₂(JKO(μ), JKO(ν)) ≤ W₂(μ, ν)/(1 + γλ), proved for d = 1 and commuting Gaussians
// Run:     jko_resolvent_search --dimensions 2,3 --starts 10
// Writes:  results/jko_resolvent_search/; at --scale paper 1.2 million pairs, a minute or two
//
// Looks for a pair of Gaussians with (1 + γλ)W₂(JKO(μ), JKO(ν))/W₂(μ, ν) > 1. Nothing here votes: a
// search that finds none proves nothing. By scaling λ = 1, by rotation ∇²V is diagonal, and both
// means are 0: a difference of means alone contracts by 1/(1 + γ) or faster, so that it can only
// hide what the covariances do. What is pushed down, by random steps whose size follows their
// success, is the rate log(W₂(μ, ν)/W₂(JKO(μ), JKO(ν)))/log(1 + γ), a counterexample being a rate
// below 1: the ratio itself is nearly 1 for every pair where γ is small.

#include "distances/wasserstein.hpp"
#include "experiments.hpp"
#include "margin_search.hpp"
#include "numerics/require.hpp"
#include "numerics/spd.hpp"
#include "proximal/first_order_error.hpp"
#include "proximal/jko_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace flowcheck {
namespace {

struct Settings {
  std::vector<int> dimensions = {2, 3, 4};
  int starts = 4;         // for each dimension
  int evaluations = 300;  // for each start
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::standard) settings = {.starts = 12, .evaluations = 3'000};
  if (scale == Scale::paper) settings = {.starts = 40, .evaluations = 10'000};
  return settings;
}

void check_settings(const Settings& settings) {
  require(!settings.dimensions.empty() && settings.dimensions.size() <= 8,
          "--dimensions: expected 1 to 8 numbers");
  require(std::all_of(settings.dimensions.begin(), settings.dimensions.end(),
                      [](int d) { return d >= 1 && d <= 10; }),
          "--dimensions: expected numbers from 1 to 10");
  require(settings.starts >= 1 && settings.starts <= 10'000, "--starts: expected 1 to 10000");
  require(settings.evaluations >= 1 && settings.evaluations <= 10'000'000,
          "--evaluations: expected 1 to 10000000");
  require(settings.starts <= 100'000'000 / settings.evaluations,
          "--evaluations: expected at most 100000000 divided by --starts");
}

// A point of the search: coordinates in [−1, 1], which stand for log γ, the logarithms of the
// eigenvalues of ∇²V but the first, and two Cholesky factors with the logarithms of their
// diagonals.
class Pair {
 public:
  Pair(Index dimension, const Vector& x)
      : step_size_(std::exp(x[0] * std::log(100.0))), target_(Gaussian::standard(dimension)) {
    Vector variances = Vector::Ones(dimension);
    Index next = 1;
    for (Index i = 1; i < dimension; ++i) {
      variances[i] = std::exp(-0.5 * (1.0 + x[next++]) * std::log(1000.0));
    }
    target_ = Gaussian(Vector::Zero(dimension), variances.asDiagonal());
    first_ = centred(dimension, x, next);
    second_ = centred(dimension, x, next);
  }

  static Index coordinates(Index dimension) { return dimension * (dimension + 2); }

  double step_size() const { return step_size_; }
  const Gaussian& target() const { return target_; }
  const Gaussian& first() const { return first_; }
  const Gaussian& second() const { return second_; }

  // (1 + γ)W₂(JKO(μ), JKO(ν))/W₂(μ, ν), with the stored steps' own errors, each at most γε/(1 + γ).
  Estimate ratio() const {
    const Gaussian p = jko_step(first_, target_, step_size_);
    const Gaussian q = jko_step(second_, target_, step_size_);
    const double errors = first_order_error(first_, p, target_, step_size_).norm.upper +
                          first_order_error(second_, q, target_, step_size_).norm.upper;
    const Estimate after = widened(w2(p, q), step_size_ * errors / (1.0 + step_size_));
    return (1.0 + Estimate(step_size_)) * max(0.0, after) / w2(first_, second_);
  }

  Estimate rate() const {
    const Estimate whole = 1.0 + Estimate(step_size_);
    return 1.0 - log(ratio()) / log(whole);
  }

  // The rate alone, without the steps' errors. Pairs nearer than 1e-4 of their size have one that
  // rounding moves.
  double plain_rate() const {
    const double before = w2(first_, second_).value;
    const double size = std::sqrt(first_.covariance().trace() + second_.covariance().trace());
    if (before < 1e-4 * size) return infinity;
    const double after =
        w2(jko_step(first_, target_, step_size_), jko_step(second_, target_, step_size_)).value;
    return std::log(before / after) / std::log1p(step_size_);
  }

 private:
  static Gaussian centred(Index dimension, const Vector& x, Index& next) {
    Matrix L = Matrix::Zero(dimension, dimension);
    for (Index i = 0; i < dimension; ++i) {
      for (Index j = 0; j < i; ++j) L(i, j) = 5.0 * x[next++];
      L(i, i) = std::exp(x[next++] * std::log(10.0));
    }
    return {Vector::Zero(dimension), symmetrised(L * L.transpose())};
  }

  double step_size_ = 1.0;
  Gaussian target_;
  Gaussian first_ = Gaussian::standard(1);
  Gaussian second_ = Gaussian::standard(1);
};

Descent descend(RunRecord& record, const Settings& settings, int dimension, int start, Rng& rng) {
  const Objective rate = [dimension](const Vector& x) { return Pair(dimension, x).plain_rate(); };
  return descend(rate, Pair::coordinates(dimension), settings.evaluations, rng,
                 [&](const Descent& search) {
                   record.add({dimension, start, search.evaluations, "descent"}, "rate",
                              Pair(dimension, search.at).rate());
                 });
}

void add_covariance(RunRecord& record,
                    const std::vector<Parameter>& where,
                    const Gaussian& p,
                    const std::string& name) {
  for (Index i = 0; i < p.dimension(); ++i) {
    for (Index j = 0; j <= i; ++j) {
      record.add(where, fmt::format("{} {}{}", name, i + 1, j + 1), p.covariance()(i, j));
    }
  }
}

// The pair with the least rate of a dimension, number by number.
void add_instance(RunRecord& record, int dimension, int start, int evaluation, const Pair& pair) {
  const std::vector<Parameter> where = {dimension, start, evaluation, "best"};
  record.add(where, "rate", pair.rate());
  record.add(where, "ratio", pair.ratio());
  record.add(where, "step_size", pair.step_size());
  add_covariance(record, where, pair.target(), "target");
  add_covariance(record, where, pair.first(), "first");
  add_covariance(record, where, pair.second(), "second");
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"dimension", "start", "evaluation", "kind"}, context.seed);
  const double all = static_cast<double>(settings.dimensions.size()) * settings.starts;
  double done = 0.0;
  for (const int dimension : settings.dimensions) {
    Descent best;
    int best_start = 0;
    for (int start = 0; start < settings.starts; ++start) {
      if (context.stop != nullptr && *context.stop) return record;
      Rng rng(derive_seed(context.seed, fmt::format("jko_resolvent_search {}", dimension),
                          static_cast<std::uint64_t>(start)));
      Descent found = descend(record, settings, dimension, start, rng);
      if (start == 0 || found.value < best.value) {
        best = std::move(found);
        best_start = start;
      }
      context.progress(++done / all);
    }
    add_instance(record, dimension, best_start, settings.evaluations, Pair(dimension, best.at));
  }
  return record;
}

constexpr const char* figure = R"(
# The dimensions that were searched, and the least rate of each.
dimensions = " "
collect(d) = (strstrt(dimensions, sprintf(" %d ", d)) == 0 \
  ? dimensions = dimensions.sprintf("%d ", d) : 0, 0)
stats 'data.csv' using (is("kind", "best") ? collect(column("dimension")) : 0) nooutput
best(d) = (is("kind", "best") && is("quantity", "rate") && column("dimension") == d) \
  ? column("measured") : NaN
above(d) = (is("kind", "descent") && column("dimension") == d) ? column("measured") - 1 : NaN
legend = ""
do for [d in dimensions] {
  stats 'data.csv' using (best(d + 0)) name 'least' nooutput
  legend = legend.sprintf("%.7f ", least_min)
}
set logscale xy
set xlabel 'pairs tried from one start'
set ylabel 'log({/:Italic W}_2 before / after) / log(1 + γλ) − 1'
set format y '10^{%T}'
set key bottom left Left reverse
set title 'Above the proved rate: a counterexample would be below zero'
plot for [i = 1:words(dimensions)] 'data.csv' \
    using (column("evaluation") * (1 + 0.06 * (i - 2))):(above(word(dimensions, i) + 0)) \
    with points linestyle i pointsize 0.5 \
    title sprintf('{/:Italic d} = %s, least rate %s', word(dimensions, i), word(legend, i))
)";

}  // namespace

Experiment jko_resolvent_search() {
  return {
      .name = "jko_resolvent_search",
      .question =
          "Is a JKO step towards a Gaussian a contraction of W₂ in more than one dimension?",
      .claims = {"JKO-22"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--dimensions", "dimensions", &settings->dimensions},
                            {"--starts", "random starts for each", &settings->starts},
                            {"--evaluations", "pairs tried from each start",
                             &settings->evaluations}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-7};
}

}  // namespace flowcheck
