// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/fork_service.hpp>

#include <multiprocess/detail/bootstrap.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/exit_report.hpp>
#include <multiprocess/detail/forkserver.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/os/program.hpp>
#include <multiprocess/detail/participants.hpp>

#include <array>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

/// Nothing for what is none.
std::optional<ForkRequest> read_request(const os::HandleMessage& message) {
  ForkRequest request;
  if (message.bytes.size() < sizeof request) {
    return std::nullopt;
  }
  std::memcpy(&request, message.bytes.data(), sizeof request);
  if (request.slot != 0 && message.handles.size() < ForkRequest::own_handles) {
    return std::nullopt;
  }
  return request;
}

bool say_started(os::NativeHandle reports) noexcept {
  try {
    const os::Handle sentinel = os::own_sentinel();
    const std::array given{sentinel.get()};
    return send_report(reports, {Report::Kind::started, current_pid()}, given);
  } catch (const std::system_error&) {
    return false;
  }
}

void load_library(const os::HandleMessage& message) {
  const auto* const name = reinterpret_cast<const char*>(message.bytes.data());
  os::load_library(std::string(name + sizeof(ForkRequest), name + message.bytes.size()));
}

}  // namespace

void ForkService::run() noexcept {
  os::hold_interrupt(true);
  for (;;) {
    try {
      serve_once();
    } catch (const std::exception&) {  // one request that fails must not end the others' children
    }
  }
}

/// The spare child takes the requests; without one we do.
void ForkService::serve_once() {
  std::vector<os::NativeHandle> handles{spare_.taken ? spare_.taken.get() : channel_.get()};
  for (const Child& child : children_) {
    handles.push_back(child.process.sentinel.get());
  }
  const std::vector<std::size_t> ready = os::wait_any(handles, os::never);
  for (auto i = ready.rbegin(); i != ready.rend() && *i > 0; ++i) {
    report_ended(*i - 1);
  }
  if (ready.front() != 0) {
    return;
  }
  if (spare_.taken) {
    replace_spare();
    return;
  }
  auto message = os::receive_message(channel_.get());
  if (!message) {
    os::end_process(0);  // nobody is left who could ask
  }
  answer(std::move(*message));
}

void ForkService::report_ended(std::size_t index) {
  const auto code = os::take_exit_code(children_[index].process.sentinel.get());
  send_report(children_[index].reports.get(), {Report::Kind::ended, code.value_or(255)});
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
}

void ForkService::answer(os::HandleMessage message) {
  const auto request = read_request(message);
  if (!request) {
    return;
  }
  if (request->slot == 0) {
    load_library(message);
    return;
  }
  fork_child(*request, std::move(message.handles));
  if (kind_ == Kind::server) {
    make_spare();
  }
}

void ForkService::fork_child(const ForkRequest& request, std::vector<os::Handle> handles) {
  try {
    os::Started started = os::fork_process();
    if (started.pid == 0) {
      started.sentinel.reset();  // whom we follow is the one who asked, not the service
      live_as_child(request, std::move(handles));
    }
    children_.push_back({std::move(started), std::move(handles[0])});
  } catch (const std::system_error& error) {
    send_report(handles[0].get(), {Report::Kind::failed, error.code().value()});
  }
}

void ForkService::live_as_child(const ForkRequest& request,
                                std::vector<os::Handle> handles) noexcept {
  children_.clear();
  channel_.reset();
  const os::Handle reports = std::move(handles[0]);
  os::Handle life_line = std::move(handles[1]);
  os::show_as({});
  os::hold_interrupt(false);  // before anybody knows whom to interrupt
  if (!say_started(reports.get())) {
    os::end_process(255);  // who does not hear of it asks for another one
  }
  const Ticket ticket{request.slot, request.generation};
  enter_as(ticket);
  life_line = os::enter_child(std::move(life_line), request.outlive_parent != 0);
  if (kind_ == Kind::program) {  // which may have a fork server of its own
    run_fork_calls();
  } else {
    adopt_server_channel(std::move(handles[2]));
  }
  handles.erase(handles.begin(), handles.begin() + ForkRequest::own_handles);
  const int code =
      live_from_message(ticket, request.payload, std::move(handles), std::move(life_line));
  send_report(reports.get(), {Report::Kind::ended, code});
  os::end_process(code);
}

// ---- the spare child

void ForkService::make_spare() {
  auto [here, there] = os::make_channel();
  os::Started started = os::fork_process();
  if (started.pid == 0) {
    here.reset();
    live_as_spare(std::move(started.sentinel), std::move(there));
  }
  spare_ = {std::move(started), std::move(here)};
}

/// It has taken a request, or it has been killed before; a child like the others in any case.
void ForkService::replace_spare() {
  os::Handle taken = std::move(spare_.taken);
  children_.push_back({std::move(spare_.process), {}});
  auto said = os::receive_message(taken.get());
  if (said && !said->handles.empty()) {
    children_.back().reports = std::move(said->handles[0]);
    taken.reset();
    make_spare();
  }
}

void ForkService::live_as_spare(os::Handle life_line, os::Handle taken) noexcept {
  children_.clear();
  os::show_as("mp-spare");
  try {
    if (auto work = wait_as_spare(life_line.get(), taken.get())) {
      os::forget_interrupt();
      life_line.reset();
      taken.reset();
      live_as_child(work->first, std::move(work->second));
    }
  } catch (const std::exception&) {  // who asks is served by another one
  }
  os::end_process(0);
}

/// Nothing when the service has ended, or nobody is left who could ask.
std::optional<ForkService::Work> ForkService::wait_as_spare(os::NativeHandle life_line,
                                                            os::NativeHandle taken) {
  const std::array either{life_line, channel_.get()};
  while (os::wait_any(either, os::never).front() != 0) {
    auto message = os::receive_message(channel_.get());
    if (!message) {
      return std::nullopt;
    }
    const auto request = read_request(*message);
    if (request && request->slot != 0) {
      const std::array reports{message->handles[0].get()};
      os::send_message(taken, std::as_bytes(std::span("x", 1)), reports);
      return Work(*request, std::move(message->handles));
    }
  }
  return std::nullopt;
}

}  // namespace multiprocess::detail
