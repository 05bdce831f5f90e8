// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// An iterator that has what it goes over: the items of something shared, as they were once.
template <class T>
class Snapshot {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::forward_iterator_tag;
  using reference = const T&;
  using pointer = const T*;

  Snapshot() = default;
  explicit Snapshot(std::vector<T> items)
      : items_(std::make_shared<const std::vector<T>>(std::move(items))) {}

  reference operator*() const noexcept { return (*items_)[index_]; }
  pointer operator->() const noexcept { return &**this; }
  Snapshot& operator++() noexcept {
    ++index_;
    return *this;
  }
  Snapshot operator++(int) noexcept {
    Snapshot before = *this;
    ++index_;
    return before;
  }
  friend bool operator==(const Snapshot& a, const Snapshot& b) noexcept {
    return a.items_ == b.items_ && a.index_ == b.index_;
  }
  friend bool operator==(const Snapshot& it, std::default_sentinel_t) noexcept {
    return it.items_ == nullptr || it.index_ == it.items_->size();
  }

 private:
  std::shared_ptr<const std::vector<T>> items_;
  std::size_t index_ = 0;
};

}  // namespace multiprocess::detail
