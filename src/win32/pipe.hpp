// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace multiprocess::detail::os {

inline constexpr DWORD pipe_room = 65536;

/// What a pipe is like, seen from one end, without any change to it.
struct PipePeek {
  enum Kind { pipe, closed, object, unknown } kind = unknown;
  bool is_gone = false;  ///< the other end; what has come from it may still be there
  std::size_t available = 0;
};
PipePeek peek_pipe(NativeHandle end) noexcept;

/// A name that nobody can guess.
std::wstring new_pipe_name();

/// The first is the server's end; the other one waits for each of its operations, if so wanted.
struct PipeShape {
  DWORD access = PIPE_ACCESS_DUPLEX;
  DWORD type = PIPE_TYPE_BYTE;
  DWORD room = pipe_room;
  bool client_overlaps = true;
};
std::pair<Handle, Handle> make_pipe_ends(const PipeShape& shape);

/// Whether it is the end of a pipe in both directions.
bool is_duplex(NativeHandle end) noexcept;
bool is_server_end(NativeHandle end) noexcept;

/// As the system's name space has it: \name.
std::wstring name_of_pipe(NativeHandle end);

/// Who opened the other end; 0 when the system does not tell.
DWORD process_at_other_end(NativeHandle end) noexcept;

/// Bytes read, 0 at the end of the stream; nothing at the deadline.
std::optional<std::size_t> read_pipe(NativeHandle from, std::span<std::byte> into,
                                     Deadline deadline);
void write_pipe(NativeHandle to, std::span<const std::byte> bytes);

/// How many bytes are taken at once. The system cannot tell whether there is room: while it has not
/// room for all of them it works on, behind the caller's back, and takes nothing more.
std::size_t write_pipe_now(NativeHandle to, std::span<const std::byte> bytes);

/// What is set once it takes more again; null when it does.
std::shared_ptr<const Handle> busy_writing(NativeHandle to) noexcept;

/// Closes it after what is being written behind the caller's back; false when nothing is.
bool close_after_writing(NativeHandle pipe) noexcept;

}  // namespace multiprocess::detail::os
