// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

namespace multiprocess::test {

/// An input without a size, to be read once: f(0), f(1) and so on before f(end).
template <class F>
class Generated {
 public:
  Generated(int end, F f) : end_(end), f_(std::move(f)) {}

  class Iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(const Generated& range) : range_(&range) {}

    int operator*() const { return range_->f_(at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return at_ == range_->end_; }

    const Generated* range_ = nullptr;
    int at_ = 0;
  };

  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  int end_;
  F f_;
};

}  // namespace multiprocess::test
