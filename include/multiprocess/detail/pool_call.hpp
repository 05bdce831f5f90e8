// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/async_result.hpp>
#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/growing_value.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/os/mapping.hpp>
#include <multiprocess/detail/pool_engine.hpp>
#include <multiprocess/detail/queue_item.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/task.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// A call of a process pool: the order, and what its AsyncResult waits for.
template <class R>
class PoolCall : public ValueState<R>, public Order {
 public:
  using Order::Order;

  void on_complete() override { settle_here(); }
  void fail(std::exception_ptr error) noexcept override {
    this->settle([&] { std::rethrow_exception(error); });
  }
  bool is_read() const noexcept override { return this->is_settled(); }
  bool is_claimed() const noexcept override { return !this->is_pending(); }
  bool is_left_to_this_thread() noexcept override {
    return engine().is_service_here() || ShownProgress::is_within() ||
           ValueState<R>::is_left_to_this_thread();
  }

 protected:
  void require_at_home() const override { engine().require_at_home(); }
  void look() override {
    engine().require_at_home();
    if (complete()) {
      const CallbackTurns::Coming coming(shows_progress() ? turns() : nullptr);
      if (!end_progress()) {
        return;
      }
      if (this->has_calls() || shows_progress()) {
        engine().settle_complete();  // those first that were so first
      }
      settle_here();
    }
  }
  CallbackTurns* turns() noexcept override { return engine().callback_turns(); }
  void sleep(os::Deadline deadline) override {
    sleep_until(deadline, [] { return false; });
  }
  /// Until there is something to look at, or `ready()`.
  template <class Ready>
  void sleep_until(os::Deadline deadline, Ready ready) {
    engine().wait(
        deadline, [this] { expect(); }, [this, ready] { return is_news() || ready(); });
  }
  bool is_news() noexcept {
    return this->is_settled_or_due() || (this->is_pending() && complete() && !is_told_elsewhere());
  }
  void wake() noexcept override { engine().wake_waiters(); }
  void attend() override { attend_to(); }
  void abandon() noexcept override { engine().abandon(*this); }
  void report(std::exception_ptr error) noexcept override { engine().report(std::move(error)); }

  /// Sets the value, or throws what became of it.
  virtual void read() = 0;

 private:
  void settle_here() {
    const bool settled_here = this->settle([this] {
      account();
      read();
    });
    if (settled_here) {
      engine().was_read(*this);
    }
  }
};

/// The value in a message, which is freed.
template <class T>
T read_result(Offset place) {
  const Message message(place);
  const Bytes bytes = message.bytes();
  if constexpr (is_plain_range<T>) {
    using Item = typename T::value_type;
    T value;
    value.reserve(bytes.size() / sizeof(Item));
    if (bytes.size() >= os::worth_huge_pages) {
      os::prefer_huge_pages(value.data(), bytes.size());
    }
    const auto* const first = reinterpret_cast<const Item*>(bytes.data());
    value.insert(value.end(), first, first + bytes.size() / sizeof(Item));
    return value;
  } else {
    const Incoming beside(message.references());
    InputArchive archive(bytes);
    T value = read_value<T>(archive);
    archive.expect_end();
    return value;
  }
}

template <class T>
void assign(std::vector<T>& into, const T* first, std::uint64_t count) {
  into.reserve(count);
  if constexpr (!std::is_same_v<T, bool>) {
    if (count * sizeof(T) >= os::worth_huge_pages) {
      os::prefer_huge_pages(into.data(), count * sizeof(T));
    }
  }
  into.assign(first, first + count);
}

/// One call: apply.
template <class R>
class SingleCall final : public PoolCall<R> {
 public:
  using PoolCall<R>::PoolCall;

 protected:
  void sleep(os::Deadline deadline) override {
    if constexpr (is_plain_range<R>) {
      this->sleep_until(deadline, [this] { return this->has_large_value() && has_more(); });
      copy_along();
    } else {
      PoolCall<R>::sleep(deadline);
    }
  }
  void read() override {
    if (const std::exception_ptr error = this->error_of(0); error != nullptr) {
      std::rethrow_exception(error);
    }
    if constexpr (std::is_void_v<R>) {
      this->value_.emplace();
    } else if constexpr (lies_in_place<R>) {
      this->value_.emplace(*this->template plain_results<R>());
    } else {
      if constexpr (is_plain_range<R>) {
        this->look_at_value([this](Offset message) { this->value_ = large_.finish(message); });
        if (this->value_) {
          const Message copied(this->take_message(0));
          return;
        }
      }
      this->value_.emplace(read_result<R>(this->take_message(0)));
    }
  }

 private:
  bool has_more() {
    bool more = false;
    this->look_at_value([&](Offset message) { more = large_.has_more(message); });
    return more;
  }
  void copy_along() {
    for (Spin spin; !this->is_news() && this->has_large_value() && spin.again();) {
      this->look_at_value([&](Offset message) {
        if (large_.copy_some(message)) {
          spin = Spin();
        }
      });
    }
  }

  struct None {};
  // Used while nobody frees the message.
  std::conditional_t<is_plain_range<R>, GrowingValue<R>, None> large_;
};

template <class R>
using many_t = std::conditional_t<std::is_void_v<R>, void,
                                  std::vector<std::conditional_t<std::is_void_v<R>, char, R>>>;

/// One call for each item: map.
template <class R>
class ManyCall final : public PoolCall<many_t<R>> {
 public:
  using PoolCall<many_t<R>>::PoolCall;

 protected:
  void read() override {
    if (const std::exception_ptr error = this->first_error(); error != nullptr) {
      std::rethrow_exception(error);
    }
    this->value_.emplace();
    if constexpr (!std::is_void_v<R>) {
      const std::uint64_t items = this->terms().items;
      if constexpr (lies_in_place<R>) {
        assign(*this->value_, this->template plain_results<R>(), items);
      } else {
        this->value_->reserve(items);
        for (std::uint64_t i = 0; i < items; ++i) {
          this->value_->push_back(read_result<R>(this->take_message(i)));
        }
      }
    }
  }
};

/// A call that was done at once: of no items.
template <class R>
class DoneCall final : public ValueState<R> {
 public:
  DoneCall() {
    this->settle([this] { this->value_.emplace(); });
  }

 protected:
  void require_at_home() const override {}
  void look() override {}
  CallbackTurns* turns() noexcept override { return nullptr; }
  void sleep(os::Deadline) override {}
  void wake() noexcept override {}
  void attend() override {}
  void abandon() noexcept override {}
  void report(std::exception_ptr error) noexcept override { std::rethrow_exception(error); }
};

inline Offset make_message(Bytes bytes, const Outgoing& beside) {
  const Offset message = Message::prepare(bytes.size(), beside.refs());
  Message::write(message, bytes.data());
  return message;
}

/// A message that is private to this process.
template <class Write>
Offset write_message(Write write) {
  ScratchBuffer buffer;
  Outgoing beside(false);
  OutputArchive archive(*buffer);
  write(archive);
  return make_message(buffer->bytes(), beside);
}

template <class F, Spread spread, class Item>
std::shared_ptr<const SharedCode> make_code(const std::shared_ptr<PoolEngine>& engine, const F& f) {
  return std::make_shared<SharedCode>(
      engine, write_message([&](OutputArchive& out) { Task<F, spread, Item>::save(out, f); }));
}

/// A call that is not submitted yet. `write` encodes the callable and what it is called with: bytes
/// without references, unless they are many, lie with the batch.
template <class R, class Write>
auto make_single_order(const std::shared_ptr<PoolEngine>& engine, OrderTerms terms, Write write) {
  constexpr std::size_t most = 4096;
  ScratchBuffer buffer;
  Outgoing beside(false);
  OutputArchive archive(*buffer);
  write(archive);
  const bool within = beside.refs().empty() && buffer->size() <= most;
  terms.code_size = within ? buffer->size() : 0;
  auto call = std::make_shared<SingleCall<R>>(engine, terms);
  if (within) {
    call->set_code(buffer->bytes());
  } else {
    call->set_code(std::make_shared<SharedCode>(engine, make_message(buffer->bytes(), beside)));
  }
  return call;
}

/// The terms that follow from the types.
template <class F, Spread spread, class Item>
OrderTerms typed_terms(OrderTerms terms) {
  using Reader = ItemReader<spread, Item>;
  using R = task_result_t<F, typename Reader::Arguments>;
  terms.task = type_name<F>();
  if constexpr (Reader::in_place) {
    terms.in_size = sizeof(Item);
  }
  terms.has_messages = !Reader::in_place && spread != Spread::single;
  if constexpr (!std::is_void_v<R>) {
    if constexpr (lies_in_place<R>) {
      terms.out_size = sizeof(R);
    } else {
      terms.flags |= Batch::word_each;
    }
  }
  if constexpr (TaskCall<F, typename Reader::Arguments>::with_token) {
    terms.flags |= Batch::takes_token;
  }
  if (terms.time_limit.count() != 0) {
    terms.flags |= Batch::timed;
  }
  return terms;
}

/// Items that need not be copied, since they lie in shared memory already: of a RawArray, or of a
/// span of one.
template <class Range>
inline constexpr bool may_be_shared =
    std::ranges::contiguous_range<Range>&& std::ranges::sized_range<Range>&&
        std::copy_constructible<std::remove_cvref_t<Range>> &&
    (std::ranges::view<std::remove_cvref_t<Range>> ||
     requires { typename std::remove_cvref_t<Range>::shared_handle; });

bool is_in_arena(const void* begin, std::size_t size) noexcept;

template <class T>
inline constexpr bool an_array = false;
template <class T, std::size_t N>
inline constexpr bool an_array<std::array<T, N>> = true;

/// What a callable gets of an item of the range.
template <class Item, class T>
Item item_from(T&& value) {
  if constexpr (std::is_constructible_v<Item, T&&>) {
    return Item(std::forward<T>(value));
  } else if constexpr (an_array<std::remove_cvref_t<T>>) {
    return std::apply([](auto&&... each) { return Item(std::forward<decltype(each)>(each)...); },
                      std::forward<T>(value));
  } else {
    return Item(detail::store(std::forward<T>(value)));
  }
}

template <class Item, class Range>
void fill_in_place(Order& order, Range& range) {
  auto* const into = at<Item>(order.batch().plain_in);
  if constexpr (std::ranges::contiguous_range<Range> &&
                std::is_same_v<std::ranges::range_value_t<Range>, Item>) {
    std::memcpy(static_cast<void*>(into), std::ranges::data(range),
                order.terms().items * sizeof(Item));
  } else {
    std::uint64_t i = 0;
    for (auto&& item : range) {
      const Item copy = detail::item_from<Item>(std::forward<decltype(item)>(item));
      std::memcpy(static_cast<void*>(into + i++), &copy, sizeof(Item));
    }
  }
}

/// Gives the items of `range` to an order that is not submitted yet.
template <Spread spread, class Item, class Range>
void fill(Order& order, Range& range) {
  if constexpr (ItemReader<spread, Item>::in_place) {
    fill_in_place<Item>(order, range);
  } else {
    auto item = std::ranges::begin(range);
    const OrderTerms& terms = order.terms();
    for (std::uint64_t chunk = 0; chunk < order.batch().chunks; ++chunk) {
      const std::uint64_t last = std::min(terms.items, (chunk + 1) * terms.chunk);
      order.set_message(
          chunk, write_message([&](OutputArchive& out) {
            for (std::uint64_t i = chunk * terms.chunk; i < last; ++i, ++item) {
              if constexpr (std::is_same_v<std::ranges::range_value_t<Range>, Item> &&
                            std::is_reference_v<std::ranges::range_reference_t<Range>>) {
                out(*item);
              } else {
                out(detail::item_from<Item>(*item));
              }
            }
          }));
    }
  }
}

/// A map that is not submitted yet.
template <class R, class F, Spread spread, class Item, class Range>
auto make_map_order(const std::shared_ptr<PoolEngine>& engine, const OrderTerms& terms, const F& f,
                    Range& range) {
  constexpr bool sharing = ItemReader<spread, Item>::in_place && may_be_shared<Range> &&
                           std::is_same_v<std::ranges::range_value_t<Range>, Item>;
  OrderTerms all = typed_terms<F, spread, Item>(terms);
  all.flags |= Batch::stops_at_error;
  bool shared = false;
  if constexpr (sharing) {
    shared = is_in_arena(std::ranges::data(range), all.items * sizeof(Item));
    all.in_size = shared ? 0 : all.in_size;
  }
  auto call = std::make_shared<ManyCall<R>>(engine, all);
  call->set_code(make_code<F, spread, Item>(engine, f));
  if constexpr (sharing) {
    if (shared) {
      call->use_input(offset_of(std::ranges::data(range)),
                      std::make_shared<std::remove_cvref_t<Range>>(range));
      return call;
    }
  }
  fill<spread, Item>(*call, range);
  return call;
}

}  // namespace multiprocess::detail
