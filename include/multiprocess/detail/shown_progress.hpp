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

/// Who is told how far a call of a pool is, by one thread at a time, until all is done.
class ShownProgress {
 public:
  using Call = std::function<void(std::size_t done, std::optional<std::size_t> of)>;

  /// `report` gets what `call` throws.
  ShownProgress(const void* pool, Call call, std::function<void(std::exception_ptr)> report)
      : pool_(pool), call_(std::move(call)), report_(std::move(report)) {}

  /// Nothing while a thread tells already: another one does not wait for it, since it may be what
  /// that one waits for; and within the call itself one may ask for the result.
  void tell(std::size_t done, std::size_t of) noexcept;
  /// All is done: it is to be told once more.
  void end() noexcept { over_ = true; }
  /// Nobody is to be told any more: but for a call that is under way, nobody is.
  void stop() noexcept { ended_ = true; }
  /// That all is done was told, or it was stopped.
  bool has_ended() const noexcept { return ended_; }

  bool is_told_here() const noexcept { return teller_ == std::this_thread::get_id(); }
  bool is_told_elsewhere() const noexcept {
    const std::thread::id teller = teller_;
    return teller != std::thread::id() && teller != std::this_thread::get_id();
  }
  /// This thread is within such a call: of any pool, or of this one.
  static bool is_within() noexcept;
  static bool is_within(const void* pool) noexcept;

 private:
  void call(std::size_t done, std::size_t of) noexcept;

  const void* pool_;
  Call call_;
  std::function<void(std::exception_ptr)> report_;
  std::atomic<std::thread::id> teller_{};
  std::atomic<bool> over_{false};
  std::atomic<bool> ended_{false};
  const ShownProgress* outer_ = nullptr;  // within whose call this one's is made
};

}  // namespace multiprocess::detail
