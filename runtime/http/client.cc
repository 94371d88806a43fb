#include "http/client.h"

#include <algorithm>
#include <map>
#include <utility>

#include "http/exchanges.h"
#include "http/origin.h"

namespace sluice::http {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

// What would let a request's parts be taken for something else on the wire. "" when all is well.
std::string_view problem_in(const Request& request) {
  if (!is_token(request.method)) return "the request's method is no word";
  if (std::any_of(request.path.begin(), request.path.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#';
      })) {
    return "the request's path holds a space, a '#' or a control character";
  }
  return {};
}

bool are_whole_lines(std::string_view headers) {
  if (headers.empty()) return true;
  return headers.ends_with("\r\n") && !headers.starts_with("\r\n") &&
         headers.find("\r\n\r\n") == headers.npos;
}

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  std::string_view problem_with(const Request& request) {
    if (request.headers != checked_headers) {  // mostly those of the last request
      if (request.headers && !are_whole_lines(*request.headers))
        return "the request's headers are not complete lines";
      checked_headers = request.headers;
    }
    return problem_in(request);
  }
  Impl(net::Loop& on, net::NameLookup& names)
      : loop(on), lookup(names), exchanges([this] {
          loop.post([weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->exchanges.drain();
          });
        }) {}

  net::Loop& loop;
  net::NameLookup& lookup;
  Exchanges exchanges;
  Totals totals;
  bool closing = false;
  std::shared_ptr<const std::string> checked_headers;
  std::map<std::string, net::TlsContext>
      contexts;  // by CA file: reading the system's takes a while
  std::vector<std::unique_ptr<Origin>> origins;
};

Client::Client(net::Loop& loop) : Client(loop, net::system_lookup()) {}
Client::Client(net::Loop& loop, net::NameLookup& lookup)
    : impl_(std::make_shared<Impl>(loop, lookup)) {}

Client::~Client() {
  impl_->closing = true;
  impl_->origins.clear();
  impl_->exchanges.drain();
}

core::Result<std::size_t> Client::add_origin(const OriginOptions& options) {
  auto url = parse_url(options.base_url);
  if (!url) return std::unexpected(url.error());
  net::TlsContext context;
  if (url->tls) {
    net::TlsContext& known = impl_->contexts[options.ca_file];
    if (!known) {
      auto made = net::client_tls_context(options.ca_file);
      if (!made) return std::unexpected(made.error());
      known = *made;
    }
    context = known;
  }
  impl_->totals.max_connections += options.max_connections;
  impl_->origins.push_back(std::make_unique<Origin>(impl_->loop, impl_->lookup, impl_->exchanges,
                                                    impl_->totals, options, std::move(*url),
                                                    std::move(context)));
  return impl_->origins.size() - 1;
}

RequestHandle Client::send(std::size_t origin, Request request, Callback done) {
  Exchange& exchange = impl_->exchanges.add(std::move(request), std::move(done));
  const RequestHandle handle = exchange.handle;
  if (const auto problem = impl_->problem_with(exchange.request); !problem.empty()) {
    impl_->exchanges.fail_later(exchange, Failure::Kind::protocol, std::string(problem));
  } else if (impl_->closing) {
    impl_->exchanges.fail_later(exchange, Failure::Kind::cancelled, "the client is closing");
  } else {
    impl_->origins.at(origin)->send(exchange);
  }
  return handle;
}

void Client::cancel(RequestHandle handle) {
  Exchange* exchange = impl_->exchanges.find(handle);
  if (exchange) exchange->origin->cancel(*exchange);
}

Client::Counts Client::counts() const {
  Counts counts = impl_->totals.counts;
  for (const auto& origin : impl_->origins) counts.connections_open += origin->open_connections();
  return counts;
}

}  // namespace sluice::http
