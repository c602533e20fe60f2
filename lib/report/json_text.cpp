#include "report/json_text.hpp"

#include "measures/measure_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace flowcheck {

Json json_number(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0.0 ? "inf" : "-inf";
  return value;
}

double number_from(const Json& json) {
  if (json.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (json.is_number()) return json.get<double>();
  if (json == "inf") return infinity;
  if (json == "-inf") return -infinity;
  throw std::invalid_argument("expected a number, \"inf\", \"-inf\" or null");
}

std::string json_text(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void read_json(std::string_view text,
               const std::string& name,
               const std::string& schema,
               const std::function<void(const Json&)>& read) {
  Json json;
  try {
    json = Json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::parse_error& error) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size()));
    throw InputError(fmt::format("{}:{}: not JSON", name, 1 + std::count(text.begin(), end, '\n')));
  }
  if (!json.is_object() || !json.contains("schema") || json["schema"] != schema) {
    throw InputError(fmt::format("{}:1: expected \"schema\": \"{}\"", name, schema));
  }
  try {
    read(json);
  } catch (const std::exception& error) {
    throw InputError(fmt::format("{}:1: not a whole {} file: {}", name, schema, error.what()));
  }
}

}  // namespace flowcheck
