// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/manager_methods.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace multiprocess::detail {

/// One connection with the server behind a linked desk. Who uses it has a LineUse meanwhile: nobody
/// else closes it then.
struct Line {
  Connection connection;
  bool is_sealed;
  FrameBuffer answers = {};  // for the thread that calls by it
  int users = 0;
  bool is_over = false;  // closed as soon as nobody uses it
};

/// Says which tree it is that connects. Throws as Client.
std::shared_ptr<Line> connect_line(const Desk& desk);

/// What the server answers: nothing more comes before the next call. Throws as recv_bytes.
std::vector<std::byte> receive_answer(Line& line);

/// What the client had is given back in good order then, not as a killed one's.
void say_goodbye(const Connection& connection) noexcept;

/// Whether the server has, which never says anything of its own accord.
bool has_hung_up(const Connection& connection) noexcept;

/// Begins a call of the server itself, with nothing beside it, that has no answer.
void begin_notice(CallWriter& message, ManagerMethod method);

}  // namespace multiprocess::detail
