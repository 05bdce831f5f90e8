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

}  // namespace multiprocess::detail
