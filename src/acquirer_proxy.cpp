// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/acquirer_proxy.hpp>

namespace multiprocess {

void AcquirerProxy::require_kind(const detail::SharedRef& received) {
  require_any<AcquirerProxy>(received);
}

}  // namespace multiprocess
