// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/around_fork.hpp>

namespace multiprocess::detail::os {

void AroundFork::enlist() noexcept {
  began_ = true;
}

}  // namespace multiprocess::detail::os
