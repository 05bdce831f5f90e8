// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/namespace_referent.hpp>

#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <utility>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_namespace(ServedCall&) {
  return std::make_shared<NamespaceReferent>();
}

void NamespaceReferent::serve(ServedCall& call) {
  CallReader& from = call.arguments();
  CallWriter& into = call.answer();
  if (call.method<NamespaceMethod>() == NamespaceMethod::items) {
    into.put(values_.size());
    for (const auto& [name, value] : values_) {
      into.put_text(name);
      into.put_blob(value);
    }
    return;
  }
  const std::string_view name = from.get_text();
  const auto found = values_.find(name);
  const bool is_there = found != values_.end();
  switch (call.method<NamespaceMethod>()) {
    case NamespaceMethod::find:
      into.put(is_there ? 1 : 0);
      return is_there ? into.put_blob(found->second) : void();
    case NamespaceMethod::set:
      values_.insert_or_assign(std::string(name), from.get_blob());
      return;
    case NamespaceMethod::replace: {
      const bool is_old = is_there && found->second == from.get_blob();
      if (is_old) {
        found->second = from.get_blob();
      }
      return into.put(is_old ? 1 : 0);
    }
    case NamespaceMethod::erase:
      into.put(is_there ? 1 : 0);
      return is_there ? static_cast<void>(values_.erase(found)) : void();
    case NamespaceMethod::apply_to:
      return apply_to(call, is_there ? &found->second : nullptr);
    case NamespaceMethod::items:
      break;
  }
  throw ValueError("a namespace has no such method");
}

void NamespaceReferent::apply_to(ServedCall& call, Blob* value) {
  call.answer().put(value != nullptr ? 1 : 0);
  if (value != nullptr) {
    run_beside(call, [value, operation = call.arguments().get_blob()](CallWriter& answer) {
      operation.as<ValueOperation>()(*value, answer);
    });
  }
}

}  // namespace multiprocess::detail
