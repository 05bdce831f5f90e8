// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection.hpp>
#include <multiprocess/listener.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/wait.hpp>

namespace mp = multiprocess;
using namespace std::chrono_literals;

void use(mp::Process process, mp::Connection connection, mp::connection::Listener listener) {
#if CASE == 0
  process.join(5s), connection.poll(5s), listener.accept(5s), mp::wait({connection}, 5s);
#elif CASE == 1  // expect: A timeout is a duration: write 5s or 500ms, not 5.
  process.join(5);
#elif CASE == 2  // expect: A timeout is a duration
  connection.poll(5);
#elif CASE == 3  // expect: A timeout is a duration
  listener.accept(5);
#elif CASE == 4  // expect: A timeout is a duration
  mp::wait({connection}, 5);
#endif
}
