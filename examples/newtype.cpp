// SPDX-License-Identifier: BSD-3-Clause
// Objects of one's own types in a manager, as Python's ex_newtype.py.
#include <multiprocess/manager.hpp>
#include <multiprocess/process.hpp>

#include <fmt/format.h>

#include <string>
#include <vector>

namespace mp = multiprocess;

class Foo {
 public:
  std::string f() {
    ++calls_;
    return "you called Foo.f()";
  }
  std::string g() { return fmt::format("you called Foo.g() after {} calls of f", calls_); }
  std::string h() { return "you called Foo.h()"; }

 private:
  int calls_ = 0;
};

/// The same, of which clients see other methods.
class Bar : public Foo {};

std::vector<int> squares(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(i * i);
  }
  return all;
}
struct Baz {
  std::vector<int> generate(int count) const { return squares(count); }
};

const bool registered =
    mp::register_type<Foo>("Foo", mp::method<&Foo::f>("f"), mp::method<&Foo::g>("g")) &&
    mp::register_type<Bar>("Bar", mp::method<&Bar::g>("g"), mp::method<&Bar::h>("h")) &&
    mp::register_type<Baz>("Baz", mp::method<&Baz::generate>("generate"));

int main() {
  const mp::SyncManager manager = mp::Manager();
  const auto foo = manager.create<Foo>();
  fmt::print("{}\n", foo.call<&Foo::f>());
  mp::Process([](const mp::Proxy<Foo>& shared) { shared.call<&Foo::f>(); }, foo).start();
  mp::active_children().back().join();
  fmt::print("{}\n", foo.call<std::string>("g"));
  try {
    foo.call("h");
  } catch (const mp::AttributeError& error) {
    fmt::print("{}\n", error.what());
  }
  fmt::print("{}\n", manager.create<Bar>().call<std::string>("h"));
  fmt::print("{}\n", fmt::join(manager.create<Baz>().call<&Baz::generate>(5), " "));
}
