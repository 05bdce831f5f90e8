// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/referent.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <map>
#include <memory>
#include <string>

namespace multiprocess::detail {

/// What a server does by itself; see ManagerMethod.
class ManagerReferent final : public Referent {
 public:
  void serve(ServedCall& call) override;

 private:
  void create(ServedCall& call);

  std::map<std::string, SharedRef, std::less<>> published_;
};

}  // namespace multiprocess::detail
