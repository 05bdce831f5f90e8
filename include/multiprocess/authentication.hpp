// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/repr.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess {

class Key;

namespace detail {

/// Throws TypeError for a null pointer.
std::string_view key_text(const char* text);

}  // namespace detail

/// The key of a process, which its children inherit: connections are authenticated with it.
///
/// A range of bytes. It neither prints nor crosses to another process except to a child that is
/// being started.
class AuthenticationString {
 public:
  const std::byte* data() const noexcept { return bytes().data(); }
  std::size_t size() const noexcept { return bytes().size(); }
  const std::byte* begin() const noexcept { return data(); }
  const std::byte* end() const noexcept { return data() + size(); }

  /// Takes the same time wherever the keys differ.
  friend bool operator==(const AuthenticationString& a, const AuthenticationString& b) noexcept;
  friend bool operator==(const AuthenticationString& a, const Key& b) noexcept;

 private:
  friend class Process;
  explicit AuthenticationString(std::shared_ptr<const detail::Secret> secret)
      : secret_(std::move(secret)) {}

  /// None where it was moved from.
  std::span<const std::byte> bytes() const noexcept {
    return secret_ == nullptr ? std::span<const std::byte>() : secret_->bytes();
  }

  std::shared_ptr<const detail::Secret> secret_;
};

/// A key as a caller has it: text, bytes, or the key of a process.
class Key {
 public:
  /// Throws TypeError for a null pointer.
  Key(const char* text) : Key(detail::key_text(text)) {}
  Key(const std::string& text) : Key(std::string_view(text)) {}
  Key(std::string_view text) : Key(std::as_bytes(std::span(text))) {}
  template <std::ranges::contiguous_range R>
  requires std::same_as<std::ranges::range_value_t<R>, std::byte> Key(const R& bytes)
      : secret_(std::make_shared<const detail::Secret>(
            std::span<const std::byte>(std::ranges::data(bytes), std::ranges::size(bytes)))) {}

  std::span<const std::byte> bytes() const noexcept { return secret_->bytes(); }

 private:
  friend class Process;
  std::shared_ptr<const detail::Secret> secret_;
};

}  // namespace multiprocess

FMT_BEGIN_NAMESPACE

/// Nor does <fmt/ranges.h> print it.
template <typename Char>
struct is_range<multiprocess::AuthenticationString, Char> : std::false_type {};

FMT_END_NAMESPACE
