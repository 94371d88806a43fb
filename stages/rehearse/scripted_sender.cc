#include "rehearse/scripted_sender.h"

#include <deque>
#include <utility>

#include "core/json.h"
#include "format/json_value.h"
#include "provider/user_content.h"

namespace sluice::rehearse {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kBytesPerToken = 4;

std::uint64_t tokens_of(std::size_t bytes) {
  return (bytes + kBytesPerToken - 1) / kBytesPerToken;
}

class ScriptedSender final : public dispatch::Sender {
 public:
  ScriptedSender(const dispatch::SenderSetup& setup, const stages::Question& question,
                 Replies& replies, Notes& notes)
      : setup_(setup), question_(question), replies_(replies), notes_(notes) {}

  void send(const schedule::Send& attempt, const stages::Request& request) override {
    note(request);
    finished_.push_back({attempt, reply_to(attempt, request)});
    ++notes_.unreported;
    setup_.loop.post([this] { finish_first(); });
  }
  void cancel(schedule::AttemptId) override {}
  void stop() override {
    while (!finished_.empty()) finish_first();
  }

 private:
  struct Finished {
    schedule::Send attempt;
    provider::Reply reply;
  };

  void finish_first() {
    if (finished_.empty()) return;
    Finished first = std::move(finished_.front());
    finished_.pop_front();
    --notes_.unreported;
    const std::uint64_t bytes = first.reply.text.size() + 200;  // with what stands around the text
    setup_.events.finished(first.attempt, std::move(first.reply), bytes);
  }

  void note(const stages::Request& request) {
    Sent& sent = notes_.sent.emplace_back();
    sent.system = question_.frame.system;
    if (question_.vectors) {
      for (const stages::Item& item : request.items)
        sent.user.append(sent.user.empty() ? "" : "\n").append(item.prompt);
      return;
    }
    dom::parser parser;
    dom::element user;
    std::string_view words;
    const std::string text(provider::has_files(*request.user_content)
                               ? provider::read_user_content(*request.user_content).text
                               : std::string_view(*request.user_content));
    if (format::parse_json(parser, text, user) == simdjson::SUCCESS &&
        user.get(words) == simdjson::SUCCESS)
      sent.user = words;
  }

  provider::Reply reply_to(const schedule::Send& attempt, const stages::Request& request) {
    const provider::EndpointSpec& endpoint = setup_.specs[attempt.endpoint];
    std::vector<Reply> replies;
    for (const stages::Item& item : request.items) {
      auto next = replies_.next(item, endpoint);
      if (!next) return give_up(next.error());
      if (next->whole()) {
        replies_.used(item);
        if (next->kind == Reply::Kind::text) return answered(attempt, request, next->text);
        return failed_reply(*next, *setup_.endpoints[attempt.endpoint].codec,
                            setup_.clock.wall_now());
      }
      replies.push_back(std::move(*next));
    }
    for (const stages::Item& item : request.items) replies_.used(item);
    if (question_.vectors) return embedded(attempt, request, replies);
    return answered(attempt, request, text_of(request, replies));
  }

  std::string text_of(const stages::Request& request, const std::vector<Reply>& replies) const {
    std::string text;
    if (!question_.packed)
      return replies[0].kind == Reply::Kind::answer ? replies[0].text : std::string();
    core::JsonWriter w(text);
    w.open('{');
    w.key("answers");
    w.open('[');
    for (std::size_t i = 0; i < replies.size(); ++i) {
      if (replies[i].kind == Reply::Kind::missing) continue;
      std::string entry = R"({"id":)";
      core::append_json_string(entry, request.ids[i]);
      if (replies[i].text != "{}") entry += ',';
      entry.append(replies[i].text, 1);
      w.raw(entry);
    }
    w.close(']');
    w.close('}');
    return text;
  }

  // Those that are missing are left out, so that the reply has fewer than there are texts.
  provider::Reply embedded(const schedule::Send& attempt, const stages::Request& request,
                           const std::vector<Reply>& replies) const {
    provider::Reply reply = answered(attempt, request, {});
    reply.outcome.usage.output = 0;
    dom::parser parser;
    for (const Reply& one : replies) {
      dom::array numbers;
      if (one.kind == Reply::Kind::missing || parser.parse(one.text).get(numbers)) continue;
      reply.dimensions = numbers.size();
      for (const dom::element number : numbers)
        reply.vectors.push_back(static_cast<float>(double(number)));
    }
    return reply;
  }

  provider::Reply answered(const schedule::Send& attempt, const stages::Request& request,
                           std::string text) const {
    provider::Reply reply;
    reply.outcome.status = 200;
    reply.outcome.billing = provider::Billing::known;
    reply.outcome.usage = {.input = tokens_of(setup_.endpoints[attempt.endpoint].frame_bytes() +
                                              stages::counted_bytes(request)),
                           .output = tokens_of(text.size())};
    reply.model = setup_.specs[attempt.endpoint].model;
    reply.text = std::move(text);
    return reply;
  }

  // Nothing can succeed any more: the run ends.
  provider::Reply give_up(const std::string& why) {
    if (notes_.problem.empty()) notes_.problem = why;
    provider::Reply reply;
    reply.outcome.action = provider::Action::job;
    reply.outcome.cause = provider::Cause::bad_request;
    reply.outcome.message = why;
    return reply;
  }

  const dispatch::SenderSetup setup_;
  const stages::Question& question_;
  Replies& replies_;
  Notes& notes_;
  std::deque<Finished> finished_;  // not yet reported
};

}  // namespace

std::unique_ptr<dispatch::Sender> make_scripted_sender(const dispatch::SenderSetup& setup,
                                                       const stages::Question& question,
                                                       Replies& replies, Notes& notes) {
  return std::make_unique<ScriptedSender>(setup, question, replies, notes);
}

}  // namespace sluice::rehearse
