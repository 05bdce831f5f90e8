// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/live_orders.hpp>

#include <utility>

namespace multiprocess::detail {

void LiveOrders::add(std::shared_ptr<Order> order) noexcept {
  order->is_live_ = true;
  append(std::move(order));
}

void LiveOrders::give_up(Order& order, LiveOrders& gone) noexcept {
  order.is_live_ = false;
  gone.append(unchain(order));
}

void LiveOrders::give_up_all(LiveOrders& gone) noexcept {
  while (first_ != nullptr) {
    give_up(*first_, gone);
  }
}

void LiveOrders::append(std::shared_ptr<Order> order) noexcept {
  Order& added = *order;
  added.before_ = last_;
  added.after_ = nullptr;
  (last_ != nullptr ? last_->after_ : first_) = &added;
  last_ = &added;
  ++size_;
  added.itself_ = std::move(order);
}

std::shared_ptr<Order> LiveOrders::unchain(Order& order) noexcept {
  (order.before_ != nullptr ? order.before_->after_ : first_) = order.after_;
  (order.after_ != nullptr ? order.after_->before_ : last_) = order.before_;
  --size_;
  return std::move(order.itself_);
}

void LiveOrders::clear() noexcept {
  while (first_ != nullptr) {
    unchain(*first_);
  }
}

}  // namespace multiprocess::detail
