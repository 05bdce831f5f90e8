// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/line.hpp>

#include <multiprocess/client.hpp>
#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/logging.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace multiprocess::detail {

std::shared_ptr<Line> connect_line(const Desk& desk) {
  ManagerPlace place = place_of(desk);
  const bool is_sealed = place.address.is_tcp();
  connection::Options options;
  options.authkey = std::move(place.key);
  options.strict = true;
  Connection made = connection::Client(place.address, std::move(options));
  CallWriter hello;
  hello.put(arena_header().id);
  hello.put(self().ticket.word());
  made.send_bytes(hello.bytes());
  return std::make_shared<Line>(Line{std::move(made), is_sealed});
}

std::vector<std::byte> receive_answer(Line& line) {
  if (line.is_sealed) {
    return line.connection.recv_bytes();
  }
  const os::NativeHandle socket = line.connection.fileno();
  while (true) {
    if (const auto answer = line.answers.next()) {
      return {answer->begin(), answer->end()};
    }
    const std::size_t got = *read_soon(socket, line.answers.room(), os::never);
    if (got == 0) {
      throw EOFError("the connection is closed at the other end");
    }
    line.answers.filled(got);
  }
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
