// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/function.hpp>
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
  Job::make([k] { return k; });
  mp::dumps(name);
#elif CASE == 1   // expect: this closure captures by reference
  Job::make([&k] { return k; });
#elif CASE == 2   // expect: this closure captures by reference
  Job::make([&] { return k + int(name.size()); });
#elif CASE == 3   // expect: MP_FN((captures), (parameters) { body }), mp::partial(f, values...)
  Job::make([name] { return name; });
#elif CASE == 4   // expect: use multiprocess::Function instead
  Job::make(std::function<void()>([] {}));
#elif CASE == 5   // expect: a raw pointer means nothing in another process
  Job::make(&takes, &k);
#elif CASE == 6   // expect: std::reference_wrapper means nothing in another process
  Job::make(&target, std::ref(k));
#elif CASE == 7   // expect: a raw pointer means nothing in another process
  mp::dumps(Window{});
#elif CASE == 8   // expect: values of this type cannot be sent to another process
  mp::dumps(Opaque());
#elif CASE == 9   // expect: the target cannot be called with these arguments
  Job::make(&target, "text");
#elif CASE == 10  // expect: this closure captures by reference
  mp::Function<int()> f = [&k] { return k; };
#elif CASE == 11  // expect: a view (string_view, span) does not own what it shows
  mp::loads<std::string_view>(mp::dumps(name));
#elif CASE == 12  // expect: MP_FN((captures), (parameters) { body }), mp::partial(f, values...)
  mp::partial([name](int) {}, 1);
#elif CASE == 13  // expect: by_value(f) sends the bytes of f
  mp::by_value([name] { return name; });
#elif CASE == 14  // expect: use multiprocess::Function instead
  mp::Object object(std::function<void()>([] {}));
#endif
}
