// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/manager.hpp>
#include <multiprocess/shareable_list.hpp>
#include <multiprocess/shared_memory.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess {

/// A manager of shared memory: what it has made is unlinked when it is shut down, or goes, and in
/// any case when the whole tree of processes has ended.
///
/// The blocks are made in the calling process, the server only knows their names: reading and
/// writing them needs no call.
class SharedMemoryManager : public BaseManager {
 public:
  using BaseManager::BaseManager;

  /// A new block, as SharedMemory::create makes one. Throws as that does, and AssertionError before
  /// start() and after shutdown().
  multiprocess::SharedMemory SharedMemory(std::size_t size) const;

  /// A new list, as a ShareableList of its own. Throws likewise.
  multiprocess::ShareableList ShareableList(
      std::initializer_list<multiprocess::ShareableList::Item> items) const {
    return recorded(multiprocess::ShareableList(items));
  }
  template <std::ranges::input_range R>
  requires std::constructible_from<multiprocess::ShareableList, R> multiprocess::ShareableList
  ShareableList(R&& items)
  const { return recorded(multiprocess::ShareableList(std::forward<R>(items))); }

  /// The names of the blocks that it will unlink.
  std::vector<std::string> segments() const;

  friend std::string mp_repr(const SharedMemoryManager& manager) {
    return detail::object_repr("managers.SharedMemoryManager", &manager);
  }

 private:
  /// Unlinks it when it cannot be recorded.
  void record(const multiprocess::SharedMemory& memory) const;
  multiprocess::ShareableList recorded(multiprocess::ShareableList list) const {
    record(list.shm());
    return list;
  }
};

}  // namespace multiprocess
