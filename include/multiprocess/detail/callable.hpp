// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/descriptor.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/detail/type_tag.hpp>
#include <multiprocess/detail/wrappers.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

namespace multiprocess::detail {

/// The name under which a callable travels to other programs; empty for all but `named` ones, and
/// what the library wraps around them.
template <class F>
inline constexpr std::string_view public_name = {};
template <class F>
requires requires {
  F::multiprocess_name;
}
inline constexpr std::string_view public_name<F> = F::multiprocess_name;

/// Tells apart what is wrapped around callables of one name, whose types two programs need not
/// share.
template <class F>
inline constexpr std::uint64_t variety_of = 0;
template <class F>
requires requires {
  F::multiprocess_variety;
}
inline constexpr std::uint64_t variety_of<F> = F::multiprocess_variety;

/// Of what is wrapped around an F: its kind, and the types that it needs beside those of F.
template <class F, class... Types>
consteval std::uint64_t wrapper_variety(std::string_view kind) {
  if constexpr (public_name<F>.empty()) {
    return 0;
  } else {
    std::uint64_t variety = hash_text(kind, variety_of<F>);
    ((variety = mix(variety, type_tag<Types>)), ...);
    return variety;
  }
}

/// A call without parameters and result that can cross: a target with its arguments.
class Job {
 public:
  struct Work {
    virtual ~Work() = default;
    virtual void run() = 0;
    virtual void save(OutputArchive& archive) const = 0;
    virtual bool fork_only() const noexcept { return false; }
  };

  /// Nothing to do.
  Job() = default;
  explicit Job(std::unique_ptr<Work> work) : work_(std::move(work)) {}

  /// Does not compile when the target or an argument cannot cross; arguments are kept as `Stored`
  /// says. Throws TypeError for a null pointer as the target.
  template <class F, class... Args>
  static Job make(F&& f, Args&&... args);

  explicit operator bool() const noexcept { return work_ != nullptr; }
  /// Calls the target with lvalues of its arguments if it takes them, else with rvalues.
  void operator()() { work_->run(); }

  /// Throws NotSendable when the target holds what cannot cross, or is fork_only.
  void save(OutputArchive& archive) const;
  /// Throws NotSendable and ValueError as load_descriptor does.
  static Job load(InputArchive& archive);

  /// Made by fork_only(f): it runs in a forked child and nowhere else.
  bool fork_only() const noexcept { return work_ != nullptr && work_->fork_only(); }

 private:
  std::unique_ptr<Work> work_;
};

inline constexpr std::uint64_t job_signature = hash_text("multiprocess::detail::Job");

template <class F, class... Args>
class Call final : public Job::Work {
 public:
  using Callable = F;
  static constexpr std::uint64_t signature = job_signature;
  static constexpr std::string_view name = public_name<F>;
  static constexpr std::uint64_t variety = wrapper_variety<F, std::tuple<Args...>>("call");

  Call(F f, std::tuple<Args...> arguments) : f_(std::move(f)), arguments_(std::move(arguments)) {}

  void run() override { call_with_stored(f_, arguments_); }

  void save(OutputArchive& archive) const override {
    save_descriptor_of<Call>(archive);
    archive(f_, arguments_);
  }

  static void* decode(InputArchive& archive) {
    F f = read_value<F>(archive);
    return static_cast<Job::Work*>(
        new Call(std::move(f), read_value<std::tuple<Args...>>(archive)));
  }

 private:
  F f_;
  std::tuple<Args...> arguments_;
};

/// Any closure at all, with any arguments: it never travels.
template <class F, class... Args>
class LocalCall final : public Job::Work {
 public:
  LocalCall(F f, std::tuple<Args...> arguments)
      : f_(std::move(f)), arguments_(std::move(arguments)) {}

  void run() override { call_with_stored(f_, arguments_); }
  [[noreturn]] void save(OutputArchive& archive) const override;
  bool fork_only() const noexcept override { return true; }

 private:
  F f_;
  std::tuple<Args...> arguments_;
};

[[noreturn]] void throw_fork_only(std::string_view type);

template <class F, class... Args>
void LocalCall<F, Args...>::save(OutputArchive&) const {
  throw_fork_only(type_name<F>());
}

/// What a named callable is called with, whatever it is given.
template <class F>
struct Parameters;

template <class F, class... Args>
Job Job::make(F&& f, Args&&... args) {
  using Target = std::decay_t<F>;
  static_assert(callable_with_stored<Target, stored_t<Args>...>,
                "multiprocess: the target (of a pool: the initializer) cannot be called with these "
                "arguments (string literals arrive as std::string, spans as std::vector; options "
                "and names, as in {.name = \"worker\"}, come before the target)");
  Target target(std::forward<F>(f));
  detail::require_not_null(target);
  if constexpr (is_fork_only<Target>) {
    using Made = LocalCall<Target, stored_t<Args>...>;
    return Job(std::make_unique<Made>(
        std::move(target),
        std::tuple<stored_t<Args>...>(detail::store(std::forward<Args>(args))...)));
  } else if constexpr (!public_name<Target>.empty()) {
    using Made = typename Parameters<Target>::Call;
    return Job(std::make_unique<Made>(
        std::move(target),
        typename Parameters<Target>::Tuple(detail::store(std::forward<Args>(args))...)));
  } else {
    require_target<Target, stored_t<Args>...>();
    using Made = Call<Target, stored_t<Args>...>;
    return Job(std::make_unique<Made>(
        std::move(target),
        std::tuple<stored_t<Args>...>(detail::store(std::forward<Args>(args))...)));
  }
}

}  // namespace multiprocess::detail
