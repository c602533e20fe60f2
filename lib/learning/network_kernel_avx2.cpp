#include "learning/network_kernel_lanes.hpp"

template <>
flowcheck::NetworkKernels<float> flowcheck::network_kernels_avx2() {
  return network_kernels_of_form<float>();
}

template <>
flowcheck::NetworkKernels<double> flowcheck::network_kernels_avx2() {
  return network_kernels_of_form<double>();
}
