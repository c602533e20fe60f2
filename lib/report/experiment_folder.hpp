#pragma once

#include "report/experiment.hpp"
#include "report/manifest.hpp"

#include <string>

namespace flowcheck {

/// Writes a finished run into OUT/<experiment>/: data.csv, figure.gp, figure.svg, figure.pdf,
/// manifest.json and runinfo.json. Everything is made before the first file is replaced, and each
/// file is whole or as it was.
///
/// @param prepared  as it was run, for its settings
/// @throws OutputError         nothing can be written there
/// @throws std::runtime_error  the figure cannot be drawn
Manifest write_experiment_folder(const std::string& out,
                                 const Experiment& experiment,
                                 const PreparedRun& prepared,
                                 const RunContext& context,
                                 const RunRecord& record);

/// The call that repeats a run: the settings that differ from the scale's defaults are spelled out.
std::string run_command(const Experiment& experiment,
                        const PreparedRun& prepared,
                        const RunContext& context);

}  // namespace flowcheck
