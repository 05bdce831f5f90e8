// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/hkdf.hpp>

#include <multiprocess/detail/os/hmac.hpp>

#include <algorithm>
#include <stdexcept>

namespace multiprocess::detail {

// Step by step as the RFC has it: BCrypt knows it only since Windows 10, and libcrypto looks up its
// parts each time, under locks that a fork could leave behind.
void hkdf_sha256(std::span<const std::byte> key, std::span<const std::byte> salt,
                 std::span<const std::byte> info, std::span<std::byte> into) {
  constexpr std::size_t longest = 255 * sizeof(os::Sha256Mac);
  if (into.size() > longest) {
    throw std::runtime_error("HKDF-SHA256 gives at most 8160 bytes");
  }
  os::Sha256Mac extracted = os::hmac_sha256(salt, {key});
  os::Sha256Mac block{};
  std::size_t block_size = 0;  // the first block has no predecessor
  for (auto number = std::byte{1}; !into.empty();
       number = static_cast<std::byte>(std::to_integer<int>(number) + 1)) {
    block = os::hmac_sha256(extracted, {std::span(block).first(block_size), info, {&number, 1}});
    block_size = block.size();
    const std::size_t size = std::min(into.size(), block_size);
    std::copy_n(block.begin(), size, into.begin());
    into = into.subspan(size);
  }
  os::wipe(extracted);
  os::wipe(block);
}

}  // namespace multiprocess::detail
