// An entry of a stream as a message: its fields as the members of a JSON object, or one of them, which holds the object
// as text.
//
// Threads: any. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "queue/queue.h"
#include "redis/reply.h"

namespace sluice::queue {

// Of a reply's [id, fields]; nothing where it is not one, or where the entry has been deleted (its fields are nil).
// `field`: as RedisStream's; an entry without it has a reject.
std::optional<Message> read_entry(const redis::Reply& reply, const std::string& field);

// What keeps a server from being used, by its answer to INFO: releases before 6.2 lack commands. Nothing for an answer that
// does not say its release.
std::optional<std::string> too_old(std::string_view info);

}  // namespace sluice::queue
