// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shared_referent.hpp>

#include <multiprocess/detail/manager_server.hpp>

#include <vector>

namespace multiprocess::detail {

void SharedReferent::watch(const std::shared_ptr<Session>& session) {
  if (sessions_.try_emplace(session->number(), session).second) {
    ++processes_[session->process()];
    session->watch(shared_from_this());
  }
}

void SharedReferent::session_ended(Session& session) {
  const auto known = sessions_.find(session.number());
  if (known == sessions_.end()) {
    return;
  }
  const std::shared_ptr<Session> ended = known->second;
  sessions_.erase(known);
  thread_ended(*ended);
  const auto process = processes_.find(ended->process());
  if (--process->second == 0) {
    processes_.erase(process);
    process_ended(ended->process(), !ended->has_left());
  }
}

void SharedReferent::end_the_dead(ManagerServer& server) {
  std::vector<std::shared_ptr<Session>> dead;
  for (const auto& [number, session] : sessions_) {
    if (session->has_died()) {
      dead.push_back(session);
    }
  }
  if (!dead.empty()) {
    server.hear_goodbyes();
  }
  for (const std::shared_ptr<Session>& session : dead) {
    session->end();
  }
}

}  // namespace multiprocess::detail
