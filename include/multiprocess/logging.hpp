// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess {

/// Levels, with Python's names and numbers; any other number is a level too.
inline constexpr int NOTSET = 0;
inline constexpr int SUBDEBUG = 5;
inline constexpr int INFO = 20;
inline constexpr int SUBWARNING = 25;
inline constexpr int WARNING = 30;
inline constexpr int CRITICAL = 50;
#ifndef DEBUG  // a macro in many programs
inline constexpr int DEBUG = 10;
#endif
#ifndef ERROR  // and this one in those that include <windows.h>
inline constexpr int ERROR = 40;
#endif

/// `INFO` as text; `Level 7` for a number without a name.
std::string level_name(int level);

/// What a sink is given for each message.
struct LogRecord {
  int level = 0;
  std::string message;
  std::string process_name;
  const char* file = "";  ///< Of the call that logs.
  unsigned line = 0;
};

/// `[INFO/Process-1] message`.
std::string format_record(const LogRecord& record);
inline std::string mp_repr(const LogRecord& record) {
  return format_record(record);
}

namespace detail {

/// Where a call stands in the source.
struct CallSite {
  const char* file;
  unsigned line;

  static constexpr CallSite here(const char* file = __builtin_FILE(),
                                 unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

/// A text with {} in it, checked by the compiler, which knows where it was written.
template <class... Args>
struct LocatedFormat {
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  consteval LocatedFormat(const Text& format, CallSite where = CallSite::here())
      : text(format), site(where) {}

  fmt::format_string<Args...> text;
  CallSite site;
};

template <class... Args>
using Located = LocatedFormat<std::type_identity_t<Args>...>;

/// Whether a message of that level goes anywhere: false until somebody asked for the logger.
bool logs(int level) noexcept;
/// Logs for the library itself; nothing happens unless `logs(level)`.
void log(int level, std::string_view message, CallSite site = CallSite::here()) noexcept;

/// What a spawned child takes over from its parent.
struct LoggingState {
  bool created = false;
  int level = 0;
  bool to_stderr = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(created, level, to_stderr);
  }
};
LoggingState logging_state() noexcept;
void restore_logging(const LoggingState& state);

}  // namespace detail

/// The package's logger, named `multiprocess`; `get_logger` gives it.
///
/// One in each process, which all copies mean: a forked child inherits it as it was, a spawned one
/// has its level, and its output to stderr. A message without further arguments is taken as it is,
/// one with arguments is a format of fmt. All members may be called by any thread at any time.
class Logger {
 public:
  std::string_view name() const noexcept { return "multiprocess"; }

  /// Messages below this level are dropped. NOTSET, as at first, means WARNING.
  void set_level(int level) noexcept;
  /// By its name. Throws ValueError when there is no such level.
  void set_level(std::string_view level);
  int level() const noexcept;
  int effective_level() const noexcept;
  bool is_enabled_for(int level) const noexcept { return detail::logs(level); }

  using Sink = std::function<void(const LogRecord&)>;
  /// Sends messages to the caller's function instead of stderr; several threads may call it at
  /// once, and what it throws is ignored. An empty one ends the output. It does not travel to
  /// spawned children.
  void set_sink(Sink sink);

  void log(int level, std::string_view message,
           detail::CallSite site = detail::CallSite::here()) const noexcept {
    detail::log(level, message, site);
  }
  template <class... Args>
  void log(int level, detail::Located<Args...> format, Args&&... args) const {
    if (detail::logs(level)) {
      detail::log(level, fmt::format(format.text, std::forward<Args>(args)...), format.site);
    }
  }

#define MULTIPROCESS_LOGGER_LEVEL(name, level)                                          \
  void name(std::string_view message, detail::CallSite site = detail::CallSite::here()) \
      const noexcept {                                                                  \
    detail::log(level, message, site);                                                  \
  }                                                                                     \
  template <class... Args>                                                              \
  void name(detail::Located<Args...> format, Args&&... args) const {                    \
    log(level, std::move(format), std::forward<Args>(args)...);                         \
  }
  MULTIPROCESS_LOGGER_LEVEL(sub_debug, 5)
  MULTIPROCESS_LOGGER_LEVEL(debug, 10)
  MULTIPROCESS_LOGGER_LEVEL(info, 20)
  MULTIPROCESS_LOGGER_LEVEL(sub_warning, 25)
  MULTIPROCESS_LOGGER_LEVEL(warning, 30)
  MULTIPROCESS_LOGGER_LEVEL(error, 40)
  MULTIPROCESS_LOGGER_LEVEL(critical, 50)
#undef MULTIPROCESS_LOGGER_LEVEL

  friend std::string mp_repr(const Logger& logger);

 private:
  friend Logger& get_logger() noexcept;
  constexpr Logger() noexcept = default;
};

/// The package's logger. Until somebody asks for it nothing is logged.
Logger& get_logger() noexcept;

/// Lets the logger write to stderr, one line a message: `[INFO/Process-1] message`.
///
/// Unlike in Python calling it again does not write every message twice.
Logger& log_to_stderr(std::optional<int> level = {});
/// By the level's name. Throws ValueError for an unknown one.
template <std::convertible_to<std::string_view> Name>
Logger& log_to_stderr(const Name& level) {
  get_logger().set_level(std::string_view(level));
  return log_to_stderr();
}

}  // namespace multiprocess
