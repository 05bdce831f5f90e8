// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/warden.hpp>

#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/self.hpp>

#include <algorithm>
#include <array>
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
  os::Pipe bell;  // a byte in it: the list has changed
  bool runs = false;
};

namespace {

Warden& warden_of(Self& me) {
  if (me.warden == nullptr) {
    me.warden = new Warden;  // with Self, for the life of the process
  }
  return *me.warden;
}

void ring(const Warden& warden) {
  const std::array<std::byte, 1> byte{};
  os::write_all(warden.bell.write.get(), byte);
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

void poll_round(Self& me, Warden& warden, const std::vector<Watched>& round,
                os::NativeHandle bell) {
  std::vector<os::NativeHandle> handles{bell};
  for (const Watched& watched : round) {
    handles.push_back(watched.process->get());
  }
  for (const std::size_t index : os::wait_any(handles, os::never)) {
    if (index == 0) {
      std::array<std::byte, 64> rung{};
      os::read_some(bell, rung);
    } else {
      const Ticket child = round[index - 1].child;
      {
        const std::scoped_lock guard(me.warden_lock);
        std::erase_if(warden.children, [&](const Watched& w) { return w.child == child; });
      }
      note_end(child);
    }
  }
}

void run_warden(void* argument) {
  auto& me = *static_cast<Self*>(argument);
  Warden& warden = *me.warden;
  const os::NativeHandle bell = warden.bell.read.get();
  while (true) {
    const std::vector<Watched> round = next_round(me, warden);
    if (round.empty()) {
      return;
    }
    poll_round(me, warden, round, bell);
  }
}

/// With the lock held.
void start(Self& me, Warden& warden) {
  if (warden.runs || warden.children.empty()) {
    return;
  }
  warden.bell = os::make_pipe();
  os::start_quiet_thread(&run_warden, &me);
  warden.runs = true;
}

}  // namespace

void watch_child(Ticket child, os::NativeHandle process) {
  Self& me = self();
  auto duplicate = std::make_shared<os::Handle>(os::duplicate(process));
  const std::scoped_lock guard(me.warden_lock);
  Warden& warden = warden_of(me);
  warden.children.push_back({child, std::move(duplicate)});
  if (warden.runs) {
    ring(warden);
  } else if (warden.children.size() >= 2) {
    start(me, warden);
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

void watch_children_now() noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr || holds_private_lock()) {
    return;
  }
  const std::scoped_lock guard(me->warden_lock);
  try {
    start(*me, warden_of(*me));
  } catch (const std::system_error&) {
    // No thread or no descriptor to be had: the backstop of the sleep itself remains.
  }
}

int library_threads() noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr) {
    return 0;
  }
  const std::scoped_lock guard(me->warden_lock);
  return warden_of(*me).runs ? 1 : 0;
}

}  // namespace multiprocess::detail
