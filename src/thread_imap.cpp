// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_imap.hpp>

namespace multiprocess::detail {

void ImapBell::fail(const std::exception_ptr& why) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (failure_ == nullptr) {
      failure_ = why;
    }
  }
  failed_.store(true, std::memory_order_seq_cst);
  ring();
}

std::exception_ptr ImapBell::failure() const {
  const std::scoped_lock lock(mutex_);
  return failure_;
}

}  // namespace multiprocess::detail
