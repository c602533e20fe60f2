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

// @param element  "" where the claim holds
std::string test_case(const std::string& id, std::string_view element, const std::string& message) {
  const std::string name = escape_markup(id);
  const std::string head =
      fmt::format("  <testcase classname=\"{}\" name=\"{}\"", name.substr(0, name.find('-')), name);
  if (element.empty()) return head + "/>\n";
  return fmt::format("{}>\n   <{} message=\"{}\"/>\n  </testcase>\n", head, element,
                     escape_markup(message));
}

}  // namespace

std::string junit_xml(const std::vector<ClaimResult>& results,
                      const std::vector<std::string>& unfinished,
                      bool strict) {
  int failures = 0;
  int errors = static_cast<int>(unfinished.size());
  int skipped = 0;
  std::string cases;
  for (const ClaimResult& result : results) {
    const std::string_view element = outcome_element(result.verdict, strict);
    failures += element == "failure" ? 1 : 0;
    errors += element == "error" ? 1 : 0;
    skipped += element == "skipped" ? 1 : 0;
    cases += test_case(result.claim.id, element,
                       fmt::format("{}{}{}", to_string(result.verdict),
                                   result.reason.empty() ? "" : ": ", result.reason));
  }
  for (const std::string& id : unfinished) cases += test_case(id, "error", "interrupted");
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      " <testsuite name=\"flowcheck\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n"
      "{} </testsuite>\n</testsuites>\n",
      results.size() + unfinished.size(), failures, errors, skipped, cases);
}

}  // namespace flowcheck
