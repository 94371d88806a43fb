// Property: the events of a byte stream do not depend on how it was split. The first byte of the
// input chooses the kind of message, the second the size of the pieces; the rest is the stream.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/message_parser.h"

namespace sluice::http {
namespace {

class Recorder final : public MessageParser::Sink {
 public:
  bool on_head(MessageHead&& head) override {
    note(std::to_string(head.status) + head.method + ' ' + head.target);
    for (const auto& [name, value] : head.headers)
      note(std::string(name).append("=").append(value));
    note(std::to_string(head.content_length));
    return true;
  }
  bool on_body(std::string_view bytes) override {
    body_ += bytes;
    return true;
  }
  void note(const std::string& event) {
    log_ += "body " + body_ + '\n' + event + '\n';
    body_.clear();
  }
  const std::string& log() const { return log_; }

 private:
  std::string log_;
  std::string body_;
};

std::string events(MessageParser::Type type, bool head, std::string_view stream,
                   std::size_t piece_size) {
  Recorder recorder;
  MessageParser parser(type, recorder);
  parser.start(head);
  while (!stream.empty()) {
    std::string_view piece = stream.substr(0, piece_size);
    stream.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto step = parser.parse(piece);
      if (step.progress == MessageParser::Progress::more) break;
      // What was read of a body before the damage may differ; that it is damaged may not.
      if (step.progress == MessageParser::Progress::failed) return recorder.log() + "failed";
      if (step.used == 0 || step.used > piece.size()) std::abort();
      recorder.note(parser.keep_alive() ? "keep" : "close");
      piece.remove_prefix(step.used);
      parser.start(head);
    }
  }
  if (parser.began()) recorder.note(std::to_string(static_cast<int>(parser.finish())));
  return recorder.log();
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::http::MessageParser;
  if (size < 2) return 0;
  const auto type =
      (data[0] & 1) != 0 ? MessageParser::Type::request : MessageParser::Type::response;
  const bool head = (data[0] & 2) != 0;
  const std::string_view stream(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string whole = sluice::http::events(type, head, stream, stream.size() + 1);
  if (sluice::http::events(type, head, stream, 1 + data[1] % 32) != whole) std::abort();
  if (sluice::http::events(type, head, stream, 1) != whole) std::abort();
  return 0;
}
