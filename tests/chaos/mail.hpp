// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/pipe_state.hpp"

#include <multiprocess/connection.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/wait.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace multiprocess::test {

/// The ends of a pipe that several processes share; who does not need one closes it.
struct Mailbox {
  std::vector<Connection> reader;  // one or none
  std::vector<Connection> writer;
};

/// A pipe as a queue.
template <class T>
class Mail {
 public:
  explicit Mail(const Mailbox& box) : box_(box) {}

  void put(const T& item) const { writer().send(item); }
  bool try_put(const T& item, std::chrono::microseconds) const {
    put(item);
    return true;
  }

  // In each way in which one may wait for a message. Where several receive, the one who has seen it
  // may have to wait for the next.
  T get() const { return reader().template recv<T>(); }
  std::optional<T> try_get() const { return reader().poll() ? std::optional(get()) : std::nullopt; }
  std::optional<T> try_get(std::chrono::microseconds time) const {
    const bool polls = time.count() % 2 == 0;
    const bool there = polls ? reader().poll(time) : !wait({reader(), reader()}, time).empty();
    return there ? std::optional(get()) : std::nullopt;
  }

  std::ptrdiff_t qsize() const {
    const detail::QueueState& state = incoming_state(reader()).queue;
    return static_cast<std::ptrdiff_t>(state.tail - state.head);
  }
  /// Nobody here sends any more.
  void shutdown() const { writer().close(); }

  const Connection& reader() const { return box_.reader.at(0); }
  const Connection& writer() const { return box_.writer.at(0); }

 private:
  const Mailbox& box_;
};

}  // namespace multiprocess::test
