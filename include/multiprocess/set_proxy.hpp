// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/show.hpp>
#include <multiprocess/detail/snapshot.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess {

/// A set in a manager's server; `manager.set<int>()` makes one.
///
/// Values are equal when their bytes are, and numbers in Objects when their values are. Where
/// another set is asked for, any range will do. New sets are plain ones of the standard library.
template <class T = Object>
class SetProxy : public BaseProxy {
  using Method = detail::SetMethod;

 public:
  static constexpr std::string_view type_id = "set";
  using value_type = T;
  /// A std::set, or where T has no order or hash the items in the order in which they came.
  using Copy = detail::set_copy_t<T>;

  explicit SetProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  std::ptrdiff_t size() const {
    return static_cast<std::ptrdiff_t>(call(Method::size).send().get());
  }
  bool empty() const { return size() == 0; }
  bool contains(const T& value) const { return with(Method::contains, value).get_bool(); }
  void add(const T& value) const { with(Method::add, value); }
  /// Throws KeyError when it is not there; discard() does not.
  void remove(const T& value) const {
    if (!with(Method::remove, value).get_bool()) {
      detail::throw_key_error(detail::show(value));
    }
  }
  void discard(const T& value) const { with(Method::remove, value); }
  /// Takes out the one that came first. Throws KeyError when it is empty.
  T pop() const {
    detail::Answer answer = call(Method::pop).send();
    if (!answer.get_bool()) {
      detail::throw_key_error("pop from an empty set");
    }
    return answer.template get_value<T>();
  }
  void clear() const { call(Method::clear).send(); }

  /// The items of one moment.
  Copy copy() const {
    const std::vector<T> all = items();
    return Copy(all.begin(), all.end());
  }
  operator Copy() const { return copy(); }
  /// The same in the order in which they came.
  std::vector<T> items() const {
    detail::Answer answer = call(Method::items).send();
    return detail::get_items<T>(answer);
  }

  /// Become the union with others, and so on: each in one step.
  template <class R = std::initializer_list<T>>
  void update(const R& others) const {
    become(Operator::unite, others);
  }
  template <class R = std::initializer_list<T>>
  void intersection_update(const R& others) const {
    become(Operator::intersect, others);
  }
  template <class R = std::initializer_list<T>>
  void difference_update(const R& others) const {
    become(Operator::subtract, others);
  }
  template <class R = std::initializer_list<T>>
  void symmetric_difference_update(const R& others) const {
    become(Operator::differ, others);
  }
  template <std::ranges::input_range R>
  const SetProxy& operator|=(const R& others) const {
    return become(Operator::unite, others);
  }
  template <std::ranges::input_range R>
  const SetProxy& operator&=(const R& others) const {
    return become(Operator::intersect, others);
  }
  template <std::ranges::input_range R>
  const SetProxy& operator-=(const R& others) const {
    return become(Operator::subtract, others);
  }
  template <std::ranges::input_range R>
  const SetProxy& operator^=(const R& others) const {
    return become(Operator::differ, others);
  }

  /// The union with others, and so on; this set stays.
  template <class R = std::initializer_list<T>>
  Copy union_(const R& others) const {
    return combine(Operator::unite, others);
  }
  template <class R = std::initializer_list<T>>
  Copy intersection(const R& others) const {
    return combine(Operator::intersect, others);
  }
  template <class R = std::initializer_list<T>>
  Copy difference(const R& others) const {
    return combine(Operator::subtract, others);
  }
  template <class R = std::initializer_list<T>>
  Copy symmetric_difference(const R& others) const {
    return combine(Operator::differ, others);
  }
  template <std::ranges::input_range R>
  friend Copy operator|(const SetProxy& set, const R& others) {
    return set.combine(Operator::unite, others);
  }
  template <std::ranges::input_range R>
  friend Copy operator&(const SetProxy& set, const R& others) {
    return set.combine(Operator::intersect, others);
  }
  template <std::ranges::input_range R>
  friend Copy operator-(const SetProxy& set, const R& others) {
    return set.combine(Operator::subtract, others);
  }
  template <std::ranges::input_range R>
  friend Copy operator^(const SetProxy& set, const R& others) {
    return set.combine(Operator::differ, others);
  }

  template <class R = std::initializer_list<T>>
  bool isdisjoint(const R& others) const {
    return compare(others).common == 0;
  }
  template <class R = std::initializer_list<T>>
  bool issubset(const R& others) const {
    const Sizes sizes = compare(others);
    return sizes.common == sizes.mine;
  }
  template <class R = std::initializer_list<T>>
  bool issuperset(const R& others) const {
    const Sizes sizes = compare(others);
    return sizes.common == sizes.theirs;
  }

  template <std::ranges::input_range R>
  friend bool operator<=(const SetProxy& set, const R& others) {
    return set.issubset(others);
  }
  template <std::ranges::input_range R>
  friend bool operator>=(const SetProxy& set, const R& others) {
    return set.issuperset(others);
  }
  template <std::ranges::input_range R>
  friend bool operator<(const SetProxy& set, const R& others) {
    const Sizes sizes = set.compare(others);
    return sizes.common == sizes.mine && sizes.mine < sizes.theirs;
  }
  template <std::ranges::input_range R>
  friend bool operator>(const SetProxy& set, const R& others) {
    const Sizes sizes = set.compare(others);
    return sizes.common == sizes.theirs && sizes.mine > sizes.theirs;
  }

  /// `f` on a `Copy&` of the set in the server, in one step; returns what it returns. The set is as
  /// before when it throws. Throws NotSendable for a server of another build.
  template <class F>
  auto apply(F f) const {
    detail::require_sendable<F>();
    detail::ProxyCall call = this->call(Method::apply);
    return detail::run_in_server<detail::ListOperation, detail::server_result_t<F, Copy&>>(
        call, detail::ItemsCall<Copy, F>{std::move(f)});
  }

  /// Over the items of the moment of begin(), in the order in which they came.
  detail::Snapshot<T> begin() const { return detail::Snapshot<T>(items()); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend std::string mp_repr(const SetProxy& set) {
    const std::vector<T> all = set.items();
    return all.empty() ? "set()" : detail::show_all('{', all, '}', &detail::show<T>);
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<SetProxy>, detail::type_name<SetProxy>());
  }

 private:
  using Operator = detail::SetOperator;
  struct Sizes {
    std::uint64_t mine;
    std::uint64_t common;
    std::uint64_t theirs;
  };

  detail::Answer with(Method method, const T& value) const {
    detail::ProxyCall call = this->call(method);
    call.template put_value<T>(value);
    return call.send();
  }
  template <class R>
  const SetProxy& become(Operator how, const R& others) const {
    detail::ProxyCall call = this->call(Method::update);
    call.put(static_cast<std::uint64_t>(how));
    detail::put_items<T>(call, others);
    call.send();
    return *this;
  }
  template <class R>
  Copy combine(Operator how, const R& others) const {
    detail::ProxyCall call = this->call(Method::combine);
    call.put(static_cast<std::uint64_t>(how));
    detail::put_items<T>(call, others);
    detail::Answer answer = call.send();
    const std::vector<T> all = detail::get_items<T>(answer);
    return Copy(all.begin(), all.end());
  }
  template <class R>
  Sizes compare(const R& others) const {
    detail::ProxyCall call = this->call(Method::compare);
    detail::put_items<T>(call, others);
    detail::Answer answer = call.send();
    const std::uint64_t mine = answer.get();
    const std::uint64_t common = answer.get();
    return {mine, common, answer.get()};
  }
};

}  // namespace multiprocess
