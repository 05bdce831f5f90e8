// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_place.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/detail/shared_bytes.hpp>
#include <multiprocess/error.hpp>

namespace multiprocess::detail {

void ManagerPlace::encode(OutputArchive& archive) const {
  archive(address);
  archive.put(key.has_value());
  if (key) {
    archive.put_size(key->bytes().size());
    archive.write(key->bytes().data(), key->bytes().size());
  }
}

ManagerPlace ManagerPlace::decode(InputArchive& archive) {
  ManagerPlace place;
  archive(place.address);
  if (archive.get_bool()) {
    const std::size_t size = archive.get_count();
    place.key.emplace(Bytes(archive.take(size), size));
  }
  return place;
}

void set_place(Desk& desk, const ManagerPlace& place) {
  ByteBuffer buffer;
  OutputArchive archive(buffer);
  place.encode(archive);
  const SharedRef bytes = make_shared_bytes(buffer.bytes());
  os::wipe({buffer.data(), buffer.size()});
  add_reference(desk.place, bytes.offset());
}

ManagerPlace place_of(const Desk& desk) {
  const Offset bytes = desk.place.load(std::memory_order_acquire);
  if (bytes == 0) {
    throw RuntimeError("the manager's server has no address");
  }
  InputArchive archive(shared_bytes_of(take_reference(bytes)));
  return ManagerPlace::decode(archive);
}

}  // namespace multiprocess::detail
