// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <system_error>

namespace multiprocess::detail::os {

/// The two ends of a one-way byte stream, not inherited by new programs.
struct Pipe {
  Handle read;
  Handle write;
};

/// The functions below resume when a signal interrupts them and throw std::system_error on failure.
Pipe make_pipe();

/// Bytes read, 0 at the end of the stream. Waits for the first byte.
std::size_t read_some(NativeHandle from, std::span<std::byte> into);

/// Fills `into`; false when the stream ends before the first byte. A stream that ends in the middle
/// is a std::system_error (errc::connection_aborted).
bool read_all(NativeHandle from, std::span<std::byte> into);

/// Writes everything. A reader that is gone is a std::system_error (errc::broken_pipe), never a
/// signal.
void write_all(NativeHandle to, std::span<const std::byte> bytes);

/// Writes a byte for whoever waits at the other end. False when it cannot, as when somebody has
/// closed our end.
inline bool ring(const Pipe& bell) noexcept {
  try {
    write_all(bell.write.get(), std::array<std::byte, 1>{});
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

/// Where messages to the person at the terminal go.
NativeHandle standard_error() noexcept;

/// Whether a person looks at what is written there.
bool is_terminal(NativeHandle handle) noexcept;

/// True when a read would not wait (data or end of stream); waits at most until `deadline`.
bool wait_readable(NativeHandle from, Deadline deadline);

/// Waits until a write would take something, or nobody is left who could read it.
void wait_writable(NativeHandle to);

}  // namespace multiprocess::detail::os
