// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/server_call.hpp>
#include <multiprocess/function.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// What `apply` does with one value, with the type that it has; it writes its result.
using ValueOperation = Function<void(Blob&, CallWriter&)>;

/// The items of a dict, in their order.
using DictItems = std::vector<std::pair<Blob, Blob>>;
using DictOperation = Function<void(DictItems&, CallWriter&)>;

/// Throws KeyError, which says the key.
[[noreturn]] void throw_key_error(const std::string& key);

/// Writes how many there are, then keys and values in turn.
template <class K, class V, class R>
void put_pairs(CallWriter& into, R&& pairs) {
  const std::size_t place = into.position();
  into.put(0);
  std::uint64_t count = 0;
  for (auto&& [key, value] : pairs) {
    into.template put_value<K>(key);
    into.template put_value<V>(value);
    ++count;
  }
  into.set(place, count);
}

template <class K, class V, class Reader>
std::vector<std::pair<K, V>> get_pairs(Reader& from) {
  std::vector<std::pair<K, V>> pairs;
  for (std::uint64_t left = from.get(); left != 0; --left) {
    K key = from.template get_value<K>();
    pairs.emplace_back(std::move(key), from.template get_value<V>());
  }
  return pairs;
}

/// A map of the standard library with the items of a dict: the first that can be.
template <class K, class V>
struct DictCopy {
  using type = std::vector<std::pair<K, V>>;
};
template <class K, class V>
requires std::totally_ordered<K>
struct DictCopy<K, V> {
  using type = std::map<K, V>;
};
template <class K, class V>
using dict_copy_t = typename DictCopy<K, V>::type;

/// Sets the value of a key in such a copy.
template <class Map, class Key, class Value>
void put_in_copy(Map& map, const Key& key, const Value& value) {
  if constexpr (requires { map.insert_or_assign(key, value); }) {
    map.insert_or_assign(key, value);
  } else {
    for (auto& item : map) {
      if (item.first == key) {
        item.second = value;
        return;
      }
    }
    map.emplace_back(key, value);
  }
}

template <class T>
using set_copy_t = std::conditional_t<std::totally_ordered<T>, std::set<T>, std::vector<T>>;

template <class K>
concept Hashable = requires(const K& key) {
  { std::hash<K>()(key) } -> std::convertible_to<std::size_t>;
};

/// What a user's function on a whole dict takes: a std::map, a std::unordered_map, or the pairs.
template <class F, class K, class V>
consteval auto dict_argument() {
  if constexpr (std::totally_ordered<K> && std::is_invocable_v<F&, std::map<K, V>&>) {
    return std::type_identity<std::map<K, V>>();
  } else if constexpr (Hashable<K>) {
    if constexpr (std::is_invocable_v<F&, std::unordered_map<K, V>&>) {
      return std::type_identity<std::unordered_map<K, V>>();
    } else {
      return std::type_identity<std::vector<std::pair<K, V>>>();
    }
  } else {
    return std::type_identity<std::vector<std::pair<K, V>>>();
  }
}
template <class F, class K, class V>
using dict_argument_t = typename decltype(dict_argument<F, K, V>())::type;

/// Calls a user's `f(map&)` on a dict in a server.
template <class K, class V, class F>
struct DictCall {
  static constexpr bool multiprocess_codec = sendable_in<F>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<F, K, V>("dict");
  using Map = dict_argument_t<F, K, V>;

  F f;

  void operator()(DictItems& items, CallWriter& into) {
    Map values;
    for (const auto& [key, value] : items) {
      values.insert(values.end(), {key.template as<K>(), value.template as<V>()});
    }
    call_and_put(into, f, values);
    DictItems changed;
    for (const auto& [key, value] : values) {
      changed.emplace_back(Blob::of<K>(key), Blob::of<V>(value));
    }
    items.swap(changed);
  }

  void encode(OutputArchive& archive) const { archive(f); }
  static DictCall decode(InputArchive& archive) { return {read_value<F>(archive)}; }
};

/// Calls a user's `f(T&)` on one value in a server.
template <class T, class F>
struct ValueCall {
  static constexpr bool multiprocess_codec = sendable_in<F>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<F, T>("value");

  F f;

  void operator()(Blob& blob, CallWriter& into) {
    T value = blob.as<T>();
    call_and_put(into, f, value);
    blob = Blob::of<T>(value);
  }

  void encode(OutputArchive& archive) const { archive(f); }
  static ValueCall decode(InputArchive& archive) { return {read_value<F>(archive)}; }
};

/// Calls a user's `f(T&)` on the T that an Object holds.
template <class T, class F>
struct OnObject {
  static constexpr bool multiprocess_codec = sendable_in<F>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<F, T>("object");

  F f;

  auto operator()(Object& object) {
    struct WriteBack {
      Object& object;
      T value = object.as<T>();
      ~WriteBack() { object = Object(value); }  // of no use where f has thrown: then all is left
    } held{object};
    return std::invoke(f, held.value);
  }

  void encode(OutputArchive& archive) const { archive(f); }
  static OnObject decode(InputArchive& archive) { return {read_value<F>(archive)}; }
};

}  // namespace multiprocess::detail
