// SPDX-License-Identifier: BSD-3-Clause
// RLock, Semaphore, Event, Condition and Barrier against Python's and the system's semaphore.
#include "harness/crew.hpp"
#include "harness/suite.hpp"
#include "peers/mutex.hpp"

#include <multiprocess/barrier.hpp>
#include <multiprocess/condition.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/semaphore.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

template <class Handle>
class LibraryMutex final : public Mutex {
 public:
  void lock() override { handle_.acquire(); }
  void unlock() override { handle_.release(); }

 private:
  Handle handle_;
};

/// Nanoseconds for taking and giving back what nobody else wants.
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

/// Two processes count to `count` each, under it: nanoseconds for each step.
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

int round_trip_count(Placement placement) {
  return scaled(placement == Placement::same ? 20'000 : 100'000);
}

/// One sets an event, the other one answers with another: nanoseconds there and back.
double event_round_trip(Placement placement) {
  const int count = round_trip_count(placement);
  const mp::Event there;
  const mp::Event back;
  const auto turns = [count](Gate& gate, const mp::Event& mine, const mp::Event& other,
                             bool begins) {
    gate.wait();
    if (begins) {
      other.set();
    }
    for (int i = 0; i < count; ++i) {
      mine.wait();
      mine.clear();
      if (!begins || i + 1 < count) {
        other.set();
      }
    }
  };
  return run_crew(placement, {[&](Gate& gate) { turns(gate, back, there, true); },
                              [&](Gate& gate) { turns(gate, there, back, false); }}) /
         count;
}

/// Two take turns under a condition: nanoseconds for one turn of each.
double condition_round_trip(Placement placement) {
  const int count = round_trip_count(placement);
  const mp::Condition condition;
  Shared<std::int64_t> turn(0);
  const auto turns = [&](Gate& gate, std::int64_t number) {
    gate.wait();
    for (int i = 0; i < count; ++i) {
      const std::scoped_lock guard(condition);
      condition.wait_for([&] { return *turn % 2 == number; });
      ++*turn;
      condition.notify();
    }
  };
  const double time = run_crew(
      placement, {[&](Gate& gate) { turns(gate, 0); }, [&](Gate& gate) { turns(gate, 1); }});
  require(*turn == std::int64_t{2} * count, "turns");
  return time / count;
}

/// Two meet at a barrier: nanoseconds for each time.
double barrier_round(Placement placement) {
  const int count = round_trip_count(placement);
  const mp::Barrier barrier(2);
  const Role role = [&](Gate& gate) {
    gate.wait();
    for (int i = 0; i < count; ++i) {
      barrier.wait();
    }
  };
  return run_crew(placement, {role, role}) / count;
}

double made(Placement placement) {
  const Placed placed(placement, 0);
  const int count = scaled(100'000);
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    const mp::Semaphore semaphore;
  }
  return (now() - begun) / count;
}

using Measure = double (*)(Placement, Mutex&);

Contender contender(std::string name, Measure measure, std::shared_ptr<Mutex> mutex) {
  return {std::move(name), [measure, mutex = std::move(mutex)](Placement placement) {
            return measure(placement, *mutex);
          }};
}

const std::vector<Placement> two_cpus_and_one{Placement::split, Placement::same};

void add_mutual_exclusion(Suite& suite) {
  suite.add({.name = "rlock",
             .placements = {Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {
                   contender(std::string(ours), alone, std::make_shared<LibraryMutex<mp::RLock>>()),
                   suite.python("rlock")};
             }});
  const auto add = [&suite](const std::string& name, std::vector<Placement> placements,
                            Measure measure) {
    suite.add({.name = name,
               .placements = std::move(placements),
               .contenders = [&suite, name, measure]() -> std::vector<Contender> {
                 return {contender(std::string(ours), measure,
                                   std::make_shared<LibraryMutex<mp::Semaphore>>()),
                         suite.python(name), contender("sem_t", measure, make_raw_semaphore())};
               }});
  };
  add("semaphore", {Placement::same}, alone);
  add("semaphore by 2", two_cpus_and_one, contended);
}

void add_ours(Suite& suite, const std::string& name, std::vector<Placement> placements,
              double (*measure)(Placement)) {
  suite.add({.name = name,
             .placements = std::move(placements),
             .contenders = [&suite, name, measure]() -> std::vector<Contender> {
               return {{std::string(ours), measure}, suite.python(name)};
             }});
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Suite suite("sync", argc, argv);
  bench::add_mutual_exclusion(suite);
  bench::add_ours(suite, "event round trip", bench::two_cpus_and_one, bench::event_round_trip);
  bench::add_ours(suite, "condition round trip", bench::two_cpus_and_one,
                  bench::condition_round_trip);
  bench::add_ours(suite, "barrier", bench::two_cpus_and_one, bench::barrier_round);
  bench::add_ours(suite, "make semaphore", {bench::Placement::same}, bench::made);
  return suite.run();
}
