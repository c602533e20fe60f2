#pragma once

#include <string>
#include <string_view>

namespace flowcheck {

/// A field as RFC 4180 wants it: in quotes, quotes doubled, where it holds a comma, a quote or a
/// line break; as it is elsewhere.
std::string csv_field(std::string_view text);

/// A number with 17 significant digits, so that reading it back gives the same double; inf, -inf,
/// nan.
std::string csv_number(double value);

}  // namespace flowcheck
