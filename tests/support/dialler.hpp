// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace multiprocess::test {

namespace os = detail::os;
using detail::Handshake;

/// A client that says only what the test wants.
class Dialler {
 public:
  explicit Dialler(const os::SocketAddress& to, const char* key = "secret", bool strict = false)
      : stream_(os::connect_to(to, os::never)),
        handshake_(Handshake::Role::client, {key, strict, false, {detail::place_of(to)}}) {}

  /// Reads what there is and answers it; false when there was nothing.
  bool go_on() {
    std::array<std::byte, Handshake::most_wanted> space;
    bool some = false;
    while (handshake_.wanted() != 0) {
      const auto got = os::read_now(stream_.get(), std::span(space).first(handshake_.wanted()));
      if (got.value_or(0) == 0) {
        break;
      }
      handshake_.receive(std::span(space).first(*got));
      some = true;
    }
    os::write_all(stream_.get(), handshake_.output());
    handshake_.sent(handshake_.output().size());
    return some;
  }
  void hang_up() { stream_.reset(); }
  const std::optional<detail::SessionKeys>& keys() const { return handshake_.keys(); }
  bool is_welcome() const { return handshake_.is_over() && !handshake_.has_failed(); }
  bool is_cut_off() {
    std::array<std::byte, 1000> space;
    try {
      while (const auto got = os::read_now(stream_.get(), space)) {
        if (*got == 0) {
          return true;
        }
      }
    } catch (const std::system_error&) {
      return true;
    }
    return false;
  }

 private:
  os::Handle stream_;
  Handshake handshake_;
};

}  // namespace multiprocess::test
