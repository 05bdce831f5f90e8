// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_referent.hpp>

#include <multiprocess/detail/instance_referent.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <utility>

namespace multiprocess::detail {

void ManagerReferent::serve(ServedCall& call) {
  switch (call.method<ManagerMethod>()) {
    case ManagerMethod::create:
      return create(call);
    case ManagerMethod::number_of_objects:
      return call.answer().put(call.server().count_objects());
    case ManagerMethod::publish: {
      std::string name(call.arguments().get_text());
      published_.insert_or_assign(std::move(name), call.arguments().get_ref());
      return;
    }
    case ManagerMethod::lookup: {
      const std::string_view name = call.arguments().get_text();
      const auto found = published_.find(name);
      if (found == published_.end()) {
        throw KeyError(fmt::format("nothing is published under the name '{}'", name));
      }
      return call.answer().put_ref(found->second);
    }
    case ManagerMethod::hold:
      return call.answer().put_ref(call.server().reference_to(call.arguments().get()));
    case ManagerMethod::track_segment:
      return segments_.add(std::string(call.arguments().get_text()));
    case ManagerMethod::list_segments:
      return call.answer().put_value(segments_.names());
    case ManagerMethod::goodbye:
    case ManagerMethod::shutdown:
    case ManagerMethod::drop:
      break;  // the server sees to them
  }
  throw ValueError("the server has no such method");
}

void ManagerReferent::create(ServedCall& call) {
  const auto kind = static_cast<ReferentKind>(call.arguments().get());
  const std::uint64_t type = call.arguments().get();
  if (kind == ReferentKind::instance) {
    return create_instance(call, type, types_);
  }
  call.answer().put_ref(call.server().add(make_referent(kind, call), type));
}

void throw_no_such_method() {
  throw ValueError("the object has no such method");
}

std::shared_ptr<Referent> make_referent(ReferentKind kind, ServedCall& call) {
  switch (kind) {
    case ReferentKind::list:
      return make_list(call);
    case ReferentKind::dict:
      return make_dict(call);
    case ReferentKind::set:
      return make_set(call);
    case ReferentKind::name_space:
      return make_namespace(call);
    case ReferentKind::value:
      return make_value(call);
    case ReferentKind::lock:
      return make_lock(call);
    case ReferentKind::semaphore:
      return make_semaphore(call);
    case ReferentKind::condition:
      return make_condition(call);
    case ReferentKind::event:
      return make_event(call);
    case ReferentKind::barrier:
      return make_barrier(call);
    case ReferentKind::queue:
      return make_queue(call);
    case ReferentKind::pool:
      return make_pool(call);
    case ReferentKind::instance:
      break;
  }
  throw ValueError("the server knows no objects of this kind");
}

}  // namespace multiprocess::detail
