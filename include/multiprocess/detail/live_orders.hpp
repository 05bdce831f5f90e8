// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/order.hpp>

#include <cstddef>
#include <iterator>
#include <memory>

namespace multiprocess::detail {

/// Orders in a chain, the oldest first: each is added and given up in no time, wherever it stands,
/// and without memory. An order is in one of these at most, which keeps it.
class LiveOrders {
 public:
  LiveOrders() = default;
  ~LiveOrders() { clear(); }
  LiveOrders(const LiveOrders&) = delete;
  LiveOrders& operator=(const LiveOrders&) = delete;

  void add(std::shared_ptr<Order> order) noexcept;
  /// To those that are live no longer, and go as soon as this may take its time.
  void give_up(Order& order, LiveOrders& gone) noexcept;
  void give_up_all(LiveOrders& gone) noexcept;
  /// It was added, and not given up since.
  static bool is_live(const Order& order) noexcept { return order.is_live_; }
  void clear() noexcept;
  std::size_t size() const noexcept { return size_; }

  class Iterator {
   public:
    using value_type = std::shared_ptr<Order>;
    using reference = const value_type&;
    using pointer = const value_type*;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;

    explicit Iterator(const Order* order = nullptr) noexcept : order_(order) {}
    reference operator*() const noexcept { return order_->itself_; }
    pointer operator->() const noexcept { return &order_->itself_; }
    Iterator& operator++() noexcept {
      order_ = order_->after_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Order* order_;
  };
  Iterator begin() const noexcept { return Iterator(first_); }
  Iterator end() const noexcept { return Iterator(); }

 private:
  void append(std::shared_ptr<Order> order) noexcept;
  std::shared_ptr<Order> unchain(Order& order) noexcept;

  Order* first_ = nullptr;
  Order* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace multiprocess::detail
