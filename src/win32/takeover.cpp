// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/takeover.hpp>

#include <cstddef>

// A started program must run its child's work instead of main, whoever wrote main. The runtime of
// mingw-w64 calls the program's constructors from the last of a list to its first, then main: so
// one of ours runs those that are still to come, then the child's work, and never returns. With
// other runtimes freeze_support() in main does it.

namespace multiprocess::detail::os {

namespace {

using Constructor = void (*)();

extern "C" {
extern Constructor __CTOR_LIST__[];  // NOLINT: the linker's name; [0] is a mark, the end is null
}

constinit bool wanted = false;

void take_over();

__attribute__((constructor(101))) void look_when_loaded() {
  wanted = run_when_loaded();
}

// Data, not a function with attribute((constructor)): its place in the list is needed.
__attribute__((section(".ctors"), used)) Constructor entry = take_over;

void take_over() {
  if (!wanted) {
    return;
  }
  Constructor* own = &entry;
  asm volatile("" : "+r"(own));  // the compiler knows a lone variable there, the linker an array
  while (--own != __CTOR_LIST__) {
    (*own)();
  }
  run_instead_of_main();
}

}  // namespace

void link_takeover() noexcept {}

}  // namespace multiprocess::detail::os
