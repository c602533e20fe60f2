#include "learning/flow_model.hpp"

#include "learning/model_evaluation.hpp"
#include "learning/model_file.hpp"
#include "numerics/rng.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <cmath>
#include <filesystem>
#include <fstream>

namespace flowcheck::flow_model_test {

namespace {

// v(x) = diag(a) x exactly: σ(h) − σ(−h) = h for SiLU.
VelocityNetwork linear_field(const Vector& a) {
  const Index d = a.size();
  VelocityNetwork network{.shape = {.dimension = d, .widths = {2 * d}, .time_input = false}};
  network.parameters = Vector::Zero(parameter_count(network.shape));
  const std::vector<NetworkLayer> layers = network_layers(network.shape);
  for (Index k = 0; k < d; ++k) {
    network.parameters(layers[0].weights + k * 2 * d + k) = 1.0;
    network.parameters(layers[0].weights + k * 2 * d + d + k) = -1.0;
    network.parameters(layers[1].weights + k * d + k) = a(k);
    network.parameters(layers[1].weights + (d + k) * d + k) = -a(k);
  }
  return network;
}

DataScaling shift_and_halve() {
  return scaling_by({.linear = 0.5 * Matrix::Identity(2, 2), .offset = Vector::Constant(2, 1.0)});
}

FlowModel linear_model() {
  const Vector first = (Vector(2) << 0.7, -0.4).finished();
  const Vector second = (Vector(2) << -0.2, 0.3).finished();
  return {.scaling = shift_and_halve(),
          .columns = {"x", "y"},
          .blocks = {{.network = linear_field(first), .step_size = 0.5, .steps = 8},
                     {.network = linear_field(second), .steps = 8, .time_power = 2.0}}};
}

// A field with waves in it, and with time.
FlowModel wavy_model(std::uint64_t seed = 1) {
  Rng rng(seed);
  const NetworkShape shape{
      .dimension = 2, .widths = {16, 16}, .frequencies = 6, .highest_frequency = 2.0};
  return {
      .scaling = shift_and_halve(),
      .columns = {"x", "y"},
      .blocks = {{.network = initial_network(shape, rng, 0.7), .steps = 16, .time_power = 1.5}}};
}

// ∫ p by the trapezoidal rule, which is exact beyond any order for what decays at the edge.
double integral(const std::function<Vector(const Matrix&)>& log_density) {
  constexpr Index n = 80;
  constexpr double half_width = 12.0;
  constexpr double step = 2.0 * half_width / n;
  Matrix points(2, n * n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      points.col(i * n + j) << -2.0 - half_width + step * static_cast<double>(i),
          -2.0 - half_width + step * static_cast<double>(j);
    }
  }
  return log_density(points).array().exp().sum() * step * step;
}

void write(const std::string& folder, const FlowModel& model) {
  for (const NamedBytes& file : model_files(model)) {
    const std::filesystem::path path = folder + "/" + file.name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << file.bytes;
  }
}

class ModelFolder {
 public:
  ModelFolder()
      : path_((std::filesystem::temp_directory_path() / "flowcheck_model_XXXXXX").string()) {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;
  ~ModelFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("the density of linear blocks is the Gaussian they make", "[learning][exact]") {
  const FlowModel model = linear_model();
  Rng rng(5);
  const Matrix points = rng.normal_matrix(2, 50);
  // T(x) = e^{a}(x/2 + 1), a the sum of both: q_0 = N(−2, 4 e^{−2a}).
  const Vector a = (Vector(2) << 0.5, -0.1).finished();
  const Gaussian expected(Vector::Constant(2, -2.0),
                          Matrix((4.0 * (-2.0 * a).array().exp()).matrix().asDiagonal()));
  const Vector exact = log_densities(expected, points);
  const double coarse = (log_densities(model, points) - exact).cwiseAbs().maxCoeff();
  const double fine = (log_densities(model, points, 2) - exact).cwiseAbs().maxCoeff();
  CHECK(coarse < 1e-4);
  CHECK(coarse / fine == Approx(16.0).epsilon(0.2));
}

TEST_CASE("the density of a model integrates to one", "[learning][exact]") {
  const FlowModel model = wavy_model();
  CHECK(integral([&](const Matrix& x) { return log_densities(model, x); }) ==
        Approx(1.0).epsilon(1e-3));
}

TEST_CASE("with the divergence's sign turned the density does not integrate to one",
          "[learning][control]") {
  const FlowModel model = wavy_model();
  const double wrong = integral([&](const Matrix& x) {
    const PushedPoints pushed = push_block(model.blocks[0], model.scaling.to_model(x), true);
    return Vector(
        (standard_normal_log_densities(pushed.points) - pushed.divergence_integral).array() +
        model.scaling.log_determinant);
  });
  CHECK(std::abs(wrong - 1.0) > 0.05);
}

TEST_CASE("a sample pushed back to the noise is the noise it was made of", "[learning][property]") {
  const FlowModel model = GENERATE(linear_model(), wavy_model());
  Rng rng(9);
  const Matrix noise = rng.normal_matrix(2, 700);  // more than one chunk
  const double coarse = (push(model, pull(model, noise)) - noise).cwiseAbs().maxCoeff();
  CHECK(coarse < 1e-2);
  FlowModel finer = model;
  for (ModelBlock& block : finer.blocks) block.steps *= 4;
  CHECK((push(finer, pull(finer, noise)) - noise).cwiseAbs().maxCoeff() < coarse / 50.0);
}

TEST_CASE("a model moves points the same on one thread and on several", "[learning][property]") {
  const FlowModel model = wavy_model();
  Rng rng(2);
  const Matrix points = rng.normal_matrix(2, 1500);
  const Vector several = log_densities(model, points);
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(log_densities(model, points) == several);
  CHECK(log_densities(model, points.leftCols(3)) == several.head(3));
}

TEST_CASE("the mean of −log p has the integrator's error in its enclosure",
          "[learning][property]") {
  FlowModel model = linear_model();
  model.blocks[0].steps = 1;
  Rng rng(4);
  const Matrix points = rng.normal_matrix(2, 300);
  const Estimate nll = mean_nll(model, points, log_densities(model, points));
  const double difference = (log_densities(model, points, 8) - log_densities(model, points)).mean();
  CHECK(nll.budget.discretisation >= std::abs(difference) * 0.9);
  CHECK(nll.budget.sampling > 0.0);
  CHECK(nll.grade == Grade::statistical);
}

TEST_CASE("a model read again is the model that was written", "[learning][property]") {
  const ModelFolder folder;
  FlowModel model = wavy_model();
  model.blocks.push_back(linear_model().blocks[0]);
  model.method = ModelMethod::lfm;
  write(folder.path(), model);
  const FlowModel read = load_model(folder.path());
  Rng rng(1);
  const Matrix points = rng.normal_matrix(2, 20);
  CHECK(log_densities(read, points) == log_densities(model, points));
  CHECK(read.method == ModelMethod::lfm);
  CHECK(read.columns == model.columns);
  CHECK(read.blocks[0].step_size == infinity);
  CHECK(read.blocks[1].step_size == 0.5);
}

TEST_CASE("a damaged model is refused in one line", "[learning][precondition]") {
  const ModelFolder folder;
  write(folder.path(), linear_model());
  CHECK_THROWS_AS(load_model(folder.path() + "/nowhere"), InputError);
  const std::string file = folder.path() + "/model.json";
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  in.close();
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string copy = text;
    const std::size_t at = copy.find(from);
    REQUIRE(at != std::string::npos);
    copy.replace(at, from.size(), to);
    std::ofstream(file) << copy;
    try {
      static_cast<void>(load_model(folder.path()));
    } catch (const InputError& error) {
      return std::string(error.what()).find('\n') == std::string::npos;
    }
    return false;
  };
  CHECK(changed("\"schema\"", "\"scheme\""));
  CHECK(changed("\"fm\"", "\"gan\""));
  CHECK(changed("\"steps\": 8", "\"steps\": 0"));
  CHECK(changed("\"steps\": 8", "\"steps\": 1e99"));
  CHECK(changed("0.5,", "\"half\","));
  CHECK(changed("\"y\"", "\"y\", \"z\""));
  CHECK(changed("{", ""));
  std::ofstream(file) << text;
  std::filesystem::remove(folder.path() + "/block_2/parameters.npy");
  CHECK_THROWS_AS(load_model(folder.path()), InputError);
}

}  // namespace flowcheck::flow_model_test
