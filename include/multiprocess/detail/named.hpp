// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/wrappers.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace multiprocess {

template <class Signature>
class Function;

namespace detail {

template <class F>
struct CallSignature;
template <class R, class... A>
struct CallSignature<R (*)(A...)> : std::type_identity<R(A...)> {};
template <class R, class... A>
struct CallSignature<R (*)(A...) noexcept> : std::type_identity<R(A...)> {};
template <class C, class R, class... A>
struct CallSignature<R (C::*)(A...)> : std::type_identity<R(A...)> {};
template <class C, class R, class... A>
struct CallSignature<R (C::*)(A...) const> : std::type_identity<R(A...)> {};
template <class C, class R, class... A>
struct CallSignature<R (C::*)(A...) noexcept> : std::type_identity<R(A...)> {};
template <class C, class R, class... A>
struct CallSignature<R (C::*)(A...) const noexcept> : std::type_identity<R(A...)> {};

template <class F>
struct SignatureOf : CallSignature<decltype(&F::operator())> {};
template <class F>
requires std::is_pointer_v<F>
struct SignatureOf<F> : CallSignature<F> {
};

}  // namespace detail

/// What `named` returns: a callable that travels by its name.
template <detail::FixedText Name, class F>
class Named : public detail::apart::HeldCallable<F> {
 public:
  static constexpr bool multiprocess_codec = true;
  using Signature = typename detail::SignatureOf<F>::type;

  explicit Named(F f) : detail::apart::HeldCallable<F>(std::move(f)) {
    detail::require_sendable<F>();
    if constexpr (std::is_pointer_v<F>) {
      detail::require_not_null(this->f_);
      here_ = this->f_;
    }
    (void)known_to_receivers;
  }

  /// A function is whatever the receiver has given the name to. If it has not yet, as a child that
  /// never comes to main, it is the same one when it runs the same program.
  void encode(detail::OutputArchive& archive) const {
    if constexpr (std::is_pointer_v<F>) {
      detail::save_function_hint(archive, reinterpret_cast<std::uintptr_t>(this->f_));
    } else {
      archive(this->f_);
    }
  }
  static Named decode(detail::InputArchive& archive) {
    if constexpr (std::is_pointer_v<F>) {
      const std::uintptr_t same = detail::read_function_hint(archive);
      if (here_ == nullptr && same == 0) {
        detail::throw_unnamed(Name.view());
      }
      return Named(here_ != nullptr ? here_ : reinterpret_cast<F>(same));
    } else {
      return Named(detail::read_value<F>(archive));
    }
  }

 private:
  struct Nothing {};

  static inline std::conditional_t<std::is_pointer_v<F>, F, Nothing> here_{};
  static const bool known_to_receivers;  // naming it registers the name before main
};

namespace detail {

template <FixedText Name, class F>
inline constexpr std::string_view public_name<Named<Name, F>> = Name.view();

template <class F, class Signature>
struct ParametersOf;
template <class F, class R, class... A>
struct ParametersOf<F, R(A...)> {
  using Tuple = std::tuple<stored_t<A>...>;
  using Call = detail::Call<F, stored_t<A>...>;
};
template <FixedText Name, class F>
struct Parameters<Named<Name, F>>
    : ParametersOf<Named<Name, F>, typename Named<Name, F>::Signature> {};

}  // namespace detail

template <detail::FixedText Name, class F>
const bool Named<Name, F>::known_to_receivers =
    detail::known_by_name<typename detail::Parameters<Named>::Call>&&
        detail::known_by_name<typename Function<Signature>::template Holder<Named>>;

}  // namespace multiprocess
