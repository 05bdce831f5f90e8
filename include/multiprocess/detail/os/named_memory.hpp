// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace multiprocess::detail::os {

/// A block of memory, mapped, that any program of the same user can open by its name. Names are
/// those of Python on the same system, without a leading slash.
class NamedMemory {
 public:
  /// A new block of zeros that has no name yet; use it when it has one. A shortage shows here.
  ///
  /// Throws std::system_error (no_space_on_device, not_enough_memory).
  static NamedMemory create(std::size_t size);

  /// The block of that name. Throws std::system_error (no_such_file_or_directory, ...).
  static NamedMemory open(const std::string& name);

  NamedMemory(NamedMemory&& other) noexcept;
  NamedMemory& operator=(NamedMemory&&) = delete;
  ~NamedMemory();

  /// Gives it its name; nobody can open it before. Throws std::system_error (file_exists, ...).
  void publish(const std::string& name);

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  /// Tells it from any other block that has, or had, or will have the same name.
  std::uint64_t id() const noexcept { return id_; }

 private:
  NamedMemory(Handle file, std::size_t size, std::uint64_t id);

  Handle file_;
  std::byte* data_ = nullptr;
  std::size_t size_;
  std::uint64_t id_;
};

/// The name goes, the block when the last one who has it lets go. Throws std::system_error
/// (no_such_file_or_directory).
void remove_name(const std::string& name);

/// Only if it is still that block's; false when it was not.
bool remove_name_of(const std::string& name, std::uint64_t id) noexcept;

/// False where a name goes by itself with the last who has the block, so that nobody need remove
/// it.
bool names_stay() noexcept;

/// How a name that nobody chose begins.
std::string_view name_prefix() noexcept;

}  // namespace multiprocess::detail::os
