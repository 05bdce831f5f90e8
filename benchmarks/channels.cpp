// SPDX-License-Identifier: BSD-3-Clause
#include "channels.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace bench {

namespace {

constexpr int burst_size = 100;

void produce(Gate& gate, Channel& channel, int count) {
  channel.put(0);
  gate.wait();
  for (int i = 1; i <= count; ++i) {
    channel.put(i);
  }
}

void consume(Gate& gate, Channel& channel, int count, std::atomic<std::int64_t>& sum) {
  std::int64_t mine = channel.get();
  gate.wait();
  for (int i = 0; i < count; ++i) {
    mine += channel.get();
  }
  sum += mine;
}

void send_bursts(Gate& gate, Channel& channel, int count) {
  gate.wait();
  for (int burst = 0; burst < count; ++burst) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the others fall asleep
    const auto begun = static_cast<std::int64_t>(now());
    for (int i = 0; i < burst_size; ++i) {
      channel.put(begun);
    }
  }
}

double receive_bursts(Gate& gate, Channel& channel, int count) {
  gate.wait();
  double all = 0;
  for (int burst = 0; burst < count; ++burst) {
    std::int64_t begun = 0;
    for (int i = 0; i < burst_size; ++i) {
      begun = channel.get();
    }
    all += now() - static_cast<double>(begun);
  }
  return all;
}

}  // namespace

double stream(Placement placement, Channel& channel, int producers, int count) {
  const int each = std::max(1, count / producers);
  Shared<std::atomic<std::int64_t>> sum(0);
  std::vector<Role> roles;
  for (int i = 0; i < producers; ++i) {
    roles.emplace_back([&](Gate& gate) { produce(gate, channel, each); });
    roles.emplace_back([&](Gate& gate) { consume(gate, channel, each, *sum); });
  }
  const double time = run_crew(placement, std::move(roles));
  require(*sum == std::int64_t{producers} * each * (each + std::int64_t{1}) / 2, "sum");
  return time / (static_cast<double>(each) * producers);
}

double round_trips(Placement placement, Channel& there, Channel& back, int count) {
  const Role server = [&](Gate& gate) {
    back.put(there.get());
    gate.wait();
    for (int i = 0; i < count; ++i) {
      back.put(there.get() + 1);
    }
  };
  const Role client = [&](Gate& gate) {
    there.put(0);
    back.get();
    gate.wait();
    for (int i = 0; i < count; ++i) {
      there.put(i);
      require(back.get() == i + 1, "answer");
    }
  };
  return run_crew(placement, {client, server}) / count;
}

double bursts(Placement placement, Channel& channel, int count) {
  Shared<std::atomic<double>> all(0.0);
  run_crew(placement, {[&](Gate& gate) { send_bursts(gate, channel, count); },
                       [&](Gate& gate) { *all = receive_bursts(gate, channel, count); }});
  return *all / (static_cast<double>(count) * burst_size);
}

}  // namespace bench
