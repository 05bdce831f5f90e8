// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "harness/crew.hpp"

#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/simple_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace bench {

/// What carries numbers and bytes from one process to another.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual void put(std::int64_t number) = 0;
  virtual std::int64_t get() = 0;
};

/// The library's.
template <class T>
class QueueChannel final : public Channel {
 public:
  explicit QueueChannel(std::ptrdiff_t maxsize = 0) : queue_(maxsize) {}
  void put(std::int64_t number) override { queue_.put(static_cast<T>(number)); }
  std::int64_t get() override { return queue_.get(); }

 private:
  multiprocess::Queue<T> queue_;
};

class JoinableChannel final : public Channel {
 public:
  void put(std::int64_t number) override { queue_.put(static_cast<int>(number)); }
  std::int64_t get() override {
    const int number = queue_.get();
    queue_.task_done();
    return number;
  }

 private:
  multiprocess::JoinableQueue<int> queue_;
};

class SimpleChannel final : public Channel {
 public:
  void put(std::int64_t number) override { queue_.put(static_cast<int>(number)); }
  std::int64_t get() override { return queue_.get(); }

 private:
  multiprocess::SimpleQueue<int> queue_;
};

/// A pipe of the system, with blocking reads and writes of whole numbers.
class PipeChannel final : public Channel {
 public:
  /// With room for a MiB if the system allows it, else its default.
  explicit PipeChannel(bool large = false);
  ~PipeChannel() override;
  PipeChannel(const PipeChannel&) = delete;
  PipeChannel& operator=(const PipeChannel&) = delete;

  void put(std::int64_t number) override;
  std::int64_t get() override;
  void put_bytes(std::span<const std::byte> bytes) const;
  void get_bytes(std::span<std::byte> bytes) const;

 private:
  int ends_[2];
};

/// Boost.Interprocess' message_queue, with messages of one number.
std::unique_ptr<Channel> make_boost_channel(std::size_t maxsize);

/// `producers` processes put `count` numbers together, as many consumers take them: nanoseconds for
/// each. Throws when a number was lost or doubled.
double stream(Placement placement, Channel& channel, int producers, int count);

/// A number goes there and back: nanoseconds for each of `count` round trips.
double round_trips(Placement placement, Channel& there, Channel& back, int count);

/// A process that sleeps puts 100 numbers at once every millisecond: nanoseconds for each of them,
/// from the moment before the first put to the moment after the last get.
double bursts(Placement placement, Channel& channel, int count);

}  // namespace bench
