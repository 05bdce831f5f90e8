// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/timeout.hpp>

#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace multiprocess {

namespace detail {

template <class R>
using yielded_t = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

/// Where a ResultRange's items come from.
template <class R>
class ResultSource {
 public:
  virtual ~ResultSource() = default;
  /// Nothing after the last one. Throws what the task threw, and TimeoutError.
  virtual std::optional<R> next(os::Deadline deadline) = 0;
};

}  // namespace detail

/// The results of `imap`, one after the other: a range of a single pass.
///
/// The input is read in the thread that reads the results, and only a little ahead of them, also
/// after `close`; what is left of it at the `join` of a Pool is read there. Going
/// on waits for the next result; one that failed is thrown, and `next` goes on with the one after
/// it. What nobody has begun when the range goes is not done any more.
template <class R>
class ResultRange {
 public:
  using stays_in_its_process = void;

  explicit ResultRange(std::unique_ptr<detail::ResultSource<R>> source)
      : source_(std::move(source)) {}
  ResultRange(ResultRange&&) noexcept = default;
  ResultRange& operator=(ResultRange&&) noexcept = default;

  /// Nothing when there are no more. Throws what the task threw; TimeoutError when the result is
  /// not there in time: then the next call gives it; ValueError when the range was moved from.
  std::optional<R> next(Timeout timeout = forever) {
    if (source_ == nullptr) {
      throw ValueError("these results were moved from");
    }
    return source_->next(timeout.deadline());
  }

  class Iterator {
   public:
    using value_type = R;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(ResultRange& range) : range_(&range) { ++*this; }

    R& operator*() const { return *range_->current_; }
    R* operator->() const { return &*range_->current_; }
    Iterator& operator++() {
      range_->current_.reset();
      range_->current_ = range_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return !range_->current_.has_value(); }

    ResultRange* range_ = nullptr;
  };

  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend std::string mp_repr(const ResultRange& range) {
    return detail::object_repr("pool.ResultRange", &range);
  }

 private:
  std::unique_ptr<detail::ResultSource<R>> source_;
  std::optional<R> current_;
};

}  // namespace multiprocess
