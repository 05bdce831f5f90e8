// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/async_result.hpp>
#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/map_calls.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/pool_options.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// What a call of a pool in a server will have brought, whatever its type. Any thread may use it.
class PendingResult {
 public:
  virtual ~PendingResult() = default;
  virtual bool ready() const = 0;
  virtual bool successful() const = 0;
  virtual bool cancel() const = 0;
  /// Once it is ready: writes the value, or throws what the task threw.
  virtual void write(CallWriter& into) const = 0;
  virtual void when_ready(std::function<void()> call) const = 0;
};

template <class R>
class PendingValue final : public PendingResult {
 public:
  explicit PendingValue(AsyncResult<R> result) : result_(std::move(result)) {}

  bool ready() const override { return result_.ready(); }
  bool successful() const override { return result_.successful(); }
  bool cancel() const override { return result_.cancel(); }
  void write(CallWriter& into) const override {
    if constexpr (std::is_void_v<R>) {
      result_.get();
    } else {
      into.put_value(result_.get());
    }
  }
  void when_ready(std::function<void()> call) const override {
    AsyncResultAccess::state(result_).when_settled(std::move(call));
  }

 private:
  AsyncResult<R> result_;
};

/// The results of an imap in a server.
class PendingStream {
 public:
  virtual ~PendingStream() = default;
  /// Writes whether there is another one, and then that. Throws what the task threw, TimeoutError.
  virtual void next(CallWriter& into, Timeout timeout) = 0;
};

template <class R>
class PendingRange final : public PendingStream {
 public:
  explicit PendingRange(ResultRange<R> range) : range_(std::move(range)) {}

  void next(CallWriter& into, Timeout timeout) override {
    const std::optional<R> result = range_.next(timeout);
    into.put(result.has_value() ? 1 : 0);
    if (result) {
      into.put_value(*result);
    }
  }

 private:
  ResultRange<R> range_;
};

/// What a client has a pool do: it is decoded and called beside the loop.
using PoolOperation = Function<std::shared_ptr<PendingResult>(Pool&)>;
using StreamOperation = Function<std::shared_ptr<PendingStream>(Pool&)>;

template <class R>
std::shared_ptr<PendingResult> pending(AsyncResult<R> result) {
  return std::make_shared<PendingValue<R>>(std::move(result));
}

/// Those of MapOptions that cross. Throws ValueError for the others.
struct MapTerms {
  std::optional<std::ptrdiff_t> chunksize;
  std::optional<Timeout> task_timeout;
  Timeout grace = forever;
  int retries = 0;
  std::optional<std::ptrdiff_t> buffersize;

  static MapTerms of(const MapOptions& options);
  MapOptions options() const;
};

template <class F, class Arguments>
struct PoolApply {
  static constexpr bool multiprocess_codec = sendable_in<F>() && sendable_in<Arguments>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<F, Arguments>("pool apply");

  TaskOptions options;
  F f;
  Arguments arguments;

  std::shared_ptr<PendingResult> operator()(Pool& pool) {
    return std::apply([&](auto&... each) { return pending(pool.apply_async(options, f, each...)); },
                      arguments);
  }

  void encode(OutputArchive& archive) const { archive(options, f, arguments); }
  static PoolApply decode(InputArchive& archive) {
    auto options = read_value<TaskOptions>(archive);
    F f = read_value<F>(archive);
    return {std::move(options), std::move(f), read_value<Arguments>(archive)};
  }
};

/// The items of a map, with what is called for each.
template <class F, class Item>
struct PoolItems {
  MapTerms terms;
  F f;
  std::vector<Item> items;

  void encode(OutputArchive& archive) const { archive(terms, f, items); }
  static PoolItems decode(InputArchive& archive) {
    auto terms = read_value<MapTerms>(archive);
    F f = read_value<F>(archive);
    return {std::move(terms), std::move(f), read_value<std::vector<Item>>(archive)};
  }
};

template <class F, class Item, Spread spread>
struct PoolMap {
  static constexpr bool multiprocess_codec = sendable_in<F>() && sendable_in<Item>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<F, Item>(kind_of(spread));

  PoolItems<F, Item> given;

  std::shared_ptr<PendingResult> operator()(Pool& pool) {
    if constexpr (spread == Spread::all) {
      return pending(pool.starmap_async(given.f, given.items, given.terms.options()));
    } else {
      return pending(pool.map_async(given.f, given.items, given.terms.options()));
    }
  }

  void encode(OutputArchive& archive) const { given.encode(archive); }
  static PoolMap decode(InputArchive& archive) { return {PoolItems<F, Item>::decode(archive)}; }
};

template <class F, class Item, bool ordered>
struct PoolImap {
  static constexpr bool multiprocess_codec = sendable_in<F>() && sendable_in<Item>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety =
      wrapper_variety<F, Item>(ordered ? "imap" : "imap_unordered");

  PoolItems<F, Item> given;

  std::shared_ptr<PendingStream> operator()(Pool& pool) {
    const MapOptions options = given.terms.options();
    if constexpr (ordered) {
      return stream(pool.imap(given.f, std::move(given.items), options));
    } else {
      return stream(pool.imap_unordered(given.f, std::move(given.items), options));
    }
  }

  void encode(OutputArchive& archive) const { given.encode(archive); }
  static PoolImap decode(InputArchive& archive) { return {PoolItems<F, Item>::decode(archive)}; }

 private:
  template <class R>
  static std::shared_ptr<PendingStream> stream(ResultRange<R> range) {
    return std::make_shared<PendingRange<R>>(std::move(range));
  }
};

/// How a pool in a server is made: those of PoolOptions that cross, and the initializer.
struct PoolStart {
  static constexpr bool multiprocess_codec = true;

  PoolOptions options;
  Function<void()> initializer;

  std::shared_ptr<Pool> operator()() const;

  /// Throws NotSendable where there is a function in the options.
  void encode(OutputArchive& archive) const;
  static PoolStart decode(InputArchive& archive);
};

}  // namespace multiprocess::detail
