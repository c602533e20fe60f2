#pragma once

// For this module's own sources: what its JSON files have in common.

#include <nlohmann/json.hpp>

#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace flowcheck {

using Json = nlohmann::ordered_json;

/// A finite number as it is; infinities as "inf" and "-inf"; NaN as null.
Json json_number(double value);
double number_from(const Json& json);  ///< @throws std::invalid_argument  none of these

/// One fact a line, ending in a line break; bytes that are not UTF-8 are replaced.
std::string json_text(const Json& json);

/// Parses `text` and hands it to `read`, whose complaints become InputError with the file's name.
/// @param schema  what the key "schema" has to say
void read_json(std::string_view text,
               const std::string& name,
               const std::string& schema,
               const std::function<void(const Json&)>& read);

/// The enumerator whose to_string() is the JSON's text.
template <class Enum>
Enum word_from(const Json& json, std::initializer_list<Enum> all) {
  const auto word = json.get<std::string>();
  for (const Enum candidate : all) {
    if (to_string(candidate) == word) return candidate;
  }
  throw std::invalid_argument("unknown word \"" + word + "\"");
}

}  // namespace flowcheck
