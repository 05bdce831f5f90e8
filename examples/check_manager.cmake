# SPDX-License-Identifier: BSD-3-Clause
# cmake -D SERVER=<program> -D CLIENT=<program> -D FOLDER=<folder> -P check_manager.cmake
# Two programs that know only a path and a key.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/two_programs.cmake)
set(told "")
file(REMOVE ${FOLDER}/manager_server.txt)
# The server goes on beside us, and is over when a client says so.
execute_process(
  COMMAND sh -c "'${SERVER}' ${path} > '${FOLDER}/manager_server.txt' 2>&1 &"
)
foreach(try RANGE 200)
  if(EXISTS ${FOLDER}/manager_server.txt)
    file(READ ${FOLDER}/manager_server.txt told)
  endif()
  if(told MATCHES "^serving")  # what it has is published by then
    break()
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 0.05)
endforeach()

expect("{'apples': 5}" apples 5)
expect("{'apples': 5, 'pears': 2}" pears 2)
expect("{'apples': 2, 'pears': 2}" apples -3)
execute_process(COMMAND ${CLIENT} ${path} stop COMMAND_ERROR_IS_FATAL ANY)
foreach(try RANGE 200)
  file(READ ${FOLDER}/manager_server.txt told)
  if(told MATCHES "left" AND NOT EXISTS ${path})
    break()
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 0.05)
endforeach()
if(EXISTS ${path} OR NOT told STREQUAL "serving at '${path}'\nleft: {'apples': 2, 'pears': 2}\n")
  message(FATAL_ERROR "the server said '${told}', or has left its file")
endif()
