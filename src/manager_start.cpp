// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_start.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/manager_referent.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/os/process.hpp>

namespace multiprocess::detail {

void DeskHandle::require_kind(const SharedRef& received) {
  require_type(received, ObjectType::desk);
}

void ManagerStart::operator()() {
  os::ignore_interrupt();
  if (initializer != nullptr && *initializer) {
    (*initializer)();
  }
  serve_manager(desk.ref());
}

void ManagerStart::encode(OutputArchive& archive) const {
  archive(desk);
  archive.put(initializer != nullptr);
  if (initializer != nullptr) {
    initializer->save(archive);
  }
}

ManagerStart ManagerStart::decode(InputArchive& archive) {
  ManagerStart start;
  archive(start.desk);
  if (archive.get_bool()) {
    start.initializer = std::make_shared<Job>(Job::load(archive));
  }
  return start;
}

void serve_manager(const SharedRef& desk) {
  ManagerServer(desk, std::make_shared<ManagerReferent>()).run();
}

}  // namespace multiprocess::detail
