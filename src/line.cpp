// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/line.hpp>

#include <multiprocess/client.hpp>
#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/logging.hpp>

#include <exception>
#include <utility>

namespace multiprocess::detail {

Connection connect_line(const Desk& desk) {
  ManagerPlace place = place_of(desk);
  connection::Options options;
  options.authkey = std::move(place.key);
  options.strict = true;
  Connection made = connection::Client(place.address, std::move(options));
  CallWriter hello;
  hello.put(arena_header().id);
  hello.put(self().ticket.word());
  made.send_bytes(hello.bytes());
  return made;
}

void say_goodbye(const Connection& connection) noexcept try {
  CallWriter message;
  begin_notice(message, ManagerMethod::goodbye);
  connection.send_bytes(message.bytes());
} catch (const std::exception& error) {  // the server has ended
  log(SUBDEBUG, error.what());
}

bool has_hung_up(const Connection& connection) noexcept try {
  return connection.closed() || connection.poll();
} catch (const std::exception&) {
  return true;
}

void begin_notice(CallWriter& message, ManagerMethod method) {
  message.put(0);
  message.put(0);
  message.put(static_cast<std::uint64_t>(method));
}

}  // namespace multiprocess::detail
