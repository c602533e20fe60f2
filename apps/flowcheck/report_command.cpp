#include "commands.hpp"
#include "report/atomic_file.hpp"
#include "report/compare_results.hpp"
#include "report/report_page.hpp"
#include "report/results_folder.hpp"

#include <fmt/format.h>

#include <utility>

namespace flowcheck {

int report_command(const CommandLine& line) {
  const std::string page = line.out + "/index.html";
  write_file(page, report_page(read_results_folder(line.out)));
  print(page + "\n");
  return 0;
}

int diff_command(const CommandLine& line) {
  ResultsFolder first = read_results_folder(line.first);
  ResultsFolder second = read_results_folder(line.second);
  if (line.common) {
    first = in_common(std::move(first), second);
    second = in_common(std::move(second), first);
  }
  const ResultsComparison result = compare_results(first, second);
  std::string text;
  for (const std::string& note : result.notes) text += "note: " + note + "\n";
  for (const std::string& moved : result.moved) text += moved + "\n";
  text += fmt::format("{} numbers compared, {} differences\n", result.numbers, result.moved.size());
  print(text);
  return result.moved.empty() ? 0 : 1;
}

}  // namespace flowcheck
