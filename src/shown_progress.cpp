// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shown_progress.hpp>

namespace multiprocess::detail {

namespace {

constinit thread_local const ShownProgress* innermost = nullptr;

}  // namespace

bool ShownProgress::is_within() noexcept {
  return innermost != nullptr;
}

bool ShownProgress::is_within(const void* pool) noexcept {
  const ShownProgress* shown = innermost;
  while (shown != nullptr && shown->pool_ != pool) {
    shown = shown->outer_;
  }
  return shown != nullptr;
}

void ShownProgress::tell(std::size_t done, std::size_t of) noexcept {
  std::thread::id nobody;
  if (!teller_.compare_exchange_strong(nobody, std::this_thread::get_id())) {
    return;
  }
  if (done == of) {
    over_ = true;  // though nobody may have taken the results yet
  }
  if (!over_ && !ended_) {
    call(done, of);
  }
  if (over_ && !ended_) {
    call(of, of);
    ended_ = true;
  }
  teller_ = std::thread::id();
}

void ShownProgress::call(std::size_t done, std::size_t of) noexcept {
  outer_ = std::exchange(innermost, this);
  try {
    if (call_) {
      call_(done, of);
    }
  } catch (...) {
    report_(std::current_exception());
  }
  innermost = outer_;
}

}  // namespace multiprocess::detail
