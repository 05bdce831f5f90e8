// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/remote_session.hpp>

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/manager_referent.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include "support/stream_handles.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

constexpr std::uint64_t for_ever = UINT64_MAX;

/// A server in whose loop is whoever calls it.
struct Server {
  SharedRef desk = make_desk();
  ManagerServer loop{desk, std::make_shared<ManagerReferent>(RegisteredTypes())};
  LoansByTree trees;
  os::Poller poller;
};

/// One of several clients of one tree. What it says is heard at once; that it is dead, never.
class Outsider {
 public:
  Outsider(Server& server, std::uint64_t number)
      : Outsider(server, number, test::make_stream_handles()) {}
  ~Outsider() {
    server_.loop.enter([this] { session_->close(); });
  }
  Outsider(const Outsider&) = delete;
  Outsider& operator=(const Outsider&) = delete;

  template <class Method, class... Numbers>
  void ask(std::uint64_t object, Method method, Numbers... arguments) {
    say(0, object, method, arguments...);
  }

  /// The first number of an answer, or the object in it; nothing when none has come.
  std::optional<std::uint64_t> answer() {
    const auto got = os::read_now(stream_.get(), answers_.room());
    answers_.filled(got.value_or(0));
    const auto frame = answers_.next();
    if (!frame) {
      return std::nullopt;
    }
    CallReader from(*frame, {});
    const bool is_object = from.get() != 0;
    const std::uint64_t object = is_object ? from.get() : 0;
    if (is_object) {
      from.get();  // its type
    }
    EXPECT_EQ(from.get(), 0U) << "an exception";
    return is_object || from.at_end() ? object : from.get();
  }

  template <class Method, class... Numbers>
  std::uint64_t call(std::uint64_t object, Method method, Numbers... arguments) {
    ask(object, method, arguments...);
    const auto answered = answer();
    EXPECT_TRUE(answered);
    return answered.value_or(0);
  }

  std::uint64_t create(ReferentKind kind) {
    constexpr std::uint64_t any_type = 1;
    return call(0, ManagerMethod::create, kind, any_type, 0);
  }

  void die() { stream_.reset(); }

 private:
  Outsider(Server& server, std::uint64_t number, std::pair<os::Handle, os::Handle> stream)
      : server_(server), stream_(std::move(stream.first)) {
    server.poller.add(stream.second.get(), number);
    server.loop.enter([&] {
      session_ = std::make_shared<RemoteSession>(
          server.loop, server.trees, server.poller, number,
          RemoteSession::Peer{GuestHandle([&] { return std::move(stream.second); }), std::nullopt,
                              "the test"});
    });
    constexpr std::uint64_t tree = 1;
    say(tree, number);
  }

  template <class... Numbers>
  void say(Numbers... numbers) {
    CallWriter message;
    (message.put(static_cast<std::uint64_t>(numbers)), ...);
    send_frame(stream_.get(), message.bytes());
    EXPECT_TRUE(session_->read());
  }

  Server& server_;
  os::Handle stream_;
  std::shared_ptr<RemoteSession> session_;
  FrameBuffer answers_;
};

TEST(RemoteSession, NoItemGoesToADeadClient) {
  Server server;
  Outsider living(server, 1);
  Outsider dead(server, 2);
  const std::uint64_t queue = living.create(ReferentKind::queue);
  dead.ask(queue, QueueMethod::get, for_ever);
  dead.die();
  living.call(queue, QueueMethod::put, for_ever, 0, 0);  // a value of no bytes
  EXPECT_EQ(living.call(queue, QueueMethod::size), 1U);
}

/// Two wait; the first one dies before the notification, or before it has the lock again.
void kill_a_waiter(bool notified) {
  Server server;
  Outsider holder(server, 1);
  Outsider dead(server, 2);
  Outsider living(server, 3);
  const std::uint64_t condition = holder.create(ReferentKind::condition);
  for (Outsider* each : {&dead, &living}) {
    each->call(condition, AcquirerMethod::acquire, for_ever);
    each->ask(condition, ConditionMethod::wait, for_ever);
  }
  holder.call(condition, AcquirerMethod::acquire, for_ever);
  if (notified) {
    holder.call(condition, ConditionMethod::notify, 1);
  }
  dead.die();
  if (!notified) {
    holder.call(condition, ConditionMethod::notify, 1);
  }
  holder.call(condition, AcquirerMethod::release);
  EXPECT_EQ(living.answer(), 1U);
}

TEST(RemoteSession, NoNotificationGoesToADeadClient) {
  kill_a_waiter(false);
}

TEST(RemoteSession, ADeadClientPassesItsNotificationOn) {
  kill_a_waiter(true);
}

TEST(RemoteSession, AHolderThatDiesPassesItsNotificationOn) {
  Server server;
  Outsider holder(server, 1);
  auto dead = std::make_unique<Outsider>(server, 2);
  Outsider living(server, 3);
  const std::uint64_t condition = holder.create(ReferentKind::condition);
  for (Outsider* each : {dead.get(), &living}) {
    each->call(condition, AcquirerMethod::acquire, for_ever);
    each->ask(condition, ConditionMethod::wait, for_ever);
  }
  holder.call(condition, AcquirerMethod::acquire, for_ever);
  holder.call(condition, ConditionMethod::notify, 1);
  holder.call(condition, AcquirerMethod::release);
  EXPECT_EQ(dead->answer(), 1U);
  EXPECT_FALSE(living.answer());
  dead.reset();
  EXPECT_EQ(living.answer(), 1U);
}

}  // namespace
}  // namespace multiprocess::detail
