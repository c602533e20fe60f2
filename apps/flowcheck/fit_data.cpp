#include "fit_data.hpp"

#include "learning/data_scaling.hpp"
#include "measures/measure_file.hpp"
#include "measures/measure_text.hpp"
#include "measures/toy_density.hpp"
#include "numerics/rng.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

constexpr std::string_view toy_prefix = "toy:";
constexpr Index fewest_rows = 30;
constexpr Index few_test_rows = 100;  // an interval of a mean by its deviation wants as many

void require_no_treatment(const CommandLine& line) {
  if (line.treatment.asks_for_nothing()) return;
  throw UsageError(fmt::format(
      "--columns, --drop-missing, --drop-constant, --dequantise: {} holds no rows", line.first));
}

std::vector<std::string> numbered(Index d) {
  std::vector<std::string> names;
  for (Index k = 1; k <= d; ++k) names.push_back(std::to_string(k));
  return names;
}

Rng drawing(const CommandLine& line) {
  return Rng(derive_seed(line.seed, "fit data"));
}

std::string drawn(Index count) {
  return fmt::format("{} points drawn from it", count);
}

Matrix draw_toy(const CommandLine& line, FitData& data) {
  require_no_treatment(line);
  try {
    const Toy toy = toy_from_string(std::string_view(line.first).substr(toy_prefix.size()));
    if (has_density(toy)) {
      data.law.log_density = [toy](const Matrix& points) { return log_density(toy, points); };
      data.law.smooth = toy != Toy::checkerboard && toy != Toy::flow_map_board;
    }
    Rng rng = drawing(line);
    data.columns = numbered(2);
    data.notes.push_back(drawn(line.count));
    return sample(toy, line.count, rng);
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("{}: {}", line.first, error.what()));
  }
}

KnownLaw known_law(GaussianMixture given, FitData& data) {
  if (!given.has_density()) {
    data.warnings.push_back("a component has no density: the NLL falls as long as one trains");
    return {};
  }
  const auto mixture = std::make_shared<const GaussianMixture>(std::move(given));
  return {.log_density = [mixture](const Matrix& points) { return mixture->log_densities(points); },
          .mixture = mixture};
}

Matrix read_points(const CommandLine& line, FitData& data) {
  // By all the rows, those of the test among them, and densities in units that no one asked for.
  if (own_treatment(line.first).standardise) {
    throw InputError(line.first +
                     ":1: standardises the rows by all of them, the test's too; leave it out and "
                     "fit with --scaling standardise");
  }
  MeasureFile read = read_measure(line.first, line.treatment);
  data.notes = std::move(read.notes);
  data.warnings = std::move(read.warnings);
  if (const auto* cloud = std::get_if<PointCloud>(&read.measure)) {
    if (!cloud->uniform()) {
      throw InputError(line.first + ":1: the rows have weights; fit takes equally weighted ones");
    }
    data.columns = std::move(read.columns);
    return cloud->points();
  }
  require_no_treatment(line);
  Rng rng = drawing(line);
  data.notes.push_back(drawn(line.count));
  data.columns = numbered(dimension(read.measure));
  if (const auto* gaussian = std::get_if<Gaussian>(&read.measure)) {
    data.law = known_law(GaussianMixture(*gaussian), data);
    return sample(*gaussian, line.count, rng);
  }
  const auto& mixture = std::get<GaussianMixture>(read.measure);
  data.law = known_law(mixture, data);
  return sample(mixture, line.count, rng);
}

// The names of the columns k for which `holds`.
std::vector<std::string> columns_where(const FitData& data,
                                       const std::function<bool(Index)>& holds) {
  std::vector<std::string> names;
  for (Index k = 0; k < static_cast<Index>(data.columns.size()); ++k) {
    if (holds(k)) names.push_back(data.columns[static_cast<std::size_t>(k)]);
  }
  return names;
}

// One column of one value would be a density without bound.
void require_varying(const CommandLine& line, const FitData& data, const Matrix& points) {
  const auto constant = columns_where(
      data, [&](Index k) { return points.row(k).minCoeff() == points.row(k).maxCoeff(); });
  if (constant.empty()) return;
  throw InputError(
      fmt::format("{}:1: constant, and no density has it: {}; leave it out with "
                  "--drop-constant or --columns",
                  line.first, shown(constant)));
}

// Moments are sums of squares.
void require_moments(const CommandLine& line, const FitData& data, const Matrix& points) {
  constexpr double largest = 1e150;
  constexpr double least = 1e-150;
  const auto beyond = columns_where(data, [&](Index k) {
    return points.row(k).cwiseAbs().maxCoeff() > largest ||
           points.row(k).maxCoeff() - points.row(k).minCoeff() < least;
  });
  if (beyond.empty()) return;
  throw InputError(fmt::format(
      "{}:1: values above {} or spread by less than {}, whose squares are no double numbers: {}; "
      "change their units",
      line.first, largest, least, shown(beyond)));
}

Matrix standardised(const Matrix& points) {
  const Matrix centred = points.colwise() - points.rowwise().mean();
  const Vector deviations =
      centred.rowwise().norm() / std::sqrt(static_cast<double>(points.cols()) - 1.0);
  return deviations.cwiseInverse().asDiagonal() * centred;
}

// Whatever the scaling: the Gaussian with the training rows' moments, which every model is compared
// with, would have a variance of rounding alone.
void require_independent(const CommandLine& line, const FitData& data) {
  const Matrix& train = data.split.train;
  const std::optional<Index> column = dependent_column(train);
  if (!column) return;
  const std::string name = shown(data.columns[static_cast<std::size_t>(*column)]);
  const bool constant = train.row(*column).minCoeff() == train.row(*column).maxCoeff();
  if (!constant && !dependent_column(standardised(train))) {
    throw InputError(
        fmt::format("{}:1: column {} varies ten million times less than another, whose rounding "
                    "hides it; change its unit",
                    line.first, name));
  }
  throw InputError(fmt::format(
      "{}:1: column {} is {}, and no density has it; expected columns that do not determine each "
      "other, choose them with --columns",
      line.first, name,
      constant ? "constant in the training rows" : "an affine combination of the others"));
}

// Of columns of few values and of rows that repeat the likelihood says what it should not.
void warn_of_repetitions(FitData& data) {
  const Matrix& train = data.split.train;
  const auto few = columns_where(data, [&](Index k) {
    const auto row = train.row(k);
    return std::set<double>(row.begin(), row.end()).size() * 10 <
           static_cast<std::size_t>(train.cols());
  });
  if (!few.empty()) {
    data.warnings.push_back(
        "few values, which no density has, so that the NLL falls as long as one "
        "trains: " +
        shown(few) + "; --dequantise, or leave it out");
  }
  std::set<std::vector<double>> trained;
  for (const auto& x : train.colwise()) trained.emplace(x.begin(), x.end());
  Index seen = 0;
  for (const auto& x : data.split.test.colwise()) {
    seen += trained.contains(std::vector<double>(x.begin(), x.end())) ? 1 : 0;
  }
  if (seen > 0) {
    data.warnings.push_back(fmt::format(
        "{} of {} test rows stand in the training rows too: the test NLL is not of what "
        "was held out",
        seen, data.split.test.cols()));
  }
}

}  // namespace

DataTreatment own_treatment(const std::string& path) {
  if (file_extension(path) != ".json") return {};
  const InputLimits limits;
  return parse_measure_text(read_text_file(path, limits.file_bytes), path, limits).treatment;
}

FitData read_fit_data(const CommandLine& line) {
  FitData data;
  const Matrix points =
      line.first.starts_with(toy_prefix) ? draw_toy(line, data) : read_points(line, data);
  const Index d = points.rows();
  const Index n = points.cols();
  require_varying(line, data, points);
  require_moments(line, data, points);
  const double train = 1.0 - line.split.validation - line.split.test;
  const double least = std::min(line.split.validation, line.split.test);
  if (n < fewest_rows || train * static_cast<double>(n) < 2.0 * static_cast<double>(d + 1) ||
      least * static_cast<double>(n) < 2.0) {
    throw InputError(
        fmt::format("{}:1: {} rows in dimension {} are too few to fit and test a "
                    "density; expected {} or more, two in every part",
                    line.first, n, d, std::max(fewest_rows, 3 * (d + 1))));
  }
  if (n < 20 * d) {
    data.warnings.push_back(fmt::format("{} rows in dimension {}: expect overfitting", n, d));
  }
  data.split = split_data(points, line.split, derive_seed(line.seed, "fit split"));
  require_independent(line, data);
  warn_of_repetitions(data);
  if (const Index tested = data.split.test.cols(); tested < few_test_rows) {
    data.warnings.push_back(fmt::format(
        "{} rows to test: intervals rest on few, expected {} or more", tested, few_test_rows));
  }
  return data;
}

}  // namespace flowcheck
