// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/detail/server_call.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/function.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// Throws ValueError.
[[noreturn]] void throw_not_in_list();

/// Writes how many there are, and each as a T.
template <class T, class R>
void put_items(CallWriter& into, R&& values) {
  const std::size_t place = into.position();
  into.put(0);
  std::uint64_t count = 0;
  for (auto&& each : detail::items_of(values)) {
    into.template put_value<T>(each);
    ++count;
  }
  into.set(place, count);
}

template <class T, class Reader>
std::vector<T> get_items(Reader& from) {
  std::vector<T> items;
  for (std::uint64_t left = from.get(); left != 0; --left) {
    items.push_back(from.template get_value<T>());
  }
  return items;
}

/// What `apply` does with a list, with the type that its items have; it writes its result.
using ListOperation = Function<void(std::vector<Blob>&, CallWriter&)>;

/// Calls a user's `f(Items&)` on the items of a list or a set in a server.
template <class Items, class F>
struct ItemsCall {
  static constexpr bool multiprocess_codec = sendable_in<F>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<F, Items>("items");

  F f;

  void operator()(std::vector<Blob>& items, CallWriter& into) {
    using T = typename Items::value_type;
    Items values;
    for (const Blob& item : items) {
      values.insert(values.end(), item.template as<T>());
    }
    call_and_put(into, f, values);
    std::vector<Blob> changed;
    changed.reserve(values.size());
    for (const T& value : values) {
      changed.push_back(Blob::of<T>(value));
    }
    items.swap(changed);
  }

  void encode(OutputArchive& archive) const { archive(f); }
  static ItemsCall decode(InputArchive& archive) { return {read_value<F>(archive)}; }
};

template <class Compare>
struct StableSort {
  static constexpr bool multiprocess_codec = sendable_in<Compare>();
  static constexpr std::string_view multiprocess_name = public_name<Compare>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<Compare>("sort");

  Compare compare;

  template <class T>
  void operator()(std::vector<T>& values) const {
    std::stable_sort(values.begin(), values.end(), compare);
  }

  void encode(OutputArchive& archive) const { archive(compare); }
  static StableSort decode(InputArchive& archive) { return {read_value<Compare>(archive)}; }
};

}  // namespace multiprocess::detail
