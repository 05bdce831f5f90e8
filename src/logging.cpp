// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/logging.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <span>

namespace multiprocess {
namespace {

struct Level {
  int number;
  std::string_view name;
};
constexpr std::array levels{Level{0, "NOTSET"}, Level{5, "SUBDEBUG"},    Level{10, "DEBUG"},
                            Level{20, "INFO"},  Level{25, "SUBWARNING"}, Level{30, "WARNING"},
                            Level{40, "ERROR"}, Level{50, "CRITICAL"}};

/// Where messages go, when not to stderr. Old ones wait here until nobody can be calling them.
struct SinkNode {
  Logger::Sink call;
  SinkNode* next = nullptr;
};

// Atomics only: a forked child may inherit the logger in the middle of another thread's message.
constinit std::atomic<bool> created = false;
constinit std::atomic<bool> to_stderr = false;
constinit std::atomic<int> chosen_level = NOTSET;
constinit std::atomic<SinkNode*> sink = nullptr;
constinit std::atomic<SinkNode*> retired = nullptr;
constinit std::atomic<int> callers = 0;

void retire(SinkNode* node) {
  if (node == nullptr) {
    return;
  }
  node->next = retired;
  while (!retired.compare_exchange_weak(node->next, node)) {
  }
  if (callers == 0) {
    for (SinkNode* old = retired.exchange(nullptr); old != nullptr;) {
      delete std::exchange(old, old->next);
    }
  }
}

/// In one piece: lines of several threads and processes do not mix.
void write_line(std::string text) {
  text += '\n';
  detail::os::write_all(detail::os::standard_error(), std::as_bytes(std::span(text)));
}

/// True when the user has a sink.
bool call_sink(const LogRecord& record) {
  struct Caller {
    Caller() noexcept { ++callers; }
    ~Caller() { --callers; }
  } const caller;
  const SinkNode* const current = sink;
  if (current != nullptr) {
    current->call(record);
  }
  return current != nullptr;
}

void emit(const LogRecord& record) {
  if (to_stderr) {
    write_line(format_record(record));
  } else if (!call_sink(record) && record.level >= WARNING) {
    write_line(record.message);  // Python's last resort
  }
}

}  // namespace

std::string level_name(int level) {
  for (const Level& known : levels) {
    if (known.number == level) {
      return std::string(known.name);
    }
  }
  return fmt::format("Level {}", level);
}

std::string format_record(const LogRecord& record) {
  return fmt::format("[{}/{}] {}", level_name(record.level), record.process_name, record.message);
}

namespace detail {

bool logs(int level) noexcept {
  return created && level >= (chosen_level == NOTSET ? WARNING : chosen_level.load());
}

void log(int level, std::string_view message, CallSite site) noexcept {
  if (!logs(level)) {
    return;
  }
  try {
    emit({level, std::string(message), current_process_name(), site.file, site.line});
  } catch (...) {
    // A message that cannot be written must not end the work that it tells of.
  }
}

LoggingState logging_state() noexcept {
  const int level = chosen_level;
  return {created, level == NOTSET ? WARNING : level, to_stderr};
}

void restore_logging(const LoggingState& state) {
  if (state.created) {
    get_logger().set_level(state.level);
  }
  if (state.to_stderr) {
    log_to_stderr();
  }
}

}  // namespace detail

void Logger::set_level(int level) noexcept {
  chosen_level = level;
}

void Logger::set_level(std::string_view level) {
  for (const Level& known : levels) {
    if (known.name == level) {
      return set_level(known.number);
    }
  }
  throw ValueError("Unknown level: '" + std::string(level) + "'");
}

int Logger::level() const noexcept {
  return chosen_level;
}

int Logger::effective_level() const noexcept {
  return level() == NOTSET ? WARNING : level();
}

void Logger::set_sink(Sink call) {
  SinkNode* const fresh = call ? new SinkNode{std::move(call), nullptr} : nullptr;
  SinkNode* const old = sink.exchange(fresh);
  to_stderr = false;
  retire(old);
}

std::string mp_repr(const Logger& logger) {
  return fmt::format("<Logger {} ({})>", logger.name(), level_name(logger.effective_level()));
}

Logger& get_logger() noexcept {
  static constinit Logger logger;
  created = true;
  return logger;
}

Logger& log_to_stderr(std::optional<int> level) {
  Logger& logger = get_logger();
  if (level) {
    logger.set_level(*level);
  }
  to_stderr = true;
  return logger;
}

}  // namespace multiprocess
