// SPDX-License-Identifier: BSD-3-Clause
//
// A block that any program of the user may have written: a list is found in it or refused, and its
// items are read, changed and printed, or refused as well.
#include "fuzz/fuzz.hpp"

#include <multiprocess/error.hpp>
#include <multiprocess/shareable_list.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace multiprocess::test {
namespace {

/// One block for all inputs: its size is what the input chooses within it.
class Block {
 public:
  static constexpr std::size_t size = 4096;

  const std::string& name() const { return name_; }
  void fill(detail::Bytes bytes) const {
    const std::span<std::byte> all = memory_.buf();
    std::fill(all.begin(), all.end(), std::byte{});
    std::copy_n(bytes.begin(), std::min(bytes.size(), all.size()), all.begin());
  }
  ~Block() { memory_.unlink(); }

 private:
  std::string name_ = "mp-fuzz-" + std::to_string(getpid());
  mutable SharedMemory memory_ = SharedMemory::create(size, name_, false);
};

template <class Call>
void try_it(Call call) {
  try {
    call();
  } catch (const ValueError&) {
  } catch (const TypeError&) {
  } catch (const IndexError&) {
  }
}

void use(const ShareableList& list) {
  for (std::ptrdiff_t i = 0; i < std::min<std::ptrdiff_t>(list.size(), 64); ++i) {
    try_it([&] { (void)list.at(i); });
    try_it([&] { list.set(i, "a text"); });
    try_it([&] { list.set(i, 7); });
    try_it([&] { (void)list.get<std::string>(-i); });
  }
  try_it([&] { (void)list.format(); });
  try_it([&] { (void)list.count("a text"); });
  try_it([&] { (void)fmt::format("{}", list); });
}

}  // namespace

std::vector<Seed> seeds() {
  std::vector<Seed> all{{"nothing", {}}};
  const auto add = [&all](const char* name, const ShareableList& list) {
    const auto bytes = list.shm().buf();
    all.push_back({name, {bytes.begin(), bytes.end()}});
    SharedMemory(list.shm()).unlink();
  };
  add("mixed", {true, "hi", std::nullopt, 7, 1.5});
  add("texts", {"one", "two two two", ""});
  return all;
}

}  // namespace multiprocess::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace multiprocess::test;
  static const Block block;
  block.fill(Input(data, size).rest());
  try_it([] { use(multiprocess::ShareableList::attach(block.name())); });
  return 0;
}
