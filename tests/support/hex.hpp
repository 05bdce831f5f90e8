// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multiprocess::test {

inline std::string repeated(std::string_view digits, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    all += digits;
  }
  return all;
}

/// The bytes that two digits each stand for.
inline std::vector<std::byte> from_hex(std::string_view digits) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(
        static_cast<std::byte>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(std::span<const std::byte> bytes) {
  std::string digits;
  for (const std::byte each : bytes) {
    digits += "0123456789abcdef"[std::to_integer<unsigned>(each >> 4)];
    digits += "0123456789abcdef"[std::to_integer<unsigned>(each & std::byte{15})];
  }
  return digits;
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace multiprocess::test
