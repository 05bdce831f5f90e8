// SPDX-License-Identifier: BSD-3-Clause
// A server that answers several clients: it waits for all of their pipes at once.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mp = multiprocess;

struct Request {
  std::string item;
  int count = 0;
};

struct Reply {
  bool accepted = false;
  int left = 0;
};

void order(const mp::Connection& server, const std::string& item, int count) {
  for (int i = 0; i < 3; ++i) {
    server.send(Request{item, count});
    server.recv<Reply>();
  }
}

Reply answer(std::map<std::string, int>& stock, const Request& request) {
  int& left = stock[request.item];
  const bool accepted = left >= request.count;
  left -= accepted ? request.count : 0;
  return {accepted, left};
}

int main() {
  std::vector<mp::Connection> clients;
  for (const auto& [item, count] :
       {std::pair("apples", 3), std::pair("pears", 4), std::pair("apples", 2)}) {
    const auto [here, there] = mp::Pipe();
    mp::Process(order, there, item, count).start();
    there.close();  // the client has it: when that one ends, here is the end
    clients.push_back(here);
  }
  std::map<std::string, int> stock = {{"apples", 20}, {"pears", 10}};
  while (!clients.empty()) {
    const std::size_t ready = mp::wait(clients).front();
    try {
      clients[ready].send(answer(stock, clients[ready].recv<Request>()));
    } catch (const mp::EOFError&) {
      clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(ready));
    }
  }
  fmt::print("left: {} apples, {} pears\n", stock["apples"], stock["pears"]);
}
