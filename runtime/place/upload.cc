#include "place/upload.h"

#include <fmt/format.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "place/failure_text.h"
#include "place/object_file.h"
#include "place/xml.h"
#include "provider/url_text.h"

namespace sluice::place {
namespace {

constexpr std::size_t kMostParts = 10'000;  // the service's
constexpr std::size_t kOnTheirWay = 2;
constexpr std::chrono::seconds kGoodbye{10};  // for taking back what is not finished

class Upload final : public storage::AtomicFile {
 public:
  explicit Upload(ObjectWrite to)
      : to_(std::move(to)), path_("/" + provider::path_text(to_.uri.key)) {}
  ~Upload() override {
    if (id_.empty()) return;
    // A part that comes later would be kept.
    for (const auto& part : parts_under_way_) part->wait_for(kGoodbye);
    const auto done = start({.method = "DELETE", .path = path_ + "?uploadId=" + encoded_id()});
    done->wait_for(kGoodbye);
  }

  core::Status write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), to_.part_bytes - buffer_.size());
      buffer_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (buffer_.size() < to_.part_bytes) break;
      if (auto sent = send_part(); !sent) return sent;
    }
    return {};
  }

  core::Status finish() override {
    if (id_.empty()) return put_whole();
    if (!buffer_.empty()) {
      if (auto sent = send_part(); !sent) return sent;
    }
    while (!parts_under_way_.empty())
      if (auto came = take_part(); !came) return came;
    return put_together();
  }

  core::Status begin() {
    auto answer = start({.method = "POST", .path = path_ + "?uploads"})->take();
    if (!answer) return std::unexpected(unanswered(std::move(answer.error()), to_.uri));
    std::string id = answer->status == 200 ? text_of(answer->body, "UploadId") : std::string();
    if (id.empty()) return failed(*answer);
    id_ = std::move(id);
    return to_.begun ? to_.begun(id_) : core::Status();
  }

 private:
  std::shared_ptr<Pending> start(Call call) {
    return to_.web->start(to_.service.server, std::move(call));
  }
  std::string encoded_id() const { return provider::segment_text(id_); }
  std::unexpected<core::Error> failed(const Answer& answer) const {
    return std::unexpected(refused(answer, Doing::writing, to_.uri, to_.service));
  }

  core::Status put_whole() {
    auto answer = start({.method = "PUT",
                         .path = path_,
                         .body = std::make_shared<const std::string>(std::move(buffer_))})
                      ->take();
    if (!answer) return std::unexpected(unanswered(std::move(answer.error()), to_.uri));
    if (answer->status != 200) return failed(*answer);
    return {};
  }

  core::Status send_part() {
    if (id_.empty()) {
      if (auto begun = begin(); !begun) return begun;
    }
    if (sent_ == kMostParts)
      return core::fail(core::ErrorCode::io,
                        fmt::format("an object has at most {} parts of {} MiB: write several, or "
                                    "compress it (a name that ends in .gz or .zst)",
                                    kMostParts, to_.part_bytes >> 20),
                        to_.uri.shown);
    if (parts_under_way_.size() == kOnTheirWay) {
      if (auto came = take_part(); !came) return came;
    }
    ++sent_;
    bytes_ += buffer_.size();
    parts_under_way_.push_back(
        start({.method = "PUT",
               .path = fmt::format("{}?partNumber={}&uploadId={}", path_, sent_, encoded_id()),
               .body = std::make_shared<const std::string>(std::move(buffer_))}));
    buffer_.clear();
    return {};
  }

  core::Status take_part() {
    auto answer = parts_under_way_.front()->take();
    parts_under_way_.pop_front();
    if (!answer) return std::unexpected(unanswered(std::move(answer.error()), to_.uri));
    const auto tag = answer->headers.find("etag");
    if (answer->status != 200 || !tag) return failed(*answer);
    tags_.emplace_back(*tag);
    return {};
  }

  core::Status put_together() {
    std::string list =
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (std::size_t i = 0; i < tags_.size(); ++i)
      list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                          escaped(tags_[i]));
    list += "</CompleteMultipartUpload>";
    auto answer = start({.method = "POST",
                         .path = path_ + "?uploadId=" + encoded_id(),
                         .headers = {{"content-type", "application/xml"}},
                         .body = std::make_shared<const std::string>(std::move(list))})
                      ->take();
    if (!answer) return std::unexpected(unanswered(std::move(answer.error()), to_.uri));
    // An earlier try may have been carried out, its answer lost on the way.
    const bool done = answer->status == 200 || (answer->status == 404 && answer->tries > 1 &&
                                                answer->code == "NoSuchUpload" && is_there());
    if (!done) return failed(*answer);
    id_.clear();
    return {};
  }

  bool is_there() const {
    const auto size = size_of({.web = to_.web, .service = to_.service, .uri = to_.uri});
    return size && *size == bytes_;
  }

  const ObjectWrite to_;
  const std::string path_;
  std::string buffer_;
  std::string id_;           // of the upload; empty: none is begun
  std::size_t sent_ = 0;     // parts
  std::uint64_t bytes_ = 0;  // of the parts
  std::deque<std::shared_ptr<Pending>> parts_under_way_;
  std::vector<std::string> tags_;  // of the parts that the server has
};

}  // namespace

std::unique_ptr<storage::AtomicFile> create_object(ObjectWrite to) {
  return std::make_unique<Upload>(std::move(to));
}

core::Status try_write(const ObjectWrite& to) {
  return Upload(to).begin();
}

core::Status take_back(const ObjectWrite& to, const std::string& upload) {
  auto answer = to.web->ask(to.service.server,
                            {.method = "DELETE",
                             .path = fmt::format("/{}?uploadId={}", provider::path_text(to.uri.key),
                                                 provider::segment_text(upload))});
  if (!answer) return std::unexpected(unanswered(std::move(answer.error()), to.uri));
  const bool gone = answer->status / 100 == 2 || answer->status == 404;
  if (!gone) return std::unexpected(refused(*answer, Doing::writing, to.uri, to.service));
  return {};
}

}  // namespace sluice::place
