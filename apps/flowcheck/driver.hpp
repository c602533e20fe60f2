#pragma once

#include "claims/claim.hpp"
#include "report/experiment.hpp"

#include <string>
#include <vector>

namespace flowcheck {

/// The whole program: reads the command line, does what it asks with the claims and experiments
/// given, and returns the exit code.
///
/// @param prefix  words put before the caller's own: {"check"} makes proofs-check of it
int run_driver(int argc,
               const char* const* argv,
               const std::vector<Claim>& claims,
               const std::vector<Experiment>& experiments,
               const std::vector<std::string>& prefix = {});

}  // namespace flowcheck
