// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_operations.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/error.hpp>

namespace multiprocess::detail {

MapTerms MapTerms::of(const MapOptions& options) {
  if (options.progress) {
    throw ValueError("who is told of progress must be where the pool is: in the manager's server");
  }
  return {options.chunksize, options.task_timeout, options.grace, options.retries,
          options.buffersize};
}

MapOptions MapTerms::options() const {
  MapOptions all;
  all.chunksize = chunksize;
  all.task_timeout = task_timeout;
  all.grace = grace;
  all.retries = retries;
  all.buffersize = buffersize;
  return all;
}

std::shared_ptr<Pool> PoolStart::operator()() const {
  return initializer ? std::make_shared<Pool>(options, initializer)
                     : std::make_shared<Pool>(options);
}

void PoolStart::encode(OutputArchive& archive) const {
  if (options.on_callback_error) {
    throw NotSendable("PoolOptions::on_callback_error cannot cross: the pool is in the server");
  }
  archive(options.processes, options.maxtasksperchild, options.start_method,
          options.max_memory_per_child, options.affinity, options.trace_file, options.seed,
          options.label_output, options.inline_tasks, initializer);
}

PoolStart PoolStart::decode(InputArchive& archive) {
  PoolStart start;
  PoolOptions& options = start.options;
  archive(options.processes, options.maxtasksperchild, options.start_method,
          options.max_memory_per_child, options.affinity, options.trace_file, options.seed,
          options.label_output, options.inline_tasks, start.initializer);
  return start;
}

}  // namespace multiprocess::detail
