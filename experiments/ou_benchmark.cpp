// How far are the published methods from the exact law of 180 Ornstein–Uhlenbeck processes, and
// what of it is the time step, what the density estimate, what the method?
//
// Claims:  JKO-19, the exact step; JKO-32, first order of the scheme (second in a divergence)
// Run:     ou_benchmark --particles 1000 --particle-times 0.5
// Writes:  results/ou_benchmark/; seconds at --scale quick, some minutes at standard, where one
//          time has 10,000 particles, and hours at paper, where it has 50,000
//
// dX = −S⁻¹(X − m) dt + √2 dB from N(0, I_D) towards N(m, S), D = 1 … 12, 15 targets each
// [MokrovEtAl2021]. The measure of error is SymKL(a, b) = KL(a ‖ b) + KL(b ‖ a), the plotted
// statistic the median of log10 SymKL over the targets.
//
//  exact_jko   the exact JKO scheme against the exact law, for several step sizes h
//  particles   a Gaussian kernel density estimate of N independent draws from the exact law: no
//              process is simulated. KL(fit ‖ true) is averaged over the particles themselves, as
//              published, KL(true ‖ fit) over as many new draws
//  moment_fit  the Gaussian with those particles' mean and covariance; about D(D + 3)/(2N)
//  others      the published results, stored with the project
//
// The orders vote. What is sampled does not: 15 targets bound a median between order statistics, at
// best at 2⁻¹⁴, and Student's interval is exact for normal draws only. Its intervals are those that
// miss at most one time in twenty, and of the published medians, whose runs are not all stored,
// what that is for many normal draws.

#include "distances/gaussian_divergence.hpp"
#include "experiments.hpp"
#include "measures/csv_table.hpp"
#include "measures/data_file.hpp"
#include "measures/kernel_density.hpp"
#include "measures/moment_fit.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "ou_targets.hpp"
#include "proximal/jko_step.hpp"
#include "proximal/ornstein_uhlenbeck.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <numbers>
#include <set>
#include <tuple>

namespace flowcheck {
namespace {

constexpr int tenths = 10;  // t = 0.1, 0.2, …, 1.0
constexpr int dimensions = 12;

struct Settings {
  std::vector<double> step_sizes = {0.1, 0.05, 0.025, 0.0125, 0.00625};
  std::vector<int> particles = {1000};
  std::vector<double> particle_times = {0.5, 0.9};
  std::vector<int> many_particles = {};
  std::vector<double> many_particle_times = {0.5};
};

Settings settings_for(Scale scale) {
  Settings settings;
  if (scale != Scale::quick) {
    settings.particle_times = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
    settings.many_particles = {10'000};
  }
  if (scale == Scale::paper) settings.many_particles = {10'000, 50'000};
  return settings;
}

// Widest interval of an observed order that still says which integer it is.
constexpr double order_tolerance = 0.25;
// Coarser pairs of step sizes, and earlier times, are not yet in the asymptotic range.
constexpr double voting_step_size = 0.00625;
constexpr double voting_time = 0.5;
constexpr double miss_probability = 0.05;  // of the intervals shown; none of them votes
constexpr double not_predicted = std::numeric_limits<double>::quiet_NaN();

double time_of(int tenth) {
  return tenth / 10.0;
}

int tenth_of(double time) {
  return static_cast<int>(std::lround(10.0 * time));
}

bool is_tenth(double time) {
  return std::abs(time - time_of(tenth_of(time))) < 1e-9 && tenth_of(time) >= 1 &&
         tenth_of(time) <= tenths;
}

int steps_per_tenth(double step_size) {
  return static_cast<int>(std::lround(0.1 / step_size));
}

void check_settings(const Settings& settings) {
  const auto& h = settings.step_sizes;
  require(h.size() >= 4, "--step-sizes: expected at least four, for three orders to compare");
  for (std::size_t k = 0; k < h.size(); ++k) {
    require(h[k] >= 1e-4 && std::abs(h[k] * steps_per_tenth(h[k]) - 0.1) < 1e-12,
            "--step-sizes: expected numbers that divide 0.1, none below 0.0001");
    require(k == 0 || h[k] < h[k - 1], "--step-sizes: expected a decreasing sequence");
  }
  for (const auto* counts : {&settings.particles, &settings.many_particles}) {
    require(std::all_of(counts->begin(), counts->end(),
                        [](int n) { return n >= 50 && n <= 1'000'000; }),
            "--particles, --many-particles: expected numbers between 50 and 1000000");
  }
  for (const auto* times : {&settings.particle_times, &settings.many_particle_times}) {
    require(std::all_of(times->begin(), times->end(), is_tenth),
            "--particle-times, --many-particle-times: expected some of 0.1, 0.2, ..., 1.0");
  }
  // A run that is there twice would count as two draws.
  std::set<std::pair<int, int>> known;
  const auto add = [&known](const std::vector<int>& counts, const std::vector<double>& times) {
    for (const int count : counts) {
      for (const double time : times) {
        require(known.insert({count, tenth_of(time)}).second,
                "--particles, --many-particles: expected each number once at each time");
      }
    }
  };
  add(settings.particles, settings.particle_times);
  add(settings.many_particles, settings.many_particle_times);
}

bool stopped(const RunContext& context) {
  return context.stop != nullptr && context.stop->load();
}

Estimate log10(const Estimate& a) {
  return log(a) / std::numbers::ln10;
}

// Order statistics are monotone: the medians of the ends enclose the median of the values.
Estimate median_of(const std::vector<Estimate>& values) {
  std::vector<double> value, lower, upper;
  for (const Estimate& x : values) {
    value.push_back(x.value);
    lower.push_back(x.lower);
    upper.push_back(x.upper);
  }
  return Estimate::between(median(value), median(lower), median(upper), Grade::closed_form);
}

std::vector<Parameter> parameters(const std::string& method,
                                  int dimension,
                                  int tenth,
                                  const Parameter& step_size = std::string(),
                                  const Parameter& particles = std::string()) {
  return {method, std::int64_t{dimension}, time_of(tenth), step_size, particles};
}

// ---- The exact scheme ------------------------------------------------------------------------

// SymKL of the scheme and the law, of one target: one row for each t, one column for each h.
using Gaps = std::vector<std::vector<Estimate>>;

// Each step rounds the covariance by round_off(κ) relative to the target's; SymKL = ½ Σ e² feels
// that through its derivative.
Estimate gap_of(const Gaussian& iterate, const Gaussian& law, const Gaussian& target, int steps) {
  const Estimate gap = symmetric_kl(iterate, law);
  const double drift = steps * round_off(target.condition_number(), target.dimension());
  return widened(gap, drift * (std::sqrt(2.0 * gap.value) + drift));
}

Gaps scheme_gaps(const Gaussian& target, const std::vector<double>& step_sizes) {
  const Gaussian start = Gaussian::standard(target.dimension());
  Gaps gaps(tenths);
  for (const double h : step_sizes) {
    Gaussian iterate = start;
    const int steps = steps_per_tenth(h);
    for (int tenth = 1; tenth <= tenths; ++tenth) {
      for (int k = 0; k < steps; ++k) iterate = jko_step(iterate, target, h);
      gaps[static_cast<std::size_t>(tenth - 1)].push_back(
          gap_of(iterate, ou_law(start, target, time_of(tenth)), target, tenth * steps));
    }
  }
  return gaps;
}

// The 15 targets of one dimension at one time; [target][step size].
using Cell = std::vector<std::vector<Estimate>>;

std::vector<Estimate> column(const Cell& cell, std::size_t k) {
  std::vector<Estimate> result;
  for (const auto& of_target : cell) result.push_back(log10(of_target[k]));
  return result;
}

// Observed order of the median target between neighbouring step sizes. The median of log SymKL
// jumps from target to target as h changes; the median of the targets' own slopes hardly does.
std::vector<double> median_slopes(const Cell& cell, const std::vector<double>& h) {
  std::vector<double> result;
  for (std::size_t k = 0; k + 1 < h.size(); ++k) {
    std::vector<double> slopes;
    for (const auto& gap : cell) {
      slopes.push_back(std::log(gap[k].value / gap[k + 1].value) / std::log(h[k] / h[k + 1]));
    }
    result.push_back(median(slopes));
  }
  return result;
}

void add_orders(
    RunRecord& record, const Cell& cell, int dimension, int tenth, const std::vector<double>& h) {
  const std::vector<double> slopes = median_slopes(cell, h);
  const auto [lowest, highest] = std::minmax_element(slopes.begin(), slopes.end());
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    // The spread over all refinements: between the last three alone it vanishes where the slope
    // passes through an extremum on its way to the limit.
    const Estimate slope = Estimate::converged(slopes[k], *highest - *lowest);
    const bool votes =
        k + 1 == slopes.size() && h[k + 1] <= voting_step_size && time_of(tenth) >= voting_time;
    record.add(parameters("exact_jko", dimension, tenth, h[k + 1]), "order", order(slope, 2.0),
               order_tolerance, votes);
    const double of_median =
        (median_of(column(cell, k)).value - median_of(column(cell, k + 1)).value) /
        std::log10(h[k] / h[k + 1]);
    record.add(parameters("exact_jko", dimension, tenth, h[k + 1]), "order_of_median",
               Estimate::converged(of_median, *highest - *lowest));
  }
}

void add_scheme(RunRecord& record, const std::vector<OuTarget>& targets, const Settings& settings) {
  const std::vector<double>& h = settings.step_sizes;
  std::vector<Gaps> gaps(targets.size());
  tbb::parallel_for(std::size_t{0}, targets.size(),
                    [&](std::size_t i) { gaps[i] = scheme_gaps(targets[i].law, h); });

  for (int tenth = 1; tenth <= tenths; ++tenth) {
    std::map<int, Cell> cells;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      cells[targets[i].dimension].push_back(gaps[i][static_cast<std::size_t>(tenth - 1)]);
    }
    for (std::size_t k = 0; k < h.size(); ++k) {
      for (const auto& [dimension, cell] : cells) {
        record.add(parameters("exact_jko", dimension, tenth, h[k]), "log10_symkl",
                   median_of(column(cell, k)));
      }
    }
    for (const auto& [dimension, cell] : cells) add_orders(record, cell, dimension, tenth, h);
  }
}

// ---- The published results -------------------------------------------------------------------

using Place = std::tuple<std::string, int, int>;  // method, dimension, tenth

// Median log10 SymKL of the runs with a positive estimate, its interval from their spread.
std::map<Place, Estimate> published_medians() {
  const CsvTable table = read_csv_table(data_file("ou_benchmark/mokrov2021_ou_symkl.csv"));
  const std::vector<std::string>& method = table.text("method");
  const std::vector<int> dimension = table.integers("dim");
  const std::vector<double> time = table.numbers("t");
  const std::vector<int> runs = table.integers("n_positive");
  const std::vector<double> middle = table.numbers("med_log10");
  const std::vector<double> spread = table.numbers("sd_log10");
  std::map<Place, Estimate> result;
  for (std::size_t k = 0; k < table.rows(); ++k) {
    const double half_width = student_half_width(spread[k], runs[k], miss_probability);
    result[{method[k], dimension[k], tenth_of(time[k])}] =
        Estimate::statistical(middle[k], median_inefficiency * half_width);
  }
  return result;
}

// ---- Particles -------------------------------------------------------------------------------

struct ParticleRun {
  const OuTarget* target = nullptr;
  int tenth = 0;
  int particles = 0;
  double kernel_gap = 0.0;  // SymKL of the kernel density estimate, with the paper's estimators
  double moment_gap = 0.0;  // SymKL of the moment fit, in closed form
};

Vector log_densities(const Gaussian& p, const Matrix& points) {
  const Matrix z = p.inverse_factor() * (points.colwise() - p.mean());
  return p.log_density(p.mean()) - 0.5 * z.colwise().squaredNorm().transpose().array();
}

void measure(ParticleRun& run, std::uint64_t seed) {
  const Gaussian law =
      ou_law(Gaussian::standard(run.target->dimension), run.target->law, time_of(run.tenth));
  const auto stream = static_cast<std::uint64_t>(
      (run.target->dimension * 100 + run.target->repeat) * 100 + run.tenth);
  Rng rng(derive_seed(seed, "ou_benchmark", static_cast<std::uint64_t>(run.particles)), stream);
  const Matrix particles = sample(law, run.particles, rng);
  const Matrix fresh = sample(law, run.particles, rng);
  const KernelDensity fit = KernelDensity::scott(particles);
  const double fit_true = (fit.log_density(particles) - log_densities(law, particles)).mean();
  const double true_fit = (log_densities(law, fresh) - fit.log_density(fresh)).mean();
  run.kernel_gap = fit_true + true_fit;
  run.moment_gap = symmetric_kl(moment_fit(particles), law).value;
}

std::vector<ParticleRun> particle_runs(const std::vector<OuTarget>& targets,
                                       const Settings& settings) {
  std::vector<ParticleRun> runs;
  const auto add = [&](const std::vector<int>& counts, const std::vector<double>& times) {
    for (const int count : counts) {
      for (const double time : times) {
        for (const OuTarget& target : targets) {
          runs.push_back({.target = &target, .tenth = tenth_of(time), .particles = count});
        }
      }
    }
  };
  add(settings.particles, settings.particle_times);
  add(settings.many_particles, settings.many_particle_times);
  return runs;
}

void measure_all(std::vector<ParticleRun>& runs, const RunContext& context) {
  double work = 0.0;
  for (const ParticleRun& run : runs) work += std::pow(run.particles, 2);
  std::atomic<double> done = 0.0;
  tbb::parallel_for(std::size_t{0}, runs.size(), [&](std::size_t i) {
    if (stopped(context)) return;
    measure(runs[i], context.seed);
    const double part = std::pow(runs[i].particles, 2);
    context.progress((done.fetch_add(part) + part) / work);
  });
}

// E SymKL(N(x̄, S), p) of the mean and unbiased covariance of N draws from p: S is Wishart with
// n = N − 1 degrees of freedom, E S⁻¹ = n/(n − D − 1) in p's units. About D(D + 3)/(2N).
double expected_moment_gap(int dimension, int particles) {
  const double D = dimension;
  const double n = particles - 1;
  const double inverse = n / (n - D - 1.0);
  return 0.5 * D * ((D + 1.0) / (n - D - 1.0) + (1.0 + inverse) / particles);
}

std::vector<double> log10_of_positive(const std::vector<double>& values) {
  std::vector<double> result;
  for (const double x : values) {
    if (x > 0.0) result.push_back(std::log10(x));
  }
  return result;
}

struct Sampled {
  std::vector<double> kernel_gaps = {};
  std::vector<double> moment_gaps = {};
};

void add_particles(RunRecord& record,
                   const std::vector<ParticleRun>& runs,
                   const std::map<Place, Estimate>& published) {
  std::map<std::tuple<int, int, int>, Sampled> cells;         // particles, tenth, dimension
  std::map<std::pair<int, int>, std::vector<double>> pooled;  // particles, dimension
  for (const ParticleRun& run : runs) {
    Sampled& cell = cells[{run.particles, run.tenth, run.target->dimension}];
    cell.kernel_gaps.push_back(run.kernel_gap);
    cell.moment_gaps.push_back(run.moment_gap);
    pooled[{run.particles, run.target->dimension}].push_back(run.moment_gap);
  }

  for (const auto& [place, cell] : cells) {
    const auto& [particles, tenth, dimension] = place;
    const auto known = published.find({fmt::format("em_{}k", particles / 1000), dimension, tenth});
    const bool is_known = particles % 1000 == 0 && known != published.end();
    record.add(parameters("particles", dimension, tenth, std::string(), std::int64_t{particles}),
               "log10_symkl",
               {.lhs = sample_median(log10_of_positive(cell.kernel_gaps), miss_probability),
                .rhs = is_known ? known->second : Estimate(not_predicted)},
               0.0, false);
  }
  for (const auto& [place, cell] : cells) {
    const auto& [particles, tenth, dimension] = place;
    record.add(parameters("moment_fit", dimension, tenth, std::string(), std::int64_t{particles}),
               "log10_symkl", sample_median(log10_of_positive(cell.moment_gaps), miss_probability));
  }
  for (const auto& [place, gaps] : pooled) {
    const auto& [particles, dimension] = place;
    record.add({std::string("moment_fit"), std::int64_t{dimension}, std::string(), std::string(),
                std::int64_t{particles}},
               "mean_symkl",
               {.lhs = sample_mean(gaps, miss_probability),
                .rhs = expected_moment_gap(dimension, particles)},
               0.0, false);
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"method", "dim", "t", "h", "particles"}, context.seed);
  const std::vector<OuTarget> targets = read_ou_targets();
  add_scheme(record, targets, settings);

  std::vector<ParticleRun> runs = particle_runs(targets, settings);
  measure_all(runs, context);
  if (stopped(context)) return record;

  const std::map<Place, Estimate> published = published_medians();
  add_particles(record, runs, published);
  for (const auto& [place, value] : published) {
    const auto& [method, dimension, tenth] = place;
    record.add(parameters(method, dimension, tenth), "log10_symkl", value);
  }
  return record;
}

constexpr const char* figure = R"gp(
set terminal svg size 1200,1080 dynamic enhanced font 'DejaVu Sans,13' background '#ffffff'
set output 'figure.svg'
set multiplot
# Rows of one method at one time; the abscissa is the dimension.
near(name, x) = abs(column(name) - x) < 1e-9
at(m, t) = (is("quantity", "log10_symkl") && is("method", m) && near("t", t)) ? column("dim") : NaN
scheme(h, t) = near("h", h) ? at("exact_jko", t) : NaN
drawn(m, n, t) = near("particles", n) ? at(m, t) : NaN
colour(n) = n eq "1000" ? '#d55e00' : n eq "10000" ? '#e69f00' : '#cc79a7'

set xrange [0.5:12.5]
set yrange [-6:2.2]
set xtics 1,1,12
set xlabel 'dimension {/:Italic D}' offset 0,0.4
set bmargin at screen 0.560
set tmargin at screen 0.965
do for [panel = 1:2] {
  t = panel == 1 ? 0.5 : 0.9
  set lmargin at screen (panel == 1 ? 0.062 : 0.427)
  set rmargin at screen (panel == 1 ? 0.393 : 0.758)
  set title sprintf('{/:Italic t} = %.1f', t) offset 0,-0.6
  if (panel == 1) { set ylabel 'median of log_{10} SymKL' offset 1.2,0 } else { unset ylabel }
  if (panel == 1) { set key off } \
  else { set key on at screen 0.772,0.965 left top Left reverse samplen 2.5 spacing 1.32 maxrows 16 }
  plot for [n in "1000 10000 50000"] 'data.csv' using (drawn("particles", real(n), t)):"measured" \
      with lines linewidth 2.4 linecolor rgb colour(n) notitle, \
    '' using (at("em_1k", t)):"measured" with points pointtype 6 linewidth 1.4 \
      linecolor rgb colour("1000") title 'particles + KDE, 1k, published', \
    '' using (at("em_10k", t)):"measured" with points pointtype 8 linewidth 1.4 \
      linecolor rgb colour("10000") title '… 10k', \
    '' using (at("em_50k", t)):"measured" with points pointtype 12 linewidth 1.4 \
      linecolor rgb colour("50000") title '… 50k', \
    NaN with lines linewidth 2.4 linecolor rgb colour("1000") \
      title 'the same from exact draws, here', \
    'data.csv' using (drawn("moment_fit", 1000, t)):"measured" with linespoints dashtype 2 \
      linewidth 1.4 pointtype 4 linecolor rgb colour("1000") title 'moment fit of those 1k, here', \
    '' using (at("dual_jko", t)):"measured" with linespoints linestyle 3 linewidth 1.4 \
      title 'dual JKO, {/:Italic h} = 0.1, published', \
    '' using (at("em_proxrec_10k", t)):"measured" with linespoints linestyle 6 linewidth 1.4 \
      pointsize 0.6 title 'EM-ProxRec 10k, published', \
    '' using (at("icnn_jko", t)):"measured" with linespoints linestyle 1 \
      title 'ICNN-JKO, {/:Italic h} = 0.05, published', \
    '' using (scheme(0.1, t)):"measured" with lines linewidth 1.6 dashtype 4 \
      linecolor 'black' title 'exact JKO, {/:Italic h} = 0.1, here', \
    '' using (scheme(0.05, t)):"measured" with lines linewidth 2.2 \
      linecolor 'black' title '… {/:Italic h} = 0.05', \
    '' using (scheme(0.025, t)):"measured" with lines linewidth 1.6 dashtype 3 \
      linecolor 'black' title '… {/:Italic h} = 0.025'
}

# The same at all ten times, the main curves only.
set key off
unset ylabel
set xtics font ',11'
set ytics -6,2,2 font ',11'
do for [k = 1:10] {
  t = k / 10.0
  across = (k - 1) % 5
  down = (k - 1) / 5
  set lmargin at screen 0.062 + 0.1415 * across
  set rmargin at screen 0.192 + 0.1415 * across
  set tmargin at screen 0.470 - 0.222 * down
  set bmargin at screen 0.282 - 0.222 * down
  set title sprintf('{/:Italic t} = %.1f', t) offset 0,-1.0 font ',11'
  set format y (across == 0 ? '%g' : '')
  if (down == 0) { unset xlabel; set xtics ('' 1, '' 4, '' 8, '' 12) }
  if (down == 1) { set xlabel '{/:Italic D}' offset 0,0.6; set xtics ('1' 1, '4' 4, '8' 8, '12' 12) }
  plot 'data.csv' using (drawn("particles", 1000, t)):"measured" with lines \
      linewidth 2 linecolor rgb colour("1000"), \
    '' using (at("em_1k", t)):"measured" with points pointtype 6 pointsize 0.5 \
      linecolor rgb colour("1000"), \
    '' using (at("dual_jko", t)):"measured" with lines linestyle 3 linewidth 1.4, \
    '' using (at("icnn_jko", t)):"measured" with linespoints linestyle 1 linewidth 1.4 \
      pointsize 0.4, \
    '' using (scheme(0.1, t)):"measured" with lines linewidth 1.2 dashtype 4 linecolor 'black', \
    '' using (scheme(0.05, t)):"measured" with lines linewidth 1.6 linecolor 'black', \
    '' using (scheme(0.025, t)):"measured" with lines linewidth 1.2 dashtype 3 linecolor 'black'
}

# Observed order in h, a line for each dimension; those that vote are filled, with their intervals,
# and moved apart.
set title 'order of SymKL in {/:Italic h}, {/:Italic t} = 0.5' offset 0,-0.6 font ',12'
set lmargin at screen 0.815
set rmargin at screen 0.985
set bmargin at screen 0.060
set tmargin at screen 0.440
set logscale x 2
set xrange [0.0043:0.068]
set yrange [1.8:2.2]
set format y '%.1f'
set xtics ('1/160' 0.00625, '1/80' 0.0125, '1/40' 0.025, '1/20' 0.05) font ',11'
set ytics 1.8,0.1,2.2
set xlabel '{/:Italic h}' offset 0,0.4
slope(d) = (is("quantity", "order") && near("dim", d) && near("t", 0.5)) ? column("h") : NaN
voting(d) = is_empty("verdict") ? NaN : slope(d) * 2 ** (0.06 * (d - 6.5))
others(d) = is_empty("verdict") ? slope(d) : NaN
plot 2 with lines linecolor '#808080' linewidth 1 dashtype 2, \
  for [d = 1:12] 'data.csv' using (slope(d)):"measured" with lines linewidth 1 \
    linecolor '#9ab8cc', \
  for [d = 1:12] '' using (others(d)):"measured" with points linestyle 1 pointtype 6 \
    pointsize 0.5, \
  for [d = 1:12] '' using (voting(d)):"measured":"lower":"upper" with yerrorbars linestyle 1 \
    linewidth 1 pointsize 0.6
unset multiplot
)gp";

}  // namespace

Experiment ou_benchmark() {
  return {
      .name = "ou_benchmark",
      .question =
          "How far are published methods from the exact law of an Ornstein–Uhlenbeck "
          "process, and how much of that is the time step or the density estimate?",
      .claims = {"JKO-19", "JKO-32"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--step-sizes", "h of the exact scheme, decreasing",
                             &settings->step_sizes},
                            {"--particles", "numbers of particles", &settings->particles},
                            {"--particle-times", "times t for them", &settings->particle_times},
                            {"--many-particles", "further numbers of particles",
                             &settings->many_particles},
                            {"--many-particle-times", "times t for those",
                             &settings->many_particle_times}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure};
}

}  // namespace flowcheck
