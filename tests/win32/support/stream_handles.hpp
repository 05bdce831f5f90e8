// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/socket.hpp>

#include <utility>

namespace multiprocess::test {

/// The ends of a stream of bytes as programs have it that know nothing of one another's memory.
inline std::pair<detail::os::Handle, detail::os::Handle> make_stream_handles() {
  namespace os = detail::os;
  const os::Handle listening = os::listen_at({{}, "127.0.0.1", 0}, 1);
  os::Handle here = os::connect_to(os::local_address(listening.get()), os::never);
  return {std::move(here), std::move(os::accept_now(listening.get())->socket)};
}

}  // namespace multiprocess::test
