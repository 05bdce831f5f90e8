// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/work_threads.hpp>

#include "support/latch.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>

namespace multiprocess::detail {
namespace {

TEST(WorkThreads, DoAllWorkAtATime) {
  WorkThreads threads;
  constexpr int count = 8;
  multiprocess::test::Latch together(count);
  multiprocess::test::Latch done(count);
  for (int i = 0; i < count; ++i) {
    threads.run([&] {
      together.arrive_and_wait();
      done.count_down();
    });
  }
  done.wait();
}

/// Gives a thread more to do when it goes.
struct Last {
  explicit Last(WorkThreads& all, std::promise<void>& all_gone) : threads(all), gone(all_gone) {}
  ~Last() {
    threads.run([] {});
    gone.set_value();
  }
  WorkThreads& threads;
  std::promise<void>& gone;
};

TEST(WorkThreads, WhatWorkHeldMayBringMore) {
  WorkThreads threads;
  std::promise<void> gone;
  threads.run([held = std::make_shared<Last>(threads, gone)] {});
  gone.get_future().wait();
}

TEST(WorkThreads, LetGoOnAnotherThreadAlsoWhenTheyAreGone) {
  WorkThreads::Discard discard;
  {
    const WorkThreads threads;
    discard = threads.discarder();
  }
  std::promise<std::thread::id> where;
  struct Object {
    ~Object() { here.set_value(std::this_thread::get_id()); }
    std::promise<std::thread::id>& here;
  };
  discard(std::shared_ptr<void>(new Object{where}, [](Object* object) { delete object; }));
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace multiprocess::detail
