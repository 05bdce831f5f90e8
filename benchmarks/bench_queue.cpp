// SPDX-License-Identifier: BSD-3-Clause
// Queue against Python's, Boost's message_queue and pipes.
#include "channels.hpp"
#include "harness/suite.hpp"
#include "queue_cases.hpp"

#include <memory>
#include <utility>

namespace bench {

namespace {

using Channels = std::shared_ptr<std::pair<std::unique_ptr<Channel>, std::unique_ptr<Channel>>>;

template <class Make>
Channels pair_of(Make make) {
  return std::make_shared<Channels::element_type>(make(), make());
}

template <class Make>
Contender streamer(std::string name, int producers, int count, Make make) {
  return {std::move(name), [=, channel = std::shared_ptr<Channel>(make())](Placement placement) {
            return stream(placement, *channel, producers, scaled(count));
          }};
}

template <class Make>
Contender pinger(std::string name, int split_count, int same_count, Make make) {
  return {std::move(name), [=, channels = pair_of(make)](Placement placement) {
            const int count = placement == Placement::same ? same_count : split_count;
            return round_trips(placement, *channels->first, *channels->second, scaled(count));
          }};
}

template <class Make>
Contender burster(std::string name, Make make) {
  return {std::move(name), [channel = std::shared_ptr<Channel>(make())](Placement placement) {
            return bursts(placement, *channel, scaled(200));
          }};
}

std::unique_ptr<Channel> queue() {
  return std::make_unique<QueueChannel<int>>();
}
std::unique_ptr<Channel> short_queue() {
  return std::make_unique<QueueChannel<int>>(100);
}
std::unique_ptr<Channel> joinable_queue() {
  return std::make_unique<JoinableChannel>();
}
std::unique_ptr<Channel> simple_queue() {
  return std::make_unique<SimpleChannel>();
}
std::unique_ptr<Channel> queue_of_times() {
  return std::make_unique<QueueChannel<std::int64_t>>();
}
std::unique_ptr<Channel> boost_queue() {
  return make_boost_channel(1000);
}
std::unique_ptr<Channel> short_boost_queue() {
  return make_boost_channel(100);
}
std::unique_ptr<Channel> pipe() {
  return std::make_unique<PipeChannel>();
}

constexpr int many = 1'000'000;

/// The other queues against Queue; a getter of the joinable one says of every item that it is done.
void add_kinds(Suite& suite) {
  suite.add({.name = "joinable int 1p1c",
             .placements = {Placement::split, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {streamer(std::string(ours), 1, many, joinable_queue),
                       streamer("queue", 1, many, queue), suite.python("joinable int 1p1c")};
             }});
  suite.add({.name = "simple int 1p1c",
             .placements = {Placement::split, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {streamer(std::string(ours), 1, many, simple_queue),
                       streamer("queue", 1, many, queue), suite.python("simple int 1p1c")};
             }});
}

void add_streams(Suite& suite) {
  suite.add({.name = "int 1p1c",
             .placements = {Placement::split, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {streamer(std::string(ours), 1, many, queue), suite.python("int 1p1c"),
                       streamer("boost", 1, many / 10, boost_queue),
                       streamer("pipe", 1, many / 10, pipe)};
             }});
  suite.add({.name = "int 2p2c",
             .placements = {Placement::free, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {streamer(std::string(ours), 2, many, queue), suite.python("int 2p2c"),
                       streamer("boost", 2, many / 10, boost_queue),
                       streamer("pipe", 2, many / 10, pipe)};
             }});
  suite.add({.name = "int bounded 100",
             .placements = {Placement::split, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {streamer(std::string(ours), 1, many / 4, short_queue),
                       suite.python("int bounded 100"),
                       streamer("boost", 1, many / 10, short_boost_queue)};
             }});
}

void add_delays(Suite& suite) {
  suite.add({.name = "round trip",
             .placements = {Placement::split, Placement::same, Placement::free},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {pinger(std::string(ours), 20'000, 20'000, queue), suite.python("round trip"),
                       pinger("boost", 500, 10'000, boost_queue),
                       pinger("pipe", 500, 20'000, pipe)};
             }});
  suite.add({.name = "burst of 100",
             .placements = {Placement::split, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {burster(std::string(ours), queue_of_times), suite.python("burst of 100"),
                       burster("boost", boost_queue), burster("pipe", pipe)};
             }});
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Suite suite("queue", argc, argv);
  bench::add_streams(suite);
  bench::add_kinds(suite);
  bench::add_delays(suite);
  bench::add_backlog(suite);
  bench::add_bytes(suite);
  bench::add_idle(suite);
  return suite.run();
}
