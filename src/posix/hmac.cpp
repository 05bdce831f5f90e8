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

using Context = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;

/// A context that knows its digest and no key yet: to look that up takes longer than to compute.
Context make_template(const char* digest) {
  // It is still there when exit steps ask for it: libcrypto is not to clean up first.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> algorithm(
      EVP_MAC_fetch(nullptr, "HMAC", nullptr), &EVP_MAC_free);
  Context made(algorithm == nullptr ? nullptr : EVP_MAC_CTX_new(algorithm.get()),
               &EVP_MAC_CTX_free);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest), 0),
      OSSL_PARAM_construct_end()};
  if (made != nullptr && EVP_MAC_CTX_set_params(made.get(), parameters) != 1) {
    made.reset();
  }
  return made;
}

const unsigned char* raw(std::span<const std::byte> bytes) noexcept {
  static constexpr unsigned char nothing = 0;  // a null key would mean: the key of before
  return bytes.empty() ? &nothing : reinterpret_cast<const unsigned char*>(bytes.data());
}

void hmac(const Context& known, std::span<const std::byte> key, MacInput input,
          std::span<std::byte> into) {
  const Context context(known == nullptr ? nullptr : EVP_MAC_CTX_dup(known.get()),
                        &EVP_MAC_CTX_free);
  bool good = context != nullptr && EVP_MAC_init(context.get(), raw(key), key.size(), nullptr) == 1;
  for (const auto& part : input) {
    good = good && EVP_MAC_update(context.get(), raw(part), part.size()) == 1;
  }
  std::size_t size = 0;
  good = good && EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(into.data()), &size,
                               into.size()) == 1;
  if (!good || size != into.size()) {
    fail("an HMAC");
  }
}

}  // namespace

Sha256Mac hmac_sha256(std::span<const std::byte> key, MacInput input) {
  Sha256Mac mac;
  static const Context& known = *new Context(make_template("SHA256"));
  hmac(known, key, input, mac);
  return mac;
}

Md5Mac hmac_md5(std::span<const std::byte> key, MacInput input) {
  Md5Mac mac;
  static const Context& known = *new Context(make_template("MD5"));
  hmac(known, key, input, mac);
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
