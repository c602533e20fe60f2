#include "report/progress.hpp"

#include <catch2/catch.hpp>

#include <sstream>

namespace flowcheck::progress_test {

TEST_CASE("Progress is a line for each note and each tenth in a log", "[report][exact]") {
  std::ostringstream out;
  {
    Progress progress(out, ProgressStyle::lines, "work");
    progress.report(0.05);
    progress.report(0.1);
    progress.report(0.11);
    progress.report(0.12, "a note");
    progress.report(1.0);
  }
  CHECK(out.str() == "work  10% \nwork  12% a note\nwork 100% \n");
}

TEST_CASE("Progress draws over one line on a terminal and ends it", "[report][exact]") {
  std::ostringstream out;
  {
    Progress progress(out, ProgressStyle::bar, "work");
    progress.report(0.5);
    progress.report(2.0);
  }
  const std::string text = out.str();
  CHECK(text.find("###############...............") != std::string::npos);
  CHECK(text.find("100%") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.back() == '\n');
}

TEST_CASE("Progress that has ended shows nothing more", "[report][exact]") {
  for (const ProgressStyle style : {ProgressStyle::lines, ProgressStyle::bar}) {
    std::ostringstream out;
    {
      Progress progress(out, style, "work");
      progress.report(0.5);
      progress.end();
      const std::string before = out.str();
      CHECK(before.back() == '\n');
      progress.report(1.0, "late");
      progress.end();
      CHECK(out.str() == before);
    }
    CHECK(out.str().find("late") == std::string::npos);
  }
}

TEST_CASE("Quiet progress says nothing", "[report][exact]") {
  std::ostringstream out;
  { Progress(out, ProgressStyle::none, "work").report(1.0, "done"); }
  CHECK(out.str().empty());
  CHECK(progress_style(true) == ProgressStyle::none);
}

}  // namespace flowcheck::progress_test
