// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/hmac.hpp>

#include "system.hpp"

#include <bcrypt.h>

#include <memory>
#include <stdexcept>

namespace multiprocess::detail::os {

namespace {

void check(NTSTATUS status) {
  if (status != 0) {
    throw std::runtime_error("the system's cryptography (BCrypt) cannot compute an HMAC");
  }
}

PUCHAR raw(std::span<const std::byte> bytes) noexcept {
  return reinterpret_cast<PUCHAR>(const_cast<std::byte*>(bytes.data()));  // it is not written to
}

/// Opened once and never closed: exit steps may still ask for it.
BCRYPT_ALG_HANDLE open_hmac(const wchar_t* digest) {
  BCRYPT_ALG_HANDLE algorithm = nullptr;
  check(BCryptOpenAlgorithmProvider(&algorithm, digest, nullptr, BCRYPT_ALG_HANDLE_HMAC_FLAG));
  return algorithm;
}

void hmac(BCRYPT_ALG_HANDLE algorithm, std::span<const std::byte> key, MacInput input,
          std::span<std::byte> into) {
  BCRYPT_HASH_HANDLE made = nullptr;
  check(
      BCryptCreateHash(algorithm, &made, nullptr, 0, raw(key), static_cast<ULONG>(key.size()), 0));
  const std::unique_ptr<void, decltype(&BCryptDestroyHash)> hash(made, &BCryptDestroyHash);
  for (const auto& part : input) {
    check(BCryptHashData(made, raw(part), static_cast<ULONG>(part.size()), 0));
  }
  check(BCryptFinishHash(made, raw(into), static_cast<ULONG>(into.size()), 0));
}

}  // namespace

Sha256Mac hmac_sha256(std::span<const std::byte> key, MacInput input) {
  static const BCRYPT_ALG_HANDLE algorithm = open_hmac(BCRYPT_SHA256_ALGORITHM);
  Sha256Mac mac;
  hmac(algorithm, key, input, mac);
  return mac;
}

Md5Mac hmac_md5(std::span<const std::byte> key, MacInput input) {
  static const BCRYPT_ALG_HANDLE algorithm = open_hmac(BCRYPT_MD5_ALGORITHM);
  Md5Mac mac;
  hmac(algorithm, key, input, mac);
  return mac;
}

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
  if (a.size() != b.size()) {
    return false;
  }
  volatile unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = difference | std::to_integer<unsigned>(a[i] ^ b[i]);
  }
  return difference == 0;
}

void wipe(std::span<std::byte> secret) noexcept {
  SecureZeroMemory(secret.data(), secret.size());
}

}  // namespace multiprocess::detail::os
