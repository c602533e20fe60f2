// What does a velocity error ε leave of χ²(p_n ‖ q) after n blocks, and what do the theorems say?
//
// Claims:  LFM-08, the theorem with rate ε^½; LFM-09, the same with each block's own constants;
//          LFM-10, the root of χ², rate ε, attained by ripples
// Run:     lfm_chi2 --errors 0.1,0.01 --blocks 8 --step-size 0.3
// Writes:  results/lfm_chi2/; at --scale quick about a second
//
// Chains of Ornstein–Uhlenbeck blocks from p_0 = N(.6, .36) whose learned fields are off by
// e(1 − .3(x − m_t)): every law is Gaussian, every constant is enclosed. The worst case is a ripple
// of amplitude 1/k on q itself, one block.

#include "experiments.hpp"
#include "learning/gaussian_block.hpp"
#include "learning/rippled_block.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace flowcheck {
namespace {

struct Settings {
  std::vector<double> errors = {0.1, 0.01, 0.001};  // e of the chains shown block by block
  int blocks = 8;
  double step_size = 0.3;
  int halvings = 8;  // of e; as many frequencies of ripples
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale != Scale::quick) settings.halvings = 12;
  return settings;
}

constexpr double tolerance = 1e-8;
constexpr double order_tolerance = 0.2;  // an order's interval may be this wide

void check_settings(const Settings& settings) {
  const auto& e = settings.errors;
  require(!e.empty() && e.size() <= 6 &&
              std::all_of(e.begin(), e.end(), [](double x) { return x > 0.0 && x <= 0.3; }),
          "--errors: expected 1 to 6 numbers in (0, 0.3]");
  require(settings.blocks >= 1 && settings.blocks <= 100, "--blocks: expected 1 to 100");
  require(settings.step_size >= 0.05 && settings.step_size <= 5.0,
          "--step-size: expected a number between 0.05 and 5");
  require(settings.halvings >= 8 && settings.halvings <= 14, "--halvings: expected 8 to 14");
}

const LineNormal data_law{.mean = 0.6, .variance = 0.36};

struct MeasuredChain {
  GaussianChain chain = {};
  Estimate C3 = 0.0;  // 4L√C₂ ≥ S_n

  Estimate error() const { return chain.errors().largest_error(); }
  Estimate M() const { return chain.errors().supremum(); }
};

MeasuredChain measured_chain(double step_size, int count, double error) {
  const std::vector<BlockOptions> blocks(
      static_cast<std::size_t>(count),
      {.step_size = step_size, .error = {.size = error, .constant = 1.0, .slope = -0.3}});
  return {.chain = gaussian_chain(data_law, blocks),
          .C3 = sensitivity_bound(largest(path_constants(data_law, blocks)))};
}

class Measurement {
 public:
  Measurement(RunRecord& record, const Settings& settings)
      : record_(record), settings_(settings), gamma_(settings.step_size) {}

  // χ²_n and KL_n beside the three bounds.
  void add_chain(double e) {
    const MeasuredChain measured = measured_chain(gamma_, settings_.blocks, e);
    const Estimate start = chi_squared_to_noise(data_law);
    const Estimate rate = 2.0 * measured.M() * sqrt(measured.C3 * measured.error());
    Estimate theorem = start;
    Estimate own = start;
    Estimate root = sqrt(start);
    add("chain", e, 0, "", "chi_squared", start);
    add("chain", e, 0, "", "kl", kl_to_noise(data_law));
    int n = 0;
    for (const GaussianBlock& block : measured.chain.blocks) {
      const Estimate decay = exp(Estimate(-gamma_));
      theorem = square(decay) * theorem + rate;
      own = square(decay) * own + block.overlap * sqrt(block.error * block.sensitivity);
      root = decay * root + sqrt(block.supremum * block.error * block.sensitivity);
      const Estimate after = chi_squared_to_noise(block.end);
      ++n;
      add_bound("chain", e, n, "LFM-08", {.lhs = after, .rhs = theorem});
      add_bound("chain", e, n, "LFM-09", {.lhs = after, .rhs = own});
      add_bound("chain", e, n, "LFM-10", {.lhs = after, .rhs = square(root)});
      record_.add({"chain", e, measured.error().value, std::int64_t{n}, "LFM-10"}, "kl",
                  Bound{.lhs = kl_to_noise(block.end), .rhs = log(1.0 + square(root))}, tolerance);
    }
  }

  // What is left after so many blocks that the start is forgotten, against ε.
  void add_shape(double e) {
    const int count = static_cast<int>(std::ceil(20.0 / gamma_));  // e^{−40} of χ²_0
    const MeasuredChain measured = measured_chain(gamma_, count, e);
    const Estimate left = chi_squared_to_noise(measured.chain.end());
    const Estimate start = exp(Estimate(-2.0 * gamma_ * count)) * chi_squared_to_noise(data_law);
    const Estimate theorem = start + 2.0 * measured.M() * sqrt(measured.C3 * measured.error()) /
                                         -expm1(Estimate(-2.0 * gamma_));
    const Estimate root = square(sqrt(start) + sqrt(measured.M() * measured.C3 * measured.error()) /
                                                   -expm1(Estimate(-gamma_)));
    add_point(shape_, measured.error(), left);
    add_point(theorem_, measured.error(), theorem);
    add_point(root_, measured.error(), root);
    add_limit("shape", e, measured.error(), "LFM-08", {.lhs = left, .rhs = theorem});
    add_limit("shape", e, measured.error(), "LFM-10", {.lhs = left, .rhs = root});
  }

  void add_ripple(double k) {
    const RippledBlock block = rippled_block({.amplitude = 1.0 / k, .frequency = k});
    add_point(ripple_, block.error, block.to_noise);
    add_limit("ripple", 1.0 / k, block.error, "LFM-10",
              {.lhs = block.to_noise, .rhs = block.supremum * block.error * block.sensitivity});
  }

  void add_orders() {
    add_order("shape", shape_, 2.0);
    add_order("ripple", ripple_, 1.0);
    add_order("LFM-08", theorem_, 0.5);
    add_order("LFM-10", root_, 1.0);
  }

 private:
  // χ² against ε, for an observed order.
  struct Series {
    std::vector<double> errors = {};
    std::vector<double> distances = {};
  };

  void add(const std::string& series,
           double e,
           int n,
           const std::string& against,
           const std::string& quantity,
           const Estimate& measured) {
    record_.add({series, e, 0.0, std::int64_t{n}, against}, quantity, measured);
  }
  void add_bound(
      const std::string& series, double e, int n, const std::string& against, Bound bound) {
    bound.scale = 1.0;
    record_.add({series, e, 0.0, std::int64_t{n}, against}, "chi_squared", bound, tolerance);
  }
  void add_limit(const std::string& series,
                 double e,
                 const Estimate& error,
                 const std::string& against,
                 const Bound& bound) {
    record_.add({series, e, error.value, std::int64_t{0}, against}, "limit", bound, tolerance);
  }
  static void add_point(Series& series, const Estimate& error, const Estimate& distance) {
    series.errors.push_back(error.value);
    series.distances.push_back(distance.value);
  }
  void add_order(const std::string& name, const Series& series, double predicted) {
    record_.add({name, 0.0, series.errors.back(), std::int64_t{0}, ""}, "order",
                order(observed_order(series.errors, series.distances), predicted), order_tolerance);
  }

  RunRecord& record_;
  const Settings& settings_;
  double gamma_;
  Series shape_;
  Series ripple_;
  Series theorem_;
  Series root_;
};

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"series", "error_size", "epsilon", "n", "against"}, context.seed);
  Measurement measurement(record, settings);
  for (const double e : settings.errors) measurement.add_chain(e);
  double e = 0.1;  // the constants of the theorems have settled after a few halvings
  double k = 4.0;
  for (int i = 0; i < settings.halvings; ++i) {
    if (context.stop != nullptr && *context.stop) return record;
    measurement.add_shape(e);
    measurement.add_ripple(k);
    e *= 0.5;
    k *= std::sqrt(2.0);
    context.progress(static_cast<double>(i + 1) / settings.halvings);
  }
  measurement.add_orders();
  return record;
}

constexpr const char* figure = R"(
# The sizes e that stand in the file, in order, a comma after each.
sizes = ","
collect(word) = (strstrt(sizes, ",".word.",") == 0 ? sizes = sizes.word."," : 0, 0)
stats 'data.csv' using (is("series", "chain") ? collect(stringcolumn("error_size")) : 0) nooutput
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(sizes)] { if (sizes[i:i] eq ",") { count = count + 1 } }
sizes = drop_first(sizes)
short(size) = sprintf("%g", real(size))
of(size, quantity, against) = (is("series", "chain") && is("quantity", quantity) \
  && stringcolumn("error_size") eq size && (is("against", against) || column("n") == 0)) ? column("n") : NaN
limit(series, against) = (is("series", series) && is("quantity", "limit") && is("against", against)) \
  ? column("epsilon") : NaN
style(i) = (i - 1) % 8 + 1

set multiplot layout 1,3 margins 0.07,0.985,0.34,0.92 spacing 0.09
set logscale y
set format y '10^{%T}'
set xlabel 'block {/:Italic n}'
set title 'χ²({/:Italic p_n} ‖ {/:Italic q})'
set key at screen 0.05,0.2 left top vertical maxrows 4 width 1 Left reverse
plot for [i = 1:count] 'data.csv' using (of(take(sizes, i), "chi_squared", "LFM-10")):(column("measured")) \
    with linespoints linestyle style(i) title 'measured, {/:Italic e} = '.short(take(sizes, i)), \
  for [i = 1:count] '' using (of(take(sizes, i), "chi_squared", "LFM-08")):(column("predicted")) \
    with lines linestyle style(i) dashtype 3 notitle, \
  for [i = 1:count] '' using (of(take(sizes, i), "chi_squared", "LFM-09")):(column("predicted")) \
    with lines linestyle style(i) dashtype 2 notitle, \
  for [i = 1:count] '' using (of(take(sizes, i), "chi_squared", "LFM-10")):(column("predicted")) \
    with lines linestyle style(i) dashtype 4 notitle, \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 3 title 'LFM-08, the theorem', \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 2 title 'LFM-09, own constants', \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 4 title 'LFM-10, root of χ²'

unset key
set title 'KL({/:Italic p_n} ‖ {/:Italic q})'
plot for [i = 1:count] 'data.csv' using (of(take(sizes, i), "kl", "LFM-10")):(column("measured")) \
    with linespoints linestyle style(i), \
  for [i = 1:count] '' using (of(take(sizes, i), "kl", "LFM-10")):(column("predicted")) \
    with lines linestyle style(i) dashtype 4

set title 'What is left, against ε'
set logscale x
set format x '10^{%T}'
set xlabel 'velocity error ε'
set key at screen 0.69,0.2 left top vertical maxrows 4 width 1 Left reverse
plot 'data.csv' using (limit("shape", "LFM-10")):(column("measured")) \
    with linespoints linestyle 1 title 'one shape, slope 2', \
  '' using (limit("ripple", "LFM-10")):(column("measured")) \
    with linespoints linestyle 2 title 'ripples, slope 1', \
  '' using (limit("shape", "LFM-08")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 3 title 'LFM-08, slope ½', \
  '' using (limit("shape", "LFM-10")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 4 title 'LFM-10, slope 1'
unset multiplot
)";

}  // namespace

Experiment lfm_chi2() {
  return {
      .name = "lfm_chi2",
      .question =
          "What does a velocity error ε leave of χ²(pₙ ‖ q) after n blocks, and what do the "
          "theorems say?",
      .claims = {"LFM-08", "LFM-09", "LFM-10"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--errors", "sizes e of the chains shown", &settings->errors},
                            {"--blocks", "number of blocks N", &settings->blocks},
                            {"--step-size", "γ of each block", &settings->step_size},
                            {"--halvings", "number of e and of frequencies in the limit",
                             &settings->halvings}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-7};
}

}  // namespace flowcheck
