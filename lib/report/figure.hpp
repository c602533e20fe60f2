#pragma once

#include <string>
#include <string_view>

namespace flowcheck {

/// A figure as it is kept: the gnuplot script, and what it draws from data.csv beside it.
struct Figure {
  std::string script = {};  ///< figure.gp: preamble and commands; `gnuplot -d figure.gp` redraws
  std::string svg = {};
  std::string pdf = {};
};

/// Draws data.csv with gnuplot, and its PDF with rsvg-convert. The same bytes for the same input.
///
/// The preamble sets terminal, output, fonts, grid and the colour-blind-safe line styles 1 … 8
/// (Okabe–Ito: blue, vermilion, green, purple, orange, sky blue, yellow, grey), reads commas and a
/// header, and defines is(column, word), true on the rows of one word, and is_empty(column), true
/// on the rows that say nothing there (is_empty("verdict"): the row does not vote).
///
/// @throws OutputError         a program is missing, or there is no space
/// @throws std::runtime_error  gnuplot does not accept the commands; one line
Figure draw_figure(std::string_view data_csv, std::string_view commands);

/// Says in one line what to install where gnuplot or rsvg-convert is missing.
/// @throws OutputError
void require_figure_programs();

}  // namespace flowcheck
