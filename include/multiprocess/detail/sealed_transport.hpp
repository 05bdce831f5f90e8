// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/transport.hpp>

namespace multiprocess::detail {

/// A stream of which each message is sealed, see Seal. What is missing, doubled or changed is a
/// std::system_error (bad_message) and closes the connection.
///
/// It may go to another process of the tree, which goes on where this one was: then this one closes
/// its own.
Transport* sealed_transport(os::Handle stream, SessionKeys keys);

/// One that came with a message: `state` is what its sender said of it.
Transport* received_sealed_transport(os::Handle stream, const SharedRef& state);

}  // namespace multiprocess::detail
