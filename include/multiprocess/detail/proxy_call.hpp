// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/link.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/deadline.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace multiprocess::detail {

/// What a server answered to a call; read it once, from front to end.
class Answer {
 public:
  /// Takes the answer out of the box.
  explicit Answer(Box& box);
  explicit Answer(LinkAnswer answer);
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  std::uint64_t get() { return reader_.get(); }
  std::int64_t get_signed() { return reader_.get_signed(); }
  bool get_bool() { return reader_.get() != 0; }
  std::string_view get_text() { return reader_.get_text(); }
  Blob get_blob() { return reader_.get_blob(); }
  SharedRef get_ref() { return reader_.get_ref(); }
  template <class T>
  T get_value() {
    return reader_.get_value<T>();
  }
  CallReader& reader() noexcept { return reader_; }

 private:
  /// Throws what the answer is, when it is an exception.
  void begin(Bytes bytes);

  alignas(8) std::array<std::byte, Letter::most_inside> inside_;
  std::vector<std::byte> copied_;
  std::optional<Message> message_;
  std::vector<SharedRef> refs_;
  CallReader reader_;
};

/// While it exists the calling thread, of a server, does a call of that object, for which others
/// wait: also those that it makes itself.
class ObjectInHand {
 public:
  ObjectInHand(const Desk& desk, std::uint64_t id) noexcept;
  ~ObjectInHand();
  ObjectInHand(const ObjectInHand&) = delete;
  ObjectInHand& operator=(const ObjectInHand&) = delete;

  /// Throws RuntimeError when a call of this object by this thread would wait for itself.
  static void require_free(const Desk& desk, std::uint64_t id);

 private:
  const Desk& desk_;
  const std::uint64_t id_;
  const ObjectInHand* const before_;
};

/// A call of a method of one object of a server, by a client in its tree.
class ProxyCall : public CallWriter {
 public:
  /// Of the object that the cell stands for.
  template <class Method>
  ProxyCall(const SharedRef& cell, Method method)
      : ProxyCall(desk_of(cell), cell_of(cell).id, static_cast<std::uint64_t>(method)) {}
  /// Of one of the methods that the user has registered.
  template <class Method>
  ProxyCall(const SharedRef& cell, Method method, std::string_view name, std::size_t arguments)
      : ProxyCall(cell, method) {
    put_text(name);
    put(arguments);
  }
  /// Of the server itself.
  ProxyCall(Desk& desk, ManagerMethod method)
      : ProxyCall(desk, 0, static_cast<std::uint64_t>(method)) {}

  /// Waits for the answer. Throws what the method threw, as detail/remote_error does, EOFError when
  /// the server ends meanwhile, std::system_error (broken_pipe) when it has ended before.
  Answer send();
  /// Does nothing when the server has ended: for what is said in destructors.
  void send_if_served();

 private:
  ProxyCall(Desk& desk, std::uint64_t id, std::uint64_t method) : desk_(desk) {
    ObjectInHand::require_free(desk, id);
    put(id);
    put(method);
  }

  Desk& desk_;
};

/// A call to create an object. The answer is a reference to its cell.
class CreateCall : public ProxyCall {
 public:
  CreateCall(Desk& desk, ReferentKind kind, std::uint64_t type)
      : ProxyCall(desk, ManagerMethod::create) {
    put(static_cast<std::uint64_t>(kind));
    put(type);
  }
};

/// A proxy gives up its cell: of an object in another tree its server is told, should it be the
/// last one.
void let_go(SharedRef& cell) noexcept;

bool is_same_object(const SharedRef& a, const SharedRef& b) noexcept;

/// Whether the server behind the desk is there no more.
bool has_ended(const Desk& desk) noexcept;

/// The calling thread has no place at this desk any more.
void leave_desk(Desk& desk) noexcept;

/// The server ends soon; does not wait for it.
void ask_to_shut_down(Desk& desk);

}  // namespace multiprocess::detail
