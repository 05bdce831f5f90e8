// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/show.hpp>
#include <multiprocess/detail/snapshot.hpp>
#include <multiprocess/list_proxy.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess {

/// An array of a fixed size in a manager's server; `manager.Array<int>({1, 2})` makes one.
///
/// For numbers that many processes use much there is `Array`, which lies in shared memory.
template <class T>
class ArrayProxy : public BaseProxy {
 public:
  static constexpr std::string_view type_id = "Array";
  using value_type = T;

  explicit ArrayProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  std::ptrdiff_t size() const { return items().size(); }
  /// Negative indices count from the end. Throws IndexError.
  T get(detail::Index index) const { return items().get(index); }
  void set(detail::Index index, const T& value) const { items().set(index, value); }
  /// Reads, writes and changes the item: `a[0] = 1`, `a[-1] += 2` (one step), `int x = a[0]`.
  auto operator[](detail::Index index) const { return items()[index]; }

  /// All items, as they are at one moment.
  std::vector<T> to_vector() const { return items().copy(); }
  operator std::vector<T>() const { return to_vector(); }
  /// Python's `a[start:stop:step]`.
  std::vector<T> slice(std::optional<std::ptrdiff_t> start = {},
                       std::optional<std::ptrdiff_t> stop = {}, std::ptrdiff_t step = 1) const {
    return items().slice(start, stop, step);
  }

  /// Over the items of the moment of begin().
  detail::Snapshot<T> begin() const { return detail::Snapshot<T>(to_vector()); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend std::string mp_repr(const ArrayProxy& array) {
    return "array(" + detail::quoted(detail::readable(detail::type_name<T>())) + ", " +
           detail::show(array.to_vector()) + ")";
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<ArrayProxy>, detail::type_name<ArrayProxy>());
  }

 private:
  /// In the server it is a list, of which only the items are shown.
  ListProxy<T> items() const { return ListProxy<T>(cell()); }
};

}  // namespace multiprocess
