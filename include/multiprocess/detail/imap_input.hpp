// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_state.hpp>
#include <multiprocess/detail/input.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/pool_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// How many items an imap reads ahead unless it is told.
inline constexpr std::size_t default_ahead = 1024;

inline std::size_t ahead_limit(const MapOptions& options, std::size_t chunk) {
  return options.buffersize ? static_cast<std::size_t>(*options.buffersize)
                            : std::max<std::size_t>(default_ahead, 4 * chunk);
}

/// The input of an imap, which the caller's thread reads a little at a time, and what is said of
/// the progress on it.
template <class Item, class Range>
class ImapInput {
 public:
  ImapInput(Range&& range, const MapOptions& options)
      : input_(std::forward<Range>(range)), progress_(options.progress) {}

  bool ended() const noexcept { return input_.ended(); }
  /// No more is read: `error`, if any, comes where the next item would have come.
  void end(std::exception_ptr error) noexcept {
    input_.end();
    error_ = std::move(error);
  }

  /// At most so many items: the more the faster they come, since work should begin soon.
  std::vector<Item> read(std::size_t room, std::size_t chunk) {
    constexpr std::size_t most_at_once = 256;
    std::vector<Item> items;
    const std::size_t most = std::min(room, at_once_);
    if (most != 0 && !ended()) {
      read_some(items, most);
      at_once_ = items.size() == most ? std::min(2 * at_once_, most_at_once)
                                      : std::max<std::size_t>(chunk, items.size());
    }
    return items;
  }

  /// What the range threw comes where the item would have come that could not be read.
  void throw_error() {
    if (auto error = std::exchange(error_, nullptr); error != nullptr) {
      throw_to_waiter(error);
    }
  }

  /// From time to time, and at the end: then all are known.
  void show_progress(std::size_t done, bool over) {
    if (!progress_) {
      return;
    }
    const auto now = Clock::now();
    if (over || now >= next_progress_) {
      next_progress_ = now + std::chrono::milliseconds(100);
      const std::optional<std::size_t> total = input_.size();
      progress_->callback(done, over && !total ? done : total);
      if (over) {
        progress_.reset();
      }
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  void read_some(std::vector<Item>& items, std::size_t most) {
    constexpr auto long_enough = std::chrono::microseconds(100);
    const auto end = Clock::now() + long_enough;
    const auto keep = [&items](auto&& item) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(item)>, Item>) {
        items.push_back(std::forward<decltype(item)>(item));
      } else {
        items.push_back(static_cast<Item>(detail::store(std::forward<decltype(item)>(item))));
      }
    };
    try {
      while (items.size() < most && input_.read(keep)) {
        if (items.size() % 8 == 1 && Clock::now() > end) {
          break;
        }
      }
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  Input<Range> input_;
  std::optional<Progress> progress_;
  Clock::time_point next_progress_{};
  std::exception_ptr error_;
  std::size_t at_once_ = 1;
};

}  // namespace multiprocess::detail
