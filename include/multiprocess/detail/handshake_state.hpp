// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

/// Where a listener's handshake is, between two frames, for another process that has the same
/// rules. Nothing in it is secret. Plain bytes.
struct HandshakeState {
  enum class Stage : std::uint8_t { asked, proven, held_back, answered, done };
  /// A message of ours; the longest one is a challenge.
  struct Word {
    std::array<std::byte, 64> bytes{};
    std::uint8_t size = 0;
  };

  Stage stage = Stage::asked;
  std::uint32_t frames = 0;
  std::uint32_t place = 0;
  Word challenge{};
  Word last_word{};
  std::array<std::byte, 32> listener_nonce{};
  std::array<std::byte, 32> client_nonce{};
};

}  // namespace multiprocess::detail
