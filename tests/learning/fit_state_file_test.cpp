#include "learning/fit_state_file.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace flowcheck::fit_state_file_test {

namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

// A folder that is gone afterwards.
class StateFolder {
 public:
  explicit StateFolder(const std::string& name)
      : path_(fs::temp_directory_path() / ("flowcheck_fit_state_" + name)) {
    fs::remove_all(path_);
  }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  StateFolder(StateFolder&&) = delete;
  StateFolder& operator=(StateFolder&&) = delete;
  ~StateFolder() { fs::remove_all(path_); }

  std::string path() const { return path_.string(); }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path_ / name, std::ios::binary).rdbuf();
    return text.str();
  }
  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }
  void write(const FitState& state) const {
    for (const NamedBytes& file : fit_state_files(state)) write(file.name, file.bytes);
  }
  void remove(const std::string& name) const { fs::remove_all(path_ / name); }

 private:
  fs::path path_;
};

// Two trained blocks and a third in training, with numbers that a decimal would lose.
FitState a_state() {
  Rng rng(7);
  const NetworkShape shape{.dimension = 2, .widths = {3, 3}, .frequencies = 2};
  const auto network = [&] { return initial_network(shape, rng); };
  FitState state{
      .networks = {network(), network()}, .best = network(), .since_best = 3, .seconds = 2.5};
  const double third = 1.0 / 3.0;
  state.blocks = {
      {.iterations = 10, .first_validation = third, .best_iteration = 5},
      {.first_validation = infinity,
       .identity_validation = std::numeric_limits<double>::quiet_NaN(),
       .train_loss = -infinity,
       .out_of_time = true,
       .not_finite = true},
      {.best_validation = -third, .first_train_loss = third, .last_train_loss = -third}};
  const Index count = parameter_count(shape);
  state.training = {.iteration = 40,
                    .parameters = rng.normal_vector(count),
                    .first_moment = rng.normal_vector(count),
                    .second_moment = rng.normal_vector(count),
                    .average = rng.normal_vector(count),
                    .loss = third,
                    .smoothed_loss = -third};
  return state;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t place = text.find(what);
  REQUIRE(place != std::string::npos);
  return text.replace(place, what.size(), by);
}

}  // namespace

TEST_CASE("a fit under way comes back from its folder to the last bit", "[learning][exact]") {
  const StateFolder folder("round_trip");
  const FitState state = a_state();
  folder.write(state);
  const FitState read = load_fit_state(folder.path());
  REQUIRE(read.networks.size() == 2);
  CHECK(read.networks[1].shape == state.networks[1].shape);
  CHECK(read.networks[1].parameters == state.networks[1].parameters);
  CHECK(read.best.parameters == state.best.parameters);
  CHECK(read.since_best == 3);
  CHECK(read.seconds == 2.5);
  CHECK(read.training.iteration == 40);
  CHECK(read.training.average == state.training.average);
  CHECK(read.training.second_moment == state.training.second_moment);
  CHECK(read.training.smoothed_loss == state.training.smoothed_loss);
  REQUIRE(read.blocks.size() == 3);
  CHECK(read.blocks[0].first_validation == state.blocks[0].first_validation);
  CHECK(read.blocks[0].best_iteration == 5);
  CHECK(read.blocks[1].first_validation == infinity);
  CHECK(std::isnan(read.blocks[1].identity_validation));
  CHECK(read.blocks[1].train_loss == -infinity);
  CHECK(read.blocks[1].out_of_time);
  CHECK(read.blocks[1].not_finite);
  CHECK_FALSE(read.blocks[0].not_finite);
  CHECK_FALSE(read.blocks[0].out_of_time);
  CHECK(read.blocks[2].best_validation == state.blocks[2].best_validation);
  CHECK(read.blocks[2].first_train_loss == state.blocks[2].first_train_loss);
  CHECK(read.blocks[2].last_train_loss == state.blocks[2].last_train_loss);
}

TEST_CASE("a later state takes the place of an earlier one only by its last file",
          "[learning][property]") {
  const StateFolder folder("order");
  const FitState before = a_state();
  folder.write(before);
  FitState after = before;
  after.training.iteration = 80;
  after.training.parameters.setOnes();
  after.best.parameters.setZero();
  std::vector<NamedBytes> files = fit_state_files(after);
  REQUIRE(files.back().name == "state.json");
  const NamedBytes last = files.back();
  files.pop_back();
  for (const NamedBytes& file : files) folder.write(file.name, file.bytes);
  CHECK(load_fit_state(folder.path()).training.parameters == before.training.parameters);
  CHECK(load_fit_state(folder.path()).best.parameters == before.best.parameters);
  folder.write(last.name, last.bytes);
  CHECK(load_fit_state(folder.path()).training.parameters == after.training.parameters);
}

TEST_CASE("blocks are an array", "[learning][precondition]") {
  const StateFolder folder("object");
  FitState state = a_state();
  state.networks.clear();
  state.blocks.resize(1);
  folder.write(state);
  REQUIRE_NOTHROW(load_fit_state(folder.path()));
  std::string text = replaced(folder.read("state.json"), "\"blocks\": [", "\"blocks\": {\"a\": ");
  text[text.rfind(']')] = '}';
  folder.write("state.json", text);
  CHECK_THROWS_WITH(load_fit_state(folder.path()), Contains("blocks: expected an array"));
}

TEST_CASE("the network of a trained block is written once", "[learning][exact]") {
  const auto names = [](std::size_t there) {
    std::string all;
    for (const NamedBytes& file : fit_state_files(a_state(), there)) all += file.name + "\n";
    return all;
  };
  CHECK_THAT(names(0), Contains("block_1/") && Contains("block_2/"));
  CHECK_THAT(names(1), !Contains("block_1/") && Contains("block_2/") && Contains("state.json"));
  CHECK_THAT(names(2), !Contains("block_") && Contains("training_3_40/best/"));
}

TEST_CASE("a state between two blocks has no block in training", "[learning][exact]") {
  const StateFolder folder("between");
  FitState state = a_state();
  state.blocks.pop_back();
  CHECK(training_folder(state).empty());
  folder.write(state);
  const FitState read = load_fit_state(folder.path());
  CHECK_FALSE(read.in_training());
  CHECK(read.blocks.size() == 2);
}

TEST_CASE("a damaged state is refused in one line", "[learning][precondition]") {
  const StateFolder folder("damaged");
  CHECK_THROWS_AS(load_fit_state(folder.path()), InputError);
  folder.write(a_state());
  const std::string good = folder.read("state.json");
  const auto refused = [&](const std::string& text) {
    CAPTURE(text);
    folder.write("state.json", text);
    CHECK_THROWS_WITH(load_fit_state(folder.path()), Contains("state.json:1: ") && !Contains("\n"));
  };
  refused("");
  refused("[]");
  refused(replaced(good, "fit_state/3", "fit_state/2"));  // what an earlier program left
  refused(replaced(good, "\"trained\": 2", "\"trained\": 1"));
  refused(replaced(good, "\"trained\": 2", "\"trained\": -2"));
  refused(replaced(good, "\"trained\": 2", "\"trained\": 18446744073709551615"));
  refused(replaced(good, "\"nan\"", "\"none\""));
  refused(replaced(good, "\"since_best\"", "\"since\""));
  folder.write("state.json", good);
  REQUIRE_NOTHROW(load_fit_state(folder.path()));
  folder.write("training_3_40/network.json",
               replaced(folder.read("training_3_40/network.json"), "40", "41"));
  CHECK_THROWS_WITH(load_fit_state(folder.path()), Contains("another's"));
  folder.remove("training_3_40");
  CHECK_THROWS_AS(load_fit_state(folder.path()), InputError);
}

}  // namespace flowcheck::fit_state_file_test
