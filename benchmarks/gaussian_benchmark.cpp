// The Gaussian closed forms, over the dimension. Compare rows of one run only.

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "measures/random_gaussian.hpp"
#include "proximal/first_order_error.hpp"

#include <benchmark/benchmark.h>

namespace flowcheck {
namespace {

struct Pair {
  Gaussian p;
  Gaussian q;
};

Pair random_pair(const benchmark::State& state) {
  Rng rng(1);
  const auto d = static_cast<Index>(state.range(0));
  Gaussian p = random_gaussian(rng, d);
  return {std::move(p), random_gaussian(rng, d)};
}

void jko_step_benchmark(benchmark::State& state) {
  const Pair pair = random_pair(state);
  for (auto _ : state) benchmark::DoNotOptimize(jko_step(pair.p, pair.q, 0.5));
}

void w2_benchmark(benchmark::State& state) {
  const Pair pair = random_pair(state);
  for (auto _ : state) benchmark::DoNotOptimize(w2(pair.p, pair.q));
}

void kl_benchmark(benchmark::State& state) {
  const Pair pair = random_pair(state);
  for (auto _ : state) benchmark::DoNotOptimize(kl(pair.p, pair.q));
}

void first_order_error_benchmark(benchmark::State& state) {
  const Pair pair = random_pair(state);
  const Gaussian next = jko_step(pair.p, pair.q, 0.5);
  for (auto _ : state) benchmark::DoNotOptimize(first_order_error(pair.p, next, pair.q, 0.5));
}

}  // namespace

BENCHMARK(jko_step_benchmark)->Name("jko_step")->Arg(2)->Arg(16)->Arg(64)->Arg(256);
BENCHMARK(w2_benchmark)->Name("w2")->Arg(2)->Arg(16)->Arg(64)->Arg(256);
BENCHMARK(kl_benchmark)->Name("kl")->Arg(2)->Arg(16)->Arg(64)->Arg(256);
BENCHMARK(first_order_error_benchmark)
    ->Name("first_order_error")
    ->Arg(2)
    ->Arg(16)
    ->Arg(64)
    ->Arg(256);

}  // namespace flowcheck
