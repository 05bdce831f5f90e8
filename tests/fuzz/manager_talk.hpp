// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fuzz/manager_words.hpp"

#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/manager_referent.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/remote_session.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace multiprocess::test::manager_talk {

using namespace detail;

/// The objects that are there from the beginning, by the order in which a message names them.
enum Named : std::uint8_t {
  server,
  a_list,
  a_dict,
  a_set,
  a_namespace,
  a_value,
  a_lock,
  an_rlock,
  a_semaphore,
  a_condition,
  an_event,
  a_barrier,
  a_queue,
  no_object,
  an_instance,
  a_pool,
  a_result,
  a_stream
};

/// A server, whose loop another thread is in, and the gateway's end of one client.
class Server {
 public:
  explicit Server(int stream)
      : desk_(make_desk()),
        server_(desk_, std::make_shared<ManagerReferent>(registered_types())),
        loop_([this] { server_.run(); }) {
    poller_.add(stream, 0);
    server_.enter([&] {
      session_ = std::make_shared<RemoteSession>(
          server_, trees_, poller_, 0,
          RemoteSession::Peer{GuestHandle([stream] { return os::Handle(stream); }), std::nullopt,
                              "the fuzzer"});
    });
  }
  ~Server() {
    cut_off();
    server_.enter([this] { server_.stop(); });
    loop_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  bool has_client() const noexcept { return session_ != nullptr; }

  /// As the gateway does when something has come.
  void read() {
    try {
      if (!session_->read()) {
        cut_off();
      }
    } catch (const std::exception&) {
      cut_off();
    }
  }
  void cut_off() {
    if (session_ != nullptr) {
      poller_.remove(session_->stream());
      server_.enter([this] {
        session_->close();
        session_.reset();
      });
    }
  }

 private:
  SharedRef desk_;
  ManagerServer server_;
  os::Poller poller_;
  LoansByTree trees_;
  std::shared_ptr<RemoteSession> session_;
  std::thread loop_;
};

class Client {
 public:
  explicit Client(bool with_code) : Client(make_stream(), with_code) {}
  ~Client() { close(stream_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// A message, after the byte that says how it is given.
  void say(test::Input& input) {
    switch (input.byte() % 4) {
      case 0:  // as it is
        return ask(take(input, input.byte()));
      case 1: {  // object, method, objects beside it, the rest
        const std::uint64_t object = id(input.byte());
        const std::uint64_t method = input.byte();
        const std::vector<std::uint64_t> beside = take_ids(input);
        return ask(message(beside, object, method, take(input, input.byte())));
      }
      case 2:  // as it stands on the stream: too short to be an order
        send(take(input, input.byte() % 33));
        return server_.cut_off();
      default: {  // object, method, what stands before a function, that, and what changes it
        const std::uint64_t object = id(input.byte());
        const std::uint64_t method = input.byte();
        Words rest = take(input, input.byte());
        const auto& function = functions()[input.byte() % functions().size()];
        const std::size_t begin = rest.size();
        rest.insert(rest.end(), function.begin(), function.end());
        for (int changes = input.byte() % 8; changes != 0; --changes) {
          rest[begin + (input.byte() | std::size_t{input.byte()} << 8) % function.size()] ^=
              static_cast<std::byte>(input.byte());
        }
        return ask(message({}, object, method, rest));
      }
    }
  }
  bool is_there() const noexcept { return server_.has_client(); }

  // What seeds are made of.

  static void put_bytes(Words& to, Bytes bytes) {
    require(bytes.size() < 256, "a short message");
    to.push_back(static_cast<std::byte>(bytes.size()));
    to.insert(to.end(), bytes.begin(), bytes.end());
  }

 private:
  Client(std::array<int, 2> stream, bool with_code) : stream_(stream[0]), server_(stream[1]) {
    tell(numbers(17, 4));
    ids_.resize(with_code ? a_stream + 1 : no_object + 1);
    ids_[server] = 0;
    ids_[no_object] = 7;
  }

  /// To make them all for each input would be most of its time.
  void make(std::size_t object) {
    switch (object) {
      case a_list:
        return create(object, ReferentKind::list, numbers(2) + value(std::string("a")) + value(5));
      case a_dict:
        return create(object, ReferentKind::dict,
                      numbers(1) + value(std::string("key")) + value(1.5));
      case a_set:
        return create(object, ReferentKind::set, numbers(2) + value(1) + value(2));
      case a_namespace:
        return create(object, ReferentKind::name_space, {});
      case a_value:
        return create(object, ReferentKind::value, value(7));
      case a_lock:
        return create(object, ReferentKind::lock, numbers(0));
      case an_rlock:
        return create(object, ReferentKind::lock, numbers(1));
      case a_semaphore:
        return create(object, ReferentKind::semaphore, numbers(2, 1));
      case a_condition:
        return create(object, ReferentKind::condition, numbers(0));
      case an_event:
        return create(object, ReferentKind::event, {});
      case a_barrier:
        return create(object, ReferentKind::barrier, numbers(2, -1, 0));
      case a_queue:
        return create(object, ReferentKind::queue, numbers(2));
      case an_instance:
        return create(object, ReferentKind::instance, text("Counter") + functions()[maker]);
      case a_pool:
        create(object, ReferentKind::pool, {});
        pool_ = *ids_[a_pool];
        expect(message({}, pool_, number(PoolMethod::start), functions()[pool_start]), 0);
        return;
      case a_result:
        return receive(object, message({}, id(a_pool), number(PoolMethod::submit),
                                       numbers(any_type) + functions()[apply_call]));
      default:
        return receive(object, message({}, id(a_pool), number(PoolMethod::stream),
                                       numbers(any_type) + functions()[imap_call]));
    }
  }

  static std::array<int, 2> make_stream() {
    functions();
    std::array<int, 2> ends{};
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0,
            "there is a stream");
    return ends;
  }

  static Words take(test::Input& input, std::size_t count) {
    Words taken;
    while (taken.size() < count && !input.empty()) {
      taken.push_back(static_cast<std::byte>(input.byte()));
    }
    return taken;
  }
  std::vector<std::uint64_t> take_ids(test::Input& input) {
    std::vector<std::uint64_t> all(input.byte() % 4);
    std::generate(all.begin(), all.end(), [&] { return id(input.byte()); });
    return all;
  }
  /// Of an object that is there from now on, unless an answer is awaited: then no call can be made.
  std::uint64_t id(std::uint8_t object) {
    const std::size_t named = object % ids_.size();
    if (!ids_[named] && is_there() && !is_awaited_) {
      make(named);
    }
    return ids_[named].value_or(no_object);
  }

  void create(std::size_t object, ReferentKind kind, const Words& needs) {
    receive(object, message({}, 0, number(ManagerMethod::create), numbers(kind, any_type) + needs));
  }
  void receive(std::size_t object, const Words& request) {
    expect(request, 1);
    ids_[object] = ids_.back();
    ids_.pop_back();
  }
  /// A call that cannot fail, and brings so many objects.
  void expect(const Words& request, std::size_t objects) {
    const std::size_t before = ids_.size();
    exchange(request, -1);
    require(is_there() && ids_.size() == before + objects, "an object to begin with", last_);
  }

  void ask(const Words& request) {
    if (!is_order(request)) {
      exchange(request, 2);
      is_awaited_ = is_awaited_ && !is_notice(request);
    }
  }
  /// What has no answer.
  static bool is_notice(Bytes request) {
    try {
      CallReader from(request, {});
      return from.get() == 0 && from.get() == 0 && from.get() == number(ManagerMethod::drop);
    } catch (const std::exception&) {
      return false;
    }
  }
  /// What would do harm.
  bool is_order(Bytes request) {
    try {
      CallReader from(request, {});
      for (std::uint64_t beside = from.get(); beside != 0; --beside) {
        from.get();
      }
      const std::uint64_t object = from.get();
      const std::uint64_t method = from.get();
      if (object == 0) {
        return method == number(ManagerMethod::track_segment) ||
               (method == number(ManagerMethod::create) &&
                from.get() == number(ReferentKind::pool));
      }
      if (object == pool_) {
        return method == number(PoolMethod::start);
      }
      return method == number(ListMethod::repeat) && (from.get_signed() > 4 || ++repeats_ > 3);
    } catch (const std::exception&) {  // it will be refused
      return false;
    }
  }

  void tell(const Words& request) {
    Words frame;
    append_frame(frame, request);
    send(frame);
  }
  void send(Bytes bytes) {
    require(::send(stream_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()),
            "the stream has room");
    if (!bytes.empty()) {
      server_.read();
    }
  }

  /// A call that is not answered by then waits for something, or needs no answer.
  void exchange(Bytes request, int milliseconds) {
    Words frame;
    append_frame(frame, request);
    send(frame);
    is_awaited_ = is_there() && !can_read(milliseconds);
    if (is_there() && !is_awaited_) {
      listen();
    }
  }
  bool can_read(int milliseconds) const {
    pollfd wanted{stream_, POLLIN, 0};
    int ready = 0;
    do {
      ready = poll(&wanted, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);  // libFuzzer's clock
    return ready > 0;
  }
  void listen() {
    const auto room = answers_.room();
    const ssize_t got = recv(stream_, room.data(), room.size(), 0);
    answers_.filled(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    while (const auto answer = answers_.next()) {
      CallReader from(*answer, {});
      for (std::uint64_t left = from.get(); left != 0; --left) {
        ids_.push_back(from.get());
        from.get();  // its type
      }
      require(from.get() <= 2, "an answer is a result or an error");
      last_.assign(reinterpret_cast<const char*>(from.rest().data()), from.rest().size());
    }
  }

  int stream_;
  Server server_;
  FrameBuffer answers_;
  std::string last_;  // of the last answer: what was wrong, in case of an error
  std::vector<std::optional<std::uint64_t>> ids_;
  bool is_awaited_ = false;
  std::uint64_t pool_ = UINT64_MAX;
  int repeats_ = 0;
};

}  // namespace multiprocess::test::manager_talk
