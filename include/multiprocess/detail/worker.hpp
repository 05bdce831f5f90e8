// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/fd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace multiprocess::detail {

/// A handle of the shared side of a pool.
class BoardHandle {
 public:
  using shared_handle = void;

  BoardHandle() = default;
  explicit BoardHandle(SharedRef ref) : ref_(std::move(ref)) {}
  const SharedRef& ref() const noexcept { return ref_; }

  static constexpr const PartOps& part_ops = SharedRef::part_ops;
  static void require_kind(const SharedRef& received);

 private:
  SharedRef ref_;
};

/// What a new worker of a pool is told; as the target of its process it is the worker's life.
struct WorkerStart {
  static constexpr bool multiprocess_codec = true;

  BoardHandle board;
  std::uint32_t place = 0;
  std::optional<int> cpu;
  std::optional<Fd> output;  ///< Where what it prints goes.
  std::optional<Fd> errors;
  std::shared_ptr<Job> initializer;  ///< May be null.

  /// Works until the pool closes or the worker retires.
  void operator()();

  void encode(OutputArchive& archive) const;
  static WorkerStart decode(InputArchive& archive);
};

/// Does what is left of the batches of a board, in the calling thread: `inline_tasks`.
void work_here(const SharedRef& board);

}  // namespace multiprocess::detail
