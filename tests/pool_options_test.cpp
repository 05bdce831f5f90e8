// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool_options.hpp>

#include <multiprocess/barrier.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/cpus.hpp"
#include "support/pools.hpp"
#include "support/tasks.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::square;

namespace {

/// A file that goes with it.
struct TemporaryFile {
  std::string path = (std::filesystem::temp_directory_path() /
                      ("pool_options_test." + std::to_string(mp::current_process().pid())))
                         .string();
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(PoolOptions, PrintWhatWasSaid) {
  EXPECT_EQ(fmt::format("{}", mp::PoolOptions()), "PoolOptions()");
  EXPECT_EQ(fmt::format("{}", mp::PoolOptions{.processes = 2,
                                              .maxtasksperchild = 3,
                                              .start_method = mp::StartMethod::spawn,
                                              .max_memory_per_child = 4,
                                              .affinity = {0, 1},
                                              .trace_file = "t.json",
                                              .seed = 5,
                                              .label_output = true,
                                              .inline_tasks = true,
                                              .on_callback_error = [](std::exception_ptr) {}}),
            "PoolOptions(processes=2, maxtasksperchild=3, start_method=spawn, "
            "max_memory_per_child=4, affinity=[0, 1], trace_file='t.json', seed=5, "
            "label_output=True, inline_tasks=True, on_callback_error=...)");
  EXPECT_EQ(fmt::format("{}", mp::MapOptions{.chunksize = 1,
                                             .task_timeout = 1500ms,
                                             .grace = mp::forever,
                                             .retries = 2,
                                             .buffersize = 3,
                                             .progress = mp::Progress::bar()}),
            "MapOptions(chunksize=1, task_timeout=1.5, grace=None, retries=2, buffersize=3, "
            "progress=...)");
  EXPECT_EQ(
      fmt::format("{}",
                  mp::TaskOptions{.task_timeout = 2s, .grace = 1s, .retries = 1, .priority = 3}),
      "TaskOptions(task_timeout=2, retries=1, priority=3)");
  EXPECT_EQ(fmt::format("{} {}", mp::Progress(), mp::Progress::bar()),
            "Progress() Progress(callback=...)");
}

class PoolProgress : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolProgress);

TEST_P(PoolProgress, IsToldToTheEnd) {
  mp::Pool pool(of(2));
  std::size_t last = 0;
  std::optional<std::size_t> of_all;
  mp::MapOptions options;
  options.progress = mp::Progress{[&](std::size_t done, std::optional<std::size_t> total) {
    EXPECT_GE(done, last);
    last = done;
    of_all = total;
  }};
  pool.map(square, std::vector<int>(100), options);
  EXPECT_EQ(last, 100U);
  EXPECT_EQ(of_all, 100U);
  last = 0;
  for ([[maybe_unused]] const int result : pool.imap(square, std::vector<int>(50), options)) {
  }
  EXPECT_EQ(last, 50U);
}

TEST_P(PoolProgress, IsToldWhileTheWorkGoesOn) {
  mp::Pool pool(of(1));
  mp::Queue<int> gate;
  mp::Queue<std::size_t> seen;
  mp::MapOptions options;
  options.chunksize = 1;
  options.progress =
      mp::Progress{[seen](std::size_t done, std::optional<std::size_t>) { seen.put(done); }};
  const auto result = pool.map_async([gate](int) { gate.get(); }, {1, 2}, options);
  gate.put(1);
  while (seen.get(mp::test::plenty) != 1) {
  }
  gate.put(1);
  EXPECT_TRUE(result.wait(mp::test::plenty));
}

TEST_P(PoolProgress, TheEndIsToldOnceWhoeverTakesTheResult) {
  mp::Pool pool(two());
  std::atomic<int> ends{0};
  mp::MapOptions options;
  options.progress = mp::Progress{
      [&ends](std::size_t done, std::optional<std::size_t> total) { ends += done == total; }};
  const auto nobodys = pool.map_async(square, {1, 2}, options);
  mp::Queue<int> gate;
  mp::Queue<int> told;
  options.progress = mp::Progress{[told](std::size_t, std::optional<std::size_t>) { told.put(1); }};
  const auto busy = pool.map_async([gate](int) { gate.get(); }, {1}, options);
  while (ends == 0) {
    told.get(mp::test::plenty);
  }
  for (int times = 0; times < 3; ++times) {
    told.get(mp::test::plenty);
  }
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(nobodys.get(), (std::vector{1, 4}));
  EXPECT_EQ(ends, 1);
  gate.put(1);
  busy.get();
}

TEST_P(PoolProgress, TheBarIsSilentWithoutATerminal) {
  mp::Pool pool(of(1));
  testing::internal::CaptureStderr();
  mp::MapOptions options;
  options.progress = mp::Progress::bar();
  pool.map(square, {1, 2, 3}, options);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

class PoolTrace : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolTrace);

TEST_P(PoolTrace, IsWhatViewersOpen) {
  const TemporaryFile file;
  mp::PoolOptions options = two();
  options.trace_file = file.path;
  {
    mp::Pool pool(options);
    pool.map(square, std::vector<int>(10), {.chunksize = 1});
    pool.apply(square, 3);
    pool.close();
    pool.join();
  }
  const std::string text = file.text();
  EXPECT_EQ(count(text, R"("ph":"X")"), 11U);
  EXPECT_EQ(count(text, "{"), count(text, "}"));
  EXPECT_EQ(text.substr(text.size() - 3), "]}\n");
  if (std::system("command -v python3 >/dev/null") == 0) {
    const std::string check = "python3 -m json.tool < " + file.path + " > /dev/null";
    EXPECT_EQ(std::system(check.c_str()), 0) << text;
  }
  options.trace_file = "/nowhere/trace";
  EXPECT_THROW(mp::Pool{options}, std::system_error);
}

/// The number behind a key of an event.
int number(const std::string& event, const std::string& key) {
  const std::size_t at = event.find('"' + key + "\":");
  return at == event.npos ? -1 : std::stoi(event.substr(at + key.size() + 3));
}

TEST_P(PoolTrace, HasALaneForEachWorkerAndABoxForEachChunk) {
  const TemporaryFile file;
  std::set<int> workers;
  {
    mp::PoolOptions options = of(3);
    options.trace_file = file.path;
    mp::Pool pool(options);
    const mp::Barrier meeting(2);
    const auto meet = [meeting](int) {
      meeting.wait();
      return mp::current_process().pid();
    };
    const auto pid = [](int) { return mp::current_process().pid(); };
    for (const auto& pids : {pool.map(meet, {0, 1}, {.chunksize = 1}),
                             pool.map(pid, std::vector<int>(10), {.chunksize = 4}),
                             pool.map(pid, std::vector<int>(30))}) {
      workers.insert(pids.begin(), pids.end());
    }
    workers.insert(pool.apply(pid, 0));
  }
  EXPECT_GE(workers.size(), 2U);

  std::multiset<int> named;
  std::map<int, int> lanes;  // and whose they are
  std::map<int, std::set<std::pair<int, int>>> calls;
  std::istringstream lines(file.text());
  for (std::string event; std::getline(lines, event);) {
    const int lane = number(event, "tid");
    if (event.find("thread_name") != event.npos) {
      named.insert(lane);
    } else if (event.find(R"("ph":"X")") != event.npos) {
      const int pid = number(event, "worker pid");
      EXPECT_EQ(lanes.emplace(lane, pid).first->second, pid) << "two workers in one lane";
      const std::pair items(number(event, "first"), number(event, "last"));
      EXPECT_TRUE(calls[number(event, "call")].insert(items).second) << "drawn twice";
    }
  }
  std::set<int> drawn;
  for (const auto& [lane, pid] : lanes) {
    EXPECT_TRUE(drawn.insert(pid).second) << "one worker in two lanes";
    EXPECT_EQ(named.count(lane), 1U);
  }
  EXPECT_EQ(drawn, workers);
  EXPECT_EQ(named.size(), workers.size());
  using Boxes = std::set<std::pair<int, int>>;
  ASSERT_EQ(calls.size(), 4U);
  auto call = calls.begin();
  EXPECT_EQ((call++)->second, (Boxes{{0, 0}, {1, 1}}));
  EXPECT_EQ((call++)->second, (Boxes{{0, 3}, {4, 7}, {8, 9}}));
  EXPECT_EQ((call++)->second.size(), 10U) << "thirty items, 3 of them in each by default";
  EXPECT_EQ((call++)->second, (Boxes{{0, 0}}));
}

class PoolOutput : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolOutput);

TEST_P(PoolOutput, IsLabelled) {
  mp::PoolOptions options = of(1);
  options.label_output = true;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  {
    mp::Pool pool(options);
    pool.apply([] {
      std::printf("first\nsec");
      std::printf("ond\n");
      std::fprintf(stderr, "an error\n");
      std::fflush(stdout);
    });
    pool.close();
    pool.join();
  }
  const std::string out = testing::internal::GetCapturedStdout();
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_NE(out.find("PoolWorker-"), out.npos);
  EXPECT_NE(out.find("] first\n"), out.npos) << out;
  EXPECT_NE(out.find("] second\n"), out.npos) << out;
  EXPECT_NE(err.find("] an error\n"), err.npos) << err;
}

class PoolSeed : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolSeed);

TEST_P(PoolSeed, MakesEachTaskReproducible) {
  const auto draw = [](int) { return mp::task_seed(); };
  mp::PoolOptions options = of(2);
  options.seed = 42;
  std::vector<std::vector<std::uint64_t>> runs;
  for (const std::ptrdiff_t chunk : {1, 5}) {
    mp::Pool pool(options);
    runs.push_back(pool.map(draw, std::vector<int>(20), {.chunksize = chunk}));
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_EQ(std::set<std::uint64_t>(runs[0].begin(), runs[0].end()).size(), 20U);
  options.seed = 43;
  mp::Pool other(options);
  EXPECT_NE(other.map(draw, std::vector<int>(20)), runs[0]);
  mp::Pool unseeded(of(1));
  EXPECT_EQ(unseeded.apply(draw, 1), 0U);
}

TEST_P(PoolSeed, OfAnImapIsThatOfTheItemWhateverWasReadTogether) {
  const auto draw = [](int) { return mp::task_seed(); };
  mp::PoolOptions options = of(2);
  options.seed = 42;
  std::vector<std::vector<std::uint64_t>> runs(2);
  for (auto& run : runs) {
    mp::Pool pool(options);
    const mp::MapOptions narrow{.chunksize = runs[0].empty() ? 1 : 3, .buffersize = 7};
    for (const std::uint64_t seed : pool.imap(draw, std::vector<int>(50), narrow)) {
      run.push_back(seed);
    }
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_EQ(std::set<std::uint64_t>(runs[0].begin(), runs[0].end()).size(), 50U);
}

class PoolAffinity : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolAffinity);

TEST_P(PoolAffinity, KeepsWorkersOnTheirCpus) {
  const int cpu = mp::test::first_cpu();
  mp::PoolOptions options = of(1);
  options.affinity = {cpu};
  mp::Pool pool(options);
  EXPECT_EQ(pool.apply([] { return mp::cpu_count(); }), 1);
  EXPECT_EQ(pool.apply([] { return mp::test::current_cpu(); }), cpu);
}

}  // namespace
