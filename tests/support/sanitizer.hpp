// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::test {

// Who looks on while the tests run. Each has reasons of its own to leave a test out; the test says
// them where it does.
enum class Sanitizer { none, address, thread };

#if defined(__SANITIZE_ADDRESS__)
inline constexpr Sanitizer sanitizer = Sanitizer::address;
#elif defined(__SANITIZE_THREAD__)
inline constexpr Sanitizer sanitizer = Sanitizer::thread;
#elif !defined(__has_feature)
inline constexpr Sanitizer sanitizer = Sanitizer::none;
#elif __has_feature(address_sanitizer)
inline constexpr Sanitizer sanitizer = Sanitizer::address;
#elif __has_feature(thread_sanitizer)
inline constexpr Sanitizer sanitizer = Sanitizer::thread;
#else
inline constexpr Sanitizer sanitizer = Sanitizer::none;
#endif

inline constexpr bool under_address_sanitizer = sanitizer == Sanitizer::address;
inline constexpr bool under_thread_sanitizer = sanitizer == Sanitizer::thread;

}  // namespace multiprocess::test
