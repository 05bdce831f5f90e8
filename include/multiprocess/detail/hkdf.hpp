// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>

namespace multiprocess::detail {

/// HKDF-SHA256 (RFC 5869): fills `into`, of at most 8160 bytes, with what is derived from the key.
/// Throws as os::hmac_sha256.
void hkdf_sha256(std::span<const std::byte> key, std::span<const std::byte> salt,
                 std::span<const std::byte> info, std::span<std::byte> into);

}  // namespace multiprocess::detail
