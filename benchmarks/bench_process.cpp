// SPDX-License-Identifier: BSD-3-Clause
// Start and join of a process that does nothing, by each start method.
#include "harness/crew.hpp"
#include "harness/suite.hpp"
#include "peers/raw_process.hpp"

#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

using Locks = std::shared_ptr<std::vector<mp::Lock>>;

void nothing() {}

void start_and_join(mp::StartMethod method) {
  mp::Process process({.start_method = method}, nothing);
  process.start();
  process.join();
  require(process.exitcode() == 0, "exit code");
}

/// `locks` are alive as long as the contender.
template <class Work>
Contender starter(std::string name, int count, Work work, Locks locks = {}) {
  return {std::move(name), [=, locks = std::move(locks)](Placement placement) {
            const Placed placed(placement, 0);
            const double begun = now();
            for (int i = 0; i < scaled(count); ++i) {
              work();
            }
            return (now() - begun) / scaled(count);
          }};
}

Contender library(mp::StartMethod method, int count, Locks locks = {}) {
  return starter(
      std::string(ours), count, [method] { start_and_join(method); }, std::move(locks));
}

const std::vector<Placement> placements{Placement::free, Placement::same};

void add_forks(Suite& suite) {
  suite.add({.name = "fork",
             .placements = placements,
             .contenders = [&suite]() -> std::vector<Contender> {
               return {library(mp::StartMethod::fork, 200), suite.python("fork"),
                       starter("raw fork", 200, fork_and_wait)};
             }});
}

void add_programs(Suite& suite) {
  suite.add({.name = "spawn",
             .placements = placements,
             .contenders = [&suite]() -> std::vector<Contender> {
               return {library(mp::StartMethod::spawn, 50), suite.python("spawn"),
                       starter("posix_spawn", 50, spawn_and_wait)};
             }});
  suite.add({.name = "forkserver",
             .placements = placements,
             .contenders = [&suite]() -> std::vector<Contender> {
               return {library(mp::StartMethod::forkserver, 100), suite.python("forkserver"),
                       starter("raw fork", 200, fork_and_wait)};
             }});
}

/// The last one: what it leaves of the heap would make the forks of the others slower.
void add_forks_with_locks(Suite& suite) {
  suite.add({.name = "fork with 100k locks",
             .placements = placements,
             .contenders = []() -> std::vector<Contender> {
               const auto locks = std::make_shared<std::vector<mp::Lock>>(scaled(100'000));
               return {library(mp::StartMethod::fork, 200, locks),
                       starter("raw fork", 200, fork_and_wait, locks)};
             }});
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == bench::end_at_once) {
    return 0;
  }
  bench::Suite suite("process", argc, argv);
  bench::add_forks(suite);
  bench::add_programs(suite);
  bench::add_forks_with_locks(suite);
  return suite.run();
}
