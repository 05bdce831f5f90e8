// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/key_index.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/referent.hpp>

namespace multiprocess::detail {

/// A dict in a server; see DictMethod.
class DictReferent final : public Referent {
 public:
  explicit DictReferent(CallReader& from) { update(from); }

  void serve(ServedCall& call) override;

 private:
  struct Methods;

  void update(CallReader& from);
  void apply(ServedCall& call);
  void apply_to(ServedCall& call);
  void become(DictItems items);

  KeyIndex index_;
};

}  // namespace multiprocess::detail
