// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/link_lines.hpp>

#include <multiprocess/client.hpp>
#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/per_thread.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <atomic>
#include <climits>
#include <exception>
#include <mutex>
#include <utility>

namespace multiprocess::detail {

namespace {

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

/// What the client had is given back in good order then, not as a killed one's.
void say_goodbye(const Connection& connection) noexcept try {
  CallWriter message;
  begin_notice(message, ManagerMethod::goodbye);
  connection.send_bytes(message.bytes());
} catch (const std::exception& error) {  // the server has ended
  log(SUBDEBUG, error.what());
}

constinit ThreadLock links_lock;  // never held while waiting, or while another lock is taken
constinit Lasting<std::vector<std::shared_ptr<Link>>> links;  // threads may outlive main

/// Under the lock.
void close_line(Line& line) noexcept {
  line.is_over = true;
  if (line.users == 0) {
    line.connection.close();
  }
}

/// Under the lock.
void close_lines(Link& link) noexcept {
  if (link.main != nullptr) {
    close_line(*link.main);
    link.main.reset();
  }
  for (const auto& line : link.of_threads) {
    close_line(*line);
  }
  link.of_threads.clear();
}

/// A forked child closes what it has inherited. It has the managers as well.
void after_fork_there() {
  for (const auto& link : *links) {
    for (const auto& line : link->of_threads) {
      line->users = 0;  // by threads that it does not have
    }
    if (link->main != nullptr) {
      link->main->users = 0;
    }
    close_lines(*link);
  }
  std::erase_if(*links, [](const auto& link) { return link->managers == 0; });
  links_lock.unlock();
}

constinit os::AroundFork without_lines_in_forked_children(
    os::AroundFork::Nesting::outer, [] { links_lock.lock(); }, [] { links_lock.unlock(); },
    after_fork_there);
[[maybe_unused]] const bool before_main = without_lines_in_forked_children.begin();

/// Null when this process has none. Under the lock.
std::shared_ptr<Link> find_link(const Desk& desk) {
  const auto found = std::ranges::find_if(
      *links, [&desk](const auto& link) { return link->desk.address() == &desk; });
  return found == links->end() ? nullptr : *found;
}

/// The last step of the process, for all of its threads.
void leave_all() noexcept {
  const std::scoped_lock lock(links_lock);
  for (const auto& link : *links) {
    std::ranges::for_each(link->of_threads,
                          [](const auto& line) { say_goodbye(line->connection); });
  }
}

void leave_at_exit() {
  static std::atomic<std::uint64_t> arranged_for{0};
  const std::uint64_t me = self().ticket.word();
  if (arranged_for.exchange(me) != me) {
    add_exit_call(&leave_all, INT_MIN);
  }
}

/// The lines of one thread.
class ThreadLines {
 public:
  ~ThreadLines() {
    for (const Own& own : all_) {
      leave(own);
    }
  }

  /// Null when it has none.
  std::shared_ptr<Line> known(const std::shared_ptr<Link>& link) {
    const auto found = std::ranges::find_if(all_, [&link](const Own& own) {
      return own.link.lock() == link && !own.line->connection.closed();
    });
    return found == all_.end() ? nullptr : found->line;
  }

  std::shared_ptr<Line> find(const std::shared_ptr<Link>& link) {
    if (auto own = known(link)) {
      return own;
    }
    std::erase_if(all_, [](const Own& own) { return own.line->connection.closed(); });
    Own own{link, std::make_shared<Line>(Line{connect(desk_at(link->desk))})};
    {
      const std::scoped_lock lock(links_lock);
      link->of_threads.push_back(own.line);
    }
    all_.push_back(own);
    return own.line;
  }

 private:
  struct Own {
    std::weak_ptr<Link> link;
    std::shared_ptr<Line> line;
  };

  static void leave(const Own& own) {
    const std::scoped_lock lock(links_lock);
    if (const std::shared_ptr<Link> link = own.link.lock()) {
      std::erase(link->of_threads, own.line);
    }
    if (!own.line->connection.closed()) {
      say_goodbye(own.line->connection);
    }
    close_line(*own.line);
  }

  std::vector<Own> all_;
};
using LinesHere = PerThread<ThreadLines>;

/// It never says anything of its own accord.
bool has_hung_up(const Connection& connection) noexcept try {
  return connection.closed() || connection.poll();
} catch (const std::exception&) {
  return true;
}

}  // namespace

void begin_notice(CallWriter& message, ManagerMethod method) {
  message.put(0);
  message.put(0);
  message.put(static_cast<std::uint64_t>(method));
}

LineUse::LineUse(std::shared_ptr<Line> line) : line_(std::move(line)) {
  const std::scoped_lock lock(links_lock);
  ++line_->users;
}

LineUse::~LineUse() {
  const std::scoped_lock lock(links_lock);
  --line_->users;
  if (line_->is_over) {
    close_line(*line_);
  }
}

std::shared_ptr<Link> known_link(const Desk& desk, int managers) {
  const std::scoped_lock lock(links_lock);
  auto link = find_link(desk);
  if (link == nullptr || link->main == nullptr) {
    return nullptr;
  }
  link->managers += managers;
  return link;
}

std::shared_ptr<Link> own_link(Desk& desk, int managers) {
  if (auto link = known_link(desk, managers)) {
    return link;
  }
  SharedRef ref = take_reference(offset_of(&desk));
  auto main = std::make_shared<Line>(Line{connect(desk)});
  auto made = std::make_shared<Link>();
  leave_at_exit();
  without_lines_in_forked_children.begin();
  const std::scoped_lock lock(links_lock);
  auto link = find_link(desk);
  if (link == nullptr) {
    links->push_back(made);
    link = std::move(made);
  }
  if (link->main == nullptr) {  // else another thread was quicker
    std::swap(link->desk, ref);
    link->main = std::move(main);
  }
  link->managers += managers;
  return link;
}

bool drop_manager(const Desk& desk) noexcept {
  const std::scoped_lock lock(links_lock);
  const auto link = find_link(desk);
  return link != nullptr && --link->managers == 0;
}

SharedRef linked_desk(const Address& address) {
  const std::scoped_lock lock(links_lock);
  const auto found = std::ranges::find_if(*links, [&address](const auto& link) {
    return place_of(desk_at(link->desk)).address == address;
  });
  return found == links->end() ? SharedRef() : (*found)->desk;
}

std::shared_ptr<Line> thread_line(const std::shared_ptr<Link>& link) {
  if (ThreadLines* const here = LinesHere::get()) {
    return here->find(link);
  }
  return std::make_shared<Line>(Line{connect(desk_at(link->desk))});
}

std::shared_ptr<Line> some_line(const std::shared_ptr<Link>& link) {
  ThreadLines* const here = LinesHere::get();
  auto own = here == nullptr ? nullptr : here->known(link);
  if (own == nullptr) {
    const std::scoped_lock lock(links_lock);
    own = link->main;
  }
  return own;
}

void end_line(const std::shared_ptr<Link>& link, const std::shared_ptr<Line>& line) noexcept {
  const std::scoped_lock lock(links_lock);
  std::erase(link->of_threads, line);
  close_line(*line);
}

void end_if_server_has(const std::shared_ptr<Link>& link) noexcept {
  std::shared_ptr<Line> main;
  {
    const std::scoped_lock lock(links_lock);
    main = link->main;
  }
  if (main == nullptr || !has_hung_up(LineUse(main).connection())) {
    return;
  }
  const std::scoped_lock lock(links_lock);
  close_lines(*link);
  std::erase(*links, link);
}

void leave_link(const std::shared_ptr<Link>& link) noexcept {
  const std::scoped_lock lock(links_lock);
  if (link->managers != 0) {
    return;
  }
  for (const auto& line : link->of_threads) {
    if (line->users == 0) {
      say_goodbye(line->connection);
    }
  }
  close_lines(*link);
  std::erase(*links, link);
}

}  // namespace multiprocess::detail
