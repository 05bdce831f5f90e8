// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// One fuzzer is one source that defines these two. libFuzzer calls the first one; replay.cpp feeds
/// it files with any compiler.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace multiprocess::test {

struct Seed {
  std::string name;
  std::vector<std::byte> bytes;
};

/// Inputs made of real messages of this build.
std::vector<Seed> seeds();

/// The rest of an input.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  bool empty() const noexcept { return rest_.empty(); }
  /// 0 when there is nothing left.
  std::uint8_t byte() noexcept {
    if (rest_.empty()) {
      return 0;
    }
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  detail::Bytes rest() const noexcept { return std::as_bytes(rest_); }

 private:
  std::span<const std::uint8_t> rest_;
};

/// What must be true whatever the input is.
inline void require(bool condition, std::string_view what, std::string_view seen = {}) {
  if (!condition) {
    std::fprintf(stderr, "not true: %.*s %.*s\n", static_cast<int>(what.size()), what.data(),
                 static_cast<int>(seen.size()), seen.data());
    std::abort();
  }
}

}  // namespace multiprocess::test
