// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <iterator>

// Apart from the library's functions, which a call with such an iterator is not to find.
namespace multiprocess::detail::apart {

/// Goes over what a sequence gives by index, as long as the handle that it was got from lives.
template <class Sequence, class Value, class Element>
class IndexIterator {
 public:
  using value_type = Value;
  using difference_type = std::ptrdiff_t;
  using reference = Element;
  using pointer = void;
  using iterator_category = std::input_iterator_tag;

  IndexIterator() = default;
  IndexIterator(const Sequence& sequence, std::ptrdiff_t index)
      : sequence_(&sequence), index_(index) {}

  Element operator*() const { return (*sequence_)[index_]; }
  IndexIterator& operator++() {
    ++index_;
    return *this;
  }
  IndexIterator operator++(int) {
    IndexIterator before = *this;
    ++index_;
    return before;
  }
  friend bool operator==(const IndexIterator& a, const IndexIterator& b) noexcept {
    return a.index_ == b.index_;
  }

 private:
  const Sequence* sequence_ = nullptr;
  std::ptrdiff_t index_ = 0;
};

}  // namespace multiprocess::detail::apart
