// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <type_traits>

/// Every store and compare-and-swap of a shared protocol goes through these functions: all but the
/// first values of what nobody else sees yet, what only its writer reads, figures and hints. In a
/// build with MULTIPROCESS_CRASH_POINTS each call site is a place where a test may end the process
/// just before the step is taken; in any other build they are the plain atomic operations.
namespace multiprocess::detail::step {

/// Where a step stands in the source. Clang 14 has no std::source_location.
struct Site {
  const char* file;
  unsigned where;

  static constexpr Site current(const char* file = __builtin_FILE(),
                                unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
  constexpr const char* file_name() const noexcept { return file; }
  constexpr unsigned line() const noexcept { return where; }
};

#ifdef MULTIPROCESS_CRASH_POINTS
/// Ends the process if the test chose this site; see tests/crash_points.
void crash_point(const Site& site) noexcept;
#else
inline void crash_point(const Site&) noexcept {}
#endif

template <class T>
void store(std::atomic<T>& word, std::type_identity_t<T> value,
           std::memory_order order = std::memory_order_release,
           const Site& site = Site::current()) noexcept {
  crash_point(site);
  word.store(value, order);
}

template <class T>
bool cas(std::atomic<T>& word, T& expected, std::type_identity_t<T> desired,
         const Site& site = Site::current()) noexcept {
  crash_point(site);
  return word.compare_exchange_strong(expected, desired, std::memory_order_seq_cst);
}

template <class T>
T exchange(std::atomic<T>& word, std::type_identity_t<T> value,
           const Site& site = Site::current()) noexcept {
  crash_point(site);
  return word.exchange(value, std::memory_order_seq_cst);
}

template <class T>
T add(std::atomic<T>& word, std::type_identity_t<T> value,
      const Site& site = Site::current()) noexcept {
  crash_point(site);
  return word.fetch_add(value, std::memory_order_seq_cst);
}

template <class T>
T set_bits(std::atomic<T>& word, std::type_identity_t<T> bits,
           const Site& site = Site::current()) noexcept {
  crash_point(site);
  return word.fetch_or(bits, std::memory_order_seq_cst);
}

}  // namespace multiprocess::detail::step
