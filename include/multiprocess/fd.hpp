// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/copy_recorder.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/repr.hpp>

#include <string>

namespace multiprocess {

/// An owned descriptor (POSIX) or socket handle (Windows) that can be sent: as an argument of a
/// Process, captured, on a Queue or through a Connection, also inside of other things. The receiver
/// gets a descriptor of its own, whatever has become of the sender meanwhile.
///
/// A copyable handle: copies share the descriptor, and the last one closes it. Threads may copy and
/// destroy their copies at will.
class Fd {
 public:
  using shared_handle = void;

  /// Closed.
  Fd() noexcept = default;
  /// Takes the descriptor over: nobody else may close it. Throws ValueError when it is negative.
  explicit Fd(int owned);
  explicit Fd(detail::os::Handle owned);
  Fd(const Fd& other) noexcept;
  Fd& operator=(const Fd& other) noexcept;
  ~Fd();

  /// A descriptor of its own for what `descriptor` refers to. Throws std::system_error.
  static Fd duplicate(int descriptor);

  /// The number for system calls. Throws std::system_error (bad_file_descriptor) when closed.
  int fileno() const;

  bool closed() const noexcept;

  /// Closes the descriptor for all copies in this process, at once. Closing twice does nothing.
  void close() const noexcept;

  /// Gives the descriptor to the caller, who closes it from now on: all copies here are closed.
  /// Throws as fileno does.
  int release() const;

  /// The same descriptor, not another one for the same file.
  friend bool operator==(const Fd& a, const Fd& b) noexcept { return a.shared_ == b.shared_; }

  friend std::string mp_repr(const Fd& fd);

  /// How it crosses: beside the bytes of the message.
  static const detail::PartOps part_ops;

 private:
  struct Shared;
  void drop() noexcept;

  Shared* shared_ = nullptr;
};

}  // namespace multiprocess
