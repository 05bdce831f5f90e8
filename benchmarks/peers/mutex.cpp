// SPDX-License-Identifier: BSD-3-Clause
#include "mutex.hpp"

#include "../harness/crew.hpp"

#include <pthread.h>
#include <semaphore.h>
#include <boost/interprocess/sync/interprocess_mutex.hpp>

namespace bench {

namespace {

class BoostMutex final : public Mutex {
 public:
  void lock() override { mutex_->lock(); }
  void unlock() override { mutex_->unlock(); }

 private:
  Shared<boost::interprocess::interprocess_mutex> mutex_;
};

class RobustMutex final : public Mutex {
 public:
  RobustMutex() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&*mutex_, &attributes);
    pthread_mutexattr_destroy(&attributes);
  }
  ~RobustMutex() override { pthread_mutex_destroy(&*mutex_); }
  void lock() override { pthread_mutex_lock(&*mutex_); }
  void unlock() override { pthread_mutex_unlock(&*mutex_); }

 private:
  Shared<pthread_mutex_t> mutex_;
};

class RawSemaphore final : public Mutex {
 public:
  RawSemaphore() { sem_init(&*semaphore_, 1, 1); }
  ~RawSemaphore() override { sem_destroy(&*semaphore_); }
  void lock() override { sem_wait(&*semaphore_); }
  void unlock() override { sem_post(&*semaphore_); }

 private:
  Shared<sem_t> semaphore_;
};

}  // namespace

std::unique_ptr<Mutex> make_boost_mutex() {
  return std::make_unique<BoostMutex>();
}

std::unique_ptr<Mutex> make_robust_mutex() {
  return std::make_unique<RobustMutex>();
}

std::unique_ptr<Mutex> make_raw_semaphore() {
  return std::make_unique<RawSemaphore>();
}

}  // namespace bench
