// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

// The referee of tests/support/main.cpp, judged from outside: each test runs this program again
// with one test that behaves badly on purpose.

namespace {

int pidfd_open(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

struct Verdict {
  bool passed;
  std::string output;
};

Verdict run_again(const std::string& culprit, const std::string& environment = "") {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command = environment + " " + program + " --gtest_also_run_disabled_tests" +
                              " --gtest_filter=Culprit.DISABLED_" + culprit + " 2>&1";
  FILE* pipe = popen(command.c_str(), "re");
  std::string output;
  for (int byte = std::fgetc(pipe); byte != EOF; byte = std::fgetc(pipe)) {
    output.push_back(static_cast<char>(byte));
  }
  return {pclose(pipe) == 0, output};
}

void expect_failure(const std::string& culprit, const std::string& words,
                    const std::string& environment = "") {
  const Verdict verdict = run_again(culprit, environment);
  EXPECT_FALSE(verdict.passed);
  EXPECT_NE(verdict.output.find(words), std::string::npos) << verdict.output;
}

void wait_for_ever() {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable().wait(lock, [] { return false; });
}

TEST(Culprit, DISABLED_Nothing) {}

TEST(Culprit, DISABLED_Descriptor) {
  ASSERT_GE(dup(STDIN_FILENO), 0);
}

TEST(Culprit, DISABLED_Mapping) {
  const int fd = memfd_create("forgotten", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(fd, 4096), 0);
  ASSERT_NE(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
  close(fd);
}

TEST(Culprit, DISABLED_Zombie) {
  if (fork() == 0) {
    _exit(0);
  }
}

// The orphan lives until nobody holds the other end of the pipe: until the culprit has been judged.
TEST(Culprit, DISABLED_Orphan) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  if (fork() == 0) {
    if (fork() == 0) {
      close(ends[1]);
      char byte;
      (void)!read(ends[0], &byte, 1);
    }
    _exit(0);
  }
}

TEST(Culprit, DISABLED_Thread) {
  std::thread(wait_for_ever).detach();
}

TEST(Culprit, DISABLED_SharedMemory) {
  const std::string name = "/multiprocess-referee-" + std::to_string(getpid());
  ASSERT_GE(shm_open(name.c_str(), O_CREAT | O_RDWR, 0600), 0);
  static std::string forgotten;
  forgotten = name;
  std::atexit([] { shm_unlink(forgotten.c_str()); });
}

// No child of ours and not of our group; it ends with us.
TEST(Culprit, DISABLED_SharedMemoryOfAStranger) {
  const std::string name = "/multiprocess-stranger-" + std::to_string(getpid());
  const int self = pidfd_open(getpid());
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    shm_open(name.c_str(), O_CREAT | O_RDWR, 0600);
    if (fork() == 0) {
      pollfd our_end{self, POLLIN, 0};
      poll(&our_end, 1, -1);
      shm_unlink(name.c_str());
    }
    _exit(0);
  }
  close(self);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
}

TEST(Culprit, DISABLED_Hang) {
  wait_for_ever();
}

TEST(Culprit, DISABLED_ChildThatComesBack) {
  if (fork() != 0) {
    int status = 0;
    ASSERT_GT(wait(&status), 0);
    EXPECT_EQ(WEXITSTATUS(status), 125);
  }
}

TEST(Referee, LetsTheInnocentPass) {
  EXPECT_TRUE(run_again("Nothing").passed);
}

TEST(Referee, NamesALeftDescriptor) {
  expect_failure("Descriptor", "left behind: descriptor ");
}

TEST(Referee, NamesALeftMapping) {
  expect_failure("Mapping", "left behind: mapping /memfd:forgotten");
}

TEST(Referee, NamesAZombie) {
  expect_failure("Zombie", "in state Z");
}

TEST(Referee, NamesAnOrphan) {
  expect_failure("Orphan", ", an orphan");
}

TEST(Referee, NamesALeftThread) {
  expect_failure("Thread", "left behind: thread ");
}

TEST(Referee, NamesALeftSharedMemoryEntry) {
  expect_failure("SharedMemory", "left behind: /dev/shm/multiprocess-referee-");
}

TEST(Referee, LeavesTheSharedMemoryOfStrangersToThem) {
  const Verdict verdict = run_again("SharedMemoryOfAStranger");
  EXPECT_TRUE(verdict.passed) << verdict.output;
}

TEST(Referee, EndsATestThatHangs) {
  expect_failure("Hang", "The time is up: Culprit.DISABLED_Hang", "MULTIPROCESS_TEST_DEADLINE=1");
}

TEST(Referee, StopsAChildThatComesBack) {
  EXPECT_TRUE(run_again("ChildThatComesBack").passed);
}

}  // namespace
