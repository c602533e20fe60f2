#pragma once

#include <atomic>

namespace flowcheck {

/// From now on the first SIGINT or SIGTERM sets interrupted() and a second one ends the program.
/// Writing beyond a limit on file sizes becomes an error like a full disk.
void watch_signals();

/// A file that grows too large is a failed write, not the end of the program.
void keep_writing_errors();

const std::atomic<bool>& interrupted();

}  // namespace flowcheck
