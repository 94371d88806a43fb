// What the tests of the mock's batch APIs share: a model on a clock in their hand, and calls to it.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/mock/support.h"

namespace sluice::mock {

using nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

class BatchMock {
 public:
  explicit BatchMock(Options options) : model_(std::move(options), kNow) {}

  // Of the clock; batch time passes faster (BatchOptions::speed).
  void wait(core::Duration time) { passed_ += time; }
  core::WallTime wall() const { return kWall + passed_; }

  Decision call(std::string_view method, std::string_view target, std::string body = {},
                const Headers& headers = {}) {
    http::ServerRequest request;
    request.method = method;
    request.target = target;
    request.body = std::move(body);
    request.headers.add("host", "mock");
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    return model_.handle(request, kNow + passed_, kWall + passed_);
  }
  json get(std::string_view target) { return json::parse(call("GET", target).response.body); }
  json post(std::string_view target, const json& body) {
    return json::parse(call("POST", target, body.dump()).response.body);
  }

  // OpenAI's upload.
  json upload(std::string_view lines, std::string_view name = "in.jsonl",
              std::string_view prefix = "/v1") {
    const std::string body =
        "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
        std::string(name) + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" +
        std::string(lines) + "\r\n--b--\r\n";
    const Decision made = call("POST", std::string(prefix) + "/files", body,
                               {{"content-type", "multipart/form-data; boundary=b"}});
    return json::parse(made.response.body);
  }
  // The lines of a file.
  std::vector<json> lines(const std::string& target) {
    std::vector<json> out;
    const std::string text = call("GET", target).response.body;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      out.push_back(json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return out;
  }
  const Stats& stats() {
    call("GET", "/stats");  // ends what is due
    return model_.stats();
  }

 private:
  ProviderModel model_;
  core::Duration passed_{};
};

// A line of OpenAI's kind, and so many.
inline std::string openai_line(const std::string& id, const std::string& text) {
  const json line = {
      {"custom_id", id},
      {"method", "POST"},
      {"url", "/v1/chat/completions"},
      {"body", {{"model", "gpt-5.4-mini"}, {"messages", {{{"role", "user"}, {"content", text}}}}}}};
  return line.dump() + "\n";
}
inline std::string openai_lines(int count, const std::string& prefix = "n") {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += openai_line(prefix + "." + std::to_string(i), "row " + std::to_string(i));
  return out;
}

// One that takes a hundred seconds of batch time, which is the clock's.
inline Options batch_options() {
  Options options;
  options.batch.speed = 1;
  options.batch.turnaround = std::chrono::seconds(100);
  return options;
}

}  // namespace sluice::mock
