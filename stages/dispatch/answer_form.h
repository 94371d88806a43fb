// How an endpoint is asked for the answer's shape, and the next way when its server does not take
// this one: as a JSON schema, as any JSON object, in words.
//
// Threads: the I/O thread's.
//
// Invariants:
//   1. Only an endpoint whose file names no `structured` changes its way, and only before its first
//      answer in this run: behind that, a refusal is about a request.
//   2. The question stays the same: the answer is checked in any form, and stored under one name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "provider/codec.h"
#include "provider/endpoint.h"
#include "provider/outcome.h"

namespace sluice::dispatch {

class AnswerForm {
 public:
  AnswerForm(const provider::EndpointSpec& spec, const provider::PromptFrame& frame);

  // Of the request's body; the user content comes between.
  const std::shared_ptr<const std::string>& prefix() const { return now().prefix; }
  const std::shared_ptr<const std::string>& suffix() const { return now().suffix; }
  std::size_t frame_bytes() const { return prefix()->size() + suffix()->size(); }

  void sent(std::uint64_t attempt) { last_sent_ = attempt; }
  void answered() { answered_ = true; }
  // Whether `outcome` refuses the form that `attempt` had, and the endpoint is asked in another by
  // now: the request can be sent again, as if it had not been. Else, where another form may help,
  // the outcome's message says so.
  bool refused(std::uint64_t attempt, provider::Outcome& outcome);
  // For people, once it has changed: "takes no JSON schema (HTTP 400: …): asked …"; else empty.
  const std::string& note() const { return note_; }
  // The note where this was not called since it changed: at first the empty one, of the form that
  // the file says.
  std::optional<std::string> new_note();

 private:
  struct Form {
    provider::StructuredOutput how;
    std::shared_ptr<const std::string> prefix;
    std::shared_ptr<const std::string> suffix;
  };
  const Form& now() const { return forms_[form_]; }

  std::vector<Form> forms_;  // in the order in which they are tried; at least one
  std::size_t form_ = 0;
  bool shaped_ = false;  // there is a shape to ask for
  bool answered_ = false;
  std::uint64_t last_sent_ = 0;
  std::uint64_t old_form_until_ = 0;  // attempts up to it were sent in another form
  std::string note_;
  bool note_is_new_ = true;
};

}  // namespace sluice::dispatch
