// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/thread.hpp>

#include <memory>

namespace multiprocess::detail {

/// An object of each thread, made when that first asks for it and destroyed when it ends. Unlike a
/// thread_local object it is whole until then: where the compiler emulates thread_local, the memory
/// goes before the destructor comes.
template <class T>
class PerThread {
 public:
  /// Null once this thread's object is gone: what ends later, static objects say, may still ask.
  static T* get() {
    if (object_ == nullptr && !is_over_) {
      auto made = std::make_unique<T>();
      os::at_thread_end(&end, made.get());
      object_ = made.release();
    }
    return object_;
  }

  /// The same, but for one who must have one: when it is gone, another that stays.
  static T& get_always() {
    if (get() == nullptr) {
      object_ = new T;
    }
    return *object_;
  }

 private:
  static void end(void* object) {
    is_over_ = true;
    object_ = nullptr;
    delete static_cast<T*>(object);
  }

  static inline constinit thread_local T* object_ = nullptr;
  static inline constinit thread_local bool is_over_ = false;
};

}  // namespace multiprocess::detail
