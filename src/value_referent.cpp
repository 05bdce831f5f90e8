// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/value_referent.hpp>

#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_value(ServedCall& call) {
  return std::make_shared<ValueReferent>(call.arguments().get_blob());
}

void ValueReferent::serve(ServedCall& call) {
  CallReader& from = call.arguments();
  switch (call.method<ValueMethod>()) {
    case ValueMethod::get:
      return call.answer().put_blob(value_);
    case ValueMethod::set:
      value_ = from.get_blob();
      return;
    case ValueMethod::replace: {
      const bool is_old = value_ == from.get_blob();
      if (is_old) {
        value_ = from.get_blob();
      }
      return call.answer().put(is_old ? 1 : 0);
    }
    case ValueMethod::apply:
      return run_beside(call, [this, operation = from.get_blob()](CallWriter& answer) {
        operation.as<ValueOperation>()(value_, answer);
      });
  }
  throw ValueError("a value has no such method");
}

}  // namespace multiprocess::detail
