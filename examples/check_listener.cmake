# SPDX-License-Identifier: BSD-3-Clause
# cmake -D LISTENER=<program> -D CLIENT=<program> -D FOLDER=<folder> -P check_listener.cmake
# Two programs that know only a path and a key.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/two_programs.cmake)
# The server goes on beside us, and is over when the last client says so.
execute_process(
  COMMAND sh -c "'${LISTENER}' ${path} > '${FOLDER}/listener.txt' 2>&1 &"
)
foreach(try RANGE 200)
  if(EXISTS ${path})
    break()
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 0.05)
endforeach()

expect(6 1 2 3)
expect(7.5 3.5 4)
expect(0 stop)
foreach(try RANGE 200)
  if(NOT EXISTS ${path})
    break()
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 0.05)
endforeach()
file(READ ${FOLDER}/listener.txt told)
if(EXISTS ${path} OR NOT told MATCHES "^listening at '${path}'\n")
  message(FATAL_ERROR "the server said '${told}', or has left its file")
endif()
