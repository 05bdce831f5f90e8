// SPDX-License-Identifier: BSD-3-Clause
//
// fuzz_replay_<name> corpus/<name>          runs a fuzzer on the files and on fresh seeds
// fuzz_replay_<name> --write corpus/<name>  writes the seeds: real messages of this build
//
// What a fuzzer finds goes into the corpus as well, under a name that says what it was.
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

namespace fs = std::filesystem;
using multiprocess::test::Seed;

void run(const std::vector<std::byte>& bytes) {
  // Of just this size, so that a sanitizer sees a read past the end.
  const std::vector<std::byte> exact(bytes);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(exact.data()), exact.size());
}

std::vector<std::byte> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void write_file(const fs::path& path, const std::vector<std::byte>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

/// Each also cut short and with a few of its bits turned over.
void run_around(const std::vector<std::byte>& bytes) {
  const std::size_t step = std::max<std::size_t>(bytes.size() / 64, 1);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    run({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at)});
    std::vector<std::byte> changed = bytes;
    changed[at] ^= std::byte{0x81};
    run(changed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::vector<Seed> fresh = multiprocess::test::seeds();
  if (words.size() == 2 && words[0] == "--write") {
    fs::create_directories(words[1]);
    for (const Seed& seed : fresh) {
      write_file(fs::path(words[1]) / seed.name, seed.bytes);
    }
    return 0;
  }
  std::size_t files = 0;
  for (const std::string& folder : words) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      std::printf("%s\n", entry.path().c_str());
      std::fflush(stdout);
      run_around(read_file(entry.path()));
      run(read_file(entry.path()));
      ++files;
    }
  }
  for (const Seed& seed : fresh) {
    run_around(seed.bytes);
    run(seed.bytes);
  }
  std::printf("%zu files, %zu seeds\n", files, fresh.size());
  return files == 0 ? 1 : 0;
}
