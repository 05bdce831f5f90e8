// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/element.hpp>
#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/show.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess {

/// A list in a manager's server; `manager.list<int>()` makes one.
///
/// Values cross by copy; a proxy as a value is live. Indices may be negative, as in Python.
template <class T = Object>
class ListProxy : public BaseProxy {
  using Method = detail::ListMethod;
  struct Place;

 public:
  static constexpr std::string_view type_id = "list";
  using value_type = T;
  using Element = detail::Element<T, Place>;

  explicit ListProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  std::ptrdiff_t size() const {
    return static_cast<std::ptrdiff_t>(call(Method::size).send().get());
  }
  bool empty() const { return size() == 0; }

  /// Throws IndexError.
  T get(detail::Index index) const { return place(index).get().template as<T>(); }
  T at(detail::Index index) const { return get(index); }
  void set(detail::Index index, const T& value) const { place(index).set(value); }
  /// Reads, writes and changes the item: `l[0] = 1`, `l[-1] += 2` (one step), `int x = l[0]`.
  Element operator[](detail::Index index) const { return Element(place(index)); }

  void append(const T& value) const {
    detail::ProxyCall call = this->call(Method::append);
    call.put_value(value);
    call.send();
  }
  template <std::ranges::input_range R>
  void extend(R&& values) const {
    detail::ProxyCall call = this->call(Method::extend);
    detail::put_items<T>(call, std::forward<R>(values));
    call.send();
  }
  void extend(std::initializer_list<T> values) const {
    extend<const std::initializer_list<T>&>(values);
  }
  template <std::ranges::input_range R>
  const ListProxy& operator+=(R&& values) const {
    extend(std::forward<R>(values));
    return *this;
  }
  /// So many times itself.
  const ListProxy& operator*=(std::ptrdiff_t times) const {
    detail::ProxyCall call = this->call(Method::repeat);
    call.put_signed(times);
    call.send();
    return *this;
  }
  /// A plain vector, as Python gives a plain list.
  template <std::ranges::input_range R>
  friend std::vector<T> operator+(const ListProxy& list, const R& values) {
    std::vector<T> all = list.copy();
    all.insert(all.end(), std::ranges::begin(values), std::ranges::end(values));
    return all;
  }
  void insert(detail::Index index, const T& value) const {
    detail::ProxyCall call = this->call(Method::insert);
    call.put_signed(index);
    call.put_value(value);
    call.send();
  }
  /// Takes the item out. Throws IndexError.
  T pop(detail::Index index = -1) const {
    detail::ProxyCall call = this->call(Method::pop);
    call.put_signed(index);
    return call.send().template get_value<T>();
  }
  /// Takes out the first that is equal. Throws ValueError when none is.
  void remove(const T& value) const;
  /// Python's `del l[i]`. Throws IndexError.
  void erase(detail::Index index) const {
    detail::ProxyCall call = this->call(Method::erase);
    call.put_signed(index);
    call.send();
  }
  void clear() const { call(Method::clear).send(); }
  void reverse() const { call(Method::reverse).send(); }
  /// In place, stable, in one step: in the server, so both must be of one build. What `compare`
  /// throws comes back, and the list is as it was.
  template <class Compare = std::less<>>
  void sort(Compare compare = {}) const {
    apply(detail::StableSort<Compare>{std::move(compare)});
  }

  /// Where the first lies that is equal, from `start` on and before `stop`. Throws ValueError.
  std::ptrdiff_t index(const T& value, std::ptrdiff_t start = 0,
                       std::optional<std::ptrdiff_t> stop = {}) const;
  std::ptrdiff_t count(const T& value) const;
  bool contains(const T& value) const { return count(value) != 0; }

  /// All items, as they are at one moment.
  std::vector<T> copy() const { return slice(); }
  operator std::vector<T>() const { return copy(); }
  /// Python's `l[start:stop:step]`.
  std::vector<T> slice(std::optional<std::ptrdiff_t> start = {},
                       std::optional<std::ptrdiff_t> stop = {}, std::ptrdiff_t step = 1) const {
    detail::ProxyCall call = this->call(Method::slice);
    put_slice(call, start, stop, step);
    detail::Answer answer = call.send();
    return detail::get_items<T>(answer);
  }
  /// Python's `l[start:stop] = values`, for a step other than 1 of as many values as there are.
  template <std::ranges::input_range R>
  void assign(std::optional<std::ptrdiff_t> start, std::optional<std::ptrdiff_t> stop, R&& values,
              std::ptrdiff_t step = 1) const {
    detail::ProxyCall call = this->call(Method::assign);
    put_slice(call, start, stop, step);
    detail::put_items<T>(call, std::forward<R>(values));
    call.send();
  }
  /// Python's `del l[start:stop:step]`.
  void erase(std::optional<std::ptrdiff_t> start, std::optional<std::ptrdiff_t> stop,
             std::ptrdiff_t step = 1) const {
    detail::ProxyCall call = this->call(Method::erase_slice);
    put_slice(call, start, stop, step);
    call.send();
  }

  /// `f(std::vector<T>&)` on the list in the server, in one step; returns what it returns. The list
  /// is as before when it throws. Both must be programs of one build, or `f` an mp::named of both,
  /// else NotSendable.
  template <class F>
  auto apply(F f) const {
    detail::require_sendable<F>();
    detail::ProxyCall call = this->call(Method::apply);
    return detail::run_in_server<detail::ListOperation,
                                 detail::server_result_t<F, std::vector<T>&>>(
        call, detail::ItemsCall<std::vector<T>, F>{std::move(f)});
  }

  /// Index by index, a call each, as Python does it: changes meanwhile are seen.
  class Iterator;
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend std::string mp_repr(const ListProxy& list) { return detail::show(list.copy()); }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<ListProxy>, detail::type_name<ListProxy>());
  }

 private:
  Place place(detail::Index index) const { return {*this, index}; }
  std::vector<detail::Blob> blobs() const;
  static void put_slice(detail::ProxyCall& call, std::optional<std::ptrdiff_t> start,
                        std::optional<std::ptrdiff_t> stop, std::ptrdiff_t step) {
    call.put_signed(start.value_or(detail::no_index));
    call.put_signed(stop.value_or(detail::no_index));
    call.put_signed(step);
  }
};

/// Item `index` of a list.
template <class T>
struct ListProxy<T>::Place {
  ListProxy list;
  std::ptrdiff_t index;

  detail::Blob get() const {
    detail::ProxyCall call = list.call(Method::get);
    call.put_signed(index);
    return call.send().get_blob();
  }
  void set(const T& value) const {
    detail::ProxyCall call = list.call(Method::set);
    call.put_signed(index);
    call.put_value(value);
    call.send();
  }
  bool replace(const detail::Blob& before, const T& value) const {
    detail::ProxyCall call = list.call(Method::replace);
    call.put_signed(index);
    call.put_blob(before);
    call.put_value(value);
    return call.send().get_bool();
  }
};

/// What begin() of a list gives; it ends where the list does by then.
template <class T>
class ListProxy<T>::Iterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  explicit Iterator(const ListProxy& list) : list_(&list) { read(); }

  const T& operator*() const noexcept { return *item_; }
  Iterator& operator++() {
    ++index_;
    read();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return !it.item_; }

 private:
  void read() {
    std::vector<T> found = list_->slice(index_, index_ + 1);
    item_.reset();
    if (!found.empty()) {
      item_.emplace(std::move(found.front()));
    }
  }

  const ListProxy* list_;
  std::ptrdiff_t index_ = 0;
  std::optional<T> item_;
};

template <class T>
std::vector<detail::Blob> ListProxy<T>::blobs() const {
  detail::ProxyCall call = this->call(Method::slice);
  put_slice(call, {}, {}, 1);
  detail::Answer answer = call.send();
  std::vector<detail::Blob> all;
  for (std::uint64_t left = answer.get(); left != 0; --left) {
    all.push_back(answer.get_blob());
  }
  return all;
}

template <class T>
void ListProxy<T>::remove(const T& value) const {
  if constexpr (detail::equal_as_bytes<T>) {
    detail::ProxyCall call = this->call(Method::remove);
    call.put_value(value);
    call.send();
  } else {
    bool removed = false;
    while (!removed) {
      const std::vector<detail::Blob> all = blobs();
      const auto found = std::find_if(all.begin(), all.end(), [&value](const detail::Blob& each) {
        return each.as<T>() == value;
      });
      detail::ProxyCall call = this->call(Method::erase_same);
      call.put_signed(found == all.end() ? detail::no_index : found - all.begin());
      call.put_blob(found == all.end() ? detail::Blob() : *found);
      removed = call.send().get_bool();
    }
  }
}

template <class T>
std::ptrdiff_t ListProxy<T>::index(const T& value, std::ptrdiff_t start,
                                   std::optional<std::ptrdiff_t> stop) const {
  if constexpr (detail::equal_as_bytes<T>) {
    detail::ProxyCall call = this->call(Method::index);
    call.put_value(value);
    put_slice(call, start, stop, 1);
    return call.send().get_signed();
  } else {
    const std::vector<T> all = copy();
    const auto size = static_cast<std::ptrdiff_t>(all.size());
    const auto cut = [size](std::ptrdiff_t at) {
      return std::clamp(at < 0 ? at + size : at, std::ptrdiff_t{0}, size);
    };
    const std::ptrdiff_t last = cut(stop.value_or(size));
    for (std::ptrdiff_t i = cut(start); i < last; ++i) {
      if (all[static_cast<std::size_t>(i)] == value) {
        return i;
      }
    }
    detail::throw_not_in_list();
  }
}

template <class T>
std::ptrdiff_t ListProxy<T>::count(const T& value) const {
  if constexpr (detail::equal_as_bytes<T>) {
    detail::ProxyCall call = this->call(Method::count);
    call.put_value(value);
    return call.send().get_signed();
  } else {
    const std::vector<T> all = copy();
    return std::count(all.begin(), all.end(), value);
  }
}

}  // namespace multiprocess
