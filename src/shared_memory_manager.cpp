// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_memory_manager.hpp>

namespace multiprocess {

SharedMemory SharedMemoryManager::SharedMemory(std::size_t size) const {
  multiprocess::SharedMemory memory = multiprocess::SharedMemory::create(size);
  record(memory);
  return memory;
}

void SharedMemoryManager::record(const multiprocess::SharedMemory& memory) const {
  try {
    detail::ProxyCall call = server_call(detail::ManagerMethod::track_segment);
    call.put_text(memory.name());
    call.send();
  } catch (...) {
    memory.unlink();
    throw;
  }
}

std::vector<std::string> SharedMemoryManager::segments() const {
  return server_call(detail::ManagerMethod::list_segments)
      .send()
      .get_value<std::vector<std::string>>();
}

}  // namespace multiprocess
