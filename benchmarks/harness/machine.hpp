// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Where the processes of a case run: each kind of role on a CPU of its own, all on one CPU, or
/// wherever the system puts them.
enum class Placement { split, same, free };

std::string_view to_string(Placement placement) noexcept;

/// Whether the machine has the CPUs for it.
bool possible(Placement placement);

/// The numbers of the CPUs on which role number `role` may run: two of them, or one.
const std::vector<int>& cpus_of(Placement placement, std::size_t role);

/// The calling thread as role number `role`, until the end of the scope. What it starts meanwhile
/// has its place too.
class Placed {
 public:
  Placed(Placement placement, std::size_t role);
  ~Placed();
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;

 private:
  std::vector<int> before_;
};

/// Waits until nobody else wants to run, at most `patience`. False when somebody always did.
bool wait_until_quiet(std::chrono::milliseconds patience);

/// Processor, number of CPUs, kernel.
std::string describe_machine();

/// Nanoseconds of the clock that all processes share.
double now() noexcept;

/// CPU time that the calling process has used, in nanoseconds.
double cpu_time() noexcept;

/// The same of other processes together. Throws when one of them is gone.
double cpu_time_of(const std::vector<int>& pids);

}  // namespace bench
