// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include <multiprocess/detail/os/symbols.hpp>
#include <multiprocess/detail/show.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/exit.hpp>

#include <typeinfo>

namespace multiprocess {

void detail::throw_negative_size() {
  throw ValueError("an array cannot have less than no items");
}

void Server::serve_forever() {
  detail::serve_manager(place_, detail::registered_types());
  exit(0);
}

void Server::stop() {
  detail::Desk& desk = *static_cast<detail::Desk*>(place_.desk.address());
  if (desk.is_open()) {
    detail::ask_to_shut_down(desk);
  }
}

std::string mp_repr(const ManagerOptions& options) {
  const ManagerOptions usual;
  return detail::Attributes("ManagerOptions")
      .add_set("start_method", options.start_method, usual.start_method)
      .add_set("address", options.address, usual.address)
      .add_present("authkey", options.authkey.has_value())
      .text();
}

BaseManager::BaseManager(ManagerOptions options)
    : state_(std::make_unique<detail::ManagerState>(
          detail::ManagerPlace{std::move(options.address), std::move(options.authkey)},
          options.start_method)) {}

BaseManager::BaseManager(Key authkey)
    : BaseManager(ManagerOptions{.authkey = std::move(authkey)}) {}

BaseManager::BaseManager(Address address, std::optional<Key> authkey)
    : BaseManager(ManagerOptions{.address = std::move(address), .authkey = std::move(authkey)}) {}

BaseManager& BaseManager::operator=(BaseManager&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

BaseManager::~BaseManager() {
  if (state_ != nullptr) {
    state_->shut_down_if_ours();
    state_->disconnect();
  }
}

detail::ManagerState& BaseManager::state() const {
  if (state_ == nullptr) {
    throw ValueError("this manager was moved from");
  }
  return *state_;
}

void BaseManager::start_with(detail::Job initializer) {
  const std::string name = detail::readable(detail::os::readable_name(typeid(*this).name()));
  state().start(detail::plain_class_name(name), std::move(initializer));
}

std::size_t BaseManager::number_of_objects() const {
  return state().call(detail::ManagerMethod::number_of_objects).send().get();
}

void BaseManager::publish_ref(std::string_view name, const detail::SharedRef& cell) const {
  detail::ProxyCall call = state().call(detail::ManagerMethod::publish);
  call.put_text(name);
  call.put_ref(cell);
  call.send();
}

detail::SharedRef BaseManager::lookup_ref(std::string_view name) const {
  detail::ProxyCall call = state().call(detail::ManagerMethod::lookup);
  call.put_text(name);
  return call.send().get_ref();
}

SyncManager Manager() {
  SyncManager manager;
  manager.start();
  return manager;
}

}  // namespace multiprocess
