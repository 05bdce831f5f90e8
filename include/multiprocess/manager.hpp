// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/array_proxy.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/manager_state.hpp>
#include <multiprocess/detail/pool_factories.hpp>
#include <multiprocess/detail/sync_factories.hpp>
#include <multiprocess/dict_proxy.hpp>
#include <multiprocess/list_proxy.hpp>
#include <multiprocess/namespace_proxy.hpp>
#include <multiprocess/proxy.hpp>
#include <multiprocess/set_proxy.hpp>
#include <multiprocess/value_proxy.hpp>

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
#include <vector>

namespace multiprocess {

namespace detail {

/// The type that a caller named, else that of what it gave, as it is kept.
template <class Named, class Given>
using given_t = stored_t<std::conditional_t<std::is_void_v<Named>, Given, Named>>;

/// Throws ValueError.
[[noreturn]] void throw_negative_size();

template <Count Number>
std::size_t size_of_array(Number size) {
  const std::ptrdiff_t counted = count(size);
  return counted < 0 ? throw_negative_size(), 0 : static_cast<std::size_t>(counted);
}

}  // namespace detail

/// What a manager is told.
struct ManagerOptions {
  std::optional<StartMethod> start_method = {};  ///< Of the server: the program's choice.
  Address address = {};                          ///< Where it listens; none: a name without a file.
  std::optional<Key> authkey = {};  ///< For programs that connect; none: this process's.

  /// `ManagerOptions(start_method=spawn, authkey=...)`: what was said, and no key.
  friend std::string mp_repr(const ManagerOptions& options);
};

/// A server that runs in this process; see BaseManager::get_server.
class Server {
 public:
  /// Serves in the calling thread until the manager is shut down; then throws SystemExit, as in
  /// Python. Raises this process's soft limit of descriptors to the hard one, for its clients.
  [[noreturn]] void serve_forever();

  /// Ends that, from any thread. Python has no such thing.
  void stop();

  /// Where it listens.
  const Address& address() const noexcept { return place_.socket->address(); }

  friend std::string mp_repr(const Server& server) {
    return detail::object_repr("managers.Server", &server);
  }

 private:
  friend class BaseManager;
  explicit Server(detail::ServingPlace place) : place_(std::move(place)) {}

  detail::ServingPlace place_;
};

/// A process that has objects for others: the server, and in every process of the tree its proxies.
///
/// Movable. The object that started the server shuts it down when it goes, as leaving `with` does;
/// of one that was moved from all calls throw ValueError.
class BaseManager {
 public:
  using stays_in_its_process = void;

  BaseManager() : BaseManager(ManagerOptions{}) {}
  explicit BaseManager(ManagerOptions options);
  explicit BaseManager(Key authkey);
  explicit BaseManager(Address address, std::optional<Key> authkey = {});
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

  /// Uses the server that runs already: at the address, started by whatever program, or of
  /// get_server(). Throws as Client: std::system_error (connection_refused,
  /// no_such_file_or_directory) when there is none, AuthenticationError for another key.
  void connect() { state().connect(); }

  /// Ends the server: it has a second, then it is terminated. Doing it twice does nothing.
  ///
  /// Throws AttributeError where start() was not called.
  void shutdown() { state().shutdown(); }

  /// Waits until the server's process has ended, at most `timeout`: then true.
  bool join(Timeout timeout = forever) { return state().join(timeout); }

  /// A server for this process to run. Throws ProcessError when one was started already.
  Server get_server() { return Server(state().begin_serving()); }

  /// An object of a registered type in the server, constructed there of copies of these arguments.
  ///
  /// Throws what the constructor throws, AttributeError when the type was not registered before the
  /// server started. With arguments both must be programs of one build, else NotSendable.
  template <class C, class... Args>
  Proxy<C> create(Args&&... args) const {
    constexpr bool possible = std::is_constructible_v<C, detail::stored_t<Args>&...>;
    static_assert(possible,
                  "multiprocess: manager.create<C>(args...) calls a constructor of C that C does "
                  "not have: give it arguments that one takes (string literals arrive as "
                  "std::string)");
    (detail::require_sendable<detail::stored_t<Args>>(), ...);
    using Made = detail::MakeInstance<std::conditional_t<possible, C, detail::AnyArguments>,
                                      detail::stored_t<Args>...>;
    const auto type = detail::registered_type(detail::name_tag<C>, detail::type_name<C>());
    detail::CreateCall call =
        create_call(detail::ReferentKind::instance, detail::type_tag<Proxy<C>>);
    call.put_text(type->name);
    if constexpr (sizeof...(Args) == 0) {
      call.put_value(detail::InstanceMaker());
    } else {
      call.put_value(detail::InstanceMaker(Made{{detail::store(std::forward<Args>(args))...}}));
    }
    return Proxy<C>(call.send().get_ref());
  }

  /// Where the server listens for programs that connect.
  Address address() const { return state().address(); }

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

  friend std::string mp_repr(const BaseManager& manager) {
    return detail::object_repr("managers.BaseManager", &manager);
  }

 protected:
  /// The call to create an object, which goes on with what its kind needs.
  detail::CreateCall create_call(detail::ReferentKind kind, std::uint64_t type) const {
    return {state().open_desk(), kind, type};
  }
  /// A call of the server itself.
  detail::ProxyCall server_call(detail::ManagerMethod method) const { return state().call(method); }

 private:
  detail::ManagerState& state() const;
  void start_with(detail::Job initializer);
  void publish_ref(std::string_view name, const detail::SharedRef& cell) const;
  detail::SharedRef lookup_ref(std::string_view name) const;

  std::unique_ptr<detail::ManagerState> state_;
};

/// A manager with the objects that programs share: `Manager()` gives one that is started.
///
/// Its factories throw AssertionError before start() and after shutdown(), and as all calls of
/// proxies do.
class SyncManager : public BaseManager,
                    public detail::SyncFactories<SyncManager>,
                    public detail::PoolFactories<SyncManager> {
 public:
  using BaseManager::BaseManager;

  /// A list, empty or of these items.
  template <class T = Object>
  ListProxy<detail::stored_t<T>> list(std::initializer_list<T> items = {}) const {
    return make_list<ListProxy<detail::stored_t<T>>>(items);
  }
  template <class T = void, std::ranges::input_range R>
  auto list(R&& items) const {
    return make_list<ListProxy<detail::given_t<T, std::ranges::range_value_t<R>>>>(items);
  }

  /// A dict, empty or of these items; of a map or a range of pairs.
  template <class K = Object, class V = Object>
  DictProxy<K, V> dict(std::initializer_list<std::pair<K, V>> items = {}) const {
    return make_dict<K, V>(items);
  }
  template <class K = void, class V = void, std::ranges::input_range R>
  auto dict(R&& items) const {
    using Item = std::ranges::range_value_t<R>;
    return make_dict<detail::given_t<K, std::remove_cv_t<std::tuple_element_t<0, Item>>>,
                     detail::given_t<V, std::tuple_element_t<1, Item>>>(items);
  }

  /// A set, empty or of these items.
  template <class T = Object>
  SetProxy<detail::stored_t<T>> set(std::initializer_list<T> items = {}) const {
    return make_set<detail::stored_t<T>>(items);
  }
  template <class T = void, std::ranges::input_range R>
  auto set(R&& items) const {
    return make_set<detail::given_t<T, std::ranges::range_value_t<R>>>(items);
  }

  NamespaceProxy Namespace() const {
    return NamespaceProxy(
        create_call(detail::ReferentKind::name_space, detail::type_tag<NamespaceProxy>)
            .send()
            .get_ref());
  }

  /// One value: `Value<int>()`, `Value<int>(5)`, `Value(5)`.
  template <class T>
  ValueProxy<T> Value() const {
    return make_value<T>(T());
  }
  template <class T = void, class U>
  auto Value(U&& value) const {
    using Held = detail::given_t<T, std::remove_cvref_t<U>>;
    return make_value<Held>(Held(std::forward<U>(value)));
  }

  /// So many zeros, or these items.
  template <class T, detail::Count Number>
  ArrayProxy<T> Array(Number size) const {
    return make_list<ArrayProxy<T>>(std::vector<T>(detail::size_of_array(size)));
  }
  template <class T>
  ArrayProxy<detail::stored_t<T>> Array(std::initializer_list<T> items) const {
    return make_list<ArrayProxy<detail::stored_t<T>>>(items);
  }
  template <class T = void, std::ranges::input_range R>
  auto Array(R&& items) const {
    return make_list<ArrayProxy<detail::given_t<T, std::ranges::range_value_t<R>>>>(items);
  }

  friend std::string mp_repr(const SyncManager& manager) {
    return detail::object_repr("managers.SyncManager", &manager);
  }

 private:
  friend class detail::SyncFactories<SyncManager>;
  friend class detail::PoolFactories<SyncManager>;

  template <class P, class R>
  P make_list(const R& items) const {
    detail::CreateCall call = create_call(detail::ReferentKind::list, detail::type_tag<P>);
    detail::put_items<typename P::value_type>(call, items);
    return P(call.send().get_ref());
  }
  template <class K, class V, class R>
  DictProxy<K, V> make_dict(R&& items) const {
    detail::CreateCall call =
        create_call(detail::ReferentKind::dict, detail::type_tag<DictProxy<K, V>>);
    detail::put_pairs<K, V>(call, items);
    return DictProxy<K, V>(call.send().get_ref());
  }
  template <class T, class R>
  SetProxy<T> make_set(R&& items) const {
    detail::CreateCall call = create_call(detail::ReferentKind::set, detail::type_tag<SetProxy<T>>);
    detail::put_items<T>(call, items);
    return SetProxy<T>(call.send().get_ref());
  }
  template <class T>
  ValueProxy<T> make_value(const T& value) const {
    detail::CreateCall call =
        create_call(detail::ReferentKind::value, detail::type_tag<ValueProxy<T>>);
    call.template put_value<T>(value);
    return ValueProxy<T>(call.send().get_ref());
  }
};

/// A manager that is started.
SyncManager Manager();

}  // namespace multiprocess
