// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/referent.hpp>
#include <multiprocess/detail/registered_type.hpp>
#include <multiprocess/detail/work_threads.hpp>

#include <memory>
#include <utility>

namespace multiprocess::detail {

/// An object of a registered type in a server; see InstanceMethods. All that it does is the user's
/// code, and so done beside the loop, one call after the other.
class InstanceReferent final : public Referent {
 public:
  InstanceReferent(WorkThreads::Discard discard, std::shared_ptr<const RegisteredType> type,
                   std::shared_ptr<void> object)
      : discard_(std::move(discard)), type_(std::move(type)), object_(std::move(object)) {}
  ~InstanceReferent() override;

  void serve(ServedCall& call) override;

 private:
  WorkThreads::Discard discard_;  // a call beside the loop may keep this longer than the server
  std::shared_ptr<const RegisteredType> type_;
  std::shared_ptr<void> object_;
};

/// Makes an object beside the loop and answers the call with it, whose arguments are the name of
/// its type and its maker.
void create_instance(ServedCall& call, std::uint64_t proxy_type, const RegisteredTypes& types);

}  // namespace multiprocess::detail
