#pragma once

#include <string>
#include <string_view>

namespace flowcheck {

/// Text as it stands inside an element or an attribute of HTML or XML: & < > " ' replaced, control
/// characters, which XML does not allow, left out.
std::string escape_markup(std::string_view text);

}  // namespace flowcheck
