#include "names.hpp"

#include "command_line.hpp"

#include <catch2/catch.hpp>

namespace flowcheck::names_test {

TEST_CASE("edit_distance counts changes of single characters", "[cli][exact]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("JKO-11", "jko-11") == 0);
  CHECK(edit_distance("flaw", "lawn") == edit_distance("lawn", "flaw"));
}

TEST_CASE("A name is suggested only where it is near", "[cli][exact]") {
  CHECK(did_you_mean("chekc", {"list", "check"}) == "; did you mean check?");
  CHECK(did_you_mean("completely-else", {"list", "check"}).empty());
  CHECK(did_you_mean("x", {}).empty());
  CHECK(did_you_mean("jko", {"one_block", "jko_convergence"}) == "; did you mean jko_convergence?");
  CHECK(did_you_mean("", {"one_block"}).empty());
}

TEST_CASE("find_claim takes ids and no globs", "[cli][precondition]") {
  std::vector<Claim> claims(2);
  claims[0].id = "JKO-01";
  claims[1].id = "GIF-01";
  CHECK(&find_claim(claims, "GIF-01") == &claims[1]);
  CHECK_THROWS_WITH(find_claim(claims, "JKO-*"), Catch::Contains("did you mean JKO-01?"));
  CHECK_THROWS_AS(find_claim(claims, "*"), UsageError);
}

TEST_CASE("select_claims keeps the registry's order and each claim once", "[cli][exact]") {
  std::vector<Claim> claims(3);
  claims[0].id = "JKO-01";
  claims[1].id = "JKO-02";
  claims[2].id = "GIF-01";
  const auto ids = [&](const std::vector<std::string>& patterns) {
    std::vector<std::string> result;
    for (const Claim& claim : select_claims(claims, patterns)) result.push_back(claim.id);
    return result;
  };
  CHECK(ids({}) == std::vector<std::string>{"JKO-01", "JKO-02", "GIF-01"});
  CHECK(ids({"GIF-01", "JKO-0?", "JKO-02"}) ==
        std::vector<std::string>{"JKO-01", "JKO-02", "GIF-01"});
  CHECK(ids({"*-01"}) == std::vector<std::string>{"JKO-01", "GIF-01"});
  CHECK_THROWS_AS(ids({"JKO-*", "LFM-*"}), UsageError);
  CHECK_THROWS_WITH(ids({"JKO-03"}), Catch::Contains("did you mean JKO-01?"));
}

}  // namespace flowcheck::names_test
