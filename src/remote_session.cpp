// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/remote_session.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/logging.hpp>

#include <exception>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr int most_reads = 16;  // then others have their turn

[[noreturn]] void throw_no_protocol(const char* text) {
  throw std::system_error(std::make_error_code(std::errc::protocol_error), text);
}

/// No process of the server's own tree has the highest bit.
std::uint64_t process_number(std::uint64_t tree, std::uint64_t ticket) noexcept {
  return (tree * 0x9e3779b97f4a7c15U ^ ticket) | std::uint64_t{1} << 63;
}

std::optional<Seal> seal(std::shared_ptr<const Secret> key) {
  return key == nullptr ? std::nullopt : std::optional<Seal>(std::move(key));
}

}  // namespace

void Loans::lend(const SharedRef& cell) {
  const std::uint64_t id = cell_of(cell).id;
  if (const auto found = loans_.find(id); found != loans_.end()) {
    ++found->second.count;
  } else {
    loans_.emplace(id, Loan{take_own_reference(cell.offset()), 1});
  }
}

void Loans::give_back(std::uint64_t id) noexcept {
  if (const auto found = loans_.find(id); found != loans_.end() && --found->second.count == 0) {
    loans_.erase(found);
  }
}

const SharedRef& Loans::find(std::uint64_t id) const {
  const auto found = loans_.find(id);
  if (found == loans_.end()) {
    throw RuntimeError("the manager has no such object any more");
  }
  return found->second.cell;
}

RemoteSession::RemoteSession(ManagerServer& server, LoansByTree& trees, os::Poller& poller,
                             std::uint64_t tag, Peer peer)
    : Session(server.next_session()),
      server_(server),
      trees_(trees),
      poller_(poller),
      tag_(tag),
      stream_(std::move(peer.stream)),
      sending_(seal(peer.keys ? peer.keys->sending : nullptr)),
      receiving_(seal(peer.keys ? peer.keys->receiving : nullptr)),
      name_(std::move(peer.name)),
      process_(Session::process()) {}

bool RemoteSession::read() {
  for (int reads = 0; reads < most_reads; ++reads) {
    const std::span<std::byte> room = input_.room();
    const auto got = os::read_now(stream(), room);
    if (!got) {
      return true;
    }
    if (*got == 0) {
      return false;
    }
    input_.filled(*got);
    while (const auto frame = input_.next()) {
      take(*frame);
    }
    if (*got < room.size()) {
      return true;
    }
  }
  return true;
}

void RemoteSession::take(Bytes message) {
  if (receiving_) {
    const auto opened = receiving_->open(message);
    if (!opened) {
      throw std::system_error(std::make_error_code(std::errc::bad_message),
                              "a message that the client has not sent next");
    }
    message = *opened;
  }
  server_.enter([&] { loans_ == nullptr ? introduce(message) : serve(message); });
}

bool RemoteSession::looks_dead() const noexcept {
  return is_over() || os::is_at_end(stream());
}

void RemoteSession::introduce(Bytes message) {
  CallReader from(message, {});
  const std::uint64_t tree = from.get();
  process_ = process_number(tree, from.get());
  std::weak_ptr<Loans>& theirs = trees_[tree];
  loans_ = theirs.lock();
  if (loans_ == nullptr) {
    theirs = loans_ = std::make_shared<Loans>();
  }
  std::erase_if(trees_, [](const auto& each) { return each.second.expired(); });
}

void RemoteSession::serve(Bytes message) {
  CallReader from(message, {});
  const std::uint64_t count = from.get();
  if (count > message.size() / sizeof(std::uint64_t)) {
    throw_no_protocol("a call with more objects beside it than it has bytes");
  }
  std::vector<std::uint64_t> ids(static_cast<std::size_t>(count));
  for (std::uint64_t& id : ids) {
    id = from.get();
  }
  const Bytes call = from.rest();
  const std::uint64_t object = from.get();
  const auto method = static_cast<ManagerMethod>(from.get());
  if (object == 0 && method == ManagerMethod::drop) {
    return drop(from);
  }
  if (object == 0 && method == ManagerMethod::goodbye) {
    return leave();
  }
  if (std::exchange(is_asking_, true)) {
    throw_no_protocol("a second call before the first one was answered");
  }
  std::vector<SharedRef> refs;
  std::exception_ptr refused;
  try {
    refs = admit(object, method, ids);
  } catch (...) {
    refused = std::current_exception();
  }
  ServedCall served = server_.copy_call(shared_from_this(), call, std::move(refs));
  if (refused != nullptr) {
    served.fail(refused);
  } else {
    server_.serve(std::move(served));
  }
}

std::vector<SharedRef> RemoteSession::admit(std::uint64_t object, ManagerMethod method,
                                            std::span<const std::uint64_t> beside) const {
  if (object == 0 && method == ManagerMethod::shutdown) {
    throw ValueError("only who has started a manager shuts it down");
  }
  if (object != 0) {
    loans_->find(object);
  }
  std::vector<SharedRef> refs;
  refs.reserve(beside.size());
  for (const std::uint64_t id : beside) {
    refs.push_back(take_reference(loans_->find(id).offset()));
  }
  return refs;
}

void RemoteSession::drop(CallReader& from) {
  for (std::uint64_t left = from.get(); left != 0; --left) {
    loans_->give_back(from.get());
  }
}

void RemoteSession::send_answer(std::uint64_t, Bytes bytes, std::span<const SharedRef> refs) {
  for (const SharedRef& ref : refs) {
    if (!server_.is_own_cell(ref)) {
      throw NotSendable(
          "the object holds something of the manager's own tree (a Lock, a Queue, a proxy of "
          "another manager): a program that has connected cannot have it");
    }
  }
  std::size_t lent = 0;
  try {
    for (; lent < refs.size(); ++lent) {
      loans_->lend(refs[lent]);
    }
    append_answer(bytes, refs);
  } catch (...) {
    for (const SharedRef& ref : refs.first(lent)) {
      loans_->give_back(cell_of(ref).id);
    }
    throw;
  }
  is_asking_ = false;
  write();
}

void RemoteSession::append_answer(Bytes bytes, std::span<const SharedRef> refs) {
  CallWriter message;
  message.put(refs.size());
  for (const SharedRef& ref : refs) {
    message.put(cell_of(ref).id);
    message.put(cell_of(ref).type);
  }
  message.append(bytes);
  if (sending_) {
    ScratchBuffer sealed;
    sending_->close(message.bytes(), *sealed);
    append_frame(output_, sealed->bytes());
  } else {
    append_frame(output_, message.bytes());
  }
}

void RemoteSession::write() {
  try {
    const std::size_t written = os::write_now(stream(), output_);
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(written));
  } catch (const std::system_error& error) {  // that it has gone is found by reading
    log(SUBDEBUG, error.what());
    output_.clear();
  }
  const bool waits = !output_.empty();
  if (waits != std::exchange(waits_for_room_, waits)) {
    poller_.change(stream(), tag_, waits ? os::Poller::Interest::both : os::Poller::Interest::read);
  }
}

}  // namespace multiprocess::detail
