// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/referent.hpp>

#include <functional>
#include <map>
#include <string>

namespace multiprocess::detail {

/// A bag of named values in a server; see NamespaceMethod.
class NamespaceReferent final : public Referent {
 public:
  void serve(ServedCall& call) override;

 private:
  void apply_to(ServedCall& call, Blob* value);

  std::map<std::string, Blob, std::less<>> values_;
};

}  // namespace multiprocess::detail
