#include "measures/measure_file.hpp"

#include "numerics/require.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

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
  [[noreturn]] void fail_at_key(const std::string& key, const std::string& what) const {
    const std::size_t found = text.find('"' + key + '"');
    fail(line_at(text, found == std::string_view::npos ? 0 : found), what);
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
      source.fail_at_key(key, fmt::format("key \"{}\" stands twice", key));
    }
    return true;
  };
  try {
    json object = json::parse(source.text, watch);
    if (!object.is_object()) source.fail(1, "expected a JSON object with \"type\": \"gaussian\"");
    return object;
  } catch (const json::parse_error& error) {
    source.fail(line_at(source.text, error.byte), "not valid JSON here");
  } catch (const json::out_of_range&) {
    source.fail(1, "a number is out of range; expected finite numbers");
  }
}

double number(const Source& source, const std::string& key, const json& value) {
  if (!value.is_number())
    source.fail_at_key(key, fmt::format("\"{}\": expected numbers only", key));
  const double result = value.get<double>();
  if (!std::isfinite(result))
    source.fail_at_key(key, fmt::format("\"{}\": expected finite numbers", key));
  return result;
}

Vector vector(const Source& source, const std::string& key, const json& values, Index length) {
  if (!values.is_array() || static_cast<Index>(values.size()) != length) {
    source.fail_at_key(key, fmt::format("\"{}\": expected an array of {} numbers", key, length));
  }
  Vector result(length);
  for (Index i = 0; i < length; ++i) {
    result(i) = number(source, key, values[static_cast<std::size_t>(i)]);
  }
  return result;
}

Matrix covariance(const Source& source, const json& value, Index d) {
  const std::string key = "covariance";
  if (value.is_number()) return number(source, key, value) * Matrix::Identity(d, d);
  if (!value.is_array() || static_cast<Index>(value.size()) != d) {
    source.fail_at_key(key,
                       fmt::format("\"covariance\": expected a number, {0} numbers (the diagonal) "
                                   "or {0} rows of {0}, the mean having {0} entries",
                                   d));
  }
  if (value[0].is_number()) return vector(source, key, value, d).asDiagonal();
  Matrix result(d, d);
  for (Index i = 0; i < d; ++i) {
    result.row(i) = vector(source, key, value[static_cast<std::size_t>(i)], d);
  }
  return result;
}

}  // namespace

Gaussian parse_gaussian(std::string_view text, const std::string& name, const InputLimits& limits) {
  const Source source{text, name};
  const json object = parse_object(source);
  for (const auto& [key, value] : object.items()) {
    if (key != "type" && key != "mean" && key != "covariance") {
      source.fail_at_key(
          key, fmt::format("unknown key \"{}\"; expected \"type\", \"mean\", \"covariance\"", key));
    }
  }
  for (const char* key : {"type", "mean", "covariance"}) {
    if (!object.contains(key)) source.fail(1, fmt::format("key \"{}\" is missing", key));
  }
  if (object["type"] != "gaussian") source.fail_at_key("type", "\"type\": expected \"gaussian\"");
  const json& mean = object["mean"];
  if (!mean.is_array() || mean.empty()) {
    source.fail_at_key("mean", "\"mean\": expected an array of at least one number");
  }
  if (static_cast<Index>(mean.size()) > limits.dimension) {
    source.fail_at_key("mean", fmt::format("\"mean\": {} entries, at most {} are read", mean.size(),
                                           limits.dimension));
  }
  const Index d = static_cast<Index>(mean.size());
  const Vector m = vector(source, "mean", mean, d);
  const Matrix Sigma = covariance(source, object["covariance"], d);
  try {
    return Gaussian(m, Sigma);
  } catch (const std::invalid_argument& error) {
    source.fail_at_key("covariance", error.what());
  }
}

std::string read_text_file(const std::string& path, std::uintmax_t largest_bytes) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    throw InputError(fmt::format("{}:1: not a file that can be read", path));
  }
  // The size of what is open: by its name it may be another file by now.
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto end = static_cast<std::streamoff>(file.tellg());
  if (end < 0) throw InputError(fmt::format("{}:1: not a file that can be read", path));
  const auto bytes = static_cast<std::uintmax_t>(end);
  if (bytes > largest_bytes) {
    throw InputError(
        fmt::format("{}:1: {} bytes, at most {} are read", path, bytes, largest_bytes));
  }
  std::string text(bytes, '\0');
  file.seekg(0);
  file.read(text.data(), static_cast<std::streamsize>(bytes));
  if (!file || file.gcount() != static_cast<std::streamsize>(bytes)) {
    throw InputError(fmt::format("{}:1: not a file that can be read", path));
  }
  return text;
}

Gaussian read_gaussian(const std::string& path, const InputLimits& limits) {
  return parse_gaussian(read_text_file(path, limits.file_bytes), path, limits);
}

}  // namespace flowcheck
