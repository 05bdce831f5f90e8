// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/gateway.hpp>

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/doorbell.hpp>
#include <multiprocess/detail/os/handle_limit.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/logging.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <exception>
#include <string>

namespace multiprocess::detail {

namespace {

constexpr std::uint64_t acceptor_tag = 0;
constexpr std::uint64_t bell_tag = 1;
constexpr std::chrono::milliseconds breath{50};  // after an error that may last

Acceptor::Rules rules_of(const Address& address, Key key) {
  Acceptor::Rules rules{.key = std::move(key), .strict = true};
  if (!address.is_tcp()) {
    rules.places.push_back(place_of(address.where()));
  }
  return rules;
}

std::string name_of(const os::SocketAddress& peer) {
  return peer.host.empty() ? "a program of this machine"
                           : fmt::format("{}:{}", peer.host, peer.port);
}

/// What runs in the server beside us may use select().
GuestHandle out_of_the_way(GuestHandle stream) {
  GuestHandle moved([&] { return os::duplicate_out_of_the_way(stream.get()); });
  return moved ? std::move(moved) : std::move(stream);
}

}  // namespace

Gateway::Gateway(ManagerServer& server, const ManagerSocket& socket, Key key)
    : server_(server),
      acceptor_(socket.handle(), rules_of(socket.address(), std::move(key))),
      bell_(os::make_doorbell()),
      last_tag_(bell_tag) {
  poller_.add(acceptor_.handle(), acceptor_tag);
  poller_.add(bell_.first.get(), bell_tag);
  thread_ = std::thread([this] {
    const LibraryThread ours;
    serve();
  });
}

Gateway::~Gateway() {
  os::ring_doorbell(bell_.second.get());
  thread_.join();
  while (!sessions_.empty()) {
    end(sessions_.begin());
  }
}

void Gateway::serve() noexcept {
  while (!stopping_) {
    try {
      serve_round();
    } catch (const std::exception& error) {
      log(SUBWARNING, fmt::format("a manager cannot let anybody in: {}", error.what()));
      os::DoorbellState bell =
          os::wait_for_doorbell(bell_.first.get(), std::chrono::steady_clock::now() + breath);
      stopping_ = stopping_ || bell != os::DoorbellState::quiet;
    }
  }
}

void Gateway::serve_round() {
  std::array<os::Poller::Event, 64> space;
  const os::Deadline deadline = acceptor_.next_deadline();
  const bool expects_a_call = std::exchange(has_answered_, false);  // of who got his answer
  for (const os::Poller::Event& event :
       expects_a_call ? wait_soon(poller_, space, deadline) : poller_.wait(space, deadline)) {
    serve(event);
  }
  if (deadline <= std::chrono::steady_clock::now()) {
    accept();  // somebody's time is over
  }
}

void Gateway::serve(const os::Poller::Event& event) {
  if (event.tag == bell_tag) {
    stopping_ = true;
    return;
  }
  if (event.tag == acceptor_tag) {
    return accept();
  }
  const auto found = sessions_.find(event.tag);
  if (found == sessions_.end()) {
    return;
  }
  RemoteSession& session = *found->second;
  bool goes_on = true;
  try {
    if (event.writable) {
      server_.enter([&] { session.write(); });
    }
    goes_on = !event.readable || session.read();
    has_answered_ = true;
  } catch (const std::exception& error) {
    log(SUBWARNING, fmt::format("a client of a manager is cut off: {}", error.what()));
    goes_on = false;
  }
  if (!goes_on) {
    end(found);
  }
}

/// What fails here, as for want of descriptors, costs the sessions nothing.
void Gateway::accept() {
  try {
    acceptor_.step();
  } catch (const std::system_error& error) {
    log(SUBWARNING, fmt::format("a manager cannot let anybody in: {}", error.what()));
    acceptor_.pause(std::chrono::steady_clock::now() + breath);
  }
  while (acceptor_.take_failure()) {  // it was logged
  }
  while (auto admitted = acceptor_.take_admitted()) {
    const std::uint64_t tag = ++last_tag_;
    RemoteSession::Peer peer{out_of_the_way(std::move(admitted->handle)), std::move(admitted->keys),
                             name_of(admitted->peer)};
    const os::NativeHandle stream = peer.stream.get();
    server_.enter([&] {
      sessions_.emplace(
          tag, std::make_shared<RemoteSession>(server_, trees_, poller_, tag, std::move(peer)));
    });
    try {
      poller_.add(stream, tag);
    } catch (const std::system_error&) {
      end(sessions_.find(tag));  // nobody would look after it
      throw;
    }
  }
}

/// What it had on loan goes back in the loop, too.
void Gateway::end(Sessions::iterator session) noexcept {
  std::shared_ptr<RemoteSession> ended = std::move(session->second);
  sessions_.erase(session);
  poller_.remove(ended->stream());
  server_.enter([&] {
    ended->close();
    ended.reset();
  });
}

}  // namespace multiprocess::detail
