#pragma once

#include "claims/claim.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// Smallest number of insertions, deletions and replacements of a character that turn a into b;
/// letters count as equal whatever their case.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// "; did you mean X?" with the nearest of `known`, or the first that begins so, or "" where
/// nothing is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

/// "jko" of JKO-11.
std::string paper_of(const std::string& id);

/// Claims by ids and globs, each once, in the order of the registry; all of them for no pattern.
/// @throws UsageError  an id that does not exist, a glob that matches nothing
std::vector<Claim> select_claims(const std::vector<Claim>& claims,
                                 const std::vector<std::string>& patterns);

/// The claim of exactly this id. @throws UsageError  there is none
const Claim& find_claim(const std::vector<Claim>& claims, const std::string& id);

}  // namespace flowcheck
