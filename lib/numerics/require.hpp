#pragma once

#include <string_view>

namespace flowcheck {

/// Checks a precondition in every build.
///
/// @param condition  what has to hold
/// @param message    "function: what is wrong"
/// @throws std::invalid_argument  the condition does not hold; what() is the message
void require(bool condition, std::string_view message);

}  // namespace flowcheck
