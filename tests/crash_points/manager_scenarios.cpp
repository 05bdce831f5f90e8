// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/play.hpp"
#include "crash_points/recorder.hpp"
#include "support/arena_use.hpp"
#include "support/forked.hpp"
#include "support/full_arena.hpp"

#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/link.hpp>
#include <multiprocess/detail/manager_start.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/list_proxy.hpp>
#include <multiprocess/lock.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace multiprocess::test {

namespace {

using Numbers = ListProxy<int>;
using Lists = ListProxy<Numbers>;

/// Where the steps of managers are. What the heap does, others try at every step.
const std::vector<std::string> files_of_managers{"desk.cpp", "proxy_call.cpp", "tree_session.cpp",
                                                 "manager_server.cpp"};

constexpr const char* key = "the key";

detail::ServingPlace in_tree(const detail::SharedRef& desk) {
  return {desk, nullptr, key};
}

std::uint64_t count_objects(const detail::SharedRef& desk) {
  detail::ProxyCall count(detail::desk_at(desk), detail::ManagerMethod::number_of_objects);
  return count.send().get();
}

template <class P, class... Values>
P create(const detail::SharedRef& desk, detail::ReferentKind kind, const Values&... values) {
  detail::CreateCall call(detail::desk_at(desk), kind, detail::type_tag<P>);
  call.put(sizeof...(Values));
  (call.put_value(values), ...);
  return P(call.send().get_ref());
}

/// What a client does: short calls and long ones, proxies in values, objects that come and go, and
/// threads that end.
void use(const detail::SharedRef& desk, const Lists& lists, std::atomic<int>& appended) {
  lists.append(create<Numbers>(desk, detail::ReferentKind::list, 1, 2));
  appended = 1;
  lists[0]->extend(std::vector<int>(100, 7));
  EXPECT_EQ(lists[0]->get(-1), 7);
  EXPECT_EQ(lists[0]->copy().size(), 102u);
  std::thread([&lists] { EXPECT_GE(lists.size(), 1); }).join();
  create<Numbers>(desk, detail::ReferentKind::list);
}

/// A client is the victim; the server is the survivor's.
class ClientPlay final : public Play {
 public:
  void provide() override {
    desk_ = detail::make_desk();
    server_.emplace([desk = desk_] { detail::serve_manager(in_tree(desk), {}); });
    until([this] { return detail::desk_at(desk_).is_open(); });
    lists_.emplace(create<Lists>(desk_, detail::ReferentKind::list));
  }
  void victim() override { use(desk_, *lists_, *appended_); }
  void next_victim() override {}
  void check() override {
    EXPECT_GE(lists_->size(), *appended_);
    lists_->clear();
    EXPECT_EQ(count_objects(desk_), 1u) << "what the dead had is gone";
    *appended_ = 0;
    use(desk_, *lists_, *appended_);
    lists_.reset();
    detail::ask_to_shut_down(detail::desk_at(desk_));
    server_.reset();
    desk_ = {};
  }

 private:
  SharedPage<std::atomic<int>> appended_;
  detail::SharedRef desk_;
  std::optional<std::jthread> server_;
  std::optional<Lists> lists_;
};

/// The server is the victim, and the survivor its client.
class ServerPlay final : public Play {
 public:
  void provide() override { desk_ = detail::make_desk(); }
  void victim() override { detail::serve_manager(in_tree(desk_), {}); }
  void accompany() override {
    until([this] { return detail::desk_at(desk_).is_open() || is_dead(); });
    if (!detail::desk_at(desk_).is_open()) {
      return;
    }
    try {
      const Lists lists = create<Lists>(desk_, detail::ReferentKind::list);
      std::atomic<int> appended{0};
      use(desk_, lists, appended);
      detail::ask_to_shut_down(detail::desk_at(desk_));
    } catch (const EOFError&) {
    } catch (const std::system_error&) {
    }
  }
  void next_victim() override {}
  void check() override {
    EXPECT_TRUE(has_ended(detail::desk_at(desk_)));
    detail::leave_desk(detail::desk_at(desk_));
    desk_ = {};
  }

 private:
  bool is_dead() {
    notice_deaths();
    return was_killed();
  }

  detail::SharedRef desk_;
};

/// A client that has connected is the victim, with more objects than a desk has stubs at first.
class LinkPlay final : public Play {
 public:
  /// The account of this process never shrinks: it is as large as it gets before blocks are
  /// counted.
  LinkPlay() { const std::vector<Lock> many(4 * detail::Desk::Stubs::most); }
  void provide() override {
    desk_ = detail::make_desk();
    socket_ = std::make_shared<const detail::ManagerSocket>(Address());
    server_.emplace(
        [place = detail::ServingPlace{desk_, socket_, key}] { detail::serve_manager(place, {}); });
    until([this] { return detail::desk_at(desk_).is_open(); });
  }
  void victim() override {
    connect_and_use();
    receive_without_memory();
  }
  void next_victim() override {}
  void check() override {
    until([this] { return count_objects(desk_) == 0; });
    connect_and_use();
    until([this] { return count_objects(desk_) == 0; });
    detail::ask_to_shut_down(detail::desk_at(desk_));
    server_.reset();
    socket_.reset();
    desk_ = {};
  }

 private:
  void connect_and_use() const {
    const detail::SharedRef link = detail::link_desk({socket_->address(), key});
    const detail::LinkUse use(link);
    std::vector<Numbers> all;
    for (std::size_t i = 0; i <= detail::Desk::Stubs::most; ++i) {
      all.push_back(create<Numbers>(link, detail::ReferentKind::list, 1));
    }
    all.resize(1, all.front());
    EXPECT_EQ(all.front().size(), 1);
  }

  void receive_without_memory() const {
    const detail::SharedRef link = detail::link_desk({socket_->address(), key});
    const detail::LinkUse use(link);
    std::vector<std::vector<detail::Offset>> all;
    for (const std::size_t size :
         {std::size_t{1} << 20, std::size_t{1} << 14, sizeof(detail::Cell)}) {
      all.push_back(blocks_until_full(size));
    }
    EXPECT_THROW(detail::make_linked_cell(link, 1, detail::type_tag<Numbers>), std::bad_alloc);
    std::for_each(all.begin(), all.end(), &free_all);
  }

  detail::SharedRef desk_;
  std::shared_ptr<const detail::ManagerSocket> socket_;
  std::optional<std::jthread> server_;
};

/// A desk ends with letters that nobody has read.
class DeskPlay final : public Play {
 public:
  void victim() override {
    const detail::SharedRef desk = detail::make_desk();
    const std::vector<std::byte> bytes(200);
    for (std::size_t i = 0; i <= detail::Desk::Boxes::most; ++i) {
      detail::write_letter(detail::take_box(detail::desk_at(desk)).request, detail::desk_at(desk),
                           bytes, {});
    }
  }
  void next_victim() override {}
  void check() override {}
};

}  // namespace

std::vector<Scenario> manager_scenarios() {
  const std::vector<std::string>& files = files_of_managers;
  return {
      {"a client of a manager", [] { return std::make_unique<ClientPlay>(); }, {}, files},
      {"a client of a manager elsewhere",
       [] { return std::make_unique<LinkPlay>(); },
       {},
       {"link.cpp", "desk.cpp"}},
      {"a manager's server", [] { return std::make_unique<ServerPlay>(); }, {}, files},
      {"a desk", [] { return std::make_unique<DeskPlay>(); }, {}, files},
  };
}

}  // namespace multiprocess::test
