#include "inspect/engine_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "auth/make_credentials.h"
#include "codec/registry.h"
#include "core/json.h"
#include "http/client.h"
#include "http/proxy_environment.h"
#include "http/url.h"
#include "inspect/llama_props.h"
#include "inspect/request_text.h"
#include "inspect/stream_times.h"
#include "net/loop.h"
#include "simulate/random.h"

namespace sluice::inspect {
namespace {

// Words that most vocabularies hold whole.
constexpr std::array<std::string_view, 32> kSweepWords = {
    "time",  "river", "house", "green", "seven", "paper", "north", "light",
    "water", "stone", "music", "table", "round", "cloud", "field", "bread",
    "night", "glass", "metal", "horse", "plain", "story", "wheel", "ocean",
    "small", "apple", "train", "sound", "earth", "voice", "color", "sugar"};
constexpr double kWordsToBegin = 1.0;  // tokens a word, until the server has counted some
constexpr int kCountedWords = 128;     // of the first request

constexpr double kFewestTokens = 8;
constexpr core::Duration kSilence = std::chrono::minutes(5);  // for one answer
constexpr core::Duration kPropsTimeout =
    std::chrono::seconds(10);  // for what the server says of itself

struct Streamed {  // of a request
  core::Time sent{};
  bool counts = false;
  int tries = 0;  // before this one
  http::RequestHandle handle = 0;
  StreamTimes times;
};

// Servers close a connection behind an answer (llama.cpp does), and a request may be on its way on it: it is sent again.
constexpr int kMostTries = 3;
bool unanswered(const http::Failure& failure) {
  return failure.kind == http::Failure::Kind::reset && !failure.answering;
}

std::string body_of(const provider::EndpointSpec& endpoint, std::string_view prompt,
                    int output_tokens) {
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.field("model", endpoint.model);
  w.key("messages");
  w.open('[');
  w.open('{');
  w.field("role", "user");
  w.field("content", prompt);
  w.close('}');
  w.close(']');
  w.field("max_tokens", output_tokens);
  w.field("ignore_eos", true);
  w.field("stream", true);
  w.key("stream_options");
  w.open('{');
  w.field("include_usage", true);
  w.close('}');
  w.close('}');
  return body;
}

double milliseconds(core::Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

class Sweep {
 public:
  Sweep(const provider::EndpointSpec& endpoint, const SweepSpec& spec)
      : endpoint_(endpoint), spec_(spec), codec_(codec::make_codec(endpoint)) {}

  core::Status open(std::size_t connections);
  // What a llama.cpp server says of itself; on another, nothing is sent.
  LlamaProps ask_props(std::vector<std::string>& notes);
  // Counts the server's tokens, and wakes it up.
  core::Status warm_up();
  // nullopt: too few were answered in the time.
  core::Result<std::optional<simulate::EnginePoint>> measure(const SweepPoint& point);

 private:
  void send(bool counts, int tries = 0);
  void ended(const std::shared_ptr<Streamed>& heard,
             const std::expected<http::Response, http::Failure>& result);
  std::string sweep_prompt(int words);
  http::OriginOptions origin_options() const;
  void fail(std::string_view message);
  void cancel_all();

  const provider::EndpointSpec& endpoint_;
  const SweepSpec& spec_;
  const std::unique_ptr<provider::Codec> codec_;
  const core::SystemClock clock_;
  net::Loop loop_;
  std::unique_ptr<auth::Credentials> credentials_;
  std::size_t origin_ = 0;
  std::optional<http::Proxy> proxy_;
  std::string authority_;
  std::string path_;
  simulate::Random random_{0x5EED};
  double tokens_a_word_ = kWordsToBegin;

  // Of the point that is measured.
  SweepPoint point_;
  int words_ = 0;
  int sent_ = 0;
  int in_flight_ = 0;
  bool over_ = false;
  std::vector<std::shared_ptr<Streamed>> under_way_;
  std::vector<std::shared_ptr<Streamed>> answered_;  // that count
  std::vector<std::shared_ptr<Streamed>> late_;      // that would, had they ended in time
  std::optional<core::Error> error_;
  http::Client client_{loop_};  // last: its callbacks use all of the above
};

http::OriginOptions Sweep::origin_options() const {
  http::OriginOptions origin;
  origin.base_url = endpoint_.base_url;
  origin.ca_file = endpoint_.ca_file;
  origin.proxy = proxy_;
  origin.connect_timeout = endpoint_.connect_timeout;
  return origin;
}

core::Status Sweep::open(std::size_t connections) {
  auto proxy =
      http::proxy_for(endpoint_.base_url, endpoint_.proxy.reveal(), http::process_environment);
  if (!proxy) return std::unexpected(proxy.error());
  proxy_ = std::move(*proxy);
  http::OriginOptions origin = origin_options();
  origin.idle_timeout = origin.total_timeout = kSilence;
  origin.max_connections = connections;
  origin.accept_encoding = "identity";  // what is compressed comes late
  const auto added = client_.add_origin(origin);
  if (!added) return std::unexpected(added.error());
  origin_ = *added;
  const auto url = http::parse_url(endpoint_.base_url);
  if (!url) return std::unexpected(url.error());
  authority_ = url->authority();
  path_ = url->path + std::string(codec_->path());
  std::string head;
  for (const auto& [name, value] : codec_->headers())
    head.append(name).append(": ").append(value).append("\r\n");
  auto credentials = auth::make_credentials({.loop = loop_,
                                             .clock = clock_,
                                             .spec = endpoint_,
                                             .profile = *codec::provider_of(endpoint_).profile,
                                             .head = std::move(head)});
  if (!credentials) return std::unexpected(credentials.error());
  credentials_ = std::move(*credentials);
  return {};
}

LlamaProps Sweep::ask_props(std::vector<std::string>& notes) {
  if (codec::provider_of(endpoint_).profile->name != "llama_cpp") return {};
  http::OriginOptions options = origin_options();
  options.base_url = llama_root(endpoint_.base_url);
  options.total_timeout = kPropsTimeout;
  const auto origin = client_.add_origin(options);
  http::Request request;
  request.method = "GET";
  request.path = "/props";
  auto proof = credentials_->prove(
      {.method = request.method, .authority = authority_, .path = request.path, .body = {}},
      clock_.wall_now());
  if (!origin || !proof) return {};  // the first request will say why
  request.headers = std::move(proof->headers);
  LlamaProps props;
  std::string why = "it does not name them";
  client_.send(*origin, std::move(request),
               [&](const std::expected<http::Response, http::Failure>& result) {
                 if (!result)
                   why = result.error().message;
                 else if (result->status != 200)
                   why = fmt::format("HTTP {}", result->status);
                 else
                   props = read_llama_props(result->body);
                 loop_.stop();
               });
  loop_.run();
  if (!props.slots)
    notes.push_back(fmt::format("how many slots the server has is not known from its /props: {}",
                                masked(why, endpoint_.key)));
  return props;
}

std::string Sweep::sweep_prompt(int words) {
  std::string text;
  for (int i = 0; i < words; ++i) {
    if (i > 0) text += ' ';
    text += kSweepWords[random_.below(kSweepWords.size())];
  }
  return text;
}

void Sweep::fail(std::string_view message) {
  if (!error_)
    error_ = core::Error{core::ErrorCode::io, masked(message, endpoint_.key), endpoint_.name};
  cancel_all();
}

void Sweep::send(bool counts, int tries) {
  http::Request request;
  request.path = codec_->path();
  request.body = {std::make_shared<const std::string>(
      body_of(endpoint_, sweep_prompt(words_), point_.output_tokens))};
  auto proof = credentials_->prove(
      {.method = request.method, .authority = authority_, .path = path_, .body = request.body},
      clock_.wall_now());
  if (!proof) return fail("its key is not one that stays the same: a sweep cannot use it");
  request.headers = std::move(proof->headers);
  const auto heard = std::make_shared<Streamed>();
  heard->sent = clock_.now();
  heard->counts = counts;
  heard->tries = tries;
  request.sink = [this, heard](std::string_view bytes) {
    heard->times.add(bytes, clock_.now());
    return true;
  };
  ++sent_;
  ++in_flight_;
  heard->handle =
      client_.send(origin_, std::move(request),
                   [this, heard](const std::expected<http::Response, http::Failure>& result) {
                     ended(heard, result);
                   });
  under_way_.push_back(heard);
}

void Sweep::cancel_all() {
  over_ = true;
  for (const auto& heard : under_way_) client_.cancel(heard->handle);
}

void Sweep::ended(const std::shared_ptr<Streamed>& heard,
                  const std::expected<http::Response, http::Failure>& result) {
  --in_flight_;
  std::erase(under_way_, heard);
  const bool cancelled = !result && result.error().kind == http::Failure::Kind::cancelled;
  const bool swallowed = !result && unanswered(result.error());
  if (swallowed && !over_ && heard->tries + 1 < kMostTries) {
    --sent_;  // it was none
    return send(heard->counts, heard->tries + 1);
  }
  if (cancelled) {
    over_ = true;
  } else if (!result) {
    if (!(swallowed && over_))
      fail(result.error().message);  // behind the point's end nothing is missed
  } else if (result->status != 200) {
    const std::vector<provider::HeaderView> headers(result->headers.begin(), result->headers.end());
    fail(codec_->read(result->status, headers, result->body, clock_.wall_now()).outcome.text());
  } else if (!heard->times.first()) {
    fail(
        "answered without a stream of text: a sweep needs stream = true of chat completions to "
        "tell when tokens "
        "come; measure it otherwise and use `sluice probe --fit`");
  } else if (heard->counts) {
    (over_ ? late_ : answered_).push_back(heard);
  }
  if (static_cast<int>(answered_.size()) >= point_.wanted) over_ = true;
  if (!over_ && sent_ < point_.requests) send(sent_ >= point_.concurrency);
  if (in_flight_ == 0) loop_.stop();
}

core::Status Sweep::warm_up() {
  point_ = {.output_tokens = 8, .wanted = 1, .requests = 1};
  words_ = kCountedWords;
  send(true);
  if (in_flight_ > 0) loop_.run();
  if (error_) return std::unexpected(*error_);
  const auto counted = static_cast<double>(answered_.front()->times.input_tokens());
  if (counted > kFewestTokens) tokens_a_word_ = counted / kCountedWords;
  return {};
}

core::Result<std::optional<simulate::EnginePoint>> Sweep::measure(const SweepPoint& point) {
  point_ = point;
  words_ = std::max(1, static_cast<int>(std::lround(point.input_tokens / tokens_a_word_)));
  sent_ = 0;
  over_ = false;
  answered_.clear();
  late_.clear();
  const auto limit = loop_.make_timer();
  limit->start(spec_.longest, [this, &limit] {
    over_ = true;
    limit->start(spec_.longest, [this] { cancel_all(); });
  });
  for (int i = 0; i < point.concurrency; ++i) send(false);
  if (in_flight_ > 0) loop_.run();
  if (error_) return std::unexpected(*error_);
  if (answered_.empty()) answered_.swap(late_);
  if (answered_.empty()) return std::nullopt;

  simulate::EnginePoint measured{.concurrency = static_cast<double>(point.concurrency)};
  double count = 0;
  for (const auto& heard : answered_) {
    const StreamTimes& times = heard->times;
    const auto output =
        static_cast<double>(times.output_tokens() > 0 ? times.output_tokens() : times.pieces());
    if (output < 2) continue;
    ++count;
    measured.input_tokens +=
        times.input_tokens() > 0 ? static_cast<double>(times.input_tokens()) : point.input_tokens;
    measured.output_tokens += output;
    measured.ttft_ms += milliseconds(*times.first() - heard->sent);
    measured.tpot_ms += milliseconds(times.last() - *times.first()) / (output - 1);
  }
  if (count == 0) return std::nullopt;
  for (double simulate::EnginePoint::* number :
       {&simulate::EnginePoint::input_tokens, &simulate::EnginePoint::output_tokens,
        &simulate::EnginePoint::ttft_ms, &simulate::EnginePoint::tpot_ms})
    measured.*number /= count;
  measured.input_tokens = std::round(measured.input_tokens);
  measured.output_tokens = std::round(measured.output_tokens);
  if (!(measured.tpot_ms > 0 && measured.ttft_ms > 0)) return std::nullopt;
  return measured;
}

}  // namespace

bool is_own_server(const provider::EndpointSpec& endpoint) {
  constexpr std::array<std::string_view, 4> kOwn = {"vllm", "sglang", "llama_cpp", "ollama"};
  return std::ranges::find(kOwn, codec::provider_of(endpoint).profile->name) != kOwn.end() &&
         codec::make_codec(endpoint)->path() == "/chat/completions";
}

core::Result<SweepResult> sweep_engine(const provider::EndpointSpec& endpoint,
                                       const SweepSpec& spec, const SweepMeasured& measured) {
  SweepPlan plan = plan_sweep(spec);
  int connections = 1;
  for (const SweepPoint& point : plan.points)
    connections = std::max(connections, point.concurrency);
  Sweep sweep(endpoint, spec);
  if (auto opened = sweep.open(static_cast<std::size_t>(connections)); !opened)
    return std::unexpected(opened.error());
  SweepResult result;
  const LlamaProps props = sweep.ask_props(result.notes);
  result.slots = props.slots;
  if (props.slot_tokens) fit_into(plan.points, *props.slot_tokens);
  if (auto warm = sweep.warm_up(); !warm) return std::unexpected(warm.error());
  std::vector<SweepPoint> asked;
  std::vector<simulate::EnginePoint> points;  // of each of these
  std::optional<SweepPoint> too_slow;
  for (const SweepPoint& point : plan.points) {
    // More at once will not be faster.
    if (too_slow && too_slow->input_tokens == point.input_tokens) continue;
    auto one = sweep.measure(point);
    if (!one) return std::unexpected(one.error());
    if (*one) {
      points.push_back(**one);
      asked.push_back(point);
      measured(**one, point.check);
      continue;
    }
    too_slow = point;
    result.notes.push_back(
        fmt::format("no second answer of {} at once came within {:g} s: more at once were not "
                    "tried with {} input tokens",
                    point.concurrency, std::chrono::duration<double>(spec.longest).count(),
                    point.input_tokens));
  }
  level_shapes(asked, points);
  for (std::size_t i = 0; i < points.size(); ++i)
    (asked[i].check ? result.checks : result.points).push_back(points[i]);
  return result;
}

}  // namespace sluice::inspect
