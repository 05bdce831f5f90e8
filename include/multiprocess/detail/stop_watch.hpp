// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/chunk_run.hpp>

#include <memory>
#include <stop_token>

namespace multiprocess::detail {

/// Lets tasks that take a std::stop_token hear of requests to stop: a thread, started by the first
/// of them, waits for those in shared memory.
class StopWatch final : public StopListener {
 public:
  explicit StopWatch(Place& place) noexcept : place_(place) {}
  ~StopWatch() override;
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;

  std::stop_token begin() override;
  void end() override;

  struct Shared;

 private:
  Place& place_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace multiprocess::detail
