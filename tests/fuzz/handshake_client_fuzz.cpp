// SPDX-License-Identifier: BSD-3-Clause
//
// The client's end of both forms of the handshake: see handshake_talk.hpp.
#include "fuzz/handshake_talk.hpp"

namespace multiprocess::test {

using Say = HandshakeTalk;

std::vector<Seed> seeds() {
  return {
      {"python", words({0, Say::challenge, Say::welcome, Say::answer})},
      {"python_rejected", words({0, Say::challenge, Say::failure})},
      {"python_wrong", words({0, Say::challenge, Say::welcome, Say::frame, 2, 1, 2})},
      {"python_of_another_form", words({0, Say::frame, 3, '#', 'C', 'H'})},
      {"python_reflected", words({0, Say::challenge, Say::welcome, Say::challenge})},
      {"strict", words({1, Say::challenge, Say::proof})},
      {"strict_rejected", words({1, Say::challenge, Say::failure})},
      {"strict_wrong", words({1, Say::challenge, Say::frame, 4, 1, 2, 3, 4})},
      {"length_bomb", words({0, Say::bytes, 4, 0xff, 0xff, 0xff, 0xff})},
  };
}

}  // namespace multiprocess::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace multiprocess::test;
  Input input(data, size);
  HandshakeTalk(HandshakeTalk::Role::client, input).run(input);
  return 0;
}
