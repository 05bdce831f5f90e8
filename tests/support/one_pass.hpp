// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace multiprocess::test {

/// Items that can be read once, one after the other.
template <class T>
class OnePass {
 public:
  explicit OnePass(std::vector<T> items) : items_(std::move(items)) {}

  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(OnePass& all) : all_(&all) {}
    const T& operator*() const { return all_->items_[all_->next_]; }
    Iterator& operator++() {
      ++all_->next_;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return all_->next_ == all_->items_.size(); }

    OnePass* all_;
  };

  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::vector<T> items_;
  std::size_t next_ = 0;
};

}  // namespace multiprocess::test
