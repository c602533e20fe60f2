// What is done with a fitted model: draws from it, and its density.

#include "commands.hpp"
#include "fit_data.hpp"
#include "fit_record.hpp"
#include "learning/model_evaluation.hpp"
#include "learning/model_file.hpp"
#include "measures/measure_file.hpp"
#include "measures/measure_text.hpp"
#include "measures/npy.hpp"
#include "numerics/rng.hpp"
#include "report/atomic_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>

namespace flowcheck {
namespace {

namespace fs = std::filesystem;

// The folder of fit's results, or the model's own in it.
FlowModel model_in(const std::string& folder) {
  std::error_code ignored;
  const std::string inner = folder + "/model";
  const bool whole = fs::exists(inner + "/model.json", ignored);
  return load_model(whole ? inner : folder);
}

// A name as a CSV field: in quotes where it needs them.
std::string field(const std::string& name) {
  if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// A first line of numbers alone would be read as a point; after "# " it is one of names.
std::string csv_of(const FlowModel& model, const Matrix& points) {
  const bool all_numbers = std::ranges::all_of(model.columns, [](const std::string& name) {
    return name.find_first_not_of("0123456789") == std::string::npos;
  });
  std::string text = all_numbers ? "# " : "";
  for (std::size_t k = 0; k < model.columns.size(); ++k) {
    text += (k == 0 ? "" : ",") + field(model.columns[k]);
  }
  text += '\n';
  for (Index j = 0; j < points.cols(); ++j) {
    for (Index k = 0; k < points.rows(); ++k) {
      fmt::format_to(std::back_inserter(text), "{}{}", k == 0 ? "" : ",", points(k, j));
    }
    text += '\n';
  }
  return text;
}

MeasureFile read_rows(const CommandLine& line, const FlowModel& model) {
  // An array has no names: its columns are the model's, in order.
  const bool has_names = file_extension(line.second) != ".npy";
  const DataTreatment own = own_treatment(line.second);
  if (own.standardise) {
    throw InputError(line.second +
                     ":1: standardises the rows by themselves: they are not in the model's units");
  }
  DataTreatment treatment = line.treatment;
  if (has_names && own.columns.empty()) treatment.columns = model.columns;
  MeasureFile read = read_measure(line.second, treatment);
  const auto* cloud = std::get_if<PointCloud>(&read.measure);
  if (cloud == nullptr) throw InputError(line.second + ":1: expected points");
  if (!cloud->uniform()) {
    throw InputError(line.second + ":1: the rows have weights; logpdf takes equally weighted ones");
  }
  if (dimension(read.measure) != model.dimension()) {
    throw InputError(fmt::format("{}:1: dimension {}, the model has {}", line.second,
                                 dimension(read.measure), model.dimension()));
  }
  if (!own.columns.empty() && read.columns != model.columns) {
    throw InputError(fmt::format("{}:1: columns {}, the model has {}", line.second,
                                 shown(read.columns), shown(model.columns)));
  }
  return read;
}

// Why a set of log densities has no mean with an interval; or "".
std::string why_no_mean(const Vector& densities) {
  if (densities.size() < 2) return "an interval takes two rows";
  const auto outside = (densities.array() == -infinity).count();
  if (outside > 0) {
    return fmt::format("{} of {} rows have a density of 0 in double precision", outside,
                       densities.size());
  }
  return "";
}

}  // namespace

int sample_command(const CommandLine& line) {
  if (line.out_given) require_writable_folder(line.out);
  const FlowModel model = model_in(line.first);
  Rng rng(derive_seed(line.seed, "model sample"));
  const Matrix points = pull(model, rng.normal_matrix(model.dimension(), line.count));
  if (!points.allFinite()) throw std::runtime_error("sample: a point is not finite");
  if (line.out_given) {
    write_file(line.out + "/samples.npy", npy_bytes(points));
  } else {
    print(csv_of(model, points));
  }
  return 0;
}

int logpdf_command(const CommandLine& line) {
  if (!line.json.empty()) require_writable_file(line.json);
  const FlowModel model = model_in(line.first);
  const MeasureFile read = read_rows(line, model);
  const Matrix& points = std::get<PointCloud>(read.measure).points();
  const Vector densities = log_densities(model, points);
  if (densities.hasNaN()) throw std::runtime_error("logpdf: not a number");
  for (const std::string& note : read.notes) {
    if (!line.quiet) fmt::print(stderr, "{}: {}\n", line.second, note);
  }
  std::string text = "log_density\n";
  for (const double value : densities) fmt::format_to(std::back_inserter(text), "{}\n", value);
  std::string why_none = why_no_mean(densities);
  const Estimate nll =
      why_none.empty() ? mean_nll(model, points, densities) : Estimate(not_measured);
  if (why_none.empty() && nll.is_nan()) why_none = "by finer steps a density is not finite";
  if (!line.quiet && why_none.empty()) {
    fmt::print(stderr, "nll {} [{}, {}] {}\n", nll.value, nll.lower, nll.upper,
               to_string(nll.grade));
  } else if (!line.quiet) {
    fmt::print(stderr, "nll: none: {}\n", why_none);
  }
  if (!line.json.empty()) {
    write_file(line.json, logpdf_record_json(line, points.cols(), nll, why_none));
  }
  print(text);
  return 0;
}

}  // namespace flowcheck
