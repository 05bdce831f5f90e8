// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/thread_pool.hpp>

#include <utility>

void work_in(multiprocess::Pool&) {}
void wait_for(multiprocess::Process&) {}
void use_result(const multiprocess::AsyncResult<int>&) {}
void work_in_threads(multiprocess::ThreadPool&) {}

int main() {
#if CASE == 6
  using namespace multiprocess;
#else
  namespace mp = multiprocess;
#endif
#if CASE == 0
  mp::Process idle, named({.name = "x"}), other(mp::ProcessOptions{});
  mp::exit(1);
#elif CASE == 1  // expect: belongs to the process that made it
  mp::Process process(work_in, mp::Pool(1));
#elif CASE == 2  // expect: belongs to the process that made it
  mp::Process first;
  mp::Process second(wait_for, std::move(first));
#elif CASE == 3  // expect: belongs to the process that made it
  mp::Pool pool(1);
  pool.apply(use_result, mp::AsyncResult<int>());
#elif CASE == 4  // expect: belongs to the process that made it
  mp::Process process(work_in_threads, mp::ThreadPool(1));
#elif CASE == 5  // expect: ambiguous
  mp::Process process({});
#elif CASE == 6  // expect: ambiguous
  exit(1);
#endif
}
