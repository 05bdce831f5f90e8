// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/victims.hpp"

#include <multiprocess/detail/item_queue.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>

#include <fmt/format.h>
#include <sched.h>

#include <chrono>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

template <class F>
decltype(auto) with_queue(const Works& works, Kind kind, F use) {
  switch (kind) {
    case Kind::stamps:
      return use(works.stamps);
    case Kind::parcels:
      return use(works.parcels);
    case Kind::jobs:
      return use(works.jobs);
    case Kind::letters:
      break;
    case Kind::mail_stamps:
      return use(Mail<Stamp>(works.mail));
    case Kind::mail_parcels:
      return use(Mail<Parcel>(works.mail));
    case Kind::mail_letters:
      return use(Mail<Letter>(works.mail));
    case Kind::mail_bundles:
      return use(Mail<Bundle>(works.mail));
  }
  return use(works.letters);
}

void pause_sometimes(Random& random, std::uint32_t one_in, std::uint32_t most_microseconds) {
  if (between(random, 1, one_in) == 1) {
    std::this_thread::sleep_for(std::chrono::microseconds(between(random, 0, most_microseconds)));
  }
}

bool is_short_of_descriptors(const std::system_error& error) {
  return error.code() ==
         std::errc::too_many_files_open;  // the keeper's, for all that is on its way
}

template <class Queue, class T>
bool put_one(const Queue& queue, const T& item, const Ledger& ledger, Ledger::Producer& mine,
             Random& random) {
  try {
    if (between(random, 0, 3) == 0) {
      return queue.try_put(item, std::chrono::microseconds(between(random, 0, 1'000)));
    }
    queue.put(item);
    return true;
  } catch (const std::bad_alloc&) {  // in a small arena
  } catch (const std::system_error& error) {
    if (!is_short_of_descriptors(error)) {
      throw;
    }
  }
  ++ledger->shortages;
  ++mine.shortages;
  std::this_thread::sleep_for(100us);
  return false;
}

template <template <class> class Queue, class T>
void put_goods(const Queue<T>& queue, const Ledger& ledger, const Task& task) {
  Random random(task.seed);
  auto& mine = ledger->producers[task.number];
  for (std::uint32_t sequence = 0; sequence < task.quota; ++sequence) {
    const T item = Goods<T>::make(task.number, sequence, random);
    mine.begun = sequence + 1;
    while (!put_one(queue, item, ledger, mine, random)) {
    }
    mine.acknowledged = sequence + 1;
    ++ledger->traffic;
    pause_sometimes(random, 16, 200);
  }
}

template <template <class> class Queue, class T>
std::optional<T> get_one(const Queue<T>& queue, Random& random) {
  switch (between(random, 0, 2)) {
    case 0:
      return queue.try_get();
    case 1:
      return queue.try_get(std::chrono::microseconds(between(random, 0, 2'000)));
    default:
      return queue.get();
  }
}

template <template <class> class Queue, class T>
void get_goods(const Queue<T>& queue, const Ledger& ledger, const Task& task) {
  Random random(task.seed);
  Receipt receipt(ledger, task.number);
  while (true) {
    receipt.reach();
    if (const auto item = task.pace != Pace::busy ? queue.get() : get_one(queue, random)) {
      receipt.note(*item);
    }
    receipt.rest();
    if (task.pace == Pace::busy) {
      pause_sometimes(random, 32, 200);
    }
  }
}

void do_jobs(const JoinableQueue<Stamp>& jobs, const Ledger& ledger, const Task& task) {
  Random random(task.seed);
  ledger.reach(task.number);
  for (const Stamp& job : jobs) {
    auto& progress = ledger->received[job.producer][job.sequence];
    if (!Goods<Stamp>::read(job) || progress.exchange(Ledger::taken) != 0) {
      ledger.note_fault("a job that is torn or was done already");
    }
    ledger.rest(task.number);
    pause_sometimes(random, 2, 300);  // work that leaves the CPU to others
    progress = Ledger::saying;
    jobs.task_done();
    progress = Ledger::said;
    ++ledger->traffic;
    ledger.reach(task.number);
  }
}

void wait_for_jobs(const JoinableQueue<Stamp>& jobs, const Task& task) {
  Random random(task.seed);
  while (true) {
    jobs.join(std::chrono::microseconds(between(random, 0, 3'000)));
  }
}

void hold_lock(const Lock& lock, const Ledger& ledger, const Task& task) {
  Random random(task.seed);
  const std::uint32_t me = task.number + 1;
  while (true) {
    const bool in_a_hurry = between(random, 0, 1) == 0;
    if (!lock.acquire(in_a_hurry ? Timeout(std::chrono::microseconds(between(random, 0, 500)))
                                 : forever)) {
      continue;
    }
    if (ledger->holder.exchange(me) != 0 && !lock.owner_died()) {
      ledger.note_fault("two holders of one lock");
    }
    pause_sometimes(random, 4, 100);
    if (ledger->holder.exchange(0) != me) {
      ledger.note_fault("a lock was robbed");
    }
    lock.release();
    ++ledger->holdings;
    pause_sometimes(random, 16, 100);
  }
}

template <class T>
void fill_and_drop(Random& random, std::uint32_t items) {
  const Queue<T> queue;
  for (std::uint32_t i = 0; i < items; ++i) {
    queue.put(Goods<T>::make(0, i, random));
  }
  for (std::uint32_t i = between(random, 0, items); i > 0; --i) {
    queue.get();
  }
}

void allocate_something(Random& random) {
  switch (between(random, 0, 4)) {
    case 0: {
      const std::vector<Lock> locks(between(random, 1, 200));
      break;
    }
    case 1:
      return fill_and_drop<Stamp>(random, between(random, 1, 3'000));
    case 2:
      return fill_and_drop<Parcel>(random, between(random, 1, 20));
    case 3:
      return fill_and_drop<Letter>(random, between(random, 1, 20));
    default: {
      const Queue<Queue<Letter>> outer;
      const Queue<Letter> inner;
      inner.put(Goods<Letter>::make(0, 0, random));
      outer.put(inner);
      outer.get().get();
    }
  }
}

void allocate_things(const Ledger& ledger, const Task& task) {
  Random random(task.seed);
  while (true) {
    try {
      allocate_something(random);
    } catch (const std::bad_alloc&) {  // in a small arena
      ++ledger->shortages;
    }
    ++ledger->allocations;
  }
}

void raise_children(const Works& works, const Ledger& ledger, const Task& task) {
  Random random(task.seed);
  while (true) {
    ProcessOptions options;
    options.start_method = StartMethod::fork;
    const Task own{Role::allocate, task.kind, 0, 1, 0, random(), Pace::busy};
    Process child(options, &work, works, own);
    child.start();
    pause_sometimes(random, 2, 2'000);
    child.kill();
    child.join();
    ++ledger->allocations;
  }
}

void clear_away(const Ledger& ledger) {
  while (true) {
    detail::census().next_check = 0;  // now, not once a second
    detail::check_everybody();
    ++ledger->clearings;
    std::this_thread::sleep_for(200us);
  }
}

void become_lazy() {
  sched_param none{};
  sched_setscheduler(0, SCHED_IDLE, &none);
}

void work_alone(const Works& works, const Ledger& ledger, const Task& task) {
  if (task.pace == Pace::lazy) {
    become_lazy();
  }
  try {
    switch (task.role) {
      case Role::put:
        return with_queue(works, task.kind,
                          [&](const auto& queue) { put_goods(queue, ledger, task); });
      case Role::get:
        return with_queue(works, task.kind,
                          [&](const auto& queue) { get_goods(queue, ledger, task); });
      case Role::consume:
        return do_jobs(works.jobs, ledger, task);
      case Role::join:
        return wait_for_jobs(works.jobs, task);
      case Role::hold:
        return hold_lock(works.lock, ledger, task);
      case Role::allocate:
        return allocate_things(ledger, task);
      case Role::raise:
        return raise_children(works, ledger, task);
      case Role::clear:
        return clear_away(ledger);
    }
  } catch (const ShutDown&) {
  } catch (const EOFError&) {
  } catch (const std::exception& error) {
    ledger.note_fault(fmt::format("a {} got an exception: {}", name_of(task.role), error.what()));
  }
}

template <class T>
const detail::QueueState& state_of(const Mail<T>& mail) {
  return incoming_state(mail.reader()).queue;
}

template <class T>
const detail::QueueState& state_of(const Queue<T>& queue) {
  detail::Outgoing outgoing(false);
  Queue<T>::part_ops.send(&queue);
  return *detail::at<detail::QueueState>(outgoing.refs().at(0).offset());
}

/// What one does not hold, nobody waits for.
void close_what_is_not_needed(const Mailbox& mail, const Task& task) {
  if (task.role != Role::put) {
    for (const Connection& writer : mail.writer) {
      writer.close();
    }
  }
  if (task.role != Role::get) {
    for (const Connection& reader : mail.reader) {
      reader.close();
    }
  } else if (task.kind >= Kind::mail_stamps && task.seed % 4 == 0) {
    mail.reader.at(0).fileno();
  }
}

}  // namespace

const char* name_of(Role role) {
  constexpr const char* names[] = {"putter",    "getter", "consumer",   "holder",
                                   "allocator", "parent", "undertaker", "joiner"};
  return names[static_cast<std::size_t>(role)];
}

void work(Works works, Task task) {
  const Ledger ledger(works.ledger);
  close_what_is_not_needed(works.mail, task);
  std::vector<std::thread> others;
  for (std::uint32_t i = 1; i < task.threads; ++i) {
    Task other = task;
    other.number += i;
    other.seed += i;
    others.emplace_back([&works, &ledger, other] { work_alone(works, ledger, other); });
  }
  work_alone(works, ledger, task);
  for (std::thread& other : others) {
    other.join();
  }
}

void shut_down(const Works& works, Kind kind) {
  with_queue(works, kind, [](const auto& queue) { queue.shutdown(); });
}

std::ptrdiff_t items_in(const Works& works, Kind kind) {
  return with_queue(works, kind, [](const auto& queue) { return queue.qsize(); });
}

std::string describe_queue(const Works& works, Kind kind) {
  const detail::QueueState& state = with_queue(
      works, kind, [](const auto& queue) -> const detail::QueueState& { return state_of(queue); });
  return fmt::format(
      "queue: head {} in segment {:#x}, tail {} in segment {:#x}, get lock {:#x}, put lock {:#x}, "
      "spares {}, ended {}, items word {} sleepers {}, room word {} sleepers {}",
      state.head.load(), state.head_segment.load(), state.tail.load(), state.tail_segment.load(),
      state.get_lock.owner(), state.put_lock.owner(), state.spares.load(), state.ended.load(),
      state.items.word.load(), state.items.sleepers.load(), state.room.word.load(),
      state.room.sleepers.load());
}

std::uint32_t sleepers_of(const Works& works, Kind kind) {
  return with_queue(works, kind,
                    [](const auto& queue) { return state_of(queue).items.sleepers.load(); });
}

}  // namespace multiprocess::test
