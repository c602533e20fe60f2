#include "fit_record.hpp"

#include "measures/input_file.hpp"
#include "report/run_info.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace flowcheck {
namespace {

Json json_of(const Estimate& estimate) {
  if (estimate.is_nan()) return nullptr;
  return {{"value", json_number(estimate.value)},
          {"lower", json_number(estimate.lower)},
          {"upper", json_number(estimate.upper)},
          {"grade", to_string(estimate.grade)},
          {"budget",
           {{"round_off", json_number(estimate.budget.round_off)},
            {"discretisation", json_number(estimate.budget.discretisation)},
            {"sampling", json_number(estimate.budget.sampling)}}}};
}

Json settings_json(const CommandLine& line) {
  const FitOptions& options = line.fit;
  Json steps = Json::array();
  for (const double step : block_step_sizes(options)) steps.push_back(json_number(step));
  Json settings = {{"method", to_string(options.method)},
                   {"scaling", to_string(options.scaling)},
                   {"split", {line.split.validation, line.split.test}},
                   {"hidden", options.hidden},
                   {"step_sizes", steps},
                   {"iterations", options.iterations},
                   {"batch", options.batch},
                   {"learning_rate", options.learning_rate},
                   {"average", options.average},
                   {"validation_criterion", to_string(options.selection)},
                   {"patience", options.patience},
                   {"seed", line.seed}};
  if (std::isfinite(line.time_limit)) settings["time_limit"] = line.time_limit;
  if (options.method != ModelMethod::jko) {
    settings["frequencies"] = options.frequencies;
    settings["highest_frequency"] = options.highest_frequency;
  }
  return settings;
}

Json data_json(const CommandLine& line, const FitData& data, const FitResult& fit) {
  return {{"file", line.first},
          {"columns", data.columns},
          {"train", data.split.train.cols()},
          {"validation", data.split.validation.cols()},
          {"test", data.split.test.cols()},
          {"log_determinant_of_scaling", json_number(fit.model.scaling.log_determinant)},
          {"notes", data.notes},
          {"warnings", data.warnings}};
}

Json mmd_json(const ModelEvaluation& evaluation) {
  const TwoSampleResult& mmd = evaluation.mmd;
  if (mmd.unbiased.is_nan()) return nullptr;
  return {{"kernel", "exp(-|x - y|^2/(2 s^2)), s the bandwidth; the square is given"},
          {"bandwidth", json_number(evaluation.mmd_bandwidth)},
          {"unbiased", json_of(mmd.unbiased)},
          {"biased", json_of(mmd.biased)},
          {"biased_floor_mean", json_number(mmd.floor_mean)},
          {"biased_floor_95", json_number(mmd.floor_95)}};
}

Json block_json(const BlockMeasurement& measured,
                const BlockFit& fit,
                const ModelBlock& block,
                const FitOptions& options) {
  const auto validation = [&](const char* when) {
    return fmt::format("{}_validation_{}", when, to_string(options.selection));
  };
  Json json = {{"step_size", json_number(block.step_size)},
               {"integrator_steps", block.steps},
               {"iterations", fit.iterations},
               {"best_iteration", fit.best_iteration},
               {validation("first"), json_number(fit.first_validation)},
               {validation("identity"), json_number(fit.identity_validation)},
               {validation("best"), json_number(fit.best_validation)},
               {"w2_moved", json_of(measured.moved)},
               {"kl_to_normal", json_of(measured.kl_to_normal)},
               {"nll_as_last", json_of(measured.nll_as_last)},
               {"lipschitz", json_of(measured.lipschitz)},
               {"inverse_lipschitz", json_of(measured.inverse_lipschitz)},
               {"round_trip_from_data", json_of(measured.data_round_trip)},
               {"round_trip_from_noise", json_of(measured.noise_round_trip)},
               {"inversion_error", json_of(measured.inversion_error)}};
  if (fit.out_of_time) json["out_of_time"] = true;
  if (fit.not_finite) json["not_finite"] = true;
  if (options.method == ModelMethod::jko) {
    json["squared_first_order_error"] = json_of(measured.squared_first_order_error);
    if (!measured.no_first_order_error.empty()) {
      json["first_order_error_not_measured"] = measured.no_first_order_error;
    }
  } else {
    json["regression_loss"] = json_of(measured.regression_loss);
    json["excess_loss"] = json_of(measured.excess_loss);
  }
  return json;
}

Json guarantees_json(const ModelEvaluation& evaluation) {
  Json all = Json::array();
  for (const Guarantee& guarantee : evaluation.guarantees) {
    Json json = {{"claim", guarantee.claim}, {"statement", guarantee.statement}};
    if (guarantee.not_evaluated.empty()) {
      json["bound"] = json_of(guarantee.bound);
    } else {
      json["not_evaluated"] = guarantee.not_evaluated;
    }
    all.push_back(json);
  }
  return all;
}

}  // namespace

std::string fit_settings_json(const CommandLine& line) {
  return json_text(settings_json(line));
}

std::string difference_of(const Json& begun, const Json& wanted) {
  for (const auto& [key, value] : wanted.items()) {
    if (!begun.contains(key)) return key;
    if (begun[key] == value) continue;
    if (key == "data") return "the data";
    return fmt::format("{} {}, here {}", key, begun[key].dump(), value.dump());
  }
  return "";
}

std::string difference_from_record(const std::string& file, const CommandLine& line) {
  constexpr std::uintmax_t largest_record = 1u << 26;
  const Json record = Json::parse(read_text_file(file, largest_record), nullptr, false);
  if (!record.is_object() || !record.contains("settings") || !record.contains("data")) {
    return "what it is of cannot be read";
  }
  const std::string data = difference_of(record["data"], {{"file", line.first}});
  return data.empty() ? difference_of(record["settings"], settings_json(line)) : data;
}

std::string fit_record_json(const CommandLine& line,
                            const FitData& data,
                            const FitResult& fit,
                            const ModelEvaluation& evaluation) {
  Json blocks = Json::array();
  for (std::size_t n = 0; n < evaluation.blocks.size(); ++n) {
    blocks.push_back(
        block_json(evaluation.blocks[n], fit.blocks[n], fit.model.blocks[n], line.fit));
  }
  Json settings = settings_json(line);
  if (line.fit.selection == Selection::loss) {
    settings["validation_draws"] = validation_draws(line.fit, data.split.validation.cols());
  }
  return json_text({{"schema", "flowcheck.fit/2"},
                    {"version", version()},
                    {"settings", settings},
                    {"data", data_json(line, data, fit)},
                    {"units", "nats; densities in the data's own units"},
                    {"test_nll", json_of(evaluation.test_nll)},
                    {"gaussian_nll", json_of(evaluation.gaussian_nll)},
                    {"nll_difference", json_of(evaluation.nll_difference)},
                    {"entropy", json_of(evaluation.entropy)},
                    {"entropy_gap", json_of(evaluation.entropy_gap)},
                    {"mmd", mmd_json(evaluation)},
                    {"blocks", blocks},
                    {"guarantees", guarantees_json(evaluation)}});
}

std::string logpdf_record_json(const CommandLine& line,
                               Index count,
                               const Estimate& nll,
                               const std::string& why_none) {
  Json record = {{"schema", "flowcheck.logpdf/1"},
                 {"model", line.first},
                 {"data", line.second},
                 {"points", count},
                 {"nll", json_of(nll)}};
  if (!why_none.empty()) record["not_evaluated"] = why_none;
  return json_text(record);
}

}  // namespace flowcheck
