// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/timeout.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace multiprocess {

/// Something that `wait` can wait for: a Connection (a message or its end), the sentinel of a
/// process, an Fd or any descriptor (readable, or at its end). It stays open meanwhile.
class Waitable {
 public:
  /// Throws std::system_error (bad_file_descriptor) when it is closed or write-only.
  Waitable(const Connection& connection);
  template <class T>
  requires requires(const T& object) {
    { object.fileno() } -> std::same_as<int>;
  }
  Waitable(const T& object) : Waitable(object.fileno()) {}
  /// Throws ValueError when it is negative.
  Waitable(int handle);

  detail::os::NativeHandle native_handle() const noexcept { return handle_; }
  detail::Transport* transport() const noexcept { return transport_; }

  friend std::string mp_repr(const Waitable& object) { return std::to_string(object.handle_); }

 private:
  detail::os::NativeHandle handle_;
  detail::Transport* transport_ = nullptr;
};

namespace detail {
std::vector<std::size_t> wait_for(std::span<const Waitable> objects, Timeout timeout);
}

/// Indices of those that are ready, in order; empty when `timeout` passed first. Waits until at
/// least one is. A thing that stands there twice is reported twice.
///
/// Throws std::system_error (bad_file_descriptor) for a descriptor that is not open: unlike in
/// Python that is not "ready". Any number of things.
inline std::vector<std::size_t> wait(std::initializer_list<Waitable> objects,
                                     Timeout timeout = forever) {
  return detail::wait_for({objects.begin(), objects.size()}, timeout);
}
template <std::ranges::input_range R>
requires std::convertible_to<std::ranges::range_reference_t<R>, Waitable> std::vector<std::size_t>
wait(R&& objects, Timeout timeout = forever) {
  std::vector<Waitable> all;
  for (auto&& object : objects) {
    all.push_back(object);
  }
  return detail::wait_for(all, timeout);
}

namespace connection {
using multiprocess::wait;
}

}  // namespace multiprocess
