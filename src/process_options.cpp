// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/process_options.hpp>

#include <multiprocess/detail/show.hpp>

namespace multiprocess {

std::string mp_repr(const ProcessOptions& options) {
  const ProcessOptions usual;
  return detail::Attributes("ProcessOptions")
      .add_set("name", options.name, usual.name)
      .add_set("daemon", options.daemon, usual.daemon)
      .add_set("start_method", options.start_method, usual.start_method)
      .add_set("outlive_parent", options.outlive_parent, usual.outlive_parent)
      .text();
}

}  // namespace multiprocess
