// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/list_item.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

namespace {

/// One that continues a character has the bits 10 first.
bool continues(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

/// How many bytes the character has that begins there; 0 when none does.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : std::uint8_t{0};
  };
  const unsigned char first = byte(0);
  const unsigned char second = byte(1);
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xc2 || first > 0xf4 || !continues(second)) {
    return 0;
  }
  if (first < 0xe0) {
    return 2;
  }
  if (!continues(byte(2)) || (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) {
    return 0;  // written too long, or half of a pair of UTF-16
  }
  if (first < 0xf0) {
    return 3;
  }
  const bool out_of_range = (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return continues(byte(3)) && !out_of_range ? 4 : 0;
}

}  // namespace

void require_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      throw ValueError("the text is not UTF-8, which Python could not read: use mp::Bytes");
    }
    text.remove_prefix(length);
  }
}

void ListItem::throw_too_large() {
  throw ValueError("the integer does not fit into 64 bits with a sign");
}

void ListItem::throw_no_item() {
  throw TypeError("a ShareableList holds None, bool, integers, floating point, text and bytes");
}

void ListItem::throw_other_type(std::string_view wanted) const {
  throw TypeError(fmt::format("the item is {}, which is no '{}'", mp_repr(*this), wanted));
}

std::optional<Number> ListItem::number() const {
  if (const bool* const boolean = std::get_if<bool>(&value_)) {
    return Number(*boolean);
  }
  if (const std::int64_t* const integer = std::get_if<std::int64_t>(&value_)) {
    return Number(*integer);
  }
  if (const double* const real = std::get_if<double>(&value_)) {
    return Number(*real);
  }
  return std::nullopt;
}

bool operator==(const ListItem& a, const ListItem& b) {
  const auto x = a.number();
  const auto y = b.number();
  return x && y ? *x == *y : a.value_ == b.value_;
}

std::string mp_repr(const ListItem& item) {
  if (const auto number = item.number()) {
    return number->repr();
  }
  if (const std::string* const text = std::get_if<std::string>(&item.value_)) {
    return quoted(*text);
  }
  if (const multiprocess::Bytes* const bytes = std::get_if<multiprocess::Bytes>(&item.value_)) {
    return quoted_bytes({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  }
  return "None";
}

void ListItem::encode(OutputArchive& archive) const {
  save_value(archive, value_);
}

ListItem ListItem::decode(InputArchive& archive) {
  ListItem item;
  item.value_ = read_value<Value>(archive);
  return item;
}

}  // namespace multiprocess::detail
