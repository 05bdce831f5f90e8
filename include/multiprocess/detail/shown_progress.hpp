// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

namespace multiprocess::detail {

/// Who is told how far a call is, by one thread at a time, until all is done.
class ShownProgress {
 public:
  using Call = std::function<void(std::size_t done, std::optional<std::size_t> of)>;

  /// `report` gets what `call` throws.
  ShownProgress(Call call, std::function<void(std::exception_ptr)> report)
      : call_(std::move(call)), report_(std::move(report)) {}

  /// Nothing while a thread tells already: another one does not wait for it, since it may be what
  /// that one waits for; and within the call itself one may ask for the result.
  void tell(std::size_t done, std::size_t of) noexcept;
  /// All is done: it is to be told once more.
  void end() noexcept { over_ = true; }
  /// And was told.
  bool has_ended() const noexcept { return ended_; }

  bool is_told_here() const noexcept { return teller_ == std::this_thread::get_id(); }
  bool is_told_elsewhere() const noexcept {
    const std::thread::id teller = teller_;
    return teller != std::thread::id() && teller != std::this_thread::get_id();
  }
  /// This thread is within such a call, of whatever is shown.
  static bool is_within() noexcept;

 private:
  void call(std::size_t done, std::size_t of) noexcept;

  Call call_;
  std::function<void(std::exception_ptr)> report_;
  std::atomic<std::thread::id> teller_{};
  std::atomic<bool> over_{false};
  std::atomic<bool> ended_{false};
};

}  // namespace multiprocess::detail
