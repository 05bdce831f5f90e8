// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
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

  /// Nothing within the call itself, which may ask for the result. While another thread tells, it
  /// waits for that one, or tells nothing.
  enum class Other { wait, leave };
  void tell(std::size_t done, std::size_t of, Other other) noexcept;
  /// All is done: it is to be told once more.
  void end() noexcept { over_ = true; }
  /// And was told.
  bool has_ended() const noexcept { return ended_; }

  /// This thread is within such a call, of whatever is shown.
  static bool is_within() noexcept;

 private:
  void call(std::size_t done, std::size_t of) noexcept;

  Call call_;
  std::function<void(std::exception_ptr)> report_;
  std::mutex mutex_;
  std::atomic<std::thread::id> teller_{};
  std::atomic<bool> over_{false};
  std::atomic<bool> ended_{false};
};

}  // namespace multiprocess::detail
