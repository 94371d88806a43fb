// Wire formats. A codec turns a prompt into the bytes of one provider's request and a response into
// text, usage, verdict and rate hints. It does no I/O and reads no clock.
//
// A request body is `prefix + user content as a JSON string + suffix`. Prefix and suffix are the
// same for all requests of one question at one endpoint, so they are made once; the expensive part,
// the escaped user content, is the same for every provider, so it is made before an endpoint is
// chosen. Inputs to embed are a list of strings in place of the one, and a row that may have files an
// object (user_content.h); where a format writes these otherwise, its codec makes that of it when the
// request is sent (content()).
//
// Threads: a Codec is immutable after make_codec(); read() keeps its parser in thread-local
// storage.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "provider/endpoint.h"
#include "provider/outcome.h"

namespace sluice::provider {

// What all requests of one question share.
struct PromptFrame {
  std::string system;       // system text; may be empty. Already holds the packing instruction
  std::string schema_name;  // "answer" or "answers": [A-Za-z0-9_-]{1,64}
  std::string schema;       // JSON Schema of the whole reply, as JSON text; empty = free text
  std::string
      schema_text;     // the same in words, added to `system` where the endpoint takes no schema
  bool files = false;  // the user content is that of a row that may have files (user_content.h)
};

// Which files a format can carry, beside images as PNG, JPEG and WebP, and PDFs, in the request.
struct FilesTaken {
  bool gif = true;
  bool image_urls = true;     // the provider fetches images by itself
  bool document_urls = true;  // and documents
  bool untyped_urls = true;   // also where the ending does not say what it is
};

struct BodyFrame {
  std::string prefix;
  std::string suffix;
};

enum class Finish : std::uint8_t { stop, length, refusal, content_filter, other };

// A successful reply: outcome.action == none.
struct Reply {
  Outcome outcome;
  std::string text;  // the model's words
  Finish finish = Finish::stop;
  std::string model;  // the model that the server says answered; may be empty
  // Of inputs that were embedded, in their order: `dimensions` numbers each, all finite.
  std::vector<float> vectors;
  std::size_t dimensions = 0;

  // What it holds beside its outcome.
  std::size_t bytes() const { return text.size() + vectors.size() * sizeof(float); }
};

using HeaderView = std::pair<std::string_view, std::string_view>;  // name in lower case, value

class Codec {
 public:
  virtual ~Codec() = default;
  // Request path below base_url, as it is written: "/chat/completions"; may name the model.
  virtual std::string_view path() const = 0;
  // Headers besides Host, Content-Length, Accept-Encoding and those that prove who asks (auth/).
  virtual std::vector<std::pair<std::string, std::string>> headers() const = 0;
  virtual BodyFrame frame(const PromptFrame& prompt) const = 0;
  // The user content as this format writes it; mostly as it is. That of inputs to embed is a JSON
  // list of strings, as core/json.h writes them; that of a row that may have files is user_content.h's.
  virtual std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& user_content) const {
    return user_content;
  }
  virtual FilesTaken files_taken() const { return {}; }
  // The most output tokens that each request allows; nullopt: it does not say.
  virtual std::optional<int> output_cap() const = 0;
  // Reads any response, errors included (docs/providers.md, Replies, Errors). `wall_now` is for
  // dates in headers. Never throws; bytes that are not what they should be become an Outcome that
  // says so.
  virtual Reply read(int status, const std::vector<HeaderView>& headers, std::string_view body,
                     core::WallTime wall_now) const = 0;
};

}  // namespace sluice::provider
