// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/descriptor.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/backtrace.hpp>
#include <multiprocess/detail/plain.hpp>
#include <multiprocess/detail/queue_item.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/error.hpp>

#include <concepts>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// The message with a callable, from which the arguments of a single call are read as well.
struct CodeMessage {
  explicit CodeMessage(Offset message)
      : refs(Message::references_of(message)), archive(Message::bytes_of(message)) {}

  std::vector<SharedRef> refs;
  InputArchive archive;
};

/// What the callable of a batch is for a worker.
class TaskCode {
 public:
  virtual ~TaskCode() = default;

  /// Calls it with each item of the chunk. What it throws is that item's result; only SystemExit
  /// leaves. `code`: the message that it was read from.
  virtual void run(ChunkRun& chunk, CodeMessage& code) = 0;
};

inline constexpr std::uint64_t task_signature = hash_text("multiprocess::detail::TaskCode");

/// Items and results that are used where they lie in shared memory.
template <class T>
inline constexpr bool lies_in_place =
    (form<T> == Form::bytes || form<T> == Form::scalar) && std::is_trivially_copyable_v<T> &&
    alignof(T) <= 64;

/// How a callable gets an item: as its one argument, as all of them (starmap), or as what stands in
/// the message with the callable (apply).
enum class Spread { one, all, single };

constexpr std::string_view kind_of(Spread spread) {
  return spread == Spread::one ? "map" : spread == Spread::all ? "starmap" : "apply";
}

template <class F, class... A>
struct TakesToken : std::bool_constant<callable_with_stored<F, std::stop_token, A...>> {};

template <class F, class Arguments>
struct TaskCall;

template <class F, class... A>
struct TaskCall<F, std::tuple<A...>> {
  static constexpr bool plain = callable_with_stored<F, A...>;
  // Only asked when it matters: a generic lambda has its body looked at, which may be an error.
  static constexpr bool with_token =
      std::conjunction_v<std::bool_constant<!plain>, TakesToken<F, A...>>;
  static constexpr bool possible = plain || with_token;

  template <class... Given>
  static decltype(auto) call(F& f, std::tuple<Given...>& arguments) {
    return detail::call_with_stored(f, arguments);
  }

  static auto result_of() {
    if constexpr (with_token) {
      using All = std::tuple<std::stop_token, A...>;
      return std::type_identity<decltype(call(std::declval<F&>(), std::declval<All&>()))>{};
    } else if constexpr (plain) {
      using All = std::tuple<A...>;
      return std::type_identity<decltype(call(std::declval<F&>(), std::declval<All&>()))>{};
    } else {
      return std::type_identity<void>{};
    }
  }
  using Returned = typename decltype(result_of())::type;
};

template <class T>
struct KeptResult {
  using type = stored_t<T>;
};
template <>
struct KeptResult<void> {
  using type = void;
};

/// What a task's result is kept as: references as values, views as what they show.
template <class F, class Arguments>
using task_result_t = typename KeptResult<typename TaskCall<F, Arguments>::Returned>::type;

template <Spread spread, class Item>
struct SpreadItem {
  using type = Item;  // a tuple
};
template <class Item>
struct SpreadItem<Spread::one, Item> {
  using type = std::tuple<Item>;
};

/// The items of a chunk, one after the other, as tuples of arguments.
template <Spread spread, class Item>
class ItemReader {
 public:
  using Arguments = typename SpreadItem<spread, Item>::type;
  static constexpr bool in_place = spread == Spread::one && lies_in_place<Item>;

  ItemReader(ChunkRun& chunk, CodeMessage& code) {
    if constexpr (in_place) {
      items_ = chunk.plain_inputs<Item>();
    } else if constexpr (spread == Spread::single) {
      from_ = &code;
    } else {
      from_ = &own_.emplace(chunk.message());
      for (std::uint64_t i = 0; i < chunk.skipped(); ++i) {
        const Incoming beside(from_->refs);
        static_cast<void>(read_value<Item>(from_->archive));
      }
    }
  }

  Arguments read(std::uint64_t item) {
    if constexpr (in_place) {
      return Arguments(items_[item]);
    } else {
      const Incoming beside(from_->refs);
      return Arguments(read_value<Item>(from_->archive));
    }
  }

 private:
  const Item* items_ = nullptr;
  std::optional<CodeMessage> own_;
  CodeMessage* from_ = nullptr;
};

/// Throws MaybeEncodingError, which says why; for use in a `catch` block.
[[noreturn]] void throw_maybe_encoding_error(std::string_view type);

/// What was lost, and how many workers with it: who loses one after the other is to be told.
std::string describe_loss(std::string_view type, std::uint64_t item, int workers);

template <class F, Spread spread, class Item>
class Task final : public TaskCode {
 public:
  using Callable = F;
  using Reader = ItemReader<spread, Item>;
  using Call = TaskCall<F, typename Reader::Arguments>;
  using R = task_result_t<F, typename Reader::Arguments>;
  static constexpr std::uint64_t signature = task_signature;
  static constexpr std::string_view name = public_name<F>;
  static constexpr std::uint64_t variety = wrapper_variety<F, Item>(kind_of(spread));

  explicit Task(F f) : f_(std::move(f)) {}

  static void save(OutputArchive& archive, const F& f) {
    save_descriptor_of<Task>(archive);
    archive(f);
  }
  static void* decode(InputArchive& archive) {
    return static_cast<TaskCode*>(new Task(read_value<F>(archive)));
  }

  void run(ChunkRun& chunk, CodeMessage& code) override {
    std::uint64_t item = chunk.begin();
    std::optional<Reader> reader;
    bool readable = false;
    while (item < chunk.end()) {
      try {
        os::guarded_call([&] {
          if (!reader) {
            chunk.take(item);
            reader.emplace(chunk, code);
          }
          for (; item < chunk.end(); ++item) {
            chunk.take(item);
            readable = false;
            auto given = reader->read(item);
            readable = true;
            call(chunk, item, given);
          }
        });
      } catch (const SystemExit&) {
        throw;
      } catch (...) {
        // Where an item cannot be read nobody knows where the next one begins.
        const std::uint64_t last = readable ? item + 1 : chunk.end();
        chunk.put_error(item, last);
        item = chunk.stops_at_error() ? chunk.end() : last;
      }
    }
  }

 private:
  template <class Given>
  void call(ChunkRun& chunk, std::uint64_t item, Given& given) {
    if constexpr (Call::with_token) {
      struct End {
        StopListener& stops;
        ~End() { stops.end(); }
      };
      std::tuple<std::stop_token> token(chunk.stops().begin());
      const End end{chunk.stops()};
      auto all = std::tuple_cat(std::move(token), std::move(given));
      call_and_put(chunk, item, all);
    } else {
      call_and_put(chunk, item, given);
    }
  }

  template <class Given>
  void call_and_put(ChunkRun& chunk, std::uint64_t item, Given& given) {
    if constexpr (std::is_void_v<R>) {
      detail::call_with_stored(f_, given);
      chunk.put_plain(item);
    } else if constexpr (lies_in_place<R>) {
      const R result = static_cast<R>(detail::call_with_stored(f_, given));
      std::memcpy(static_cast<void*>(chunk.plain_results<R>() + item), &result, sizeof(R));
      chunk.put_plain(item);
    } else if constexpr (std::is_same_v<std::remove_cvref_t<typename Call::Returned>, R>) {
      put(chunk, item,
          detail::call_with_stored(f_, given));  // not copied, should it be a reference
    } else {
      put(chunk, item, R(detail::store(detail::call_with_stored(f_, given))));
    }
  }

  template <class Result>
  static void put(ChunkRun& chunk, std::uint64_t item, const Result& result) {
    if constexpr (is_plain_range<Result>) {
      chunk.put_message(item, std::as_bytes(std::span(result.data(), result.size())), {});
    } else {
      ScratchBuffer buffer;
      Outgoing beside(false);
      try {
        OutputArchive archive(*buffer);
        archive(result);
      } catch (const SystemExit&) {
        throw;
      } catch (...) {
        throw_maybe_encoding_error(type_name<Result>());
      }
      chunk.put_message(item, buffer->bytes(), beside.refs());
    }
  }

  F f_;
};

/// Fails to compile, with a sentence that says what to write instead, when no pool can do this. A
/// compiler that has to deduce what this returns says so before it finds fault with what follows.
template <class F, class Arguments>
constexpr auto require_possible() {
  static_assert(TaskCall<F, Arguments>::possible,
                "multiprocess: the task cannot be called with these arguments (string literals "
                "arrive as std::string, spans as std::vector; a task may take a std::stop_token "
                "before them; a callback is given to the AsyncResult: on_result, on_error)");
}

/// Likewise when a pool of processes cannot.
template <class F, class Arguments>
constexpr auto require_task() {
  require_possible<F, Arguments>();
  if constexpr (TaskCall<F, Arguments>::possible) {
    require_sendable<F>();
    require_sendable<Arguments>();
    using R = task_result_t<F, Arguments>;
    if constexpr (!std::is_void_v<R>) {
      require_sendable<R>();
    }
  }
}

}  // namespace multiprocess::detail
