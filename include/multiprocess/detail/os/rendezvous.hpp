// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstdint>

namespace multiprocess::detail::os {

/// Where processes that have no handle in common find one of them, which serves the others. A
/// number that nobody can guess says where. Both sides make sure that the other one is a process
/// of the same user before anything passes.
struct Rendezvous {
  std::uint64_t name = 0;  ///< never 0
  Handle door;             ///< readable when somebody has come; the place ends with it
};

/// A new place of this process. Throws std::system_error.
Rendezvous open_rendezvous();

/// A channel (see transfer.hpp) to one who has come; none when nobody is there or it is somebody
/// else's process. Never waits. Throws std::system_error.
Handle admit(NativeHandle door);

enum class Patience { some, none };

/// A channel to the one who serves there; none when nobody does. Waits until there is room; with
/// no patience none then, and what is sent or received on the channel does not wait either.
///
/// Throws std::system_error (operation_not_permitted when it is a process of another user).
Handle visit(std::uint64_t name, Patience patience = Patience::some);

}  // namespace multiprocess::detail::os
