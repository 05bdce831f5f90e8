// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// clang-format off: from the lowest floor to the highest
#include <multiprocess/authentication.hpp>
#include <multiprocess/context.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/logging.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>
#include <multiprocess/register_exception.hpp>
#include <multiprocess/serialization.hpp>
#include <multiprocess/start_method.hpp>
#include <multiprocess/timeout.hpp>
#include <multiprocess/version.hpp>
