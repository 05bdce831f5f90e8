// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/sanitizer.hpp"

#include <sys/resource.h>

namespace multiprocess::test {

/// While it lives this process has no descriptors from that number on.
class HandleLimit {
 public:
  explicit HandleLimit(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{limit, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~HandleLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  HandleLimit(const HandleLimit&) = delete;
  HandleLimit& operator=(const HandleLimit&) = delete;

 private:
  rlimit before_{};
};

/// This process can open nothing any more. False where the sanitizer would not survive that: it
/// looks at every exception by means of a pipe.
inline bool leave_no_descriptor() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 0;
  return !under_address_sanitizer && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace multiprocess::test
