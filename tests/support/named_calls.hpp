// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/function.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/register_type.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::test {

/// What two programs have in common that are compiled from the same words.
struct Tally {
  explicit Tally(int first = 0) : value(first) {}

  int value;
  int add(int by) { return value += by; }
};
inline const bool tally_is_known = register_type<Tally>("Tally", method<&Tally::add>("add"));

inline const auto add_three =
    named<"named_calls.add_three">([](std::vector<int>& items) { items.push_back(3); });
inline const auto count_keys =
    named<"named_calls.count_keys">([](std::map<std::string, int>& all) { return all.size(); });
inline const auto is_more = named<"named_calls.is_more">([](int a, int b) { return a > b; });
inline const auto squared = named<"named_calls.squared">([](int x) { return x * x; });
inline const auto sum = named<"named_calls.sum">([](int a, int b) { return a + b; });
inline const auto double_it =
    named<"named_calls.double_it">([](Tally& tally) { tally.value *= 2; });

/// What a client of a manager says whose server may be another program; empty when all was right.
inline std::string use_names(const SyncManager& manager) {
  const auto list = manager.list<int>({1, 2});
  list.apply(add_three);
  list.sort(is_more);
  if (list.copy() != std::vector{3, 2, 1}) {
    return "the list";
  }
  if (manager.dict<std::string, int>({{"a", 1}}).apply(count_keys) != 1) {
    return "the dict";
  }
  const auto tally = manager.create<Tally>();
  tally.call<&Tally::add>(5);
  tally.apply(double_it);
  if (tally.call<&Tally::add>(1) != 11) {
    return "the object";
  }
  const auto pool = manager.Pool(1);
  if (pool.apply(squared, 5) != 25 || pool.map(squared, {1, 2}) != std::vector{1, 4} ||
      pool.starmap(sum, std::vector<std::pair<int, int>>{{1, 2}}) != std::vector{3} ||
      *pool.imap(squared, {3}).begin() != 9) {
    return "the pool";
  }
  return {};
}

}  // namespace multiprocess::test
