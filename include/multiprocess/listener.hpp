// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/client.hpp>
#include <multiprocess/connection.hpp>
#include <multiprocess/connection_options.hpp>
#include <multiprocess/detail/copy_recorder.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/timeout.hpp>
#include <multiprocess/wait.hpp>

#include <optional>
#include <string>

namespace multiprocess::connection {

/// Accepts connections from other programs, ours or Python's `multiprocessing.connection.Client`.
///
/// A copyable handle that can be sent to processes of the tree: they all accept at the same socket,
/// and a client is taken by whoever returns it; one that is in the middle of its handshake
/// meanwhile is left to the others. Any number of threads may accept at the same time. The process
/// that made it removes the file of its path, with its last copy there, at close() or at exit.
class Listener {
 public:
  using shared_handle = void;

  /// At a path of its own in a folder that no other user can enter.
  Listener() : Listener(Address()) {}
  explicit Listener(Options options) : Listener(Address(), std::move(options)) {}
  /// Throws std::system_error (address_in_use, filename_too_long, ...); ValueError for an empty key
  /// and for TCP without one, unless it is the loopback address.
  explicit Listener(Address address, Options options = {});
  // A host and a port alone stay in braces what they are, an address.
  template <detail::Misplaced T, class... More>
  requires(sizeof...(More) != 0 || !detail::Count<std::remove_cvref_t<T>>)
      Listener(Address address, T&&, More&&...)
      : Listener(std::move(address)) {
    detail::refuse_beside_address<T>();
  }

  Listener(const Listener& other) noexcept;
  Listener& operator=(const Listener& other) noexcept;
  ~Listener();

  /// The next connection whose handshake is done. Waits for it at most `timeout`. Those who take
  /// long, or say nothing, keep nobody waiting: handshakes run side by side, 256 at most.
  ///
  /// Where other processes accept, too, up to 100 ms longer for a client that was let in already.
  ///
  /// Throws TimeoutError; AuthenticationError when a handshake fails (wrong key, garbage, hang-up,
  /// time over), after which the next call goes on; std::system_error ("listener is closed").
  Connection accept(Timeout timeout = forever);

  /// Where it is: the path, or host and port in numbers. Throws std::system_error when closed.
  Address address() const;
  /// Of the peer that was accepted last, here; empty for a peer at a path, which has none.
  std::optional<Address> last_accepted() const;

  /// For `wait` and its like: readable when something has come, a connection or a part of a
  /// handshake. A call of accept() then looks after it, and may still find nobody to return.
  int fileno() const;

  bool closed() const noexcept;
  /// For all copies in this process: a thread that is in accept() finds it closed, too. Closing
  /// twice does nothing.
  void close();

  /// The same listener, in this process.
  friend bool operator==(const Listener& a, const Listener& b) noexcept {
    return a.shared_ == b.shared_;
  }
  friend std::string mp_repr(const Listener& listener);

  /// How it crosses: beside the bytes of the message, its key too, which never leaves the tree.
  static const detail::PartOps part_ops;

 private:
  struct Shared;
  explicit Listener(Shared* shared) noexcept : shared_(shared) {}

  static std::uint32_t send_part(const void* part);
  static void receive_part(void* where, std::uint32_t index);
  void drop() noexcept;
  Shared& open() const;

  Shared* shared_ = nullptr;
};

using multiprocess::operator<<;  // for what is printed here

}  // namespace multiprocess::connection
