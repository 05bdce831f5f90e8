// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/foreign_cell.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/link.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/process.hpp>

namespace multiprocess::detail {

void save_cell(OutputArchive& archive, const SharedRef& cell) {
  const Desk& desk = desk_of(cell);
  archive(place_of(desk).address);
  archive.put(cell_of(cell).id);
}

SharedRef load_cell(InputArchive& archive) {
  ManagerPlace place;
  archive(place.address);
  const auto id = archive.get<std::uint64_t>();
  SharedRef desk = linked_desk(place.address);
  if (!desk) {
    place.key.emplace(current_process().authkey());
    desk = link_desk(place);
  }
  const LinkUse use(desk);
  ProxyCall call(desk_at(desk), ManagerMethod::hold);
  call.put(id);
  return call.send().get_ref();
}

}  // namespace multiprocess::detail
