#include "learning/model_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <exception>
#include <utility>

namespace flowcheck {
namespace {

using ModelJson = nlohmann::ordered_json;

constexpr const char* model_schema = "flowcheck.model/1";
constexpr int most_steps = 100'000;
constexpr std::size_t most_blocks = 1000;

std::string block_folder(std::size_t n) {
  return fmt::format("block_{}", n + 1);
}

ModelJson json_of(const Vector& x) {
  return std::vector<double>(x.begin(), x.end());
}

// A free block's step is "inf".
ModelJson json_of_step(double step) {
  return std::isinf(step) ? ModelJson("inf") : ModelJson(step);
}

[[noreturn]] void fail(const std::string& file, const std::string& what) {
  throw InputError(fmt::format("{}:1: not a model: {}", file, what));
}

void expect(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

Vector vector_from(const ModelJson& json, Index d) {
  expect(json.is_array() && static_cast<Index>(json.size()) == d, "a vector of another length");
  Vector x(d);
  for (Index k = 0; k < d; ++k) {
    expect(json[static_cast<std::size_t>(k)].is_number(), "expected numbers");
    x(k) = json[static_cast<std::size_t>(k)].get<double>();
  }
  return x;
}

ModelMethod method_from(const ModelJson& json) {
  for (const ModelMethod method : {ModelMethod::fm, ModelMethod::lfm, ModelMethod::jko}) {
    if (json == std::string(to_string(method))) return method;
  }
  throw std::invalid_argument("unknown method");
}

DataScaling scaling_from(const ModelJson& json, Index d) {
  AffineMap map{.linear = Matrix(d, d), .offset = vector_from(json.at("offset"), d)};
  const ModelJson& rows = json.at("linear");
  expect(rows.is_array() && static_cast<Index>(rows.size()) == d, "a scaling of another size");
  for (Index i = 0; i < d; ++i) {
    map.linear.row(i) = vector_from(rows[static_cast<std::size_t>(i)], d).transpose();
  }
  return scaling_by(map);
}

ModelBlock block_from(const ModelJson& json) {
  ModelBlock block;
  const ModelJson& step = json.at("step_size");
  expect(step == "inf" || step.is_number(), "step_size: a number or \"inf\"");
  block.step_size = step == "inf" ? infinity : step.get<double>();
  expect(block.step_size > 0.0, "step_size: expected a number above 0");
  expect(json.at("steps").is_number_integer(), "steps: expected a number");
  const auto steps = json.at("steps").get<std::int64_t>();
  expect(steps >= 1 && steps <= most_steps, "steps: out of range");
  block.steps = static_cast<int>(steps);
  block.time_power = json.at("time_power").get<double>();
  expect(block.time_power > 0.0 && block.time_power <= 16.0, "time_power: out of range");
  return block;
}

FlowModel model_from(const ModelJson& json, const InputLimits& limits) {
  expect(json.is_object() && json.contains("schema") && json["schema"] == model_schema,
         "expected \"schema\": \"flowcheck.model/1\"");
  FlowModel model{.method = method_from(json.at("method")),
                  .columns = json.at("columns").get<std::vector<std::string>>()};
  const auto d = static_cast<Index>(model.columns.size());
  expect(d >= 1 && d <= limits.dimension, "columns: out of range");
  model.scaling = scaling_from(json.at("scaling"), d);
  const ModelJson& blocks = json.at("blocks");
  expect(blocks.is_array() && !blocks.empty() && blocks.size() <= most_blocks,
         "blocks: out of range");
  for (const ModelJson& block : blocks) model.blocks.push_back(block_from(block));
  return model;
}

}  // namespace

std::vector<NamedBytes> model_files(const FlowModel& model) {
  std::vector<NamedBytes> files;
  ModelJson blocks = ModelJson::array();
  for (std::size_t n = 0; n < model.blocks.size(); ++n) {
    const ModelBlock& block = model.blocks[n];
    for (NamedBytes& file : network_files(block.network)) {
      files.push_back({.name = block_folder(n) + "/" + file.name, .bytes = std::move(file.bytes)});
    }
    blocks.push_back({{"step_size", json_of_step(block.step_size)},
                      {"steps", block.steps},
                      {"time_power", block.time_power}});
  }
  ModelJson linear = ModelJson::array();
  for (Index i = 0; i < model.dimension(); ++i) {
    linear.push_back(json_of(model.scaling.map.linear.row(i).transpose()));
  }
  const ModelJson json = {
      {"schema", model_schema},
      {"method", to_string(model.method)},
      {"columns", model.columns},
      {"scaling", {{"linear", linear}, {"offset", json_of(model.scaling.map.offset)}}},
      {"blocks", blocks}};
  files.push_back({.name = "model.json",
                   .bytes = json.dump(1, ' ', false, ModelJson::error_handler_t::replace) + "\n"});
  return files;
}

FlowModel load_model(const std::string& folder, const InputLimits& limits) {
  const std::string file = folder + "/model.json";
  const std::string text = read_text_file(file, limits.file_bytes);
  FlowModel model;
  try {
    model = model_from(ModelJson::parse(text), limits);
  } catch (const nlohmann::json::exception&) {
    fail(file, "damaged, or something is missing");
  } catch (const std::invalid_argument& error) {
    fail(file, error.what());
  }
  for (std::size_t n = 0; n < model.blocks.size(); ++n) {
    const std::string name = folder + "/" + block_folder(n);
    model.blocks[n].network = load_network(name, limits);
    if (model.blocks[n].network.shape.dimension != model.dimension()) {
      throw InputError(fmt::format("{}/network.json:1: dimension {}, the model has {}", name,
                                   model.blocks[n].network.shape.dimension, model.dimension()));
    }
  }
  return model;
}

}  // namespace flowcheck
