// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/referent.hpp>

#include <utility>

namespace multiprocess::detail {

/// One value in a server; see ValueMethod.
class ValueReferent final : public Referent {
 public:
  explicit ValueReferent(Blob value) : value_(std::move(value)) {}

  void serve(ServedCall& call) override;

 private:
  Blob value_;
};

}  // namespace multiprocess::detail
