// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/handle_limit.hpp>

#include <multiprocess/detail/os/around_fork.hpp>

#include <fcntl.h>
#include <sys/resource.h>

#include <atomic>
#include <limits>

namespace multiprocess::detail::os {

namespace {

/// The limit that was raised; 0: none was.
constinit std::atomic<rlim_t> limit_before{0};

/// The soft limit `soft` for a process; 0 is this one.
void set_limit(int pid, rlim_t soft) noexcept {
  rlimit limit{};
  if (prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) == 0) {
    limit.rlim_cur = soft;
    prlimit(pid, RLIMIT_NOFILE, &limit, nullptr);
  }
}

void lower_in_forked_child() {
  if (const rlim_t before = limit_before.exchange(0); before != 0) {
    set_limit(0, before);
  }
}

constinit AroundFork not_in_forked_children(AroundFork::Nesting::inner, nullptr, nullptr,
                                            lower_in_forked_child);
[[maybe_unused]] const bool before_main = not_in_forked_children.begin();

}  // namespace

std::size_t raise_handle_limit() noexcept {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < limit.rlim_max) {
    rlim_t nothing = 0;
    limit_before.compare_exchange_strong(nothing, limit.rlim_cur);
    set_limit(0, limit.rlim_max);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<std::size_t>::max()
                                         : static_cast<std::size_t>(limit.rlim_cur);
}

void lower_handle_limit_of(int pid) noexcept {
  if (const rlim_t before = limit_before; before != 0) {
    set_limit(pid, before);
  }
}

Handle duplicate_out_of_the_way(NativeHandle handle) noexcept {
  const rlim_t before = limit_before;
  return before == 0
             ? Handle()
             : Handle(fcntl(static_cast<int>(handle), F_DUPFD_CLOEXEC, static_cast<int>(before)));
}

}  // namespace multiprocess::detail::os
