#include "names.hpp"

#include "command_line.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace flowcheck {
namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::vector<std::string> ids_of(const std::vector<Claim>& claims) {
  std::vector<std::string> ids;
  ids.reserve(claims.size());
  for (const Claim& claim : claims) ids.push_back(claim.id);
  return ids;
}

[[noreturn]] void refuse_claim(const std::string& id, const std::vector<std::string>& known) {
  throw UsageError(fmt::format("unknown claim {}{}", id, did_you_mean(id, known)));
}

bool is_glob(const std::string& pattern) {
  return pattern.find_first_of("*?[") != std::string::npos;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < least) {
      least = distance;
      nearest = &name;
    }
  }
  if (nearest == nullptr && word.size() >= 2) {
    const auto longer = std::find_if(known.begin(), known.end(), [&word](const std::string& name) {
      return name.starts_with(word);
    });
    if (longer != known.end()) nearest = &*longer;
  }
  return nearest == nullptr ? "" : fmt::format("; did you mean {}?", *nearest);
}

std::string paper_of(const std::string& id) {
  std::string paper = id.substr(0, id.find('-'));
  std::transform(paper.begin(), paper.end(), paper.begin(), lower);
  return paper;
}

std::vector<Claim> select_claims(const std::vector<Claim>& claims,
                                 const std::vector<std::string>& patterns) {
  if (patterns.empty()) return claims;
  const std::vector<std::string> ids = ids_of(claims);
  const auto matches = [](const std::string& pattern, const std::string& id) {
    return fnmatch(pattern.c_str(), id.c_str(), 0) == 0;
  };
  for (const std::string& pattern : patterns) {
    if (std::any_of(ids.begin(), ids.end(),
                    [&](const std::string& id) { return matches(pattern, id); })) {
      continue;
    }
    if (is_glob(pattern)) throw UsageError(fmt::format("{}: matches no claim", pattern));
    refuse_claim(pattern, ids);
  }
  std::vector<Claim> selected;
  for (const Claim& claim : claims) {
    if (std::any_of(patterns.begin(), patterns.end(),
                    [&](const std::string& pattern) { return matches(pattern, claim.id); })) {
      selected.push_back(claim);
    }
  }
  return selected;
}

const Claim& find_claim(const std::vector<Claim>& claims, const std::string& id) {
  const auto found = std::find_if(claims.begin(), claims.end(),
                                  [&id](const Claim& claim) { return claim.id == id; });
  if (found == claims.end()) refuse_claim(id, ids_of(claims));
  return *found;
}

}  // namespace flowcheck
