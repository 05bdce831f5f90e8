// SPDX-License-Identifier: BSD-3-Clause
// Counts the words of all text files below some folders, with N processes and with one.
#include "crew.hpp"
#include "files.hpp"
#include "report.hpp"

#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <exception>

namespace mp = multiprocess;

Result count_alone(const Chunks& files) {
  const Stopwatch watch;
  Result result;
  for (const Chunk& file : files) {
    result.note(file, count_words(file, result.words));
  }
  result.seconds = watch.seconds();
  return result;
}

Result count_with_processes(const Chunks& chunks, const Options& options) {
  const Stopwatch watch;
  Ledger ledger(chunks);
  Crew(chunks, options).wait(ledger);
  Result result = ledger.close();
  result.seconds = watch.seconds();
  return result;
}

int main(int argc, char** argv) try {
  Options options = parse_options(argc, argv);
  if (options.processes == 0) {
    options.processes = static_cast<std::uint32_t>(mp::cpu_count());
  }
  if (!options.start_method.empty()) {
    mp::set_start_method(options.start_method);
  }
  const Chunks files = find_files(options.folders);
  count_alone(
      files);  // reads the files into the system's cache: neither run below pays for the disk
  const Result many = count_with_processes(split(files, options.chunk), options);
  const Result one = count_alone(files);
  if (!many.same_as(one)) {
    fmt::print(stderr, "wordcount: {} processes found other words than one\n", options.processes);
    return 1;
  }
  print_words(many, options.top);
  print_speed(many, one, options.processes);
} catch (const std::exception& error) {
  fmt::print(stderr, "wordcount: {}\n", error.what());
  return 2;
}
