// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/instance_referent.hpp>

#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/os/backtrace.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace multiprocess::detail {

namespace {

std::shared_ptr<const RegisteredType> find_type(const RegisteredTypes& types,
                                                std::string_view name) {
  const auto found = std::find_if(types.begin(), types.end(),
                                  [name](const auto& each) { return each->name == name; });
  if (found == types.end()) {
    throw AttributeError(fmt::format(
        "the manager knows no type '{}': what is registered when start() is called is known to it",
        name));
  }
  return *found;
}

InstanceMaker read_maker(CallReader& from, const RegisteredType& type) {
  InstanceMaker maker;
  try {
    maker = from.get_value<InstanceMaker>();
  } catch (const NotSendable&) {
    throw NotSendable(fmt::format(
        "arguments of a constructor reach only a server of the same build: create '{}' without any "
        "and set it up by its methods, or have the server's program create and publish it",
        type.name));
  }
  if (maker == nullptr) {
    maker = type.make;
  }
  if (maker == nullptr) {
    throw TypeError(fmt::format("'{}' has no constructor without arguments", type.name));
  }
  return maker;
}

}  // namespace

InstanceReferent::~InstanceReferent() {
  discard_(std::move(object_));
}

void InstanceReferent::serve(ServedCall& call) {
  CallReader* const from = &call.arguments();
  void* const object = object_.get();
  switch (call.method<InstanceMethods>()) {
    case InstanceMethods::call: {
      const RegisteredMethod& method = type_->method(from->get_text());
      return run_beside(call, [from, object, &method](CallWriter& answer) {
        method.call(object, *from, answer);
      });
    }
    case InstanceMethods::apply:
      return run_beside(call, [from, object](CallWriter& answer) {
        from->get_value<InstanceOperation>()(object, answer);
      });
    case InstanceMethods::show:
      return run_beside(call, [this](CallWriter& answer) { type_->show(object_.get(), answer); });
  }
  throw ValueError("an object has no such method");
}

void create_instance(ServedCall& call, std::uint64_t proxy_type, const RegisteredTypes& types) {
  struct Birth {
    ServedCall call;
    std::shared_ptr<void> object;
    std::exception_ptr error;
  };
  ManagerServer& server = call.server();
  const auto type = find_type(types, call.arguments().get_text());
  const auto birth = std::make_shared<Birth>(Birth{std::move(call), nullptr, nullptr});
  server.run_beside(
      [birth, type] {
        try {
          os::guarded_call([&] { birth->object = read_maker(birth->call.arguments(), *type)(); });
        } catch (...) {
          birth->error = std::current_exception();
        }
      },
      [birth, type, proxy_type, &server] {
        if (birth->error != nullptr) {
          return birth->call.fail(birth->error);
        }
        birth->call.answer().put_ref(server.add(
            std::make_shared<InstanceReferent>(server.discarder(), type, std::move(birth->object)),
            proxy_type));
        birth->call.finish();
      });
}

}  // namespace multiprocess::detail
