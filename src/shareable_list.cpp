// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shareable_list.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/shared_data.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iterator>

// The layout is Python's: how many items (an int64), where each begins and the last ends in what
// follows (int64 each), the items in multiples of 8 bytes, a struct format of 8 characters for each
// item, and a code of one byte for each that says what the item was before it was packed.

namespace multiprocess {

namespace {

constexpr std::size_t word = 8;
constexpr std::size_t format_size = 8;
constexpr std::size_t longest_text = 9'999'999;  // a longer format would not fit its field
constexpr std::string_view format_of_none = "xxxxxx?x";
constexpr std::string_view format_of_bool = "xxxxxxx?";

/// Decode codes.
enum class Code : unsigned char { number = 0, text = 1, bytes = 2, none = 3 };

[[noreturn]] void throw_damaged_list(const char* what) {
  throw ValueError(fmt::format("the shared memory holds no list, or a damaged one: {}", what));
}

std::int64_t read_word(std::span<const std::byte> buffer, std::size_t at) {
  std::int64_t value = 0;
  std::memcpy(&value, buffer.data() + at, word);
  return value;
}

void write_word(std::byte* at, std::int64_t value) {
  std::memcpy(at, &value, word);
}

/// An item as it lies in the list.
struct Packed {
  std::string format;
  Code code;
  Bytes bytes;
};

Bytes bytes_of(const void* data, std::size_t size) {
  const auto* const begin = static_cast<const std::byte*>(data);
  return {begin, begin + size};
}

}  // namespace

/// Where one item lies; checked.
struct ShareableList::Place {
  std::byte* data;
  std::size_t room;
  std::byte* format_field;
  std::byte* code_field;

  std::string format() const {
    std::array<char, format_size> text;
    std::memcpy(text.data(), format_field, text.size());
    return {text.begin(), std::find(text.begin(), text.end(), '\0')};
  }
  Item read() const;
  void write(const Item& item) const;

  /// How an item is written into so much room. Throws ValueError when it does not fit.
  static Packed pack(const Item& item, std::size_t room);
  static std::size_t room_for(const Item& item);

 private:
  Item read_text() const;
};

ShareableList::Item ShareableList::Place::read_text() const {
  const std::string said = format();
  std::size_t length = 0;
  const char* const end = said.data() + said.size() - 1;
  const auto [read, error] = std::from_chars(said.data(), end, length);
  if (error != std::errc() || read != end || length > room) {
    throw_damaged_list("an item is longer than its place");
  }
  while (length != 0 && data[length - 1] == std::byte{0}) {
    --length;
  }
  if (static_cast<Code>(*code_field) == Code::text) {
    return std::string(reinterpret_cast<const char*>(data), length);
  }
  return Bytes(data, data + length);
}

ShareableList::Item ShareableList::Place::read() const {
  const std::string said = format();
  if (said.ends_with('s')) {
    return read_text();
  }
  if (room < word) {
    throw_damaged_list("an item has no room for a number");
  }
  if (said == "q") {
    return read_word({data, word}, 0);
  }
  if (said == "d") {
    double real = 0;
    std::memcpy(&real, data, word);
    return real;
  }
  if (said == format_of_bool) {
    return data[word - 1] != std::byte{0};
  }
  if (said != format_of_none) {
    throw_damaged_list("an item of no known format");
  }
  return {};
}

std::size_t ShareableList::Place::room_for(const Item& item) {
  std::size_t length = 0;
  if (const std::string* const text = std::get_if<std::string>(&item.value())) {
    length = text->size();
  } else if (const Bytes* const bytes = std::get_if<Bytes>(&item.value())) {
    length = bytes->size();
  } else {
    return word;
  }
  const std::size_t room = word * (length / word + 1);
  if (room > longest_text) {
    throw ValueError(fmt::format("an item of a list cannot have {} bytes", length));
  }
  return room;
}

Packed ShareableList::Place::pack(const Item& item, std::size_t room) {
  const auto require_room = [room](std::size_t size) {
    if (size > room || room > longest_text) {
      throw ValueError("bytes/str item exceeds available storage");
    }
  };
  if (const std::string* const text = std::get_if<std::string>(&item.value())) {
    require_room(text->size());
    detail::require_utf8(*text);
    return {fmt::format("{}s", room), Code::text, bytes_of(text->data(), text->size())};
  }
  if (const Bytes* const bytes = std::get_if<Bytes>(&item.value())) {
    require_room(bytes->size());
    return {fmt::format("{}s", room), Code::bytes, *bytes};
  }
  require_room(word);
  Packed packed{std::string(format_of_none), Code::none, Bytes(word)};
  if (const bool* const boolean = std::get_if<bool>(&item.value())) {
    packed = {std::string(format_of_bool), Code::number, Bytes(word)};
    packed.bytes.back() = std::byte{*boolean};
  } else if (const std::int64_t* const integer = std::get_if<std::int64_t>(&item.value())) {
    packed = {"q", Code::number, bytes_of(integer, word)};
  } else if (const double* const real = std::get_if<double>(&item.value())) {
    packed = {"d", Code::number, bytes_of(real, word)};
  }
  return packed;
}

void ShareableList::Place::write(const Item& item) const {
  Packed packed = pack(item, room);
  packed.format.resize(format_size, '\0');
  packed.bytes.resize(room);
  std::memcpy(format_field, packed.format.data(), format_size);
  *code_field = static_cast<std::byte>(packed.code);
  std::memcpy(data, packed.bytes.data(), room);
}

ShareableList ShareableList::make(std::span<const Item> items, std::string name) {
  const std::size_t count = items.size();
  std::vector<std::int64_t> ends{0};
  for (const Item& item : items) {
    const std::size_t room = Place::room_for(item);
    Place::pack(item, room);  // whatever is wrong with it shows before there is a block
    ends.push_back(ends.back() + static_cast<std::int64_t>(room));
  }
  const auto data = static_cast<std::size_t>(ends.back());
  const std::size_t size = word * (count + 2) + data + count * (format_size + 1);
  ShareableList list(SharedMemory::create(size, std::move(name)));
  std::byte* const header = list.memory_.buf().data();
  write_word(header, static_cast<std::int64_t>(count));
  for (std::size_t i = 0; i <= count; ++i) {
    write_word(header + word * (i + 1), ends[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    list.place(static_cast<std::ptrdiff_t>(i)).write(items[i]);
  }
  return list;
}

ShareableList::ShareableList(std::initializer_list<Item> items, std::string name)
    : memory_(make({items.begin(), items.size()}, std::move(name)).memory_) {}

ShareableList::ShareableList(const ShareableList& other, std::string name)
    : memory_(make(other.copy(), std::move(name)).memory_) {}

ShareableList ShareableList::attach(std::string name) {
  ShareableList list{SharedMemory(std::move(name))};
  for (std::ptrdiff_t i = list.size(); i-- > 0;) {
    list.place(i);
  }
  return list;
}

std::ptrdiff_t ShareableList::size() const {
  const std::span<const std::byte> block = memory_.buf();
  if (block.empty()) {
    throw ValueError("the list is closed");
  }
  if (block.size() < 2 * word) {
    throw_damaged_list("it is too short");
  }
  const std::int64_t count = read_word(block, 0);
  const auto most = static_cast<std::int64_t>((block.size() - 2 * word) / (word + format_size + 1));
  if (count < 0 || count > most) {
    throw_damaged_list("it cannot have so many items");
  }
  return count;
}

ShareableList::Place ShareableList::place(std::ptrdiff_t index) const {
  const auto count = static_cast<std::size_t>(size());
  const std::size_t number = detail::checked_index(index, count);
  const std::span<std::byte> block = memory_.buf();
  const std::int64_t begin = read_word(block, word * (number + 1));
  const std::int64_t end = read_word(block, word * (number + 2));
  const std::int64_t all = read_word(block, word * (count + 1));
  const std::size_t around = word * (count + 2) + count * (format_size + 1);
  if (begin < 0 || begin > end || end > all ||
      all > static_cast<std::int64_t>(block.size() - around)) {
    throw_damaged_list("the place of an item is outside of the block");
  }
  std::byte* const data = block.data() + word * (count + 2);
  std::byte* const formats = data + all;
  return {data + begin, static_cast<std::size_t>(end - begin), formats + number * format_size,
          formats + count * format_size + number};
}

ShareableList::Item ShareableList::at(detail::Index index) const {
  return place(index).read();
}

void ShareableList::set(detail::Index index, const Item& item) const {
  place(index).write(item);
}

ShareableList::Element ShareableList::operator[](detail::Index index) const {
  place(index);
  return {*this, index};
}

std::ptrdiff_t ShareableList::count(const Item& item) const {
  return std::count(begin(), end(), item);
}

std::ptrdiff_t ShareableList::index(const Item& item) const {
  const std::ptrdiff_t all = size();
  for (std::ptrdiff_t i = 0; i < all; ++i) {
    if (at(i) == item) {
      return i;
    }
  }
  throw ValueError(fmt::format("{} is not in this container", mp_repr(item)));
}

ShareableList::Iterator ShareableList::begin() const {
  return {*this, 0};
}

ShareableList::Iterator ShareableList::end() const {
  return {*this, size()};
}

std::string ShareableList::format() const {
  std::string all;
  for (std::ptrdiff_t i = 0, count = size(); i < count; ++i) {
    all += place(i).format();
  }
  return all;
}

std::vector<ShareableList::Item> ShareableList::copy() const {
  std::vector<Item> items;
  for (std::ptrdiff_t i = 0, count = size(); i < count; ++i) {
    items.push_back(at(i));
  }
  return items;
}

std::string mp_repr(const ShareableList& list) {
  std::string items;
  for (const ShareableList::Item& item : list.copy()) {
    items += (items.empty() ? "" : ", ") + mp_repr(item);
  }
  return fmt::format("ShareableList([{}], name={})", items, detail::quoted(list.shm().name()));
}

ShareableList ShareableList::decode(detail::InputArchive& archive) {
  return attach(detail::read_value<std::string>(archive));
}

}  // namespace multiprocess
