#include "commands.hpp"
#include "distance_table.hpp"
#include "numerics/rng.hpp"
#include "report/atomic_file.hpp"
#include "report/json_text.hpp"

#include <fmt/format.h>

#include <ctime>
#include <stdexcept>

namespace flowcheck {
namespace {

Json json_of(const std::string& file, const MeasureFile& read) {
  return {{"file", file},
          {"type", type_name(read.measure)},
          {"dimension", dimension(read.measure)},
          {"notes", read.notes},
          {"warnings", read.warnings}};
}

std::string result_json(const CommandLine& line,
                        const MeasureFile& first,
                        const MeasureFile& second,
                        const std::string& method,
                        const DistanceResult& result) {
  const Estimate& estimate = result.estimate;
  Json json = {{"schema", "flowcheck.distance/1"},
               {"kind", line.kind},
               {"method", method},
               {"first", json_of(line.first, first)},
               {"second", json_of(line.second, second)},
               {"value", json_number(estimate.value)},
               {"lower", json_number(estimate.lower)},
               {"upper", json_number(estimate.upper)},
               {"grade", to_string(estimate.grade)},
               {"iterations", result.iterations}};
  for (const auto& [name, detail] : result.details) json[name] = json_number(detail);
  return json_text(json);
}

std::string told(const std::vector<std::pair<std::string, double>>& details) {
  std::string text;
  for (const auto& [name, detail] : details) text += fmt::format("  {} {}\n", name, detail);
  return text;
}

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace

int distance_command(const CommandLine& line) {
  if (!line.json.empty() && line.json != "-") require_writable_file(line.json);
  const MeasureFile first = read_measure(line.first, line.treatment);
  DataTreatment other = line.treatment;  // noise of its own, or two sets would share theirs
  other.seed = derive_seed(line.seed, "distance B");
  const MeasureFile second = read_measure(line.second, other);
  const auto is_points = [](const MeasureFile& read) {
    return std::holds_alternative<PointCloud>(read.measure);
  };
  if (!line.treatment.asks_for_nothing() && !is_points(first) && !is_points(second)) {
    throw UsageError(fmt::format(
        "--columns, --drop-missing, --dequantise, --standardise: neither {} nor {} holds points",
        line.first, line.second));
  }
  const Index d = dimension(first.measure);
  if (dimension(second.measure) != d) {
    throw InputError(fmt::format("{}:1: dimension {}, {} has {}", line.second,
                                 dimension(second.measure), line.first, d));
  }

  const DistanceMethod* method = find_distance(line.kind, first.measure, second.measure);
  if (method == nullptr) {
    throw NotApplicable(fmt::format("{}: no method for {} and {}; there is one for {}", line.kind,
                                    type_name(first.measure), type_name(second.measure),
                                    pairs_of(line.kind)));
  }
  const std::string failed = method->failed_hypothesis(first.measure, second.measure);
  if (!failed.empty())
    throw NotApplicable(fmt::format("{}: does not apply: {}", line.kind, failed));

  tell(line.first, first, line.quiet);
  tell(line.second, second, line.quiet);
  const double before = processor_seconds();
  const DistanceResult result = method->compute(first.measure, second.measure, line.distance);
  const double seconds = processor_seconds() - before;
  const Estimate& estimate = result.estimate;
  if (estimate.is_nan()) throw std::runtime_error(line.kind + ": not a number");

  const std::string text = fmt::format("{} {} [{}, {}] {}\n", line.kind, estimate.value,
                                       estimate.lower, estimate.upper, to_string(estimate.grade)) +
                           told(result.details);
  const std::string& used = result.method.empty() ? method->method : result.method;
  const std::string json = result_json(line, first, second, used, result);
  if (!line.json.empty() && line.json != "-") write_file(line.json, json);
  if (!line.quiet) {
    fmt::print(stderr, "cost: {}, {:.3g} s of processor time{}\n", used, seconds,
               result.iterations > 0 ? fmt::format(", {} iterations", result.iterations) : "");
  }
  if (line.json == "-") {
    fmt::print(stderr, "{}", text);
    print(json);
  } else {
    print(text);
  }
  return 0;
}

}  // namespace flowcheck
