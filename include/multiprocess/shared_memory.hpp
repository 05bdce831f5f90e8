// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/copy_recorder.hpp>
#include <multiprocess/detail/plain.hpp>
#include <multiprocess/detail/repr.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace multiprocess {

namespace detail::os {
class NamedMemory;
}

/// A block of memory that unrelated programs share by its name, Python's among them.
///
/// It lives until it is unlinked and everybody has closed it. Should its creator never unlink it,
/// that is done when the creator's whole tree of processes has ended, however that came; never, and
/// unlike in Python, because a program that only attached to it has ended. Each copy is a handle of
/// its own; one that is sent attaches to the block by its name where it arrives. Whoever uses the
/// memory at the same time sees to it themselves: nothing is locked.
class SharedMemory {
 public:
  static constexpr bool multiprocess_codec = true;

  /// A new block of `size` zeros that only this user may open; without a name it gets one,
  /// `psm_...`. With `track` false nobody unlinks it in the creator's stead.
  ///
  /// Throws std::system_error: file_exists, no_space_on_device or not_enough_memory (all of the
  /// block is there when it returns, no access fails later), invalid_argument for what cannot be a
  /// name. Throws ValueError for a size of 0 or one that was negative.
  static SharedMemory create(std::size_t size, std::string name = {}, bool track = true);

  /// Attaches to the block of that name. Throws std::system_error (no_such_file_or_directory),
  /// ValueError for an empty name.
  explicit SharedMemory(std::string name);

  SharedMemory(const SharedMemory& other) noexcept;
  SharedMemory& operator=(const SharedMemory& other) noexcept;
  ~SharedMemory() = default;

  /// The memory; empty once this handle is closed.
  std::span<std::byte> buf() const noexcept;

  /// The memory as so many T as fit in.
  template <class T>
  std::span<T> as() const noexcept {
    static_assert(detail::plain<T>,
                  "multiprocess: this type cannot lie in shared memory: it is not trivially "
                  "copyable or holds a pointer or reference");
    const std::span<std::byte> bytes = buf();
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  /// Without a leading slash. It and the size remain after close() and unlink().
  const std::string& name() const noexcept;
  std::size_t size() const noexcept;

  /// Lets go of the memory; spans of this handle mean nothing any more. Closing twice does nothing.
  void close() const noexcept;

  /// Takes the name away; the memory stays with those who have it. Once for all processes: after
  /// that it throws std::system_error (no_such_file_or_directory).
  void unlink() const;

  /// The same block.
  friend bool operator==(const SharedMemory& a, const SharedMemory& b) noexcept;
  friend std::string mp_repr(const SharedMemory& memory);

  void encode(detail::OutputArchive& archive) const;
  static SharedMemory decode(detail::InputArchive& archive);

  /// How it crosses as a capture: with its name beside the bytes of the message.
  static const detail::PartOps part_ops;

 private:
  struct Facts {
    std::string name;
    std::size_t size;
    std::uint64_t id;
  };
  SharedMemory(std::string name, detail::os::NamedMemory memory);

  std::shared_ptr<const Facts> facts_;
  /// One mapping for all copies that are open.
  mutable std::shared_ptr<const detail::os::NamedMemory> memory_;
};

}  // namespace multiprocess
