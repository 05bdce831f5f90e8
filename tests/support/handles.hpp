// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/simple_queue.hpp>

#include "support/start_methods.hpp"

#include <array>
#include <utility>

namespace multiprocess::test {

// Every kind of handle: made with a mark inside, which whoever has received it finds, once.

template <class T>
struct Handle {  // queues
  static T make() {
    T queue;
    queue.put(7);
    return queue;
  }
  static bool is_marked(const T& queue) { return queue.get() == 7; }
};

template <>
struct Handle<Lock> {
  static Lock make() { return {}; }
  static bool is_marked(const Lock& lock) {
    const bool taken = lock.acquire(plenty) && lock.locked() && !lock.acquire(false);
    lock.release();
    return taken;
  }
};

template <>
struct Handle<Connection> {
  static Connection make() {
    const auto [mine, other] = Pipe();
    other.send(7);
    return mine;
  }
  static bool is_marked(const Connection& connection) {
    return connection.poll(plenty) && connection.recv<int>() == 7;
  }
};

template <>
struct Handle<Fd> {
  static Fd make() {
    detail::os::Pipe pipe = detail::os::make_pipe();
    detail::os::write_all(pipe.write.get(), std::array{std::byte{7}});
    return Fd(std::move(pipe.read));
  }
  static bool is_marked(const Fd& fd) {
    std::array<std::byte, 1> got{};
    return detail::os::wait_readable(fd.fileno(), Timeout(plenty).deadline()) &&
           detail::os::read_all(fd.fileno(), got) && got[0] == std::byte{7};
  }
};

// Every kind of channel that items of any type travel on.

template <template <class> class Q>
struct OnQueue {
  template <class Item>
  class Channel {
   public:
    void put(const Item& item) const { queue_.put(item); }
    Item get() const { return queue_.get(); }

    template <class Archive>
    void serialize(Archive& archive) {
      archive(queue_);
    }

   private:
    Q<Item> queue_;
  };
};

struct OnPipe {
  template <class Item>
  class Channel {
   public:
    void put(const Item& item) const { ends_.second.send(item); }
    Item get() const { return ends_.first.template recv<Item>(); }

    template <class Archive>
    void serialize(Archive& archive) {
      archive(ends_.first, ends_.second);
    }

   private:
    std::pair<Connection, Connection> ends_ = Pipe();
  };
};

}  // namespace multiprocess::test
