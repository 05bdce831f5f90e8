// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/keeper.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/os/daemon.hpp>
#include <multiprocess/detail/os/handle_limit.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/rendezvous.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/tracked_names.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace multiprocess::detail {

static_assert(area::journal + sizeof(JournalArea) <= area::keeper &&
              area::keeper + sizeof(KeeperState) <= area::heap);

namespace {

using Clock = std::chrono::steady_clock;
using What = KeeperRequest::What;
using How = KeeperReply::How;

constexpr std::chrono::milliseconds between_looks{1000};
constexpr std::chrono::milliseconds grace{50};  // for a child that has not said yet that it lives
constexpr std::size_t most_visitors = 48;
constexpr std::size_t spare_handles = most_visitors + 16;

class Keeper {
 public:
  Keeper(os::Rendezvous place, std::size_t most_handles)
      : place_(std::move(place)),
        most_kept_(most_handles > spare_handles ? most_handles - spare_handles : 0) {}

  std::uint64_t name() const noexcept { return place_.name; }

  /// Until nobody of the tree lives.
  void serve();

 private:
  struct Kept {
    os::Handle handle;
    Offset parcel;
  };
  struct Visitor {
    os::Handle channel;
    Clock::time_point since;
  };

  void serve_once();
  void admit_one();
  bool look_around();
  void find_witness();
  void sweep();
  void listen_to(os::NativeHandle channel) noexcept;
  void answer(os::NativeHandle channel, const KeeperRequest& request,
              std::vector<os::Handle> given);
  KeeperReply keep(const KeeperRequest& request, std::vector<os::Handle> given);
  void give(os::NativeHandle channel, std::uint64_t number);

  os::Rendezvous place_;
  std::size_t most_kept_;
  std::unordered_map<std::uint64_t, Kept> kept_;
  std::vector<Visitor> visitors_;
  os::Handle witness_;  // of somebody who lives: as long as he does, nobody else is looked at
  bool somebody_lives_ = true;
  Clock::time_point next_look_{};
};

void Keeper::serve() {
  while (look_around()) {
    serve_once();
  }
  if (!somebody_lives_) {
    remove_tracked_names();
  }
}

/// False when there was nobody twice in a row, or another keeper has taken over.
bool Keeper::look_around() {
  if (Clock::now() < next_look_) {
    return true;
  }
  if (keeper_state().keeper.load(std::memory_order_acquire) != this_participant().word()) {
    somebody_lives_ = true;  // and the other keeper sees to the names
    return false;
  }
  const bool somebody_lived = somebody_lives_;
  find_witness();
  sweep();
  next_look_ = Clock::now() + (witness_ ? between_looks : grace);
  return somebody_lives_ || somebody_lived;
}

void Keeper::find_witness() {
  witness_.reset();
  somebody_lives_ = false;
  const Ticket me = this_participant();
  const std::uint64_t last = census().high_water.load(std::memory_order_acquire);
  for (std::uint32_t slot = 1; slot <= last && !somebody_lives_; ++slot) {
    const Participant& place = participant(slot);
    const std::uint64_t life = place.life.load(std::memory_order_acquire);
    const Ticket who{slot, generation_of(life)};
    const std::uint32_t pid = pid_in(place);
    if (goes_on(life) && pid != 0 && who != me) {
      witness_ = os::sentinel_of(pid);
      somebody_lives_ = !check_participant(who);  // after that: now it is known whose it is
    }
  }
  if (witness_ && (!somebody_lives_ || os::wait_ended(witness_.get(), os::at_once))) {
    witness_.reset();
  }
}

/// Lets go of what no message is to bring any more, should nobody have been able to say so.
void Keeper::sweep() {
  std::erase_if(kept_,
                [](const auto& each) { return !stands_for(each.second.parcel, each.first); });
  if (visitors_.size() == most_visitors) {
    std::erase_if(visitors_, [limit = Clock::now() - between_looks](const Visitor& visitor) {
      return visitor.since < limit;  // stopped, it seems; it comes again when it goes on
    });
  }
}

void Keeper::serve_once() {
  std::vector<os::NativeHandle> handles;
  for (const Visitor& visitor : visitors_) {
    handles.push_back(visitor.channel.get());
  }
  const std::size_t present = handles.size();
  if (present < most_visitors) {
    handles.push_back(place_.door.get());
  }
  if (witness_) {
    handles.push_back(witness_.get());
  }
  for (const std::size_t index : os::wait_any(handles, next_look_)) {  // who came first is first
    if (index < present) {
      listen_to(visitors_[index].channel.get());
      visitors_[index].channel.reset();
    } else if (handles[index] == place_.door.get()) {
      admit_one();
    } else {
      next_look_ = {};
    }
  }
  std::erase_if(visitors_, [](const Visitor& visitor) { return !visitor.channel; });
}

void Keeper::admit_one() {
  try {
    if (os::Handle channel = os::admit(place_.door.get())) {
      visitors_.push_back({std::move(channel), Clock::now()});
    }
  } catch (const std::system_error&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // the system is short of handles
  }
}

void Keeper::listen_to(os::NativeHandle channel) noexcept {
  try {
    auto message = os::receive_message(channel);
    KeeperRequest request;
    if (message && message->bytes.size() == sizeof request) {
      std::memcpy(&request, message->bytes.data(), sizeof request);
      answer(channel, request, std::move(message->handles));
    }
  } catch (const std::exception&) {  // he is gone, or sees that he got no answer
  }
}

void send_reply(os::NativeHandle channel, const KeeperReply& reply,
                std::span<const os::NativeHandle> handles = {}) {
  os::send_message(channel, std::as_bytes(std::span(&reply, 1)), handles);
}

void Keeper::answer(os::NativeHandle channel, const KeeperRequest& request,
                    std::vector<os::Handle> given) {
  switch (request.what) {
    case What::deposit:
      return send_reply(channel, keep(request, std::move(given)));
    case What::withdraw:
      return give(channel, request.number);
    case What::drop:
      kept_.erase(request.number);
      return;
    case What::count:
      return send_reply(channel, {How::done, 0, kept_.size()});
  }
}

KeeperReply Keeper::keep(const KeeperRequest& request, std::vector<os::Handle> given) {
  if (given.size() != 1) {
    return {How::failed, EINVAL, kept_.size()};
  }
  if (kept_.size() >= most_kept_) {
    sweep();
  }
  if (kept_.size() >= most_kept_) {
    return {How::failed, EMFILE, kept_.size()};
  }
  if (stands_for(request.parcel, request.number)) {  // else its sender is dead and cleared away
    kept_[request.number] = {std::move(given.front()), request.parcel};
  }
  return {How::done, 0, kept_.size()};
}

void Keeper::give(os::NativeHandle channel, std::uint64_t number) {
  const auto found = kept_.find(number);
  if (found == kept_.end()) {
    send_reply(channel, {How::unknown, 0, kept_.size()});
  } else {
    const std::array handles{found->second.handle.get()};
    send_reply(channel, {How::done, 0, kept_.size()}, handles);
  }
}

}  // namespace

bool announce_keeper(std::uint64_t predecessor, std::uint64_t name) {
  const std::uint64_t me = this_participant().word();
  KeeperState& state = keeper_state();
  Transaction change;
  if (state.keeper.load(std::memory_order_relaxed) != predecessor) {
    return false;
  }
  change.write(state.keeper, me);
  change.write(state.name, name);
  return true;
}

void keep_descriptors(std::uint64_t predecessor) noexcept {
  try {
    os::show_as("mp-keeper");
    os::Handle waiting = os::become_daemon();
    const Unrepaired leaves_that_to_others;  // not even the constructors of this program have run
    const std::size_t most_handles = os::raise_handle_limit();
    Keeper keeper(os::open_rendezvous(), most_handles);
    if (announce_keeper(predecessor, keeper.name())) {
      os::daemon_is_ready(std::move(waiting));
      keeper.serve();
    }
    leave_participant();
  } catch (const std::exception&) {  // nobody would hear of it; who needs a keeper sees that
  }
  os::end_process(1);
}

}  // namespace multiprocess::detail
