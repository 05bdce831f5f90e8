// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/segment_list.hpp>

#include <multiprocess/shared_memory.hpp>

#include <exception>

namespace multiprocess::detail {

SegmentList::~SegmentList() {
  for (const std::string& name : names_) {
    try {
      SharedMemory(name).unlink();
    } catch (const std::exception&) {  // it is not there any more
    }
  }
}

}  // namespace multiprocess::detail
