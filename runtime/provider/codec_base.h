// What codecs share: the reading of headers, errors and usage around the answer. For runtime/codec.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "provider/codec.h"
#include "provider/failure.h"
#include "provider/profile.h"
#include "provider/usage.h"
#include "provider/wire_json.h"

namespace sluice::provider {

// What a codec keeps of its endpoint.
struct CodecBase : Codec {
  CodecBase(const EndpointSpec& endpoint, const Profile& profile);

  // As most formats have it: JSON there and back, and the endpoint's own limit.
  std::vector<std::pair<std::string, std::string>> headers() const override {
    return {{"content-type", "application/json"}, {"accept", "application/json"}};
  }
  std::optional<int> output_cap() const override { return spec_.max_output_tokens; }

  Reply read(int status, const std::vector<HeaderView>& headers, std::string_view body,
             core::WallTime wall_now) const final;

 protected:
  // Fills `reply` from the body of a 2xx response that is JSON. outcome.status, .hints and .charged
  // (where a header says it) are set already.
  virtual void read_answer(const Element& body, Reply& reply) const = 0;

  // The system text, with the schema in words where the endpoint takes no schema.
  std::string system_text(const PromptFrame& prompt) const;
  // The schema to send, in the form that the endpoint takes; empty when none is sent.
  std::string sent_schema(const PromptFrame& prompt) const;
  // The counts of a 2xx reply, where they can be read.
  void take_usage(const Element& usage, Outcome& outcome) const;
  // A 2xx body that is no answer and names no error (docs/providers.md, Not an answer).
  void not_an_answer(Reply& reply, std::string_view why) const;

  EndpointSpec spec_;
  const Profile& profile_;
};

}  // namespace sluice::provider
