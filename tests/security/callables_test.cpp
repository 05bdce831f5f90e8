// SPDX-License-Identifier: BSD-3-Clause
// A peer that has the key, and sends a callable that this program does not have: it is told so, and
// nothing is called.
#include <multiprocess/listener.hpp>

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/os/module.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/manager.hpp>

#include "support/listening.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mp = multiprocess;
using mp::connection::Client;
using mp::connection::Listener;
using mp::detail::Blob;
using mp::detail::CallReader;
using mp::detail::CallWriter;
using mp::detail::ListMethod;
using mp::detail::ListOperation;
using mp::detail::ManagerMethod;
using Message = std::vector<std::byte>;

namespace {

constexpr const char* key = "secret";

/// What was changed in a message, and what its receiver says about it.
struct Forgery {
  Message message;
  std::string complaint;
};

Message changed(Message message, std::size_t at, unsigned bits) {
  message.at(at) ^= static_cast<std::byte>(bits);
  return message;
}

/// Each seven bits of a number are a byte, of which the last one has no eighth bit.
Message with_number(Message message, std::size_t at, unsigned seven_bits) {
  for (bool more = true; more; ++at) {
    more = (message.at(at) & std::byte{0x80}) != std::byte{};
    message.at(at) = static_cast<std::byte>(seven_bits | (more ? 0x80U : 0U));
  }
  return message;
}

/// Of a message in which a callable of this program comes by its place: what it is known by, the
/// number of its module and whether that is the program, a byte each; the build; the offset.
std::vector<Forgery> forgeries(const Message& message) {
  const std::uint64_t build_id = mp::detail::os::main_module().build_id;
  const auto bytes = std::as_bytes(std::span(&build_id, 1));
  const auto build = static_cast<std::size_t>(
      std::search(message.begin(), message.end(), bytes.begin(), bytes.end()) - message.begin());
  const std::size_t offset = build + sizeof(build_id);
  return {
      {changed(message, build, 1), "differs between the two processes"},
      {changed(message, offset - 1, 0x80), "differs between the two processes"},
      {changed(message, offset, 1), "the message is damaged"},  // not where one could be
      {changed(message, offset, 8), "the message is damaged"},  // beside it
      {with_number(message, offset, 0), "the message is damaged"},
      {with_number(message, offset, 0x7f), "the message is damaged"},
      {changed(message, build - 1, 2), "neither true nor false"},
      {changed(message, build - 3, 1), "no callable named"},
      {changed(message, build - 3, 0x70), "the message is damaged"},
  };
}

bool complains(std::string_view text, const std::string& complaint) {
  return text.find(complaint) != text.npos;
}

using UnknownCallable = mp::test::Places;
MULTIPROCESS_FOR_EACH_PLACE(UnknownCallable);

TEST_P(UnknownCallable, IsRefusedByAListenersEnd) {
  using Callable = mp::Function<int(int)>;
  const auto add = [](int more) { return mp::partial([](int a, int b) { return a + b; }, more); };
  Listener listener(place(), {.authkey = key});
  const auto [server, client] = mp::test::meet(listener, {.authkey = key});
  client.send(Callable(add(1)));
  const Message good = server.recv_bytes();
  client.send(mp::Function<long(long)>([](long x) { return x; }));
  std::vector<Forgery> all = forgeries(good);
  all.push_back({server.recv_bytes(), "does not hold"});  // one of another kind
  for (const auto& [message, complaint] : all) {
    client.send_bytes(message);
    try {
      server.recv<Callable>();
      ADD_FAILURE() << "taken; expected: " << complaint;
    } catch (const std::exception& error) {
      EXPECT_TRUE(complains(error.what(), complaint)) << error.what() << "; not: " << complaint;
    }
  }
  client.send_bytes(good);
  EXPECT_EQ(server.recv<Callable>()(1), 2);
}

/// A client of a manager's server that says what it likes.
class RawClient {
 public:
  explicit RawClient(const mp::Address& server)
      : line_(Client(server, {.authkey = key, .strict = true})) {
    CallWriter hello;
    hello.put(17);  // no tree of the server's
    hello.put(4);
    line_.send_bytes(hello.bytes());
    CallWriter needs;
    needs.put(static_cast<std::uint64_t>(mp::detail::ReferentKind::list));
    needs.put(1);  // a type that it does not know
    needs.put(1);
    needs.put_value(5);
    const Message answer = ask(message(0, ManagerMethod::create, needs.bytes()));
    CallReader from(answer, {});
    EXPECT_EQ(from.get(), 1U);
    list_ = from.get();
  }

  /// A call that has the server run something with the list.
  template <class Operation>
  Message apply(const Operation& operation) const {
    CallWriter function;
    function.put_value(operation);
    return message(list_, ListMethod::apply, function.bytes());
  }

  /// The answer.
  Message ask(const Message& request) const {
    line_.send_bytes(request);
    return line_.recv_bytes();
  }

 private:
  template <class Method>
  static Message message(std::uint64_t object, Method method, mp::detail::Bytes rest) {
    CallWriter all;
    all.put(0);  // nothing beside it
    all.put(object);
    all.put(static_cast<std::uint64_t>(method));
    all.append(rest);
    return {all.bytes().begin(), all.bytes().end()};
  }

  mp::Connection line_;
  std::uint64_t list_ = 0;
};

TEST_P(UnknownCallable, IsRefusedByAManagersServer) {
  mp::SyncManager manager(mp::ManagerOptions{.address = place(), .authkey = key});
  manager.start();
  const RawClient client(manager.address());
  const Message good = client.apply(
      ListOperation([](std::vector<Blob>& items, CallWriter& into) { into.put(items.size()); }));
  std::vector<Forgery> all = forgeries(good);
  all.push_back(
      {client.apply(mp::detail::ValueOperation([](Blob& kept, CallWriter&) { kept = Blob(); })),
       "does not hold"});
  for (const auto& [message, complaint] : all) {
    const Message answer = client.ask(message);
    const std::string_view text(reinterpret_cast<const char*>(answer.data()), answer.size());
    EXPECT_TRUE(complains(text, complaint)) << text << "; not: " << complaint;
  }
  const Message answer = client.ask(good);
  CallReader from(answer, {});
  EXPECT_EQ(from.get(), 0U) << "references";
  EXPECT_EQ(from.get(), 0U) << "a result";
  EXPECT_EQ(from.get(), 1U) << "the list as it was";
  EXPECT_EQ(manager.number_of_objects(), 1U) << "and others are served, too";
}

}  // namespace
