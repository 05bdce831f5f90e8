// SPDX-License-Identifier: BSD-3-Clause
#include "crew.hpp"

#include <multiprocess/process.hpp>

#include <sched.h>
#include <sys/mman.h>

#include <chrono>
#include <system_error>
#include <utility>

namespace bench {

namespace mp = multiprocess;

namespace detail {

void* map_shared(std::size_t size) {
  void* const memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "mmap");
  }
  return memory;
}

void unmap_shared(void* memory, std::size_t size) noexcept {
  munmap(memory, size);
}

}  // namespace detail

void Gate::wait() noexcept {
  ++arrived_;
  while (arrived_ < members_) {
    sched_yield();
  }
  double nobody = 0;
  begun_.compare_exchange_strong(nobody, now());
}

void Gate::leave() noexcept {
  const double mine = now();
  double last = ended_;
  while (last < mine && !ended_.compare_exchange_weak(last, mine)) {
  }
}

namespace {

/// The processes of one repeat; none of them outlives it.
class Crew {
 public:
  Crew(Placement placement, std::vector<Role> roles) : gate_(roles.size()) {
    for (std::size_t i = 0; i < roles.size(); ++i) {
      members_.emplace_back(mp::ProcessOptions{.start_method = mp::StartMethod::fork},
                            mp::fork_only([this, placement, i, role = std::move(roles[i])] {
                              const Placed placed(placement, i);
                              role(*gate_);
                              gate_->leave();
                            }));
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    for (mp::Process& member : members_) {
      if (member.pid() != 0) {
        member.kill();
        member.join();
      }
    }
  }

  double run() {
    for (mp::Process& member : members_) {
      member.start();
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    for (mp::Process& member : members_) {
      if (!member.join(end - std::chrono::steady_clock::now())) {
        throw std::runtime_error("a process hangs");
      }
      if (member.exitcode() != 0) {
        throw std::runtime_error("a process failed");
      }
    }
    return gate_->elapsed();
  }

 private:
  Shared<Gate> gate_;
  std::vector<mp::Process> members_;
};

}  // namespace

double run_crew(Placement placement, std::vector<Role> roles) {
  return Crew(placement, std::move(roles)).run();
}

}  // namespace bench
