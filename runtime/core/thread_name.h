// Names the calling thread, for `top -H` and profilers. Any thread; at most 15 characters.
#pragma once

#include <pthread.h>

namespace sluice::core {

inline void name_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
}

}  // namespace sluice::core
