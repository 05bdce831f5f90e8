# SPDX-License-Identifier: BSD-3-Clause
# cmake -D SERVER=<program> -D CLIENT=<program> -D FOLDER=<folder> -P check_manager.cmake
# Two programs that know only a path and a key.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/two_programs.cmake)
# It is over when a client says so.
start_server(${SERVER} ${FOLDER}/manager_server.txt)
wait_until_told("^serving at '.*'\n")  # what it has is published by then

expect("{'apples': 5}" apples 5)
expect("{'apples': 5, 'pears': 2}" pears 2)
expect("{'apples': 2, 'pears': 2}" apples -3)
execute_process(COMMAND ${RUN} ${CLIENT} ${path} stop COMMAND_ERROR_IS_FATAL ANY)
wait_until_told("left")
wait_until_file_is_gone()
if(NOT told MATCHES "^serving at '.*'\nleft: {'apples': 2, 'pears': 2}\n$")
  message(FATAL_ERROR "the server said '${told}'")
endif()
