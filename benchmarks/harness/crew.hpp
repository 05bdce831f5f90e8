// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "machine.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace detail {

void* map_shared(std::size_t size);
void unmap_shared(void* memory, std::size_t size) noexcept;

}  // namespace detail

/// A T in memory that the processes forked after it share.
template <class T>
class Shared {
 public:
  template <class... Args>
  explicit Shared(Args&&... args)
      : object_(new (detail::map_shared(sizeof(T))) T(std::forward<Args>(args)...)) {}
  ~Shared() {
    object_->~T();
    detail::unmap_shared(object_, sizeof(T));
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }

 private:
  T* object_;
};

/// Where the members of a crew meet before the time begins.
class Gate {
 public:
  explicit Gate(std::size_t members) : members_(members) {}

  /// Returns when all are here.
  void wait() noexcept;

  /// The calling member has done its share.
  void leave() noexcept;

  /// Nanoseconds between the two, of all members together.
  double elapsed() const noexcept { return ended_ - begun_; }

 private:
  const std::size_t members_;
  std::atomic<std::size_t> arrived_{0};
  std::atomic<double> begun_{0};
  std::atomic<double> ended_{0};
};

/// What one process does: it warms up, waits at the gate, and does its share.
using Role = std::function<void(Gate&)>;

/// Runs every role in a process of its own, on the CPUs of the placement; the nanoseconds from the
/// gate to the end of the last role. Throws when a role fails, or takes more than a minute.
double run_crew(Placement placement, std::vector<Role> roles);

/// A check of what was measured: throws when it does not hold.
inline void require(bool holds, const char* what) {
  if (!holds) {
    throw std::runtime_error(std::string("wrong result: ") + what);
  }
}

}  // namespace bench
