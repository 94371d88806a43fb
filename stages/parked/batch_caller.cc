#include "parked/batch_caller.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "auth/make_credentials.h"
#include "codec/registry.h"
#include "http/proxy_environment.h"
#include "http/url.h"
#include "parked/batch_files.h"
#include "provider/profile.h"

namespace sluice::parked {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kLookForStop{50};
// A file of gigabytes may take long, but not be silent.
constexpr std::chrono::hours kLongest{6};
constexpr std::chrono::seconds kSilent{120};

class LoopCaller final : public BatchCaller {
 public:
  LoopCaller(const std::vector<provider::EndpointSpec>& specs, const core::Clock& clock)
      : specs_(specs), clock_(clock) {}
  ~LoopCaller() override {
    client_.reset();
    targets_.clear();
  }

  core::Status open();
  Called call(std::uint32_t endpoint, const provider::BatchCall& call, const std::string& file,
              const std::function<bool(std::string_view)>& sink, bool may_be_cut_off) override;
  void stop() override { stopping_ = true; }

 private:
  struct Target {
    std::size_t origin = 0;
    std::string base;                        // "https://host[:port]"
    std::string authority;                   // as the Host header has it
    std::string path;                        // of the base URL
    std::unique_ptr<provider::Codec> codec;  // reads what is wrong
    std::unique_ptr<auth::Credentials> credentials;
  };
  // The base URL's host, or another that a reply or the API has named.
  core::Result<Target*> target_of(std::uint32_t endpoint, const std::string& base);
  core::Result<Target> make_target(const provider::EndpointSpec& spec, const std::string& base_url);
  std::optional<auth::Proof> prove(Target& target, const auth::RequestView& view, Called& called);
  // Runs the loop until `done`.
  void wait(const bool& done, const std::function<void()>& cut_off);

  const std::vector<provider::EndpointSpec>& specs_;
  const core::Clock& clock_;
  net::Loop loop_;
  std::unique_ptr<http::Client> client_ = std::make_unique<http::Client>(loop_);
  std::map<std::pair<std::uint32_t, std::string>, Target> targets_;
  std::atomic<bool> stopping_ = false;
};

core::Status LoopCaller::open() {
  for (std::uint32_t e = 0; e < specs_.size(); ++e) {
    if (!specs_[e].batch) continue;
    if (auto made = target_of(e, ""); !made) return std::unexpected(made.error());
  }
  return {};
}

core::Result<LoopCaller::Target> LoopCaller::make_target(const provider::EndpointSpec& spec,
                                                         const std::string& base_url) {
  const auto url = http::parse_url(base_url);
  if (!url) return std::unexpected(url.error());
  auto proxy = http::proxy_for(base_url, spec.proxy.reveal(), http::process_environment);
  if (!proxy) return std::unexpected(proxy.error());
  http::OriginOptions origin;
  origin.base_url = base_url;
  origin.ca_file = spec.ca_file;
  origin.connect_timeout = spec.connect_timeout;
  origin.idle_timeout = kSilent;
  origin.total_timeout = kLongest;
  origin.proxy = std::move(*proxy);
  origin.max_connections = 1;
  const auto added = client_->add_origin(origin);
  if (!added) return std::unexpected(added.error());
  auto codec = codec::make_codec(spec);
  std::string head;
  for (const auto& [name, value] : codec->headers())
    if (name != "content-type" && name != "accept")
      head.append(name).append(": ").append(value).append("\r\n");
  auto credentials = auth::make_credentials({.loop = loop_,
                                             .clock = clock_,
                                             .spec = spec,
                                             .profile = *codec::provider_of(spec).profile,
                                             .head = std::move(head)});
  if (!credentials) return std::unexpected(credentials.error());
  return Target{.origin = *added,
                .base = base_url,
                .authority = url->authority(),
                .path = url->path,
                .codec = std::move(codec),
                .credentials = std::move(*credentials)};
}

core::Result<LoopCaller::Target*> LoopCaller::target_of(std::uint32_t endpoint,
                                                        const std::string& base) {
  const auto known = targets_.find({endpoint, base});
  if (known != targets_.end()) return &known->second;
  auto made = make_target(specs_[endpoint], base.empty() ? specs_[endpoint].base_url : base);
  if (!made) return std::unexpected(made.error());
  return &targets_.emplace(std::pair(endpoint, base), std::move(*made)).first->second;
}

void LoopCaller::wait(const bool& done, const std::function<void()>& cut_off) {
  auto timer = loop_.make_timer();
  std::function<void()> look = [&] {
    if (done) return loop_.stop();
    if (stopping_ && cut_off) cut_off();
    timer->start(kLookForStop, look);
  };
  timer->start(kLookForStop, look);
  while (!done) loop_.run();
}

std::optional<auth::Proof> LoopCaller::prove(Target& target, const auth::RequestView& view,
                                             Called& called) {
  auto proof = target.credentials->prove(view, clock_.wall_now());
  if (proof) return proof;
  bool done = false;
  std::optional<provider::Outcome> failure;
  target.credentials->refresh([&](std::optional<provider::Outcome> outcome) {
    failure = std::move(outcome);
    done = true;
    loop_.stop();
  });
  wait(done, {});
  if (failure) {
    called.message = failure->text();
    called.status = failure->action == provider::Action::stop ? 401 : 0;
    return std::nullopt;
  }
  proof = target.credentials->prove(view, clock_.wall_now());
  if (!proof) called.message = "nothing proves who asks";
  return proof;
}

Called LoopCaller::call(std::uint32_t endpoint, const provider::BatchCall& call,
                        const std::string& file, const std::function<bool(std::string_view)>& sink,
                        bool may_be_cut_off) {
  Called called;
  if (stopping_) {
    called.stopped = true;
    return called;
  }
  std::string base;
  std::string path = call.path;
  if (const std::size_t mark = path.find("://"); mark != path.npos) {
    const std::size_t end = std::min(path.find('/', mark + 3), path.size());
    base = path.substr(0, end);
    path = path.substr(end);
  }
  auto target = target_of(endpoint, base);
  if (!target) {
    called.message = target.error().text();
    return called;
  }
  http::Request request{.method = call.method, .path = path, .headers = {}, .body = {}};
  std::optional<InFile> upload;
  if (!call.body.before.empty())
    request.body.push_back(std::make_shared<const std::string>(call.body.before));
  if (call.body.file) {
    auto opened = InFile::open(file);
    if (!opened) {
      called.message = opened.error().text();
      return called;
    }
    upload = std::move(*opened);
    const std::uint64_t size = upload->size();
    request.more_bytes = size + call.body.after.size();
    request.more = [&, size](std::uint64_t offset) -> std::shared_ptr<const std::string> {
      if (offset >= size)
        return std::make_shared<const std::string>(call.body.after.substr(offset - size));
      auto piece = upload->piece(offset, kPiece);
      return piece ? std::make_shared<const std::string>(std::move(*piece)) : nullptr;
    };
  }
  const auto proof = prove(**target,
                           {.method = request.method,
                            .authority = (*target)->authority,
                            .path = (*target)->path + path,
                            .body = request.body},
                           called);
  if (!proof) return called;
  std::string headers = *proof->headers;
  for (const auto& [name, value] : call.headers)
    headers.append(name).append(": ").append(value).append("\r\n");
  request.headers = std::make_shared<const std::string>(std::move(headers));
  request.sink = sink;
  bool done = false;
  const http::RequestHandle handle =
      client_->send((*target)->origin, std::move(request),
                    [&](std::expected<http::Response, http::Failure> result) {
                      done = true;
                      loop_.stop();
                      if (!result) {
                        called.message = result.error().message;
                        called.sent = result.error().sent;
                        return;
                      }
                      called.sent = true;
                      called.status = result->status;
                      called.response = std::move(*result);
                    });
  bool cut = false;
  wait(done, may_be_cut_off ? std::function<void()>([&] {
         cut = true;
         client_->cancel(handle);
       })
                            : std::function<void()>());
  if (cut && called.status == 0) called.stopped = true;
  called.headers.assign(called.response.headers.begin(), called.response.headers.end());
  if (called.status >= 300) {
    const provider::Outcome outcome =
        (*target)
            ->codec->read(called.status, called.headers, called.response.body, clock_.wall_now())
            .outcome;
    called.message = outcome.text();
    called.retry_after = outcome.hints.retry_after;
    if (called.status == 401 && (*target)->credentials->refused(proof->token)) called.status = 0;
  } else if (called.status > 0) {
    (*target)->credentials->accepted(proof->token);
  }
  return called;
}

}  // namespace

core::Result<std::unique_ptr<BatchCaller>> BatchCaller::make(
    const std::vector<provider::EndpointSpec>& specs, const core::Clock& clock) {
  auto caller = std::make_unique<LoopCaller>(specs, clock);
  if (auto opened = caller->open(); !opened) return std::unexpected(opened.error());
  return caller;
}

}  // namespace sluice::parked
