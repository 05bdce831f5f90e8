// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/sequence.hpp>
#include <multiprocess/detail/shared_data.hpp>

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace multiprocess {

/// A vector that the processes of the tree share, without a server. Items are of any trivially
/// copyable type without pointers.
///
/// A copyable handle: copies, in whatever process, are the same vector. Each function is one step
/// under the vector's lock, which `std::scoped_lock` takes for several. A process that is killed
/// has made its step or has not; if it was writing over items that are there (set, insert, erase,
/// with_lock), everybody gets OwnerDied until somebody calls clear() or assign(), or looks after
/// the items in with_lock.
template <class T>
class SharedVector : public detail::Sequence {
 public:
  using value_type = T;

  /// Empty. Throws std::bad_alloc when shared memory is short.
  SharedVector() : Sequence(tag(), sizeof(T)) {}
  SharedVector(std::initializer_list<T> items) : SharedVector() { assign(items); }
  template <std::ranges::input_range R>
  requires(
      !std::derived_from<std::remove_cvref_t<R>, Sequence> &&
      std::convertible_to<std::ranges::range_reference_t<R>, T>) explicit SharedVector(R&& items)
      : SharedVector() {
    assign(std::forward<R>(items));
  }

  std::ptrdiff_t size() const noexcept { return static_cast<std::ptrdiff_t>(count()); }
  bool empty() const noexcept { return count() == 0; }

  /// One item; counted from the end when `index` is negative. Throws IndexError.
  T get(detail::Index index) const {
    const Hold hold(*this);
    return items()[place(index)];
  }
  T operator[](detail::Index index) const { return get(index); }
  void set(detail::Index index, const T& item) const {
    const Hold hold(*this);
    const std::size_t at = place(index);
    const Change change(*this);
    detail::assign_item<T>(items()[at], item);
  }

  void push_back(const T& item) const {
    const Hold hold(*this);
    std::memcpy(extend(1), &item, sizeof(T));
    set_count(count() + 1);
  }
  /// All behind the last item, in one step.
  template <std::ranges::input_range R>
  void extend_with(R&& range) const {
    const std::vector<Cell> more = cells(range);
    const Hold hold(*this);
    if (more.empty()) {
      return;
    }
    std::memcpy(extend(more.size()), more.data(), more.size() * sizeof(T));
    set_count(count() + more.size());
  }
  /// The last item, which is gone then; nothing when there is none.
  std::optional<T> pop_back() const {
    const Hold hold(*this);
    if (empty()) {
      return std::nullopt;
    }
    const T last = items().back();
    set_count(count() - 1);
    return last;
  }

  /// In front of item `index`, which may be one past the last. Throws IndexError.
  void insert(detail::Index index, const T& item) const {
    const Hold hold(*this);
    const std::size_t at = index == size() ? count() : place(index);
    reserve(count() + 1);
    const Change change(*this);
    std::memcpy(open_gap(at), &item, sizeof(T));
    set_count(count() + 1);
  }
  void erase(detail::Index index) const {
    const Hold hold(*this);
    const std::size_t at = place(index);
    const Change change(*this);
    close_gap(at);
    set_count(count() - 1);
  }

  /// In one step, whatever state the vector is in.
  void clear() const {
    const Hold hold(*this, State::any);
    replace(nullptr, 0);
  }
  template <std::ranges::input_range R>
  void assign(R&& range) const {
    const std::vector<Cell> all = cells(range);
    const Hold hold(*this, State::any);
    replace(all.data(), all.size());
  }

  /// The items as they are at one moment.
  std::vector<T> to_vector() const {
    const Hold hold(*this);
    return std::vector<T>(items().begin(), items().end());
  }

  /// Calls `f(std::span<T>)` with the lock held, and returns what it returns: an atomic step for
  /// all. Throws OwnerDied as the other functions do, unless `f(std::span<T>, bool owner_died)` can
  /// be called, which is told instead and leaves the items whole.
  template <class F>
  decltype(auto) with_lock(F&& f) const {
    if constexpr (std::is_invocable_v<F, std::span<T>, bool>) {
      const Hold hold(*this, State::any);
      const bool owner_died = changer() != 0;
      const Change change(*this);
      return std::forward<F>(f)(items(), owner_died);
    } else {
      const Hold hold(*this);
      const Change change(*this);
      return std::forward<F>(f)(items());
    }
  }

  friend std::string mp_repr(const SharedVector& vector) {
    return vector.sequence_repr("SharedVector", detail::item_name<T>);
  }
  static void require_kind(const detail::SharedRef& received) {
    require_sequence(received, tag(), detail::type_name<SharedVector>());
  }

 private:
  /// std::vector<bool> has no array of them.
  struct Cell {
    T item;
  };

  static std::uint64_t tag() {
    detail::require_shareable<T>();
    static_assert(detail::plain_data<T>,
                  "multiprocess: a SharedVector moves its items, which a "
                  "std::atomic cannot be: use RawArray");
    return detail::type_tag<T>;
  }
  std::span<T> items() const noexcept { return {reinterpret_cast<T*>(data()), count()}; }
  std::size_t place(std::ptrdiff_t index) const { return detail::checked_index(index, count()); }

  template <class R>
  static std::vector<Cell> cells(R& range) {
    std::vector<Cell> all;
    for (auto&& item : range) {
      all.push_back({detail::item_of<T>(item)});
    }
    return all;
  }
};

template <std::ranges::input_range R>
SharedVector(R&&) -> SharedVector<std::ranges::range_value_t<R>>;

}  // namespace multiprocess
