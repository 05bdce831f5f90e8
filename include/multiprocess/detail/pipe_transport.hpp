// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/transport.hpp>

#include <cstdint>
#include <utility>

namespace multiprocess::detail {

/// The two ends of a new pipe; without `duplex` the first receives and the second sends.
std::pair<Transport*, Transport*> make_pipe_transports(bool duplex);

/// The end of a pipe, or the stream, that a message brings at this index. Throws ValueError when
/// there is none, TypeError when what came with the descriptor is no pipe.
Transport* receive_transport(const Incoming& message, std::uint32_t index);

}  // namespace multiprocess::detail
