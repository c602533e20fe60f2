#include "interruption.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

namespace flowcheck {
namespace {

using namespace std::chrono_literals;

constexpr auto grace = 1s;       // for work that asks now and then whether to go on
constexpr auto patience = 20ms;  // between looks at whether a signal came

std::atomic<bool> stop = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch it");

// Only what may be called at any point: an atomic store, and handing the signals back.
extern "C" void on_signal(int) {
  stop = true;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void watch_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void keep_writing_errors() {
  std::signal(SIGXFSZ, SIG_IGN);
}

const std::atomic<bool>& interrupted() {
  return stop;
}

bool ends_in_time(const std::function<void()>& work) {
  std::packaged_task<void()> task(work);
  std::future<void> end = task.get_future();
  std::thread thread(std::move(task));
  bool ended = false;
  while (!ended && !stop) ended = end.wait_for(patience) == std::future_status::ready;
  if (!ended && end.wait_for(grace) != std::future_status::ready) {
    thread.detach();
    return false;
  }
  thread.join();
  end.get();
  return true;
}

void leave(int exit_code) {
  std::_Exit(exit_code);
}

}  // namespace flowcheck
