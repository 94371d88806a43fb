// What the batch APIs of OpenAI's kind have in common: ids, lists, files.
//
// Threads: constant data and plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"
#include "wire/batch.h"

namespace sluice::wire {

std::string openai_file_id(std::uint64_t draw);
std::string uuid_of(std::uint64_t draw);

// {"object":"list","data":[…],"first_id","last_id","has_more"}.
void open_list(core::JsonWriter& w);
void close_list(core::JsonWriter& w, std::string_view first, std::string_view last, bool more);

extern const BatchFilesApi kOpenAiFiles;
extern const BatchFilesApi kMistralFiles;

}  // namespace sluice::wire
