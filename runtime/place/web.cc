#include "place/web.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "core/clock.h"
#include "core/thread_name.h"
#include "http/client.h"
#include "http/proxy_environment.h"
#include "http/url.h"
#include "place/retry.h"
#include "place/xml.h"

namespace sluice::place {
namespace {

constexpr int kMostRedirections = 5;
constexpr std::size_t kMostConnections = 16;
// Of keys or a token that were good and are not any more: newer ones may be.
constexpr std::array<std::string_view, 4> kExpired = {"ExpiredToken", "ExpiredTokenException",
                                                      "TokenRefreshRequired", "InvalidToken"};

core::Error io_error(std::string message) {
  return {core::ErrorCode::io, std::move(message), {}};
}

// "https://host/path?query", or a path alone, cut in two.
std::pair<std::string, std::string> cut_location(std::string_view location) {
  const std::size_t mark = location.find("://");
  if (mark == location.npos || location.starts_with('/')) return {"", std::string(location)};
  const std::size_t path = std::min(location.find_first_of("/?#", mark + 3), location.size());
  std::string rest(location.substr(path, location.find('#', path) - path));
  if (!rest.starts_with('/')) rest.insert(0, "/");
  return {std::string(location.substr(0, path)), std::move(rest)};
}

// S3 sends blanks while it puts an upload together.
bool is_xml(std::string_view body) {
  const std::size_t at = body.find_first_not_of(" \t\r\n");
  return at != body.npos && body[at] == '<';
}

// "QueueDoesNotExist" of an error in JSON: {"__type":"com.amazonaws.sqs#QueueDoesNotExist", …}.
std::string error_type(std::string_view json) {
  constexpr std::string_view kName = "\"__type\"";
  std::size_t at = json.find(kName);
  if (at == json.npos) return {};
  at = json.find('"', at + kName.size());
  if (at == json.npos) return {};
  std::string_view type = json.substr(at + 1, json.find('"', at + 1) - at - 1);
  if (const std::size_t mark = type.find('#'); mark != type.npos) type.remove_prefix(mark + 1);
  return std::string(type);
}

}  // namespace

bool Pending::wait_for(core::Duration longest) {
  std::unique_lock lock(mutex_);
  return there_.wait_for(lock, longest, [this] { return result_.has_value(); });
}

core::Result<Answer> Pending::take() {
  std::unique_lock lock(mutex_);
  there_.wait(lock, [this] { return result_.has_value(); });
  return std::move(*result_);
}

void Pending::give(core::Result<Answer> result) {
  const std::lock_guard lock(mutex_);
  result_ = std::move(result);
  there_.notify_all();
}

// All but the mutex's is the loop's thread's, once that runs.
struct Web::Impl {
  // What is asked of one server, while the loop runs.
  struct Line {
    std::size_t origin = 0;
    std::string authority;
    std::string path;  // of the base URL
    std::unique_ptr<auth::Credentials> credentials;
  };

  // One request, from its start to its result.
  struct Try {
    std::shared_ptr<const Server> server;
    Call call;
    std::weak_ptr<Pending> pending;
    std::string moved_to;  // base URL of a redirection; empty: none
    int tries = 0;
    int redirections = 0;
    core::Time began;
    std::unique_ptr<net::Loop::Timer> timer;
  };

  explicit Impl(const Patience& given) : patience(given) {}

  void start(const std::shared_ptr<Try>& attempt) {
    {
      const std::lock_guard lock(mutex);
      if (!loop) {
        loop.emplace();
        thread = std::thread([this] { run(); });
      }
    }
    loop->post([this, attempt] {
      attempt->began = clock.now();
      live.insert(attempt);
      send(attempt);
    });
  }

  void stop() {
    if (!loop) return;
    loop->post([this] {
      closing = true;
      clear();
    });
    loop->stop();
    thread.join();
  }

  void run() noexcept {
    core::name_thread("sluice-places");
    try {
      loop->run();
      return;
    } catch (...) {
      fail_all(core::caught());
    }
    // Those that were posted since.
    while (!closing) {
      try {
        loop->run();
      } catch (...) {
        fail_all(core::caught());
      }
    }
  }

  void fail_all(const core::Error& error) noexcept {
    for (const auto& attempt : std::exchange(live, {})) {
      attempt->timer.reset();  // which holds the attempt
      if (const auto pending = attempt->pending.lock()) pending->give(std::unexpected(error));
    }
  }

  void clear() {
    // What the client cancels comes back as an end, for which nobody waits any more.
    client.reset();
    lines.clear();
    moved.clear();
    fail_all(io_error("the program is ending"));
  }

  core::Result<Line*> line_of(const Try& attempt) {
    if (!attempt.moved_to.empty()) {
      std::unique_ptr<Line>& line = moved[attempt.moved_to];
      if (line == nullptr) {
        auto made = make_line(
            {.base_url = attempt.moved_to, .accept_encoding = attempt.server->accept_encoding});
        if (!made) return std::unexpected(made.error());
        line = std::move(*made);
      }
      return line.get();
    }
    std::unique_ptr<Line>& line = lines[attempt.server];
    if (line == nullptr) {
      auto made = make_line(*attempt.server);
      if (!made) return std::unexpected(made.error());
      line = std::move(*made);
    }
    return line.get();
  }

  core::Result<std::unique_ptr<Line>> make_line(const Server& server) {
    auto url = http::parse_url(server.base_url);
    if (!url) return std::unexpected(url.error());
    auto line = std::make_unique<Line>();
    line->authority = url->authority();
    line->path = url->path;
    auto proxy = http::proxy_for(server.base_url, "", http::process_environment);
    if (!proxy) return std::unexpected(proxy.error());
    http::OriginOptions options;
    options.base_url = server.base_url;
    options.proxy = std::move(*proxy);
    options.connect_timeout = patience.connect;
    options.idle_timeout = patience.idle;
    options.total_timeout = patience.total;
    options.max_connections = kMostConnections;
    options.accept_encoding = server.accept_encoding;
    options.inflates = false;
    if (!client) client = std::make_unique<http::Client>(*loop);
    const auto origin = client->add_origin(options);
    if (!origin) return std::unexpected(origin.error());
    line->origin = *origin;
    if (server.credentials) {
      auto credentials = server.credentials(*loop, clock);
      if (!credentials) return std::unexpected(credentials.error());
      line->credentials = std::move(*credentials);
    }
    return line;
  }

  void send(const std::shared_ptr<Try>& attempt) {
    if (attempt->pending.expired()) {
      live.erase(attempt);
      return;
    }
    const auto line = line_of(*attempt);
    if (!line) return finish(attempt, std::unexpected(line.error()));
    const std::string path = (*line)->path + attempt->call.path;
    std::vector<std::shared_ptr<const std::string>> body;
    if (attempt->call.body != nullptr) body.push_back(attempt->call.body);
    std::string headers;
    std::uint64_t token = 0;
    if (auto* credentials = (*line)->credentials.get()) {
      const std::vector<auth::SigningHeader> own(attempt->call.headers.begin(),
                                                 attempt->call.headers.end());
      const auto proof = credentials->prove({.method = attempt->call.method,
                                             .authority = (*line)->authority,
                                             .path = path,
                                             .body = body,
                                             .headers = own},
                                            clock.wall_now());
      if (!proof) return renew(attempt, *credentials);
      headers = *proof->headers;
      token = proof->token;
    }
    for (const auto& [name, value] : attempt->call.headers)
      headers.append(name).append(": ").append(value).append("\r\n");
    http::Request request{.method = attempt->call.method,
                          .path = attempt->call.path,
                          .headers = std::make_shared<const std::string>(std::move(headers)),
                          .body = std::move(body)};
    ++attempt->tries;
    client->send(
        (*line)->origin, std::move(request),
        [this, attempt, line = *line, token](std::expected<http::Response, http::Failure> result) {
          if (closing) return;
          if (!result) return failed(attempt, result.error());
          answered(attempt, *line, token, std::move(*result));
        });
  }

  void renew(const std::shared_ptr<Try>& attempt, auth::Credentials& credentials) {
    credentials.refresh([this, attempt](std::optional<provider::Outcome> outcome) {
      if (!outcome) return send(attempt);
      ++attempt->tries;
      if (outcome->action == provider::Action::stop || !again(attempt, {}))
        finish(attempt, std::unexpected(io_error(outcome->message)));
    });
  }

  void failed(const std::shared_ptr<Try>& attempt, const http::Failure& failure) {
    if (is_passing(failure.kind) && again(attempt, {})) return;
    if (failure.kind == http::Failure::Kind::too_large)
      return finish(attempt,
                    std::unexpected(io_error(
                        "the server gives no parts of files (ranges), and this one is longer "
                        "than 64 MiB: copy it to this machine first")));
    finish(attempt,
           std::unexpected(io_error(
               attempt->tries < 2
                   ? failure.message
                   : fmt::format("{} (tried {} times in {:.0f} s)", failure.message, attempt->tries,
                                 core::in_seconds(clock.now() - attempt->began)))));
  }

  void answered(const std::shared_ptr<Try>& attempt, Line& line, std::uint64_t token,
                http::Response response) {
    std::string code;
    // An upload that is being put together is answered by 200 before it is known whether it can be.
    const bool may_be_error = response.status >= 300 || attempt->call.method == "POST";
    if (may_be_error && is_xml(response.body) && response.body.contains("<Error>")) {
      code = text_of(response.body, "Code");
      if (response.status == 200) response.status = 500;
    } else if (response.status >= 400) {
      code = error_type(response.body);
    }
    if (line.credentials != nullptr) {
      if (response.status < 300) line.credentials->accepted(token);
      const bool expired = std::ranges::find(kExpired, code) != kExpired.end();
      if ((response.status == 401 || expired) && attempt->tries < patience.tries &&
          line.credentials->refused(token))
        return send(attempt);
    }
    if (redirects(*attempt, response)) return send(attempt);
    if (is_passing(response.status, code) &&
        again(attempt, response.headers.find("retry-after").value_or("")))
      return;
    finish(attempt, Answer{.status = response.status,
                           .headers = std::move(response.headers),
                           .body = std::move(response.body),
                           .code = std::move(code),
                           .tries = attempt->tries});
  }

  static bool redirects(Try& attempt, const http::Response& response) {
    const int status = response.status;
    if (!attempt.server->follows || attempt.call.method != "GET") return false;
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
      return false;
    const auto location = response.headers.find("location");
    if (!location || ++attempt.redirections > kMostRedirections) return false;
    auto [base, path] = cut_location(*location);
    const bool was_tls = (attempt.moved_to.empty() ? attempt.server->base_url : attempt.moved_to)
                             .starts_with("https://");
    if (was_tls && base.starts_with("http://")) return false;  // what was hidden stays hidden
    if (!path.starts_with('/')) return false;
    if (!base.empty()) attempt.moved_to = std::move(base);
    attempt.call.path = std::move(path);
    return true;
  }

  bool again(const std::shared_ptr<Try>& attempt, std::string_view retry_after) {
    if (attempt->call.tries != 0 && attempt->tries >= attempt->call.tries) return false;
    const auto delay = delay_after(attempt->tries, patience,
                                   std::uniform_real_distribution<>(0, 1)(random), retry_after);
    if (!delay) return false;
    if (attempt->timer == nullptr) attempt->timer = loop->make_timer();
    attempt->timer->start(*delay, [this, attempt] { send(attempt); });
    return true;
  }

  void finish(const std::shared_ptr<Try>& attempt, core::Result<Answer> result) {
    attempt->timer.reset();
    live.erase(attempt);
    if (const auto pending = attempt->pending.lock()) pending->give(std::move(result));
  }

  const Patience patience;
  const core::SystemClock clock;
  // Another course in each process, so that many do not try again in step.
  std::minstd_rand random{
      static_cast<unsigned>(::getpid()) ^
      static_cast<unsigned>(core::SystemClock().now().time_since_epoch().count())};
  std::mutex mutex;  // held while the two below begin
  std::thread thread;
  std::optional<net::Loop> loop;  // from the first request on

  std::atomic<bool> closing = false;
  std::map<std::shared_ptr<const Server>, std::unique_ptr<Line>> lines;
  std::map<std::string, std::unique_ptr<Line>> moved;  // by base URL
  std::set<std::shared_ptr<Try>> live;
  std::unique_ptr<http::Client> client;
};

Web::Web(const Patience& patience) : impl_(std::make_unique<Impl>(patience)) {}
Web::~Web() {
  impl_->stop();
}

std::shared_ptr<Pending> Web::start(std::shared_ptr<const Server> server, Call call) {
  auto pending = std::make_shared<Pending>();
  auto attempt = std::make_shared<Impl::Try>();
  attempt->server = std::move(server);
  attempt->call = std::move(call);
  attempt->pending = pending;
  impl_->start(attempt);
  return pending;
}

}  // namespace sluice::place
