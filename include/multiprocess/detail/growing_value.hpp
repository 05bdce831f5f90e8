// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/batch.hpp>
#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/mapping.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <optional>
#include <utility>

namespace multiprocess::detail {

/// A large vector or string, copied out of its message while a worker writes that: what is copied
/// of a message that is never finished is forgotten.
template <class T>
class GrowingValue {
 public:
  /// There is more of the message than was copied.
  bool has_more(Offset message) const noexcept {
    return message != 0 && message != refused_ &&
           (message != from_ || value_.size() < items_in(message));
  }

  /// Copies a piece. False when there is none, or no memory for it.
  bool copy_some(Offset message) noexcept {
    if (!has_more(message) || (message != from_ && !begin(message))) {
      return false;
    }
    const std::size_t end = std::min(value_.size() + piece, items_in(message));
    const auto* const items = reinterpret_cast<const Item*>(Message::bytes_of(message).data());
    value_.insert(value_.end(), items + value_.size(), items + end);
    return true;
  }

  /// What was begun with this message, all of it; nothing when that was another one.
  std::optional<T> finish(Offset message) noexcept {
    if (message == 0 || message != from_) {
      return std::nullopt;
    }
    while (copy_some(message)) {
    }
    return std::move(value_);
  }

 private:
  using Item = typename T::value_type;
  static constexpr std::size_t piece = (std::size_t{256} << 10) / sizeof(Item) + 1;

  static std::size_t items_in(Offset message) noexcept {
    return Message::written(message) / sizeof(Item);
  }

  bool begin(Offset message) noexcept {
    const std::size_t size = Message::bytes_of(message).size();
    value_.clear();
    try {
      value_.reserve(size / sizeof(Item));
    } catch (const std::bad_alloc&) {
      from_ = 0;
      refused_ = message;
      return false;
    }
    os::prefer_huge_pages(value_.data(), size);
    from_ = message;
    return true;
  }

  T value_;
  Offset from_ = 0;
  Offset refused_ = 0;
};

}  // namespace multiprocess::detail
