// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/takeover.hpp>

#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using mp::test::plenty;

namespace {

/// What the static constructors of this program did in this process, in plain memory: it is there
/// before they are.
struct Constructed {
  std::array<char, 8> order{};
  std::size_t count = 0;
  bool taken_over = false;
};
constinit Constructed constructed;

struct Constructor {
  explicit Constructor(char letter) {
    constructed.order.at(constructed.count++) = letter;
    if (constructed.count == 1) {
      constructed.taken_over = os::run_when_loaded();
    }
  }
};

const Constructor last __attribute__((init_priority(65535))) ('c');
const Constructor first __attribute__((init_priority(102))) ('a');
const Constructor second __attribute__((init_priority(103))) ('b');
const Constructor usual('d');

std::string order() {
  return constructed.order.data();
}

TEST(Takeover, AProgramThatNobodyStartedForAChildRunsItsMain) {
  os::link_takeover();
  EXPECT_FALSE(os::run_when_loaded());
  EXPECT_FALSE(constructed.taken_over);
  EXPECT_EQ(order(), "abcd");
}

struct Seen {
  std::string order;
  bool taken_over = false;
  bool in_a_test = true;
};

TEST(Takeover, AChildsWorkIsDoneAfterTheStaticConstructorsAndInsteadOfMain) {
  const mp::Queue<Seen> answers;
  mp::Process p(
      mp::ProcessOptions{.start_method = mp::StartMethod::spawn},
      [](const mp::Queue<Seen>& out) {
        const bool in_a_test = testing::UnitTest::GetInstance()->current_test_info() != nullptr;
        out.put({order(), constructed.taken_over, in_a_test});
        mp::exit(7);
      },
      answers);
  p.start();
  const Seen seen = answers.get(plenty);
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 7);
  EXPECT_EQ(seen.order, order());
  EXPECT_TRUE(seen.taken_over);  // known before the program's first constructor ran
  EXPECT_FALSE(seen.in_a_test);
}

}  // namespace
