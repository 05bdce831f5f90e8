// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/own_codec.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/error.hpp>

#include <gtest/gtest.h>
#include <cereal/types/base_class.hpp>
#include <cereal/types/polymorphic.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace multiprocess::test {

struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const { return 0; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name);
  }
  std::string name;
};
struct Square final : Shape {
  int corners() const override { return 4; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Shape>(this), side);
  }
  double side = 0;
};
struct Unregistered final : Shape {};
struct Animal {
  virtual ~Animal() = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(legs);
  }
  std::vector<int> legs;
};

}  // namespace multiprocess::test

CEREAL_REGISTER_TYPE(multiprocess::test::Square)

namespace multiprocess::test {
namespace {

using detail::decode;
using detail::encode;

std::shared_ptr<Shape> square() {
  const auto made = std::make_shared<Square>();
  made->name = "small";
  made->side = 2;
  return made;
}

void append(std::vector<std::byte>& bytes, std::uint32_t number) {
  bytes.resize(bytes.size() + sizeof(number));
  std::memcpy(bytes.data() + bytes.size() - sizeof(number), &number, sizeof(number));
}

TEST(OwnCodec, CarriesObjectsOfRegisteredClassesBehindTheirBases) {
  const auto shape = square();
  using Shapes = std::vector<std::shared_ptr<Shape>>;
  const auto crossed = decode<Shapes>(encode(Shapes{shape, nullptr, shape}));
  ASSERT_EQ(crossed.size(), 3);
  EXPECT_EQ(crossed[0]->corners(), 4);
  EXPECT_EQ(crossed[0]->name, "small");
  EXPECT_EQ(crossed[1], nullptr);
  EXPECT_EQ(crossed[2], crossed[0]);
}

TEST(OwnCodec, RefusesAClassThatWasNotRegistered) {
  const std::shared_ptr<Shape> shape = std::make_shared<Unregistered>();
  EXPECT_THROW(encode(shape), NotSendable);
}

TEST(OwnCodec, RefusesTheNameOfNoClass) {
  auto bytes = encode(square());
  for (std::byte& each : bytes) {
    each = each == std::byte{'S'} ? std::byte{'s'} : each;
  }
  EXPECT_THROW(decode<std::shared_ptr<Shape>>(bytes), ValueError);
}

TEST(OwnCodec, RefusesAPointerToAnObjectOfAnotherClass) {
  using Both = std::pair<std::shared_ptr<Shape>, std::shared_ptr<Animal>>;
  auto bytes = encode(square());
  append(bytes, cereal::detail::msb2_32bit);  // just an Animal
  append(bytes, 1);                           // the first object of the message
  EXPECT_THROW(decode<Both>(bytes), ValueError);
}

}  // namespace
}  // namespace multiprocess::test
