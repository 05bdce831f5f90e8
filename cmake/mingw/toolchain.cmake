# SPDX-License-Identifier: BSD-3-Clause
#
# Builds for 64-bit Windows with mingw-w64 on Debian, and runs what it has built with Wine:
# -D CMAKE_TOOLCHAIN_FILE=cmake/mingw/toolchain.cmake, or the preset `mingw`.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(mingw x86_64-w64-mingw32)
set(CMAKE_C_COMPILER ${mingw}-gcc-posix)
set(CMAKE_CXX_COMPILER ${mingw}-g++-posix)
set(CMAKE_RC_COMPILER ${mingw}-windres)

# Programs of this machine, but libraries of that one. Packages that are headers only are the same on
# both: `packages` says where the compiler finds them without all of /usr/include.
set(CMAKE_FIND_ROOT_PATH /usr/${mingw} ${CMAKE_CURRENT_LIST_DIR}/packages)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
foreach(package IN ITEMS Boost GTest benchmark cereal fmt)
  set(${package}_DIR ${CMAKE_CURRENT_LIST_DIR}/packages)
endforeach()

# The runtime of the compiler goes into each program, which so needs nothing beside it.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CURRENT_LIST_DIR}/wine)

# Each test is a program of its own: how long it takes to link one matters.
set_property(GLOBAL PROPERTY RULE_LAUNCH_LINK ${CMAKE_CURRENT_LIST_DIR}/link)
