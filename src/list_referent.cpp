// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/list_referent.hpp>

#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <new>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr const char* no_such_index = "list index out of range";

std::vector<Blob> read_items(CallReader& from) {
  std::vector<Blob> items;
  for (std::uint64_t left = from.get(); left != 0; --left) {
    items.push_back(from.get_blob());
  }
  return items;
}

}  // namespace

void throw_not_in_list() {
  throw ValueError("the value is not in the list");
}

std::shared_ptr<Referent> make_list(ServedCall& call) {
  return std::make_shared<ListReferent>(read_items(call.arguments()));
}

/// One function for each ListMethod, in its order.
struct ListReferent::Methods {
  using Method = void (*)(ListReferent& list, CallReader& from, CallWriter& into);

  static void size(ListReferent& list, CallReader&, CallWriter& into) {
    into.put(list.items_.size());
  }
  static void get(ListReferent& list, CallReader& from, CallWriter& into) {
    into.put_blob(list.item(from, no_such_index));
  }
  static void set(ListReferent& list, CallReader& from, CallWriter&) {
    Blob& item = list.item(from, "list assignment index out of range");
    item = from.get_blob();
  }
  static void replace(ListReferent& list, CallReader& from, CallWriter& into) {
    Blob& item = list.item(from, "list assignment index out of range");
    const bool is_old = item == from.get_blob();
    if (is_old) {
      item = from.get_blob();
    }
    into.put(is_old ? 1 : 0);
  }
  static void append(ListReferent& list, CallReader& from, CallWriter&) {
    list.items_.push_back(from.get_blob());
  }
  static void extend(ListReferent& list, CallReader& from, CallWriter&) {
    std::vector<Blob> more = read_items(from);
    std::move(more.begin(), more.end(), std::back_inserter(list.items_));
  }
  static void insert(ListReferent& list, CallReader& from, CallWriter&) {
    const std::int64_t index = from.get_signed();
    const std::int64_t place =
        std::clamp(index < 0 ? index + list.size() : index, std::int64_t{0}, list.size());
    list.items_.insert(list.items_.begin() + place, from.get_blob());
  }
  static void pop(ListReferent& list, CallReader& from, CallWriter& into) {
    if (list.items_.empty()) {
      throw IndexError("pop from empty list");
    }
    const Blob& item = list.item(from, "pop index out of range");
    into.put_blob(item);
    list.items_.erase(list.items_.begin() + (&item - list.items_.data()));
  }
  static void remove(ListReferent& list, CallReader& from, CallWriter&) {
    const std::int64_t found = list.find(from.get_blob(), 0, list.size());
    if (found < 0) {
      throw_not_in_list();
    }
    list.items_.erase(list.items_.begin() + found);
  }
  static void erase(ListReferent& list, CallReader& from, CallWriter&) {
    const Blob& item = list.item(from, "list assignment index out of range");
    list.items_.erase(list.items_.begin() + (&item - list.items_.data()));
  }
  static void erase_same(ListReferent& list, CallReader& from, CallWriter& into) {
    const std::int64_t index = from.get_signed();
    if (index < 0) {
      throw_not_in_list();
    }
    const bool is_same =
        index < list.size() && list.items_[static_cast<std::size_t>(index)] == from.get_blob();
    if (is_same) {
      list.items_.erase(list.items_.begin() + index);
    }
    into.put(is_same ? 1 : 0);
  }
  static void erase_slice(ListReferent& list, CallReader& from, CallWriter&) {
    list.erase(list.read_slice(from));
  }
  static void assign(ListReferent& list, CallReader& from, CallWriter&) {
    const Slice slice = list.read_slice(from);
    list.assign(slice, read_items(from));
  }
  static void reverse(ListReferent& list, CallReader&, CallWriter&) {
    std::reverse(list.items_.begin(), list.items_.end());
  }
  static void index(ListReferent& list, CallReader& from, CallWriter& into) {
    const Blob value = from.get_blob();
    const Slice within = list.read_slice(from);
    if (within.step != 1) {
      throw ValueError("a value is looked for forwards, item by item");
    }
    const std::int64_t found = list.find(value, within.start, within.start + within.count);
    if (found < 0) {
      throw_not_in_list();
    }
    into.put_signed(found);
  }
  static void count(ListReferent& list, CallReader& from, CallWriter& into) {
    const Blob value = from.get_blob();
    into.put_signed(std::count(list.items_.begin(), list.items_.end(), value));
  }
  static void clear(ListReferent& list, CallReader&, CallWriter&) { list.items_.clear(); }
  static void slice(ListReferent& list, CallReader& from, CallWriter& into) {
    const Slice slice = list.read_slice(from);
    into.put_signed(slice.count);
    for (std::int64_t i = 0; i < slice.count; ++i) {
      into.put_blob(list.items_[slice.at(i)]);
    }
  }
  static void repeat(ListReferent& list, CallReader& from, CallWriter&) {
    const auto times = static_cast<std::uint64_t>(std::max<std::int64_t>(from.get_signed(), 0));
    const std::vector<Blob>& once = list.items_;
    if (!once.empty() && times > once.max_size() / once.size()) {
      throw std::bad_alloc();
    }
    std::vector<Blob> repeated;  // the list stays as it is when there is no room
    repeated.reserve(times * once.size());
    for (std::uint64_t i = 0; i < times; ++i) {
      repeated.insert(repeated.end(), once.begin(), once.end());
    }
    list.items_ = std::move(repeated);
  }

  static constexpr std::array<Method, static_cast<std::size_t>(ListMethod::apply)> all{
      &size,  &get,    &set,   &replace,    &append,      &extend, &insert,
      &pop,   &remove, &erase, &erase_same, &erase_slice, &assign, &reverse,
      &index, &count,  &clear, &slice,      &repeat};
};

void ListReferent::serve(ServedCall& call) {
  const auto method = call.method<ListMethod>();
  if (method < ListMethod::apply) {
    Methods::all[static_cast<std::size_t>(method)](*this, call.arguments(), call.answer());
  } else {
    run_beside(call, [this, operation = call.arguments().get_blob()](CallWriter& answer) {
      operation.as<ListOperation>()(items_, answer);
    });
  }
}

Blob& ListReferent::item(CallReader& from, const char* text) {
  const std::int64_t index = from.get_signed();
  const std::int64_t place = index < 0 ? index + size() : index;
  if (place < 0 || place >= size()) {
    throw IndexError(text);
  }
  return items_[static_cast<std::size_t>(place)];
}

/// As Python's slice.indices.
ListReferent::Slice ListReferent::read_slice(CallReader& from) const {
  const std::int64_t start = from.get_signed();
  const std::int64_t stop = from.get_signed();
  const std::int64_t step = from.get_signed();
  if (step == 0) {
    throw ValueError("slice step cannot be zero");
  }
  const bool up = step > 0;
  const auto cut = [this, up](std::int64_t index, std::int64_t otherwise) {
    if (index == no_index) {
      return otherwise;
    }
    return std::clamp(index < 0 ? index + size() : index, std::int64_t{up ? 0 : -1},
                      up ? size() : size() - 1);
  };
  const std::int64_t first = cut(start, up ? 0 : size() - 1);
  const std::int64_t last = cut(stop, up ? size() : -1);
  const std::int64_t way = up ? last - first : first - last;
  const std::uint64_t stride =
      up ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const std::int64_t count =
      way <= 0 ? 0 : static_cast<std::int64_t>((static_cast<std::uint64_t>(way) - 1) / stride + 1);
  return {first, step, count};
}

std::int64_t ListReferent::find(const Blob& value, std::int64_t start,
                                std::int64_t stop) const noexcept {
  const auto end = items_.begin() + stop;
  const auto found = std::find(items_.begin() + start, end, value);
  return found == end ? -1 : found - items_.begin();
}

void ListReferent::erase(const Slice& slice) {
  if (slice.count == 0) {
    return;
  }
  std::vector<bool> goes(items_.size());
  for (std::int64_t i = 0; i < slice.count; ++i) {
    goes[slice.at(i)] = true;
  }
  std::size_t index = 0;
  std::erase_if(items_, [&](const Blob&) { return goes[index++]; });
}

void ListReferent::assign(const Slice& slice, std::vector<Blob> values) {
  if (slice.step == 1) {
    const auto first =
        items_.erase(items_.begin() + slice.start, items_.begin() + slice.start + slice.count);
    items_.insert(first, std::make_move_iterator(values.begin()),
                  std::make_move_iterator(values.end()));
    return;
  }
  if (static_cast<std::int64_t>(values.size()) != slice.count) {
    throw ValueError(
        fmt::format("attempt to assign sequence of size {} to extended slice of size {}",
                    values.size(), slice.count));
  }
  for (std::int64_t i = 0; i < slice.count; ++i) {
    items_[slice.at(i)] = std::move(values[static_cast<std::size_t>(i)]);
  }
}

}  // namespace multiprocess::detail
