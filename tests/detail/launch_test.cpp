// SPDX-License-Identifier: BSD-3-Clause
// What a started program finds when its work begins, whatever its static constructors do.
#include <multiprocess/detail/launch.hpp>

#include <multiprocess/lock.hpp>
#include <multiprocess/logging.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/environment.hpp"
#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;

namespace {

using Words = mp::Queue<std::string>;

// In a started program these run before the takeover is complete.
const Words early_queue;
mp::Lock early_lock;

std::string start_early() {
  const char* const method = std::getenv("START_EARLY");
  if (method == nullptr) {
    return "not asked to";
  }
  try {
    mp::ProcessOptions options;
    options.start_method = mp::parse_start_method(method);
    mp::Process(options, [] {}).start();
    return "started";
  } catch (const mp::RuntimeError& error) {
    return error.what();
  }
}

const std::string early_start = start_early();

class Launch : public mp::test::StartMethods {
 protected:
  Words words_;
};
MULTIPROCESS_FOR_EACH_START_METHOD(Launch);

void use_early_objects(Words out, Words parents_early_queue) {
  const std::lock_guard guard(early_lock);
  early_queue.put("early");
  out.put(early_queue.get(plenty));
  parents_early_queue.put("to the parent");
}

TEST_P(Launch, ObjectsOfStaticConstructorsWorkInTheChild) {
  mp::Process p = start(use_early_objects, words_, early_queue);
  EXPECT_EQ(words_.get(plenty), "early");
  EXPECT_EQ(early_queue.get(plenty), "to the parent");
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
}

TEST_P(Launch, AStaticConstructorThatStartsProcessesIsNoBomb) {
  for (const auto early : mp::test::tested_start_methods()) {
    mp::test::set_variable("START_EARLY", std::string(mp::to_string(early)).c_str());
    mp::Process p = start([](Words out) { out.put(early_start); }, words_);
    const std::string text = words_.get(plenty);
    mp::test::unset_variable("START_EARLY");
    EXPECT_TRUE(p.join(plenty));
    mp::detail::stop_server();  // the next one has static constructors of its own
    if (GetParam() == mp::StartMethod::fork) {
      EXPECT_EQ(text, "not asked to");
    } else {
      EXPECT_NE(text.find("before the\ncurrent process has finished its bootstrapping phase"),
                std::string::npos)
          << mp::to_string(early) << ": " << text;
      EXPECT_NE(text.find("freeze_support()"), std::string::npos);
    }
  }
}

TEST_P(Launch, AChildThatWasStartedMayStartOthers) {
  mp::Process p = start(
      [](Words out) {
        for (const auto method : mp::test::tested_start_methods()) {
          mp::Process child(
              mp::ProcessOptions{.start_method = method},
              [](Words to) { to.put(mp::current_process().name()); }, out);
          child.start();
          child.join();
        }
        mp::detail::stop_server();
      },
      words_);
  for (std::size_t i = 1; i <= mp::test::tested_start_methods().size(); ++i) {
    EXPECT_EQ(words_.get(plenty), p.name() + ":" + std::to_string(i));
  }
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
}

TEST_P(Launch, TheProgramKeepsItsName) {
  const auto name = [] {
    std::string text(16, '\0');
    pthread_getname_np(pthread_self(), text.data(), text.size());
    return std::string(text.c_str());
  };
  mp::Process p = start([name](Words out) { out.put(name()); }, words_);
  EXPECT_EQ(words_.get(plenty), name());
  p.join();
}

TEST_P(Launch, TheMarkerDoesNotTravelOn) {
  mp::Process p = start(
      [](Words out) {
        const char* const found = std::getenv("MULTIPROCESS_INHERITED_DESCRIPTORS");
        out.put(found == nullptr ? "none" : found);
      },
      words_);
  EXPECT_EQ(words_.get(plenty), "none");
  p.join();
}

TEST(LaunchWarning, ForkingWithThreadsIsLogged) {
  if (!mp::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  if (mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer has a thread, so every fork is one with threads";
  }
  std::vector<std::string> messages;
  mp::get_logger().set_sink([&](const mp::LogRecord& record) {
    if (record.level == mp::WARNING) {
      messages.push_back(record.message);
    }
  });
  const mp::ProcessOptions fork{.start_method = mp::StartMethod::fork};
  mp::Process alone(fork, [] {});
  alone.start();
  alone.join();
  EXPECT_TRUE(messages.empty());
  std::promise<void> end;
  std::thread thread([&] { end.get_future().wait(); });
  mp::Process beside(fork, [] {});
  beside.start();
  end.set_value();
  thread.join();
  beside.join();
  mp::get_logger().set_sink({});
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_NE(messages[0].find("multi-threaded"), std::string::npos);
}

}  // namespace
