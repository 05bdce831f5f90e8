// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/hmac.hpp>

#include <multiprocess/detail/os/around_fork.hpp>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace multiprocess::detail::os {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string("libcrypto cannot compute ") + what);
}

/// Who looks an algorithm up holds locks of libcrypto. In a child that another thread forks
/// meanwhile they would stay locked for ever: so forks wait.
constinit std::mutex looking_up;
constinit AroundFork free_at_forks = held_around_forks<looking_up>(AroundFork::Nesting::inner);
[[maybe_unused]] const bool before_main = free_at_forks.begin();

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

/// Made on first use, and never destroyed.
class Template {
 public:
  constexpr explicit Template(const char* digest) noexcept : digest_(digest) {}

  const Context& get() {
    if (const Context* const made = made_.load(std::memory_order_acquire); made != nullptr) {
      return *made;
    }
    const std::scoped_lock lock(looking_up);
    if (made_.load(std::memory_order_relaxed) == nullptr) {
      // In a thread of its own: what libcrypto keeps for a thread that looked something up it takes
      // back under a lock when that thread ends.
      std::thread([this] {
        made_.store(new Context(make_template(digest_)), std::memory_order_release);
      }).join();
    }
    return *made_.load(std::memory_order_relaxed);
  }

 private:
  const char* const digest_;
  std::atomic<const Context*> made_{nullptr};
};

constinit Template sha256("SHA256");
constinit Template md5("MD5");

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
  hmac(sha256.get(), key, input, mac);
  return mac;
}

Md5Mac hmac_md5(std::span<const std::byte> key, MacInput input) {
  Md5Mac mac;
  hmac(md5.get(), key, input, mac);
  return mac;
}

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::byte> secret) noexcept {
  OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace multiprocess::detail::os
