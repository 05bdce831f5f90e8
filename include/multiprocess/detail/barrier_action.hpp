// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/serialization.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

/// What the last party to come to a barrier does: this process's copy of it, beside the reference
/// to the barrier, and how it crosses to others.
class BarrierAction {
 public:
  /// None.
  BarrierAction() = default;

  template <class F>
  explicit BarrierAction(F action) {
    detail::require_not_null(action);
    auto held = std::make_shared<F>(std::move(action));
    call_ = [held] { std::invoke(*held); };
    if constexpr (sendable<F> && std::is_copy_constructible_v<F>) {
      save_ = [held](OutputArchive& archive) {
        detail::save_value(archive, Function<void()>(*held));
      };
    }
  }

  explicit operator bool() const noexcept { return call_ != nullptr; }

  /// The message from which another process takes its copy, this process's for the time being. 0,
  /// and a reason not to send the barrier, when it cannot cross.
  Offset pack();

  /// This process's copy from now on, beside a reference that it has just made.
  void keep(RefControl& control);

  /// Runs the copy that this process has; takes it from the message if it has none yet.
  static void run(RefControl& control, Offset message);

 private:
  struct Kept;

  std::function<void()> call_;
  std::function<void(OutputArchive&)> save_;
  std::string reason_;
};

}  // namespace multiprocess::detail
