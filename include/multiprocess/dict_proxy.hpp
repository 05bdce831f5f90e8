// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/element.hpp>
#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/show.hpp>
#include <multiprocess/detail/snapshot.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

/// A dict in a manager's server; `manager.dict<std::string, int>()` makes one. It keeps the order
/// in which its keys came.
///
/// Values cross by copy; a proxy as a value is live. Keys are equal when their bytes are, and
/// numbers in Objects when their values are.
template <class K = Object, class V = Object>
class DictProxy : public BaseProxy {
  using Method = detail::DictMethod;
  struct Place;

 public:
  static constexpr std::string_view type_id = "dict";
  using key_type = K;
  using mapped_type = V;
  using value_type = std::pair<K, V>;
  using Element = detail::Element<V, Place>;

  explicit DictProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  std::ptrdiff_t size() const {
    return static_cast<std::ptrdiff_t>(call(Method::size).send().get());
  }
  bool empty() const { return size() == 0; }
  bool contains(const K& key) const { return found(Method::contains, key); }

  /// Reads, writes and changes the value: `d[k] = 1`, `d[k] += 2` (one step), `int x = d[k]`. To
  /// read one that is not there throws KeyError; unlike a std::map it makes none.
  Element operator[](const K& key) const { return Element(Place{*this, key}); }
  /// Throws KeyError.
  V at(const K& key) const { return Place{*this, key}.get().template as<V>(); }
  /// Nothing when there is none.
  std::optional<V> get(const K& key) const { return take(Method::find, key); }
  V get(const K& key, V otherwise) const {
    return take(Method::find, key).value_or(std::move(otherwise));
  }
  void set(const K& key, const V& value) const { Place{*this, key}.set(value); }

  /// Takes the value out. Throws KeyError.
  V pop(const K& key) const {
    std::optional<V> taken = take(Method::pop, key);
    return taken ? *std::move(taken) : throw_missing(key);
  }
  V pop(const K& key, V otherwise) const {
    return take(Method::pop, key).value_or(std::move(otherwise));
  }
  /// Takes out what came last. Throws KeyError when it is empty.
  std::pair<K, V> popitem() const {
    detail::Answer answer = call(Method::pop_item).send();
    if (!answer.get_bool()) {
      detail::throw_key_error("popitem(): dictionary is empty");
    }
    K key = answer.template get_value<K>();
    return {std::move(key), answer.template get_value<V>()};
  }
  /// Python's `del d[k]`. Throws KeyError.
  void erase(const K& key) const {
    if (!found(Method::erase, key)) {
      throw_missing(key);
    }
  }
  /// The value, which is `otherwise` from now on if there was none.
  V setdefault(const K& key, const V& otherwise = V()) const {
    detail::ProxyCall call = this->call(Method::set_default);
    call.template put_value<K>(key);
    call.template put_value<V>(otherwise);
    return call.send().template get_value<V>();
  }
  /// With the pairs of a map or another range: all in one step.
  template <std::ranges::input_range R>
  void update(R&& pairs) const {
    detail::ProxyCall call = this->call(Method::update);
    detail::put_pairs<K, V>(call, std::forward<R>(pairs));
    call.send();
  }
  void update(std::initializer_list<value_type> pairs) const {
    update<const std::initializer_list<value_type>&>(pairs);
  }
  template <std::ranges::input_range R>
  const DictProxy& operator|=(R&& pairs) const {
    update(std::forward<R>(pairs));
    return *this;
  }
  /// A plain map, as Python gives a plain dict: `pairs` come last, and win.
  template <std::ranges::input_range R>
  friend auto operator|(const DictProxy& dict, const R& pairs) {
    auto map = dict.copy();
    for (const auto& [key, value] : pairs) {
      detail::put_in_copy(map, key, value);
    }
    return map;
  }
  void clear() const { call(Method::clear).send(); }

  std::vector<K> keys() const { return all<K>(Method::keys); }
  std::vector<V> values() const { return all<V>(Method::values); }
  std::vector<value_type> items() const {
    detail::Answer answer = call(Method::items).send();
    return detail::get_pairs<K, V>(answer);
  }
  /// The items of one moment: a std::map, or pairs in their order where keys have none; with a type
  /// one of that type.
  template <class Map = detail::dict_copy_t<K, V>>
  Map copy() const {
    Map map;
    for (value_type& item : items()) {
      map.insert(map.end(), {std::move(item.first), std::move(item.second)});
    }
    return map;
  }
  template <class Map>
  requires(std::same_as<typename Map::key_type, K>&& std::same_as<typename Map::mapped_type, V> &&
           !std::derived_from<Map, BaseProxy>)
  operator Map() const {
    return copy<Map>();
  }

  /// `f(V&)` on the value in the server, in one step; returns what it returns. The value is as
  /// before when it throws. Throws KeyError, NotSendable for a server of another build.
  template <class F>
  auto apply(const K& key, F f) const {
    detail::require_sendable<F>();
    detail::ProxyCall call = this->call(Method::apply_to);
    call.template put_value<K>(key);
    call.put_value(detail::ValueOperation(detail::ValueCall<V, F>{std::move(f)}));
    detail::Answer answer = call.send();
    if (!answer.get_bool()) {
      throw_missing(key);
    }
    using R = detail::server_result_t<F, V&>;
    if constexpr (!std::is_void_v<R>) {
      return answer.template get_value<R>();
    }
  }
  /// The same with the whole dict: `f` takes a std::map, a std::unordered_map, or a std::vector of
  /// pairs.
  template <class F>
  auto apply(F f) const {
    detail::require_sendable<F>();
    using Called = detail::DictCall<K, V, F>;
    detail::ProxyCall call = this->call(Method::apply);
    return detail::run_in_server<detail::DictOperation,
                                 detail::server_result_t<F, typename Called::Map&>>(
        call, Called{std::move(f)});
  }

  /// Over the items of the moment of begin(), as pairs. Unlike Python's, which yields keys.
  detail::Snapshot<value_type> begin() const { return detail::Snapshot<value_type>(items()); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend std::string mp_repr(const DictProxy& dict) {
    return detail::show_all('{', dict.items(), '}', [](const value_type& item) {
      return detail::show(item.first) + ": " + detail::show(item.second);
    });
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<DictProxy>, detail::type_name<DictProxy>());
  }

 private:
  [[noreturn]] static V throw_missing(const K& key) { detail::throw_key_error(detail::show(key)); }

  bool found(Method method, const K& key) const {
    detail::ProxyCall call = this->call(method);
    call.template put_value<K>(key);
    return call.send().get_bool();
  }
  std::optional<V> take(Method method, const K& key) const {
    detail::ProxyCall call = this->call(method);
    call.template put_value<K>(key);
    detail::Answer answer = call.send();
    return answer.get_bool() ? std::optional<V>(answer.template get_value<V>()) : std::nullopt;
  }
  template <class T>
  std::vector<T> all(Method method) const {
    detail::Answer answer = call(method).send();
    return detail::get_items<T>(answer);
  }
};

/// The value of a key.
template <class K, class V>
struct DictProxy<K, V>::Place {
  DictProxy dict;
  K key;

  detail::Blob get() const {
    detail::ProxyCall call = dict.call(Method::find);
    call.template put_value<K>(key);
    detail::Answer answer = call.send();
    if (!answer.get_bool()) {
      throw_missing(key);
    }
    return answer.get_blob();
  }
  void set(const V& value) const {
    detail::ProxyCall call = dict.call(Method::set);
    call.template put_value<K>(key);
    call.template put_value<V>(value);
    call.send();
  }
  bool replace(const detail::Blob& before, const V& value) const {
    detail::ProxyCall call = dict.call(Method::replace);
    call.template put_value<K>(key);
    call.put_blob(before);
    call.template put_value<V>(value);
    return call.send().get_bool();
  }
};

}  // namespace multiprocess
