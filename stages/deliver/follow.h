// Brings sinks that take lines in pieces up to the file of lines while the run goes on: for rows of a queue, whose run may
// have no end. The file then only grows: answers of a queue's rows are never taken back within a run.
//
// Threads: one of its own; the constructor and the destructor on another.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "stages/spec.h"

namespace sluice::deliver {

class Follower {
 public:
  // Does nothing unless rows come from a queue and there is such a sink. `notice`: told once, on the other thread, when a
  // sink cannot be brought up; it is tried again, and deliver() says at the end what is wrong.
  Follower(const stages::PipelineSpec& spec, std::function<void(std::string)> notice);
  ~Follower();  // ends what is under way
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

 private:
  void follow();
  bool wait();  // false: it is over

  const stages::PipelineSpec& spec_;
  const std::function<void(std::string)> notice_;
  std::mutex mutex_;  // guards over_
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace sluice::deliver
