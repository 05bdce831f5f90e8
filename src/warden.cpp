// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/warden.hpp>

#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/self.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace multiprocess::detail {

namespace {

struct Watched {
  Ticket child;
  std::shared_ptr<os::Handle> process;
};

}  // namespace

/// Children of this process, and the thread that polls them while there is a reason to.
struct Warden {
  std::vector<Watched> children;
  std::vector<EndListener*> listeners;
  os::Pipe bell;  // a byte in it: the list has changed
  std::uint64_t bell_id = 0;
  bool runs = false;
  bool gave_up = false;  // once: there may be children that it does not see

  bool hears() const noexcept { return os::stream_id(bell.read.get()) == bell_id; }
};

namespace {

Warden& warden_of(Self& me) {
  if (me.warden == nullptr) {
    me.warden = new Warden;  // with Self, for the life of the process
  }
  return *me.warden;
}

void ring(const Warden& warden) noexcept {
  if (warden.hears()) {
    os::ring(warden.bell);
  }
}

/// Somebody has closed our descriptors: their numbers may be anybody's now. The deaths that are
/// still to come are seen by those who wait, who are told, for they look around more often then.
void give_up(Self& me, Warden& warden) noexcept {
  {
    const std::scoped_lock guard(me.warden_lock);
    for (const Watched& watched : warden.children) {
      watched.process->release();
    }
    warden.children.clear();
    warden.bell.read.release();
    warden.bell.write.release();
    warden.runs = false;
    warden.gave_up = true;
  }
  tell_listeners();
}

/// What to poll now; empty when the thread has nothing left to do, and then it counts as gone.
std::vector<Watched> next_round(Self& me, Warden& warden) {
  const std::scoped_lock guard(me.warden_lock);
  if (warden.children.empty()) {
    warden.runs = false;
    warden.bell = {};
  }
  return warden.children;
}

void note_child(Self& me, Warden& warden, const Watched& ready) {
  {
    const std::scoped_lock guard(me.warden_lock);
    std::erase_if(warden.children, [&](const Watched& w) { return w.child == ready.child; });
  }
  if (os::is_sentinel(ready.process->get())) {
    note_end(ready.child);
  } else {
    check_participant(ready.child);
  }
}

/// False when it cannot go on.
bool poll_round(Self& me, Warden& warden, const std::vector<Watched>& round,
                os::NativeHandle bell) {
  std::vector<os::NativeHandle> handles{bell};
  for (const Watched& watched : round) {
    handles.push_back(watched.process->get());
  }
  const std::vector<std::size_t> ready = os::wait_any(handles, os::never);
  if (!warden.hears()) {
    return false;
  }
  for (const std::size_t index : ready) {
    if (index == 0) {
      std::array<std::byte, 64> rung{};
      os::read_some(bell, rung);
    } else {
      note_child(me, warden, round[index - 1]);
    }
  }
  return true;
}

bool watch(Self& me, Warden& warden, os::NativeHandle bell) {
  std::vector<Watched> round;
  do {
    round = next_round(me, warden);
  } while (!round.empty() && poll_round(me, warden, round, bell));
  return round.empty();
}

void run_warden(void* argument) {
  auto& me = *static_cast<Self*>(argument);
  Warden& warden = *me.warden;
  try {
    if (watch(me, warden, warden.bell.read.get())) {
      return;
    }
  } catch (const std::system_error&) {
    // They were closed while we used them.
  }
  give_up(me, warden);
}

/// With the lock held.
void start(Self& me, Warden& warden) {
  if (warden.runs || warden.children.empty()) {
    return;
  }
  warden.bell = os::make_pipe();
  warden.bell_id = os::stream_id(warden.bell.read.get());
  os::start_quiet_thread(&run_warden, &me);
  warden.runs = true;
}

/// False when it cannot see all deaths: there is no thread or no descriptor to be had, or was not.
bool try_start(Self& me, Warden& warden) noexcept {
  try {
    start(me, warden);
    return !warden.gave_up;
  } catch (const std::system_error&) {
    return false;
  }
}

constinit thread_local Self* forking = nullptr;

void before_fork() {
  forking = self_if_entered();
  if (forking != nullptr) {
    forking->warden_lock.lock();
  }
}

void after_fork_here() {
  if (forking != nullptr) {
    forking->warden_lock.unlock();
  }
}

void close_number(const os::Handle& handle) noexcept {
  const os::Handle closed(handle.get());
}

/// A forked child has no use for its parent's descriptors. It closes them without a change to what
/// the parent knows: that would cost it a copy of each page.
void after_fork_there() {
  if (forking == nullptr) {
    return;
  }
  PrivateLock::forget();
  const Warden* const parents = forking->warden;
  if (parents == nullptr) {
    return;
  }
  for (const Watched& watched : parents->children) {
    if (os::is_sentinel(watched.process->get())) {
      close_number(*watched.process);
    }
  }
  if (parents->bell.read && parents->hears()) {
    close_number(parents->bell.read);
    close_number(parents->bell.write);
  }
}

constinit os::AroundFork whole_at_forks(os::AroundFork::Nesting::outer, before_fork,
                                        after_fork_here, after_fork_there);
[[maybe_unused]] const bool before_main = whole_at_forks.begin();

}  // namespace

void watch_child(Ticket child, os::NativeHandle process) {
  whole_at_forks.begin();
  Self& me = self();
  auto duplicate = std::make_shared<os::Handle>(os::duplicate(process));
  const std::scoped_lock guard(me.warden_lock);
  Warden& warden = warden_of(me);
  warden.children.push_back({child, std::move(duplicate)});
  if (warden.runs) {
    ring(warden);
  } else if (warden.children.size() >= 2) {
    try_start(me, warden);  // or when somebody goes to sleep
  }
}

void unwatch_child(Ticket child) noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr) {
    return;
  }
  const std::scoped_lock guard(me->warden_lock);
  Warden& warden = warden_of(*me);
  const auto found =
      std::erase_if(warden.children, [&](const Watched& w) { return w.child == child; });
  if (found != 0 && warden.runs) {
    ring(warden);
  }
}

bool watch_children_now() noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr || holds_private_lock()) {
    return false;
  }
  const std::scoped_lock guard(me->warden_lock);
  return try_start(*me, warden_of(*me));
}

void listen_for_ends(EndListener& listener) {
  Self& me = self();
  const std::scoped_lock guard(me.warden_lock);
  warden_of(me).listeners.push_back(&listener);
}

void stop_listening(EndListener& listener) noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr) {
    return;
  }
  const std::scoped_lock guard(me->warden_lock);
  if (me->warden != nullptr) {
    std::erase(me->warden->listeners, &listener);
  }
}

void tell_listeners() noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr) {
    return;
  }
  const std::scoped_lock guard(me->warden_lock);
  if (me->warden != nullptr) {
    for (EndListener* const listener : me->warden->listeners) {
      listener->child_ended();
    }
  }
}

LibraryThread::LibraryThread() noexcept {
  self().library_threads.fetch_add(1, std::memory_order_relaxed);
}

LibraryThread::~LibraryThread() {
  if (Self* const me = self_if_entered()) {
    me->library_threads.fetch_sub(1, std::memory_order_relaxed);
  }
}

void start_library_thread(std::function<void()> body) {
  struct Thread {
    std::function<void()> body;
    LibraryThread counted{};
  };
  auto thread = std::unique_ptr<Thread>(new Thread{std::move(body)});
  os::start_quiet_thread(
      [](void* argument) {
        const std::unique_ptr<Thread> own(static_cast<Thread*>(argument));
        own->body();
      },
      thread.get());
  static_cast<void>(thread.release());
}

int library_threads() noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr) {
    return 0;
  }
  const std::scoped_lock guard(me->warden_lock);
  return me->library_threads.load(std::memory_order_relaxed) + (warden_of(*me).runs ? 1 : 0);
}

}  // namespace multiprocess::detail
