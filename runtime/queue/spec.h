// A queue, as a pipeline file names it: to take rows from, or to put answers into.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/secret.h"

namespace sluice::queue {

// A stream of Redis.
struct Spec {
  core::Secret url = {};  // redis/url.h
  std::string ca_file = {};
  std::string stream = {};

  // Of a source.
  std::string group = "sluice";
  std::string consumer = {};  // empty: named by the machine and the checkpoint's folder
  std::string field = {};     // that holds the row as JSON; empty: the entry's fields are the row's
  std::uint64_t max_deliveries = 5;
  std::optional<core::Duration> idle_exit = {};  // none: it has no end
  core::Duration take_over = std::chrono::seconds(30);
  bool remove = false;  // entries that are acknowledged are deleted as well
  // Entries are taken for this consumer, and acknowledged; else the stream is only looked at.
  bool take = false;

  // Of a target.
  std::optional<std::uint64_t> maxlen = {};
};

// "redis:rows": what messages and the books call it. Never the address.
std::string name_of(const Spec& spec);

}  // namespace sluice::queue
