#include "measures/measure_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <utility>

namespace flowcheck {
namespace {

using nlohmann::json;

std::size_t line_at(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

// One file's text with the means to say where something is wrong.
struct Source {
  std::string_view text;
  const std::string& name;

  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    throw InputError(fmt::format("{}:{}: {}", name, line, what));
  }
  // JSON values carry no position; a key of the top-level object is found by its spelling.
  std::size_t line_of(const std::string& key) const {
    const std::size_t found = text.find('"' + key + '"');
    return line_at(text, found == std::string_view::npos ? 0 : found);
  }
  [[noreturn]] void fail_at_key(const std::string& key, const std::string& what) const {
    fail(line_of(key), what);
  }
};

// Refuses nesting (a stack's worth of brackets) and repeated keys, which the parser would overlook.
json parse_object(const Source& source) {
  std::vector<std::set<std::string>> keys;
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > 8) source.fail(1, "JSON nested deeper than a measure needs");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key &&
        !keys.back().insert(parsed.get_ref<const std::string&>()).second) {
      const std::string key = parsed.get<std::string>();
      source.fail_at_key(key, fmt::format("key {} stands twice", shown(key)));
    }
    return true;
  };
  try {
    json object = json::parse(source.text, watch);
    if (!object.is_object()) source.fail(1, "expected a JSON object with a \"type\"");
    return object;
  } catch (const json::parse_error& error) {
    source.fail(line_at(source.text, error.byte), "not valid JSON here");
  } catch (const json::out_of_range&) {
    source.fail(1, "a number is out of range; expected finite numbers");
  }
}

[[noreturn]] void fail_value(const Source& source,
                             const std::string& key,
                             const std::string& what) {
  source.fail_at_key(key, fmt::format("\"{}\": {}", key, what));
}

double number(const Source& source, const std::string& key, const json& value) {
  if (!value.is_number()) fail_value(source, key, "expected numbers only");
  const double result = value.get<double>();
  if (!std::isfinite(result)) fail_value(source, key, "expected finite numbers");
  return result;
}

Vector vector(const Source& source, const std::string& key, const json& values, Index length) {
  if (!values.is_array() || static_cast<Index>(values.size()) != length) {
    fail_value(source, key, fmt::format("expected an array of {} numbers", length));
  }
  Vector result(length);
  for (Index i = 0; i < length; ++i) {
    result(i) = number(source, key, values[static_cast<std::size_t>(i)]);
  }
  return result;
}

// A point that says itself how many numbers it has.
Vector point(const Source& source, const std::string& key, const json& values, Index largest) {
  if (!values.is_array() || values.empty()) {
    fail_value(source, key, "expected an array of at least one number");
  }
  const auto length = static_cast<Index>(values.size());
  if (length > largest) {
    fail_value(source, key, fmt::format("{} entries, at most {} are read", length, largest));
  }
  return vector(source, key, values, length);
}

Matrix covariance(const Source& source, const std::string& key, const json& value, Index d) {
  if (value.is_number()) return number(source, key, value) * Matrix::Identity(d, d);
  if (!value.is_array() || static_cast<Index>(value.size()) != d) {
    fail_value(source, key,
               fmt::format("expected a number, {0} numbers (the diagonal) or {0} rows of {0}, the "
                           "mean having {0} entries",
                           d));
  }
  if (value[0].is_number()) return vector(source, key, value, d).asDiagonal();
  Matrix result(d, d);
  for (Index i = 0; i < d; ++i) {
    result.row(i) = vector(source, key, value[static_cast<std::size_t>(i)], d);
  }
  return result;
}

// No key but these, and all of the needed ones.
void require_keys(const Source& source,
                  const json& object,
                  const std::vector<std::string>& needed,
                  const std::vector<std::string>& allowed = {}) {
  std::vector<std::string> known = {"type"};
  known.insert(known.end(), needed.begin(), needed.end());
  known.insert(known.end(), allowed.begin(), allowed.end());
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      source.fail_at_key(key, fmt::format("unknown key {}; expected {}", shown(key), shown(known)));
    }
  }
  for (const std::string& key : needed) {
    if (!object.contains(key)) source.fail(1, fmt::format("key \"{}\" is missing", key));
  }
}

MeasureText gaussian(const Source& source, const json& object, const InputLimits& limits) {
  require_keys(source, object, {"mean", "covariance"});
  const Vector m = point(source, "mean", object["mean"], limits.dimension);
  return {.weights = Vector::Ones(1),
          .means = m,
          .covariances = {covariance(source, "covariance", object["covariance"], m.size())},
          .covariance_line = source.line_of("covariance")};
}

MeasureText gaussian_mixture(const Source& source, const json& object, const InputLimits& limits) {
  require_keys(source, object, {"weights", "means", "covariances"});
  const Vector weights = point(source, "weights", object["weights"], limits.components);
  const auto count = static_cast<std::size_t>(weights.size());
  if (weights.minCoeff() < 0.0) fail_value(source, "weights", "expected none below 0");
  if (!(std::abs(weights.sum() - 1.0) <= 1e-9)) {
    fail_value(source, "weights", fmt::format("expected a sum of 1, found {:.12g}", weights.sum()));
  }
  const json& centres = object["means"];
  const json& spreads = object["covariances"];
  for (const char* key : {"means", "covariances"}) {
    if (!object[key].is_array() || object[key].size() != count) {
      fail_value(source, key, fmt::format("expected an array of {}, one a weight", count));
    }
  }
  const Index d = point(source, "means", centres[0], limits.dimension).size();
  // A number may stand for a whole matrix, so that the file's size limits nothing here. One
  // covariance for all is kept once.
  const bool common = std::all_of(spreads.begin(), spreads.end(),
                                  [&](const json& spread) { return spread == spreads[0]; });
  const std::size_t matrices = common ? 1 : count;
  if (matrices > limits.values / static_cast<std::uintmax_t>(d * d)) {
    fail_value(source, "covariances",
               fmt::format("{} of {} x {}, at most {} numbers in all", count, d, d, limits.values));
  }
  MeasureText result{.weights = weights,
                     .means = Matrix(d, weights.size()),
                     .covariance_line = source.line_of("covariances")};
  for (std::size_t k = 0; k < count; ++k) {
    result.means.col(static_cast<Index>(k)) = vector(source, "means", centres[k], d);
  }
  for (std::size_t k = 0; k < matrices; ++k) {
    result.covariances.push_back(covariance(source, "covariances", spreads[k], d));
  }
  return result;
}

std::string file_name(const Source& source,
                      const json& value,
                      std::initializer_list<std::string_view> extensions) {
  const std::string name = value.is_string() ? value.get<std::string>() : "";
  const bool fits = std::any_of(extensions.begin(), extensions.end(),
                                [&](std::string_view end) { return file_extension(name) == end; });
  if (!fits || name.find('\0') != std::string::npos) {
    fail_value(source, "file",
               fmt::format("expected the name of a file {}", fmt::join(extensions, " or ")));
  }
  return name;
}

// A column by its name or its number; "" for everything else.
std::string column_name(const json& value) {
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  return value.is_string() ? value.get<std::string>() : "";
}

std::vector<std::string> column_list(const Source& source, const json& value) {
  constexpr const char* expected = "expected an array of names and of numbers from 1";
  if (!value.is_array() || value.empty()) fail_value(source, "columns", expected);
  std::vector<std::string> columns;
  for (const json& column : value) {
    columns.push_back(column_name(column));
    if (columns.back().empty()) fail_value(source, "columns", expected);
  }
  return columns;
}

// One a row of a file that has not been opened: how many there are is for its reader to say.
void read_weights(const Source& source,
                  const json& value,
                  const InputLimits& limits,
                  DataTreatment& treatment) {
  treatment.weight_column = column_name(value);
  if (!treatment.weight_column.empty()) return;
  if (!value.is_array() || value.empty()) {
    fail_value(source, "weights", "expected a column's name or number, or an array of numbers");
  }
  const auto largest = static_cast<Index>(limits.values);
  const Vector weights = point(source, "weights", value, largest);
  if (weights.minCoeff() < 0.0) fail_value(source, "weights", "expected none below 0");
  if (weights.maxCoeff() == 0.0) fail_value(source, "weights", "expected one above 0");
  treatment.weights.assign(weights.begin(), weights.end());
}

MeasureText points(const Source& source, const json& object, const InputLimits& limits) {
  require_keys(source, object, {"file"},
               {"columns", "weights", "drop_missing", "dequantise", "standardise", "seed"});
  MeasureText result{.file = file_name(source, object["file"], {".csv", ".npy"})};
  DataTreatment& treatment = result.treatment;
  if (object.contains("columns")) treatment.columns = column_list(source, object["columns"]);
  if (object.contains("weights")) read_weights(source, object["weights"], limits, treatment);
  const auto flag = [&](const char* key, bool& value) {
    if (!object.contains(key)) return;
    if (!object[key].is_boolean()) fail_value(source, key, "expected true or false");
    value = object[key].get<bool>();
  };
  flag("drop_missing", treatment.drop_missing);
  flag("dequantise", treatment.dequantise);
  flag("standardise", treatment.standardise);
  if (object.contains("seed")) {
    if (!object["seed"].is_number_unsigned()) {
      fail_value(source, "seed", "expected a whole number from 0");
    }
    treatment.seed = object["seed"].get<std::uint64_t>();
  }
  return result;
}

MeasureText image(const Source& source, const json& object) {
  require_keys(source, object, {"file"});
  MeasureText result{.file = file_name(source, object["file"], {".pgm"})};
  return result;
}

}  // namespace

std::string file_extension(const std::string& path) {
  std::string result = std::filesystem::path(path).extension().string();
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

MeasureText parse_measure_text(std::string_view text,
                               const std::string& name,
                               const InputLimits& limits) {
  const Source source{text, name};
  const json object = parse_object(source);
  if (!object.contains("type")) source.fail(1, "key \"type\" is missing");
  const json& type = object["type"];
  MeasureText result;
  if (type == "gaussian") {
    result = gaussian(source, object, limits);
  } else if (type == "gaussian_mixture") {
    result = gaussian_mixture(source, object, limits);
  } else if (type == "points") {
    result = points(source, object, limits);
  } else if (type == "image") {
    result = image(source, object);
  } else {
    fail_value(source, "type",
               "expected \"gaussian\", \"gaussian_mixture\", \"points\" or \"image\"");
  }
  result.type = type.get<std::string>();
  return result;
}

}  // namespace flowcheck
