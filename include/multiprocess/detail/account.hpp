// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <array>
#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// What an object in the arena is; says how it ends.
enum class ObjectType : std::uint32_t {
  plain,
  queue,
  parcel,
  lock,
  pipe,
  rlock,
  semaphore,
  condition,
  event,
  barrier,
  items,
  sequence,
  name,
  pool,
  desk,
  cell,
  bytes
};

/// Frees what an object owns besides its own block. It may run again after a kill in its middle.
using Destroy = void (*)(Offset object) noexcept;

/// For the source file of an object type; returns true so that it can initialise a constant.
bool register_destroy(ObjectType type, Destroy destroy) noexcept;

/// A new object of a block that is private to this process and holds its first state already.
SharedRef publish_object(Offset block, ObjectType type);

/// A reference to an object that somebody else keeps alive meanwhile (a message, a forked parent).
SharedRef take_reference(Offset object);

/// The same for what no child that this process forks will ever use: children do not keep the
/// object.
SharedRef take_own_reference(Offset object);

/// A reference to the object, of whatever type, that begins at this place now; empty when none
/// does.
SharedRef find_reference(Offset place);

bool is_of_type(const SharedRef& ref, ObjectType type) noexcept;
/// Throws TypeError when the object of a reference that was received is of another type.
void require_type(const SharedRef& ref, ObjectType type);

/// The references that a message or an account holds stand in words of this kind: 0, or the object.
using RefEntry = std::atomic<std::uint64_t>;

/// Counts one more reference to `object`, held by `entry`: both or neither.
void add_reference(RefEntry& entry, Offset object);

/// Empties `entry` and frees the object when this was the last reference.
void drop_reference(RefEntry& entry) noexcept;

/// Ends an object whose last reference is gone and whose block is private to this process or a dead
/// one, and the objects that nobody refers to then. Within the end of another object: soon.
void end_object(Offset block) noexcept;

/// A process's account is a chain of such blocks.
struct AccountBlock {
  static constexpr std::uint32_t most = 62;
  std::atomic<std::uint64_t> next;
  std::uint64_t unused;
  std::array<RefEntry, most> entries;
};

}  // namespace multiprocess::detail
