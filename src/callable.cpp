// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

void throw_not_callable() {
  throw TypeError("a null pointer is not callable");
}

void throw_fork_only(std::string_view type) {
  throw NotSendable(fmt::format(
      "'{}' can only run in a process started with StartMethod::fork: start that process with "
      "{{.start_method = mp::StartMethod::fork}}, or give it a target that can be sent",
      readable(type)));
}

void Job::save(OutputArchive& archive) const {
  archive.put(work_ != nullptr);
  if (work_ != nullptr) {
    work_->save(archive);
  }
}

Job Job::load(InputArchive& archive) {
  if (!archive.get_bool()) {
    return Job();
  }
  const Descriptor& descriptor = load_descriptor(archive, job_signature, "target of a process");
  return Job(std::unique_ptr<Work>(static_cast<Work*>(descriptor.decode(archive))));
}

}  // namespace multiprocess::detail
