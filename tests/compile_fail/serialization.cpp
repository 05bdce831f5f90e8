// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/serialization.hpp>

#include <functional>
#include <mutex>
#include <string>

namespace mp = multiprocess;
using mp::detail::Job;

struct Window {
  std::string title;
  int* pixels;
};
class Opaque {
 public:
  int x() const { return *x_; }

 private:
  int* x_ = nullptr;
};

void takes(int*) {}
void target(int) {}

int main() {
  int k = 1;
  std::string name = "name";
  (void)k;
#if CASE == 0
  Job::make(&target, k);
  mp::dumps(name);
#elif CASE == 1  // expect: a raw pointer means nothing in another process
  Job::make(&takes, &k);
#elif CASE == 2  // expect: std::reference_wrapper means nothing in another process
  Job::make(&target, std::ref(k));
#elif CASE == 3  // expect: a raw pointer means nothing in another process
  mp::dumps(Window{});
#elif CASE == 4  // expect: values of this type cannot be sent to another process
  mp::dumps(Opaque());
#elif CASE == 5  // expect: a view (string_view, span) does not own what it shows
  mp::loads<std::string_view>(mp::dumps(name));
#elif CASE == 6  // expect: use multiprocess::Function instead
  mp::Object object(std::function<void()>([] {}));
#elif CASE == 7  // expect: a pointer to characters means nothing in another process
  mp::dumps(std::make_tuple(42, "hello"));
#endif
}
