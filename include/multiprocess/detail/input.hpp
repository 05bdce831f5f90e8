// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

/// A range that is read item by item, some time after it was given: kept when it was given as an
/// rvalue or is a view that can be copied, else referred to.
template <class Range>
class Input {
 public:
  using Kept = std::remove_cvref_t<Range>;
  static constexpr bool owned = !std::is_lvalue_reference_v<Range> ||
                                (std::ranges::view<Kept> && std::copy_constructible<Kept>);

  explicit Input(Range&& range) {
    if constexpr (owned) {
      own_ = std::make_unique<Kept>(std::forward<Range>(range));
      range_ = own_.get();
    } else {
      range_ = std::addressof(range);
    }
  }

  /// Nothing at the end. What the range throws ends it.
  template <class Make>
  bool read(Make make) {
    if (ended_) {
      return false;
    }
    ended_ = true;  // unless all goes well
    if (!at_) {
      at_.emplace(std::ranges::begin(*range_));
    } else {
      ++*at_;
    }
    if (*at_ == std::ranges::end(*range_)) {
      return false;
    }
    if constexpr (owned && !std::ranges::view<Kept>) {
      make(std::ranges::iter_move(*at_));
    } else {
      make(**at_);
    }
    ended_ = false;
    return true;
  }

  bool ended() const noexcept { return ended_; }
  /// No more is read.
  void end() noexcept { ended_ = true; }

  std::optional<std::size_t> size() const {
    if constexpr (std::ranges::sized_range<Kept>) {
      return static_cast<std::size_t>(std::ranges::size(*range_));
    } else {
      return std::nullopt;
    }
  }

 private:
  using Referred = std::remove_reference_t<Range>;

  std::unique_ptr<Kept> own_;
  Referred* range_ = nullptr;
  std::optional<std::ranges::iterator_t<Referred>> at_;
  bool ended_ = false;
};

}  // namespace multiprocess::detail
