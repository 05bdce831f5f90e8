// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool_proxy.hpp>

namespace multiprocess {

std::vector<int> PoolProxy::pids() const {
  return call(Method::pids).send().get_value<std::vector<int>>();
}

void PoolProxy::start(const detail::PoolStart& orders) const {
  detail::ProxyCall call = this->call(Method::start);
  call.put_value(orders);
  call.send();
}

}  // namespace multiprocess
