// SPDX-License-Identifier: BSD-3-Clause
//
// What a child that is no copy of its parent gets: who it is and what it has to do. The first byte
// chooses a real payload of this build, which the others change, since a payload names places in
// the program; 0 stands for the others themselves, which may name callables.
#include "fuzz/fuzz.hpp"

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/bootstrap.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

namespace multiprocess::test {
namespace {

using namespace detail;

struct Tools {
  Lock lock;
  std::vector<Queue<std::string>> queues;
  std::map<std::string, Connection> connections;
  std::optional<Fd> fd;
};

void work(int, const std::string&) {}
void use(const Tools&, std::vector<int>) {}
struct Worker {
  void serve(int) {}
  int state = 0;
};

/// A payload as it lies in the arena.
struct Payload {
  std::string name;
  std::vector<std::byte> bytes;
  std::vector<SharedRef> refs;
  std::vector<os::Handle> descriptors;
};

template <class... Work>
Payload pack(const std::string& name, Work&&... work) {
  Outgoing beside(true);
  const Job job = Job::make(std::forward<Work>(work)...);
  const auto record = make_record("Process");
  const Message message(pack_start(
      *record, [&](OutputArchive& out) { job.save(out); }, this_participant(), beside));
  const Bytes bytes = message.bytes();
  return {
      name, {bytes.begin(), bytes.end()}, message.references(), std::move(beside.descriptors())};
}

std::vector<Payload> make_payloads() {
  // The folder is a part of a payload, and a seed is the same wherever it is made.
  const auto folder = std::filesystem::current_path();
  std::filesystem::current_path("/");
  static int known = 3;
  const Lock lock;
  const auto [reader, writer] = Pipe(false);
  const Tools tools{
      lock, {Queue<std::string>(3)}, {{"in", reader}, {"out", writer}}, Fd::duplicate(0)};
  std::vector<Payload> all;
  all.push_back(pack("named", named<"work">(&work), 5, "text"));
  all.push_back(pack("function", &work, 5, std::string(300, 'x')));
  all.push_back(pack(
      "lambda", [](int, const std::string&) {}, 5, "text"));
  all.push_back(pack("captured_pointer", [number = 7, where = &known] { *where += number; }));
  all.push_back(
      pack("captured_handles", [lock, other = Queue<std::string>()] { lock.acquire(false); }));
  all.push_back(pack("partial", partial(&work, 5), std::string("text")));
  all.push_back(pack("handles", &use, tools, std::vector<int>(20, 1)));
  all.push_back(pack("member_function", &Worker::serve, Worker{}, 5));
  all.push_back(
      pack("function_object", Function<void(int)>([number = 5](int) { known += number; }), 5));
  std::filesystem::current_path(folder);
  return all;
}

const std::vector<Payload>& payloads() {
  // Small: a wild offset is a fault.
  static const bool small = setenv("MULTIPROCESS_RESERVE", "268435456", 0) == 0;
  static const std::vector<Payload> all = make_payloads();
  require(small, "the arena is small");
  return all;
}

std::vector<os::Handle> duplicates(const std::vector<os::Handle>& handles) {
  std::vector<os::Handle> made;
  for (const os::Handle& handle : handles) {
    made.push_back(os::duplicate(handle.get()));
  }
  return made;
}

/// A list of changes: where, of which kind, and what.
std::vector<std::byte> changed(std::vector<std::byte> bytes, Input& input) {
  while (!input.empty()) {
    const std::size_t where = (input.byte() | std::size_t{input.byte()} << 8) % (bytes.size() + 1);
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(where);
    const std::uint8_t kind = input.byte();
    const std::ptrdiff_t left = bytes.end() - at;
    const std::ptrdiff_t length = std::min<std::ptrdiff_t>(kind / 4 % 16, left);
    if (kind % 4 == 0) {
      bytes.insert(at, static_cast<std::byte>(input.byte()));
    } else if (kind % 4 == 1) {
      bytes.erase(at, at + length);
    } else if (kind % 4 == 2) {
      bytes.resize(where);
    } else {
      std::generate_n(at, length, [&] { return static_cast<std::byte>(input.byte()); });
    }
  }
  return bytes;
}

void read(Bytes bytes, const Payload& beside) {
  const Incoming incoming(beside.refs, duplicates(beside.descriptors));
  try {
    read_start(bytes, [](Preparation&&) {});
  } catch (const ValueError&) {
  } catch (const TypeError&) {  // NotSendable too
  }
}

}  // namespace

std::vector<Seed> seeds() {
  std::vector<Seed> all;
  const Payload& named = payloads().front();
  Seed whole{"whole_payload", {std::byte{0}}};
  whole.bytes.insert(whole.bytes.end(), named.bytes.begin(), named.bytes.end());
  all.push_back(std::move(whole));
  for (const Payload& payload : payloads()) {
    const std::string& name = payload.name;
    const auto kind = static_cast<std::byte>(&payload - payloads().data() + 1);
    const auto middle = static_cast<std::byte>(payload.bytes.size() / 2);
    const std::byte zero{0};
    all.push_back({name, {kind}});
    all.push_back({name + "_longer", {kind, middle, zero, zero, std::byte{7}}});
    all.push_back({name + "_other_byte", {kind, middle, zero, std::byte{7}, std::byte{0x80}}});
    all.push_back({name + "_shorter", {kind, middle, zero, std::byte{2}}});
  }
  return all;
}

}  // namespace multiprocess::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace multiprocess::test;
  Input input(data, size);
  const std::size_t kind = input.byte() % (payloads().size() + 1);
  if (kind == 0) {
    read(input.rest(), payloads().back());
    return 0;
  }
  const Payload& payload = payloads()[kind - 1];
  read(changed(payload.bytes, input), payload);
  return 0;
}
