#include "report/experiment_folder.hpp"

#include "report/atomic_file.hpp"
#include "report/figure.hpp"
#include "report/run_info.hpp"
#include "report/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flowcheck {

std::string run_command(const Experiment& experiment,
                        const PreparedRun& prepared,
                        const RunContext& context) {
  std::string command = fmt::format("flowcheck run {} --scale {} --seed {}", experiment.name,
                                    to_string(context.scale), context.seed);
  const auto defaults = settings_of(experiment.prepare(context.scale).options);
  for (const auto& setting : settings_of(prepared.options)) {
    if (std::find(defaults.begin(), defaults.end(), setting) != defaults.end()) continue;
    std::string value = setting.second;  // [1,2] is 1,2 on the command line
    value.erase(
        std::remove_if(value.begin(), value.end(), [](char c) { return c == '[' || c == ']'; }),
        value.end());
    command += fmt::format(" --{} {}", setting.first, value);
  }
  return command;
}

Manifest write_experiment_folder(const std::string& out,
                                 const Experiment& experiment,
                                 const PreparedRun& prepared,
                                 const RunContext& context,
                                 const RunRecord& record) {
  const std::string data = record.csv();
  const Figure figure = draw_figure(data, experiment.figure);
  const Manifest manifest{.experiment = experiment.name,
                          .question = experiment.question,
                          .claims = experiment.claims,
                          .version = version(),
                          .seed = context.seed,
                          .scale = context.scale,
                          .command = run_command(experiment, prepared, context),
                          .settings = settings_of(prepared.options),
                          .verdict = record.verdict(),
                          .relative_tolerance = experiment.relative_tolerance,
                          .absolute_tolerance = experiment.absolute_tolerance,
                          .files = {{"data.csv", sha256(data)},
                                    {"figure.gp", sha256(figure.script)},
                                    {"figure.svg", sha256(figure.svg)},
                                    {"figure.pdf", sha256(figure.pdf)}}};
  const std::string run_info = run_info_json();

  const std::string folder = out + "/" + experiment.name + "/";
  write_file(folder + "data.csv", data);
  write_file(folder + "figure.gp", figure.script);
  write_file(folder + "figure.svg", figure.svg);
  write_file(folder + "figure.pdf", figure.pdf);
  write_file(folder + "runinfo.json", run_info);
  write_file(folder + "manifest.json", manifest_json(manifest));  // last: it vouches for the others
  return manifest;
}

}  // namespace flowcheck
