// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// From the lowest floor to the highest.
// clang-format off
#include <multiprocess/version.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/start_method.hpp>
#include <multiprocess/timeout.hpp>
#include <multiprocess/range.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/serialization.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/logging.hpp>
#include <multiprocess/register_exception.hpp>
#include <multiprocess/authentication.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/semaphore.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/condition.hpp>
#include <multiprocess/barrier.hpp>
#include <multiprocess/raw_value.hpp>
#include <multiprocess/raw_array.hpp>
#include <multiprocess/value.hpp>
#include <multiprocess/array.hpp>
#include <multiprocess/shared_vector.hpp>
#include <multiprocess/shared_map.hpp>
#include <multiprocess/shared_string.hpp>
#include <multiprocess/shared_memory.hpp>
#include <multiprocess/shareable_list.hpp>
#include <multiprocess/connection.hpp>
#include <multiprocess/wait.hpp>
#include <multiprocess/address.hpp>
#include <multiprocess/connection_options.hpp>
#include <multiprocess/client.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/simple_queue.hpp>
#include <multiprocess/listener.hpp>
#include <multiprocess/pool_options.hpp>
#include <multiprocess/async_result.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/thread_pool.hpp>
#include <multiprocess/register_type.hpp>
#include <multiprocess/base_proxy.hpp>
#include <multiprocess/list_proxy.hpp>
#include <multiprocess/dict_proxy.hpp>
#include <multiprocess/set_proxy.hpp>
#include <multiprocess/namespace_proxy.hpp>
#include <multiprocess/value_proxy.hpp>
#include <multiprocess/array_proxy.hpp>
#include <multiprocess/proxy.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/dummy.hpp>
#include <multiprocess/context.hpp>
// clang-format on
