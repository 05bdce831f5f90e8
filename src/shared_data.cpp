// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shared_data.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace multiprocess::detail {

SharedRef make_shared_items(std::uint64_t type, std::size_t item_size, std::size_t offset,
                            std::ptrdiff_t count) {
  if (count < 0) {
    throw ValueError("a number of items cannot be negative");
  }
  const auto items = static_cast<std::size_t>(count);
  if (items > (std::numeric_limits<std::ptrdiff_t>::max() - offset) / item_size) {
    throw ValueError(
        fmt::format("{} items of {} bytes are more than any memory", count, item_size));
  }
  const std::size_t size = offset + items * item_size;
  const Offset block = allocate(size);
  std::memset(at<std::byte>(block), 0, size);
  *at<SharedItems>(block) = {type, items};
  return publish_object(block, ObjectType::items);
}

void require_shared_items(const SharedRef& received, std::uint64_t type, std::string_view name) {
  require_type(received, ObjectType::items);
  if (static_cast<const SharedItems*>(received.address())->type != type) {
    throw TypeError(
        fmt::format("the message holds shared data of another type, not of '{}'", name));
  }
}

std::size_t checked_index(std::ptrdiff_t index, std::size_t size) {
  const auto length = static_cast<std::ptrdiff_t>(size);
  if (index < -length || index >= length) {
    throw IndexError(fmt::format("index {} is out of range: there are {} items", index, length));
  }
  return static_cast<std::size_t>(index < 0 ? index + length : index);
}

Slice python_slice(std::ptrdiff_t begin, std::ptrdiff_t end, std::size_t size) noexcept {
  const auto length = static_cast<std::ptrdiff_t>(size);
  const auto place = [length](std::ptrdiff_t index) {
    return std::clamp<std::ptrdiff_t>(index < 0 ? index + length : index, 0, length);
  };
  const std::ptrdiff_t first = place(begin);
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(std::max(first, place(end)))};
}

void throw_other_size(std::size_t given, std::size_t places) {
  throw ValueError(fmt::format("{} items do not fit into {} places", given, places));
}

void throw_not_one_of(std::string_view type) {
  throw ValueError(fmt::format("the number is none that a '{}' can be", type));
}

std::string raw_value_repr(std::string_view item, std::string_view number, const SharedRef& ref) {
  return number.empty() ? fmt::format("<{} object at {:#x}>", item, ref.offset())
                        : fmt::format("{}({})", item, number);
}

std::string raw_array_repr(std::string_view item, const SharedRef& ref) {
  return fmt::format("<multiprocess.sharedctypes.{}_Array_{} object at {:#x}>", item,
                     static_cast<const SharedItems*>(ref.address())->count, ref.offset());
}

void throw_owner_died() {
  throw OwnerDied(
      "a process died while it held the lock: what the lock guards may be half changed");
}

}  // namespace multiprocess::detail
