#pragma once

#include <string>

namespace flowcheck {

/// Path of a file that comes with the project, e.g. "ou_benchmark/ou_targets.csv". Looked for in
/// this order, the first that has it:
///
///   1. the directory named by the environment variable FLOWCHECK_DATA, and nowhere else if it is
///   set
///   2. ../share/flowcheck/data beside the running program's directory: the installed tree
///   3. data/ of the source tree the program was built from
///
/// @throws InputError  none has it
std::string data_file(const std::string& name);

}  // namespace flowcheck
