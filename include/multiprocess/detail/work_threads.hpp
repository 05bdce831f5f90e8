// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>

namespace multiprocess::detail {

/// Threads that run what may wait. There is always one for the next work: as many as there is work
/// at a time; those without any wait for a while, and end.
class WorkThreads {
 public:
  WorkThreads();
  /// Waits a moment for what still runs, and then for nothing.
  ~WorkThreads();
  WorkThreads(const WorkThreads&) = delete;
  WorkThreads& operator=(const WorkThreads&) = delete;

  /// `work` throws nothing. Throws std::system_error when there can be no thread for it.
  void run(std::function<void()> work);

  /// Lets go of what it is called with on another thread, since that may run the user's code; also
  /// when these are gone.
  using Discard = std::function<void(std::shared_ptr<void>)>;
  Discard discarder() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // those that go on when this is gone have it as well
};

}  // namespace multiprocess::detail
