#include "numerics/huge_pages.hpp"

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace flowcheck {

Vector large_vector(Index size) {
  Vector x(size);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(double);
  if (bytes >= std::size_t{1} << 22) {
    // Rounded outwards to whole pages, so that neighbours join; a hint may fail.
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto data = reinterpret_cast<std::uintptr_t>(x.data());
    const std::uintptr_t begin = data / page * page;
    static_cast<void>(madvise(reinterpret_cast<void*>(begin), data + bytes - begin, MADV_HUGEPAGE));
  }
#endif
  return x;
}

}  // namespace flowcheck
