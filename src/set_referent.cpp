// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/set_referent.hpp>

#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/referent_kinds.hpp>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace multiprocess::detail {

namespace {

KeyIndex read_set(CallReader& from) {
  KeyIndex items;
  for (std::uint64_t left = from.get(); left != 0; --left) {
    items.insert(from.get_blob(), Blob());
  }
  return items;
}

/// Those of `from` that `others` has, or those that it has not.
KeyIndex chosen(const KeyIndex& from, KeyIndex& others, bool wanted) {
  KeyIndex items;
  for (const auto& [key, nothing] : from.items()) {
    if ((others.find(key) != nullptr) == wanted) {
      items.insert(key, Blob());
    }
  }
  return items;
}

void add_all(KeyIndex& into, const KeyIndex& from) {
  for (const auto& [key, nothing] : from.items()) {
    into.insert(key, Blob());
  }
}

KeyIndex combined(KeyIndex& items, CallReader& from) {
  const auto how = static_cast<SetOperator>(from.get());
  KeyIndex others = read_set(from);
  KeyIndex result = how == SetOperator::unite
                        ? chosen(items, items, true)
                        : chosen(items, others, how == SetOperator::intersect);
  if (how == SetOperator::unite) {
    add_all(result, others);
  } else if (how == SetOperator::differ) {
    add_all(result, chosen(others, items, false));
  }
  return result;
}

void put_all(const KeyIndex& items, CallWriter& into) {
  into.put(items.size());
  for (const auto& [key, nothing] : items.items()) {
    into.put_blob(key);
  }
}

}  // namespace

std::shared_ptr<Referent> make_set(ServedCall& call) {
  return std::make_shared<SetReferent>(call.arguments());
}

SetReferent::SetReferent(CallReader& from) : index_(read_set(from)) {}

/// One function for each SetMethod, in its order.
struct SetReferent::Methods {
  using Method = void (*)(KeyIndex& items, CallReader& from, CallWriter& into);

  static void size(KeyIndex& items, CallReader&, CallWriter& into) { into.put(items.size()); }
  static void contains(KeyIndex& items, CallReader& from, CallWriter& into) {
    into.put(items.find(from.get_blob()) != nullptr ? 1 : 0);
  }
  static void add(KeyIndex& items, CallReader& from, CallWriter&) {
    items.insert(from.get_blob(), Blob());
  }
  static void remove(KeyIndex& items, CallReader& from, CallWriter& into) {
    into.put(items.erase(from.get_blob()) ? 1 : 0);
  }
  static void pop(KeyIndex& items, CallReader&, CallWriter& into) {
    into.put(items.size() != 0 ? 1 : 0);
    if (items.size() != 0) {
      const Blob first = items.items().front().first;
      into.put_blob(first);
      items.erase(first);
    }
  }
  static void clear(KeyIndex& items, CallReader&, CallWriter&) { items.clear(); }
  static void all_items(KeyIndex& items, CallReader&, CallWriter& into) { put_all(items, into); }
  static void update(KeyIndex& items, CallReader& from, CallWriter&) {
    items = combined(items, from);
  }
  static void combine(KeyIndex& items, CallReader& from, CallWriter& into) {
    put_all(combined(items, from), into);
  }
  static void compare(KeyIndex& items, CallReader& from, CallWriter& into) {
    KeyIndex others = read_set(from);
    into.put(items.size());
    into.put(chosen(items, others, true).size());
    into.put(others.size());
  }

  static constexpr std::array<Method, static_cast<std::size_t>(SetMethod::apply)> all{
      &size, &contains, &add, &remove, &pop, &clear, &all_items, &update, &combine, &compare};
};

void SetReferent::serve(ServedCall& call) {
  const auto method = call.method<SetMethod>();
  if (method < SetMethod::apply) {
    Methods::all[static_cast<std::size_t>(method)](index_, call.arguments(), call.answer());
    return;
  }
  run_beside(call, [this, operation = call.arguments().get_blob()](CallWriter& answer) {
    std::vector<Blob> items;
    for (const auto& [key, nothing] : index_.items()) {
      items.push_back(key);
    }
    operation.as<ListOperation>()(items, answer);
    KeyIndex next;
    for (Blob& item : items) {
      next.insert(std::move(item), Blob());
    }
    index_ = std::move(next);
  });
}

}  // namespace multiprocess::detail
