// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/key_index.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/referent.hpp>

namespace multiprocess::detail {

/// A set in a server; see SetMethod. Its items keep the order in which they came.
class SetReferent final : public Referent {
 public:
  explicit SetReferent(CallReader& from);

  void serve(ServedCall& call) override;

 private:
  struct Methods;

  KeyIndex index_;
};

}  // namespace multiprocess::detail
