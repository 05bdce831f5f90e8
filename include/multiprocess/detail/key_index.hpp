// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace multiprocess::detail {

/// Keys are equal when their bytes are, and what lies beside these; numbers that say what they are
/// (floating point numbers, numbers in an Object) when their values are.
struct KeyHash {
  std::size_t operator()(const Blob* key) const;
};
struct KeyEqual {
  bool operator()(const Blob* a, const Blob* b) const;
};

/// The items of a dict, or with empty values of a set, in the order in which their keys came.
class KeyIndex {
 public:
  using Item = std::pair<Blob, Blob>;
  using Items = std::list<Item>;

  const Items& items() const noexcept { return items_; }
  std::size_t size() const noexcept { return items_.size(); }

  /// Null when there is none.
  Item* find(const Blob& key) {
    const auto found = index_.find(&key);
    return found == index_.end() ? nullptr : &*found->second;
  }
  /// The item of this key: the old one, or a new one at the end with this value. True for a new
  /// one.
  std::pair<Item*, bool> insert(Blob key, Blob value);
  void set(Blob key, Blob value);
  bool erase(const Blob& key);
  void clear() noexcept {
    index_.clear();
    items_.clear();
  }

 private:
  Items items_;
  std::unordered_map<const Blob*, Items::iterator, KeyHash, KeyEqual> index_;
};

}  // namespace multiprocess::detail
