// SPDX-License-Identifier: BSD-3-Clause
//
// What a program that has connected, and knows the key, sends to a manager's server: the first byte
// says whether there are objects that run the user's code, then come messages (see Client::say).
// Whatever they are, they are answered or their client is cut off, and the server serves others.
//
// A client may have the server do its work: start workers, keep what memory holds, call functions
// of the program. So it is spared orders to start processes or to multiply a list, and what it can
// have called does no harm.
#include "fuzz/manager_talk.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace multiprocess::test {
namespace {

using namespace manager_talk;

/// An input piece by piece.
class Script {
 public:
  explicit Script(bool with_code = false) { bytes_.push_back(std::byte{with_code}); }

  template <class Method>
  Script& call(Named object, Method method, const Words& rest = {},
               const std::vector<std::uint8_t>& beside = {}) {
    put({1, object, static_cast<std::uint8_t>(method), static_cast<std::uint8_t>(beside.size())});
    put(beside);
    Client::put_bytes(bytes_, rest);
    return *this;
  }
  template <class Method>
  Script& run(Named object, Method method, std::uint8_t function, const Words& before = {},
              const std::vector<std::uint8_t>& changes = {}) {
    put({3, object, static_cast<std::uint8_t>(method)});
    Client::put_bytes(bytes_, before);
    put({function, static_cast<std::uint8_t>(changes.size() / 3)});
    put(changes);
    return *this;
  }
  Script& raw(const Words& all) {
    put({0});
    Client::put_bytes(bytes_, all);
    return *this;
  }
  Script& stream(const std::vector<std::uint8_t>& all) {
    put({2, static_cast<std::uint8_t>(all.size())});
    put(all);
    return *this;
  }
  Seed named(std::string name) const { return {std::move(name), bytes_}; }

 private:
  void put(const std::vector<std::uint8_t>& bytes) {
    std::transform(bytes.begin(), bytes.end(), std::back_inserter(bytes_),
                   [](std::uint8_t byte) { return std::byte{byte}; });
  }

  Words bytes_;
};

}  // namespace

std::vector<Seed> seeds() {
  using M = ManagerMethod;
  using L = ListMethod;
  using D = DictMethod;
  const Words whole = numbers(no_index, no_index, 1);
  const Words a = value(std::string("a"));
  return {
      Script()
          .call(a_list, L::append, value(8))
          .call(a_list, L::get, numbers(-1))
          .call(a_list, L::slice, numbers(no_index, no_index, -1))
          .call(a_list, L::index, a + whole)
          .call(a_list, L::erase_same, numbers(0) + a)
          .call(a_list, L::assign, whole + numbers(2) + a + a)
          .call(a_list, L::repeat, numbers(3))
          .call(a_list, L::pop, numbers(0))
          .named("list"),
      Script()
          .call(a_list, L::insert, numbers(-2) + value(8))
          .call(a_list, L::erase_slice, numbers(0, 2, 2))
          .call(a_list, L::replace, numbers(0) + value(8) + value(9))
          .run(a_list, L::apply, list_call)
          .named("list_apply"),
      Script()
          .call(a_dict, D::set, a + value(2))
          .call(a_dict, D::find, a)
          .call(a_dict, D::update, numbers(1) + value(2.5) + a)
          .call(a_dict, D::items)
          .run(a_dict, D::apply_to, value_call, a)
          .run(a_dict, D::apply, dict_call)
          .named("dict"),
      Script()
          .call(a_set, SetMethod::add, value(3))
          .call(a_set, SetMethod::combine, numbers(SetOperator::differ, 1) + value(2))
          .call(a_set, SetMethod::compare, numbers(1) + value(2))
          .named("set"),
      Script()
          .call(a_namespace, NamespaceMethod::set, text("x") + value(2))
          .call(a_namespace, NamespaceMethod::items)
          .call(a_value, ValueMethod::replace, value(7) + value(8))
          .call(a_value, ValueMethod::get)
          .run(a_value, ValueMethod::apply, value_call)
          .named("namespace_and_value"),
      Script()
          .call(a_lock, AcquirerMethod::acquire, numbers(-1))
          .call(a_lock, AcquirerMethod::show)
          .call(a_lock, AcquirerMethod::release)
          .call(a_semaphore, AcquirerMethod::acquire, numbers(0))
          .call(a_condition, AcquirerMethod::acquire, numbers(-1))
          .call(a_condition, ConditionMethod::notify, numbers(1))
          .call(a_condition, ConditionMethod::wait, numbers(1000))
          .named("locks"),
      Script()
          .call(an_event, EventMethod::set)
          .call(an_event, EventMethod::wait, numbers(-1))
          .call(a_barrier, BarrierMethod::wait, numbers(1000))
          .call(a_barrier, BarrierMethod::show)
          .named("event_and_barrier"),
      Script()
          .call(a_queue, QueueMethod::put, numbers(-1) + a)
          .call(a_queue, QueueMethod::get, numbers(-1))
          .call(a_queue, QueueMethod::task_done)
          .call(a_queue, QueueMethod::join, numbers(-1))
          .named("queue"),
      Script()
          .call(server, M::publish, text("name") + numbers(0), {a_list})
          .call(server, M::lookup, text("name"))
          .call(server, M::number_of_objects)
          .call(server, M::hold, numbers(0x100000001))
          .call(server, M::list_segments)
          .call(server, M::drop, numbers(1, 0x100000001))
          .named("names"),
      Script()
          .call(a_list, L::append, numbers(1, 0, 0), {a_dict})
          .call(a_list, L::get, numbers(-1))
          .call(a_list, L::remove, numbers(1, 0, 0), {a_dict})
          .named("proxy_in_a_list"),
      Script(true)
          .call(an_instance, InstanceMethods::call,
                text("add") + numbers(1) + value(multiprocess::Object(3)))
          .call(an_instance, InstanceMethods::show)
          .run(an_instance, InstanceMethods::apply, instance_call)
          .named("instance"),
      Script(true)
          .run(a_pool, PoolMethod::call, apply_call)
          .run(a_pool, PoolMethod::submit, apply_call, numbers(any_type))
          .call(a_result, AsyncResultMethod::get, numbers(-1))
          .call(a_stream, StreamMethod::next, numbers(-1))
          .call(a_pool, PoolMethod::close)
          .call(a_pool, PoolMethod::join)
          .named("pool"),
      Script().call(a_lock, AcquirerMethod::acquire, numbers(INT64_MAX)).named("a_long_timeout"),
      Script().call(a_list, L::erase_same, numbers(-1) + a).named("an_index_below_the_list"),
      Script()
          .call(a_list, L::index, value(0) + numbers(no_index, no_index, -1))
          .named("a_search_backwards"),
      Script()
          .call(a_queue, QueueMethod::put, numbers(-1) + a)
          .call(a_queue, QueueMethod::put, numbers(-1) + a)
          .call(a_queue, QueueMethod::put, numbers(-1))
          .named("a_put_of_nothing"),
      Script().call(a_list, L::extend, numbers(UINT64_MAX) + a).named("a_count_too_large"),
      Script().call(a_list, L::append, numbers(UINT64_MAX, 0, 0)).named("more_objects_than_bytes"),
      Script().call(a_list, L::append, numbers(0, UINT64_MAX)).named("a_size_too_large"),
      Script().call(a_list, L::append, numbers(1, 5, 0)).named("an_object_that_is_not_beside_it"),
      Script().raw(numbers(UINT64_MAX, 1, 1)).named("more_objects_than_words"),
      Script().call(no_object, L::size).named("no_object"),
      Script().call(server, M::hold, numbers(0x100000000)).named("a_later_server"),
      Script().call(server, M::shutdown).named("shutdown"),
      Script().call(server, M::goodbye).named("goodbye"),
      Script().run(a_list, L::apply, list_call, {}, {40, 0, 1}).named("another_function"),
      Script().run(a_list, L::apply, dict_call).named("a_function_of_another_kind"),
      Script().stream({0x7f, 0xff, 0xff, 0xff, 0, 0}).named("a_length_bomb"),
      Script().stream({0xff, 0xff, 0xff, 0xff, 0x7f, 0xff}).named("a_longer_length_bomb"),
  };
}

}  // namespace multiprocess::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace multiprocess::test;
  multiprocess::test::Input input(data, size);
  manager_talk::Client client((input.byte() & 1) != 0);
  while (!input.empty() && client.is_there()) {
    client.say(input);
  }
  return 0;
}
