# SPDX-License-Identifier: BSD-3-Clause
#
# What the library is compiled from: what knows no system, and what knows ours.
set(MULTIPROCESS_NEUTRAL_SOURCES
  src/accept_turns.cpp src/acceptor.cpp src/account.cpp src/acquirer_proxy.cpp src/address.cpp
  src/archive.cpp src/arena.cpp src/async_result.cpp src/authentication.cpp src/barrier.cpp
  src/barrier_action.cpp src/barrier_referent.cpp src/base_proxy.cpp src/batch.cpp
  src/batch_block.cpp src/batch_results.cpp src/bell.cpp src/beside.cpp src/block_item.cpp
  src/board.cpp src/bootstrap.cpp src/bytes.cpp src/call_data.cpp src/call_queue.cpp
  src/call_state.cpp src/callable.cpp src/callback_turns.cpp src/children.cpp src/chunk_run.cpp
  src/cleanup.cpp src/client.cpp src/closure.cpp src/condition.cpp src/condition_referent.cpp
  src/connection.cpp src/connection_options.cpp src/context.cpp src/count.cpp src/deposit.cpp
  src/descriptor.cpp src/desk.cpp src/dict_referent.cpp src/dummy.cpp src/error.cpp src/event.cpp
  src/event_referent.cpp src/exit.cpp src/exit_report.cpp src/fd.cpp src/foreign_cell.cpp
  src/fork_service.cpp src/forkserver.cpp src/frame.cpp src/gateway.cpp src/guest_handle.cpp
  src/guests.cpp src/hall.cpp
  src/hands.cpp src/handshake.cpp src/handshake_state.cpp src/heap.cpp src/hkdf.cpp src/holders.cpp
  src/imap.cpp src/imap_feeds.cpp src/inheritance.cpp src/instance_referent.cpp src/item_queue.cpp
  src/journal.cpp src/keeper.cpp src/key_index.cpp src/lanes.cpp src/launch.cpp src/line.cpp
  src/link.cpp src/link_lines.cpp src/list_item.cpp src/list_referent.cpp src/listener.cpp
  src/live_orders.cpp
  src/lock.cpp src/lock_calls.cpp src/lock_referent.cpp src/logging.cpp src/loop_work.cpp
  src/magazines.cpp src/manager.cpp src/manager_place.cpp src/manager_referent.cpp
  src/manager_server.cpp src/manager_socket.cpp src/manager_start.cpp src/manager_state.cpp
  src/map_key.cpp src/meeting.cpp src/message.cpp src/module_ref.cpp src/namespace_proxy.cpp
  src/namespace_referent.cpp src/number.cpp src/object_state.cpp src/order.cpp src/output_labels.cpp
  src/owned_lock.cpp src/page_runs.cpp src/parcel.cpp src/participants.cpp src/pipe.cpp
  src/pipe_transport.cpp src/pool.cpp src/pool_engine.cpp src/pool_nesting.cpp src/pool_operations.cpp
  src/pool_options.cpp src/pool_proxy.cpp src/pool_referent.cpp src/pool_service.cpp
  src/pool_workers.cpp src/process.cpp src/process_options.cpp src/process_state.cpp
  src/proxy_call.cpp src/queue_handle.cpp
  src/queue_referent.cpp src/queue_state.cpp src/range.cpp src/referent.cpp src/registered_type.cpp
  src/remote_category.cpp src/remote_error.cpp src/remote_session.cpp src/repair.cpp src/repr.cpp
  src/seal.cpp src/sealed_transport.cpp src/segment_list.cpp src/self.cpp src/semaphore.cpp
  src/semaphore_referent.cpp src/sentences.cpp src/sequence.cpp src/serialization.cpp
  src/set_referent.cpp src/shareable_list.cpp src/shared_bytes.cpp src/shared_code.cpp
  src/shared_data.cpp src/shared_memory.cpp src/shared_memory_manager.cpp src/shared_ref.cpp
  src/shared_referent.cpp src/shared_string.cpp src/shipment.cpp src/shown_progress.cpp src/slabs.cpp
  src/socket_files.cpp
  src/start_method.cpp src/stop_watch.cpp src/stream_transport.cpp src/task.cpp
  src/thread_engine.cpp src/thread_imap.cpp src/thread_items.cpp src/thread_lock.cpp
  src/thread_order.cpp src/thread_pool.cpp src/thread_queue.cpp src/thread_watch.cpp src/timeout.cpp
  src/trace_file.cpp src/traceback.cpp src/tracked_names.cpp src/transport.cpp src/tree_session.cpp
  src/type_name.cpp src/units.cpp src/value_referent.cpp src/wait.cpp src/waiters.cpp src/warden.cpp
  src/word.cpp src/work_threads.cpp src/worker.cpp
)
set(MULTIPROCESS_OS_SOURCES
  around_fork.cpp backtrace.cpp daemon.cpp deadline.cpp doorbell.cpp futex.cpp handle.cpp
  handle_limit.cpp hmac.cpp identity.cpp info.cpp mapping.cpp module.cpp named_memory.cpp poll.cpp
  poller.cpp process.cpp program.cpp random.cpp rendezvous.cpp secret_memory.cpp socket.cpp
  socket_file.cpp stream.cpp symbols.cpp takeover.cpp thread.cpp transfer.cpp
)
if(WIN32)
  list(APPEND MULTIPROCESS_OS_SOURCES
    kinds.cpp listening.cpp overlapped.cpp passport.cpp pipe.cpp pipe_name.cpp readiness.cpp
    system.cpp user.cpp winsock.cpp
  )
  list(TRANSFORM MULTIPROCESS_OS_SOURCES PREPEND src/win32/)
else()
  list(TRANSFORM MULTIPROCESS_OS_SOURCES PREPEND src/posix/)
endif()

file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.hpp)
# Every header is seen to compile alone: one of detail/ that a source implements by that source, which
# includes it first, any other by a check of its own.
set(implemented ${headers})
list(FILTER implemented INCLUDE REGEX /detail/)
foreach(header IN LISTS implemented)
  cmake_path(GET header STEM name)
  if(NOT "${MULTIPROCESS_NEUTRAL_SOURCES};${MULTIPROCESS_OS_SOURCES}" MATCHES "/${name}\\.cpp")
    list(REMOVE_ITEM implemented ${header})
  endif()
endforeach()
list(REMOVE_ITEM headers ${implemented})
