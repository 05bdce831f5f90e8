// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/map_key.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/sequence.hpp>
#include <multiprocess/detail/shared_data.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

/// A map that the processes of the tree share, without a server: keys in order, each once. Keys are
/// of a trivially copyable type without pointers that has `<`, or std::string of at most 63 bytes;
/// values of any trivially copyable type without pointers.
///
/// A copyable handle: copies, in whatever process, are the same map. Each function is one step
/// under the map's lock, which `std::scoped_lock` takes for several. A process that is killed has
/// made its step or has not; if it was writing, everybody gets OwnerDied until somebody calls
/// clear() or assign(). Looking up costs log n steps, a new key moves those behind it.
template <class K, class V>
class SharedMap : public detail::Sequence {
 public:
  using key_type = K;
  using mapped_type = V;
  using value_type = std::pair<K, V>;

  /// Empty. Throws std::bad_alloc when shared memory is short.
  SharedMap() : Sequence(tag(), sizeof(Entry)) {}
  SharedMap(std::initializer_list<value_type> items) : SharedMap() { assign(items); }

  std::ptrdiff_t size() const noexcept { return static_cast<std::ptrdiff_t>(count()); }
  bool empty() const noexcept { return count() == 0; }

  /// The value at a key. Throws KeyError when there is none; or gives another one then.
  V get(const K& key) const {
    const std::optional<V> found = find(key);
    if (!found) {
      detail::throw_no_such_key();
    }
    return *found;
  }
  V get(const K& key, const V& otherwise) const { return find(key).value_or(otherwise); }
  std::optional<V> find(const K& key) const {
    const Stored stored(key);
    const Hold hold(*this);
    const Entry* const entry = look_up(stored);
    return entry == nullptr ? std::nullopt : std::optional<V>(entry->value);
  }
  bool contains(const K& key) const { return find(key).has_value(); }

  void set(const K& key, const V& value) const {
    update(key, [&](V& there) { detail::assign_item<V>(there, value); });
  }
  /// Calls `f(V&)` with the lock held, on a value of zeros when the key is new: one step for all.
  template <std::invocable<V&> F>
  decltype(auto) update(const K& key, F&& f) const {
    const Stored stored(key);
    const Hold hold(*this);
    Entry* entry = look_up(stored);
    if (entry == nullptr) {
      reserve(count() + 1);
    }
    const Change change(*this);
    if (entry == nullptr) {
      entry = add(stored);
    }
    return std::forward<F>(f)(entry->value);
  }
  /// False when the key was not there.
  bool erase(const K& key) const {
    const Stored stored(key);
    const Hold hold(*this);
    const Entry* const entry = look_up(stored);
    if (entry == nullptr) {
      return false;
    }
    const Change change(*this);
    close_gap(static_cast<std::size_t>(entry - begin()));
    set_count(count() - 1);
    return true;
  }

  /// In one step, whatever state the map is in.
  void clear() const {
    const Hold hold(*this, State::any);
    replace(nullptr, 0);
  }
  /// Of several values for a key the last one stays.
  template <std::ranges::input_range R>
  void assign(R&& range) const {
    std::vector<Entry> all;
    for (const auto& [key, value] : range) {
      const Stored stored{K(key)};
      const auto at = std::lower_bound(all.begin(), all.end(), stored, is_before);
      if (at != all.end() && !(stored < at->key)) {
        at->value = value;
      } else {
        all.insert(at, Entry{stored, value});
      }
    }
    const Hold hold(*this, State::any);
    replace(all.data(), all.size());
  }

  /// Everything, in the order of the keys, at one moment.
  std::vector<value_type> items() const {
    const Hold hold(*this);
    std::vector<value_type> all;
    for (const Entry* entry = begin(); entry != begin() + count(); ++entry) {
      all.emplace_back(K(entry->key), entry->value);
    }
    return all;
  }

  friend std::string mp_repr(const SharedMap& map) {
    return map.sequence_repr("SharedMap", detail::type_name<value_type>());
  }
  static void require_kind(const detail::SharedRef& received) {
    require_sequence(received, tag(), detail::type_name<SharedMap>());
  }

 private:
  using Stored = detail::MapKey<K>;
  struct Entry {
    Stored key;
    V value;
  };
  static_assert(std::is_copy_assignable_v<V>, "multiprocess: the values of a map are assigned to");

  static std::uint64_t tag() {
    detail::require_shareable<V>();
    return detail::mix(detail::type_tag<K>, detail::type_tag<V>);
  }
  static bool is_before(const Entry& entry, const Stored& key) { return entry.key < key; }

  Entry* begin() const noexcept { return reinterpret_cast<Entry*>(data()); }
  Entry* lower_bound(const Stored& key) const {
    return std::lower_bound(begin(), begin() + count(), key, is_before);
  }
  /// Null when it is not there.
  Entry* look_up(const Stored& key) const {
    Entry* const entry = lower_bound(key);
    return entry != begin() + count() && !(key < entry->key) ? entry : nullptr;
  }
  Entry* add(const Stored& key) const {
    auto* const entry =
        reinterpret_cast<Entry*>(open_gap(static_cast<std::size_t>(lower_bound(key) - begin())));
    std::memset(static_cast<void*>(entry), 0, sizeof(Entry));
    entry->key = key;
    set_count(count() + 1);
    return entry;
  }
};

}  // namespace multiprocess
