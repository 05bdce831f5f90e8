// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/link.hpp>

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/link_lines.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/logging.hpp>

#include <exception>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

void encode(CallWriter& message, const Desk& desk, Bytes call, std::span<const SharedRef> refs) {
  message.put(refs.size());
  for (const SharedRef& ref : refs) {
    if (!is_of_type(ref, ObjectType::cell) || cell_of(ref).desk.load() != offset_of(&desk)) {
      throw NotSendable(
          "a manager of another program can be given values and its own proxies, but no Lock, "
          "Queue, Connection or proxy of another manager: those stay in their tree of processes");
    }
    message.put(cell_of(ref).id);
  }
  message.append(call);
}

/// What was dropped since somebody asked last: its ids.
std::vector<std::uint64_t> take_dropped_ids(Desk& desk) {
  std::vector<std::uint64_t> ids;
  for (Offset next = take_dropped(desk); next != 0;) {
    Stub& stub = *at<Stub>(next);
    next = stub.next.load(std::memory_order_acquire);
    ids.push_back(stub.id.load(std::memory_order_relaxed) & ~Stub::dropped);
    step::store(stub.id, 0);
  }
  return ids;
}

/// By the thread's own line, if it has one: then before its next call.
void give_back(const std::shared_ptr<Link>& link, std::span<const std::uint64_t> ids) {
  const std::shared_ptr<Line> line = ids.empty() ? nullptr : some_line(link);
  if (line == nullptr) {
    return;
  }
  CallWriter message;
  begin_notice(message, ManagerMethod::drop);
  message.put(ids.size());
  for (const std::uint64_t id : ids) {
    message.put(id);
  }
  LineUse(line).connection().send_bytes(message.bytes());
}

void tell_dropped(Desk& desk, const std::shared_ptr<Link>& link) {
  give_back(link, take_dropped_ids(desk));
}

/// The server keeps no object for us that could not be received.
LinkAnswer decode(const std::shared_ptr<Link>& link, std::vector<std::byte> bytes) {
  LinkAnswer answer{std::move(bytes), 0, {}};
  CallReader from(answer.bytes, {});
  std::vector<std::uint64_t> ids;
  std::vector<std::uint64_t> types;
  for (std::uint64_t left = from.get(); left != 0; --left) {
    ids.push_back(from.get());
    types.push_back(from.get());
  }
  answer.begin = answer.bytes.size() - from.rest().size();
  answer.refs.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    try {
      answer.refs.push_back(make_linked_cell(link->desk, ids[i], types[i]));
    } catch (...) {
      give_back(link, std::span(ids).subspan(i));
      throw;
    }
  }
  return answer;
}

std::vector<std::byte> exchange(const std::shared_ptr<Link>& link, Bytes message) {
  const std::shared_ptr<Line> line = thread_line(link);
  const LineUse use(line);
  try {
    use.connection().send_bytes(message);
    return use.receive();
  } catch (...) {
    end_line(link, line);
    throw;
  }
}

/// The server had not read all of the call, or not written all of the answer.
bool is_cut_off(const std::system_error& error) {
  return error.code() == std::errc::connection_reset ||
         error.code() == std::errc::connection_aborted;
}

}  // namespace

SharedRef link_desk(const ManagerPlace& place) {
  SharedRef desk = make_desk();
  set_place(desk_at(desk), place);
  step::store(desk_at(desk).state, Desk::linked);
  return desk;
}

LinkAnswer ask_over_link(Desk& desk, Bytes call, std::span<const SharedRef> refs) {
  CallWriter message;
  encode(message, desk, call, refs);
  const std::shared_ptr<Link> link = own_link(desk);
  std::vector<std::byte> answer;
  try {
    tell_dropped(desk, link);
    answer = exchange(link, message.bytes());
  } catch (const EOFError&) {
    end_if_server_has(link);
    throw_ended_meanwhile();
  } catch (const std::system_error& error) {
    end_if_server_has(link);
    if (error.code() == std::errc::broken_pipe) {
      throw_ended_before();
    }
    if (is_cut_off(error)) {
      throw_ended_meanwhile();
    }
    stay_if_process_ends();
    throw;
  }
  return decode(link, std::move(answer));
}

void settle_link(Desk& desk) noexcept try {
  const std::shared_ptr<Link> link = known_link(desk);
  if (link == nullptr) {
    return;
  }
  tell_dropped(desk, link);
  leave_link(link);
} catch (const std::exception& error) {  // the server has ended, most likely
  log(SUBDEBUG, error.what());
}

void keep_link(const SharedRef& desk, bool keep) {
  if (keep) {
    own_link(desk_at(desk), 1);
  } else if (drop_manager(desk_at(desk))) {
    settle_link(desk_at(desk));
  }
}

void keep_lent(const SharedRef& cell) noexcept try {
  Desk& desk = desk_of(cell);
  if (desk.is_linked()) {
    own_link(desk);
  }
} catch (const std::exception& error) {  // a call will say so
  log(SUBDEBUG, error.what());
}

}  // namespace multiprocess::detail
