#pragma once

#include <atomic>
#include <functional>

namespace flowcheck {

/// From now on the first SIGINT or SIGTERM sets interrupted() and a second one ends the program.
/// Writing beyond a limit on file sizes becomes an error like a full disk.
void watch_signals();

/// A file that grows too large is a failed write, not the end of the program.
void keep_writing_errors();

const std::atomic<bool>& interrupted();

/// Does the work on a thread of its own and waits for it; throws what it throws. From the first
/// signal on it has a second to see interrupted() and come to an end.
///
/// @return  false: it is still running. What it uses has to live until leave()
[[nodiscard]] bool ends_in_time(const std::function<void()>& work);

/// Ends the program here and now. No destructor runs, so that a thread still at work does not see
/// its data go.
[[noreturn]] void leave(int exit_code);

}  // namespace flowcheck
