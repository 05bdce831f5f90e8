// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/handle.hpp>

#include "system_error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace multiprocess::detail::os {

void Handle::reset(NativeHandle native) noexcept {
  if (native_ != no_handle) {
    const int kept = errno;            // the failure that made us clean up is still to be reported
    close(static_cast<int>(native_));  // not repeated after EINTR: the number is free already
    errno = kept;
  }
  native_ = native;
}

std::uint64_t stream_id(NativeHandle native) noexcept {
  struct stat facts {};
  const int kept = errno;
  const bool is_open = fstat(static_cast<int>(native), &facts) == 0;
  errno = kept;
  return is_open ? (std::uint64_t{facts.st_dev} << 40 ^ facts.st_ino) | std::uint64_t{1} << 63 : 0;
}

Handle duplicate(NativeHandle native) {
  constexpr int first_beyond_stdio = 3;
  const int copy = fcntl(static_cast<int>(native), F_DUPFD_CLOEXEC, first_beyond_stdio);
  if (copy < 0) {
    throw last_error("cannot duplicate descriptor " + std::to_string(native));
  }
  return Handle(copy);
}

void require_open(NativeHandle native) {
  if (fcntl(static_cast<int>(native), F_GETFD) < 0) {
    throw last_error("descriptor " + std::to_string(native));
  }
}

}  // namespace multiprocess::detail::os
