// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/hmac.hpp>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace multiprocess::detail::os {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string("libcrypto cannot compute ") + what);
}

/// Looked up once, and still there when exit steps ask for it: libcrypto is not to clean up first.
EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const found = [] {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    return EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  }();
  return found;
}

const unsigned char* raw(std::span<const std::byte> bytes) noexcept {
  static constexpr unsigned char nothing = 0;  // a null key would mean: the key of before
  return bytes.empty() ? &nothing : reinterpret_cast<const unsigned char*>(bytes.data());
}

void hmac(const char* digest, std::span<const std::byte> key, MacInput input,
          std::span<std::byte> into) {
  const auto free = [](EVP_MAC_CTX* context) { EVP_MAC_CTX_free(context); };
  const std::unique_ptr<EVP_MAC_CTX, decltype(free)> context(EVP_MAC_CTX_new(hmac_algorithm()),
                                                             free);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest), 0),
      OSSL_PARAM_construct_end()};
  bool good =
      context != nullptr && EVP_MAC_init(context.get(), raw(key), key.size(), parameters) == 1;
  for (const auto& part : input) {
    good = good && EVP_MAC_update(context.get(), raw(part), part.size()) == 1;
  }
  std::size_t size = 0;
  good = good && EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(into.data()), &size,
                               into.size()) == 1;
  if (!good || size != into.size()) {
    fail((std::string("HMAC-") + digest).c_str());
  }
}

}  // namespace

Sha256Mac hmac_sha256(std::span<const std::byte> key, MacInput input) {
  Sha256Mac mac;
  hmac("SHA256", key, input, mac);
  return mac;
}

Md5Mac hmac_md5(std::span<const std::byte> key, MacInput input) {
  Md5Mac mac;
  hmac("MD5", key, input, mac);
  return mac;
}

void hkdf_sha256(std::span<const std::byte> key, std::span<const std::byte> salt,
                 std::span<const std::byte> info, std::span<std::byte> into) {
  const auto constant = [](std::span<const std::byte> bytes) {
    return const_cast<unsigned char*>(raw(bytes));  // it is not written to
  };
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> algorithm(
      EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
      algorithm == nullptr ? nullptr : EVP_KDF_CTX_new(algorithm.get()), &EVP_KDF_CTX_free);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, constant(key), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, constant(salt), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, constant(info), info.size()),
      OSSL_PARAM_construct_end()};
  if (context == nullptr ||
      EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(into.data()), into.size(),
                     parameters) != 1) {
    fail("HKDF-SHA256");
  }
}

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::byte> secret) noexcept {
  OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace multiprocess::detail::os
