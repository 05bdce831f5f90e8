# SPDX-License-Identifier: BSD-3-Clause
#
# cmake -D INCLUDE=<folder> -D WORK=<folder> -D COMPILER=<g++> -P compile_cost.cmake
# What including us costs a translation unit at -O0, beside what a handful of the standard library's
# headers cost in the same minute: CPU time, the best of three. The machine may be slow or busy; then
# both are.
cmake_minimum_required(VERSION 3.25)

set(ENV{CCACHE_DISABLE} 1)
set(ENV{TIMEFORMAT} "%3U %3S")

set(sources standard multiprocess queue)
file(WRITE ${WORK}/include_multiprocess.cpp "#include <multiprocess/multiprocess.hpp>\n")
file(WRITE ${WORK}/include_queue.cpp "#include <multiprocess/queue.hpp>\n")
file(WRITE ${WORK}/include_standard.cpp "")
foreach(header algorithm chrono filesystem functional future iostream map regex string thread vector)
  file(APPEND ${WORK}/include_standard.cpp "#include <${header}>\n")
endforeach()

# CPU milliseconds in `${result}`.
function(compile source result)
  execute_process(
    COMMAND bash -c "time \"$@\"" - ${COMPILER} -std=c++20 -O0 -I ${INCLUDE} -c ${source}.cpp -o ${source}.o
    ERROR_VARIABLE times COMMAND_ERROR_IS_FATAL ANY
  )
  string(REGEX MATCH "([0-9]+)\\.([0-9]+) ([0-9]+)\\.([0-9]+)\n$" found "${times}")
  math(EXPR took "${CMAKE_MATCH_1}${CMAKE_MATCH_2} + ${CMAKE_MATCH_3}${CMAKE_MATCH_4}")
  set(${result} ${took} PARENT_SCOPE)
endfunction()

foreach(round RANGE 1 3)
  foreach(source IN LISTS sources)
    compile(${WORK}/include_${source} took)
    if(NOT DEFINED best_${source} OR took LESS best_${source})
      set(best_${source} ${took})
    endif()
  endforeach()
endforeach()

function(seconds milliseconds result)
  math(EXPR whole "${milliseconds} / 1000")
  math(EXPR rest "1000 + ${milliseconds} % 1000")
  string(SUBSTRING ${rest} 1 3 rest)
  set(${result} "${whole}.${rest} s" PARENT_SCOPE)
endfunction()

seconds(${best_standard} took)
message(STATUS "the standard headers: ${took}")

function(expect_at_most percent source)
  math(EXPR ratio "100 * ${best_${source}} / ${best_standard}")
  seconds(${best_${source}} took)
  message(STATUS "${source}.hpp alone: ${took}, ${ratio} % of the standard headers "
    "(at most ${percent} %)")
  if(ratio GREATER percent)
    message(SEND_ERROR "${source}.hpp costs more than ${percent} % of the standard headers")
  endif()
endfunction()

expect_at_most(330 multiprocess)
expect_at_most(160 queue)
