#include "report/manifest.hpp"

#include "report/json_text.hpp"

#include <variant>

namespace flowcheck {
namespace {

constexpr const char* schema = "flowcheck.manifest/1";

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct ValueToJson {
  Json operator()(const int* value) const { return *value; }
  Json operator()(const double* value) const { return json_number(*value); }
  Json operator()(const std::vector<int>* values) const { return *values; }
  Json operator()(const std::vector<double>* values) const {
    Json json = Json::array();
    for (const double value : *values) json.push_back(json_number(value));
    return json;
  }
};

}  // namespace

Pairs settings_of(const std::vector<Option>& options) {
  Pairs settings;
  for (const Option& option : options) {
    settings.emplace_back(option.flag.substr(option.flag.find_first_not_of('-')),
                          std::visit(ValueToJson{}, option.value).dump());
  }
  return settings;
}

std::string manifest_json(const Manifest& manifest) {
  Json settings = Json::object();
  for (const auto& [name, value] : manifest.settings) settings[name] = Json::parse(value);
  Json files = Json::object();
  for (const auto& [name, digest] : manifest.files) files[name] = digest;
  return json_text(
      {{"schema", schema},
       {"experiment", manifest.experiment},
       {"question", manifest.question},
       {"claims", manifest.claims},
       {"version", manifest.version},
       {"seed", manifest.seed},
       {"scale", to_string(manifest.scale)},
       {"command", manifest.command},
       {"settings", settings},
       {"verdict", to_string(manifest.verdict)},
       {"tolerance",
        {{"relative", manifest.relative_tolerance}, {"absolute", manifest.absolute_tolerance}}},
       {"sha256", files}});
}

Manifest parse_manifest(std::string_view text, const std::string& name) {
  Manifest manifest;
  read_json(text, name, schema, [&manifest](const Json& json) {
    manifest.experiment = json.at("experiment");
    manifest.question = json.at("question");
    manifest.claims = json.at("claims").get<std::vector<std::string>>();
    manifest.version = json.at("version");
    manifest.seed = json.at("seed");
    manifest.scale = word_from(json.at("scale"), {Scale::quick, Scale::standard, Scale::paper});
    manifest.command = json.at("command");
    for (const auto& [key, value] : json.at("settings").items()) {
      manifest.settings.emplace_back(key, value.dump());
    }
    manifest.verdict = verdict_from_string(json.at("verdict").get<std::string>());
    manifest.relative_tolerance = json.at("tolerance").at("relative");
    manifest.absolute_tolerance = json.at("tolerance").at("absolute");
    for (const auto& [key, value] : json.at("sha256").items()) {
      manifest.files.emplace_back(key, value.get<std::string>());
    }
  });
  return manifest;
}

}  // namespace flowcheck
