// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/call_data.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/lock.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace mp = multiprocess;
using mp::detail::Blob;
using mp::detail::CallReader;
using mp::detail::CallWriter;

namespace {

TEST(CallData, ReadsWhatWasWritten) {
  CallWriter writer;
  writer.put(7);
  writer.put_signed(-7);
  writer.put_text("text");
  writer.put_value(std::vector<int>{1, 2});
  writer.put_value("literal");
  CallReader reader(writer.bytes(), writer.refs());
  EXPECT_EQ(reader.get(), 7u);
  EXPECT_EQ(reader.get_signed(), -7);
  EXPECT_EQ(reader.get_text(), "text");
  EXPECT_EQ(reader.get_value<std::vector<int>>(), (std::vector<int>{1, 2}));
  EXPECT_FALSE(reader.at_end());
  EXPECT_EQ(reader.get_value<std::string>(), "literal");
  EXPECT_TRUE(reader.at_end());
}

TEST(CallData, AValueOfAnotherTypeIsRefused) {
  const Blob blob = Blob::of(5);
  EXPECT_EQ(blob.as<int>(), 5);
  EXPECT_EQ(blob.as<mp::Object>().as<long>(), 5);
  EXPECT_THROW(blob.as<std::string>(), mp::TypeError);
}

TEST(CallData, EachValueHasItsOwnHandles) {
  const mp::Lock first;
  const mp::Lock second;
  CallWriter writer;
  writer.put_value(first);
  writer.put_value(std::vector<mp::Lock>{second, first});
  CallReader reader(writer.bytes(), writer.refs());
  const Blob one = reader.get_blob();
  const Blob both = reader.get_blob();
  EXPECT_TRUE(one.as<mp::Lock>() == first);
  EXPECT_TRUE(both.as<std::vector<mp::Lock>>().at(0) == second);
  EXPECT_TRUE(one == Blob::of(first));
  EXPECT_FALSE(one == Blob::of(second));
  const Blob copy = both;
  EXPECT_TRUE(copy == both);
}

TEST(CallData, GrowsWithoutLoss) {
  CallWriter writer;
  const std::string text(1000, 'x');
  for (int i = 0; i < 20; ++i) {
    writer.put_value(i);
    writer.put_text(text);
  }
  CallReader reader(writer.bytes(), writer.refs());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(reader.get_value<int>(), i);
    EXPECT_EQ(reader.get_text(), text);
  }
}

TEST(CallData, DamageIsAnError) {
  CallWriter writer;
  writer.put_value(std::string(40, 'x'));
  writer.put_value(mp::Lock());
  const std::vector<std::byte> whole(writer.bytes().begin(), writer.bytes().end());
  for (std::size_t size = 0; size + 8 <= whole.size(); ++size) {
    CallReader reader(mp::detail::Bytes(whole).first(size), writer.refs());
    EXPECT_ANY_THROW({
      reader.get_blob().as<std::string>();
      reader.get_blob().as<mp::Lock>();
    });
  }
  std::vector<std::byte> counts = whole;
  counts[7] = std::byte{0x7f};
  EXPECT_THROW(CallReader(counts, {}).get_blob(), mp::ValueError);
  EXPECT_THROW(CallReader(whole, {}).get_ref(), mp::ValueError);
}

}  // namespace
