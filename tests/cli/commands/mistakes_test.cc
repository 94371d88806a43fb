// What a newcomer does wrong, and what is said: each case of fixtures/mistakes.md is a job, what is
// beside it, and commands with all that they print and their exit status, verbatim. With
// SLUICE_REGENERATE=1 the file is written anew from what the program says now: to be read as a diff.
//
// Left out of the comparison: ports, times, progress lines and rates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

const std::string kFixture =
    std::string(SLUICE_SOURCE_DIR) + "/tests/cli/commands/fixtures/mistakes.md";

// The parts of the job that a case may say otherwise.
const std::map<std::string, std::string> kParts = {
    {"read", R"("in.jsonl", key = "id")"},
    {"steps", ""},
    {"prompt", R"(user = "{{text}}")"},
    {"answer", R"(queue = s.one_of { "bug", "other" })"},
    {"endpoint", R"(s.openai { model = "m", base_url = "@U/v1", key = "k" })"},
    {"dispatch", ""},
    {"sink", R"("out.jsonl")"},
};

std::string job_of(const std::map<std::string, std::string>& with) {
  std::map<std::string, std::string> parts = kParts;
  for (const auto& [name, value] : with) parts.at(name) = value;
  const auto line = [](const std::string& text) { return text.empty() ? "" : "  " + text + "\n"; };
  return "local s = require \"sluice\"\nreturn s.pipeline {\n  name = \"t\",\n  s.read { " +
         parts["read"] + " },\n" + line(parts["steps"]) +
         "  s.pack { rows = 1, system = \"Sort it.\", " + parts["prompt"] + ", answer = { " +
         parts["answer"] + " } },\n  s.dispatch {\n    " + parts["endpoint"] + ",\n" +
         (parts["dispatch"].empty() ? "" : "    " + parts["dispatch"] + ",\n") +
         "  },\n  s.sink { " + parts["sink"] + " },\n}\n";
}

// `\n`, `\\` and `\xNN`.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
    } else if (text[++i] == 'x') {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == 'n' ? '\n' : text[i];
    }
  }
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::string chat(const std::string& request) {
  const auto starts = [&](const char* path) {
    return request.starts_with(std::string("POST ") + path);
  };
  const auto error = [](int status, const std::string& body) {
    return http_reply(status, "Content-Type: application/json\r\n", body);
  };
  const std::string good = error(
      200,
      R"({"model":"m","choices":[{"finish_reason":"stop","message":{"role":"assistant","content":)"
      R"("{\"queue\":\"bug\"}"}}],"usage":{"prompt_tokens":20,"completion_tokens":5}})");
  const bool schema = request.find(R"("json_schema")") != request.npos;
  if (starts("/html/")) {
    return http_reply(200, "Content-Type: text/html\r\n",
                      "<html><title>Sign in to WiFi</title></html>");
  }
  if (starts("/schemaless/") && schema) {
    return error(400, R"({"error":{"message":"'response_format' of type 'json_schema' is not )"
                      R"(supported with this model","type":"invalid_request_error",)"
                      R"("param":"response_format"}})");
  }
  if (starts("/401/"))
    return error(401, R"({"error":{"message":"Incorrect API key","code":"invalid_api_key"}})");
  if (starts("/nomodel/")) {
    return error(404, R"({"error":{"message":"The model 'm' does not exist",)"
                      R"("code":"model_not_found"}})");
  }
  if (starts("/quota/")) {
    return error(429, R"({"error":{"message":"You exceeded your current quota",)"
                      R"("code":"insufficient_quota"}})");
  }
  if (starts("/403/")) return error(403, R"({"error":{"message":"forbidden for this country"}})");
  if (starts("/v1/chat/completions ") || starts("/schemaless/v1/chat/completions ")) return good;
  return error(404, R"({"detail":"Not Found"})");
}

// What does not depend on the moment.
std::string settled(std::string text, const std::string& root) {
  text = replaced(std::move(text), root, "http://HOST");
  text = replaced(std::move(text), root.substr(7), "HOST");
  text = replaced(std::move(text), replaced(root, "http:", "https:"), "https://HOST");
  text = std::regex_replace(text, std::regex("(in|after) [0-9.]+ s\\b"), "$1 TIME");
  text = std::regex_replace(text, std::regex("\\([0-9]+ failed in"), "(N failed in");
  text = std::regex_replace(text, std::regex("( 0 answered,) [1-9][0-9]* failed"), "$1 N failed");
  std::istringstream in(text);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("t: running after") || line.starts_with("  speed ")) continue;
    kept += line + "\n";
  }
  return kept;
}

struct Block {
  std::string info;
  std::string text;
};
struct Case {
  std::string title;
  std::vector<Block> blocks;
};

std::vector<Case> read_cases(std::string& prose) {
  std::ifstream in(kFixture);
  std::vector<Case> cases;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) {
      cases.push_back({line.substr(3), {}});
    } else if (cases.empty()) {
      prose += line + "\n";
    } else if (line.starts_with("```")) {
      Block block{line.substr(3), {}};
      while (std::getline(in, line) && line != "```") block.text += line + "\n";
      cases.back().blocks.push_back(std::move(block));
    }
  }
  return cases;
}

// Runs the case; returns it with what its commands print now.
Case played(const Case& wanted) {
  const StubServer server([](const std::string& request, int) { return chat(request); });
  const std::string root = server.base_url().substr(0, server.base_url().size() - 3);
  World world;
  std::string rows;
  for (int i = 1; i <= 6; ++i)
    rows += R"({"id":)" + std::to_string(i) + R"(,"text":"row )" + std::to_string(i) + "\"}\n";
  world.write("in.jsonl", rows);
  std::string mock;
  const auto with_root = [&](const std::string& text) {
    if (mock.empty() && text.find("@M") != text.npos) {
      world.start_mock();
      mock = world.base_url().substr(7);
    }
    return replaced(replaced(text, "@U", root), "@M", mock);
  };
  world.write("job.lua", with_root(job_of({})));
  std::vector<std::string> variables;
  Case now{wanted.title, {}};
  for (const Block& block : wanted.blocks) {
    now.blocks.push_back(block);
    const auto argument = [&](const char* name) {
      return block.info.starts_with(name) ? block.info.substr(std::string(name).size()) : "";
    };
    if (block.info == "with") {
      std::map<std::string, std::string> with;
      std::istringstream in(block.text);
      for (std::string line; std::getline(in, line);)
        with[line.substr(0, line.find(": "))] = line.substr(line.find(": ") + 2);
      world.write("job.lua", with_root(job_of(with)));
    } else if (block.info == "env") {
      const std::string name = block.text.substr(0, block.text.find('='));
      const std::string value = block.text.substr(name.size() + 1);
      ::setenv(name.c_str(), unescaped(value.substr(0, value.size() - 1)).c_str(), 1);
      variables.push_back(name);
    } else if (const std::string file = argument("file "); !file.empty()) {
      std::filesystem::create_directories(std::filesystem::path(world.path(file)).parent_path());
      world.write(file, with_root(block.text));
    } else if (const std::string bytes = argument("bytes "); !bytes.empty()) {
      world.write(bytes, unescaped(replaced(block.text, "\n", "")));
    } else if (const std::string longer = argument("long "); !longer.empty()) {
      world.write(longer, rows + R"({"id":7,"text":")" + std::string(17'000'000, 'x') + "\"}\n");
    } else if (const std::string command = argument("$ sluice "); !command.empty()) {
      std::istringstream in(command);
      std::vector<std::string> arguments;
      for (std::string word; in >> word;) arguments.push_back(word);
      const auto ended = world.sluice(arguments);
      const std::string said =
          replaced(ended.errors + ended.output, mock.substr(0, mock.find('/')), "HOST");
      now.blocks.back().text =
          settled(said, root) + "exit " + std::to_string(ended.status.value_or(-1)) + "\n";
    } else {
      ADD_FAILURE() << "a block of no kind: " << block.info;
    }
  }
  for (const std::string& name : variables) ::unsetenv(name.c_str());
  return now;
}

void write(const std::string& prose, const std::vector<Case>& cases) {
  std::ofstream out(kFixture);
  out << prose;
  for (const Case& one : cases) {
    out << "## " << one.title << "\n";
    for (const Block& block : one.blocks)
      out << "\n```" << block.info << "\n" << block.text << "```\n";
    if (&one != &cases.back()) out << "\n";
  }
}

TEST(Mistakes, OfNewcomersAreEachToldWithWhatToDo) {
  std::string prose;
  const std::vector<Case> cases = read_cases(prose);
  ASSERT_GE(cases.size(), 40u);
  std::vector<Case> now;
  for (const Case& one : cases) now.push_back(played(one));
  if (::getenv("SLUICE_REGENERATE") != nullptr) return write(prose, now);
  for (std::size_t k = 0; k < cases.size(); ++k) {
    SCOPED_TRACE(cases[k].title);
    for (std::size_t b = 0; b < cases[k].blocks.size(); ++b)
      EXPECT_EQ(now[k].blocks[b].text, cases[k].blocks[b].text) << cases[k].blocks[b].info;
  }
}

}  // namespace
}  // namespace sluice::cli
