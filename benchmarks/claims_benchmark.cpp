// Single comparisons (lhs against rhs on one instance) judged per second by `check 'JKO-*'`.

#include "all_claims.hpp"
#include "claims/check.hpp"

#include <benchmark/benchmark.h>

namespace flowcheck {
namespace {

void check_jko(benchmark::State& state) {
  std::vector<Claim> claims = all_claims();
  std::erase_if(claims, [](const Claim& claim) { return !claim.id.starts_with("JKO-"); });
  std::int64_t comparisons = 0;
  for (auto _ : state) {
    const std::vector<ClaimResult> results =
        check_all(claims, claims, {.scale = static_cast<Scale>(state.range(0))});
    for (const ClaimResult& result : results) {
      for (const CheckResult& check : result.checks) comparisons += check.draws;
      for (const CheckResult& control : result.controls) comparisons += control.draws;
    }
  }
  state.counters["checks"] =
      benchmark::Counter(static_cast<double>(comparisons), benchmark::Counter::kIsRate);
  state.counters["claims"] = static_cast<double>(claims.size());
}

}  // namespace

BENCHMARK(check_jko)
    ->Name("check JKO-* quick")
    ->Arg(0)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(check_jko)
    ->Name("check JKO-* standard")
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace flowcheck
