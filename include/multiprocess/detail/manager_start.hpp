// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/manager_socket.hpp>
#include <multiprocess/detail/registered_type.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <memory>
#include <utility>

namespace multiprocess::detail {

/// A handle of a manager's desk.
class DeskHandle {
 public:
  using shared_handle = void;

  DeskHandle() = default;
  explicit DeskHandle(SharedRef ref) : ref_(std::move(ref)) {}
  const SharedRef& ref() const noexcept { return ref_; }

  static constexpr const PartOps& part_ops = SharedRef::part_ops;
  static void require_kind(const SharedRef& received);

 private:
  SharedRef ref_;
};

/// What the process of a manager's server is told; as its target it is the server's life.
struct ManagerStart {
  static constexpr bool multiprocess_codec = true;

  DeskHandle desk;
  ManagerPlace place;
  RegisteredTypes types;
  std::shared_ptr<Job> initializer;  ///< May be null.

  /// Serves until the manager is shut down.
  void operator()();

  void encode(OutputArchive& archive) const;
  static ManagerStart decode(InputArchive& archive);
};

/// Where a server meets its clients: in the tree, and outside of it those who have the key.
struct ServingPlace {
  SharedRef desk;
  std::shared_ptr<const ManagerSocket> socket;  ///< null: in the tree only
  Key key;
};

/// Serves in the calling thread until the manager is shut down.
void serve_manager(const ServingPlace& place, RegisteredTypes types);

}  // namespace multiprocess::detail
