// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/launch.hpp>

#include <multiprocess/detail/bootstrap.hpp>
#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/forkserver.hpp>
#include <multiprocess/detail/inheritance.hpp>
#include <multiprocess/detail/keeper.hpp>
#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/program.hpp>
#include <multiprocess/detail/os/takeover.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/logging.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::detail {

namespace {

constexpr const char* bootstrap_advice = R"(
An attempt has been made to start a new process before the
current process has finished its bootstrapping phase.

This probably means that a process is started from a static
constructor, or that this program takes its children over only
in main and you have forgotten to use the proper idiom there:

    int main() {
      multiprocess::freeze_support();
      ...
    }

Start processes from main or from what it calls, after the line
with freeze_support().
)";

/// A place among the participants, given up again unless the child comes to life.
class Reservation {
 public:
  explicit Reservation(Ticket reserved) noexcept : ticket_(reserved) {}
  ~Reservation() {
    if (ticket_) {
      cancel_participant(ticket_);
    }
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  Ticket ticket() const noexcept { return ticket_; }
  Ticket use_for(int pid) {
    name_participant(ticket_, pid);
    return std::exchange(ticket_, Ticket{});
  }

 private:
  Ticket ticket_;
};

/// A thread of ours that has just ended counts with the system for a moment more.
bool has_threads() {
  constexpr std::chrono::milliseconds moment{2};
  const auto seem_to_be_there = [] { return os::thread_count() - library_threads() > 1; };
  if (!seem_to_be_there()) {
    return false;
  }
  std::this_thread::sleep_for(moment);
  return seem_to_be_there();
}

void warn_about_threads() {
  if (logs(WARNING) && has_threads()) {
    log(WARNING,
        fmt::format("process {} is multi-threaded, use of fork may lead to deadlocks in the "
                    "child: another thread may hold a lock; spawn and forkserver are safe",
                    current_pid()));
  }
}

void launch_by_fork(const std::shared_ptr<ProcessRecord>& record, const Work& work) {
  warn_about_threads();
  Reservation place(reserve_participant(true));
  const Birth birth = prepare_birth(record, place.ticket());
  flush_output();  // or both processes would write out what is buffered
  os::Started started = os::fork_process();
  if (started.pid == 0) {
    const int code = live_as_copy(birth, std::move(started.sentinel), work.run);
    os::end_process(code);
  }
  const Ticket ticket = place.use_for(started.pid);
  add_child(record, std::move(started), ticket);
}

constinit Lasting<std::optional<std::string>> spawned_program;

os::Started spawn(const StartRecord& record, std::vector<os::Handle>& descriptors) {
  std::vector<os::NativeHandle> handles{arena_descriptor(), os::life_line()};
  if (record.has_server != 0) {
    handles.push_back(server_channel());
  }
  for (const os::Handle& descriptor : descriptors) {
    handles.push_back(descriptor.get());
  }
  return os::start_program({.executable = spawned_program->value_or(""),
                            .record = std::as_bytes(std::span(&record, 1)),
                            .handles = handles,
                            .outlives = record.outlive_parent != 0});
}

void launch_by_spawn(const std::shared_ptr<ProcessRecord>& record, const Work& work) {
  os::flush_streams(false);  // what was said before comes before what the child says
  Outgoing beside(true);
  Reservation place(reserve_participant(false));
  StartRecord start;
  start.payload = pack_start(*record, work.save, place.ticket(), beside);
  start.slot = place.ticket().slot;
  start.generation = place.ticket().generation;
  start.outlive_parent = record->outlive_parent ? 1 : 0;
  start.has_server = server_channel() == os::no_handle ? 0 : 1;
  os::Started started = spawn(start, beside.descriptors());
  const Ticket ticket = place.use_for(started.pid);
  add_child(record, std::move(started), ticket);
}

/// `start` gets a ServerOrder.
template <class Start>
void launch_by_order(const std::shared_ptr<ProcessRecord>& record, const Work& work,
                     Ticket reserved, Start start) {
  os::flush_streams(false);  // as for spawn
  Reservation place(reserved);
  Outgoing beside(true);
  expect_mail(place.ticket());
  const Offset payload = pack_start(*record, work.save, place.ticket(), beside);
  std::vector<os::NativeHandle> descriptors;
  for (const os::Handle& descriptor : beside.descriptors()) {
    descriptors.push_back(descriptor.get());
  }
  ServedChild child =
      start(ServerOrder{place.ticket(), payload, record->outlive_parent, descriptors});
  const Ticket ticket = place.use_for(child.started.pid);
  add_child(record, std::move(child.started), ticket, std::move(child.reports));
}

/// Nothing of this program has run yet.
void begin(Inherited& all) {
  set_in_bootstrap(true);
  arena_base();
  if (all.record.role == StartRecord::Role::keeper) {
    keep_descriptors(all.record.payload);
  }
  if (all.record.role == StartRecord::Role::child) {
    enter_as({all.record.slot, all.record.generation});
    all.life_line = os::enter_child(std::move(all.life_line), all.record.outlive_parent != 0);
  }
}

bool begin_if_started() noexcept {
  try {
    Inherited* const all = inherited();
    if (all != nullptr) {
      begin(*all);
    }
    return all != nullptr;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "This child process cannot begin: %s\n", error.what());
    os::end_process(1);
  }
}

}  // namespace

void launch(const std::shared_ptr<ProcessRecord>& record, StartMethod method, const Work& work) {
  os::link_takeover();
  if (method != StartMethod::spawn && !os::can_fork()) {
    throw ValueError(fmt::format("cannot find context for '{}'", to_string(method)));
  }
  if (os::run_when_loaded() && in_bootstrap()) {
    throw RuntimeError(bootstrap_advice);
  }
  arrange_exit_steps();
  switch (method) {
    case StartMethod::fork:
      return launch_by_fork(record, work);
    case StartMethod::spawn:
      return launch_by_spawn(record, work);
    case StartMethod::forkserver:
      return launch_by_order(record, work, reserve_participant(false), &start_from_server);
  }
}

void launch_from(ForkTemplate& from, const std::shared_ptr<ProcessRecord>& record,
                 const Work& work) {
  launch_by_order(record, work, reserve_participant_born(from.born()),
                  [&from](const ServerOrder& order) { return from.start(order); });
}

void set_spawned_program(std::string path) {
  const std::scoped_lock lock(process_mutex());
  *spawned_program = std::move(path);
}

void run_started_program() {
  if (!os::run_when_loaded() || !in_bootstrap()) {
    return;
  }
  Inherited* const all = inherited();
  if (all->record.role == StartRecord::Role::server) {
    serve_forks(std::move(all->server));
  }
  if (all->server) {
    adopt_server_channel(std::move(all->server));
  }
  std::exit(live_from_message({all->record.slot, all->record.generation}, all->record.payload,
                              std::move(all->descriptors), std::move(all->life_line)));
}

bool os::run_when_loaded() noexcept {
  static const bool started_program = begin_if_started();
  return started_program;
}
void os::run_instead_of_main() noexcept {
  run_started_program();
  end_process(1);
}

}  // namespace multiprocess::detail
