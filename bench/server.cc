// A server as cheap as can be, so that measurements find the client's limit and not the server's:
// one thread, one answer that fits bench/tickets.lua for each row it is asked. It neither parses
// JSON nor checks anything.
//
//   bench_server [--port N] [--delay-ms N] [--spread-ms N] [--in-flight N]
//
// --delay-ms    each answer comes so much later; --spread-ms adds up to so much more, evenly drawn,
// so that
//               requests that came together do not stay together
// --in-flight   turnarounds are measured from the moment so many requests are in flight
// GET /stats
// {"requests":…,"rows":…,"most_in_flight":…,"turnaround_us":{"p50":…,"p90":…,"p99":…,"n":…}}
//
// A turnaround is how long a slot that an answer freed stays empty: the k-th answer written is
// matched with the k-th request that comes after, on whatever connection.
#include <fmt/format.h>
#include <llhttp.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_view_literals;

struct Connection {
  uv_tcp_t socket;
  llhttp_t parser;
  std::string kept;       // of a body that comes in pieces
  std::string_view body;  // the body: all of `kept`, or a piece of the read buffer
  std::string out;        // answers made while one read is looked through
  int delayed = 0;        // answers not yet due; they keep the object alive
  bool closed = false;
};

struct Delayed {
  std::uint64_t due;
  Connection* connection;
  std::string answer;
  bool operator<(const Delayed& other) const { return due > other.due; }  // the earliest on top
};

std::map<std::string, std::uint64_t, std::less<>> options = {
    {"port", 0}, {"delay-ms", 0}, {"spread-ms", 0}, {"in-flight", 0}};
uv_loop_t* loop;
uv_poll_t timer;  // a timerfd: libuv's own timers know whole milliseconds only
int timer_fd;
std::priority_queue<Delayed> delayed;
std::mt19937_64 random_source(7);
char read_buffer[512 * 1024];
llhttp_settings_t settings;

std::uint64_t requests, rows, in_flight, most_in_flight;
bool full;                        // --in-flight has been reached
std::deque<std::uint64_t> freed;  // when each slot that is still empty was freed
std::vector<double> turnarounds;  // µs

void count_arrival() {
  ++requests;
  most_in_flight = std::max(most_in_flight, ++in_flight);
  if (options["in-flight"] == 0) return;
  if (!full) {
    full = in_flight >= options["in-flight"];
  } else if (!freed.empty()) {
    turnarounds.push_back(static_cast<double>(uv_hrtime() - freed.front()) / 1e3);
    freed.pop_front();
  }
}

void count_answer() {
  --in_flight;
  if (full) freed.push_back(uv_hrtime());
}

std::string head(std::size_t length) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", length);
}

std::string stats() {
  std::sort(turnarounds.begin(), turnarounds.end());
  const auto at = [](double share) {
    return turnarounds.empty() ? 0.0
                               : turnarounds[static_cast<std::size_t>(
                                     share * static_cast<double>(turnarounds.size() - 1))];
  };
  const std::string body = fmt::format(
      R"({{"requests":{},"rows":{},"most_in_flight":{},"turnaround_us":{{"p50":{:.1f},"p90":{:.1f},"p99":{:.1f},"n":{}}}}})",
      requests, rows, most_in_flight, at(0.5), at(0.9), at(0.99), turnarounds.size());
  return head(body.size()) + body;
}

// The rows of a pack stand in the user's message, each after a tag with its id
// (provider/row_tags.h).
std::string answer(std::string_view body) {
  constexpr auto kUser = R"("role":"user")"sv, kRow = R"(<row id=\")"sv;
  constexpr auto kAnswer = R"(\"queue\":\"billing\",\"urgency\":3})"sv;
  std::string content;
  std::uint64_t count = 0;
  const std::size_t user = body.find(kUser);
  std::size_t at = user == body.npos ? body.npos : body.find(kRow, user);
  for (; at != body.npos; at = body.find(kRow, at)) {
    at += kRow.size();
    const std::string_view id = body.substr(at, body.find('\\', at) - at);
    content.append(count++ ? R"(,{\"id\":\")" : R"({\"answers\":[{\"id\":\")")
        .append(id)
        .append(R"(\",)");
    content.append(kAnswer);
  }
  if (count == 0) {
    content.append("{").append(kAnswer);
    count = 1;
  } else {
    content.append("]}");
  }
  rows += count;
  const std::size_t in = body.size() / 4, out = 12 * count;
  const std::string reply = fmt::format(
      R"({{"id":"chatcmpl-b1946ac92492d2347c6235b4d2611184","object":"chat.completion","created":1764200000,)"
      R"("model":"mock-1","choices":[{{"index":0,"finish_reason":"stop","logprobs":null,"message":{{"role":"assistant",)"
      R"("content":"{}","refusal":null,"annotations":[]}}}}],"usage":{{"prompt_tokens":{},"completion_tokens":{},)"
      R"("total_tokens":{}}},"system_fingerprint":"fp_44709d6fcb"}})",
      content, in, out, in + out);
  return head(reply.size()) + reply;
}

void let_go(Connection* connection) {
  if (connection->closed && connection->delayed == 0) delete connection;
}

void close(Connection* connection) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&connection->socket);
  if (uv_is_closing(handle)) return;
  uv_close(handle, [](uv_handle_t* h) {
    auto* c = static_cast<Connection*>(h->data);
    c->closed = true;
    let_go(c);
  });
}

struct Rest {
  uv_write_t request;
  std::string text;
};

void write(Connection* connection, const std::string& text) {
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection->socket);
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(stream))) return;
  uv_buf_t all = uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
  const int done = uv_try_write(stream, &all, 1);
  const std::size_t written = done > 0 ? static_cast<std::size_t>(done) : 0;
  if (written == text.size()) return;
  if (done < 0 && done != UV_EAGAIN) return close(connection);
  auto* rest = new Rest{{}, text.substr(written)};
  rest->request.data = rest;
  const uv_buf_t buffer = uv_buf_init(rest->text.data(), static_cast<unsigned>(rest->text.size()));
  uv_write(&rest->request, stream, &buffer, 1,
           [](uv_write_t* r, int) { delete static_cast<Rest*>(r->data); });
}

void arm_timer();

void send_due(uv_poll_t*, int, int) {
  std::uint64_t expirations;
  if (read(timer_fd, &expirations, sizeof(expirations)) < 0) return;  // set anew meanwhile
  const std::uint64_t now = uv_hrtime();
  while (!delayed.empty() && delayed.top().due <= now) {
    Connection* connection = delayed.top().connection;
    --connection->delayed;
    if (connection->closed) {
      --in_flight;
      let_go(connection);
    } else {
      write(connection, delayed.top().answer);
      count_answer();
    }
    delayed.pop();
  }
  arm_timer();
}

void arm_timer() {
  if (delayed.empty()) return;
  const std::uint64_t due = delayed.top().due;  // of the clock that uv_hrtime() reads
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(due / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(due % 1'000'000'000);
  timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, nullptr);
}

int on_message(llhttp_t* parser) {
  auto* c = static_cast<Connection*>(parser->data);
  if (parser->method == HTTP_GET) {
    c->out += stats();
  } else {
    count_arrival();
    if (options["delay-ms"] == 0) {
      c->out += answer(c->body);
    } else {
      std::uint64_t due = uv_hrtime() + options["delay-ms"] * 1'000'000;
      if (const auto spread = options["spread-ms"]) due += random_source() % (spread * 1'000'000);
      const bool first = delayed.empty() || due < delayed.top().due;
      ++c->delayed;
      delayed.push({due, c, answer(c->body)});
      if (first) arm_timer();
    }
  }
  c->kept.clear();
  c->body = {};
  return 0;
}

int on_body(llhttp_t* parser, const char* data, std::size_t size) {
  auto* c = static_cast<Connection*>(parser->data);
  if (c->kept.empty() && parser->content_length == 0) {  // what is left after this piece: nothing
    c->body = {data, size};
  } else {
    c->body = c->kept.append(data, size);
  }
  return 0;
}

void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  auto* c = static_cast<Connection*>(stream->data);
  if (size < 0) return close(c);
  if (llhttp_execute(&c->parser, buffer->base, static_cast<std::size_t>(size)) != HPE_OK)
    return close(c);
  if (c->out.empty()) return;
  write(c, c->out);
  c->out.clear();
  // With a delay nothing but /stats is answered here, which is not counted.
  if (options["delay-ms"] == 0) {
    while (in_flight > 0) count_answer();
  }
}

void on_connection(uv_stream_t* listener, int) {
  auto* c = new Connection;
  uv_tcp_init(loop, &c->socket);
  c->socket.data = c;
  auto* stream = reinterpret_cast<uv_stream_t*>(&c->socket);
  if (uv_accept(listener, stream) != 0) return close(c);
  uv_tcp_nodelay(&c->socket, 1);
  llhttp_init(&c->parser, HTTP_REQUEST, &settings);
  c->parser.data = c;
  uv_read_start(
      stream,
      [](uv_handle_t*, std::size_t, uv_buf_t* b) {
        *b = uv_buf_init(read_buffer, sizeof(read_buffer));
      },
      on_read);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--") || !options.contains(name.substr(2))) {
      fmt::print(stderr, "bench_server: no option {}\n", name);
      return 2;
    }
    options.find(name.substr(2))->second = std::strtoull(argv[i + 1], nullptr, 10);
  }
  loop = uv_default_loop();
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  uv_poll_init(loop, &timer, timer_fd);
  uv_poll_start(&timer, UV_READABLE, send_due);
  llhttp_settings_init(&settings);
  settings.on_body = on_body;
  settings.on_message_complete = on_message;

  uv_tcp_t listener;
  sockaddr_in address;
  uv_tcp_init(loop, &listener);
  uv_ip4_addr("127.0.0.1", static_cast<int>(options["port"]), &address);
  int failed = uv_tcp_bind(&listener, reinterpret_cast<sockaddr*>(&address), 0);
  if (!failed) failed = uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 16384, on_connection);
  if (failed) {
    fmt::print(stderr, "bench_server: cannot listen: {}\n", uv_strerror(failed));
    return 1;
  }
  int length = sizeof(address);
  uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &length);
  fmt::print("listening on http://127.0.0.1:{}/v1\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return uv_run(loop, UV_RUN_DEFAULT);
}
