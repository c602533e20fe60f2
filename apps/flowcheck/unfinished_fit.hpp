#pragma once

#include "command_line.hpp"
#include "fit_data.hpp"
#include "learning/fit_model.hpp"

#include <cstddef>
#include <string>

namespace flowcheck {

/// A fit that was begun and did not come to its end, in OUT/unfinished/: fit.json with what was
/// asked for and the SHA-256 of the points, and what fit_state_files() writes. The same command
/// goes on from there.
class UnfinishedFit {
 public:
  /// Reads what an earlier run left, or drops it if the command line asks for a restart.
  /// @throws InputError  it is of other settings or data, or damaged
  UnfinishedFit(const CommandLine& line, const FitData& data);

  const FitState& state() const { return state_; }  ///< where it goes on, or nothing

  /// Whole or not at all; a trained block's network once. @throws OutputError  it cannot be written
  void save(const FitState& state);
  void remove() const;

 private:
  std::string folder_;  // in it
  std::string asked_for_;
  FitState state_ = {};
  std::size_t networks_there_ = 0;
};

}  // namespace flowcheck
