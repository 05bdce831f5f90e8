// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/function.hpp>

#include <functional>
#include <string>

namespace mp = multiprocess;
using mp::detail::Job;

void target(int) {}

int main() {
  int k = 1;
  std::string name = "name";
  (void)k;
#if CASE == 0
  Job::make([k] { return k; });
  mp::partial([](const std::string&) {}, name);
#elif CASE == 1  // expect: this closure captures by reference
  Job::make([&k] { return k; });
#elif CASE == 2  // expect: this closure captures by reference
  Job::make([&] { return k + int(name.size()); });
#elif CASE == 3  // expect: MP_FN((captures), (parameters) { body }), mp::partial(f, values...)
  Job::make([name] { return name; });
#elif CASE == 4  // expect: use multiprocess::Function instead
  Job::make(std::function<void()>([] {}));
#elif CASE == 5  // expect: the target (of a pool: the initializer) cannot be called with these
  Job::make(&target, "text");
#elif CASE == 6  // expect: this closure captures by reference
  mp::Function<int()> f = [&k] { return k; };
#elif CASE == 7  // expect: MP_FN((captures), (parameters) { body }), mp::partial(f, values...)
  mp::partial([name](int) {}, 1);
#elif CASE == 8  // expect: by_value(f) sends the bytes of f
  mp::by_value([name] { return name; });
#endif
}
