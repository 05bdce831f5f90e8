// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_start.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/gateway.hpp>
#include <multiprocess/detail/manager_referent.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/os/handle_limit.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/process.hpp>

#include <climits>
#include <memory>
#include <optional>
#include <utility>

namespace multiprocess::detail {

void DeskHandle::require_kind(const SharedRef& received) {
  require_type(received, ObjectType::desk);
}

void ManagerStart::operator()() {
  os::ignore_interrupt();
  Desk& shared = desk_at(desk.ref());
  std::shared_ptr<const ManagerSocket> socket;
  try {
    if (initializer != nullptr && *initializer) {
      (*initializer)();
    }
    socket = std::make_shared<const ManagerSocket>(place.address);
    set_place(shared, {socket->address(), {}});
  } catch (...) {
    shared.state.store(Desk::closed);
    shared.changed.wake(INT_MAX);
    throw;
  }
  serve_manager({desk.ref(), socket, place.key ? *place.key : Key(current_process().authkey())},
                std::move(types));
}

void ManagerStart::encode(OutputArchive& archive) const {
  archive(desk, place);
  archive.put_size(types.size());
  for (const auto& type : types) {
    archive(*type);
  }
  archive.put(initializer != nullptr);
  if (initializer != nullptr) {
    initializer->save(archive);
  }
}

ManagerStart ManagerStart::decode(InputArchive& archive) {
  ManagerStart start;
  archive(start.desk, start.place);
  for (std::size_t left = archive.get_count(); left != 0; --left) {
    start.types.push_back(
        std::make_shared<const RegisteredType>(read_value<RegisteredType>(archive)));
  }
  if (archive.get_bool()) {
    start.initializer = std::make_shared<Job>(Job::load(archive));
  }
  return start;
}

void serve_manager(const ServingPlace& place, RegisteredTypes types) {
  ManagerServer server(place.desk, std::make_shared<ManagerReferent>(std::move(types)));
  std::optional<Gateway> gateway;
  if (place.socket != nullptr) {
    os::raise_handle_limit();
    gateway.emplace(server, *place.socket, place.key);
  }
  server.run();
}

}  // namespace multiprocess::detail
