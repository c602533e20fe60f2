#include "learning/fit_state_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

namespace flowcheck {
namespace {

using StateJson = nlohmann::ordered_json;

constexpr const char* state_schema = "flowcheck.fit_state/3";
constexpr std::uintmax_t largest_state_bytes = 1u << 20;
constexpr std::size_t most_blocks = 1000;

std::string block_folder(std::size_t n) {
  return fmt::format("block_{}", n + 1);
}

void add_files(std::vector<NamedBytes>& files,
               const std::string& folder,
               std::vector<NamedBytes> some) {
  for (NamedBytes& file : some) {
    files.push_back({.name = folder + "/" + file.name, .bytes = std::move(file.bytes)});
  }
}

// A loss may leave the finite numbers, and JSON has no others.
StateJson json_of_loss(double loss) {
  if (std::isfinite(loss)) return loss;
  return std::isnan(loss) ? "nan" : loss > 0.0 ? "inf" : "-inf";
}

double loss_from(const StateJson& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan") return std::nan("");
  if (json == "inf") return infinity;
  if (json == "-inf") return -infinity;
  throw std::invalid_argument("a loss is no number");
}

Index count_from(const StateJson& json) {
  if (!json.is_number_integer() || json.get<std::int64_t>() < 0) {
    throw std::invalid_argument("expected a count");
  }
  return static_cast<Index>(json.get<std::int64_t>());
}

StateJson json_of(const BlockFit& fit) {
  return {{"iterations", fit.iterations},
          {"first_validation", json_of_loss(fit.first_validation)},
          {"identity_validation", json_of_loss(fit.identity_validation)},
          {"best_validation", json_of_loss(fit.best_validation)},
          {"best_iteration", fit.best_iteration},
          {"train_loss", json_of_loss(fit.train_loss)},
          {"out_of_time", fit.out_of_time},
          {"not_finite", fit.not_finite},
          {"first_train_loss", json_of_loss(fit.first_train_loss)},
          {"last_train_loss", json_of_loss(fit.last_train_loss)},
          {"train_gain_error", json_of_loss(fit.train_gain_error)}};
}

BlockFit block_fit_from(const StateJson& json) {
  return {.iterations = count_from(json.at("iterations")),
          .first_validation = loss_from(json.at("first_validation")),
          .identity_validation = loss_from(json.at("identity_validation")),
          .best_validation = loss_from(json.at("best_validation")),
          .best_iteration = count_from(json.at("best_iteration")),
          .train_loss = loss_from(json.at("train_loss")),
          .out_of_time = json.at("out_of_time").get<bool>(),
          .not_finite = json.at("not_finite").get<bool>(),
          .first_train_loss = loss_from(json.at("first_train_loss")),
          .last_train_loss = loss_from(json.at("last_train_loss")),
          .train_gain_error = loss_from(json.at("train_gain_error"))};
}

// What state.json says: all but the networks.
struct Contents {
  FitState state = {};
  std::size_t trained = 0;
};

Contents contents_from(const StateJson& json) {
  if (!json.is_object() || json.at("schema") != state_schema) {
    throw std::invalid_argument(fmt::format("expected \"schema\": \"{}\"", state_schema));
  }
  Contents contents;
  FitState& state = contents.state;
  if (!json.at("blocks").is_array()) throw std::invalid_argument("blocks: expected an array");
  for (const StateJson& block : json.at("blocks")) state.blocks.push_back(block_fit_from(block));
  contents.trained = static_cast<std::size_t>(count_from(json.at("trained")));
  state.training.iteration = count_from(json.at("iteration"));
  state.seconds = json.at("seconds").get<double>();
  const Index since_best = count_from(json.at("since_best"));
  state.since_best = static_cast<int>(std::min<Index>(since_best, std::numeric_limits<int>::max()));
  const bool in_training = state.blocks.size() == contents.trained + 1;
  if (state.blocks.size() > most_blocks ||
      (!in_training && state.blocks.size() != contents.trained)) {
    throw std::invalid_argument("blocks: another number than trained");
  }
  return contents;
}

}  // namespace

std::string training_folder(const FitState& state) {
  if (!state.in_training()) return "";
  return fmt::format("training_{}_{}", state.blocks.size(), state.training.iteration);
}

std::vector<NamedBytes> fit_state_files(const FitState& state, std::size_t there) {
  std::vector<NamedBytes> files;
  for (std::size_t n = there; n < state.networks.size(); ++n) {
    add_files(files, block_folder(n), network_files(state.networks[n]));
  }
  if (state.in_training()) {
    const std::string folder = training_folder(state);
    add_files(files, folder, checkpoint_files(state.best.shape, state.training));
    add_files(files, folder + "/best", network_files(state.best));
  }
  StateJson blocks = StateJson::array();
  for (const BlockFit& fit : state.blocks) blocks.push_back(json_of(fit));
  const StateJson json = {{"schema", state_schema},
                          {"trained", state.networks.size()},
                          {"iteration", state.training.iteration},
                          {"since_best", state.since_best},
                          {"seconds", state.seconds},
                          {"blocks", blocks}};
  files.push_back({.name = "state.json", .bytes = json.dump(1) + "\n"});
  return files;
}

FitState load_fit_state(const std::string& folder, const InputLimits& limits) {
  const std::string file = folder + "/state.json";
  const std::string text = read_text_file(file, largest_state_bytes);
  const auto fail = [&file](const std::string& what) -> InputError {
    return InputError(fmt::format("{}:1: not a fit under way: {}", file, what));
  };
  Contents contents;
  try {
    contents = contents_from(StateJson::parse(text));
  } catch (const nlohmann::json::exception&) {
    throw fail("damaged, or something is missing");
  } catch (const std::invalid_argument& error) {
    throw fail(error.what());
  }
  FitState state = std::move(contents.state);
  for (std::size_t n = 0; n < contents.trained; ++n) {
    state.networks.push_back(load_network(folder + "/" + block_folder(n), limits));
  }
  if (!state.in_training()) return state;
  const std::string training = folder + "/" + training_folder(state);
  Checkpoint checkpoint = load_checkpoint(training, limits);
  state.best = load_network(training + "/best", limits);
  if (checkpoint.shape != state.best.shape ||
      checkpoint.state.iteration != state.training.iteration) {
    throw fail("the checkpoint of the block in training is another's");
  }
  state.training = std::move(checkpoint.state);
  return state;
}

}  // namespace flowcheck
