// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/key_index.hpp>

#include <multiprocess/detail/number.hpp>
#include <multiprocess/detail/object_state.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string_view>

namespace multiprocess::detail {

namespace {

/// Most keys are equal as they are: only floating point numbers and Objects are looked into.
ObjectIdentity identify(Bytes bytes) {
  InputArchive archive(bytes);
  const auto tag = archive.get<std::uint64_t>();
  ObjectIdentity identity;
  if (tag == type_tag<Object>) {
    return identify_object(archive);
  }
  if (tag == type_tag<double>) {
    identity.number = Number(archive.get<double>());
  } else if (tag == type_tag<float>) {
    identity.number = Number(archive.get<float>());
  } else {
    identity.tag = tag;
    identity.bytes = bytes;
  }
  return identity;
}

std::size_t hash_of(const Number& number) {
  std::int64_t integer = 0;
  if (number.convert(integer)) {
    return std::hash<std::int64_t>()(integer);
  }
  double real = 0;
  std::uint64_t natural = 0;
  return number.convert(natural) ? std::hash<std::uint64_t>()(natural)
                                 : (number.convert(real), std::hash<double>()(real));
}

}  // namespace

std::size_t KeyHash::operator()(const Blob* key) const {
  const ObjectIdentity identity = identify(key->bytes());
  if (identity.number) {
    return hash_of(*identity.number);
  }
  const auto* const text = reinterpret_cast<const char*>(identity.bytes.data());
  return std::hash<std::string_view>()({text, identity.bytes.size()});
}

bool KeyEqual::operator()(const Blob* a, const Blob* b) const {
  const ObjectIdentity first = identify(a->bytes());
  const ObjectIdentity second = identify(b->bytes());
  if (first.number || second.number) {
    return first.number && second.number && *first.number == *second.number;
  }
  return first.tag == second.tag && std::ranges::equal(first.bytes, second.bytes) &&
         std::ranges::equal(a->refs(), b->refs());
}

std::pair<KeyIndex::Item*, bool> KeyIndex::insert(Blob key, Blob value) {
  if (Item* const known = find(key); known != nullptr) {
    return {known, false};
  }
  items_.emplace_back(std::move(key), std::move(value));
  try {
    index_.emplace(&items_.back().first, std::prev(items_.end()));
  } catch (...) {
    items_.pop_back();
    throw;
  }
  return {&items_.back(), true};
}

void KeyIndex::set(Blob key, Blob value) {
  if (Item* const known = find(key); known != nullptr) {
    known->second = std::move(value);
  } else {
    insert(std::move(key), std::move(value));
  }
}

bool KeyIndex::erase(const Blob& key) {
  const auto found = index_.find(&key);
  if (found == index_.end()) {
    return false;
  }
  const auto item = found->second;
  index_.erase(found);
  items_.erase(item);
  return true;
}

}  // namespace multiprocess::detail
