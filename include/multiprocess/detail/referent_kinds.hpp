// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/referent.hpp>

#include <memory>

namespace multiprocess::detail {

/// A new object; the call to create it goes on with what the kind needs.
std::shared_ptr<Referent> make_referent(ReferentKind kind, ServedCall& call);

std::shared_ptr<Referent> make_list(ServedCall& call);
std::shared_ptr<Referent> make_dict(ServedCall& call);
std::shared_ptr<Referent> make_set(ServedCall& call);
std::shared_ptr<Referent> make_namespace(ServedCall& call);
std::shared_ptr<Referent> make_value(ServedCall& call);
std::shared_ptr<Referent> make_lock(ServedCall& call);
std::shared_ptr<Referent> make_semaphore(ServedCall& call);
std::shared_ptr<Referent> make_condition(ServedCall& call);
std::shared_ptr<Referent> make_event(ServedCall& call);
std::shared_ptr<Referent> make_barrier(ServedCall& call);
std::shared_ptr<Referent> make_queue(ServedCall& call);
std::shared_ptr<Referent> make_pool(ServedCall& call);

/// Throws ValueError: a call that no client makes.
[[noreturn]] void throw_no_such_method();

}  // namespace multiprocess::detail
