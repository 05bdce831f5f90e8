// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstdint>
#include <vector>

namespace multiprocess::detail {

/// What a program of ours is told by the one that starts it. It comes through a descriptor.
struct StartRecord {
  static constexpr std::uint64_t right_magic = 0x3174726174736d70;  // "pmstart1"
  enum class Role : std::uint32_t { child, server, keeper };

  std::uint64_t magic = right_magic;
  Role role = Role::child;
  std::uint32_t slot = 0;  ///< with the generation: the Ticket of the child
  std::uint32_t generation = 0;
  std::uint32_t outlive_parent = 0;
  std::uint32_t has_server = 0;  ///< a way to the fork server follows the life line
  std::uint64_t payload = 0;     ///< child: offset of the message with everything else;
                                 ///< keeper: the Ticket of its predecessor
};

/// What such a program has inherited.
struct Inherited {
  StartRecord record;
  os::Handle arena;
  os::Handle life_line;  ///< of the parent
  os::Handle server;     ///< a child's way to the fork server, the server's own end of it
  std::vector<os::Handle> descriptors;
};

/// Null in a process that was started otherwise. Looks at the first call.
///
/// Throws std::system_error or RuntimeError when what was promised is not there.
Inherited* inherited();

/// The arena that this program inherited, once; none in a process that was started otherwise.
os::Handle inherited_arena();

}  // namespace multiprocess::detail
