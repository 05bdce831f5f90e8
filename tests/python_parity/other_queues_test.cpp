// SPDX-License-Identifier: BSD-3-Clause
// What Python shows of JoinableQueue and SimpleQueue: python_parity/table.md, 2.6.
#include <multiprocess/multiprocess.hpp>

#include "python_parity/throws.hpp"
#include "support/start_methods.hpp"

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

class JoinableParity : public mp::test::StartMethods {};
class SimpleParity : public mp::test::StartMethods {};

TEST_P(JoinableParity, TaskDoneTooOftenIsAValueError) {
  const mp::JoinableQueue<int> q;
  EXPECT_EQ(mp::test::what_it_throws([&] { q.task_done(); }), "ValueError");
  q.put(1);
  EXPECT_EQ(exitcode_of([q] {
              q.get();
              q.task_done();
              const std::string again = mp::test::what_it_throws([&] { q.task_done(); });
              mp::exit(again == "ValueError" ? 0 : 1);
            }),
            0);
  EXPECT_EQ(mp::test::what_it_throws([&] { q.task_done(); }), "ValueError");
}

TEST_P(JoinableParity, JoinReturnsWhenEveryItemIsDone) {
  const mp::JoinableQueue<int> q(3);
  const mp::Queue<int> out;
  q.join();
  std::vector<mp::Process> workers;
  for (int i = 0; i < 2; ++i) {
    workers.push_back(start([q, out] {
      for (const int x : q) {
        out.put(x);
        q.task_done();
      }
    }));
  }
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      q.put(1);
    }
    q.join();
    EXPECT_EQ(out.qsize(), 10 * (round + 1));
  }
  q.shutdown();
  for (mp::Process& worker : workers) {
    EXPECT_TRUE(worker.join(20s));
  }
}

TEST_P(JoinableParity, AnyProcessMayCallTaskDone) {
  const mp::JoinableQueue<int> q;
  q.put(1);
  EXPECT_EQ(q.get(), 1);
  EXPECT_EQ(exitcode_of([q] { q.task_done(); }), 0);
  EXPECT_TRUE(q.join(0s));
}

TEST_P(JoinableParity, IsAQueue) {
  const mp::JoinableQueue<std::string> q(1);
  const mp::Queue<std::string> queue = q;
  EXPECT_EQ(exitcode_of([queue] { queue.put("by a function for queues"); }), 0);
  EXPECT_TRUE(q.full());
  EXPECT_THROW(q.put_nowait("x"), mp::Full);
  EXPECT_EQ(queue.get(20s), "by a function for queues");
  EXPECT_FALSE(q.join(0s));
  q.task_done();
  q.join();
}

/// An item that cannot be written.
struct Refused {
  template <class Archive>
  void save(Archive&) const {
    throw mp::ValueError("not this one");
  }
  template <class Archive>
  void load(Archive&) {}
};

TEST_P(SimpleParity, PutRaisesTheErrorsOfItsItems) {
  const mp::SimpleQueue<Refused> q;
  EXPECT_EQ(exitcode_of([q] {
              const std::string put = mp::test::what_it_throws([&] { q.put({}); });
              mp::exit(put == "ValueError" && q.empty() ? 0 : 1);
            }),
            0);
}

TEST_P(SimpleParity, HasPutGetEmpty) {
  const mp::SimpleQueue<std::string> q;
  const mp::SimpleQueue<std::string> back;
  EXPECT_TRUE(q.empty());
  mp::Process p = start([q, back] {
    while (true) {
      const std::string text = q.get();
      if (text.empty()) {
        return;
      }
      back.put(text + "!");
    }
  });
  for (int i = 0; i < 100; ++i) {
    q.put(std::to_string(i));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(back.get(), std::to_string(i) + "!");
  }
  q.put("");
  EXPECT_TRUE(p.join(20s));
  EXPECT_TRUE(q.empty());
}

TEST_P(SimpleParity, CloseIsAtOnceAndForGood) {
  const mp::SimpleQueue<int> q;
  EXPECT_EQ(exitcode_of([q] {
              q.put(1);
              q.close();
              q.close();
              int refused = 0;
              const auto refuses = [&](auto call) {
                try {
                  call();
                } catch (const std::system_error& error) {
                  refused += error.code() == std::errc::bad_file_descriptor ? 1 : 0;
                }
              };
              refuses([&] { q.put(2); });
              refuses([&] { q.get(); });
              refuses([&] { static_cast<void>(q.empty()); });
              mp::exit(refused == 3 ? 0 : 1);
            }),
            0);
  EXPECT_EQ(q.get(), 1) << "closed in the child alone";
}

MULTIPROCESS_FOR_EACH_START_METHOD(JoinableParity);
MULTIPROCESS_FOR_EACH_START_METHOD(SimpleParity);

}  // namespace
