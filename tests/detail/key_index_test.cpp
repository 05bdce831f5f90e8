// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/key_index.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using mp::Object;
using mp::detail::Blob;
using mp::detail::KeyIndex;

namespace {

template <class K>
bool has(KeyIndex& index, const K& key) {
  return index.find(Blob::of(key)) != nullptr;
}

template <class K>
KeyIndex of(const K& key) {
  KeyIndex index;
  index.set(Blob::of(key), Blob::of(1));
  return index;
}

TEST(KeyIndex, KeepsTheOrderOfKeys) {
  KeyIndex index;
  for (const char* const key : {"b", "a", "c"}) {
    index.set(Blob::of(std::string(key)), Blob::of(0));
  }
  index.set(Blob::of(std::string("b")), Blob::of(5));
  EXPECT_TRUE(index.erase(Blob::of(std::string("a"))));
  EXPECT_FALSE(index.erase(Blob::of(std::string("a"))));
  EXPECT_FALSE(index.insert(Blob::of(std::string("c")), Blob::of(9)).second);
  std::vector<std::pair<std::string, int>> items;
  for (const auto& [key, value] : index.items()) {
    items.emplace_back(key.as<std::string>(), value.as<int>());
  }
  EXPECT_EQ(items, (std::vector<std::pair<std::string, int>>{{"b", 5}, {"c", 0}}));
  const KeyIndex moved = std::move(index);
  EXPECT_EQ(moved.size(), 2u);
}

TEST(KeyIndex, NumbersInObjectsAreEqualByValue) {
  KeyIndex index = of(Object(1));
  EXPECT_TRUE(has(index, Object(1.0)));
  EXPECT_TRUE(has(index, Object(true)));
  EXPECT_TRUE(has(index, Object(1ULL)));
  EXPECT_FALSE(has(index, Object(1.5)));
  EXPECT_FALSE(has(index, Object("1")));
  KeyIndex large = of(Object(~0ULL));
  EXPECT_TRUE(has(large, Object(~0ULL)));
  EXPECT_FALSE(has(large, Object(-1)));
  KeyIndex real = of(Object(2.5));
  EXPECT_TRUE(has(real, Object(2.5F)));
}

TEST(KeyIndex, ZeroHasNoSign) {
  KeyIndex doubles = of(0.0);
  EXPECT_TRUE(has(doubles, -0.0));
  KeyIndex floats = of(-0.0F);
  EXPECT_TRUE(has(floats, 0.0F));
}

TEST(KeyIndex, OtherThingsAreEqualByTheirBytes) {
  KeyIndex texts = of(Object("text"));
  EXPECT_TRUE(has(texts, Object(std::string("text"))));
  EXPECT_FALSE(has(texts, Object("tex")));
  EXPECT_FALSE(has(texts, mp::None));
  KeyIndex none = of(mp::None);
  EXPECT_TRUE(has(none, Object()));
  KeyIndex tuples = of(std::pair(1, std::string("a")));
  EXPECT_TRUE(has(tuples, std::pair(1, std::string("a"))));
  EXPECT_FALSE(has(tuples, std::pair(2, std::string("a"))));
}

}  // namespace
