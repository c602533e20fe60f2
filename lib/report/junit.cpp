#include "report/junit.hpp"

#include "report/markup.hpp"

#include <fmt/format.h>

#include <string_view>

namespace flowcheck {
namespace {

std::string_view outcome_element(Verdict verdict, bool strict) {
  switch (verdict) {
    case Verdict::violated:
    case Verdict::powerless:
      return "failure";
    case Verdict::numerical_failure:
      return "error";
    case Verdict::inconclusive:
      return strict ? "failure" : "skipped";
    case Verdict::not_applicable:
      return "skipped";
    case Verdict::holds:
    case Verdict::tight:
      break;
  }
  return "";
}

}  // namespace

std::string junit_xml(const std::vector<ClaimResult>& results, bool strict) {
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  std::string cases;
  for (const ClaimResult& result : results) {
    const std::string id = escape_markup(result.claim.id);
    const std::string_view element = outcome_element(result.verdict, strict);
    failures += element == "failure" ? 1 : 0;
    errors += element == "error" ? 1 : 0;
    skipped += element == "skipped" ? 1 : 0;
    cases +=
        fmt::format("  <testcase classname=\"{}\" name=\"{}\"", id.substr(0, id.find('-')), id);
    cases += element.empty()
                 ? std::string("/>\n")
                 : fmt::format(">\n   <{} message=\"{}{}{}\"/>\n  </testcase>\n", element,
                               to_string(result.verdict), result.reason.empty() ? "" : ": ",
                               escape_markup(result.reason));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      " <testsuite name=\"flowcheck\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n"
      "{} </testsuite>\n</testsuites>\n",
      results.size(), failures, errors, skipped, cases);
}

}  // namespace flowcheck
