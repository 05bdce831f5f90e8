// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/referent.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace multiprocess::detail {

/// What every answer begins with.
struct CallStatus {
  static constexpr std::uint64_t done = 0;
  static constexpr std::uint64_t exception = 1;  // a RemoteException follows
  static constexpr std::uint64_t no_memory = 2;
};

/// The inside of a ServedCall: where it came from, its message, and the answer as far as it is
/// written.
struct ServedCall::Body {
  ManagerServer* server = nullptr;
  std::shared_ptr<Session> session;
  std::uint64_t number = 0;
  std::uint64_t object = 0;
  std::uint64_t method = 0;
  CallReader arguments;
  CallWriter answer;

  std::optional<Message> message;
  std::vector<SharedRef> refs;
  alignas(8) std::array<std::byte, Letter::most_inside> inside;

  /// The message of a client in the tree.
  void read(Letter& letter) {
    Bytes bytes;
    const Offset block = take_letter(letter, bytes);
    if (block != 0) {
      message.emplace(block);
      refs = message->references();
      bytes = message->bytes();
    } else {
      std::copy(bytes.begin(), bytes.end(), inside.begin());
      bytes = std::span(inside).first(bytes.size());
    }
    read(bytes);
  }

  void read(Bytes bytes) {
    arguments = CallReader(bytes, refs);
    object = arguments.get();
    method = arguments.get();
    answer.put(CallStatus::done);
  }

  /// For the next call.
  void clear() noexcept {
    session.reset();
    message.reset();
    refs.clear();
    answer.clear();
  }
};

}  // namespace multiprocess::detail
