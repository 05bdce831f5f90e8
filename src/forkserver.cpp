// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/forkserver.hpp>

#include <multiprocess/detail/bootstrap.hpp>
#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/exit_report.hpp>
#include <multiprocess/detail/fork_service.hpp>
#include <multiprocess/detail/inheritance.hpp>
#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/module.hpp>
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
  const ForkRequest request;
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

constexpr int most_attempts = 20;

/// What has become of a request. Without a child: another try may do better.
struct Response {
  std::optional<ServedChild> child = std::nullopt;
  bool is_there = true;  // a process that could have answered
};

Response ask(os::NativeHandle server, const ServerOrder& order) {
  auto [here, there] = os::make_channel();
  const ForkRequest request{order.ticket.slot, order.ticket.generation, order.payload,
                            order.outlive_parent ? 1U : 0U};
  std::vector<os::NativeHandle> handles{there.get(), os::life_line(), server};
  handles.insert(handles.end(), order.descriptors.begin(), order.descriptors.end());
  try {
    os::send_message(server, std::as_bytes(std::span(&request, 1)), handles);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::broken_pipe) {
      throw;
    }
    return {.is_there = false};
  }
  there.reset();
  auto answer = receive_report(here.get());
  if (!answer || answer->report.kind == Report::Kind::ended) {
    return {};  // who had taken the request was killed before it began
  }
  if (answer->report.kind == Report::Kind::failed) {
    throw std::system_error(answer->report.value, std::generic_category(),
                            "the fork server cannot fork");
  }
  return {ServedChild{{answer->report.value, std::move(answer->sentinel)}, std::move(here)}};
}

void require_descriptors(const ServerOrder& order) {
  if (order.descriptors.size() + ForkRequest::own_handles > os::most_handles_per_message) {
    throw ValueError("too many fds");
  }
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

}  // namespace

ServedChild start_from_server(const ServerOrder& order) {
  require_descriptors(order);
  Client& own = *client;
  const std::scoped_lock lock(mutex);
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (!own.channel) {
      start_server(own);
    }
    Response response = ask(own.channel.get(), order);
    if (response.child) {
      return std::move(*response.child);
    }
    if (!response.is_there) {
      own.channel.reset();
    }
  }
  throw RuntimeError(own.channel ? "what the fork server starts ends before it begins: it may have "
                                   "no descriptors or no memory left"
                                 : "the fork server does not live long enough to start a process");
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

[[noreturn]] void live_as_template(os::Handle life_line, os::Handle channel) noexcept {
  os::show_as("mp-template");
  const os::Handle followed = os::enter_child(std::move(life_line), false);
  ForkService(ForkService::Kind::program, std::move(channel)).run();
}

}  // namespace

void serve_forks(os::Handle channel) noexcept {
  os::show_as("mp-forkserver");
  rehearse();
  ForkService(ForkService::Kind::server, std::move(channel)).run();
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
  for (int attempt = 0; channel_ && attempt < most_attempts; ++attempt) {
    Response response = ask(channel_.get(), order);
    if (response.child) {
      return std::move(*response.child);
    }
    if (!response.is_there) {
      break;
    }
  }
  throw std::system_error(std::make_error_code(std::errc::no_child_process),
                          "the template of the pool's workers has died");
}

}  // namespace multiprocess::detail
