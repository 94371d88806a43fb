// One call of a provider's API from the server's side: which requests it takes, what they ask for,
// and how an answer is written. A format knows nothing of limits, faults or time: what becomes of a
// request is decided by mock/provider_model.h, which knows nothing of formats.
//
// A call is a file with its functions, and a line in wires.cc.
//
// Threads: constant data and plain functions, any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "http/server.h"
#include "wire/fields.h"
#include "wire/service.h"

namespace sluice::wire {

// What a request asks for.
struct Asked {
  std::string model;
  std::string system;  // all that is not the user's, in order
  std::string user;    // the last user message; before its text what was shown with it (media.h)
  std::vector<std::string> media;  // of the user's messages: what each is, in words
  std::uint64_t prompt_tokens = 0;
  std::optional<std::uint64_t> max_output_tokens;
  bool ignores_end = false;  // the answer is as long as it may be (vLLM, SGLang, llama.cpp)
  std::string schema;        // JSON Schema of the answer, as JSON text; empty = free text
  std::string tool;          // the one tool that must be called: the answer is its input
  std::string tier;          // in the provider's words; empty = none is named
  bool stream = false;
  bool stream_usage = false;        // the stream is to end with the usage
  bool events = false;              // a stream of events, where there are two kinds of streams
  bool thoughts = false;            // what the model thought is to be shown
  std::vector<std::string> inputs;  // of embeddings; then there is no text
  std::uint32_t dimensions = 0;     // of the vectors; 0 = the model's own
  bool base64 = false;              // vectors as base64 of little-endian floats
};

// What is answered, in one convention: `cached` is part of `input`, `reasoning` of `output`.
struct Answer {
  std::uint64_t id = 0;
  std::int64_t created = 0;  // seconds since the epoch
  std::string model;
  std::string text;
  std::string refusal;  // when not empty: instead of the text
  bool cut = false;     // at the output limit
  bool chunks = false;  // the text in pieces, where the format has such
  std::uint64_t input = 0;
  std::uint64_t cached = 0;
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
  std::string tier;  // that was used; empty = none was named
  std::vector<std::vector<float>> vectors;
  core::Duration latency{};
};

// A request on its way into a format.
struct Request {
  const http::ServerRequest& http;
  const Element& body;               // of a GET: null
  std::vector<std::string> in_path;  // what stands in the path's braces, decoded
};

enum class Task : std::uint8_t { text, vectors, models };

struct Wire {
  std::string_view name;  // "anthropic messages"
  std::string_view method = "POST";
  // With braces for what may stand there: "/v1beta/models/{}:generateContent".
  std::span<const std::string_view> paths;
  const Service& service;
  Task task = Task::text;
  const Fields* fields = nullptr;  // of the body; null = it has none
  // Whether it is this one, where several have a path in common; null = it is.
  bool (*takes)(const Request& request) = nullptr;
  std::expected<Asked, Refusal> (*read)(const Request& request) = nullptr;
  void (*write)(const Asked& asked, const Answer& answer, http::ServerResponse& response) = nullptr;
};

// Four bytes a token, rounded up: the mock's count, whoever asks.
constexpr std::uint64_t tokens_of(std::size_t bytes) {
  return (bytes + 3) / 4;
}

// For the formats' own files.
std::string_view text_at(const Element& object, std::string_view key);
std::optional<std::uint64_t> count_at(const Element& object, std::string_view key);
bool flag_at(const Element& object, std::string_view key);
// A string, or the "text" of the objects in a list, joined.
std::string text_of(const Element& content);
std::unexpected<Refusal> bad_request(std::string message, std::string field = {},
                                     std::string code = {});
std::unexpected<Refusal> refuse(Why why, std::string message);
// Whether a text is one JSON object.
bool is_object(std::string_view text);
// One event of a stream; without a name when it is empty.
void append_event(std::string& out, std::string_view name, std::string_view data);
// A list of numbers, each in the shortest form that reads back as the same float.
void write_numbers(core::JsonWriter& w, std::span<const float> numbers);
// The text in a few pieces, between characters.
std::vector<std::string_view> pieces_of(std::string_view text);

}  // namespace sluice::wire
