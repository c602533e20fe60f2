#include "learning/network_file.hpp"

#include "measures/npy.hpp"
#include "numerics/require.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <set>

namespace flowcheck {
namespace {

using NetworkJson = nlohmann::ordered_json;

constexpr std::string_view network_schema = "flowcheck.network/1";
constexpr std::string_view header_name = "network.json";
constexpr std::uintmax_t largest_header_bytes = 1u << 16;
constexpr Index largest_width = 1 << 14;
constexpr std::size_t most_layers = 64;

NetworkJson shape_header(const NetworkShape& shape) {
  require_network_shape(shape);
  return {{"schema", network_schema},
          {"dimension", shape.dimension},
          {"widths", shape.widths},
          {"time_input", shape.time_input},
          {"residual", shape.residual},
          {"activation", to_string(shape.activation)},
          {"beta", shape.beta},
          {"frequencies", shape.frequencies},
          {"highest_frequency", shape.highest_frequency},
          {"parameters", parameter_count(shape)}};
}

std::string header_text(const NetworkJson& header) {
  return header.dump(1) + "\n";
}

// One file's header, as the reader sees it.
class NetworkHeaderReader {
 public:
  NetworkHeaderReader(std::string_view text, const std::string& name) : name_(name) {
    const auto watch = [this](int depth, NetworkJson::parse_event_t event, NetworkJson& parsed) {
      if (depth > 2) fail("nested deeper than a network's header");
      if (event == NetworkJson::parse_event_t::key &&
          !keys_.insert(parsed.get_ref<const std::string&>()).second) {
        fail("the key " + shown(parsed.get_ref<const std::string&>()) + " is there twice");
      }
      return true;
    };
    try {
      header_ = NetworkJson::parse(text.begin(), text.end(), watch);
    } catch (const NetworkJson::exception&) {  // also a number that no double holds
      fail("not JSON");
    }
    if (!header_.is_object() || !header_.contains("schema") ||
        header_["schema"] != network_schema) {
      fail(fmt::format("expected \"schema\": \"{}\"", network_schema));
    }
  }

  NetworkShape shape(const InputLimits& limits) const {
    NetworkShape shape{.dimension = whole("dimension", 1, limits.dimension), .widths = {}};
    const NetworkJson& widths = at("widths");
    if (!widths.is_array() || widths.empty() || widths.size() > most_layers) {
      fail(fmt::format("widths: expected 1 to {} of them", most_layers));
    }
    for (const NetworkJson& width : widths) {
      shape.widths.push_back(whole_of(width, "widths", 1, largest_width));
    }
    shape.time_input = boolean("time_input");
    shape.residual = boolean("residual");
    const NetworkJson& activation = at("activation");
    if (activation != "silu" && activation != "softplus") {
      fail("activation: expected \"silu\" or \"softplus\"");
    }
    shape.activation = activation == "silu" ? Activation::silu : Activation::softplus;
    shape.beta = number("beta");
    shape.frequencies = whole("frequencies", 0, largest_width);
    shape.highest_frequency = number("highest_frequency");
    try {
      require_network_shape(shape);
    } catch (const std::invalid_argument& error) {
      fail(error.what());
    }
    const Index count = parameter_count(shape);
    if (static_cast<std::uintmax_t>(count) > limits.values) {
      fail(fmt::format("{} parameters, at most {} are read", count, limits.values));
    }
    if (whole("parameters", 0, count) != count) {
      fail(fmt::format("parameters: this shape has {}", count));
    }
    return shape;
  }

  Index whole(const char* key, Index least, Index most) const {
    return whole_of(at(key), key, least, most);
  }
  double number(const char* key) const {
    const NetworkJson& value = at(key);
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      fail(fmt::format("{}: expected a number", key));
    }
    return value.get<double>();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}:1: header of a network: {}", name_, what));
  }
  const NetworkJson& at(const char* key) const {
    if (!header_.contains(key)) fail(fmt::format("{} is missing", key));
    return header_[key];
  }
  bool boolean(const char* key) const {
    if (!at(key).is_boolean()) fail(fmt::format("{}: expected true or false", key));
    return at(key).get<bool>();
  }
  Index whole_of(const NetworkJson& value, const char* key, Index least, Index most) const {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)) &&
                      value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most;
    if (!fits) fail(fmt::format("{}: expected a whole number from {} to {}", key, least, most));
    return static_cast<Index>(value.get<std::int64_t>());
  }

  std::string name_;
  std::set<std::string> keys_ = {};
  NetworkJson header_ = {};
};

NamedBytes tensor_file(const std::string& name, const Vector& values) {
  return {.name = name + ".npy", .bytes = npy_bytes(values.transpose())};
}

// `count` finite numbers, or, where the file may be left out, none.
Vector read_tensor(const std::string& path, Index count) {
  const std::uintmax_t bytes = 8 * static_cast<std::uintmax_t>(count) + 4096;
  const InputLimits limits{.values = static_cast<std::uintmax_t>(count)};
  const Matrix read = parse_npy(read_text_file(path, bytes), path, limits);
  if (read.rows() != 1 || read.cols() != count) {
    throw InputError(fmt::format("{}:1: {} × {} numbers; the network's header says {}", path,
                                 read.cols(), read.rows(), count));
  }
  if (!read.allFinite()) throw InputError(fmt::format("{}:1: a number is not finite", path));
  return read.transpose();
}

}  // namespace

std::string network_header(const NetworkShape& shape) {
  return header_text(shape_header(shape));
}

NetworkShape parse_network_header(std::string_view text,
                                  const std::string& name,
                                  const InputLimits& limits) {
  return NetworkHeaderReader(text, name).shape(limits);
}

std::vector<NamedBytes> network_files(const VelocityNetwork& network) {
  require(network.parameters.size() == parameter_count(network.shape),
          "network_files: the number of parameters does not fit the shape");
  return {{.name = std::string(header_name), .bytes = network_header(network.shape)},
          tensor_file("parameters", network.parameters)};
}

std::vector<NamedBytes> checkpoint_files(const NetworkShape& shape, const TrainingState& state) {
  const Index count = parameter_count(shape);
  require(state.parameters.size() == count && state.first_moment.size() == count &&
              state.second_moment.size() == count,
          "checkpoint_files: the state does not fit the shape");
  NetworkJson header = shape_header(shape);
  header["iteration"] = state.iteration;
  header["average"] = state.average.size() > 0 ? 1 : 0;
  header["loss"] = state.loss;
  header["smoothed_loss"] = state.smoothed_loss;
  std::vector<NamedBytes> files = {{.name = std::string(header_name), .bytes = header_text(header)},
                                   tensor_file("parameters", state.parameters),
                                   tensor_file("first_moment", state.first_moment),
                                   tensor_file("second_moment", state.second_moment)};
  if (state.average.size() > 0) files.push_back(tensor_file("average", state.average));
  return files;
}

VelocityNetwork load_network(const std::string& folder, const InputLimits& limits) {
  const std::string path = folder + "/" + std::string(header_name);
  const NetworkShape shape =
      parse_network_header(read_text_file(path, largest_header_bytes), path, limits);
  return {.shape = shape,
          .parameters = read_tensor(folder + "/parameters.npy", parameter_count(shape))};
}

Checkpoint load_checkpoint(const std::string& folder, const InputLimits& limits) {
  const std::string path = folder + "/" + std::string(header_name);
  const std::string text = read_text_file(path, largest_header_bytes);
  const NetworkHeaderReader header(text, path);
  Checkpoint checkpoint{.shape = header.shape(limits), .state = {}};
  TrainingState& state = checkpoint.state;
  state.iteration = header.whole("iteration", 0, std::numeric_limits<Index>::max());
  state.loss = header.number("loss");
  state.smoothed_loss = header.number("smoothed_loss");
  const Index count = parameter_count(checkpoint.shape);
  state.parameters = read_tensor(folder + "/parameters.npy", count);
  state.first_moment = read_tensor(folder + "/first_moment.npy", count);
  state.second_moment = read_tensor(folder + "/second_moment.npy", count);
  if (header.whole("average", 0, 1) == 1)
    state.average = read_tensor(folder + "/average.npy", count);
  return checkpoint;
}

}  // namespace flowcheck
