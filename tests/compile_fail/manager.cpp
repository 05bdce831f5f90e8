// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

namespace mp = multiprocess;

struct Counter {
  Counter() = default;
  explicit Counter(int x) : value(x) {}
  int get() const { return value; }
  int value = 0;
};

int main() {
  mp::register_type<Counter>("Counter", mp::method<&Counter::get>("get"));
  mp::SyncManager manager;
#if CASE == 0
  manager.create<Counter>(3);
#elif CASE == 1  // expect: calls a constructor of C that C does not have
  manager.create<Counter>("text", 3);
#endif
}
