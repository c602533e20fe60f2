#pragma once

#include "command_line.hpp"
#include "fit_data.hpp"
#include "learning/fit_model.hpp"
#include "learning/model_evaluation.hpp"

#include <string>

namespace flowcheck {

/// What a fit is asked for: the "settings" of OUT/fit.json.
std::string fit_settings_json(const CommandLine& line);

/// OUT/fit.json, schema flowcheck.fit/1: settings, data, and all that was measured.
std::string fit_record_json(const CommandLine& line,
                            const FitData& data,
                            const FitResult& fit,
                            const ModelEvaluation& evaluation);

/// {"schema": "flowcheck.logpdf/1", "nll": …}.
/// @param nll       mean of −log p over `count` points
/// @param why_none  where it is NaN: the reason, "not_evaluated"; else ""
std::string logpdf_record_json(const CommandLine& line,
                               Index count,
                               const Estimate& nll,
                               const std::string& why_none = "");

}  // namespace flowcheck
