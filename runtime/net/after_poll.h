// Work for the end of the present turn of the loop, behind all that has come to its sockets by now.
// For deadlines: a loop that was held up (a stopped process, a busy machine) must not take for
// silent those whose bytes wait to be read.
//
// Threads: the loop's. Destroying it takes the work back.
#pragma once

#include <functional>

#include "net/intrusive_list.h"
#include "net/loop.h"

namespace sluice::net {

class AfterPoll {
 public:
  AfterPoll(Loop::Impl& loop, std::function<void()> work);
  ~AfterPoll();
  AfterPoll(const AfterPoll&) = delete;
  AfterPoll& operator=(const AfterPoll&) = delete;

  void arm();  // once, however often it is called
  void run() { work_(); }

  Links<AfterPoll> links;

 private:
  Loop::Impl& loop_;
  std::function<void()> work_;
};

using AfterPollList = IntrusiveList<AfterPoll, &AfterPoll::links>;

}  // namespace sluice::net
