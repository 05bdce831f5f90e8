// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/shipment.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace multiprocess::detail {

class OutputArchive;

/// What the copies of a Connection in one process share: a descriptor, and a way to move messages.
/// The operations expect that the descriptor is open and the direction there.
class Transport {
 public:
  struct Directions {
    bool readable = true;
    bool writable = true;

    /// As it crosses.
    std::uint64_t bits() const noexcept { return (readable ? 2U : 0U) | (writable ? 1U : 0U); }
    static Directions from(std::uint64_t bits) noexcept {
      return {(bits & 2) != 0, (bits & 1) != 0};
    }
  };

  Transport(os::Handle handle, Directions directions) noexcept
      : handle_(handle.release()), directions_(directions) {}
  virtual ~Transport() { os::Handle(handle_.exchange(os::no_handle)).reset(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  os::NativeHandle handle() const noexcept { return handle_.load(std::memory_order_relaxed); }
  Directions directions() const noexcept { return directions_; }
  void close() noexcept;

  /// How many Connections share it; the last one deletes it.
  std::atomic<std::uint32_t> uses{1};

  /// Encodes with what may travel beside the bytes active, and sends. Throws std::system_error
  /// (broken_pipe) when the other end is closed.
  virtual void send(const void* value, void (*save)(OutputArchive&, const void*)) = 0;
  virtual void send(Bytes message) = 0;

  /// Each takes the next message. They throw EOFError when there is none any more.
  /// `read(context, message)` runs with what travelled beside the bytes active.
  virtual void receive(void* context, void (*read)(void*, Bytes)) = 0;
  /// Throws std::system_error (message_size) for more than `most` bytes, TimeoutError when not all
  /// has come until the deadline: then what comes next is the middle of a message.
  virtual std::vector<std::byte> receive_bytes(std::size_t most,
                                               os::Deadline deadline = os::never) = 0;
  /// Throws BufferTooShort.
  virtual std::size_t receive_into(std::span<std::byte> buffer) = 0;

  /// True when receive() would not wait.
  virtual bool wait_ready(os::Deadline deadline) = 0;

  /// Without a system call. A stream never knows.
  virtual bool has_message() const noexcept { return false; }
  virtual bool is_pipe() const noexcept { return false; }

  /// A handle that is readable while receive() would not wait: from begin_watch() to end_watch()
  /// for what comes meanwhile, from show() on for good and for what has come as well.
  virtual void begin_watch() {}
  virtual void end_watch() noexcept {}
  virtual os::NativeHandle show() { return handle(); }

  /// Adds it to the message that is being sent; its index there.
  virtual std::uint32_t pack(Outgoing& message) const = 0;

  /// The same end of the same channel.
  virtual bool is_same_end(const Transport& other) const noexcept { return this == &other; }

 protected:
  virtual void closed() noexcept {}

 private:
  std::atomic<os::NativeHandle> handle_;
  Directions directions_;
};

/// That a message was dropped, since it has more than `most` bytes.
[[noreturn]] void throw_too_long(std::uint64_t size, std::uint64_t most);

}  // namespace multiprocess::detail
