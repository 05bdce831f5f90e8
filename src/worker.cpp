// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/worker.hpp>

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/bootstrap.hpp>
#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/descriptor.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/pool_nesting.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/remote_error.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/stop_watch.hpp>
#include <multiprocess/detail/task.hpp>
#include <multiprocess/detail/traceback.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <climits>
#include <memory>
#include <utility>

namespace multiprocess::detail {

namespace {

/// The callable of a batch.
class LoadedCode {
 public:
  explicit LoadedCode(Offset message) : from_(message) {
    const Incoming beside(from_.refs);
    const Descriptor& type = load_descriptor(from_.archive, task_signature, "task");
    code_.reset(static_cast<TaskCode*>(type.decode(from_.archive)));
  }

  void run(ChunkRun& chunk) { code_->run(chunk, from_); }

 private:
  CodeMessage from_;
  std::unique_ptr<TaskCode> code_;
};

/// One process at work, or the pool's own at `inline_tasks`.
class Worker {
 public:
  Worker(Board& board, std::uint32_t index)
      : board_(board), place_(board.place(index)), index_(index), claims_(index), stops_(place_) {
    fastest_of_slow_ = fastest_kept().nanoseconds;  // of those who had this place before
  }

  /// False when it is to retire.
  bool work_until_closed() {
    const auto ready = [this] { return has_work(); };
    while (!retires()) {
      if (!work_on_something()) {
        if (board_.closing.load(std::memory_order_acquire) != 0) {
          return true;
        }
        wait_until(board_.work, os::never, ready);
      }
    }
    return false;
  }

  /// False when there was nothing to do.
  bool work_on_something() {
    const std::uint64_t order = board_.order.load(std::memory_order_acquire);
    for (unsigned shift = 0; shift < 64; shift += 4) {
      const std::uint64_t lane = order >> shift & 0xf;
      if (lane == Board::no_lane) {
        break;
      }
      if (work_in(board_.lanes[lane])) {
        return true;
      }
    }
    return false;
  }

 private:
  /// Until its first batch has nothing left to claim.
  bool work_in(Lane& lane) {
    while (true) {
      const Offset head = lane.head.load(std::memory_order_acquire);
      step::store(place_.item, 0);  // or an item of the last batch would pass for one of this
      step::store(place_.batch, head, std::memory_order_seq_cst);
      if (lane.head.load(std::memory_order_seq_cst) != head) {
        continue;  // it may have been freed before we said that we look at it
      }
      Batch& batch = *at<Batch>(head);
      const bool worked = batch.chunks == 1 ? work_on_single(lane, batch) : work_on(batch);
      const Offset next = batch.next.load(std::memory_order_seq_cst);
      if (!worked) {
        move_on(lane, head, next);
      }
      step::store(place_.batch, 0);
      if (worked || next == 0) {
        return worked;
      }
    }
  }

  void move_on(Lane& lane, Offset from, Offset next) noexcept {
    if (next != 0 && lane.head.load(std::memory_order_relaxed) == from) {
      step::cas(lane.head, from, next);
    }
  }

  /// Of one chunk: who has claimed that moves on at once, so that nobody else comes by in vain.
  bool work_on_single(Lane& lane, Batch& batch) {
    if (!claims_.try_claim(batch, 0)) {
      return false;
    }
    step::store(batch.claimed, 1, std::memory_order_relaxed);
    move_on(lane, offset_of(&batch), batch.next.load(std::memory_order_seq_cst));
    call_others(batch);
    std::optional<LoadedCode> code;
    const std::uint64_t before = nanoseconds_now();
    run(batch, 0, code);
    note(batch, 0, before, nanoseconds_now());
    finish(batch, 0);
    return true;
  }

  bool work_on(Batch& batch) {
    claims_.enter();
    std::uint64_t chunk = batch.chunks == 0 ? no_chunk : claims_.claim(batch);
    if (chunk == no_chunk) {
      return false;
    }
    call_others(batch);
    std::optional<LoadedCode> code;
    std::uint64_t now = nanoseconds_now();
    for (; chunk != no_chunk; chunk = retires() ? no_chunk : claims_.claim(batch)) {
      const std::uint64_t before = now;
      run(batch, chunk, code);
      note(batch, chunk, before, now = nanoseconds_now());
      finish(batch, chunk);
    }
    code.reset();
    if (claims_.saw_all_done() || survey(batch).all_done) {
      complete(board_, batch);
    }
    return true;
  }

  /// Whoever puts work here wakes some; these wake the others, if there is enough for them.
  void call_others(const Batch& batch) noexcept {
    if (batch.next.load(std::memory_order_relaxed) != 0) {
      call_workers(board_, 1);
    }
  }

  void run(Batch& batch, std::uint64_t chunk, std::optional<LoadedCode>& code) {
    ChunkRun run(board_, batch, place_, batch.begin_of(chunk), batch.end_of(chunk), stops_);
    try {
      if (!code) {
        run.take(run.begin());
        code.emplace(batch.code);
      }
    } catch (const SystemExit&) {
      throw;
    } catch (...) {
      run.put_error(run.begin(), run.end());
      return;
    }
    code->run(run);
  }

  void finish(Batch& batch, std::uint64_t chunk) noexcept {
    step::store(batch.chunk_states()[chunk], chunk_state::done, std::memory_order_seq_cst);
    if (batch.chunks == 1) {
      complete(board_, batch);
    } else if (batch.has(Batch::told_each) && batch.waited.load(std::memory_order_seq_cst) != 0) {
      board_.done.wake(INT_MAX);
    }
  }

  void note(Batch& batch, std::uint64_t chunk, std::uint64_t before, std::uint64_t now) noexcept {
    const std::uint64_t taken = now - before;
    claims_.took(taken);
    ++chunks_;
    place_.chunks_done.store(chunks_, std::memory_order_relaxed);           // raw: a figure
    place_.busy.store(place_.busy.load(std::memory_order_relaxed) + taken,  // raw: a figure
                      std::memory_order_relaxed);
    if (batch.trace != 0) {
      at<TracedChunk>(batch.trace)[chunk] = {before, now, index_, current_pid()};
    }
    if (taken > fastest_of_slow_) {
      note_slow({taken, batch.call, batch.base + batch.begin_of(chunk)});
    }
  }

  void note_slow(const SlowTask& task) noexcept {
    fastest_kept() = task;
    fastest_of_slow_ = fastest_kept().nanoseconds;
  }

  SlowTask& fastest_kept() noexcept {
    return *std::ranges::min_element(place_.slowest, {}, &SlowTask::nanoseconds);
  }

  bool retires() {
    if (!retires_ && chunks_ != looked_after_) {
      looked_after_ = chunks_;
      retires_ = (board_.most_chunks != 0 && chunks_ >= board_.most_chunks) ||
                 (board_.most_memory != 0 && os::private_memory() > board_.most_memory);
    }
    return retires_;
  }

  bool has_work() const noexcept {
    const std::uint64_t order = board_.order.load(std::memory_order_acquire);
    for (unsigned shift = 0; shift < 64 && (order >> shift & 0xf) != Board::no_lane; shift += 4) {
      if (is_open(board_.lanes[order >> shift & 0xf])) {
        return true;
      }
    }
    return board_.closing.load(std::memory_order_acquire) != 0;
  }

  /// Without saying that we look: what we find may be another block by now, so it is only a hint.
  static bool is_open(const Lane& lane) noexcept {
    const Offset head = lane.head.load(std::memory_order_acquire);
    const Batch& batch = *at<Batch>(head);
    return batch.next.load(std::memory_order_seq_cst) != 0 ||
           batch.claimed.load(std::memory_order_relaxed) == 0;
  }

  Board& board_;
  Place& place_;
  std::uint32_t index_;
  ChunkClaims claims_;
  StopWatch stops_;
  std::uint64_t chunks_ = 0;
  std::uint64_t looked_after_ = 0;  // so many chunks, whether it is time to retire
  bool retires_ = false;
  std::uint64_t fastest_of_slow_ = 0;
};

/// Its pool's process hears why.
void report_failure(Board& board, Place& place, const RemoteException& why) noexcept {
  try {
    ScratchBuffer buffer;
    OutputArchive archive(*buffer);
    archive(why);
    const Offset block = Message::prepare(buffer->size(), {});
    Message::write(block, buffer->bytes().data());
    adopt_message(board, block);
    step::store(place.report, block);
  } catch (...) {
    // Then it is the exit code that tells.
  }
  step::store(place.state, WorkerState::failed, std::memory_order_seq_cst);
}

/// Reports an initializer that throws, and prints why: thrown on, it would seem to throw here.
void initialize(Board& board, Place& place, Job& initializer) {
  try {
    os::guarded_call([&] { initializer(); });
  } catch (const SystemExit&) {
    throw;
  } catch (...) {
    const RemoteException why = pack_current_exception();
    report_failure(board, place, why);
    print_uncaught(why.traceback);
    throw SystemExit(1);
  }
}

void run_exit_call(const Board& board) {
  if (const Offset message = board.exit_call.load(std::memory_order_acquire); message != 0) {
    CodeMessage from(message);
    Job job;
    {
      const Incoming beside(from.refs);
      job = Job::load(from.archive);
    }
    job();
  }
}

void prepare_process(const Board& board, const WorkerStart& start) {
  os::ignore_interrupt();
  if (start.cpu) {
    os::run_on_cpu(*start.cpu);
  }
  if (start.output) {
    os::print_to(start.output->fileno(), start.errors->fileno());
  }
  expect_our_end();
  pool_nesting() = nesting_in(board, pool_nesting());
  allow_children();
}

}  // namespace

void BoardHandle::require_kind(const SharedRef& received) {
  require_board(received);
}

void WorkerStart::operator()() {
  Board& shared = *static_cast<Board*>(board.ref().address());
  Place& here = shared.place(place);
  prepare_process(shared, *this);
  if (initializer != nullptr && *initializer) {
    initialize(shared, here, *initializer);
  }
  here.ready_at.store(nanoseconds_now(), std::memory_order_relaxed);  // raw: a figure
  step::store(here.state, WorkerState::ready, std::memory_order_seq_cst);
  const bool closed = Worker(shared, place).work_until_closed();
  run_exit_call(shared);
  step::store(here.state, closed ? WorkerState::left : WorkerState::retired,
              std::memory_order_seq_cst);
  call_attention(shared);
}

void WorkerStart::encode(OutputArchive& archive) const {
  archive(board, place, cpu, output, errors, pool_nesting().siblings);
  archive.put(initializer != nullptr);
  if (initializer != nullptr) {
    initializer->save(archive);
  }
}

WorkerStart WorkerStart::decode(InputArchive& archive) {
  WorkerStart start;
  archive(start.board, start.place, start.cpu, start.output, start.errors, pool_nesting().siblings);
  if (archive.get_bool()) {
    start.initializer = std::make_shared<Job>(Job::load(archive));
  }
  return start;
}

void work_here(const SharedRef& board) {
  Worker worker(*static_cast<Board*>(board.address()), 0);
  while (worker.work_on_something()) {
  }
}

}  // namespace multiprocess::detail
