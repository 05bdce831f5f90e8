// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>

namespace multiprocess::detail::os {

using Sha256Mac = std::array<std::byte, 32>;
using Md5Mac = std::array<std::byte, 16>;

/// Parts of what is authenticated, one after the other as if they were one.
using MacInput = std::initializer_list<std::span<const std::byte>>;

/// HMAC-SHA256 (RFC 2104). Throws std::runtime_error when the library that computes it refuses.
Sha256Mac hmac_sha256(std::span<const std::byte> key, MacInput input);

/// HMAC-MD5, which old peers speak. Throws as above, as where rules of the machine forbid MD5.
Md5Mac hmac_md5(std::span<const std::byte> key, MacInput input);

/// Takes the same time wherever they differ.
bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;

/// Overwrites, also what nobody reads any more.
void wipe(std::span<std::byte> secret) noexcept;

}  // namespace multiprocess::detail::os
