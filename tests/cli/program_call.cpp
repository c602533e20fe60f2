#include "program_call.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace flowcheck {
namespace {

namespace fs = std::filesystem;

struct Pipe {
  std::array<int, 2> ends = {};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
};

// In the child, between fork and exec: only system calls.
[[noreturn]] void become(std::vector<char*>& words,
                         std::vector<char*>& variables,
                         const ProgramCall& call,
                         int output,
                         int errors) {
  if (chdir(call.folder.c_str()) != 0) _exit(126);
  if (call.largest_file) {
    const rlimit limit = {.rlim_cur = *call.largest_file, .rlim_max = *call.largest_file};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (!call.standard_output.empty()) {
    output = open(call.standard_output.c_str(), O_WRONLY | O_CLOEXEC);
    if (output < 0) _exit(126);
  }
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  if (variables.size() > 1) {
    execve(words[0], words.data(), variables.data());
  } else {
    execv(words[0], words.data());
  }
  _exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

ProgramOutcome call_program(const std::vector<std::string>& words, const ProgramCall& call) {
  Pipe output;
  Pipe errors;
  std::vector<char*> arguments = pointers(words);
  std::vector<char*> variables = pointers(call.environment);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) become(arguments, variables, call, output.ends[1], errors.ends[1]);
  close(output.ends[1]);
  close(errors.ends[1]);

  ProgramOutcome outcome;
  bool to_interrupt = call.signal != 0;
  std::array<pollfd, 2> open_ends = {{{.fd = output.ends[0], .events = POLLIN, .revents = 0},
                                      {.fd = errors.ends[0], .events = POLLIN, .revents = 0}}};
  std::array<std::string*, 2> texts = {&outcome.output, &outcome.errors};
  int open_count = 2;
  while (open_count > 0) {
    if (poll(open_ends.data(), open_ends.size(), 600'000) <= 0) {
      kill(child, SIGKILL);
      break;
    }
    for (std::size_t i = 0; i < open_ends.size(); ++i) {
      if (open_ends.at(i).fd < 0 || open_ends.at(i).revents == 0) continue;
      std::array<char, 4096> buffer = {};
      const ssize_t count = read(open_ends.at(i).fd, buffer.data(), buffer.size());
      if (count > 0) {
        texts.at(i)->append(buffer.data(), static_cast<std::size_t>(count));
      } else {
        close(open_ends.at(i).fd);
        open_ends.at(i).fd = -1;
        --open_count;
      }
    }
    if (to_interrupt && outcome.errors.find(call.interrupt_after) != std::string::npos) {
      to_interrupt = false;
      kill(child, call.signal);
      // Two signals that arrive together are one, so the second comes again until it has worked.
      siginfo_t ended = {};
      for (int i = 0; call.twice && i < 1000 && ended.si_pid == 0; ++i) {
        usleep(10'000);
        kill(child, call.signal);
        waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
      }
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

ScratchFolder::ScratchFolder() : path_((fs::temp_directory_path() / "flowcheck.XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no scratch folder");
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void ScratchFolder::write(const std::string& name, const std::string& content) const {
  fs::create_directories(fs::path(*this / name).parent_path());
  std::ofstream(*this / name, std::ios::binary) << content;
}

std::vector<std::string> ScratchFolder::files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    if (!entry.is_directory()) names.push_back(fs::relative(entry.path(), path_).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace flowcheck
