#include "report/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace flowcheck {

ProgressStyle progress_style(bool quiet) {
  if (quiet) return ProgressStyle::none;
  return isatty(STDERR_FILENO) != 0 ? ProgressStyle::bar : ProgressStyle::lines;
}

Progress::Progress(std::ostream& out, ProgressStyle style, std::string label)
    : out_(out), style_(style), label_(std::move(label)) {}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  if (drawn_) out_ << std::endl;
  drawn_ = false;
  style_ = ProgressStyle::none;
}

void Progress::report(double fraction, const std::string& note) {
  const std::lock_guard lock(mutex_);
  if (style_ == ProgressStyle::none) return;
  const double share = std::clamp(fraction, 0.0, 1.0);
  if (style_ == ProgressStyle::bar) {
    constexpr int width = 30;
    const int filled = static_cast<int>(share * width);
    out_ << fmt::format("\r{} [{:#<{}}{:.<{}}] {:3.0f}% {:<32.32}", label_, "", filled, "",
                        width - filled, 100.0 * share, note)
         << std::flush;
    drawn_ = true;
    return;
  }
  const int tenth = static_cast<int>(10.0 * share);
  if (note.empty() && tenth <= last_tenth_) return;
  last_tenth_ = std::max(tenth, last_tenth_);
  out_ << fmt::format("{} {:3.0f}% {}", label_, 100.0 * share, note) << std::endl;
}

}  // namespace flowcheck
