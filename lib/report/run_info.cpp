#include "report/run_info.hpp"

#include "build_commit.hpp"
#include "build_info.hpp"
#include "report/json_text.hpp"
#include "report/subprocess.hpp"

#include <Eigen/Core>
#include <boost/version.hpp>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <tbb/version.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

namespace flowcheck {
namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

std::string host() {
  std::array<char, 256> name = {};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string time_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts = {};
  gmtime_r(&now, &parts);
  std::array<char, 32> text = {};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string first_line_of(const std::string& program) {
  if (!program_exists(program)) return "missing";
  const std::string said = run_program({program, "--version"}).output;
  return said.substr(0, said.find('\n'));
}

}  // namespace

std::string version() {
  return build::version;
}

std::string run_info_json() {
  const Json libraries = {
      {"boost", BOOST_LIB_VERSION},
      {"eigen",
       fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
      {"fmt", FMT_VERSION},
      {"glibc", gnu_get_libc_version()},
      {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                    NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
      {"onetbb", TBB_runtime_version()},
      {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)}};
  const Json json = {
      {"schema", "flowcheck.runinfo/1"},
      {"version", build::version},
      {"commit", build::commit},
      {"compiler", build::compiler},
      {"build_type", build::type},
      {"flags", build::flags},
      {"libraries", libraries},
      {"programs",
       {{"gnuplot", first_line_of("gnuplot")}, {"rsvg-convert", first_line_of("rsvg-convert")}}},
      {"processor", processor()},
      {"threads", std::thread::hardware_concurrency()},
      {"host", host()},
      {"time", time_now()}};
  return json_text(json);
}

}  // namespace flowcheck
