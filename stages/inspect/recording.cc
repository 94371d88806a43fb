#include "inspect/recording.h"

#include <unordered_map>
#include <utility>

namespace sluice::inspect {
namespace {

// What came last. A sender that reads a response with its codec finishes the attempt right after
// it, on the same thread.
struct Response {
  int status = 0;
  std::string body;
};

class ListeningCodec final : public provider::Codec {
 public:
  ListeningCodec(const provider::Codec& codec, Response& last) : codec_(codec), last_(last) {}

  std::string_view path() const override { return codec_.path(); }
  std::vector<std::pair<std::string, std::string>> headers() const override {
    return codec_.headers();
  }
  provider::BodyFrame frame(const provider::PromptFrame& prompt) const override {
    return codec_.frame(prompt);
  }
  std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& user_content) const override {
    return codec_.content(user_content);
  }
  provider::FilesTaken files_taken() const override { return codec_.files_taken(); }
  std::optional<int> output_cap() const override { return codec_.output_cap(); }
  provider::Reply read(int status, const std::vector<provider::HeaderView>& headers,
                       std::string_view body, core::WallTime wall_now) const override {
    last_ = {status, std::string(body)};
    return codec_.read(status, headers, body, wall_now);
  }

 private:
  const provider::Codec& codec_;
  Response& last_;
};

class RecordingSender final : public dispatch::Sender, private dispatch::Sender::Events {
 public:
  RecordingSender(const dispatch::SenderSetup& setup, Recording& recording,
                  std::function<void(const Exchange&)> ended)
      : setup_(setup), recording_(recording), ended_(std::move(ended)) {
    for (const dispatch::Endpoint& endpoint : setup.endpoints) {
      endpoints_.push_back({endpoint.form, std::make_unique<ListeningCodec>(*endpoint.codec, last_),
                            endpoint.price, endpoint.output_cap});
    }
  }

  core::Status open(const dispatch::MakeSender& make) {
    dispatch::SenderSetup setup{.loop = setup_.loop,
                                .specs = setup_.specs,
                                .endpoints = endpoints_,
                                .cancels = setup_.cancels,
                                .clock = setup_.clock,
                                .events = *this};
    auto inner = make(setup);
    if (!inner) return std::unexpected(inner.error());
    inner_ = std::move(*inner);
    return {};
  }

  void send(const schedule::Send& attempt, const stages::Request& request) override {
    const provider::EndpointSpec& spec = setup_.specs[attempt.endpoint];
    Exchange exchange;
    exchange.number = recording_.exchanges.size() + 1;
    exchange.attempt = attempt.attempt;
    exchange.request = attempt.request;
    exchange.endpoint = spec.name;
    exchange.sent = request_text(spec, setup_.endpoints[attempt.endpoint], request);
    for (const stages::Item& item : request.items)
      exchange.rows.push_back({row_name_of(item.row), item.identity, item.row.line, item.history});
    open_[attempt.attempt] = {recording_.exchanges.size(), setup_.clock.now()};
    recording_.exchanges.push_back(std::move(exchange));
    inner_->send(attempt, request);
  }
  void cancel(schedule::AttemptId attempt) override { inner_->cancel(attempt); }
  void stop() override { inner_->stop(); }

 private:
  struct Open {
    std::size_t exchange = 0;
    core::Time sent_at;
  };

  void finished(const schedule::Send& attempt, provider::Reply&& reply,
                std::uint64_t reply_bytes) override {
    if (auto node = open_.extract(attempt.attempt)) {
      Exchange& exchange = recording_.exchanges[node.mapped().exchange];
      exchange.ended = true;
      exchange.took = setup_.clock.now() - node.mapped().sent_at;
      exchange.status = last_.status;
      exchange.reply = masked(last_.body, setup_.specs[attempt.endpoint].key);
      exchange.text = masked(reply.text, setup_.specs[attempt.endpoint].key);
      exchange.outcome = reply.outcome;
      if (ended_) ended_(exchange);
    }
    last_ = {};
    setup_.events.finished(attempt, std::move(reply), reply_bytes);
  }

  const dispatch::SenderSetup setup_;
  Recording& recording_;
  const std::function<void(const Exchange&)> ended_;
  Response last_;
  std::vector<dispatch::Endpoint> endpoints_;
  std::unordered_map<schedule::AttemptId, Open> open_;
  std::unique_ptr<dispatch::Sender> inner_;  // last: it may finish attempts while it goes
};

}  // namespace

dispatch::MakeSender recorded(dispatch::MakeSender inner, Recording& recording,
                              std::function<void(const Exchange&)> ended) {
  return
      [inner = std::move(inner), &recording, ended = std::move(ended)](
          const dispatch::SenderSetup& setup) -> core::Result<std::unique_ptr<dispatch::Sender>> {
        auto sender = std::make_unique<RecordingSender>(setup, recording, ended);
        if (auto opened = sender->open(inner); !opened) return std::unexpected(opened.error());
        return sender;
      };
}

}  // namespace sluice::inspect
