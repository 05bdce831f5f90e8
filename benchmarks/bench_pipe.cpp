// SPDX-License-Identifier: BSD-3-Clause
// Pipe and Connection against Python's, and against what the system has.
#include "channels.hpp"
#include "harness/suite.hpp"
#include "peers/unix_stream.hpp"
#include "transfer.hpp"

#include <multiprocess/connection.hpp>

#include <memory>
#include <utility>

namespace bench {

namespace {

namespace mp = multiprocess;

/// The two directions of something, as channels.
template <class Put, class Get>
class Way final : public Channel {
 public:
  Way(Put put, Get get) : put_(std::move(put)), get_(std::move(get)) {}
  void put(std::int64_t number) override { put_(number); }
  std::int64_t get() override { return get_(); }

 private:
  Put put_;
  Get get_;
};

auto way(const mp::Connection& from, const mp::Connection& to) {
  return Way([from](std::int64_t number) { from.send(static_cast<int>(number)); },
             [to] { return std::int64_t{to.recv<int>()}; });
}

auto way(const std::shared_ptr<UnixStream>& stream, int from) {
  return Way([stream, from](std::int64_t number) { stream->put(from, number); },
             [stream, from] { return stream->get(1 - from); });
}

int round_trip_count(Placement placement, int split, int same) {
  return scaled(placement == Placement::same ? same : split);
}

Contender our_ping_pong() {
  return {std::string(ours), [ends = mp::Pipe()](Placement placement) {
            auto there = way(ends.first, ends.second);
            auto back = way(ends.second, ends.first);
            return round_trips(placement, there, back, round_trip_count(placement, 20'000, 20'000));
          }};
}

Contender stream_ping_pong() {
  return {"unix stream", [stream = std::make_shared<UnixStream>()](Placement placement) {
            auto there = way(stream, 0);
            auto back = way(stream, 1);
            return round_trips(placement, there, back, round_trip_count(placement, 500, 20'000));
          }};
}

Contender pipe_ping_pong() {
  using Two = std::pair<PipeChannel, PipeChannel>;
  return {"pipe", [pipes = std::make_shared<Two>()](Placement placement) {
            return round_trips(placement, pipes->first, pipes->second,
                               round_trip_count(placement, 500, 20'000));
          }};
}

Contender our_stream() {
  return {std::string(ours), [ends = mp::Pipe(false)](Placement placement) {
            auto channel = way(ends.second, ends.first);
            return stream(placement, channel, 1, scaled(500'000));
          }};
}

Contender raw_stream() {
  return {"unix stream", [socket = std::make_shared<UnixStream>()](Placement placement) {
            auto channel = way(socket, 0);
            return stream(placement, channel, 1, scaled(100'000));
          }};
}

Contender our_transfer(const Load& load) {
  return {std::string(ours), [load, ends = mp::Pipe(false)](Placement placement) {
            return transfer(
                placement, load, [&](const Bytes& item) { ends.second.send_bytes(item); },
                [&] { return ends.first.recv_bytes(); });
          }};
}

Contender our_transfer_into(const Load& load) {
  return {"recv_bytes_into", [load, ends = mp::Pipe(false)](Placement placement) {
            Bytes into(load.size);
            return transfer(
                placement, load, [&](const Bytes& item) { ends.second.send_bytes(item); },
                [&]() -> const Bytes& {
                  ends.first.recv_bytes_into(into);
                  return into;
                });
          }};
}

Contender raw_transfer(const Load& load) {
  return {"unix stream", [load, socket = std::make_shared<UnixStream>(true)](Placement placement) {
            Bytes into(load.size);
            return transfer(
                placement, load, [&](const Bytes& item) { socket->put_bytes(0, item); },
                [&]() -> const Bytes& {
                  socket->get_bytes(1, into);
                  return into;
                });
          }};
}

void add_messages(Suite& suite) {
  suite.add(
      {.name = "ping-pong",
       .placements = {Placement::split, Placement::same},
       .contenders = [&suite]() -> std::vector<Contender> {
         return {our_ping_pong(), suite.python("ping-pong"), stream_ping_pong(), pipe_ping_pong()};
       }});
  suite.add({.name = "int stream",
             .placements = {Placement::split, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {our_stream(), suite.python("int stream"), raw_stream()};
             }});
  for (const Load& load : loads) {
    const std::string name = "bytes " + load.name;
    suite.add({.name = name,
               .placements = {Placement::split, Placement::same},
               .contenders = [&suite, &load, name]() -> std::vector<Contender> {
                 return {our_transfer(load), our_transfer_into(load), suite.python(name),
                         raw_transfer(load)};
               },
               .bytes = static_cast<double>(load.size)});
  }
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Suite suite("pipe", argc, argv);
  bench::add_messages(suite);
  return suite.run();
}
