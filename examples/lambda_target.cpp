// SPDX-License-Identifier: BSD-3-Clause
// Lambdas as targets: numbers and shared handles are captured as usual, strings and containers
// through MP_FN or partial, which know how to send them.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <string>
#include <vector>

namespace mp = multiprocess;

template <class Target>
std::string answer_of(const mp::Queue<std::string>& answers, Target target) {
  mp::Process process(target, 14);
  process.start();
  std::string answer = answers.get();
  process.join();
  return answer;
}

int main() {
  const mp::Queue<std::string> answers;

  const int factor = 3;
  fmt::print("{}\n", answer_of(answers, [answers, factor](int x) {
               answers.put(fmt::format("captured number: {} x {} = {}", factor, x, factor * x));
             }));

  const std::string unit = "km";
  const std::vector<int> steps = {1, 2, 3};
  fmt::print("{}\n", answer_of(answers, MP_FN((answers, unit, steps), (int x) {
                                 answers.put(fmt::format("captured containers: {} {}",
                                                         x * steps.back(), unit));
                               })));

  const auto convert = [](const mp::Queue<std::string>& out, const std::string& suffix, int x) {
    out.put(fmt::format("partial: {} {}", x, suffix));
  };
  fmt::print("{}\n", answer_of(answers, mp::partial(convert, answers, unit)));
}
