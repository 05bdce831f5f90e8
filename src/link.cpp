// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/link.hpp>

#include <multiprocess/client.hpp>
#include <multiprocess/connection.hpp>
#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/per_thread.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <atomic>
#include <climits>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

Desk& desk_at(const SharedRef& ref) noexcept {
  return *static_cast<Desk*>(ref.address());
}

/// Says which tree it is that connects.
Connection connect(const Desk& desk) {
  ManagerPlace place = place_of(desk);
  connection::Options options;
  options.authkey = std::move(place.key);
  options.strict = true;
  Connection made = connection::Client(place.address, std::move(options));
  CallWriter hello;
  hello.put(arena_header().id);
  hello.put(self().ticket.word());
  made.send_bytes(hello.bytes());
  return made;
}

/// A call of the server itself, with nothing beside it, that has no answer.
void begin_notice(CallWriter& message, ManagerMethod method) {
  message.put(0);
  message.put(0);
  message.put(static_cast<std::uint64_t>(method));
}

/// What the client had is given back in good order then, not as a killed one's.
void say_goodbye(const Connection& connection) noexcept try {
  CallWriter message;
  begin_notice(message, ManagerMethod::goodbye);
  connection.send_bytes(message.bytes());
} catch (const std::exception& error) {  // the server has ended
  log(SUBDEBUG, error.what());
}

/// What this process has of one linked desk.
struct Link {
  SharedRef desk;
  Connection main;
  std::vector<Connection> of_threads;
  int managers = 0;

  void close() const {
    main.close();
    for (const Connection& each : of_threads) {
      each.close();
    }
  }
};

using Links = std::vector<std::shared_ptr<Link>>;

ThreadLock links_lock;  // never held while waiting

/// A forked child closes what it has inherited.
Links& links() {
  static Links& all = *new Links;  // threads may outlive main
  static const bool arranged = [] {
    os::around_fork([] { links_lock.lock(); }, [] { links_lock.unlock(); },
                    [] {
                      for (const auto& link : all) {
                        link->close();
                      }
                      all.clear();
                      links_lock.unlock();
                    });
    return true;
  }();
  static_cast<void>(arranged);
  return all;
}

/// Null when this process has none. Under the lock.
std::shared_ptr<Link> find_link(const Desk& desk) {
  const auto found = std::ranges::find_if(
      links(), [&desk](const auto& link) { return link->desk.address() == &desk; });
  return found == links().end() ? nullptr : *found;
}

std::shared_ptr<Link> known_link(const Desk& desk) {
  links();
  const std::scoped_lock lock(links_lock);
  return find_link(desk);
}

/// The last step of the process, for all of its threads.
void leave_all() noexcept {
  const std::scoped_lock lock(links_lock);
  for (const auto& link : links()) {
    std::ranges::for_each(link->of_threads, &say_goodbye);
  }
}

void leave_at_exit() {
  static std::atomic<std::uint64_t> arranged_for{0};
  const std::uint64_t me = self().ticket.word();
  if (arranged_for.exchange(me) != me) {
    add_exit_call(&leave_all, INT_MIN);
  }
}

std::shared_ptr<Link> own_link(Desk& desk) {
  if (auto link = known_link(desk)) {
    return link;
  }
  auto made = std::make_shared<Link>(Link{take_reference(offset_of(&desk)), connect(desk), {}, 0});
  const std::scoped_lock lock(links_lock);
  if (auto link = find_link(desk)) {  // another thread was quicker
    made->close();
    return link;
  }
  links().push_back(made);
  leave_at_exit();
  return made;
}

void end_link(const std::shared_ptr<Link>& link) {
  const std::scoped_lock lock(links_lock);
  link->close();
  std::erase(links(), link);
}

/// The connections of one thread.
class ThreadLinks {
 public:
  ~ThreadLinks() {
    for (Own& own : all_) {
      leave(own);
    }
  }

  /// Null when it has none.
  const Connection* known(const std::shared_ptr<Link>& link) {
    const auto found = std::ranges::find_if(all_, [&link](const Own& own) {
      return own.link.lock() == link && !own.connection.closed();
    });
    return found == all_.end() ? nullptr : &found->connection;
  }

  const Connection& find(const std::shared_ptr<Link>& link) {
    if (const Connection* const own = known(link)) {
      return *own;
    }
    std::erase_if(all_, [](const Own& own) { return own.connection.closed(); });
    Own own{link, connect(*static_cast<Desk*>(link->desk.address()))};
    {
      const std::scoped_lock lock(links_lock);
      link->of_threads.push_back(own.connection);
    }
    all_.push_back(std::move(own));
    return all_.back().connection;
  }

 private:
  struct Own {
    std::weak_ptr<Link> link;
    Connection connection;
  };

  static void leave(Own& own) {
    const std::scoped_lock lock(links_lock);
    if (const std::shared_ptr<Link> link = own.link.lock()) {
      std::erase(link->of_threads, own.connection);
    }
    say_goodbye(own.connection);
    own.connection.close();
  }

  std::vector<Own> all_;
};
using LinksHere = PerThread<ThreadLinks>;

void encode(CallWriter& message, const Desk& desk, Bytes call, std::span<const SharedRef> refs) {
  message.put(refs.size());
  for (const SharedRef& ref : refs) {
    if (!is_of_type(ref, ObjectType::cell) || cell_of(ref).desk.load() != offset_of(&desk)) {
      throw NotSendable(
          "a manager of another program can be given values and its own proxies, but no Lock, "
          "Queue, Connection or proxy of another manager: those stay in their tree of processes");
    }
    message.put(cell_of(ref).id);
  }
  message.append(call);
}

LinkAnswer decode(const SharedRef& desk, std::vector<std::byte> bytes) {
  LinkAnswer answer{std::move(bytes), 0, {}};
  CallReader from(answer.bytes, {});
  for (std::uint64_t left = from.get(); left != 0; --left) {
    const std::uint64_t id = from.get();
    answer.refs.push_back(make_linked_cell(desk, id, from.get()));
  }
  answer.begin = answer.bytes.size() - from.rest().size();
  return answer;
}

/// What was dropped since somebody asked last: its ids.
std::vector<std::uint64_t> take_dropped_ids(Desk& desk) {
  std::vector<std::uint64_t> ids;
  for (Offset next = take_dropped(desk); next != 0;) {
    Stub& stub = *at<Stub>(next);
    next = stub.next.load(std::memory_order_acquire);
    ids.push_back(stub.id.load(std::memory_order_relaxed) & ~Stub::dropped);
    step::store(stub.id, 0);
  }
  return ids;
}

/// By the thread's own connection, if it has one: then before its next call.
void tell_dropped(Desk& desk, const std::shared_ptr<Link>& link) {
  const std::vector<std::uint64_t> ids = take_dropped_ids(desk);
  if (ids.empty()) {
    return;
  }
  CallWriter message;
  begin_notice(message, ManagerMethod::drop);
  message.put(ids.size());
  for (const std::uint64_t id : ids) {
    message.put(id);
  }
  ThreadLinks* const here = LinksHere::get();
  const Connection* const own = here == nullptr ? nullptr : here->known(link);
  (own == nullptr ? link->main : *own).send_bytes(message.bytes());
}

bool has_proxies(Desk& desk) {
  return find_entry(desk.stubs, [](const Stub& stub) {
           return stub.id.load(std::memory_order_acquire) != 0;
         }) != nullptr;
}

}  // namespace

SharedRef link_desk(const ManagerPlace& place) {
  SharedRef desk = make_desk();
  set_place(desk_at(desk), place);
  step::store(desk_at(desk).state, Desk::linked);
  return desk;
}

SharedRef linked_desk(const Address& address) {
  links();
  const std::scoped_lock lock(links_lock);
  const auto found = std::ranges::find_if(links(), [&address](const auto& link) {
    return place_of(desk_at(link->desk)).address == address;
  });
  return found == links().end() ? SharedRef() : (*found)->desk;
}

LinkAnswer ask_over_link(Desk& desk, Bytes call, std::span<const SharedRef> refs) {
  CallWriter message;
  encode(message, desk, call, refs);
  const std::shared_ptr<Link> link = own_link(desk);
  std::vector<std::byte> answer;
  try {
    tell_dropped(desk, link);
    ThreadLinks* const here = LinksHere::get();
    const Connection connection = here == nullptr ? connect(desk) : here->find(link);
    connection.send_bytes(message.bytes());
    answer = connection.recv_bytes();
  } catch (const EOFError&) {
    end_link(link);
    stay_if_process_ends();
    throw EOFError("the manager's server ended before it had answered the call");
  } catch (const std::system_error&) {
    end_link(link);
    stay_if_process_ends();
    throw;
  }
  return decode(link->desk, std::move(answer));
}

void settle_link(Desk& desk) noexcept try {
  const std::shared_ptr<Link> link = known_link(desk);
  if (link == nullptr) {
    return;
  }
  tell_dropped(desk, link);
  if (link->managers == 0 && !has_proxies(desk)) {
    end_link(link);
  }
} catch (const std::exception& error) {  // the server has ended, most likely
  log(SUBDEBUG, error.what());
}

void keep_link(const SharedRef& desk, bool keep) {
  if (keep) {
    const auto link = own_link(desk_at(desk));
    const std::scoped_lock lock(links_lock);
    ++link->managers;
    return;
  }
  {
    links();
    const std::scoped_lock lock(links_lock);
    const auto link = find_link(desk_at(desk));
    if (link == nullptr) {
      return;
    }
    --link->managers;
  }
  settle_link(desk_at(desk));
}

}  // namespace multiprocess::detail
