// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/listener.hpp>

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <utility>

namespace multiprocess::test {

/// A suite whose tests run at a path and on TCP.
class Places : public testing::TestWithParam<const char*> {
 protected:
  static Address place() { return place_named(GetParam()); }

 private:
  static Address place_named(const std::string& name) {
    return name == "tcp" ? Address("127.0.0.1", 0) : Address();
  }
};

/// A client that connects in a thread while this one accepts it: both ends.
inline std::pair<Connection, Connection> meet(connection::Listener& listener,
                                              const connection::Options& options) {
  auto client = std::async(std::launch::async, [address = listener.address(), options] {
    return connection::Client(address, options);
  });
  Connection server = listener.accept(std::chrono::seconds(20));
  return {std::move(server), client.get()};
}

}  // namespace multiprocess::test

/// Instantiates a suite that is derived from Places.
#define MULTIPROCESS_FOR_EACH_PLACE(Suite)                               \
  INSTANTIATE_TEST_SUITE_P(Place, Suite, testing::Values("path", "tcp"), \
                           [](const auto& place) { return std::string(place.param); })
