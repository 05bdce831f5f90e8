// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/async_result.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

void throw_not_ready() {
  throw ValueError("the result is not ready");
}

void throw_result_taken() {
  throw ValueError("the result cannot be copied, and an earlier get() has taken it");
}

std::string async_result_repr(const void* state, bool ready, bool failed) {
  return fmt::format("<AsyncResult {} at {}>",
                     state == nullptr ? "of no call"
                     : !ready         ? "pending"
                     : failed         ? "failed"
                                      : "ready",
                     state);
}

void Settled::add(std::size_t index) {
  {
    const std::scoped_lock lock(mutex_);
    ready_.push_back(index);
  }
  changed_.notify_one();
}

bool Settled::any() const {
  const std::scoped_lock lock(mutex_);
  return !ready_.empty();
}

std::size_t Settled::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty(); });
  const std::size_t index = ready_.front();
  ready_.pop_front();
  return index;
}

}  // namespace multiprocess::detail
