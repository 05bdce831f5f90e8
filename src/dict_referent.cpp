// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/dict_referent.hpp>

#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace multiprocess::detail {

namespace {

/// Whether there is one, and its value.
void put_found(const KeyIndex::Item* item, CallWriter& into) {
  into.put(item != nullptr ? 1 : 0);
  if (item != nullptr) {
    into.put_blob(item->second);
  }
}

}  // namespace

void throw_key_error(const std::string& key) {
  throw KeyError(key);
}

std::shared_ptr<Referent> make_dict(ServedCall& call) {
  return std::make_shared<DictReferent>(call.arguments());
}

/// One function for each DictMethod, in its order.
struct DictReferent::Methods {
  using Method = void (*)(DictReferent& dict, CallReader& from, CallWriter& into);

  static void size(DictReferent& dict, CallReader&, CallWriter& into) {
    into.put(dict.index_.size());
  }
  static void find(DictReferent& dict, CallReader& from, CallWriter& into) {
    put_found(dict.index_.find(from.get_blob()), into);
  }
  static void set(DictReferent& dict, CallReader& from, CallWriter&) {
    Blob key = from.get_blob();
    dict.index_.set(std::move(key), from.get_blob());
  }
  static void replace(DictReferent& dict, CallReader& from, CallWriter& into) {
    KeyIndex::Item* const item = dict.index_.find(from.get_blob());
    const bool is_old = item != nullptr && item->second == from.get_blob();
    if (is_old) {
      item->second = from.get_blob();
    }
    into.put(is_old ? 1 : 0);
  }
  static void contains(DictReferent& dict, CallReader& from, CallWriter& into) {
    into.put(dict.index_.find(from.get_blob()) != nullptr ? 1 : 0);
  }
  static void pop(DictReferent& dict, CallReader& from, CallWriter& into) {
    const Blob key = from.get_blob();
    put_found(dict.index_.find(key), into);
    dict.index_.erase(key);
  }
  static void pop_item(DictReferent& dict, CallReader&, CallWriter& into) {
    into.put(dict.index_.size() != 0 ? 1 : 0);
    if (dict.index_.size() != 0) {
      const KeyIndex::Item last = dict.index_.items().back();
      into.put_blob(last.first);
      into.put_blob(last.second);
      dict.index_.erase(last.first);
    }
  }
  static void erase(DictReferent& dict, CallReader& from, CallWriter& into) {
    into.put(dict.index_.erase(from.get_blob()) ? 1 : 0);
  }
  static void set_default(DictReferent& dict, CallReader& from, CallWriter& into) {
    Blob key = from.get_blob();
    into.put_blob(dict.index_.insert(std::move(key), from.get_blob()).first->second);
  }
  static void update(DictReferent& dict, CallReader& from, CallWriter&) { dict.update(from); }
  static void keys(DictReferent& dict, CallReader&, CallWriter& into) {
    put_all(dict, into, true, false);
  }
  static void values(DictReferent& dict, CallReader&, CallWriter& into) {
    put_all(dict, into, false, true);
  }
  static void items(DictReferent& dict, CallReader&, CallWriter& into) {
    put_all(dict, into, true, true);
  }
  static void clear(DictReferent& dict, CallReader&, CallWriter&) { dict.index_.clear(); }

  static void put_all(const DictReferent& dict, CallWriter& into, bool keys, bool values) {
    into.put(dict.index_.size());
    for (const auto& [key, value] : dict.index_.items()) {
      if (keys) {
        into.put_blob(key);
      }
      if (values) {
        into.put_blob(value);
      }
    }
  }

  static constexpr std::array<Method, static_cast<std::size_t>(DictMethod::apply_to)> all{
      &size,  &find,        &set,    &replace, &contains, &pop,   &pop_item,
      &erase, &set_default, &update, &keys,    &values,   &items, &clear};
};

void DictReferent::serve(ServedCall& call) {
  const auto method = call.method<DictMethod>();
  if (method < DictMethod::apply_to) {
    Methods::all[static_cast<std::size_t>(method)](*this, call.arguments(), call.answer());
  } else if (method == DictMethod::apply_to) {
    apply_to(call);
  } else {
    apply(call);
  }
}

void DictReferent::update(CallReader& from) {
  for (std::uint64_t left = from.get(); left != 0; --left) {
    Blob key = from.get_blob();
    index_.set(std::move(key), from.get_blob());
  }
}

void DictReferent::apply_to(ServedCall& call) {
  KeyIndex::Item* const item = index_.find(call.arguments().get_blob());
  call.answer().put(item != nullptr ? 1 : 0);
  if (item != nullptr) {
    run_beside(call, [item, operation = call.arguments().get_blob()](CallWriter& answer) {
      operation.as<ValueOperation>()(item->second, answer);
    });
  }
}

void DictReferent::apply(ServedCall& call) {
  run_beside(call, [this, operation = call.arguments().get_blob()](CallWriter& answer) {
    DictItems items(index_.items().begin(), index_.items().end());
    operation.as<DictOperation>()(items, answer);
    become(std::move(items));
  });
}

/// Keys that stay keep their places.
void DictReferent::become(DictItems items) {
  KeyIndex next;
  KeyIndex fresh;
  for (auto& [key, value] : items) {
    fresh.set(std::move(key), std::move(value));
  }
  for (const auto& [key, value] : index_.items()) {
    if (KeyIndex::Item* const kept = fresh.find(key); kept != nullptr) {
      next.set(kept->first, std::move(kept->second));
      fresh.erase(key);
    }
  }
  for (const auto& [key, value] : fresh.items()) {
    next.set(key, value);
  }
  index_ = std::move(next);
}

}  // namespace multiprocess::detail
