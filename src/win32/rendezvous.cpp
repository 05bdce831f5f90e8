// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/rendezvous.hpp>

#include <multiprocess/detail/os/random.hpp>

#include "listening.hpp"
#include "pipe.hpp"

#include <array>
#include <cstdio>

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t most_waiting = 16;  // the others wait outside, until one of them has gone in

std::wstring name_of(std::uint64_t place) {
  std::array<wchar_t, 64> name{};
  std::swprintf(name.data(), name.size(), L"\\\\.\\pipe\\multiprocess-%016llx",
                static_cast<unsigned long long>(place));
  return name.data();
}

bool is_nobody(const std::error_code& error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::connection_refused ||
         error == std::errc::timed_out;
}

Handle connect_to_place(std::uint64_t name, Patience patience) try {
  return connect_to_pipe(name_of(name), PIPE_TYPE_MESSAGE,
                         patience == Patience::none ? at_once : never);
} catch (const std::system_error& error) {
  if (is_nobody(error.code())) {
    return {};
  }
  throw;
}

}  // namespace

Rendezvous open_rendezvous() {
  while (true) {
    try {
      const std::uint64_t name = random_number();
      if (name != 0) {
        return {name, ListeningPipe::open(name_of(name), PIPE_TYPE_MESSAGE, most_waiting)};
      }
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::address_in_use) {
        throw;
      }
    }
  }
}

Handle admit(NativeHandle door) {
  const auto place = special_as<ListeningPipe>(door);
  if (place == nullptr) {
    throw last_error("the door " + std::to_string(door), std::errc::bad_file_descriptor);
  }
  auto channel = place->accept();
  return channel && whose_other_end(channel->get()) == Belongs::to_us ? std::move(*channel)
                                                                      : Handle();
}

Handle visit(std::uint64_t name, Patience patience) {
  Handle channel = connect_to_place(name, patience);
  const Belongs whose = channel ? whose_other_end(channel.get()) : Belongs::unknown;
  if (whose == Belongs::to_others) {
    throw last_error("the process that serves this process tree belongs to another user",
                     std::errc::operation_not_permitted);
  }
  return whose == Belongs::to_us ? std::move(channel) : Handle();  // or it has ended just now
}

}  // namespace multiprocess::detail::os
