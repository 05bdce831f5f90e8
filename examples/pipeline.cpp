// SPDX-License-Identifier: BSD-3-Clause
// A pipeline: each stage is a process that receives from the one before and sends to the next.
#include <multiprocess/multiprocess.hpp>

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace mp = multiprocess;

using Words = std::vector<std::string>;
using Step = mp::Function<Words(Words)>;

void produce(const mp::Connection& out) {
  out.send(Words{"pipes", "from", "hello"});
  out.send(Words{"children", "their", "of", "end", "the", "and"});
}

/// Applies `step` to all that comes, until the stage before has ended.
void run_stage(const Step& step, const mp::Connection& in, const mp::Connection& out) {
  try {
    while (true) {
      out.send(step(in.recv<Words>()));
    }
  } catch (const mp::EOFError&) {
  }
}

int main() {
  const std::string sign = "!";
  const std::vector<Step> steps = {
      [](const Words& words) { return Words(words.rbegin(), words.rend()); },
      MP_FN((sign),
            (Words words) {
              words.back() += sign;
              return words;
            }),
  };
  auto [last, out] = mp::Pipe(false);
  std::vector<mp::Process> stages;
  stages.emplace_back(produce, out).start();
  for (const Step& step : steps) {
    out.close();  // the stage has it: when that one ends, the next one sees the end
    const auto [in, next] = mp::Pipe(false);
    stages.emplace_back(run_stage, step, std::exchange(last, in), out = next).start();
  }
  out.close();
  try {
    while (true) {
      fmt::print("{}\n", fmt::join(last.recv<Words>(), " "));
    }
  } catch (const mp::EOFError&) {
    fmt::print("{} stages\n", stages.size());
  }
}
