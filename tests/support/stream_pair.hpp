// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/connection.hpp>

#include "support/stream_handles.hpp"

#include <utility>

namespace multiprocess::test {

/// Connections over a stream of bytes, as programs have it that know nothing of one another's
/// memory.
inline std::pair<Connection, Connection> make_stream_pair() {
  auto [here, there] = make_stream_handles();
  return {Connection(static_cast<int>(here.release())),
          Connection(static_cast<int>(there.release()))};
}

}  // namespace multiprocess::test
