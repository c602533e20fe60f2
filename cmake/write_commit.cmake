# Writes build_commit.hpp at every build, touching it only when the commit has changed.
# Called with -D SOURCE=<project folder> -D OUTPUT=<header>.
execute_process(COMMAND git -C ${SOURCE} describe --always --abbrev=40 --dirty --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"#pragma once

namespace flowcheck::build {

inline constexpr const char* commit = \"${commit}\";

}  // namespace flowcheck::build
" @ONLY)
