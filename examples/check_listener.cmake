# SPDX-License-Identifier: BSD-3-Clause
# cmake -D LISTENER=<program> -D CLIENT=<program> -D FOLDER=<folder> -P check_listener.cmake
# Two programs that know only a path and a key.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/two_programs.cmake)
# It is over when the last client says so.
start_server(${LISTENER} ${FOLDER}/listener.txt)
wait_until_told("listening at '.*'\n")

expect(6 1 2 3)
expect(7.5 3.5 4)
expect(0 stop)
wait_until_file_is_gone()
