#pragma once

#include <iosfwd>
#include <mutex>
#include <string>

namespace flowcheck {

/// How progress is shown.
enum class ProgressStyle {
  none,
  lines,  ///< a line for each note and each tenth, for logs
  bar,    ///< one line that is drawn over, for a terminal
};

/// A bar where standard error is a terminal, lines elsewhere, nothing if `quiet`.
ProgressStyle progress_style(bool quiet);

/// Shows how far a piece of work is. Threads may report at once.
class Progress {
 public:
  Progress(std::ostream& out, ProgressStyle style, std::string label);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { end(); }

  /// @param fraction  done so far, 0 … 1
  /// @param note      what was just finished, or empty
  void report(double fraction, const std::string& note = {});

  /// Ends the bar's line; what is reported later is not shown.
  void end();

 private:
  std::mutex mutex_;
  std::ostream& out_;
  ProgressStyle style_;
  std::string label_;
  int last_tenth_ = 0;
  bool drawn_ = false;
};

}  // namespace flowcheck
