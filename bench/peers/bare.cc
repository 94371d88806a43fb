// What a client of this work costs that is nothing but this work: one thread, libuv, llhttp and
// simdjson, no graph, no checkpoint, no retries; the first thing that is not as expected ends it.
//
//   bench_bare URL INPUT OUTPUT IN_FLIGHT [ROWS]   prints {"rows":N,"elapsed_s":T}
//
// ROWS is how many rows go into a request, 1 by default; more stand in tags, as sluice writes them.
#include <fmt/format.h>
#include <llhttp.h>
#include <simdjson.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void fail(std::string_view what) {
  fmt::print(stderr, "bench_bare: {}\n", what);
  std::exit(1);
}

// Lines of a file, each with the readable bytes after it that simdjson wants.
class Lines {
 public:
  explicit Lines(const char* path) : file_(std::fopen(path, "r")) {
    if (!file_) fail("cannot open the input");
  }
  bool next(std::string_view& line) {
    for (;;) {
      if (const void* end = std::memchr(buffer_.data() + at_, '\n', filled_ - at_)) {
        const auto stop = static_cast<std::size_t>(static_cast<const char*>(end) - buffer_.data());
        line = {buffer_.data() + at_, stop - at_};
        at_ = stop + 1;
        return true;
      }
      std::memmove(buffer_.data(), buffer_.data() + at_, filled_ - at_);
      filled_ -= at_;
      at_ = 0;
      const std::size_t more = std::fread(buffer_.data() + filled_, 1, kSize - filled_, file_);
      if (more == 0) return false;
      filled_ += more;
    }
  }

 private:
  static constexpr std::size_t kSize = 1 << 20;
  std::FILE* file_;
  std::vector<char> buffer_ = std::vector<char>(kSize + simdjson::SIMDJSON_PADDING);
  std::size_t at_ = 0, filled_ = 0;
};

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
}

constexpr std::string_view kAnswer =
    R"("queue":{"type":"string","enum":["billing","bug","access","sales","other"]},"urgency":{"type":"integer",)"
    R"("minimum":1,"maximum":5}},"required":["queue","urgency"],"additionalProperties":false})";
constexpr std::string_view kSuffix = R"("}]})";

// A request up to the first row's text.
std::string prefix(std::size_t rows) {
  std::string answer = fmt::format(R"({{"type":"object","properties":{{{})", kAnswer);
  std::string system = "Sort the ticket.";
  if (rows > 1) {
    answer = fmt::format(
        R"({{"type":"object","properties":{{"answers":{{"type":"array","items":{{"type":"object","properties":)"
        R"({{"id":{{"type":"string"}},{}}}}},"required":["answers"],"additionalProperties":false}})",
        kAnswer);
    system += " Each row stands between tags with its id; answer each once, under that id.";
  }
  return fmt::format(
      R"({{"model":"mock","response_format":{{"type":"json_schema","json_schema":{{"name":"answer","strict":true,)"
      R"("schema":{}}}}},"messages":[{{"role":"system","content":"{}"}},{{"role":"user","content":")",
      answer, system);
}
constexpr std::array<std::string_view, 5> kQueues = {"billing", "bug", "access", "sales", "other"};

struct Connection {
  uv_tcp_t socket;
  uv_connect_t connect;
  uv_write_t write;
  llhttp_t parser;
  std::string request, body;
  std::vector<std::string> ids;  // of the rows that are asked, in their order
};

std::unique_ptr<Lines> lines;
std::FILE* output;
std::string host, path, before, written, content;
std::size_t rows_per_request = 1;
simdjson::dom::parser row_parser, reply_parser, content_parser;
std::size_t done;
char read_buffer[256 * 1024];
llhttp_settings_t settings;

// Appends the next row's text, and its id to `ids`; false at the input's end.
bool append_row(std::vector<std::string>& ids) {
  std::string_view line, subject, body, id;
  if (!lines->next(line)) return false;
  simdjson::dom::object row;
  if (row_parser.parse(line.data(), line.size(), false).get(row) || row["id"].get(id) ||
      row["subject"].get(subject) || row["body"].get(body) || body.empty() || body.size() > 20000) {
    fail("a row is not as it should be");
  }
  if (rows_per_request > 1)
    fmt::format_to(std::back_inserter(content), R"(<row id=\"{}\">\n)", ids.size());
  ids.emplace_back(id);
  append_escaped(content, subject);
  content.append("\\n\\n");
  append_escaped(content, body);
  if (rows_per_request > 1) content.append("\\n</row>\\n");
  return true;
}

void send_next(Connection& c) {
  c.ids.clear();
  content.clear();
  while (c.ids.size() < rows_per_request && append_row(c.ids)) continue;
  if (c.ids.empty()) {
    uv_close(reinterpret_cast<uv_handle_t*>(&c.socket), nullptr);
    return;
  }
  c.request.clear();
  fmt::format_to(std::back_inserter(c.request),
                 "POST {}/chat/completions HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n"
                 "content-type: application/json\r\naccept: application/json\r\n\r\n",
                 path, host, before.size() + content.size() + kSuffix.size());
  c.request.append(before).append(content).append(kSuffix);
  uv_buf_t all = uv_buf_init(c.request.data(), static_cast<unsigned>(c.request.size()));
  auto* stream = reinterpret_cast<uv_stream_t*>(&c.socket);
  const int sent = uv_try_write(stream, &all, 1);
  if (sent == static_cast<int>(c.request.size())) return;
  if (sent < 0 && sent != UV_EAGAIN) fail(uv_strerror(sent));
  if (sent > 0) all = uv_buf_init(all.base + sent, all.len - static_cast<unsigned>(sent));
  uv_write(&c.write, stream, &all, 1, [](uv_write_t*, int status) {
    if (status < 0) fail(uv_strerror(status));
  });
}

int on_body(llhttp_t* parser, const char* data, std::size_t size) {
  static_cast<Connection*>(parser->data)->body.append(data, size);
  return 0;
}

void write_answer(std::string_view id, const simdjson::dom::object& answer) {
  std::string_view queue;
  std::int64_t urgency = 0;
  if (answer["queue"].get(queue) || answer["urgency"].get(urgency)) {
    fail("an answer does not have its fields");
  }
  if (std::find(kQueues.begin(), kQueues.end(), queue) == kQueues.end() || urgency < 1 ||
      urgency > 5) {
    fail("an answer does not fit the schema");
  }
  fmt::format_to(std::back_inserter(written),
                 R"({{"id":"{}","queue":"{}","urgency":{}}})"
                 "\n",
                 id, queue, urgency);
}

void write_answers(Connection& c, const simdjson::dom::object& content) {
  if (rows_per_request == 1) return write_answer(c.ids.front(), content);
  simdjson::dom::array answers;
  if (content["answers"].get(answers) || answers.size() != c.ids.size())
    fail("there is not an answer for each row");
  for (const simdjson::dom::object answer : answers) {
    std::string_view id;
    std::size_t place = c.ids.size();
    if (answer["id"].get(id)) fail("an answer has no id");
    std::from_chars(id.data(), id.data() + id.size(), place);
    if (place >= c.ids.size() || c.ids[place].empty()) fail("an answer is for no row");
    write_answer(std::exchange(c.ids[place], {}), answer);
  }
}

int on_message(llhttp_t* parser) {
  auto& c = *static_cast<Connection*>(parser->data);
  if (parser->status_code != 200) fail("the status is not 200");
  std::string_view text;
  simdjson::dom::element reply;
  simdjson::dom::object answer;
  c.body.reserve(c.body.size() + simdjson::SIMDJSON_PADDING);
  if (reply_parser.parse(c.body.data(), c.body.size(), false).get(reply) ||
      reply.at_pointer("/choices/0/message/content").get(text)) {
    fail("the reply is no chat completion");
  }
  if (content_parser.parse(text.data(), text.size()).get(answer)) fail("an answer is not JSON");
  done += c.ids.size();
  write_answers(c, answer);
  if (written.size() > 1 << 18) {
    std::fwrite(written.data(), 1, written.size(), output);
    written.clear();
  }
  c.body.clear();
  send_next(c);
  return 0;
}

void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  auto& c = *static_cast<Connection*>(stream->data);
  if (size < 0) fail("the server has closed a connection");
  if (llhttp_execute(&c.parser, buffer->base, static_cast<std::size_t>(size)) != HPE_OK)
    fail("not HTTP");
}

void on_connect(uv_connect_t* request, int status) {
  if (status < 0) fail(uv_strerror(status));
  auto& c = *static_cast<Connection*>(request->data);
  uv_tcp_nodelay(&c.socket, 1);
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&c.socket),
      [](uv_handle_t*, std::size_t, uv_buf_t* b) {
        *b = uv_buf_init(read_buffer, sizeof(read_buffer));
      },
      on_read);
  send_next(c);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6)
    fail("usage: bench_bare http://127.0.0.1:PORT/v1 INPUT OUTPUT IN_FLIGHT [ROWS]");
  const auto started = std::chrono::steady_clock::now();
  const std::string_view url = std::string_view(argv[1]).substr(std::strlen("http://"));
  const std::size_t slash = std::min(url.find('/'), url.size());
  host = url.substr(0, slash);
  path = url.substr(slash);
  if (argc == 6) rows_per_request = std::strtoul(argv[5], nullptr, 10);
  before = prefix(rows_per_request);
  lines = std::make_unique<Lines>(argv[2]);
  output = std::fopen(argv[3], "w");
  if (!output) fail("cannot open the output");
  llhttp_settings_init(&settings);
  settings.on_body = on_body;
  settings.on_message_complete = on_message;

  const std::size_t colon = host.find(':');
  sockaddr_in address;
  if (uv_ip4_addr(host.substr(0, colon).c_str(), std::atoi(host.c_str() + colon + 1), &address))
    fail("no such address");
  uv_loop_t* loop = uv_default_loop();
  std::vector<Connection> connections(std::strtoul(argv[4], nullptr, 10));
  for (Connection& c : connections) {
    uv_tcp_init(loop, &c.socket);
    c.socket.data = c.connect.data = &c;
    llhttp_init(&c.parser, HTTP_RESPONSE, &settings);
    c.parser.data = &c;
    uv_tcp_connect(&c.connect, &c.socket, reinterpret_cast<sockaddr*>(&address), on_connect);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  std::fwrite(written.data(), 1, written.size(), output);
  if (std::fclose(output) != 0) fail("cannot write the output");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fmt::print("{{\"rows\":{},\"elapsed_s\":{:.6f}}}\n", done, took.count());
  return 0;
}
