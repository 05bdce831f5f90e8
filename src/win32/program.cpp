// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/program.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/random.hpp>

#include "command_line.hpp"

#include <array>
#include <cstring>
#include <memory>

// A started program is born suspended, gets its handles, and a page of memory that says which they
// are and what else it is told; then it runs. Should its parent be killed meanwhile, a job ends it.
// So nothing is inherited, and nothing stays behind.

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t longest_record = 4096;
constexpr std::size_t most_given = 4096;

/// What the page says. Its name is in the command line.
struct Letter {
  std::uint32_t record_size = 0;
  std::uint32_t given = 0;
  std::array<std::byte, longest_record> record{};
  std::array<std::int64_t, most_given> handles{};
};

/// A view of the page; it goes with the last handle.
class Page {
 public:
  explicit Page(Handle section) : section_(std::move(section)) {
    void* const view = section_
                           ? MapViewOfFile(native(section_.get()), FILE_MAP_READ | FILE_MAP_WRITE,
                                           0, 0, sizeof(Letter))
                           : nullptr;
    if (view == nullptr) {
      throw last_error("the page that a started program is given");
    }
    letter_ = static_cast<Letter*>(view);
  }
  ~Page() { UnmapViewOfFile(letter_); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  Letter& operator*() const noexcept { return *letter_; }
  NativeHandle handle() const noexcept { return section_.get(); }

 private:
  Handle section_;
  Letter* letter_ = nullptr;
};

Page make_page(const std::wstring& name) {
  return Page(owned(CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0,
                                       sizeof(Letter), name.c_str())));
}

std::wstring new_name() {
  return L"multiprocess-start-" + std::to_wstring(random_number()) + L"-" +
         std::to_wstring(random_number());
}

/// Those who end with this process: the system ends them when it closes our handle.
HANDLE job() {
  static const HANDLE made = [] {
    const HANDLE fresh = CreateJobObjectW(nullptr, nullptr);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    if (fresh == nullptr || SetInformationJobObject(fresh, JobObjectExtendedLimitInformation,
                                                    &limits, sizeof limits) == 0) {
      throw last_error("CreateJobObject");
    }
    return fresh;
  }();
  return made;
}

/// For CreateProcess: into our job from the first moment, or nothing.
class Attributes {
 public:
  explicit Attributes(bool outlives) : job_(outlives ? nullptr : job()) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    memory_ = std::make_unique<std::byte[]>(size);
    if (InitializeProcThreadAttributeList(get(), 1, 0, &size) == 0 ||
        (!outlives && UpdateProcThreadAttribute(get(), 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &job_,
                                                sizeof job_, nullptr, nullptr) == 0)) {
      throw last_error("attributes of a new process");
    }
  }
  ~Attributes() { DeleteProcThreadAttributeList(get()); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  LPPROC_THREAD_ATTRIBUTE_LIST get() const noexcept {
    return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.get());
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  HANDLE job_;
};

struct NewProcess {
  Handle process;
  Handle thread;
  int pid;
};

NewProcess create_suspended(const std::string& path, const std::wstring& page, bool outlives) {
  std::wstring words = L"\"" + to_wide(path) + L"\" " + to_wide(child_argument) + L" " + page;
  const Attributes attributes(outlives);
  STARTUPINFOEXW start{};
  start.StartupInfo.cb = sizeof start;
  start.lpAttributeList = attributes.get();
  PROCESS_INFORMATION made{};
  if (CreateProcessW(to_wide(path).c_str(), words.data(), nullptr, nullptr, FALSE,
                     CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT, nullptr, nullptr,
                     &start.StartupInfo, &made) == 0) {
    throw last_error("cannot start the program " + path);
  }
  return {owned(made.hProcess), owned(made.hThread), static_cast<int>(made.dwProcessId)};
}

std::int64_t give(const NewProcess& to, NativeHandle handle) {
  HANDLE given = nullptr;
  if (DuplicateHandle(GetCurrentProcess(), native(handle), native(to.process.get()), &given, 0,
                      FALSE, DUPLICATE_SAME_ACCESS) == 0) {
    throw last_error("cannot duplicate handle " + std::to_string(handle) + " for a child");
  }
  return reinterpret_cast<std::int64_t>(given);
}

/// The last one is the page itself: so it has its name until the program has found it.
void write_letter(const Page& page, const Program& program, const NewProcess& to) {
  Letter& letter = *page;
  letter.record_size = static_cast<std::uint32_t>(program.record.size());
  std::memcpy(letter.record.data(), program.record.data(), program.record.size());
  for (const NativeHandle handle : program.handles) {
    letter.handles[letter.given++] = give(to, handle);
  }
  letter.handles[letter.given++] = give(to, page.handle());
}

}  // namespace

Started start_program(const Program& program) {
  if (program.record.empty() || program.record.size() > longest_record ||
      program.handles.size() >= most_given) {
    throw last_error("record for a started program", std::errc::message_size);
  }
  const std::wstring name = new_name();
  const Page page = make_page(name);
  NewProcess made = create_suspended(
      program.executable.empty() ? executable_path() : program.executable, name, program.outlives);
  try {
    write_letter(page, program, made);
  } catch (const std::system_error&) {
    TerminateProcess(native(made.process.get()), 1);
    throw;
  }
  ResumeThread(native(made.thread.get()));
  return {made.pid, std::move(made.process)};
}

std::optional<Inheritance> take_inheritance() {
  static constinit bool is_taken = false;
  const std::wstring name = command_line_word(2);
  if (is_taken || name.empty() || first_argument() != child_argument) {
    return std::nullopt;
  }
  is_taken = true;
  const Page page(owned(OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, name.c_str())));
  const Letter& letter = *page;
  if (letter.record_size == 0 || letter.record_size > longest_record || letter.given == 0 ||
      letter.given > most_given) {
    throw last_error("the record promised to this child is cut off", std::errc::bad_message);
  }
  Inheritance inherited;
  inherited.record.assign(letter.record.begin(), letter.record.begin() + letter.record_size);
  for (std::size_t i = 0; i < letter.given; ++i) {
    inherited.handles.emplace_back(static_cast<NativeHandle>(letter.handles[i]));
  }
  inherited.handles.pop_back();  // the page
  return inherited;
}

bool load_library(const std::string& path) noexcept {
  return LoadLibraryW(to_wide(path).c_str()) != nullptr;
}

}  // namespace multiprocess::detail::os
