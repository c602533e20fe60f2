#pragma once

#include <string>

namespace flowcheck {

/// The project's version, "0.1.0".
std::string version();

/// Where and with what a run was made, as JSON: commit, compiler, flags, library versions,
/// processor, host, time. What differs from build to build and run to run goes here and nowhere
/// else.
std::string run_info_json();

}  // namespace flowcheck
