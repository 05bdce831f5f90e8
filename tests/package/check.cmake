# SPDX-License-Identifier: BSD-3-Clause
#
# cmake -D SOURCE=<source dir> -D WORK=<folder> -D SETTINGS=<initial cache> -P check.cmake
# Builds and runs the same small program against the library in every way that a project may take it
# in: an installed package, pkg-config, a subdirectory, FetchContent; static and shared; and with
# another compiler than the library's.
cmake_minimum_required(VERSION 3.25)
include(${SETTINGS})

function(run)
  execute_process(COMMAND ${ARGN}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output
  )
  if(NOT result EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}\n${output}\nresult: ${result}")
  endif()
endfunction()

function(build folder binary)
  run(${CMAKE_COMMAND} -G Ninja -S ${folder} -B ${binary} -C ${SETTINGS} ${ARGN})
  run(${CMAKE_COMMAND} --build ${binary})
endfunction()

# Installs the library, then moves the tree: nothing in it may know where it was.
function(install_library prefix)
  build(${SOURCE} ${prefix}-build -D MULTIPROCESS_BUILD_TESTS=OFF
    -D MULTIPROCESS_BUILD_EXAMPLES=OFF -D MULTIPROCESS_BUILD_BENCHMARKS=OFF ${ARGN}
  )
  run(${CMAKE_COMMAND} --install ${prefix}-build --prefix ${prefix}-first)
  file(RENAME ${prefix}-first ${prefix})
endfunction()

function(check_installed kind)
  set(prefix ${WORK}/${kind})
  install_library(${prefix} ${ARGN})
  build(${SOURCE}/tests/package/find_package ${prefix}-found -D CMAKE_PREFIX_PATH=${prefix})
  run(${prefix}-found/consumer)
  message(STATUS "find_package, ${kind}: works")

  file(GLOB_RECURSE pc ${prefix}/*/multiprocess.pc)
  cmake_path(GET pc PARENT_PATH pc_folder)
  set(ENV{PKG_CONFIG_PATH} ${pc_folder})
  execute_process(COMMAND pkg-config --cflags --libs multiprocess
    OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY
  )
  separate_arguments(flags UNIX_COMMAND "${flags}")
  foreach(compiler IN ITEMS ${CMAKE_CXX_COMPILER} g++ clang++)
    find_program(found ${compiler} NO_CACHE)
    if(found)
      run(${found} -std=c++20 ${SOURCE}/tests/package/main.cpp ${flags} -o ${prefix}-pc)
      run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${pc_folder}/.. ${prefix}-pc)
      message(STATUS "pkg-config, ${kind}, ${compiler}: works")
    endif()
    unset(found)
  endforeach()
endfunction()

# A program that was linked with a shared library of version X.Y.Z asks for X.Y, whatever the Z.
function(check_soname prefix)
  file(GLOB_RECURSE library ${prefix}/*/libmultiprocess.so.*.*.*)
  string(REGEX MATCH "libmultiprocess\\.so\\.[0-9]+\\.[0-9]+" soname "${library}")
  set(folder ${prefix}-soname)
  file(MAKE_DIRECTORY ${folder})
  file(COPY_FILE ${library} ${folder}/${soname})
  set(program ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${folder} ${prefix}-pc)
  run(${program})
  file(RENAME ${folder}/${soname} ${folder}/libmultiprocess.so)
  execute_process(COMMAND ${program} RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(result EQUAL 0)
    message(FATAL_ERROR "${prefix}-pc does without ${soname}")
  endif()
  message(STATUS "programs ask for ${soname}")
endfunction()

function(check_in_tree how)
  build(${SOURCE}/tests/package/${how} ${WORK}/${how} -D MULTIPROCESS_SOURCE=${SOURCE} ${ARGN})
  run(${WORK}/${how}/consumer)
  message(STATUS "${how}, ${ARGN}: works")
endfunction()

file(REMOVE_RECURSE ${WORK})
check_installed(static -D BUILD_SHARED_LIBS=OFF)
check_installed(shared -D BUILD_SHARED_LIBS=ON)
check_soname(${WORK}/shared)
check_in_tree(subdirectory -DBUILD_SHARED_LIBS=OFF)
check_in_tree(fetch_content -DBUILD_SHARED_LIBS=ON)
