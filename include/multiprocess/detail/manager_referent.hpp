// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/referent.hpp>
#include <multiprocess/detail/registered_type.hpp>
#include <multiprocess/detail/segment_list.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace multiprocess::detail {

/// What a server does by itself; see ManagerMethod.
class ManagerReferent final : public Referent {
 public:
  explicit ManagerReferent(RegisteredTypes types) : types_(std::move(types)) {}

  void serve(ServedCall& call) override;

 private:
  void create(ServedCall& call);

  RegisteredTypes types_;
  std::map<std::string, SharedRef, std::less<>> published_;
  SegmentList segments_;
};

}  // namespace multiprocess::detail
