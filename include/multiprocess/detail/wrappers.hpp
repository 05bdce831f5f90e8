// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/descriptor.hpp>
#include <multiprocess/detail/target.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>

namespace multiprocess {

/// What `partial` returns: f with its first arguments.
template <class F, class... Captured>
class Partial {
 public:
  static constexpr bool multiprocess_codec =
      detail::sendable_in<F>() && (detail::sendable_in<Captured>() && ...);

  Partial(F f, std::tuple<Captured...> captured)
      : f_(std::move(f)), captured_(std::move(captured)) {}

  template <class... A>
  requires std::is_invocable_v<F&, Captured&..., A...>
  decltype(auto) operator()(A&&... arguments) {
    return std::apply(
        [&](Captured&... each) -> decltype(auto) {
          return std::invoke(f_, each..., std::forward<A>(arguments)...);
        },
        captured_);
  }
  template <class... A>
  requires std::is_invocable_v<const F&, const Captured&..., A...>
  decltype(auto) operator()(A&&... arguments) const {
    return std::apply(
        [&](const Captured&... each) -> decltype(auto) {
          return std::invoke(f_, each..., std::forward<A>(arguments)...);
        },
        captured_);
  }

  void encode(detail::OutputArchive& archive) const { archive(f_, captured_); }
  static Partial decode(detail::InputArchive& archive) {
    F f = detail::read_value<F>(archive);
    return Partial(std::move(f), detail::read_value<std::tuple<Captured...>>(archive));
  }

 private:
  F f_;
  std::tuple<Captured...> captured_;
};

/// What MP_FN makes: a function that makes the closure, and the values that it captures.
template <class Make, class... Captured>
class Staged {
 public:
  static constexpr bool multiprocess_codec = (detail::sendable_in<Captured>() && ...);

  Staged(Make make, std::tuple<Captured...> captured)
      : make_(make), captured_(std::move(captured)) {}

  template <class... A>
  requires std::is_invocable_v<std::invoke_result_t<const Make&, const Captured&...>, A...>
  decltype(auto) operator()(A&&... arguments) const {
    return std::apply(make_, captured_)(std::forward<A>(arguments)...);
  }

  void encode(detail::OutputArchive& archive) const { archive(captured_); }
  static Staged decode(detail::InputArchive& archive) {
    const Make make = detail::read_value<Make>(archive);
    return Staged(make, detail::read_value<std::tuple<Captured...>>(archive));
  }

 private:
  Make make_;
  std::tuple<Captured...> captured_;
};

namespace detail::apart {

/// A callable that is called as the one it holds. Apart from the library's functions, which a call
/// with what is derived from it is not to find.
template <class F>
class HeldCallable {
 public:
  template <class... A>
  requires std::is_invocable_v<F&, A...>
  decltype(auto) operator()(A&&... arguments) {
    return std::invoke(f_, std::forward<A>(arguments)...);
  }
  template <class... A>
  requires std::is_invocable_v<const F&, A...>
  decltype(auto) operator()(A&&... arguments) const {
    return std::invoke(f_, std::forward<A>(arguments)...);
  }

 protected:
  explicit HeldCallable(F f) : f_(std::move(f)) {}
  ~HeldCallable() = default;
  HeldCallable(const HeldCallable&) = default;
  HeldCallable(HeldCallable&&) = default;
  HeldCallable& operator=(const HeldCallable&) = default;
  HeldCallable& operator=(HeldCallable&&) = default;

  F f_;
};

}  // namespace detail::apart

/// What `by_value` returns: a callable whose pointers its author vouches for.
template <class F>
class ByValue : public detail::apart::HeldCallable<F> {
 public:
  static constexpr bool multiprocess_codec =
      detail::bytewise<F> || std::is_nothrow_copy_constructible_v<F>;
  static_assert(
      multiprocess_codec,
      "multiprocess: by_value(f) sends the bytes of f, and copying this f takes more than "
      "that: use MP_FN or mp::partial for what owns memory");

  explicit ByValue(F f) : detail::apart::HeldCallable<F>(std::move(f)) {}

  void encode(detail::OutputArchive& archive) const {
    detail::save_closure(archive, this->f_, true);
  }
  static ByValue decode(detail::InputArchive& archive) {
    return ByValue(detail::read_closure<F>(archive));
  }
};

/// What `fork_only` returns: any callable at all, for a process started by fork.
template <class F>
class ForkOnly : public detail::apart::HeldCallable<F> {
 public:
  static constexpr bool multiprocess_codec = false;

  explicit ForkOnly(F f) : detail::apart::HeldCallable<F>(std::move(f)) {}
};

namespace detail {

/// A text as a template argument.
template <std::size_t N>
struct FixedText {
  char text[N];
  // Not explicit: mp::named<"scale">(f).
  constexpr FixedText(const char (&literal)[N]) { std::copy_n(literal, N, text); }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

}  // namespace detail
}  // namespace multiprocess
