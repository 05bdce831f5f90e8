// SPDX-License-Identifier: BSD-3-Clause
// Lock against Python's, Boost's interprocess_mutex and the system's robust mutex.
#include "harness/crew.hpp"
#include "harness/suite.hpp"
#include "peers/mutex.hpp"

#include <multiprocess/lock.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

class LibraryMutex final : public Mutex {
 public:
  void lock() override { lock_.lock(); }
  void unlock() override { lock_.unlock(); }

 private:
  mp::Lock lock_;
};

std::unique_ptr<Mutex> make_library_mutex() {
  return std::make_unique<LibraryMutex>();
}

/// Nanoseconds for taking and giving back a lock that nobody else wants.
double alone(Placement placement, Mutex& mutex) {
  const Placed placed(placement, 0);
  const int count = scaled(1'000'000);
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    mutex.lock();
    mutex.unlock();
  }
  return (now() - begun) / count;
}

/// Two processes count to `count` each, under the lock: nanoseconds for each step.
double contended(Placement placement, Mutex& mutex) {
  const int count = scaled(300'000);
  Shared<std::int64_t> counter(0);
  const Role role = [&](Gate& gate) {
    gate.wait();
    for (int i = 0; i < count; ++i) {
      mutex.lock();
      ++*counter;
      mutex.unlock();
    }
  };
  const double time = run_crew(placement, {role, role});
  require(*counter == std::int64_t{2} * count, "count");
  return time / (2.0 * count);
}

double made(Placement placement) {
  const Placed placed(placement, 0);
  const int count = scaled(100'000);
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    const mp::Lock lock;
  }
  return (now() - begun) / count;
}

using Measure = double (*)(Placement, Mutex&);

Contender contender(std::string name, Measure measure, std::shared_ptr<Mutex> mutex) {
  return {std::move(name), [measure, mutex = std::move(mutex)](Placement placement) {
            return measure(placement, *mutex);
          }};
}

void add(Suite& suite, const std::string& name, std::vector<Placement> placements,
         Measure measure) {
  suite.add({.name = name,
             .placements = std::move(placements),
             .contenders = [&suite, name, measure]() -> std::vector<Contender> {
               return {contender(std::string(ours), measure, make_library_mutex()),
                       suite.python(name), contender("boost", measure, make_boost_mutex()),
                       contender("robust mutex", measure, make_robust_mutex())};
             }});
}

void add_making(Suite& suite) {
  suite.add({.name = "make",
             .placements = {Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {{std::string(ours), made}, suite.python("make")};
             }});
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Suite suite("lock", argc, argv);
  bench::add(suite, "uncontended", {bench::Placement::same}, bench::alone);
  bench::add(suite, "contended by 2", {bench::Placement::split, bench::Placement::same},
             bench::contended);
  bench::add_making(suite);
  return suite.run();
}
