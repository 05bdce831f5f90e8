// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/output_labels.hpp>

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/logging.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <span>
#include <system_error>

namespace multiprocess::detail {

namespace {

struct Source {
  os::Handle handle;
  std::string label;
  std::FILE* into;
  std::string line;  // its beginning, until the end comes
};

}  // namespace

struct OutputLabels::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Source>> sources;
  os::Pipe bell = os::make_pipe();  // a byte in it: there are more sources, or nobody wants more
  bool runs = false;
  bool ends = false;
};

namespace {

using State = OutputLabels::State;
using Sources = std::vector<std::shared_ptr<Source>>;

/// At the end, what other processes have taken along is not waited for.
constexpr auto patience = std::chrono::seconds(1);

void print(Source& source) {
  if (!source.line.empty()) {
    const std::string text = "[" + source.label + "] " + source.line + "\n";
    std::fwrite(text.data(), 1, text.size(), source.into);
    std::fflush(source.into);
    source.line.clear();
  }
}

/// False at the end.
bool read(Source& source) {
  std::array<std::byte, 4096> bytes;
  std::size_t count = 0;
  try {
    count = os::read_some(source.handle.get(), bytes);
  } catch (const std::system_error&) {
    // closed behind our back
  }
  for (const std::byte byte : std::span(bytes).first(count)) {
    if (byte == std::byte{'\n'}) {
      print(source);
    } else {
      source.line += static_cast<char>(byte);
    }
  }
  if (count == 0) {
    print(source);
  }
  return count != 0;
}

void read_ready(State& state, const Sources& sources) {
  std::vector<os::NativeHandle> handles{state.bell.read.get()};
  for (const auto& source : sources) {
    handles.push_back(source->handle.get());
  }
  for (const std::size_t index : os::wait_any(handles, os::never)) {
    if (index == 0) {
      std::array<std::byte, 64> rung;
      os::read_some(handles[0], rung);
    } else if (!read(*sources[index - 1])) {
      const std::scoped_lock lock(state.mutex);
      std::erase(state.sources, sources[index - 1]);
    }
  }
}

void label_output(State& state) {
  std::unique_lock lock(state.mutex);
  while (!state.ends || !state.sources.empty()) {
    const Sources sources = state.sources;
    lock.unlock();
    read_ready(state, sources);
    lock.lock();
  }
}

void run(State& state) {
  try {
    label_output(state);
  } catch (const std::system_error& error) {  // somebody has closed our descriptors
    log(SUBDEBUG, error.what());
  }
  const std::scoped_lock lock(state.mutex);
  state.sources.clear();  // or who writes would wait for ever
  state.runs = false;
  state.changed.notify_all();
}

}  // namespace

OutputLabels::OutputLabels() : state_(std::make_shared<State>()) {
  state_->runs = true;
  start_library_thread([state = state_] { run(*state); });
}

OutputLabels::~OutputLabels() {
  std::unique_lock lock(state_->mutex);
  state_->ends = true;
  if (!os::ring(state_->bell)) {
    return;  // nor can the thread be told, which has its share of the state
  }
  if (!state_->changed.wait_for(lock, patience, [this] { return !state_->runs; })) {
    state_->sources.clear();
    os::ring(state_->bell);
    state_->changed.wait(lock, [this] { return !state_->runs; });
  }
}

OutputLabels::Ends OutputLabels::add(const std::string& label) {
  os::Pipe output = os::make_pipe();
  os::Pipe errors = os::make_pipe();
  const std::scoped_lock lock(state_->mutex);
  if (!state_->runs || !os::ring(state_->bell)) {
    return {};
  }
  state_->sources.push_back(
      std::make_shared<Source>(Source{std::move(output.read), label, stdout, {}}));
  state_->sources.push_back(
      std::make_shared<Source>(Source{std::move(errors.read), label, stderr, {}}));
  return {std::move(output.write), std::move(errors.write)};
}

}  // namespace multiprocess::detail
