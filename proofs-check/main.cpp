// proofs-check is `flowcheck check`.

#include "all_claims.hpp"
#include "all_experiments.hpp"
#include "driver.hpp"

int main(int argc, char** argv) {
  return flowcheck::run_driver(argc, argv, flowcheck::all_claims(), flowcheck::all_experiments(),
                               {"check"});
}
