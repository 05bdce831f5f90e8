// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/named.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/wrappers.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace multiprocess {

template <class Signature>
class Function;

/// Any callable of one signature, that can be sent to another process: what std::function is inside
/// one. It can be an argument, an item of a queue or container, a capture, a member.
///
/// A closure that cannot cross does not compile in it; one whose pointers turn out to lead to the
/// stack or heap throws NotSendable when it is sent. Copies are independent.
template <class R, class... A>
class Function<R(A...)> {
 public:
  static constexpr bool multiprocess_codec = true;
  using result_type = R;

  /// Empty: calling it throws TypeError.
  Function() noexcept = default;
  Function(std::nullptr_t) noexcept {}

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Function> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, A...>) Function(F&& f) {
    using Target = std::decay_t<F>;
    detail::require_sendable<Target>();
    static_assert(std::is_copy_constructible_v<Target>,
                  "multiprocess: a Function is copyable, so what it holds must be");
    Target target(std::forward<F>(f));
    if (!detail::is_null(target)) {
      held_ = std::make_unique<Holder<Target>>(std::move(target));
    }
  }

  Function(const Function& other) : held_(other.held_ ? other.held_->clone() : nullptr) {}
  Function(Function&&) noexcept = default;
  Function& operator=(const Function& other) { return *this = Function(other); }
  Function& operator=(Function&&) noexcept = default;
  ~Function() = default;

  /// Throws TypeError when empty, else what the callable throws.
  R operator()(A... arguments) const {
    if (!held_) {
      detail::throw_not_callable();
    }
    return held_->call(std::forward<A>(arguments)...);
  }

  explicit operator bool() const noexcept { return held_ != nullptr; }
  friend bool operator==(const Function& f, std::nullptr_t) noexcept { return !f; }

  /// `<Function int(int) of main()::<lambda(int)>>`, `<Function int(int), empty>`
  friend std::string mp_repr(const Function& f) {
    std::string text = "<Function ";
    text += detail::readable(detail::type_name<R(A...)>());
    if (f.held_) {
      (text += " of ") += detail::readable(f.held_->type());
    } else {
      text += ", empty";
    }
    return text += '>';
  }

  void encode(detail::OutputArchive& archive) const {
    archive.put(held_ != nullptr);
    if (held_) {
      held_->save(archive);
    }
  }
  static Function decode(detail::InputArchive& archive) {
    Function f;
    if (archive.get_bool()) {
      const detail::Nest nest(archive);
      const detail::Descriptor& type =
          detail::load_descriptor(archive, signature, detail::type_name<Function>());
      f.held_.reset(static_cast<Held*>(type.decode(archive)));
    }
    return f;
  }

 private:
  static constexpr std::uint64_t signature =
      detail::name_tag<Function>;  // the library may be another compiler's

  struct Held {
    virtual ~Held() = default;
    virtual R call(A... arguments) = 0;
    virtual std::unique_ptr<Held> clone() const = 0;
    virtual void save(detail::OutputArchive& archive) const = 0;
    virtual std::string_view type() const = 0;
  };

  template <class F>
  struct Holder;

  template <class F>
  struct Holder final : Held {
    using Callable = F;
    static constexpr std::uint64_t signature = Function::signature;
    static constexpr std::string_view name = detail::public_name<F>;
    static constexpr std::uint64_t variety = detail::variety_of<F>;

    explicit Holder(const F& callable) : f(callable) {}
    explicit Holder(F&& callable) : f(std::move(callable)) {}

    R call(A... arguments) override {
      if constexpr (std::is_void_v<R>) {
        std::invoke(f, std::forward<A>(arguments)...);
      } else if constexpr (std::is_arithmetic_v<R>) {
        return static_cast<R>(std::invoke(f, std::forward<A>(arguments)...));
      } else {
        return std::invoke(f, std::forward<A>(arguments)...);
      }
    }
    std::unique_ptr<Held> clone() const override { return std::make_unique<Holder>(f); }
    std::string_view type() const override { return detail::type_name<F>(); }
    void save(detail::OutputArchive& archive) const override {
      const detail::Nest nest(archive);
      detail::save_descriptor_of<Holder>(archive);
      detail::save_value(archive, f);
    }
    static void* decode(detail::InputArchive& archive) {
      return static_cast<Held*>(new Holder(detail::read_value<F>(archive)));
    }

    F f;
  };

  template <detail::FixedText Name, class F>
  friend class Named;

  std::unique_ptr<Held> held_;
};

template <class R, class... A>
Function(R (*)(A...)) -> Function<R(A...)>;
template <class F>
Function(F) -> Function<typename detail::CallSignature<decltype(&F::operator())>::type>;

/// f with its first arguments, as functools.partial: what a lambda would capture, in a form that
/// travels whatever it is (strings, containers, shared objects). Literals are kept as strings.
template <class F, class... Captured>
auto partial(F&& f, Captured&&... captured) {
  using Made = Partial<std::decay_t<F>, detail::stored_t<Captured>...>;
  detail::require_target<std::decay_t<F>, detail::stored_t<Captured>...>();
  detail::require_not_null(f);
  return Made(std::forward<F>(f), std::tuple<detail::stored_t<Captured>...>(
                                      detail::store(std::forward<Captured>(captured))...));
}

/// "I vouch for the pointers in here": f travels as its bytes, without the search for pointers to
/// the stack and the heap, and may capture by reference. Pointers into the program still arrive
/// right.
template <class F>
auto by_value(F&& f) {
  return ByValue<std::decay_t<F>>(std::forward<F>(f));
}

/// f by its name instead of its place in the program, for a child that runs another executable
/// (`set_executable`) or another build: that one has an `mp::named` of the same name too, with the
/// same parameters.
template <detail::FixedText Name, class F>
auto named(F&& f) {
  return Named<Name, std::decay_t<F>>(std::forward<F>(f));
}

/// Any callable at all, `[&]` included, as the target of a process started by fork; under another
/// start method that throws NotSendable.
template <class F>
auto fork_only(F&& f) {
  return ForkOnly<std::decay_t<F>>(std::forward<F>(f));
}

namespace detail {

template <class Make, class... Captured>
auto staged(Make make, const Captured&... captured) {
  (require_sendable<std::decay_t<const Captured&>>(), ...);
  return Staged<Make, std::decay_t<const Captured&>...>(
      make, std::tuple<std::decay_t<const Captured&>...>(captured...));
}

}  // namespace detail
}  // namespace multiprocess

#include <multiprocess/detail/mp_fn.hpp>
