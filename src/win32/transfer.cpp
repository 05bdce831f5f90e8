// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/transfer.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "overlapped.hpp"
#include "passport.hpp"
#include "pipe.hpp"

#include <array>
#include <cstring>
#include <memory>

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t longest_message = 4096;

/// What a message in a channel begins with; its bytes and those of its handles follow.
struct Head {
  std::uint32_t size;
  std::uint32_t handles;
};
constexpr std::size_t most_bytes =
    sizeof(Head) + longest_message + most_arrival_bytes(most_handles_per_message);

/// What stands in a stream before the first of the bytes that handles come with. No message of this
/// library begins so: it would be longer than any can be.
struct Mark {
  std::array<unsigned char, 4> sign{0xff, 0xff, 0xff, 0xfe};
  std::uint32_t handles = 0;
  std::uint32_t size = 0;  // of what says which they are, and follows
};
constexpr std::byte first_of_mark{0xff};

template <class T>
void append(std::vector<std::byte>& to, const T& what) {
  const auto bytes = std::as_bytes(std::span(what));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

DWORD receiver_at(NativeHandle end, std::span<const NativeHandle> handles) {
  const DWORD process = handles.empty() ? 0 : process_at_other_end(end);
  if (process == 0 && !handles.empty()) {
    throw last_error("sending handles", std::errc::broken_pipe);
  }
  return process;
}

/// As one piece: several may send at the same time.
void write_message(NativeHandle channel, std::span<const std::byte> message) {
  Operation writing;
  const BOOL begun = WriteFile(native(channel), message.data(), static_cast<DWORD>(message.size()),
                               nullptr, writing.get());
  if (const DWORD error = writing.wait(native(channel), begun, never); error != ERROR_SUCCESS) {
    throw last_error("sending a message", error);
  }
}

HandleMessage unpack(std::span<const std::byte> message) {
  Head head{};
  if (message.size() >= sizeof head) {
    std::memcpy(&head, message.data(), sizeof head);
    message = message.subspan(sizeof head);
  }
  if (head.size == 0 || head.size > message.size() || head.handles > most_handles_per_message) {
    throw last_error("a message with handles", std::errc::bad_message);
  }
  Arrival arrival = take_arrival(message.subspan(head.size), head.handles);
  if (arrival.lost_some) {
    throw last_error("receiving a message: handles were lost", std::errc::too_many_files_open);
  }
  const auto bytes = message.first(head.size);
  return {{bytes.begin(), bytes.end()}, std::move(arrival.handles)};
}

void read_rest(NativeHandle from, std::span<std::byte> into) {
  if (!into.empty() && !read_all(from, into)) {
    throw last_error("the stream ended in the middle of a message", std::errc::connection_aborted);
  }
}

/// What follows after the sign of a mark.
Arrival read_arrival(NativeHandle from, Mark mark) {
  const auto all = std::as_writable_bytes(std::span(&mark, 1));
  read_rest(from, all.subspan(sizeof mark.sign));
  if (mark.handles > most_handles_per_message || mark.size > most_arrival_bytes(mark.handles)) {
    throw last_error("a message with handles", std::errc::bad_message);
  }
  std::vector<std::byte> bytes(mark.size);
  read_rest(from, bytes);
  return take_arrival(bytes, mark.handles);
}

}  // namespace

std::pair<Handle, Handle> make_channel() {
  return make_pipe_ends({.type = PIPE_TYPE_MESSAGE});
}

void send_message(NativeHandle channel, std::span<const std::byte> bytes,
                  std::span<const NativeHandle> handles) {
  if (bytes.empty() || bytes.size() > longest_message ||
      handles.size() > most_handles_per_message) {
    throw last_error("send a message with handles", std::errc::message_size);
  }
  Departure departure(receiver_at(channel, handles), handles);
  const Head head{static_cast<std::uint32_t>(bytes.size()),
                  static_cast<std::uint32_t>(handles.size())};
  std::vector<std::byte> message;
  append(message, std::span(&head, 1));
  append(message, bytes);
  append(message, departure.bytes());
  write_message(channel, message);
  departure.sent();
}

std::optional<HandleMessage> receive_message(NativeHandle channel) {
  const auto space = std::make_unique_for_overwrite<std::byte[]>(most_bytes);
  const std::span<std::byte> all(space.get(), most_bytes);
  const std::size_t got = *read_pipe(channel, all, never);
  return got == 0 ? std::nullopt : std::optional(unpack(all.first(got)));
}

std::optional<std::pair<Handle, Handle>> make_common_channel() {
  return std::nullopt;
}

bool send_message_now(NativeHandle, std::span<const std::byte>,
                      std::span<const NativeHandle>) noexcept {
  return false;
}

std::optional<HandleMessage> receive_message_now(NativeHandle) {
  return std::nullopt;
}

void write_with_handles(NativeHandle to, std::span<const std::byte> bytes,
                        std::span<const NativeHandle> handles) {
  if (bytes.empty() || handles.size() > most_handles_per_message) {
    throw last_error("send handles", std::errc::message_size);
  }
  Departure departure(receiver_at(to, handles), handles);
  Mark mark;
  mark.handles = static_cast<std::uint32_t>(handles.size());
  mark.size = static_cast<std::uint32_t>(departure.bytes().size());
  std::vector<std::byte> together;
  append(together, std::span(&mark, 1));
  append(together, departure.bytes());
  append(together, bytes);
  write_all(to, together);
  departure.sent();
}

StreamPiece read_with_handles(NativeHandle from, std::span<std::byte> into) {
  Mark mark;
  const auto first = into.first(std::min(into.size(), sizeof mark.sign));
  const std::size_t got = read_some(from, first);
  if (got == 0 || first.front() != first_of_mark || first.size() < sizeof mark.sign) {
    return {got};
  }
  read_rest(from, first.subspan(got));  // also the header of a long message is longer than this
  if (std::memcmp(first.data(), &mark.sign, sizeof mark.sign) != 0) {
    return {first.size()};
  }
  Arrival arrival = read_arrival(from, mark);
  return {read_some(from, into), std::move(arrival.handles), arrival.lost_some};
}

}  // namespace multiprocess::detail::os
