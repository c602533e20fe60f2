#include "unfinished_fit.hpp"

#include "commands.hpp"
#include "fit_record.hpp"
#include "learning/fit_state_file.hpp"
#include "report/atomic_file.hpp"
#include "report/json_text.hpp"
#include "report/run_info.hpp"
#include "report/sha256.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace flowcheck {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_text = 1u << 20;

std::string sha256_of(const Matrix& points) {
  return sha256({reinterpret_cast<const char*>(points.data()),
                 static_cast<std::size_t>(points.size()) * sizeof(double)});
}

// All that the bytes of the result depend on, but the time for training. The program's version is
// among it: another one may train otherwise.
Json asked_for_json(const CommandLine& line, const FitData& data) {
  Json json = {{"version", version()}};
  json.update(Json::parse(fit_settings_json(line)));
  json.erase("time_limit");  // more time goes on from where less of it ended
  json["columns"] = data.columns;
  json["data"] = {sha256_of(data.split.train), sha256_of(data.split.validation),
                  sha256_of(data.split.test)};
  return json;
}

void require_same(const std::string& folder, const std::string& asked_for) {
  const std::string file = folder + "/fit.json";
  const Json begun = Json::parse(read_text_file(file, largest_text), nullptr, false);
  const std::string what = begun.is_object() ? difference_of(begun, Json::parse(asked_for))
                                             : std::string("what it is of cannot be read");
  if (what.empty()) return;
  throw InputError(fmt::format(
      "{}:1: an unfinished fit of something else ({}); its own command finishes it", file, what));
}

FitState load_state(const std::string& folder, const FitOptions& options, Index dimension) {
  FitState state = load_fit_state(folder);
  try {
    require_fit_state(state, options, dimension, block_step_sizes(options).size());
  } catch (const std::invalid_argument& error) {
    throw InputError(fmt::format("{}/state.json:1: {}", folder, error.what()));
  }
  return state;
}

}  // namespace

UnfinishedFit::UnfinishedFit(const CommandLine& line, const FitData& data)
    : folder_(line.out + "/unfinished"), asked_for_(json_text(asked_for_json(line, data))) {
  if (line.restart) remove();
  std::error_code ignored;
  if (!fs::exists(folder_ + "/state.json", ignored)) return;
  try {
    require_same(folder_, asked_for_);
    state_ = load_state(folder_, line.fit, data.split.train.rows());
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}; --restart drops it", error.what()));
  }
  networks_there_ = state_.networks.size();
}

// Only state.json changes what is there: the files that it names are in place before it, and what
// it no longer names goes after it.
void UnfinishedFit::save(const FitState& state) {
  write_file(folder_ + "/fit.json", asked_for_);
  for (const NamedBytes& file : fit_state_files(state, networks_there_)) {
    write_file(folder_ + "/" + file.name, file.bytes);
  }
  networks_there_ = state.networks.size();
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("training_") && name != training_folder(state)) {
      remove_path(entry.path().string());
    }
  }
}

void UnfinishedFit::remove() const {
  remove_path(folder_ + "/state.json");  // what vouches for the rest first
  remove_path(folder_);
}

}  // namespace flowcheck
