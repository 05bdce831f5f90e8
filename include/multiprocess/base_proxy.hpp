// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/foreign_cell.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace multiprocess {

class BaseProxy;

namespace detail {
const SharedRef& cell_in(const BaseProxy& proxy) noexcept;

/// What a cell says its object is, where a P may be for objects of several kinds: P::type_ids.
template <class P>
constexpr std::uint64_t proxy_tag(std::string_view type_id) {
  return mix(type_tag<P>, hash_text(type_id));
}
}  // namespace detail

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

  BaseProxy(const BaseProxy&) noexcept = default;
  BaseProxy& operator=(const BaseProxy& other) noexcept {
    BaseProxy copy(other);
    std::swap(cell_, copy.cell_);
    return *this;
  }
  ~BaseProxy() { detail::let_go(cell_); }

  friend bool operator==(const BaseProxy& a, const BaseProxy& b) noexcept {
    return detail::is_same_object(a.cell_, b.cell_);
  }

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;

  /// How it crosses to another program, over a Listener's connection: where its server is met, and
  /// which object it is. Who receives it connects there with the key that it has for the address,
  /// or its own; until then nothing but the sender's proxy keeps the object.
  void encode_abroad(detail::OutputArchive& archive) const { detail::save_cell(archive, cell_); }
  static detail::SharedRef decode_abroad(detail::InputArchive& archive) {
    return detail::load_cell(archive);
  }

 protected:
  explicit BaseProxy(detail::SharedRef cell) noexcept : cell_(std::move(cell)) {}

  /// Throws TypeError when the reference is to no object of a manager, or one of another type.
  static void require_proxy(const detail::SharedRef& received, std::uint64_t type,
                            std::string_view name);
  /// The same for a P of any of its type_ids.
  template <class P>
  static void require_any(const detail::SharedRef& received) {
    require_proxy(received, detail::proxy_tag<P>(type_id_in<P>(received)), detail::type_name<P>());
  }

  const detail::SharedRef& cell() const noexcept { return cell_; }

  template <class Method>
  detail::ProxyCall call(Method method) const {
    return detail::ProxyCall(cell_, method);
  }

 private:
  template <std::derived_from<BaseProxy> P>
  friend std::string repr(const P& proxy);
  std::string repr_as(std::string_view class_name, std::string_view type) const;
  static std::uint64_t type_in(const detail::SharedRef& cell);

  /// That of what the cell stands for; the first one when it stands for something else.
  template <class P>
  static std::string_view type_id_in(const detail::SharedRef& cell) {
    const auto found = std::ranges::find(P::type_ids, type_in(cell), &detail::proxy_tag<P>);
    return found == P::type_ids.end() ? P::type_ids.front() : *found;
  }
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
  const std::string_view name = detail::plain_class_name(detail::type_name<P>());
  if constexpr (requires { P::type_ids; }) {
    return proxy.repr_as(name, BaseProxy::type_id_in<P>(proxy.cell_));
  } else {
    return proxy.repr_as(name, P::type_id);
  }
}

}  // namespace multiprocess
