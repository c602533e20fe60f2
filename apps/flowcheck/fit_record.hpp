#pragma once

#include "command_line.hpp"
#include "fit_data.hpp"
#include "learning/fit_model.hpp"
#include "learning/model_evaluation.hpp"
#include "report/json_text.hpp"

#include <string>

namespace flowcheck {

/// What a fit is asked for: the "settings" of OUT/fit.json.
std::string fit_settings_json(const CommandLine& line);

/// The first setting of `begun` that differs from the one wanted, "batch 512, here 64"; or "".
std::string difference_of(const Json& begun, const Json& wanted);

/// Likewise, of a record that fit_record_json() wrote: its settings and the name of its data.
std::string difference_from_record(const std::string& file, const CommandLine& line);

/// OUT/fit.json, schema flowcheck.fit/2: settings, data, and all that was measured.
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
