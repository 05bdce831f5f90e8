// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/register_exception.hpp>

#include <stdexcept>

namespace mp = multiprocess;

struct FromText : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct FromNumber : std::exception {
  explicit FromNumber(int number);
};

struct NoException {};

void use() {
#if CASE == 0
  mp::register_exception<FromText>();
#elif CASE == 1  // expect: give E a `serialize` and a default constructor
  mp::register_exception<FromNumber>();
#elif CASE == 2  // expect: give E a `serialize` and a default constructor
  mp::register_exception<NoException>();
#elif CASE == 3  // expect: register_exception<E>(): E is a class
  mp::register_exception<int>();
#endif
}
