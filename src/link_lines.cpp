// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/link_lines.hpp>

#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/per_thread.hpp>
#include <multiprocess/detail/thread_lock.hpp>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

namespace multiprocess::detail {

namespace {

constinit ThreadLock links_lock;                                  // see LinksLock
constinit Lasting<std::vector<std::shared_ptr<Link>>> links;      // threads may outlive main
constinit Lasting<std::vector<std::shared_ptr<Line>>> taken_off;  // that are in use yet
constinit int owner = 0;                                          // a process id

/// Under the lock.
void close_line(const std::shared_ptr<Line>& line) {
  if (line->users == 0) {
    line->connection.close();
    std::erase(*taken_off, line);
  } else if (!line->is_over) {
    taken_off->push_back(line);
  }
  line->is_over = true;
}

/// Under the lock.
void close_lines(Link& link) {
  if (link.main != nullptr) {
    close_line(link.main);
    link.main.reset();
  }
  std::ranges::for_each(link.of_threads, &close_line);
  link.of_threads.clear();
}

/// A forked child closes what it has inherited, and has the managers as well. Under the lock, which
/// is over before the end of what is returned.
std::vector<std::shared_ptr<Link>> close_inherited() {
  const auto forget_users = [](const std::shared_ptr<Line>& line) {
    line->users = 0;  // threads that it does not have
  };
  std::vector<std::shared_ptr<Link>> all = std::exchange(*links, {});
  for (const auto& link : all) {
    std::ranges::for_each(link->of_threads, forget_users);
    if (link->main != nullptr) {
      forget_users(link->main);
    }
    close_lines(*link);
  }
  const auto others = std::exchange(*taken_off, {});
  std::ranges::for_each(others, forget_users);
  std::ranges::for_each(others, &close_line);
  std::ranges::copy_if(all, std::back_inserter(*links),
                       [](const auto& link) { return link->managers != 0; });
  return all;
}

/// Never held while waiting, or while another lock is taken.
class LinksLock {
 public:
  LinksLock() : lock_(links_lock) { own(); }
  /// Has it from the thread that forked.
  explicit LinksLock(std::adopt_lock_t adopt) : lock_(links_lock, adopt) { own(); }

 private:
  /// The children of _Fork and clone run no handlers.
  void own() {
    const int me = os::current_pid();
    if (std::exchange(owner, me) != me) {
      inherited_ = close_inherited();
    }
  }

  std::vector<std::shared_ptr<Link>> inherited_;
  std::unique_lock<ThreadLock> lock_;
};

void after_fork_there() {
  const LinksLock lock(std::adopt_lock);
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

/// Under the lock.
void release(const std::shared_ptr<Line>& line) {
  --line->users;
  if (line->is_over) {
    close_line(line);
  }
}

/// By lines that count the caller among their users.
void leave_by(const std::vector<std::shared_ptr<Line>>& lines) {
  for (const auto& line : lines) {
    say_goodbye(line->connection);
    const LinksLock lock;
    release(line);
  }
}

/// The last step of the process, for all of its threads.
void leave_all() {
  std::vector<std::shared_ptr<Line>> lines;
  {
    const LinksLock lock;
    for (const auto& link : *links) {
      lines.insert(lines.end(), link->of_threads.begin(), link->of_threads.end());
    }
    std::ranges::for_each(lines, [](const auto& line) { ++line->users; });
  }
  leave_by(lines);
}

constinit LastExitCall leaving{&leave_all};

/// What is just made or received counts when it has its number, which comes before its proxy.
bool has_proxies(Desk& desk) noexcept {
  return find_entry(desk.stubs, [](const Stub& stub) {
           const std::uint64_t id = stub.id.load(std::memory_order_acquire);
           return id != 0 && id != Stub::dropped;
         }) != nullptr;
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
    Own own{link, connect_line(desk_at(link->desk))};
    {
      const LinksLock lock;
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

  /// The link has the line to its end, so that no forked child keeps it.
  static void leave(const Own& own) {
    {
      const LineUse use(own.line);
      if (!use.connection().closed()) {
        say_goodbye(use.connection());
      }
    }
    const std::shared_ptr<Link> link = own.link.lock();
    const LinksLock lock;
    if (link != nullptr) {
      std::erase(link->of_threads, own.line);
    }
    close_line(own.line);
  }

  std::vector<Own> all_;
};
using LinesHere = PerThread<ThreadLines>;

}  // namespace

LineUse::LineUse(std::shared_ptr<Line> line) : line_(std::move(line)) {
  const LinksLock lock;
  ++line_->users;
}

LineUse::~LineUse() {
  const LinksLock lock;
  release(line_);
}

std::shared_ptr<Link> known_link(const Desk& desk, int managers) {
  const LinksLock lock;
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
  const auto made = std::make_shared<Link>();
  made->desk = take_reference(offset_of(&desk));
  const auto main = connect_line(desk);
  leaving.arrange();
  without_lines_in_forked_children.begin();
  const LinksLock lock;
  auto link = find_link(desk);
  if (link == nullptr) {
    links->push_back(made);
    link = made;
  }
  if (link->main == nullptr) {  // else another thread was quicker
    link->main = main;
  }
  link->managers += managers;
  return link;
}

bool drop_manager(const Desk& desk) noexcept {
  std::shared_ptr<Link> link;  // its end comes after the lock's
  const LinksLock lock;
  link = find_link(desk);
  if (link == nullptr || --link->managers != 0) {
    return false;
  }
  if (link->main == nullptr) {  // nothing is left to end
    std::erase(*links, link);
  }
  return true;
}

SharedRef linked_desk(const Address& address) {
  std::vector<std::shared_ptr<Link>> all;
  {
    const LinksLock lock;
    all = *links;
  }
  const auto found = std::ranges::find_if(all, [&address](const auto& link) {
    return place_of(desk_at(link->desk)).address == address;
  });
  return found == all.end() ? SharedRef() : (*found)->desk;
}

std::shared_ptr<Line> thread_line(const std::shared_ptr<Link>& link) {
  if (ThreadLines* const here = LinesHere::get()) {
    return here->find(link);
  }
  return connect_line(desk_at(link->desk));
}

std::shared_ptr<Line> some_line(const std::shared_ptr<Link>& link) {
  ThreadLines* const here = LinesHere::get();
  auto own = here == nullptr ? nullptr : here->known(link);
  if (own == nullptr) {
    const LinksLock lock;
    own = link->main;
  }
  return own;
}

void end_line(const std::shared_ptr<Link>& link, const std::shared_ptr<Line>& line) {
  const LinksLock lock;
  std::erase(link->of_threads, line);
  close_line(line);
}

void end_if_server_has(const std::shared_ptr<Link>& link) {
  std::shared_ptr<Line> main;
  {
    const LinksLock lock;
    main = link->main;
  }
  if (main == nullptr || !has_hung_up(LineUse(main).connection())) {
    return;
  }
  const LinksLock lock;
  if (link->main != main) {  // which is the next server's
    return;
  }
  close_lines(*link);
  if (link->managers == 0) {
    std::erase(*links, link);
  }
}

void leave_link(const std::shared_ptr<Link>& link) {
  std::vector<std::shared_ptr<Line>> idle;
  {
    const LinksLock lock;
    if (link->managers != 0 || has_proxies(desk_at(link->desk))) {
      return;
    }
    std::ranges::copy_if(link->of_threads, std::back_inserter(idle),
                         [](const auto& line) { return line->users == 0; });
    std::ranges::for_each(idle, [](const auto& line) { ++line->users; });
    close_lines(*link);
    std::erase(*links, link);
  }
  leave_by(idle);
}

}  // namespace multiprocess::detail
