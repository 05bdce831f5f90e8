// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/transfer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// What a process that forks copies of itself is asked for. With it come the channel for reports,
/// the life line of the one who asks, a way to the service for the child, and the descriptors of
/// the payload.
struct ForkRequest {
  static constexpr std::size_t own_handles = 3;

  std::uint32_t slot = 0;  // 0: no child, but a library to load, whose name follows
  std::uint32_t generation = 0;
  std::uint64_t payload = 0;
  std::uint32_t outlive_parent = 0;
};

/// The life of a process with one thread that forks copies of itself on request, until nobody is
/// left who could ask.
class ForkService {
 public:
  /// `server`: a program started for this alone, whose children may ask it too. After its first
  /// child it has a spare one at any time, forked in advance, which takes the next request itself.
  /// `program`: a copy of a process as it was.
  enum class Kind { server, program };

  ForkService(Kind kind, os::Handle channel) noexcept : kind_(kind), channel_(std::move(channel)) {}

  [[noreturn]] void run() noexcept;

 private:
  struct Child {
    os::Started process;
    os::Handle reports;
  };
  using Work = std::pair<ForkRequest, std::vector<os::Handle>>;
  /// Says that it has taken a request by the channel for reports that came with it.
  struct Spare {
    os::Started process;
    os::Handle taken;
  };

  void serve_once();
  void report_ended(std::size_t index);
  void answer(os::HandleMessage message);
  void fork_child(const ForkRequest& request, std::vector<os::Handle> handles);
  void make_spare();
  void replace_spare();
  [[noreturn]] void live_as_spare(os::Handle life_line, os::Handle taken) noexcept;
  std::optional<Work> wait_as_spare(os::NativeHandle life_line, os::NativeHandle taken);
  [[noreturn]] void live_as_child(const ForkRequest& request,
                                  std::vector<os::Handle> handles) noexcept;

  Kind kind_;
  os::Handle channel_;
  std::vector<Child> children_;
  Spare spare_;
};

}  // namespace multiprocess::detail
