#include "learning/network_file.hpp"

#include "measures/npy.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace flowcheck::network_file_test {

namespace {

using Catch::Matchers::Contains;

// A folder that is gone afterwards.
class NetworkFolder {
 public:
  explicit NetworkFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("flowcheck_network_" + name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  NetworkFolder(const NetworkFolder&) = delete;
  NetworkFolder& operator=(const NetworkFolder&) = delete;
  NetworkFolder(NetworkFolder&&) = delete;
  NetworkFolder& operator=(NetworkFolder&&) = delete;
  ~NetworkFolder() { std::filesystem::remove_all(path_); }

  std::string path() const { return path_.string(); }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }
  void write(const std::vector<NamedBytes>& files) const {
    for (const NamedBytes& file : files) write(file.name, file.bytes);
  }
  void remove(const std::string& name) const { std::filesystem::remove(path_ / name); }

 private:
  std::filesystem::path path_;
};

VelocityNetwork a_network() {
  Rng rng(51);
  return initial_network({.dimension = 2,
                          .widths = {3, 3},
                          .time_input = false,
                          .residual = true,
                          .activation = Activation::softplus,
                          .beta = 20.1},
                         rng);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t place = text.find(what);
  REQUIRE(place != std::string::npos);
  return text.replace(place, what.size(), by);
}

}  // namespace

TEST_CASE("a network comes back from its folder to the last bit", "[learning][exact]") {
  const NetworkFolder folder("round_trip");
  const VelocityNetwork network = a_network();
  folder.write(network_files(network));
  const VelocityNetwork read = load_network(folder.path());
  CHECK(read.shape == network.shape);
  CHECK(read.parameters == network.parameters);
}

TEST_CASE("a training goes on from its files with the same bytes", "[learning][exact]") {
  const NetworkFolder folder("checkpoint");
  const VelocityNetwork start = a_network();
  const TrainingOptions options{
      .adam = {.average = 0.9}, .iterations = 5, .batch = 8, .report_interval = 3};
  const TrainingResult whole = train_jko_block(
      start, standard_normal_draws(), {.steps = 1}, options, {},
      [&](const TrainingState& state) { folder.write(checkpoint_files(start.shape, state)); });
  const Checkpoint checkpoint = load_checkpoint(folder.path());
  CHECK(checkpoint.state.iteration == 3);
  const TrainingResult rest =
      train_jko_block({.shape = checkpoint.shape, .parameters = checkpoint.state.parameters},
                      standard_normal_draws(), {.steps = 1}, options, checkpoint.state);
  CHECK(rest.state.parameters == whole.state.parameters);
  CHECK(rest.state.second_moment == whole.state.second_moment);
  CHECK(rest.network.parameters == whole.network.parameters);
  CHECK(rest.state.smoothed_loss == whole.state.smoothed_loss);
  CHECK(load_network(folder.path()).parameters == checkpoint.state.parameters);
}

TEST_CASE("a damaged header is refused in one line", "[learning][precondition]") {
  const std::string good = network_header(a_network().shape);
  const auto refused = [](const std::string& text, const std::string& because) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_network_header(text, "x.json"),
                      Contains("x.json:1: ") && Contains(because) && !Contains("\n"));
  };
  refused("", "not JSON");
  refused("[]", "schema");
  refused(replaced(good, "20.1", "1e999"), "not JSON");
  refused(replaced(good, "network/1", "network/2"), "schema");
  refused(replaced(good, "\"dimension\": 2", "\"dimension\": 0"), "dimension");
  refused(replaced(good, "\"dimension\": 2", "\"dimension\": 2.5"), "dimension");
  refused(replaced(good, "\"dimension\": 2", "\"dimension\": 18446744073709551615"), "dimension");
  refused(replaced(good, "\"dimension\": 2", "\"dimension\": 1000000000000"), "dimension");
  refused(replaced(good, "\"beta\": 20.1", "\"beta\": -1"), "beta");
  refused(replaced(good, "\"beta\": 20.1", "\"beta\": \"20\""), "beta");
  refused(replaced(good, "softplus", "relu"), "activation");
  refused(replaced(good, "\"residual\": true", "\"residual\": 1"), "residual");
  refused(replaced(good, "\"residual\"", "\"beta\""), "twice");
  refused(replaced(good, "\"time_input\"", "\"time\""), "time_input is missing");
  refused(replaced(good, "\"parameters\": ", "\"parameters\": 1"), "parameters");
  refused(replaced(good, "\"parameters\": ", "\"deep\": [[[1]]], \"parameters\": "), "nested");
}

TEST_CASE("widths that claim too much are refused before memory is taken",
          "[learning][precondition]") {
  const std::string good = network_header({.dimension = 2, .widths = {7, 7}});
  const std::string wide = replaced(replaced(good, "7", "16384"), "7", "16384");
  CHECK_THROWS_WITH(parse_network_header(wide, "x.json"), Contains("parameters, at most"));
  CHECK_THROWS_WITH(parse_network_header(replaced(good, "7", "16385"), "x.json"),
                    Contains("widths"));
}

TEST_CASE("a folder with missing or damaged tensors is refused", "[learning][precondition]") {
  const NetworkFolder folder("damaged");
  CHECK_THROWS_AS(load_network(folder.path()), InputError);
  const VelocityNetwork network = a_network();
  folder.write(network_files(network));
  CHECK_THROWS_AS(load_checkpoint(folder.path()), InputError);  // it has no iteration
  folder.write("parameters.npy", npy_bytes(Matrix::Zero(1, 5)));
  CHECK_THROWS_WITH(load_network(folder.path()), Contains("parameters.npy:1: "));
  Vector parameters = network.parameters;
  folder.write("parameters.npy", npy_bytes(parameters));
  CHECK_THROWS_WITH(load_network(folder.path()), Contains("parameters.npy:1: "));
  parameters[3] = infinity;
  folder.write("parameters.npy", npy_bytes(parameters.transpose()));
  CHECK_THROWS_WITH(load_network(folder.path()), Contains("not finite"));
  folder.remove("parameters.npy");
  CHECK_THROWS_AS(load_network(folder.path()), InputError);
}

}  // namespace flowcheck::network_file_test
