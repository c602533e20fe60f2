// What does the reverse process generate, in KL and in W₂, for data with and without a density?
//
// Claims:  JKO-23, KL(p_0 ‖ q_0) = KL(p_N ‖ q); JKO-24, TV by Pinsker's inequality; JKO-12 and
//          JKO-14, what both are after N steps; JKO-25 and JKO-26, a short Ornstein–Uhlenbeck move
//          first; JKO-27, inexact inverses
// Run:     jko_reverse --step-size 0.5
// Writes:  results/jko_reverse/; at --scale quick some seconds of measuring
//
// Data P, two atoms, a mixture or one coordinate of a picture in data/masks, averaged to 40 × 40
// pixels, are moved by
// e^{−δ}X + √(1 − e^{−2δ})Z to p_0; N JKO steps towards N(0, 1), each with an error of norm ε, lead
// to p_N; exact inverses of the blocks lead from N(0, 1) back to q_0, inexact ones, ‖F∘S − Id‖ =
// ε_inv, to q̃_0. The guarantee is a mixed one: KL for (p_0, q_0), W₂ for (P, p_0) and (q_0, q̃_0).
// There is none for KL(p_0 ‖ q̃_0): inverses rounded to a lattice make it infinite.

#include "experiments.hpp"
#include "first_hit.hpp"
#include "measures/data_file.hpp"
#include "measures/line_laws.hpp"
#include "measures/pgm.hpp"
#include "measures/pixel_mixture.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_blocks.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace flowcheck {
namespace {

struct Settings {
  double step_size = 0.5;                                                 // γ < 2
  std::vector<double> errors = {0.3, 0.1, 0.03, 0.01};                    // ε, with smoothing 0.01
  std::vector<double> smoothings = {0.3, 0.1, 0.03, 0.01, 0.003, 0.001};  // δ, with ε = 0
  std::vector<double> inversion_errors = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5};  // ε_inv, likewise
  int steps = 8;                                                          // N where ε = 0
  int marginals = 1;                                                      // of the masks
  int points = 400;  // of the coarsest of three grids; even, for no node to lie between two atoms
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale == Scale::quick) return settings;
  settings.points = 1000;
  settings.marginals = 4;
  settings.errors = {0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003};
  if (scale == Scale::paper) settings.points = 4000;
  return settings;
}

constexpr std::size_t levels = 3;
constexpr double smoothing = 0.01;     // δ where it is not what is varied
constexpr double tolerance = 1e-3;     // relative width at which an attained bound counts as tight
constexpr Index mask_pixels = 40;      // of each side of a mask
constexpr double same_entropy = 1e-9;  // to which one relative entropy is found in two places

void check_settings(const Settings& settings) {
  require(settings.step_size >= 0.01 && settings.step_size < 2.0,
          "--step-size: expected a number from 0.01 to below 2");
  const auto within = [](const std::vector<double>& list, double lower, double upper) {
    return !list.empty() && std::set<double>(list.begin(), list.end()).size() == list.size() &&
           std::all_of(list.begin(), list.end(),
                       [=](double x) { return x >= lower && x <= upper; });
  };
  require(within(settings.errors, 1e-3, 1.0),
          "--errors: expected different numbers from 0.001 to 1");
  require(within(settings.smoothings, 1e-4, 1.0),
          "--smoothings: expected different numbers from 0.0001 to 1");
  require(within(settings.inversion_errors, 1e-8, 0.5),
          "--inversion-errors: expected different numbers from 1e-8 to 0.5");
  require(settings.steps >= 1 && settings.steps <= 100, "--steps: expected 1 to 100");
  require(settings.marginals >= 0 && settings.marginals <= 4, "--marginals: expected 0 to 4");
  require(settings.points >= 100 && settings.points <= 20'000 && settings.points % 2 == 0,
          "--points: expected an even number from 100 to 20000");
}

// P, its second moment, and P moved.
struct Data {
  std::string name;
  std::vector<double> weights = {};
  std::vector<double> means = {};
  std::vector<double> deviations = {};  // 0: atoms

  double second_moment() const {
    double sum = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      sum += weights[k] * (means[k] * means[k] + deviations[k] * deviations[k]);
    }
    return sum;
  }
  LineMap map(const LineGrid& grid) const {
    if (has_density()) {
      return line_map(grid, gaussian_mixture_law(weights, means, deviations));
    }
    // Two atoms of one half each.
    Vector values(grid.points());
    for (Index i = 0; i < values.size(); ++i) values[i] = means[grid.nodes()[i] < 0.0 ? 0 : 1];
    return LineMap(grid, std::move(values));
  }
  LineMap moved(const LineGrid& grid, double delta) const {
    return line_map(grid, moved_law(delta));
  }
  LineMeasure moved_law(double delta) const {
    const double decay = std::exp(-delta);
    std::vector<double> m = means;
    std::vector<double> s = deviations;
    for (double& x : m) x *= decay;
    for (double& x : s) x = std::sqrt(decay * decay * x * x - std::expm1(-2.0 * delta));
    return gaussian_mixture_law(weights, m, s);
  }
  bool has_density() const { return deviations.front() > 0.0; }
};

// A picture of n × n pixels, each the mean of those it covers.
Matrix coarse_picture(const Matrix& fine, Index n) {
  Matrix sums = Matrix::Zero(n, n);
  Matrix counts = Matrix::Zero(n, n);
  for (Index c = 0; c < fine.cols(); ++c) {
    for (Index r = 0; r < fine.rows(); ++r) {
      sums(r * n / fine.rows(), c * n / fine.cols()) += fine(r, c);
      counts(r * n / fine.rows(), c * n / fine.cols()) += 1.0;
    }
  }
  return sums.cwiseQuotient(counts);
}

// One coordinate of the density a mask stands for: one Gaussian a column of pixels, or a row.
Data marginal(const std::string& mask, Index coordinate) {
  const std::string path = data_file("masks/mask_" + mask + ".pgm");
  const Matrix fine = parse_pgm(read_text_file(path, InputLimits{}.data_bytes), path);
  const GaussianMixture p = pixel_mixture(coarse_picture(fine, mask_pixels));
  std::map<double, double> weight_at;
  for (Index k = 0; k < p.size(); ++k) weight_at[p.means()(coordinate, k)] += p.weights()[k];
  Data result{.name = mask + (coordinate == 0 ? "_x" : "_y")};
  for (const auto& [mean, weight] : weight_at) {
    result.weights.push_back(weight);
    result.means.push_back(mean);
    result.deviations.push_back(std::sqrt(p.covariance(0)(coordinate, coordinate)));
  }
  return result;
}

std::vector<Data> all_data(const Settings& settings) {
  std::vector<Data> data{{"atoms", {0.5, 0.5}, {-2.0, 2.0}, {0.0, 0.0}},
                         {"mixture", {0.4, 0.6}, {-1.5, 1.2}, {0.7, 0.6}}};
  for (int i = 0; i < settings.marginals; ++i) {
    data.push_back(marginal(i % 2 == 0 ? "rose" : "tree", i / 2));
  }
  return data;
}

struct Case {
  std::size_t data = 0;
  double error = 0.0;
  double smoothing = 0.0;
};

std::vector<Case> cases(const Settings& settings, std::size_t count) {
  std::vector<Case> result;
  for (std::size_t data = 0; data < count; ++data) {
    for (const double error : settings.errors) result.push_back({data, error, smoothing});
    for (const double delta : settings.smoothings) result.push_back({data, 0.0, delta});
  }
  return result;
}

// What one grid says of a case.
struct Run {
  Estimate w_0;
  Estimate kl_0;      // KL(p_0 ‖ q)
  Estimate kl;        // KL(p_0 ‖ q_0), in the data's coordinate
  Estimate kl_noise;  // KL(p_N ‖ q)
  Estimate total_variation;
  Estimate smoothed;   // W₂(P, p_0), of data with a density
  Estimate generated;  // W₂(P, q_0)
  int steps = 0;
};

// N = ⌈log(W₀/ε)/log(1 + γ)⌉ + 1, after which KL ≤ ε²(½ + 1/γ).
int steps_for(const Estimate& w_0, double error, const Settings& settings) {
  if (error == 0.0) return settings.steps;
  return 1 + static_cast<int>(
                 ceiling(log(w_0 / error) / log(Estimate(1.0) + settings.step_size)).upper);
}

Run measured(const Data& data, const Case& which, const Settings& settings, std::size_t level) {
  const LineGrid grid(static_cast<Index>(settings.points) * (Index{1} << level));
  const LineMap start = data.moved(grid, which.smoothing);
  const LineFunctional G = relative_entropy(quadratic_energy());
  // The number of steps has to be the same on all grids: from W₀ on the coarsest.
  const LineGrid coarsest(settings.points);
  const Estimate w_0 = w2(data.moved(coarsest, which.smoothing), gaussian_map(coarsest, 0.0, 1.0));
  const int steps = steps_for(w_0, which.error, settings);
  const LineJkoChain chain = line_jko_chain(
      start, G, {.step_sizes = constant_steps(settings.step_size, steps), .error = which.error});
  const LineReverseDensity reverse(chain);
  const LineMap given = data.map(grid);
  return {.w_0 = chain.w2_to_target(0),
          .kl_0 = value(G, start),
          .kl = reverse.kl(0),
          .kl_noise = reverse.kl(steps),
          .total_variation = reverse.total_variation(0),
          .smoothed = w2(given, start),
          .generated = w2(given, reverse_process(chain).front()),
          .steps = steps};
}

// W₂(P, p_0) of two atoms ∓a: the halves of p_0 go to one each, ∫(|x| − a)² dp_0. On a grid the map
// ends in a logarithm at z = 0, which costs an order.
Estimate distance_to_atoms(const Data& data, double delta) {
  const LineMeasure p = data.moved_law(delta);
  const double a = data.means.back();
  const auto integrand = [&](double x) {
    const double value = std::pow(std::abs(x) - a, 2) * p.density(x);
    return Estimate::closed_form(value, p.relative_error(x) * value + round_off(value, 1));
  };
  // Less than 1e-30 of p_0 lies beyond twelve deviations.
  const double reach = 12.0 * std::sqrt(-std::expm1(-2.0 * delta));
  return sqrt(quadrature(integrand, {-a - reach, -a, 0.0, a, a + reach}));
}

class Measurement {
 public:
  Measurement(RunRecord& record, const std::vector<Data>& data, const Settings& settings)
      : record_(record), data_(data), settings_(settings) {}

  void add_case(const Case& which, const std::array<Run, levels>& runs) {
    which_ = which;
    const Data& data = data_[which.data];
    // Of atoms the first order alone is sure: the fine value, and twice what the last halving did.
    const auto refined = [&](Estimate Run::*quantity) {
      const Estimate& fine = runs[2].*quantity;
      return data.has_density()
                 ? richardson(runs[0].*quantity, runs[1].*quantity, fine)
                 : Estimate::converged(fine.value,
                                       2.0 * std::abs(fine.value - (runs[1].*quantity).value),
                                       fine.budget.total());
    };
    const Estimate gamma = settings_.step_size;
    const Estimate kl = refined(&Run::kl);
    const Estimate tv = refined(&Run::total_variation);
    const Bound same = identity(runs[2].kl, runs[2].kl_noise, {}, 1.0);
    record_.add(at("noise"), "same_kl", same, same_entropy);
    add("pinsker", "total_variation", tv, sqrt(0.5 * kl));
    if (which.error > 0.0) {
      const Estimate squared_error = square(Estimate(which.error));
      add("paper", "kl", kl, 4.5 * squared_error / gamma);
      add("sharp", "kl", kl, squared_error * (0.5 + 1.0 / gamma));
      add("paper", "total_variation", tv, 1.5 * which.error / sqrt(gamma));
      record_.add(at("steps"), "steps", Estimate(static_cast<double>(runs[0].steps)));
    } else {
      // What W₀ alone promises after N exact steps, whatever δ.
      const Estimate decay = pow(1.0 / (1.0 + gamma), settings_.steps - 1);
      add("w2_start", "kl", kl, square(decay * refined(&Run::w_0)) / (2.0 * gamma * (2.0 + gamma)));
      record_.add(at("start"), "kl_start", refined(&Run::kl_0));
      add_smoothing(data.has_density() ? refined(&Run::smoothed)
                                       : distance_to_atoms(data, which.smoothing));
    }
    record_.add(at("generated"), "w2_generated", refined(&Run::generated));
  }

  // Inexact inverses of exact blocks; everything of one grid's discrete measures.
  void add_inversions(std::size_t data, const LineJkoChain& chain, const LineMap& given) {
    which_ = {data, 0.0, smoothing};
    for (const double error : settings_.inversion_errors) {
      for (const auto& [kind, name] : {std::pair{InversionError::shift, "shift"},
                                       std::pair{InversionError::rounding, "rounding"}}) {
        const LineInversion run = inexact_reverse_process(chain, error, kind);
        inversion_error_ = error;
        add(name, "w2_inversion", run.distance(0), run.bound());
        record_.add(at(name), "w2_generated", w2(given, run.inexact.front()));
      }
    }
    inversion_error_ = 0.0;
  }

 private:
  // W₂²(P, p_0) ≤ (1 − e^{−δ})²M₂ + 1 − e^{−2δ} ≤ (M₂ + 2)δ for δ ≤ 1.
  void add_smoothing(const Estimate& w) {
    const Estimate delta = which_.smoothing;
    const double second_moment = data_[which_.data].second_moment();
    add("coupling", "w2_smoothing", w,
        sqrt(square(expm1(-delta)) * second_moment - expm1(-2.0 * delta)));
    add("root", "w2_smoothing", w, sqrt((second_moment + 2.0) * delta));
  }
  std::vector<Parameter> at(const char* against) const {
    return {data_[which_.data].name, which_.error, which_.smoothing, inversion_error_,
            std::string(against)};
  }
  void add(const char* against,
           const char* quantity,
           const Estimate& measured,
           const Estimate& predicted) {
    record_.add(at(against), quantity, {.lhs = measured, .rhs = predicted}, tolerance);
  }

  RunRecord& record_;
  const std::vector<Data>& data_;
  const Settings& settings_;
  Case which_ = {};
  double inversion_error_ = 0.0;
};

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Data> data = all_data(settings);
  const std::vector<Case> all = cases(settings, data.size());
  std::vector<std::array<Run, levels>> runs(all.size());
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, levels * all.size(), [&](std::size_t i) {
    if (context.stop != nullptr && *context.stop) return;
    runs[i / levels][i % levels] =
        measured(data[all[i / levels].data], all[i / levels], settings, i % levels);
    context.progress(static_cast<double>(++done) / static_cast<double>(levels * all.size()));
  });
  RunRecord record({"data", "epsilon", "delta", "inversion_error", "against"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  Measurement measurement(record, data, settings);
  for (std::size_t i = 0; i < all.size(); ++i) measurement.add_case(all[i], runs[i]);
  const LineGrid grid(2 * static_cast<Index>(settings.points));
  for (std::size_t k = 0; k < data.size(); ++k) {
    const LineJkoChain chain =
        line_jko_chain(data[k].moved(grid, smoothing), relative_entropy(quadratic_energy()),
                       {.step_sizes = constant_steps(settings.step_size, settings.steps)});
    measurement.add_inversions(k, chain, data[k].map(grid));
  }
  return record;
}

constexpr const char* figure = R"(
# The data laws that were followed, as they stand in the file.
names = " "
collect(word) = (strstrt(names, " ".word." ") == 0 ? names = names.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "kl") ? collect(stringcolumn("data")) : 0) nooutput
count = words(names)
title_of(i) = (k = strstrt(word(names, i), "_"), k == 0 ? word(names, i) \
  : substr(word(names, i), 1, k - 1)." ".substr(word(names, i), k + 1, k + 1))
of(name, quantity, against) = is("data", name) && is("quantity", quantity) && is("against", against)
error_of(i, quantity, against) = of(word(names, i), quantity, against) && column("epsilon") > 0 \
  ? column("epsilon") : NaN
delta_of(i, quantity, against) = of(word(names, i), quantity, against) && column("epsilon") == 0 \
  && column("inversion_error") == 0 ? column("delta") : NaN
inversion_of(i, quantity, against) = of(word(names, i), quantity, against) \
  && column("inversion_error") > 0 ? column("inversion_error") : NaN

set multiplot layout 1,3 margins 0.06,0.985,0.13,0.93 spacing 0.075
set logscale xy
set format y '10^{%T}'
set title 'KL and TV of data and generated law'
set xlabel 'error of each step, ε'
unset ylabel
set yrange [1e-6:1e8]
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:count] 'data.csv' using (error_of(i, "kl", "sharp")):(column("measured")) \
    with points linestyle i title 'KL, '.title_of(i), \
  '' using (error_of(1, "kl", "sharp")):(column("predicted")) \
    with lines linecolor '#404040' linewidth 1.8 title 'ε^2(½ + 1/γ)', \
  '' using (error_of(1, "kl", "paper")):(column("predicted")) \
    with lines linecolor '#404040' linewidth 1.4 dashtype 3 title '9ε^2/(2γ)', \
  for [i = 1:count] '' using (error_of(i, "total_variation", "paper")):(column("measured")) \
    with points linestyle i pointtype 2 pointsize 0.6 title i == count ? 'TV, the same' : '', \
  for [i = 1:count] '' using (error_of(i, "total_variation", "pinsker")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 notitle, \
  '' using (error_of(1, "total_variation", "paper")):(column("predicted")) \
    with lines linestyle 3 linewidth 1.4 dashtype 3 title '3ε/(2√γ)', \
  NaN with lines linecolor '#909090' linewidth 1.2 title '√(KL/2)'

set title 'Distance to the data, exact steps'
set xlabel 'time δ of the first move'
set yrange [1e-4:1e5]
plot for [i = 1:count] 'data.csv' \
    using (delta_of(i, "w2_smoothing", "coupling")):(column("measured")) \
    with points linestyle i title '{/:Italic W}_2({/:Italic P}, {/:Italic p}_0), '.title_of(i), \
  for [i = 1:count] '' using (delta_of(i, "w2_smoothing", "coupling")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' using (delta_of(i, "w2_smoothing", "root")):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:count] '' using (delta_of(i, "w2_generated", "generated")):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 \
    title i == count ? '{/:Italic W}_2({/:Italic P}, {/:Italic q}_0), the same' : '', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'proved by coupling', \
  NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title '√(({/:Italic M}_2 + 2)δ)'

set title 'Inexact inverses'
set xlabel 'ε_{inv}'
set yrange [1e-6:1e9]
plot for [i = 1:count] 'data.csv' using (inversion_of(i, "w2_inversion", "shift")):(column("measured")) \
    with points linestyle i title '{/:Italic W}_2({/:Italic q}_0, {/:Italic q̃}_0), shift, '.title_of(i), \
  for [i = 1:count] '' using (inversion_of(i, "w2_inversion", "rounding")):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 \
    title i == count ? 'rounding, the same' : '', \
  for [i = 1:count] '' using (inversion_of(i, "w2_inversion", "shift")):(column("predicted")) \
    with lines linestyle i notitle, \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Σ_k ε_{inv} Π_{j≤k} {/:Italic L_j}'
unset multiplot
)";

}  // namespace

Experiment jko_reverse() {
  return {
      .name = "jko_reverse",
      .question =
          "What does the reverse process generate, in KL and in W₂, for data with and without a "
          "density?",
      .claims = {"JKO-12", "JKO-14", "JKO-23", "JKO-24", "JKO-25", "JKO-26", "JKO-27"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--step-size", "γ, below 2", &settings->step_size},
                            {"--errors", "ε of the first panel", &settings->errors},
                            {"--smoothings", "δ of the second panel", &settings->smoothings},
                            {"--inversion-errors", "ε_inv of the third panel",
                             &settings->inversion_errors},
                            {"--steps", "number of exact steps", &settings->steps},
                            {"--marginals", "of the masks that are data too, 0 to 4",
                             &settings->marginals},
                            {"--points", "points of the coarsest of three grids, even",
                             &settings->points}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6,
      .absolute_tolerance = 1e-10};
}

}  // namespace flowcheck
