// SPDX-License-Identifier: BSD-3-Clause
//
// The listener's end of both forms of the handshake: see handshake_talk.hpp.
#include "fuzz/handshake_talk.hpp"

namespace multiprocess::test {

using Say = HandshakeTalk;

std::vector<Seed> seeds() {
  return {
      {"python", words({0, Say::answer, Say::challenge, Say::welcome})},
      {"python_md5", words({2, Say::answer, Say::challenge, Say::welcome})},
      {"python_rejected", words({0, Say::answer, Say::challenge, Say::failure})},
      {"python_wrong", words({0, Say::frame, 3, 1, 2, 3})},
      {"python_without_key", words({0, Say::welcome, Say::challenge, Say::welcome})},
      {"strict", words({1, Say::proof})},
      {"strict_wrong", words({1, Say::challenge})},
      {"length_bomb", words({0, Say::bytes, 4, 0x7f, 0xff, 0xff, 0xff})},
      {"in_pieces", words({0, Say::bytes, 2, 0, 0, Say::bytes, 3, 0, 2, 7, Say::bytes, 1, 8})},
  };
}

}  // namespace multiprocess::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace multiprocess::test;
  Input input(data, size);
  HandshakeTalk(HandshakeTalk::Role::listener, input).run(input);
  return 0;
}
