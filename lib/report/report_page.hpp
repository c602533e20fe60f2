#pragma once

#include "report/results_folder.hpp"

#include <string>

namespace flowcheck {

/// index.html of a results folder: the table of verdicts, each experiment's figure with its
/// question and settings, and how to run each again. Computes nothing; one file, readable without
/// JavaScript and without a network; figures are the folder's own SVG files.
std::string report_page(const ResultsFolder& results);

}  // namespace flowcheck
