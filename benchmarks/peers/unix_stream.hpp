// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "../channels.hpp"

namespace bench {

/// A pair of connected unix sockets: whole numbers and bytes, to and fro.
class UnixStream {
 public:
  /// With buffers of 4 MiB if the system allows it, else its default.
  explicit UnixStream(bool large = false);
  ~UnixStream();
  UnixStream(const UnixStream&) = delete;
  UnixStream& operator=(const UnixStream&) = delete;

  void put(int end, std::int64_t number) const;
  std::int64_t get(int end) const;
  void put_bytes(int end, std::span<const std::byte> bytes) const;
  void get_bytes(int end, std::span<std::byte> bytes) const;

 private:
  int ends_[2];
};

}  // namespace bench
