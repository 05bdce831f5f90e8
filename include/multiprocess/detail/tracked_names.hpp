// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace multiprocess::detail {

/// From now on the keeper removes the name of this block of memory when nobody of the tree lives
/// any more, however they ended; unless the name is another block's by then. An absolute path is
/// that of a socket, or with 0 for the id of a private folder, which goes with the sockets in it.
/// Starts a keeper when there is none.
///
/// Throws as deposit() does.
void track_name(const std::string& name, std::uint64_t id);

/// Somebody removed the name, or it was never given to that block: there is nothing to do any more.
void untrack_name(const std::string& name, std::uint64_t id) noexcept;

/// For the keeper at its end, and nobody else: removes what is left.
void remove_tracked_names() noexcept;

}  // namespace multiprocess::detail
