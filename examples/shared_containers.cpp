// SPDX-License-Identifier: BSD-3-Clause
// Processes count words in a map, collect the longest in a vector and write down what they did; no
// server is needed for that.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace mp = multiprocess;

struct Tally {
  mp::SharedMap<std::string, int> counts;
  mp::SharedVector<int> lengths;
  mp::SharedString diary;
};

void count_words(const Tally& tally, const std::string& text) {
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    tally.counts.update(word, [](int& count) { ++count; });  // one step, whoever else counts
    tally.lengths.push_back(static_cast<int>(word.size()));
  }
  tally.diary += "done. ";
}

int main() {
  const Tally tally;
  const std::vector<std::string> texts{"to be or not to be", "that is the question", "to be that"};
  std::vector<mp::Process> processes;
  for (const std::string& text : texts) {
    processes.emplace_back(count_words, tally, text).start();
  }
  for (mp::Process& process : processes) {
    process.join();
  }
  for (const auto& [word, count] : tally.counts.items()) {
    fmt::print("{} {}\n", word, count);
  }
  const std::vector<int> lengths = tally.lengths.to_vector();
  fmt::print("{} words, the longest has {} letters\n", lengths.size(), std::ranges::max(lengths));
  fmt::print("{}\n", tally.diary.str());
}
