// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/authentication.hpp>
#include <multiprocess/detail/manager_state.hpp>
#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/dict_proxy.hpp>
#include <multiprocess/list_proxy.hpp>
#include <multiprocess/proxy.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace multiprocess {

/// What a manager is told.
struct ManagerOptions {
  std::optional<StartMethod> start_method = std::nullopt;  ///< Of the server: the program's choice.
};

/// A server that runs in this process; see BaseManager::get_server.
class Server {
 public:
  /// Serves in the calling thread until the manager is shut down; then throws SystemExit, as in
  /// Python.
  [[noreturn]] void serve_forever();

 private:
  friend class BaseManager;
  explicit Server(detail::SharedRef desk) : desk_(std::move(desk)) {}

  detail::SharedRef desk_;
};

/// A process that has objects for others: the server, and in every process of the tree its proxies.
///
/// Movable. The object that started the server shuts it down when it goes, as leaving `with` does.
class BaseManager {
 public:
  BaseManager() : BaseManager(ManagerOptions{}) {}
  explicit BaseManager(ManagerOptions options);
  BaseManager(BaseManager&&) noexcept = default;
  BaseManager& operator=(BaseManager&& other) noexcept;
  virtual ~BaseManager();

  /// Starts the server, and waits until it serves; there `initializer(args...)` runs before that.
  ///
  /// Throws ProcessError when it was started or shut down already, EOFError when the initializer
  /// throws, and as Process::start().
  void start() { start_with({}); }
  template <class F, class... Args>
  void start(F&& initializer, Args&&... args) {
    start_with(detail::Job::make(std::forward<F>(initializer), std::forward<Args>(args)...));
  }

  /// Uses the server that runs already, of get_server(). Throws std::system_error
  /// (connection_refused) when there is none.
  void connect() { state_->connect(); }

  /// Ends the server: it has a second, then it is terminated. Doing it twice does nothing.
  ///
  /// Throws AttributeError where start() was not called.
  void shutdown() { state_->shutdown(); }

  /// Waits until the server's process has ended, at most `timeout`: then true.
  bool join(Timeout timeout = forever) { return state_->join(timeout); }

  /// A server for this process to run. Throws ProcessError when one was started already.
  Server get_server() { return Server(state_->begin_serving()); }

  /// How many objects the server has. Throws AssertionError before start() and after shutdown().
  std::size_t number_of_objects() const;

  /// Gives the object a name, under which others find it; it lives on as the name does. A name
  /// that is taken means the new object from now on.
  template <std::derived_from<BaseProxy> P>
  void publish(std::string_view name, const P& proxy) const {
    publish_ref(name, detail::cell_in(proxy));
  }

  /// What was published under this name. Throws KeyError, TypeError when it is of another type.
  template <std::derived_from<BaseProxy> P>
  P lookup(std::string_view name) const {
    detail::SharedRef found = lookup_ref(name);
    P::require_kind(found);
    return P(std::move(found));
  }

 protected:
  /// The call to create an object, which goes on with what its kind needs.
  detail::CreateCall create_call(detail::ReferentKind kind, std::uint64_t type) const {
    return {state_->open_desk(), kind, type};
  }

 private:
  void start_with(detail::Job initializer);
  void publish_ref(std::string_view name, const detail::SharedRef& cell) const;
  detail::SharedRef lookup_ref(std::string_view name) const;

  std::unique_ptr<detail::ManagerState> state_;
};

/// A manager with the objects that programs share: `Manager()` gives one that is started.
class SyncManager : public BaseManager {
 public:
  using BaseManager::BaseManager;

  /// A list, empty or of these items.
  template <class T = Object>
  ListProxy<T> list() const {
    return list<T>(std::initializer_list<T>());
  }
  template <class T>
  ListProxy<T> list(std::initializer_list<T> items) const {
    return make_list<T>(items);
  }
  template <class T = void, std::ranges::input_range R>
  auto list(R&& items) const {
    using Item = std::conditional_t<std::is_void_v<T>, std::ranges::range_value_t<R>, T>;
    return make_list<detail::stored_t<Item>>(std::forward<R>(items));
  }

  /// A dict, empty or of these items.
  template <class K = Object, class V = Object>
  DictProxy<K, V> dict() const {
    return dict<K, V>(std::initializer_list<std::pair<K, V>>());
  }
  template <class K = Object, class V = Object>
  DictProxy<K, V> dict(std::initializer_list<std::pair<K, V>> items) const {
    return make_dict<K, V>(items);
  }
  template <class K = void, class V = void, std::ranges::input_range R>
  auto dict(R&& items) const {
    using Item = std::ranges::range_value_t<R>;
    using KeyType = std::conditional_t<std::is_void_v<K>,
                                   std::remove_cv_t<std::tuple_element_t<0, Item>>, K>;
    using ValueType = std::conditional_t<std::is_void_v<V>, std::tuple_element_t<1, Item>, V>;
    return make_dict<detail::stored_t<KeyType>, detail::stored_t<ValueType>>(std::forward<R>(items));
  }

 private:
  template <class K, class V, class R>
  DictProxy<K, V> make_dict(R&& items) const {
    detail::CreateCall call =
        create_call(detail::ReferentKind::dict, detail::type_tag<DictProxy<K, V>>);
    detail::put_pairs<K, V>(call, std::forward<R>(items));
    return DictProxy<K, V>(call.send().get_ref());
  }
  template <class T, class R>
  ListProxy<T> make_list(R&& items) const {
    detail::CreateCall call =
        create_call(detail::ReferentKind::list, detail::type_tag<ListProxy<T>>);
    detail::put_items<T>(call, std::forward<R>(items));
    return ListProxy<T>(call.send().get_ref());
  }
};

/// A manager that is started.
SyncManager Manager();

}  // namespace multiprocess
