// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/type_name.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace multiprocess::detail {
namespace {

struct Plain {};

TEST(TypeName, IsWhatTheProgramWrites) {
  EXPECT_EQ(type_name<int>(), "int");
  EXPECT_EQ(plain_class_name(type_name<Plain>()), "Plain");
  EXPECT_EQ(plain_class_name("a::b<c::d>"), "b");
}

TEST(TypeName, IsReadableWithoutTheLibrarysInnerNamespaces) {
  EXPECT_EQ(readable("std::vector<std::__cxx11::basic_string<char> >"), "std::vector<std::string>");
  EXPECT_EQ(readable("std::__cxx11::list<int>"), "std::list<int>");
  EXPECT_EQ(readable("double"), "double");
  EXPECT_EQ(readable(type_name<std::string>()), "std::string");
}

TEST(TypeName, IsHashedAlikeForAllCompilers) {
  static_assert(hash_spelling("std::__cxx11::list<long int>()") ==
                hash_spelling("std::list<long int> ()"));
  static_assert(hash_spelling("int()") != hash_spelling("int(int)"));
  static_assert(hash_spelling("int()") == hash_text("int()"));
}

template <class T = Plain, class U = std::vector<T>>
struct WithDefaults {
  template <class V>
  struct Inner {};
};

TEST(NameTag, DoesNotDependOnHowArgumentsAreSpelled) {
  static_assert(template_name("a::b<c::d<e>, f<> >") == "a::b");
  static_assert(template_name("a<int>::b<c>") == "a<int>::b");
  static_assert(template_name("a") == "a");
  static_assert(name_tag<WithDefaults<>> ==
                mix_names<Plain, std::vector<Plain>>(
                    hash_spelling(template_name(type_name<WithDefaults<int, int>>()))));
}

template <class T>
using Nested = std::map<std::string, std::vector<T>>;

TEST(NameTag, OfATypeWithinATypeIsWorkedOutOnce) {
  using Deep = Nested<Nested<Nested<std::string>>>;
  static_assert(name_tag<void(Deep)> != name_tag<void(Nested<Deep>)>);
}

TEST(NameTag, TellsTypesApart) {
  static_assert(name_tag<WithDefaults<>> != name_tag<WithDefaults<int>>);
  static_assert(name_tag<WithDefaults<long>> != name_tag<WithDefaults<long long>>);
  static_assert(name_tag<WithDefaults<int>::Inner<int>> !=
                name_tag<WithDefaults<long>::Inner<int>>);
  static_assert(name_tag<int(long)> != name_tag<int(int)>);
  static_assert(name_tag<const Plain*> != name_tag<Plain*>);
  static_assert(name_tag<Plain&> != name_tag<Plain&&>);
}

}  // namespace
}  // namespace multiprocess::detail
