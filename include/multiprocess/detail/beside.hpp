// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/referent.hpp>

#include <functional>

namespace multiprocess::detail {

/// Runs `work`, which may wait or run the user's code, on a thread of its own; the object serves
/// others meanwhile. Then the call goes on in the loop: it gets what `work` threw, else `then` sees
/// to it, and in the end what stands in its answer is sent.
void do_beside(ServedCall& call, std::function<void(CallWriter& answer)> work,
               std::function<void(ServedCall& call)> then = nullptr);

/// The same, where `failed()` is called in the loop before what `work` threw is sent.
void do_beside(ServedCall& call, std::function<void(CallWriter& answer)> work,
               std::function<void(ServedCall& call)> then, std::function<void()> failed);

}  // namespace multiprocess::detail
