#pragma once

// Fifty digits, by MPFR: what a double's formula is compared with.

#include <boost/multiprecision/mpfr.hpp>

namespace flowcheck::high_precision {

using Real = boost::multiprecision::number<
    boost::multiprecision::mpfr_float_backend<50, boost::multiprecision::allocate_stack>,
    boost::multiprecision::et_off>;

}  // namespace flowcheck::high_precision
