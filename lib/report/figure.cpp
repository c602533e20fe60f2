#include "report/figure.hpp"

#include "measures/measure_file.hpp"
#include "report/atomic_file.hpp"
#include "report/subprocess.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace flowcheck {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view preamble = R"(# Redraw with: gnuplot -d figure.gp
set encoding utf8
set terminal svg size 1200,600 dynamic enhanced font 'DejaVu Sans,14' background '#ffffff'
set output 'figure.svg'
set datafile separator comma
set datafile columnheaders
set datafile missing NaN  # lines go on over rows that are left out
set border 3 linecolor '#404040'
set tics nomirror out
set format '%g'
set grid linecolor '#dddddd' linewidth 0.6
set key samplen 2 spacing 1.25
set pointsize 0.7
set style line 1 linecolor '#0072b2' linewidth 1.8 pointtype 7
set style line 2 linecolor '#d55e00' linewidth 1.8 pointtype 5
set style line 3 linecolor '#009e73' linewidth 1.8 pointtype 9
set style line 4 linecolor '#cc79a7' linewidth 1.8 pointtype 13
set style line 5 linecolor '#e69f00' linewidth 1.8 pointtype 11
set style line 6 linecolor '#56b4e9' linewidth 1.8 pointtype 15
set style line 7 linecolor '#f0e442' linewidth 1.8 pointtype 7
set style line 8 linecolor '#606060' linewidth 1.8 pointtype 5
is(name, word) = stringcolumn(name) eq word
is_empty(name) = strlen(stringcolumn(name)) == 0

)";

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((fs::temp_directory_path() / "flowcheck.XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) {
      throw OutputError(
          fmt::format("{}: cannot be written: {}", path_, std::generic_category().message(errno)));
    }
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Runs one of the two programs; what it complains about becomes one line.
void run_drawing(const std::vector<std::string>& words, const std::string& folder) {
  const ProgramResult result =
      run_program(words, folder, {"SOURCE_DATE_EPOCH=0", "LC_ALL=C.UTF-8"});
  if (result.exit_code == 0) return;
  std::string said = result.output;
  std::replace(said.begin(), said.end(), '\n', ' ');
  throw std::runtime_error(fmt::format("figure: {} failed: {}", words.front(), said));
}

std::string read_drawing(const std::string& path, std::string_view last_words) {
  std::string text = read_text_file(path, std::uintmax_t{1} << 30);
  if (text.find(last_words, text.size() - std::min<std::size_t>(text.size(), 64)) ==
      std::string::npos) {
    throw OutputError(fmt::format("{}: cut short; is there space left?", path));
  }
  return text;
}

}  // namespace

void require_figure_programs() {
  for (const auto& [program, package] :
       {std::pair{"gnuplot", "gnuplot-nox"}, std::pair{"rsvg-convert", "librsvg2-bin"}}) {
    if (!program_exists(program)) {
      throw OutputError(
          fmt::format("{}: not found; figures need it (Debian package {})", program, package));
    }
  }
}

Figure draw_figure(std::string_view data_csv, std::string_view commands) {
  require_figure_programs();
  const TemporaryFolder folder;
  const std::string at = folder.path() + "/";
  Figure figure{.script = std::string(preamble).append(commands)};
  write_file(at + "data.csv", data_csv);
  write_file(at + "figure.gp", figure.script);
  run_drawing({"gnuplot", "-d", "figure.gp"}, folder.path());
  figure.svg = read_drawing(at + "figure.svg", "</svg>");
  // rsvg-convert drops the space before a change of font unless it is told to keep spaces.
  std::string spaced = figure.svg;
  spaced.insert(spaced.find("<svg") + 4, " xml:space=\"preserve\"");
  write_file(at + "spaced.svg", spaced);
  run_drawing({"rsvg-convert", "--format", "pdf", "--output", "figure.pdf", "spaced.svg"},
              folder.path());
  figure.pdf = read_drawing(at + "figure.pdf", "%%EOF");
  return figure;
}

}  // namespace flowcheck
