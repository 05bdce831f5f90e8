# SPDX-License-Identifier: BSD-3-Clause
#
# cmake -D INCLUDE=<folder> -D WORK=<folder> -D COMPILER=<g++> -P compile_cost.cmake
# What including us costs a translation unit at -O0: CPU time, the best of three. Fails at twice the
# aim only, since the machine may be busy with something else.
cmake_minimum_required(VERSION 3.25)

set(ENV{CCACHE_DISABLE} 1)
set(ENV{TIMEFORMAT} "%3U %3S")

function(measure header milliseconds)
  set(source ${WORK}/include_${header}.cpp)
  file(WRITE ${source} "#include <multiprocess/${header}.hpp>\n")
  set(best 999999999)
  foreach(round RANGE 1 3)
    execute_process(
      COMMAND bash -c "time \"$@\"" - ${COMPILER} -std=c++20 -O0 -I ${INCLUDE} -c ${source} -o ${source}.o
      ERROR_VARIABLE times COMMAND_ERROR_IS_FATAL ANY
    )
    string(REGEX MATCH "([0-9]+)\\.([0-9]+) ([0-9]+)\\.([0-9]+)\n$" found "${times}")
    math(EXPR took "${CMAKE_MATCH_1}${CMAKE_MATCH_2} + ${CMAKE_MATCH_3}${CMAKE_MATCH_4}")
    if(took LESS best)
      set(best ${took})
    endif()
  endforeach()
  message(STATUS "${header}.hpp alone: ${best} ms (aim: less than ${milliseconds} ms)")
  math(EXPR most "2 * ${milliseconds}")
  if(best GREATER most)
    message(SEND_ERROR "${header}.hpp costs more than twice the aim")
  endif()
endfunction()

measure(multiprocess 2500)
measure(queue 1500)
