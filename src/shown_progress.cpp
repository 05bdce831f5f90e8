// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shown_progress.hpp>

namespace multiprocess::detail {

namespace {

thread_local int calls_here = 0;

}  // namespace

bool ShownProgress::is_within() noexcept {
  return calls_here != 0;
}

void ShownProgress::tell(std::size_t done, std::size_t of) noexcept {
  std::thread::id nobody;
  if (!teller_.compare_exchange_strong(nobody, std::this_thread::get_id())) {
    return;
  }
  if (done == of) {
    over_ = true;  // though nobody may have taken the results yet
  }
  if (!over_) {
    call(done, of);
  }
  if (over_ && !ended_) {
    call(of, of);
    ended_ = true;
  }
  teller_ = std::thread::id();
}

void ShownProgress::call(std::size_t done, std::size_t of) noexcept {
  ++calls_here;
  try {
    if (call_) {
      call_(done, of);
    }
  } catch (...) {
    report_(std::current_exception());
  }
  --calls_here;
}

}  // namespace multiprocess::detail
