#include "tests/place/object_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "auth/sigv4.h"
#include "place/xml.h"
#include "provider/url_text.h"

namespace sluice::place {
namespace {

constexpr std::size_t kPage = 2;

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::map<std::string, std::string> query_of(std::string_view target) {
  std::map<std::string, std::string> query;
  const std::size_t mark = target.find('?');
  if (mark == target.npos) return query;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    query[decoded(pair.substr(0, equals))] =
        decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return query;
}

http::ServerResponse error(int status, std::string_view code) {
  return {.status = status,
          .content_type = "application/xml",
          .headers = {},
          .body = fmt::format(
              "<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>m</Message></Error>", code)};
}

}  // namespace

ObjectServer::ObjectServer() {
  auto made = http::Server::listen(
      loop_, {}, [this](http::ServerRequest request, std::shared_ptr<http::Responder> responder) {
        answer(request, responder);
      });
  server_ = std::move(*made);
  port_ = server_->port();
  thread_ = std::thread([this] { loop_.run(); });
}

ObjectServer::~ObjectServer() {
  loop_.post([this] { server_.reset(); });
  loop_.stop();
  thread_.join();
}

void ObjectServer::store(const std::string& path, std::string bytes) {
  objects_[path] = {std::move(bytes), fmt::format("\"v{}\"", ++versions_)};
}

void ObjectServer::put(const std::string& path, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  store(path, bytes);
}

std::optional<std::string> ObjectServer::get(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  return found == objects_.end() ? std::nullopt : std::optional(found->second.bytes);
}

std::vector<std::string> ObjectServer::paths() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [path, object] : objects_) all.push_back(path);
  return all;
}

std::size_t ObjectServer::uploads_under_way() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

void ObjectServer::allow_anybody() {
  const std::lock_guard lock(mutex_);
  anybody_ = true;
}

void ObjectServer::set_faults(Faults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = std::move(faults);
  requests_ = 0;
}

std::vector<std::string> ObjectServer::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

bool ObjectServer::may_ask(const http::ServerRequest& request) const {
  const auto authorization = request.headers.find("authorization");
  if (!authorization) return anybody_;
  if (*authorization == fmt::format("Bearer {}", kBearer)) return true;
  const auto claim = auth::read_signature(*authorization);
  if (!claim || claim->key_id != "TESTKEY" || claim->service != "s3") return false;
  std::vector<auth::SigningHeader> headers;
  for (const auto& [name, value] : request.headers) headers.emplace_back(name, value);
  const std::vector body{std::make_shared<const std::string>(request.body)};
  return auth::sigv4_fits(*claim, core::Secret("test-secret"), true,
                          {.method = request.method,
                           .authority = request.headers.find("host").value_or(""),
                           .path = request.target,
                           .body = body},
                          headers);
}

void ObjectServer::answer(const http::ServerRequest& request,
                          const std::shared_ptr<http::Responder>& responder) {
  const std::lock_guard lock(mutex_);
  const auto range = request.headers.find("range");
  std::string line = request.method + " " + request.target;
  if (range) line.append(" ").append(*range);
  const std::optional<Fault> fault =
      faults_ ? faults_(request, requests_++) : std::optional<Fault>();
  http::ServerResponse response;
  if (fault && fault->status != 0) {
    response = error(fault->status, fault->code);
    response.headers = fault->headers;
  } else if (!fault || !fault->reset) {
    response = respond(request);
  }
  const bool lost = fault && (fault->reset || fault->then_lost);
  log_.push_back(fmt::format("{} {}", line, lost ? 0 : response.status));
  if (lost) return responder->reset();
  if (fault && fault->cut_after) {
    responder->respond_in_part(response, *fault->cut_after);
    return responder->reset();
  }
  responder->respond(response);
}

http::ServerResponse ObjectServer::respond(const http::ServerRequest& request) {
  if (!may_ask(request)) return error(403, "SignatureDoesNotMatch");
  const std::string_view target = request.target;
  const std::string path = decoded(target.substr(1, target.find('?') - 1));
  const auto query = query_of(target);
  const std::string bucket = path.substr(0, path.find('/'));
  if (bucket == "missing") return error(404, "NoSuchBucket");
  if (query.contains("list-type")) return list(bucket, query);
  if (request.method == "GET") return read(request, path);
  return write(request, path, query);
}

http::ServerResponse ObjectServer::read(const http::ServerRequest& request,
                                        const std::string& path) {
  const auto found = objects_.find(path);
  if (found == objects_.end()) return error(404, "NoSuchKey");
  const Object& object = found->second;
  if (const auto match = request.headers.find("if-match"); match && *match != object.tag)
    return error(412, "PreconditionFailed");
  std::string_view range = request.headers.find("range").value_or("bytes=0-");
  range.remove_prefix(6);
  std::size_t first = 0;
  std::size_t last = object.bytes.size();
  const auto [at, failed] = std::from_chars(range.data(), range.data() + range.size(), first);
  std::from_chars(at + 1, range.data() + range.size(), last);
  if (first >= object.bytes.size()) return error(416, "InvalidRange");
  last = std::min(last, object.bytes.size() - 1);
  return {.status = 206,
          .content_type = "binary/octet-stream",
          .headers = {{"etag", object.tag},
                      {"content-range",
                       fmt::format("bytes {}-{}/{}", first, last, object.bytes.size())}},
          .body = object.bytes.substr(first, last - first + 1)};
}

http::ServerResponse ObjectServer::list(const std::string& bucket,
                                        const std::map<std::string, std::string>& query) {
  const auto value = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  };
  const std::string prefix = bucket + "/" + value("prefix");
  const std::string after = value("continuation-token");
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"x\">";
  if (value("encoding-type") == "url") xml += "<EncodingType>url</EncodingType>";
  std::size_t count = 0;
  std::string last;
  bool more = false;
  for (const auto& [path, object] : objects_) {
    if (!path.starts_with(prefix) || path <= after) continue;
    if (value("delimiter") == "/" && path.find('/', prefix.size()) != path.npos) continue;
    if (count == kPage) {
      more = true;
      break;
    }
    ++count;
    last = path;
    xml += fmt::format("<Contents><Key>{}</Key><Size>{}</Size></Contents>",
                       provider::path_text(path.substr(bucket.size() + 1)), object.bytes.size());
  }
  xml += fmt::format("<IsTruncated>{}</IsTruncated>", more);
  if (more) xml += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", escaped(last));
  return {.content_type = "application/xml", .headers = {}, .body = xml + "</ListBucketResult>"};
}

http::ServerResponse ObjectServer::write(const http::ServerRequest& request,
                                         const std::string& path,
                                         const std::map<std::string, std::string>& query) {
  const auto id = query.find("uploadId");
  if (query.contains("uploads")) {
    const std::string made = fmt::format("up/{}+", ++versions_);
    uploads_[made] = {path, {}};
    return {.content_type = "application/xml",
            .headers = {},
            .body = fmt::format("<InitiateMultipartUploadResult><UploadId>{}</UploadId>"
                                "</InitiateMultipartUploadResult>",
                                made)};
  }
  if (id == query.end()) {
    store(path, request.body);
    return {.headers = {{"etag", objects_[path].tag}}, .body = {}};
  }
  const auto upload = uploads_.find(id->second);
  if (upload == uploads_.end() || upload->second.path != path) return error(404, "NoSuchUpload");
  if (request.method == "DELETE") {
    uploads_.erase(upload);
    return {.status = 204, .headers = {}, .body = {}};
  }
  if (request.method == "PUT") {
    const int number = std::stoi(query.at("partNumber"));
    upload->second.parts[number] = request.body;
    return {.headers = {{"etag", fmt::format("\"p{}\"", number)}}, .body = {}};
  }
  std::string whole;
  std::string_view list = request.body;
  while (const auto part = take_element(list, "Part")) {
    const int number = std::stoi(text_of(*part, "PartNumber"));
    if (text_of(*part, "ETag") != fmt::format("\"p{}\"", number)) return error(400, "InvalidPart");
    whole += upload->second.parts[number];
  }
  uploads_.erase(upload);
  store(path, std::move(whole));
  return {
      .content_type = "application/xml", .headers = {}, .body = "<CompleteMultipartUploadResult/>"};
}

}  // namespace sluice::place
