// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::detail {

/// An object at namespace scope that is there before any code runs and is never destroyed: static
/// destructors and exit steps may use it, and no forked child finds it half made. `constinit`.
template <class T>
class Lasting {
 public:
  constexpr Lasting() noexcept : object_() {}
  constexpr ~Lasting() {}
  Lasting(const Lasting&) = delete;
  Lasting& operator=(const Lasting&) = delete;

  T& operator*() noexcept { return object_; }
  T* operator->() noexcept { return &object_; }

 private:
  union {
    T object_;
  };
};

}  // namespace multiprocess::detail
