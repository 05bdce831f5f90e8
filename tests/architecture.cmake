# SPDX-License-Identifier: BSD-3-Clause
#
# cmake -D ROOT=<source dir> -P architecture.cmake
# Fails when the tree stops matching the layout that README.md draws.
cmake_minimum_required(VERSION 3.25)

# The floors, from the ground up. A header includes only headers of a lower floor, or of its own
# floor further left; a source only what is on the floor of its header or below.
set(floor_1
  around_fork deadline handle handle_limit stream doorbell mapping futex identity random module symbols backtrace info
  transfer poll poller process program daemon hmac secret_memory socket socket_file rendezvous takeover
  named_memory thread
)
list(TRANSFORM floor_1 PREPEND detail/os/)
list(PREPEND floor_1 detail/type_name)  # needs the language only
set(floor_2
  version detail/repr error detail/count detail/index_iterator start_method timeout range
  detail/std_lockable detail/per_thread
  detail/copy_recorder detail/shared_ref detail/shipment fd
  detail/step detail/lasting detail/thread_lock detail/arena detail/word detail/participants detail/kept_handle detail/process_state authentication
  detail/self detail/owned_lock detail/recursive_lock detail/lock_calls detail/repair detail/heap
  detail/account detail/journal detail/entries detail/holders
  detail/parcel detail/page_runs detail/slabs detail/magazines detail/warden detail/message detail/inheritance
  detail/keeper detail/deposit detail/tracked_names
  detail/fields detail/plain detail/type_facts detail/form detail/type_tag detail/require_sendable detail/bytes detail/shared_bytes
  detail/byte_view
  detail/archive detail/number detail/show detail/object_state detail/module_ref detail/descriptor
  detail/own_codec
  detail/std_codec detail/closure detail/codec detail/target detail/wrappers detail/callable
  detail/named detail/mp_fn serialization function
  detail/traceback detail/remote_category detail/remote_error register_exception
  detail/cleanup logging exit
  detail/exit_report detail/children detail/bootstrap detail/forkserver detail/fork_service detail/launch
)
set(floor_3
  lock detail/units semaphore event detail/waiters condition
  detail/meeting detail/barrier_action barrier
  detail/shared_data raw_value raw_array detail/guarded
  value array detail/sequence detail/map_key shared_vector shared_map shared_string
  shared_memory detail/list_item shareable_list
  detail/bell detail/queue_state detail/item_queue detail/hands detail/block_item detail/pipe detail/frame detail/transport
  detail/stream_transport detail/hkdf detail/handshake_state detail/handshake detail/guest_handle detail/hall detail/guests detail/seal detail/sealed_transport
  detail/pipe_transport
  connection wait
  address connection_options client detail/acceptor detail/accept_turns detail/socket_files
)
set(floor_4
  process_options process detail/queue_handle detail/queue_item queue
  joinable_queue simple_queue listener
)
set(floor_5
  pool_options detail/callback_turns detail/call_state async_result
  detail/batch detail/board detail/pool_nesting detail/batch_block detail/chunk_run detail/task detail/worker detail/stop_watch
  detail/output_labels detail/pool_workers detail/trace_file detail/lanes detail/shared_code
  detail/batch_results detail/shown_progress detail/order detail/live_orders detail/sentences detail/imap_feeds detail/pool_service detail/pool_engine
  detail/growing_value detail/pool_call detail/result_range detail/input detail/imap_input detail/imap detail/map_mistakes detail/map_calls
  pool
  detail/thread_watch detail/thread_order detail/thread_chunk detail/thread_queue
  detail/thread_engine detail/thread_items detail/thread_call detail/thread_imap
  thread_pool
  detail/manager_methods detail/call_data detail/desk detail/manager_place detail/line detail/link_lines detail/link detail/proxy_call
  detail/foreign_cell detail/server_call detail/registered_type register_type
  detail/referent detail/call_body detail/work_threads detail/loop_work detail/tree_session detail/manager_server
  detail/referent_kinds detail/segment_list detail/manager_referent detail/manager_socket
  detail/remote_session detail/gateway detail/manager_start detail/manager_state
  detail/element detail/snapshot detail/list_operations detail/list_referent
  detail/key_index detail/dict_operations detail/dict_referent detail/set_referent
  detail/namespace_referent detail/value_referent detail/instance_referent
  detail/sync_methods detail/call_queue detail/shared_referent detail/beside
  detail/lock_referent detail/semaphore_referent detail/condition_referent detail/event_referent
  detail/barrier_referent detail/queue_referent
  detail/pool_operations detail/pool_referent detail/call_timeout
  base_proxy acquirer_proxy condition_proxy event_proxy barrier_proxy queue_proxy detail/sync_factories
  detail/stream_proxy async_result_proxy pool_proxy detail/pool_factories
  list_proxy dict_proxy set_proxy namespace_proxy value_proxy array_proxy proxy manager
  shared_memory_manager
  dummy
)
set(floor_6 context)
set(floor_7 multiprocess)

set(rank 0)
foreach(floor RANGE 1 7)
  foreach(name IN LISTS floor_${floor})
    math(EXPR rank "${rank} + 1")
    set(rank_${name} ${rank})
    set(floor_of_${name} ${floor})
  endforeach()
endforeach()

set(os_macro "_WIN32|_WIN64|__linux__|__APPLE__|__unix__|__FreeBSD__|__MINGW32__|_POSIX")
string(CONCAT os_header
  "windows|winsock2|unistd|fcntl|signal|pthread|sched|poll|dlfcn|link|elf|spawn|semaphore|errno"
  "|execinfo|dirent|ucontext|sys/[a-z_]+|linux/[a-z_]+"
)
string(CONCAT unfinished "TO" "DO|FIX" "ME|[^X]XX" "X[^X]")

set(faults "")
macro(fault file text)
  string(APPEND faults "\n  ${file}: ${text}")
endmacro()

# Sets `text`, and reports a file that is too long or that is not finished.
macro(read_source file most_lines)
  file(READ ${ROOT}/${file} text)
  string(REGEX MATCHALL "\n" lines "${text}")
  list(LENGTH lines count)
  if(count GREATER ${most_lines})
    fault(${file} "${count} lines, the most is ${most_lines}")
  endif()
  if(text MATCHES "${unfinished}")
    fault(${file} "says ${CMAKE_MATCH_0}: finish it or open an issue")
  endif()
endmacro()

# Includes of `text` may reach at most the rank `most`.
macro(check_includes file most)
  string(REGEX MATCHALL "#[ ]*include [<\"]multiprocess/[a-z0-9_/]+\\.hpp" includes "${text}")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE ".*multiprocess/(.*)\\.hpp" "\\1" below "${include}")
    if(NOT DEFINED rank_${below})
      fault(${file} "includes ${below}.hpp, which is on no floor of tests/architecture.cmake")
    elseif(rank_${below} GREATER ${most})
      fault(${file} "includes ${below}.hpp, which is not below it (floor ${floor_of_${below}})")
    endif()
  endforeach()
endmacro()

macro(check_no_system file)
  if(text MATCHES "#[ ]*(if|ifdef|ifndef|elif)[^\n]*(${os_macro})")
    fault(${file} "asks which OS it is on (belongs in src/posix and src/win32)")
  endif()
  if(text MATCHES "#[ ]*include <(${os_header})\\.h>")
    fault(${file} "includes <${CMAKE_MATCH_1}.h> (belongs in src/posix and src/win32)")
  endif()
endmacro()

file(GLOB_RECURSE headers RELATIVE ${ROOT} ${ROOT}/include/*.hpp)
foreach(header IN LISTS headers)
  read_source(${header} 400)
  check_no_system(${header})
  string(REGEX REPLACE "^include/multiprocess/(.*)\\.hpp$" "\\1" name ${header})
  if(NOT DEFINED rank_${name})
    fault(${header} "is on no floor of tests/architecture.cmake")
    continue()
  endif()
  math(EXPR left "${rank_${name}} - 1")
  check_includes(${header} ${left})
  if(NOT name MATCHES "/" AND NOT name STREQUAL "multiprocess"
     AND NOT EXISTS ${ROOT}/tests/${name}_test.cpp)
    fault(${header} "has no tests/${name}_test.cpp")
  endif()
endforeach()

# A source is named after the header that it implements, and includes it first: so it is seen that the
# header needs no other before it (CMakeLists.txt relies on that).
foreach(floor RANGE 1 7)
  list(GET floor_${floor} -1 last)
  set(top_of_${floor} ${rank_${last}})
endforeach()
file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/src/*.cpp ${ROOT}/src/*.hpp)
foreach(source IN LISTS sources)
  read_source(${source} 350)
  cmake_path(GET source STEM name)
  if(source MATCHES "^src/(posix|win32)/")
    set(floor 1)
    set(known ${rank_detail/os/${name}})
    set(folder detail/os/)
  else()
    check_no_system(${source})
    set(floor ${floor_of_${name}} ${floor_of_detail/${name}})
    set(known ${floor})
    string(REGEX REPLACE ".+" "detail/" folder "${floor_of_detail/${name}}")
  endif()
  if(known AND source MATCHES "cpp$"
     AND NOT text MATCHES "^[^#]*#include <multiprocess/${folder}${name}\\.hpp>")
    fault(${source} "does not include its own header first")
  endif()
  if(floor)
    check_includes(${source} ${top_of_${floor}})
  endif()
  cmake_path(REPLACE_EXTENSION source hpp OUTPUT_VARIABLE own)  # what a system needs for itself
  if(source MATCHES "cpp$" AND NOT known AND NOT EXISTS ${ROOT}/${own})
    fault(${source} "is not named after a header")
  endif()
endforeach()

# A test may end a process before each step:: of a shared protocol. Where there are such, in a header or
# its source, no store is made beside them, unless its line says why it needs none:
# "// raw: ours", as no other process sees it, or "// raw: " and another reason that step.hpp knows.
set(raw "[.>](store|exchange|fetch_[a-z]+|compare_exchange_[a-z]+)[(][^\n]*")
set(stepped "")
foreach(file IN LISTS headers sources)
  file(READ ${ROOT}/${file} text)
  if(text MATCHES "step::")
    cmake_path(GET file STEM name)
    list(APPEND stepped ${name})
  endif()
endforeach()
list(REMOVE_ITEM stepped step)
foreach(file IN LISTS headers sources)
  cmake_path(GET file STEM name)
  if(name IN_LIST stepped AND NOT file MATCHES "/(os|posix|win32)/")
    file(READ ${ROOT}/${file} text)
    string(REGEX REPLACE "[][;]" " " text "${text}")
    string(REGEX MATCHALL "${raw}" stores "${text}")
    foreach(store IN LISTS stores)
      if(NOT store MATCHES "// raw: [a-z]")
        fault(${file} "takes a step that no test can come before, and does not say why: ${store}")
      endif()
    endforeach()
  endif()
endforeach()

# Once there is a second system, every file has its twin, but for what a system needs for itself.
foreach(folders IN ITEMS posix:win32 win32:posix)
  string(REPLACE ":" ";" folders ${folders})
  list(GET folders 0 here)
  list(GET folders 1 there)
  file(GLOB files RELATIVE ${ROOT}/src/${here} ${ROOT}/src/${here}/*.cpp)
  foreach(file IN LISTS files)
    string(REPLACE .cpp .hpp own ${file})
    if(EXISTS ${ROOT}/src/${there} AND NOT EXISTS ${ROOT}/src/${there}/${file}
       AND NOT EXISTS ${ROOT}/src/${here}/${own})
      fault(src/${here}/${file} "has no twin in src/${there}")
    endif()
  endforeach()
endforeach()

# What exists is listed, or it would neither be built nor run.
macro(check_listed file name list)
  file(READ ${ROOT}/${list} listed)
  if(NOT listed MATCHES "[ \n]${name}[ \n]")
    fault(${file} "is not listed in ${list}")
  endif()
endmacro()
foreach(source IN LISTS sources)
  string(REGEX REPLACE "^src/(posix|win32)/" "" name ${source})
  if(source MATCHES "cpp$")
    check_listed(${source} ${name} cmake/Sources.cmake)
  endif()
endforeach()
file(GLOB_RECURSE tests RELATIVE ${ROOT}/tests ${ROOT}/tests/*_test.cpp)
foreach(test IN LISTS tests)
  string(REPLACE _test.cpp "" name ${test})
  cmake_path(GET test PARENT_PATH folder)
  if(NOT folder OR NOT EXISTS ${ROOT}/tests/${folder}/CMakeLists.txt)  # it has a list of its own
    check_listed(tests/${test} ${name} tests/CMakeLists.txt)
  endif()
endforeach()

file(GLOB_RECURSE tests RELATIVE ${ROOT} ${ROOT}/tests/*.cpp ${ROOT}/tests/*.hpp)
foreach(test IN LISTS tests)
  read_source(${test} 400)
endforeach()
file(GLOB examples RELATIVE ${ROOT} ${ROOT}/examples/*.cpp)
foreach(example IN LISTS examples)
  read_source(${example} 60)
endforeach()
file(GLOB_RECURSE others RELATIVE ${ROOT}
  ${ROOT}/examples/*/*.cpp ${ROOT}/examples/*/*.hpp
  ${ROOT}/benchmarks/*.cpp ${ROOT}/benchmarks/*.hpp
)
foreach(other IN LISTS others)
  read_source(${other} 350)
endforeach()
read_source(CMakeLists.txt 90)

if(faults)
  message(FATAL_ERROR "The tree broke its layout:${faults}")
endif()
