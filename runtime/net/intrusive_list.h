// A doubly linked list through links that its items carry: push, move to the end and remove in
// constant time without allocating. For the queues that a request or a connection moves between
// (waiting, in flight, idle), all ordered by time.
//
// Threads: one. The list owns nothing; an item must be removed before it is destroyed.
#pragma once

#include <cassert>
#include <cstddef>

namespace sluice::net {

template <class T>
struct Links {
  T* before = nullptr;
  T* after = nullptr;
  bool linked = false;
};

template <class T, Links<T> T::* links>
class IntrusiveList {
 public:
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  T* front() const { return first_; }
  T* back() const { return last_; }

  void push_back(T& item) {
    Links<T>& own = item.*links;
    assert(!own.linked);
    own = {last_, nullptr, true};
    (last_ ? (last_->*links).after : first_) = &item;
    last_ = &item;
    ++size_;
  }
  void push_front(T& item) {
    Links<T>& own = item.*links;
    assert(!own.linked);
    own = {nullptr, first_, true};
    (first_ ? (first_->*links).before : last_) = &item;
    first_ = &item;
    ++size_;
  }
  // No effect when the item is in no list.
  void remove(T& item) {
    Links<T>& own = item.*links;
    if (!own.linked) return;
    (own.before ? (own.before->*links).after : first_) = own.after;
    (own.after ? (own.after->*links).before : last_) = own.before;
    own = {};
    --size_;
  }
  void move_to_back(T& item) {
    if (last_ == &item) return;
    remove(item);
    push_back(item);
  }
  T* pop_front() {
    T* item = first_;
    if (item) remove(*item);
    return item;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sluice::net
