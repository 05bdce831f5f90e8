// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fuzz/fuzz.hpp"

#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/manager_referent.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/pool_operations.hpp>
#include <multiprocess/detail/remote_session.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/register_type.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>

namespace multiprocess::test::manager_talk {

using namespace detail;

class Counter {
 public:
  explicit Counter(int begin) : count_(static_cast<std::uint32_t>(begin)) {}

  int add(int more) {
    count_ += static_cast<std::uint32_t>(more);
    return static_cast<int>(count_);
  }
  std::string twice(const std::string& text) { return text + text; }

 private:
  std::uint32_t count_;
};

/// Clients ask for these in place of numbers that are the same in each build.
inline constexpr std::uint64_t any_type = 1;

using Words = std::vector<std::byte>;

inline Words words_of(const CallWriter& written) {
  return {written.bytes().begin(), written.bytes().end()};
}
template <class... Numbers>
Words numbers(Numbers... each) {
  CallWriter all;
  (all.put(static_cast<std::uint64_t>(each)), ...);
  return words_of(all);
}
template <class T>
Words value(const T& value) {
  CallWriter all;
  all.put_value(value);
  return words_of(all);
}
inline Words text(std::string_view text) {
  CallWriter all;
  all.put_text(text);
  return words_of(all);
}
inline Words operator+(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// A message: objects beside it, the object that is asked, its method, what that needs.
inline Words message(std::span<const std::uint64_t> beside, std::uint64_t object,
                     std::uint64_t method, Bytes rest) {
  CallWriter all;
  all.put(beside.size());
  std::for_each(beside.begin(), beside.end(), [&all](std::uint64_t id) { all.put(id); });
  all.put(object);
  all.put(method);
  all.append(rest);
  return words_of(all);
}

template <class Method>
std::uint64_t number(Method method) {
  return static_cast<std::uint64_t>(method);
}

/// What clients have a server run, of this build.
inline std::vector<Words> make_functions() {
  int number = 3;  // no constant: each has a copy of it
  std::vector<Words> all;
  const auto keep = [&all](const auto& function) { all.push_back(value(function)); };
  keep(ListOperation([number](std::vector<Blob>& items, CallWriter& into) {
    into.put(items.size() + static_cast<std::uint64_t>(number));
    std::reverse(items.begin(), items.end());
  }));
  keep(ValueOperation([number](Blob& kept, CallWriter& into) {
    into.put_blob(kept);
    kept = Blob::of(number);
  }));
  keep(DictOperation([number](DictItems& items, CallWriter& into) {
    into.put(items.size());
    items.emplace_back(Blob::of(number), Blob::of(number));
  }));
  keep(InstanceMaker(MakeInstance<Counter, int>{std::tuple(number)}));
  keep(InstanceOperation([number](void*, CallWriter& into) { into.put_value(number); }));
  PoolStart inline_pool;
  inline_pool.options.processes = 1;
  inline_pool.options.inline_tasks = true;
  keep(inline_pool);
  const auto square = [](int x) { return static_cast<long long>(x) * x; };
  keep(PoolOperation(
      PoolApply<decltype(square), std::tuple<int>>{TaskOptions{}, square, std::tuple(number)}));
  keep(StreamOperation(PoolImap<decltype(square), int, true>{{MapTerms{}, square, {1, 2, 3}}}));
  return all;
}
enum Code : std::uint8_t {
  list_call,
  value_call,
  dict_call,
  maker,
  instance_call,
  pool_start,
  apply_call,
  imap_call
};

inline const std::vector<Words>& functions() {
  // Small: a wild offset is a fault.
  static const bool small = setenv("MULTIPROCESS_RESERVE", "268435456", 0) == 0;
  static const bool known = register_type<Counter>("Counter", method<&Counter::add>("add"),
                                                   method<&Counter::twice>("twice"));
  static const std::vector<Words> all = make_functions();
  require(small && known, "the arena is small, and the type is known");
  return all;
}

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
          RemoteSession::Peer{os::Handle(stream), std::nullopt, "the fuzzer"});
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
    create(ReferentKind::list, numbers(2) + value(std::string("a")) + value(5));
    create(ReferentKind::dict, numbers(1) + value(std::string("key")) + value(1.5));
    create(ReferentKind::set, numbers(2) + value(1) + value(2));
    create(ReferentKind::name_space, {});
    create(ReferentKind::value, value(7));
    create(ReferentKind::lock, numbers(0));
    create(ReferentKind::lock, numbers(1));
    create(ReferentKind::semaphore, numbers(2, 1));
    create(ReferentKind::condition, numbers(0));
    create(ReferentKind::event, {});
    create(ReferentKind::barrier, numbers(2, -1, 0));
    create(ReferentKind::queue, numbers(2));
    ids_.push_back(7);
    if (with_code) {
      create(ReferentKind::instance, text("Counter") + functions()[maker]);
      create(ReferentKind::pool, {});
      pool_ = ids_.back();
      expect(message({}, pool_, number(PoolMethod::start), functions()[pool_start]), 0);
      expect(message({}, pool_, number(PoolMethod::submit),
                     numbers(any_type) + functions()[apply_call]),
             1);
      expect(message({}, pool_, number(PoolMethod::stream),
                     numbers(any_type) + functions()[imap_call]),
             1);
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
  std::vector<std::uint64_t> take_ids(test::Input& input) const {
    std::vector<std::uint64_t> all(input.byte() % 4);
    std::generate(all.begin(), all.end(), [&] { return id(input.byte()); });
    return all;
  }
  std::uint64_t id(std::uint8_t object) const { return ids_[object % ids_.size()]; }

  void create(ReferentKind kind, const Words& needs) {
    expect(message({}, 0, number(ManagerMethod::create), numbers(kind, any_type) + needs), 1);
  }
  /// A call that cannot fail, and brings so many objects.
  void expect(const Words& request, std::size_t objects) {
    const std::size_t before = ids_.size();
    exchange(request, -1);
    require(is_there() && ids_.size() == before + objects, "an object to begin with");
  }

  void ask(const Words& request) {
    if (!is_order(request)) {
      exchange(request, 2);
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
    pollfd wanted{stream_, POLLIN, 0};
    if (is_there() && poll(&wanted, 1, milliseconds) > 0) {
      listen();
    }
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
    }
  }

  int stream_;
  Server server_;
  FrameBuffer answers_;
  std::vector<std::uint64_t> ids_{0};
  std::uint64_t pool_ = UINT64_MAX;
  int repeats_ = 0;
};

}  // namespace multiprocess::test::manager_talk
