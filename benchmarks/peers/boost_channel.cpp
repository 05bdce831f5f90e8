// SPDX-License-Identifier: BSD-3-Clause
#include "../channels.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/interprocess/ipc/message_queue.hpp>

#include <string>

namespace bench {

namespace ipc = boost::interprocess;

namespace {

class BoostChannel final : public Channel {
 public:
  explicit BoostChannel(std::size_t maxsize)
      : BoostChannel(maxsize, fmt::format("multiprocess-benchmark-{}", getpid())) {}

  void put(std::int64_t number) override { queue_.send(&number, sizeof(number), 0); }
  std::int64_t get() override {
    std::int64_t number = 0;
    ipc::message_queue::size_type size = 0;
    unsigned priority = 0;
    queue_.receive(&number, sizeof(number), size, priority);
    return number;
  }

 private:
  BoostChannel(std::size_t maxsize, const std::string& name)
      : queue_(ipc::create_only, name.c_str(), maxsize, sizeof(std::int64_t)) {
    ipc::message_queue::remove(name.c_str());  // forked processes have the mapping
  }

  ipc::message_queue queue_;
};

}  // namespace

std::unique_ptr<Channel> make_boost_channel(std::size_t maxsize) {
  return std::make_unique<BoostChannel>(maxsize);
}

}  // namespace bench
