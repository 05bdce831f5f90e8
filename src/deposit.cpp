// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/deposit.hpp>

#include <multiprocess/detail/inheritance.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/keeper.hpp>
#include <multiprocess/detail/os/daemon.hpp>
#include <multiprocess/detail/os/rendezvous.hpp>
#include <multiprocess/detail/os/takeover.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/error.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

namespace multiprocess::detail {

namespace {

using What = KeeperRequest::What;
using How = KeeperReply::How;

struct Answer {
  KeeperReply reply;
  os::Handle handle;
};

std::span<const std::byte> bytes_of(const KeeperRequest& request) {
  return std::as_bytes(std::span(&request, 1));
}

/// False when the one at the other end has died.
bool send_request(os::NativeHandle channel, const KeeperRequest& request,
                  std::span<const os::NativeHandle> given) {
  try {
    os::send_message(channel, bytes_of(request), given);
    return true;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::broken_pipe) {
      throw;
    }
    return false;
  }
}

/// Nothing when nobody serves at that rendezvous, or not long enough to answer.
std::optional<Answer> ask(std::uint64_t name, const KeeperRequest& request,
                          std::span<const os::NativeHandle> given = {}) {
  const os::Handle channel = name == 0 ? os::Handle() : os::visit(name);
  if (!channel || !send_request(channel.get(), request, given)) {
    return std::nullopt;
  }
  auto message = os::receive_message(channel.get());
  Answer answer;
  if (!message || message->bytes.size() != sizeof answer.reply) {
    return std::nullopt;
  }
  std::memcpy(&answer.reply, message->bytes.data(), sizeof answer.reply);
  if (!message->handles.empty()) {
    answer.handle = std::move(message->handles.front());
  }
  return answer;
}

std::uint64_t current_name() {
  return keeper_state().name.load(std::memory_order_acquire);
}

/// What it had open is closed a moment before the system says that it has ended.
bool ends_now(Ticket keeper) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (!check_participant(keeper)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void start_keeper(std::uint64_t predecessor) {
  os::link_takeover();
  StartRecord record;
  record.role = StartRecord::Role::keeper;
  record.payload = predecessor;
  const std::array handles{arena_descriptor()};
  os::start_daemon({.record = std::as_bytes(std::span(&record, 1)), .handles = handles});
}

/// The keeper at `name` gave no answer: afterwards there is another one, unless it is still there.
void replace_keeper(std::uint64_t name) {
  KeeperState& state = keeper_state();
  const OwnedGuard one_at_a_time(state.starting);
  { const Transaction undo_what_a_dead_keeper_began; }
  const std::uint64_t predecessor = state.keeper.load(std::memory_order_relaxed);
  const bool is_next = current_name() != name;
  if (!is_next && (predecessor == 0 || ends_now(Ticket::from(predecessor)))) {
    start_keeper(predecessor);
  }
}

[[noreturn]] void throw_no_keeper() {
  throw RuntimeError(
      "no process that keeps the descriptors in messages, and the names of shared memory "
      "(mp-keeper), lives long enough to take one");
}

}  // namespace

void require_keeper() {
  for (int attempt = 0; attempt < 4; ++attempt) {
    const std::uint64_t name = current_name();
    const Ticket keeper = Ticket::from(keeper_state().keeper.load(std::memory_order_acquire));
    if (keeper && !check_participant(keeper)) {
      return;
    }
    replace_keeper(name);
  }
  throw_no_keeper();
}

std::uint64_t next_deposit() {
  return Parcel::first_deposit + step::add(keeper_state().numbers, 1);
}

void deposit(os::NativeHandle handle, std::uint64_t number, Offset parcel) {
  const KeeperRequest request{What::deposit, 0, number, parcel};
  const std::array given{handle};
  for (int attempt = 0; attempt < 4; ++attempt) {
    const std::uint64_t name = current_name();
    const auto answer = ask(name, request, given);
    if (!answer) {
      replace_keeper(name);
    } else if (answer->reply.how != How::done) {
      throw std::system_error(answer->reply.error, std::generic_category(),
                              "the keeper of descriptors in messages cannot take one more");
    } else {
      return;
    }
  }
  throw_no_keeper();
}

os::Handle withdraw(std::uint64_t number) {
  std::uint64_t name = 0;
  do {
    name = current_name();
    auto answer = ask(name, {What::withdraw, 0, number, 0});
    if (answer && answer->handle) {
      return std::move(answer->handle);
    }
  } while (name != current_name());
  throw RuntimeError(
      "the descriptor in this message is lost: the process that kept it for the receiver "
      "(mp-keeper) was killed; the message has been taken and is gone");
}

void drop_deposit(std::uint64_t number) noexcept {
  const std::uint64_t name = current_name();
  if (name == 0) {
    return;
  }
  try {
    if (const os::Handle channel = os::visit(name, os::Patience::none)) {
      os::send_message(channel.get(), bytes_of({What::drop, 0, number, 0}));
    }
  } catch (const std::exception&) {  // the keeper sees that the parcel is gone
  }
}

std::size_t count_deposits() {
  const auto answer = ask(current_name(), {What::count, 0, 0, 0});
  return answer ? answer->reply.count : 0;
}

}  // namespace multiprocess::detail
