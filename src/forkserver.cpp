// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/forkserver.hpp>

#include <multiprocess/detail/bootstrap.hpp>
#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/exit_report.hpp>
#include <multiprocess/detail/inheritance.hpp>
#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/module.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/os/program.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>

#include <array>
#include <cstring>
#include <mutex>
#include <optional>

namespace multiprocess::detail {

namespace {

/// A request to the server. With it come the channel for reports, the life line of the one who
/// asks, a way to the server for the child, and the descriptors of the payload.
struct Request {
  std::uint32_t slot = 0;  // 0: no child, but a library to load, whose name follows
  std::uint32_t generation = 0;
  std::uint64_t payload = 0;
  std::uint32_t outlive_parent = 0;
};
constexpr std::size_t own_handles = 3;

struct Client {
  os::Handle channel;
  os::Started server;  // if this process started it
  int started_by = 0;
  std::vector<std::string> preload;
};

constinit ThreadLock mutex;
constinit Lasting<Client> client;  // guarded by it
constinit os::AroundFork whole_at_forks =
    os::held_around_forks<mutex>(os::AroundFork::Nesting::outer);
[[maybe_unused]] const bool before_main = whole_at_forks.begin();

void ask_to_load(os::NativeHandle channel, const std::string& library) {
  const Request request;
  std::vector<std::byte> bytes(sizeof request + library.size());
  std::memcpy(bytes.data(), &request, sizeof request);
  std::memcpy(bytes.data() + sizeof request, library.data(), library.size());
  os::send_message(channel, bytes);
}

void forget_server(Client& own) {
  own.channel.reset();
  if (own.started_by == current_pid() && own.server.sentinel) {
    os::send_signal(own.server.sentinel.get(), os::Signal::terminate);
    os::wait_ended(own.server.sentinel.get(), os::never);
    os::take_exit_code(own.server.sentinel.get());
  }
  own.server = {};
}

void start_server(Client& own) {
  forget_server(own);
  auto [here, there] = os::make_channel();
  StartRecord record;
  record.role = StartRecord::Role::server;
  record.has_server = 1;
  const std::array handles{arena_descriptor(), there.get()};
  own.server = os::start_program(
      {.record = std::as_bytes(std::span(&record, 1)), .handles = handles, .eager = true});
  own.started_by = current_pid();
  own.channel = std::move(here);
  for (const std::string& library : own.preload) {
    ask_to_load(own.channel.get(), library);
  }
}

/// Nothing when the server has died and a new one may do better.
std::optional<ServedChild> ask(os::NativeHandle server, const ServerOrder& order) {
  auto [here, there] = os::make_channel();
  const Request request{order.ticket.slot, order.ticket.generation, order.payload,
                        order.outlive_parent ? 1U : 0U};
  std::vector<os::NativeHandle> handles{there.get(), os::life_line(), server};
  handles.insert(handles.end(), order.descriptors.begin(), order.descriptors.end());
  try {
    os::send_message(server, std::as_bytes(std::span(&request, 1)), handles);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe) {
      return std::nullopt;
    }
    throw;
  }
  there.reset();
  auto answer = receive_report(here.get());
  if (!answer) {
    return std::nullopt;
  }
  if (answer->report.kind != Report::Kind::started) {
    throw std::system_error(answer->report.value, std::generic_category(),
                            "the fork server cannot fork");
  }
  return ServedChild{{answer->report.value, std::move(answer->sentinel)}, std::move(here)};
}

void require_descriptors(const ServerOrder& order) {
  if (order.descriptors.size() + own_handles > os::most_handles_per_message) {
    throw ValueError("too many fds");
  }
}

// ---- the server's side

/// What is forked here is a copy of somebody, who may have a fork server of his own.
constinit bool is_template = false;

struct Served {
  os::Started process;
  os::Handle reports;
};

[[noreturn]] void live_as_served(const Request& request, std::vector<os::Handle> handles) noexcept {
  const os::Handle reports = std::move(handles[0]);
  os::Handle life_line = std::move(handles[1]);
  os::show_as({});
  os::hold_interrupt(false);  // before anybody knows whom to interrupt
  {
    const os::Handle sentinel = os::own_sentinel();
    const std::array given{sentinel.get()};
    send_report(reports.get(), {Report::Kind::started, current_pid()}, given);
  }
  const Ticket ticket{request.slot, request.generation};
  enter_as(ticket);
  life_line = os::enter_child(std::move(life_line), request.outlive_parent != 0);
  if (is_template) {
    run_fork_calls();
  } else {
    adopt_server_channel(std::move(handles[2]));
  }
  handles.erase(handles.begin(), handles.begin() + own_handles);
  const int code =
      live_from_message(ticket, request.payload, std::move(handles), std::move(life_line));
  send_report(reports.get(), {Report::Kind::ended, code});
  os::end_process(code);
}

void fork_child(const Request& request, os::HandleMessage message, std::vector<Served>& children,
                os::Handle& channel) {
  try {
    os::Started started = os::fork_process();
    if (started.pid == 0) {
      children.clear();
      channel.reset();
      started.sentinel.reset();  // whom we follow is the one who asked, not the server
      live_as_served(request, std::move(message.handles));
    }
    children.push_back({std::move(started), std::move(message.handles[0])});
  } catch (const std::system_error& error) {
    send_report(message.handles[0].get(), {Report::Kind::failed, error.code().value()});
  }
}

void answer(os::HandleMessage message, std::vector<Served>& children, os::Handle& channel) {
  Request request;
  if (message.bytes.size() < sizeof request) {
    return;
  }
  std::memcpy(&request, message.bytes.data(), sizeof request);
  if (request.slot == 0) {
    const auto* const name = reinterpret_cast<const char*>(message.bytes.data()) + sizeof request;
    os::load_library(std::string(name, message.bytes.size() - sizeof request));
  } else if (message.handles.size() >= own_handles) {
    fork_child(request, std::move(message), children, channel);
  }
}

void report_ended(std::vector<Served>& children, std::size_t index) {
  const auto code = os::take_exit_code(children[index].process.sentinel.get());
  send_report(children[index].reports.get(), {Report::Kind::ended, code.value_or(255)});
  children.erase(children.begin() + static_cast<std::ptrdiff_t>(index));
}

/// What every child would have to find out for itself otherwise.
void rehearse() {
  os::this_identity();
  os::main_module();
  current_process_name();
  server_channel();
  live_children();
  arrange_exit_steps();
}

void serve_once(os::Handle& channel, std::vector<Served>& children) {
  std::vector<os::NativeHandle> handles{channel.get()};
  for (const Served& child : children) {
    handles.push_back(child.process.sentinel.get());
  }
  const std::vector<std::size_t> ready = os::wait_any(handles, os::never);
  for (auto i = ready.rbegin(); i != ready.rend() && *i > 0; ++i) {
    report_ended(children, *i - 1);
  }
  if (ready.front() == 0) {
    auto message = os::receive_message(channel.get());
    if (!message) {
      os::end_process(0);  // nobody is left who could ask
    }
    answer(std::move(*message), children, channel);
  }
}

}  // namespace

ServedChild start_from_server(const ServerOrder& order) {
  require_descriptors(order);
  Client& own = *client;
  const std::scoped_lock lock(mutex);
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (!own.channel || attempt > 0) {
      start_server(own);
    }
    if (auto child = ask(own.channel.get(), order)) {
      return std::move(*child);
    }
  }
  throw RuntimeError("the fork server does not live long enough to start a process");
}

void set_server_preload(std::vector<std::string> libraries) {
  Client& own = *client;
  const std::scoped_lock lock(mutex);
  own.preload = std::move(libraries);
}

os::NativeHandle server_channel() {
  Client& own = *client;
  const std::scoped_lock lock(mutex);
  return own.channel.get();
}

void adopt_server_channel(os::Handle channel) {
  Client& own = *client;
  const std::scoped_lock lock(mutex);
  own.channel = std::move(channel);
}

void stop_server() {
  Client& own = *client;
  const std::scoped_lock lock(mutex);
  forget_server(own);
}

namespace {

[[noreturn]] void serve(os::Handle channel) noexcept {
  os::hold_interrupt(true);
  std::vector<Served> children;
  for (;;) {
    try {
      serve_once(channel, children);
    } catch (const std::exception&) {  // one request that fails must not end the others' children
    }
  }
}

[[noreturn]] void live_as_template(os::Handle life_line, os::Handle channel) noexcept {
  is_template = true;
  os::show_as("mp-template");
  const os::Handle followed = os::enter_child(std::move(life_line), false);
  serve(std::move(channel));
}

}  // namespace

void serve_forks(os::Handle channel) noexcept {
  os::show_as("mp-forkserver");
  rehearse();
  serve(std::move(channel));
}

ForkTemplate::ForkTemplate() {
  auto [here, there] = os::make_channel();
  place_ = reserve_participant(true);
  born_ = participant(place_.slot).born.load(std::memory_order_relaxed);
  try {
    flush_output();
    process_ = os::fork_process();
  } catch (...) {
    cancel_participant(place_);
    throw;
  }
  if (process_.pid == 0) {
    here.reset();
    live_as_template(std::move(process_.sentinel), std::move(there));
  }
  name_participant(place_, process_.pid);
  channel_ = KeptHandle(std::move(here));
}

ForkTemplate::~ForkTemplate() {
  end();
}

void ForkTemplate::begin_end() noexcept {
  channel_.reset();
  try {
    os::send_signal(process_.sentinel.get(), os::Signal::kill);
  } catch (const std::system_error&) {
    // As in `end`.
  }
}

void ForkTemplate::end() noexcept {
  begin_end();
  try {
    if (os::is_sentinel(process_.sentinel.get())) {
      os::wait_ended(process_.sentinel.get(), os::never);
      os::take_exit_code(process_.sentinel.get());
      note_end(place_);
      return;
    }
  } catch (const std::system_error&) {
    // Closed just now.
  }
  process_.sentinel.release();  // somebody has closed what we knew it by
  check_participant(place_);
}

ServedChild ForkTemplate::start(const ServerOrder& order) {
  require_descriptors(order);
  if (channel_) {
    if (auto child = ask(channel_.get(), order)) {
      return std::move(*child);
    }
  }
  throw std::system_error(std::make_error_code(std::errc::no_child_process),
                          "the template of the pool's workers has died");
}

}  // namespace multiprocess::detail
