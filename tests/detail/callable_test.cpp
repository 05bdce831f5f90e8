// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/callable.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multiprocess::detail {
namespace {

std::string said;

std::vector<std::byte> saved(const Job& job) {
  ByteBuffer buffer;
  OutputArchive archive(buffer);
  job.save(archive);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

Job loaded(Bytes bytes) {
  InputArchive archive(bytes);
  Job job = Job::load(archive);
  archive.expect_end();
  return job;
}

std::string run(Job job) {
  said.clear();
  loaded(saved(job))();
  return said;
}

void say(const std::string& text, int times) {
  for (int i = 0; i < times; ++i) {
    said += text;
  }
}
void say_old(const char* text) {
  said = text;
}
void change(std::string& text) {
  said = text += "!";
}
void take(std::string&& text) {
  said = std::move(text);
}

TEST(Job, RunsItsTargetWithItsArguments) {
  EXPECT_EQ(run(Job::make(&say, std::string("ab"), 2)), "abab");
  EXPECT_EQ(run(Job::make(say, "literal", 1)), "literal");
  EXPECT_EQ(run(Job::make([](auto... each) { said = std::to_string((each + ...)); }, 1, 2, 3)),
            "6");
}

TEST(Job, PassesLvaluesOrElseRvalues) {
  EXPECT_EQ(run(Job::make(&change, "x")), "x!");
  EXPECT_EQ(run(Job::make(&take, "moved")), "moved");
  EXPECT_EQ(run(Job::make(&say_old, "as chars")), "as chars");
}

TEST(Job, KeepsWhatItWasGiven) {
  std::string text = "before";
  const std::vector<int> numbers{1, 2, 3};
  const Job job = Job::make(
      [](std::string_view view, const std::vector<int>& all) {
        said = std::string(view) + std::to_string(all.size());
      },
      std::string_view(text), std::span<const int>(numbers));
  text = "after";
  said.clear();
  loaded(saved(job))();
  EXPECT_EQ(said, "before3");
}

struct Greeter {
  std::string name;
  void greet(const std::string& word) { said = word + " " + name; }
};

TEST(Job, CallsMembers) {
  EXPECT_EQ(run(Job::make(&Greeter::greet, Greeter{"Bob"}, "hello")), "hello Bob");
}

TEST(Job, CarriesFunctionsPartialsAndMacros) {
  const std::string name = "Carol";
  EXPECT_EQ(run(Job::make(MP_FN((name), () { said = name; }))), "Carol");
  EXPECT_EQ(run(Job::make(partial(&say, "p"), 2)), "pp");
  EXPECT_EQ(run(Job::make(Function<void(const std::string&, int)>(&say), "f", 1)), "f");
}

const auto whisper = named<"whisper">([](const std::string& text) { said = "(" + text + ")"; });

TEST(Job, TravelsByNameWithItsOwnParameters) {
  EXPECT_EQ(run(Job::make(whisper, "psst")), "(psst)");
}

TEST(Job, OfNothingIsNothing) {
  EXPECT_FALSE(Job());
  EXPECT_FALSE(loaded(saved(Job())));
}

TEST(Job, RefusesANullFunction) {
  void (*const null)() = nullptr;
  EXPECT_THROW(Job::make(null), TypeError);
}

TEST(Job, ForForkOnlyTakesAnyClosureAndIsNeverSent) {
  int local = 1;
  Job job = Job::make(fork_only([&local](std::unique_ptr<int>& p) { local += *p; }),
                      std::make_unique<int>(4));
  EXPECT_TRUE(job.fork_only());
  EXPECT_FALSE(Job::make(&say_old, "x").fork_only());
  job();
  EXPECT_EQ(local, 5);
  try {
    saved(job);
    FAIL();
  } catch (const NotSendable& error) {
    EXPECT_NE(std::string(error.what()).find("StartMethod::fork"), std::string::npos);
  }
}

TEST(Job, IsRefusedWhenItIsAnotherThing) {
  EXPECT_THROW(loaded(encode(std::string("not a job at all"))), std::exception);
  const auto function = encode(Function<void()>([] {}));
  EXPECT_THROW(loaded(function), ValueError);
}

TEST(Job, SurvivesTruncationAndFlippedBits) {
  int k = 7;
  const auto bytes =
      saved(Job::make([k](const std::string& s) { said = s + std::to_string(k); }, "text"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(loaded(Bytes(bytes).first(size)), std::exception);
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    try {
      loaded(flipped)();
    } catch (const std::exception&) {
    }
  }
}

TEST(Descriptor, IsFoundBehindItsMagicAndSignature) {
  const Descriptor forged = {Descriptor::the_magic, nullptr, job_signature, "forged", {}, nullptr};
  EXPECT_NE(forged.self, &forged);
  static const Descriptor constant = {Descriptor::the_magic, &constant, 1, "constant", {}, nullptr};
  ByteBuffer buffer;
  OutputArchive archive(buffer);
  save_descriptor(archive, constant);
  InputArchive right(buffer.bytes());
  EXPECT_EQ(&load_descriptor(right, 1, "constant"), &constant);
  InputArchive wrong(buffer.bytes());
  EXPECT_THROW(load_descriptor(wrong, 2, "another"), ValueError);
}

}  // namespace
}  // namespace multiprocess::detail
