// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace multiprocess {

class BaseProxy;

namespace detail {
const SharedRef& cell_in(const BaseProxy& proxy) noexcept;
}

/// What all proxies are: a copyable handle of an object that lives in a manager's server.
///
/// Every copy, in whatever process, is the same object, and two proxies are equal when they are. It
/// lives as long as there is a proxy anywhere: in a process, in a message on its way, in another
/// object of a manager. Its methods are calls of the server and wait for its answer; each is one
/// step for everybody else. They throw what the method throws in the server; when the server has
/// ended std::system_error (broken_pipe), when it ends meanwhile EOFError.
class BaseProxy {
 public:
  using shared_handle = void;

  friend bool operator==(const BaseProxy&, const BaseProxy&) = default;

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;

 protected:
  explicit BaseProxy(detail::SharedRef cell) noexcept : cell_(std::move(cell)) {}

  /// Throws TypeError when the reference is to no object of a manager, or one of another type.
  static void require_proxy(const detail::SharedRef& received, std::uint64_t type,
                            std::string_view name);

  const detail::SharedRef& cell() const noexcept { return cell_; }

  template <class Method>
  detail::ProxyCall call(Method method) const {
    return detail::ProxyCall(cell_, method);
  }

 private:
  template <std::derived_from<BaseProxy> P>
  friend std::string repr(const P& proxy);
  std::string repr_as(std::string_view class_name, std::string_view type) const;
  friend const detail::SharedRef& detail::cell_in(const BaseProxy& proxy) noexcept;

  detail::SharedRef cell_;
};

inline const detail::SharedRef& detail::cell_in(const BaseProxy& proxy) noexcept {
  return proxy.cell_;
}

/// `<ListProxy object, typeid 'list' at 0x…>`, without a call of the server; `str(proxy)`, that is
/// `<<` and fmt, shows the object itself.
template <std::derived_from<BaseProxy> P>
std::string repr(const P& proxy) {
  return proxy.repr_as(detail::plain_class_name(detail::type_name<P>()), P::type_id);
}

}  // namespace multiprocess
