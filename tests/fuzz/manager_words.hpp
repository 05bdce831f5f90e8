// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fuzz/fuzz.hpp"

#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/pool_operations.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/register_type.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

/// What messages to a manager's server are made of.
namespace multiprocess::test::manager_talk {

using namespace detail;

class Counter {
 public:
  explicit Counter(int begin) : count_(static_cast<std::uint32_t>(begin)) {}

  int add(int more) {
    count_ += static_cast<std::uint32_t>(more);
    return static_cast<int>(count_);
  }
  std::string twice(const std::string& text) { return text + text; }

 private:
  std::uint32_t count_;
};

/// Clients ask for these in place of numbers that are the same in each build.
inline constexpr std::uint64_t any_type = 1;

using Words = std::vector<std::byte>;

inline Words words_of(const CallWriter& written) {
  return {written.bytes().begin(), written.bytes().end()};
}
template <class... Numbers>
Words numbers(Numbers... each) {
  CallWriter all;
  (all.put(static_cast<std::uint64_t>(each)), ...);
  return words_of(all);
}
template <class T>
Words value(const T& value) {
  CallWriter all;
  all.put_value(value);
  return words_of(all);
}
inline Words text(std::string_view text) {
  CallWriter all;
  all.put_text(text);
  return words_of(all);
}
inline Words operator+(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// A message: objects beside it, the object that is asked, its method, what that needs.
inline Words message(std::span<const std::uint64_t> beside, std::uint64_t object,
                     std::uint64_t method, Bytes rest) {
  CallWriter all;
  all.put(beside.size());
  std::for_each(beside.begin(), beside.end(), [&all](std::uint64_t id) { all.put(id); });
  all.put(object);
  all.put(method);
  all.append(rest);
  return words_of(all);
}

template <class Method>
std::uint64_t number(Method method) {
  return static_cast<std::uint64_t>(method);
}

/// What clients have a server run, of this build.
inline std::vector<Words> make_functions() {
  int number = 3;  // no constant: each has a copy of it
  std::vector<Words> all;
  const auto keep = [&all](const auto& function) { all.push_back(value(function)); };
  keep(ListOperation([number](std::vector<Blob>& items, CallWriter& into) {
    into.put(items.size() + static_cast<std::uint64_t>(number));
    std::reverse(items.begin(), items.end());
  }));
  keep(ValueOperation([number](Blob& kept, CallWriter& into) {
    into.put_blob(kept);
    kept = Blob::of(number);
  }));
  keep(DictOperation([number](DictItems& items, CallWriter& into) {
    into.put(items.size());
    items.emplace_back(Blob::of(number), Blob::of(number));
  }));
  keep(InstanceMaker(MakeInstance<Counter, int>{std::tuple(number)}));
  keep(InstanceOperation([number](void*, CallWriter& into) { into.put_value(number); }));
  PoolStart inline_pool;
  inline_pool.options.processes = 1;
  inline_pool.options.inline_tasks = true;
  keep(inline_pool);
  const auto square = [](int x) { return static_cast<long long>(x) * x; };
  keep(PoolOperation(
      PoolApply<decltype(square), std::tuple<int>>{TaskOptions{}, square, std::tuple(number)}));
  keep(StreamOperation(PoolImap<decltype(square), int, true>{{MapTerms{}, square, {1, 2, 3}}}));
  return all;
}
enum Code : std::uint8_t {
  list_call,
  value_call,
  dict_call,
  maker,
  instance_call,
  pool_start,
  apply_call,
  imap_call
};

inline const std::vector<Words>& functions() {
  // Small: a wild offset is a fault.
  static const bool small = setenv("MULTIPROCESS_RESERVE", "268435456", 0) == 0;
  static const bool known = register_type<Counter>("Counter", method<&Counter::add>("add"),
                                                   method<&Counter::twice>("twice"));
  static const std::vector<Words> all = make_functions();
  require(small && known, "the arena is small, and the type is known");
  return all;
}

}  // namespace multiprocess::test::manager_talk
