// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/base_proxy.hpp>

#include <multiprocess/detail/link.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess {

void BaseProxy::require_proxy(const detail::SharedRef& received, std::uint64_t type,
                              std::string_view name) {
  if (type_in(received) != type) {
    throw TypeError(
        fmt::format("the message holds a proxy, but not of type '{}'", detail::readable(name)));
  }
  detail::keep_lent(received);
}

std::uint64_t BaseProxy::type_in(const detail::SharedRef& cell) {
  detail::require_type(cell, detail::ObjectType::cell);
  return detail::cell_of(cell).type;
}

std::string BaseProxy::repr_as(std::string_view class_name, std::string_view type) const {
  return fmt::format("<{} object, typeid '{}' at {:#x}>", class_name, type, cell_.offset());
}

}  // namespace multiprocess
