// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/byte_view.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/transport.hpp>
#include <multiprocess/serialization.hpp>
#include <multiprocess/timeout.hpp>

#include <cstddef>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

class Connection;

namespace detail {
/// As Connection::recv_bytes, of a message that is whole by then. Throws TimeoutError; when a part
/// has come, nobody can receive from this end any more.
std::vector<std::byte> receive_bytes(const Connection& from, std::size_t most,
                                     os::Deadline deadline);
}  // namespace detail

/// One end of a channel for messages: of a `Pipe`, whose ends are processes of the tree, or of a
/// stream to any program.
///
/// A copyable handle. Messages never merge, split or mix, whoever sends and receives at the same
/// end at the same time. Unlike in Python this also holds for several processes at one end of a
/// Pipe.
///
/// All operations throw std::system_error (bad_file_descriptor) after close(), or where the
/// direction is missing: "connection is read-only".
class Connection {
 public:
  using shared_handle = void;

  /// Closed.
  Connection() noexcept = default;

  /// Takes over the descriptor or socket handle of a stream; messages are framed as Python frames
  /// them. Throws ValueError when it is negative, or neither readable nor writable.
  explicit Connection(int handle, bool readable = true, bool writable = true);

  Connection(const Connection& other) noexcept;
  Connection& operator=(const Connection& other) noexcept;
  ~Connection();

  /// Sends one value of any sendable type. Waits while 1024 messages or 4 MiB are waiting at the
  /// other end (a stream: while its buffers are full). Throws NotSendable, the value's own
  /// exceptions, std::bad_alloc, and std::system_error (broken_pipe) when the other end is closed.
  template <class T>
  void send(const T& value) const {
    using Kept = detail::stored_t<T>;
    detail::require_sendable<Kept>();
    if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
      send(None);
    } else if constexpr (std::is_same_v<Kept, T>) {
      send_value(&value, &detail::save_message<T>);
    } else {
      const Kept kept = detail::store(value);
      send_value(&kept, &detail::save_message<Kept>);
    }
  }

  /// Takes the next message, which is one value. Waits for it. Throws EOFError when none is left
  /// and the other end is closed; TypeError when it holds another type or is not from send():
  /// then the message is gone and the connection is as good as before.
  template <class T = Object>
  T recv() const {
    detail::require_sendable<T>();
    std::optional<T> value;
    recv_value(&value, [](detail::InputArchive& message, void* into) {
      static_cast<std::optional<T>*>(into)->emplace(detail::read_message<T>(message));
    });
    return *std::move(value);
  }

  /// Sends bytes as they are: text (a literal without its NUL), or the items of a contiguous range.
  /// `offset` and `size` count bytes. Waits and throws as send() does; ValueError for a part that
  /// is not inside.
  template <detail::Count Offset = int>
  void send_bytes(detail::ByteView items, Offset offset = 0) const {
    send_part(items.bytes(), detail::count(offset), {});
  }
  template <detail::Count Offset, detail::Count Size>
  void send_bytes(detail::ByteView items, Offset offset, Size size) const {
    send_part(items.bytes(), detail::count(offset), detail::count(size));
  }

  /// The bytes of the next message. Waits for it. Throws EOFError as recv() does; std::system_error
  /// (message_size) for one that is longer than `maxlength`: unlike in Python that message is
  /// dropped and the connection stays good, but for one of more than 16 MiB on a stream, which is
  /// not waited for: then it is closed. ValueError for a negative limit.
  std::vector<std::byte> recv_bytes(std::optional<std::ptrdiff_t> maxlength = {}) const;

  /// Writes the next message into a range of the caller's, from byte `offset` on, and returns its
  /// size in bytes. Throws BufferTooShort, which then holds the message; ValueError for an offset
  /// that is not inside; otherwise as recv_bytes().
  template <detail::ByteTarget R, detail::Count Offset = int>
  std::size_t recv_bytes_into(R&& range, Offset offset = 0) const {
    return recv_into(
        std::as_writable_bytes(std::span(std::ranges::data(range),
                                         static_cast<std::size_t>(std::ranges::size(range)))),
        detail::count(offset));
  }

  /// Whether recv() would not wait: a message is there, or the end. Waits at most `timeout`.
  bool poll(Timeout timeout = std::chrono::seconds::zero()) const;

  /// The descriptor or socket handle, for poll() and its like: readable when poll() is true. From
  /// the first call on, a message that arrives when none waits costs two system calls more.
  int fileno() const;

  bool closed() const noexcept;
  bool readable() const noexcept;
  bool writable() const noexcept;

  /// Closes this end for all copies in this process; other processes keep theirs. Closing twice
  /// does nothing. As with any descriptor, not while another thread waits in a call on this end:
  /// end that one by a message, or by closing the other end.
  void close() const;

  /// The same end of the same channel.
  friend bool operator==(const Connection& a, const Connection& b) noexcept;
  friend std::string mp_repr(const Connection& connection);

  /// How it crosses: beside the bytes of the message.
  static const detail::PartOps part_ops;
  std::uint32_t pack(detail::Outgoing& message) const;
  explicit Connection(detail::Transport* transport) noexcept : transport_(transport) {}

 private:
  friend class Waitable;
  friend std::vector<std::byte> detail::receive_bytes(const Connection&, std::size_t,
                                                      detail::os::Deadline);

  void send_value(const void* value, void (*save)(detail::OutputArchive&, const void*)) const;
  void recv_value(void* into, void (*read)(detail::InputArchive&, void*)) const;
  void send_part(detail::Bytes all, std::ptrdiff_t offset,
                 std::optional<std::ptrdiff_t> size) const;
  std::size_t recv_into(std::span<std::byte> buffer, std::ptrdiff_t offset) const;

  detail::Transport& open() const;
  detail::Transport& open_for_reading() const;
  detail::Transport& open_for_writing() const;

  void drop() noexcept;

  detail::Transport* transport_ = nullptr;
};

/// The two ends of a new channel between processes of the tree. With `duplex` both send and
/// receive; else the first only receives and the second only sends. Throws std::system_error,
/// std::bad_alloc.
std::pair<Connection, Connection> Pipe(bool duplex = true);

}  // namespace multiprocess
