// SPDX-License-Identifier: BSD-3-Clause
#include "files.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace fs = std::filesystem;

using Sizes = std::set<std::pair<std::string, std::uint64_t>>;

static void add_file(Sizes& sizes, const fs::directory_entry& entry) {
  std::error_code error;
  if (!entry.is_symlink(error) && entry.is_regular_file(error)) {
    const std::uintmax_t size = entry.file_size(error);
    sizes.emplace(entry.path().string(), error ? 0 : size);
  }
}

std::uint64_t size_of(const Chunks& chunks) {
  std::uint64_t sum = 0;
  for (const Chunk& chunk : chunks) {
    sum += chunk.size();
  }
  return sum;
}

Chunks find_files(const std::vector<std::string>& folders) {
  Sizes sizes;
  for (const fs::path folder : folders) {
    const fs::path root = fs::canonical(folder);  // so that no file has two names
    add_file(sizes, fs::directory_entry(root));
    std::error_code error;
    fs::recursive_directory_iterator walk(root, fs::directory_options::skip_permission_denied,
                                          error);
    for (; walk != fs::recursive_directory_iterator(); walk.increment(error)) {
      add_file(sizes, *walk);
    }
  }
  Chunks files;
  for (const auto& [path, size] : sizes) {
    files.push_back({static_cast<std::uint32_t>(files.size()), path, 0, size});
  }
  return files;
}

Chunks split(const Chunks& files, std::uint64_t size) {
  Chunks chunks;
  for (const Chunk& file : files) {
    std::uint64_t begin = 0;
    do {  // an empty file is one chunk too
      const std::uint64_t end = begin + std::min(size, file.end - begin);
      chunks.push_back({static_cast<std::uint32_t>(chunks.size()), file.path, begin, end});
      begin = end;
    } while (begin < file.end);
  }
  return chunks;
}
