// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/partners.hpp"

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/wait.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

std::int64_t now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

template <class T>
class Partner {
 public:
  Partner(const Connection& end, const Ledger& ledger, const Partnership& task)
      : end_(end),
        ledger_(ledger),
        task_(task),
        random_(task.seed),
        receipt_(ledger, task.number) {}

  [[noreturn]] void live() {
    switch (task_.habit) {
      case Habit::recv:
        break;
      case Habit::poll:
        receive_after([this] {
          while (!end_.poll(std::chrono::microseconds(between(random_, 0, 100'000)))) {
          }
        });
      case Habit::wait:
        wait_among_others();
      case Habit::descriptor:
        look_at_descriptor();
      case Habit::send:
        while (send()) {
        }
        break;
      case Habit::talk:
        while (send()) {
          if (end_.poll(std::chrono::microseconds(between(random_, 0, 500)))) {
            receive();
          }
        }
    }
    receive_after([] {});
  }

 private:
  /// False when there is nothing left to send.
  bool send() {
    if (sequence_ == task_.quota) {
      return false;
    }
    auto& mine = ledger_->producers[task_.number];
    const T item = Goods<T>::make(task_.number, sequence_, random_);
    mine.begun = sequence_ + 1;
    while (!try_send(item)) {
      std::this_thread::sleep_for(100us);
    }
    mine.acknowledged = ++sequence_;
    ledger_->latest[task_.number] = now();
    return true;
  }

  /// False when the keeper has too many descriptors, or there is no memory.
  bool try_send(const T& item) {
    try {
      end_.send(item);
      return true;
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::too_many_files_open) {
        throw;
      }
    }
    ++ledger_->shortages;
    return false;
  }

  void receive() {
    receipt_.reach();
    receipt_.note(end_.recv<T>());
    ledger_->latest[task_.number] = now();
  }

  template <class Wait>
  [[noreturn]] void receive_after(Wait wait) {
    while (true) {
      wait();
      receive();
    }
  }

  [[noreturn]] void wait_among_others() {
    std::vector<std::pair<Connection, Connection>> idle(between(random_, 1, 20));
    std::vector<Connection> all{end_, end_};
    for (auto& pipe : idle) {
      pipe = Pipe();
      all.push_back(pipe.first);
    }
    receive_after([&] { multiprocess::wait(all); });
  }

  [[noreturn]] void look_at_descriptor() {
    pollfd entry{end_.fileno(), POLLIN, 0};
    while (true) {
      ::poll(&entry, 1, -1);
      while (end_.poll()) {
        receive();
      }
    }
  }

  const Connection& end_;
  const Ledger& ledger_;
  const Partnership task_;
  Random random_;
  Receipt receipt_;
  std::uint32_t sequence_ = 0;
};

[[noreturn]] void live(const Connection& end, const Ledger& ledger, const Partnership& task) {
  switch (task.kind) {
    case Kind::mail_stamps:
      Partner<Stamp>(end, ledger, task).live();
    case Kind::mail_parcels:
      Partner<Parcel>(end, ledger, task).live();
    case Kind::mail_letters:
      Partner<Letter>(end, ledger, task).live();
    default:
      Partner<Bundle>(end, ledger, task).live();
  }
}

}  // namespace

void be_partner(Ends ends, Partnership task) {
  const Ledger ledger(ends.ledger);
  ends.other.at(0).close();
  detail::this_participant();  // from now on it keeps what it inherited by a plain fork
  ledger->began[task.number] = 1;
  try {
    live(ends.own.at(0), ledger, task);
  } catch (const EOFError&) {
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::broken_pipe) {
      ledger.note_fault(fmt::format("who {}s got an error: {}", name_of(task.habit), error.what()));
    }
  } catch (const std::exception& error) {
    ledger.note_fault(
        fmt::format("who {}s got an exception: {}", name_of(task.habit), error.what()));
  }
  ledger->waited[task.number] = waited_for_cpu(getpid()).count();
  ledger->ended[task.number] = now();
}

const char* name_of(Habit habit) {
  constexpr const char* names[habits] = {"recv", "poll", "wait", "look", "send", "talk"};
  return names[static_cast<std::size_t>(habit)];
}

std::chrono::nanoseconds waited_for_cpu(int pid) {
  std::ifstream file(fmt::format("/proc/{}/schedstat", pid));
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  file >> ran >> waited;
  return std::chrono::nanoseconds(waited);
}

}  // namespace multiprocess::test
