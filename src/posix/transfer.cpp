// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/transfer.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "system_error.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <exception>
#include <iterator>

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t longest_message = 4096;

struct alignas(cmsghdr) ControlBuffer {
  std::array<char, CMSG_SPACE(most_handles_per_message * sizeof(int))> bytes{};
};

void attach(msghdr& message, ControlBuffer& control, std::span<const NativeHandle> handles) {
  if (handles.empty()) {
    return;
  }
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(handles.size() * sizeof(int));
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(handles.size() * sizeof(int));
  auto* to = CMSG_DATA(header);
  for (const NativeHandle handle : handles) {
    const int descriptor = static_cast<int>(handle);
    std::memcpy(to, &descriptor, sizeof descriptor);
    to += sizeof descriptor;
  }
}

/// Closes them when there is no memory.
std::vector<Handle> detach(msghdr& message) {
  std::vector<Handle> handles;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::array<Handle, most_handles_per_message> here;
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof descriptor, sizeof descriptor);
      here.at(i) = Handle(descriptor);
    }
    handles.insert(handles.end(), std::make_move_iterator(here.begin()),
                   std::make_move_iterator(here.begin() + static_cast<std::ptrdiff_t>(count)));
  }
  return handles;
}

}  // namespace

std::pair<Handle, Handle> make_channel() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw last_error("socketpair");
  }
  return {Handle(ends[0]), Handle(ends[1])};
}

namespace {

void send_with(int flags, NativeHandle channel, std::span<const std::byte> bytes,
               std::span<const NativeHandle> handles) {
  if (bytes.empty() || bytes.size() > longest_message ||
      handles.size() > most_handles_per_message) {
    throw last_error("send a message with handles", EMSGSIZE);
  }
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control;
  attach(message, control, handles);
  while (sendmsg(static_cast<int>(channel), &message, MSG_NOSIGNAL | flags) < 0) {
    if (errno == ECONNRESET || errno == ENOTCONN) {
      errno = EPIPE;
    }
    if (errno != EINTR) {
      throw last_error("sendmsg");
    }
  }
}

std::optional<HandleMessage> receive_with(int flags, NativeHandle channel) {
  HandleMessage received;
  received.bytes.resize(longest_message);
  iovec part{received.bytes.data(), received.bytes.size()};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t got = -1;
  do {
    got = recvmsg(static_cast<int>(channel), &message, MSG_CMSG_CLOEXEC | flags);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno != ECONNRESET && (errno != EAGAIN || (flags & MSG_DONTWAIT) == 0)) {
    throw last_error("recvmsg");
  }
  if (got <= 0) {
    return std::nullopt;
  }
  received.bytes.resize(static_cast<std::size_t>(got));
  received.handles = detach(message);
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    throw last_error("recvmsg: handles were lost", EMFILE);
  }
  return received;
}

}  // namespace

void send_message(NativeHandle channel, std::span<const std::byte> bytes,
                  std::span<const NativeHandle> handles) {
  send_with(0, channel, bytes, handles);
}

std::optional<HandleMessage> receive_message(NativeHandle channel) {
  return receive_with(0, channel);
}

std::optional<std::pair<Handle, Handle>> make_common_channel() {
  return make_channel();
}

bool send_message_now(NativeHandle channel, std::span<const std::byte> bytes,
                      std::span<const NativeHandle> handles) noexcept try {
  send_with(MSG_DONTWAIT, channel, bytes, handles);
  return true;
} catch (const std::exception&) {  // also when there is no memory to say why
  return false;
}

std::optional<HandleMessage> receive_message_now(NativeHandle channel) {
  return receive_with(MSG_DONTWAIT, channel);
}

void write_with_handles(NativeHandle to, std::span<const std::byte> bytes,
                        std::span<const NativeHandle> handles) {
  if (bytes.empty() || handles.size() > most_handles_per_message) {
    throw last_error("send handles", EMSGSIZE);
  }
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control;
  attach(message, control, handles);
  ssize_t sent = -1;
  while ((sent = sendmsg(static_cast<int>(to), &message, MSG_NOSIGNAL)) < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable(to);
    } else if (errno != EINTR) {
      throw last_error("sendmsg");
    }
  }
  write_all(to, bytes.subspan(static_cast<std::size_t>(sent)));
}

StreamPiece read_with_handles(NativeHandle from, std::span<std::byte> into) {
  iovec part{into.data(), into.size()};
  ControlBuffer control;
  msghdr message{};
  ssize_t got = -1;
  do {
    message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    got = recvmsg(static_cast<int>(from), &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      wait_readable(from, never);
    } else if (got < 0 && errno != EINTR) {
      throw last_error("recvmsg from descriptor " + std::to_string(from));
    }
  } while (got < 0);
  return {static_cast<std::size_t>(got), detach(message), (message.msg_flags & MSG_CTRUNC) != 0};
}

}  // namespace multiprocess::detail::os
