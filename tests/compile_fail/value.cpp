// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/array.hpp>
#include <multiprocess/value.hpp>

#include <atomic>
#include <string>
#include <vector>

namespace mp = multiprocess;

struct Node {
  int value;
  Node* next;
};

int main() {
  int k = 1;
  (void)k;
#if CASE == 0
  mp::Value<int> value(k);
  mp::RawValue<std::atomic<int>> counter;
#elif CASE == 1  // expect: this type cannot lie in shared memory
  mp::Value<int*> value(&k);
#elif CASE == 2  // expect: mp::SharedVector, mp::SharedString, mp::SharedMap
  mp::Value<std::string> value("text");
#elif CASE == 3  // expect: this type cannot lie in shared memory
  mp::Array<Node> array(3);
#elif CASE == 4  // expect: this type cannot lie in shared memory
  mp::RawArray<std::vector<int>> array(3);
#elif CASE == 5  // expect: this type cannot lie in shared memory
  mp::RawValue<Node> value;
#elif CASE == 6  // expect: only objects that can change are shared
  mp::Value<const int> value;
#endif
}
