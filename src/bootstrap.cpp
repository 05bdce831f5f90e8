// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/bootstrap.hpp>

#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/traceback.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/error.hpp>

#include <atomic>
#include <cstdio>

namespace multiprocess::detail {

namespace {

constinit bool owns_files = true;
constinit std::atomic<bool> wrote_files = true;  // several threads may fork at once

Preparation prepare(const ProcessRecord& record) {
  const auto own = this_process();
  const auto method = record.start_method ? record.start_method : chosen_start_method();
  const std::scoped_lock lock(process_mutex());
  const auto key = record.authkey->bytes();
  return {record.class_name,        record.name,    record.identity, record.daemon,
          {key.begin(), key.end()}, own->name,      current_pid(),   method,
          os::current_directory(),  logging_state()};
}

void adopt(Preparation&& told, Ticket ticket, os::Handle life_line) {
  auto own = std::make_shared<ProcessRecord>();
  own->class_name = std::move(told.class_name);
  own->name = std::move(told.name);
  own->identity = std::move(told.identity);
  own->daemon = told.daemon;
  own->authkey = std::make_shared<const Secret>(told.key);
  os::wipe(told.key);
  own->creator = told.parent_pid;
  own->started = true;
  own->pid = current_pid();
  own->ticket = ticket;
  auto parent = std::make_shared<ParentRecord>();
  parent->name = std::move(told.parent_name);
  parent->pid = told.parent_pid;
  parent->life_line = std::move(life_line);
  become(std::move(own), std::move(parent));
  choose_start_method(told.method);
  restore_logging(told.logging);
  os::change_directory(told.directory);  // or the child stays where the server is
}

/// The exit code that Python would give.
int exit_code_of(const std::function<void()>& work) noexcept {
  try {
    guarded_call(work);
    return 0;
  } catch (const SystemExit& exit) {
    if (exit.message() != nullptr) {
      std::fprintf(stderr, "%s\n", exit.message()->c_str());
    }
    return exit.code() & 0xff;
  } catch (...) {
    print_uncaught(describe_current_exception());
    return 1;
  }
}

/// Once the child logs as its parent does.
void announce_run() {
  if (logs(INFO)) {
    log(INFO, "child process calling self.run()");
  }
}

int live(const std::function<void()>& work) noexcept {
  const int code = exit_code_of(work);
  run_exit_steps(code);
  if (logs(INFO)) {
    log(INFO, "process exiting with exitcode " + std::to_string(code));
  }
  flush_output();
  return code;
}

}  // namespace

Offset pack_start(const ProcessRecord& record, const std::function<void(OutputArchive&)>& save_work,
                  Ticket child, Outgoing& beside) {
  ScratchBuffer buffer;
  OutputArchive out(*buffer);
  Preparation told = prepare(record);
  out(told);
  os::wipe(told.key);
  save_work(out);
  const Offset message = Message::pack(buffer->bytes(), beside, child);
  os::wipe({buffer->data(), buffer->size()});
  return message;
}

Job read_start(Bytes message, const std::function<void(Preparation&&)>& begin) {
  InputArchive in(message);
  begin(read_value<Preparation>(in));
  Job job = Job::load(in);
  in.expect_end();
  return job;
}

void print_uncaught(const std::string& description) noexcept {
  const std::string text = "Process " + current_process_name() + ":\n" + description;
  std::fputs(text.c_str(), stderr);
}

void flush_output() noexcept {
  const bool all = owns_files && os::thread_count() - library_threads() <= 1;
  wrote_files = all;
  os::flush_streams(all);
}

Birth prepare_birth(const std::shared_ptr<ProcessRecord>& record, Ticket ticket) {
  auto parent = std::make_shared<ParentRecord>();
  parent->name = current_process_name();
  parent->pid = record->creator;
  return {record, std::move(parent), ticket};
}

int live_as_copy(const Birth& birth, os::Handle life_line,
                 const std::function<void()>& work) noexcept {
  owns_files = wrote_files;
  enter_as(birth.ticket);
  ProcessRecord& own = *birth.record;
  birth.parent->life_line = os::enter_child(std::move(life_line), own.outlive_parent);
  own.started = true;
  own.pid = current_pid();
  own.ticket = birth.ticket;
  become(birth.record, birth.parent);
  if (own.start_method) {
    choose_start_method(own.start_method);
  }
  run_fork_calls();
  announce_run();
  return live(work);
}

int live_from_message(Ticket ticket, Offset payload, std::vector<os::Handle> descriptors,
                      os::Handle life_line) noexcept {
  return live([&] {
    Job job;
    {
      const Message message(payload);
      const Incoming beside(message.references(), std::move(descriptors));
      job = read_start(message.bytes(), [&](Preparation&& told) {
        adopt(std::move(told), ticket, std::move(life_line));
      });
    }
    set_in_bootstrap(false);
    announce_run();
    if (job) {
      job();
      flush_output();  // before what the streams write to may go with the arguments
    }
  });
}

}  // namespace multiprocess::detail
