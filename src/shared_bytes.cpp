// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shared_bytes.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/os/hmac.hpp>

#include <algorithm>

namespace multiprocess::detail {

namespace {

struct SharedBytes {
  std::uint64_t size;

  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

const bool known = register_destroy(ObjectType::bytes, [](Offset object) noexcept {
  auto* const shared = at<SharedBytes>(object);
  os::wipe({shared->bytes(), shared->size});
});

}  // namespace

SharedRef make_shared_bytes(Bytes bytes) {
  const Offset block = allocate(sizeof(SharedBytes) + bytes.size());
  auto* const shared = new (at<SharedBytes>(block)) SharedBytes{bytes.size()};
  std::copy(bytes.begin(), bytes.end(), shared->bytes());
  return publish_object(block, ObjectType::bytes);
}

bool is_shared_bytes(const SharedRef& ref) noexcept {
  return is_of_type(ref, ObjectType::bytes);
}

Bytes shared_bytes_of(const SharedRef& ref) {
  require_type(ref, ObjectType::bytes);
  auto* const shared = static_cast<SharedBytes*>(ref.address());
  return {shared->bytes(), shared->size};
}

}  // namespace multiprocess::detail
