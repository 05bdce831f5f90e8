// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/owner_name.hpp>

#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/self.hpp>

namespace multiprocess::detail {

std::string owner_name(std::uint64_t owner) {
  if (owner == 0) {
    return "None";
  }
  if (ticket_of_owner(owner) != this_participant()) {
    return "SomeOtherProcess";
  }
  if (thread_of_owner(owner) != thread_number()) {
    return "SomeOtherThread";
  }
  const std::string thread = current_thread_label();
  const std::string process = current_process_name();
  return thread == "MainThread" ? process : process + "|" + thread;
}

}  // namespace multiprocess::detail
