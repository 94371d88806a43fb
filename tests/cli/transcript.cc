#include "tests/cli/transcript.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <regex>
#include <sstream>

#include "tests/cli/process.h"

namespace sluice::cli {
namespace {

struct Shown {
  std::optional<int> status;
  std::string output;
};

Shown run_in_shell(const World& world, const std::string& command) {
  const std::string folder = std::filesystem::path(SLUICE_PROGRAM).parent_path();
  Process process(
      world.path(""), "sh",
      {"/bin/sh", "-c", fmt::format("exec 2>&1; export PATH='{}':\"$PATH\"; {}", folder, command)});
  Shown shown;
  shown.status = process.wait();
  shown.output = process.output();
  return shown;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    if (line.find(": running after ") == line.npos) lines.push_back(line);  // progress
  return lines;
}

// Without what depends on the moment.
std::string without_moments(std::string text) {
  static const std::regex kFigure(R"(\b[0-9][0-9.,]*( k| M)?( ms| s|/s| rows/s| MB)\b)");
  static const std::regex kDuration(R"(\b(in|after|about) [0-9.]+ (s|min)\b)");
  static const std::regex kMoment(R"(\b20[0-9]{2}-?[0-9]{2}-?[0-9]{2}T[0-9:.-]+Z?)");
  static const std::regex kNumbers(R"re(("created"|"seconds"|"pid"): ?[0-9.e-]+)re");
  text = std::regex_replace(text, kFigure, "#$2");
  text = std::regex_replace(text, kDuration, "$1 # $2");
  text = std::regex_replace(text, kMoment, "MOMENT");
  return std::regex_replace(text, kNumbers, "$1: #");
}

// Whether `lines` from `at` on are what `page` has from `from` on.
bool same_lines(const std::vector<std::string>& page, std::size_t from,
                const std::vector<std::string>& lines, std::size_t at) {
  for (; from < page.size(); ++from, ++at) {
    if (page[from] == "…") {
      for (std::size_t skip = at; skip <= lines.size(); ++skip)
        if (same_lines(page, from + 1, lines, skip)) return true;
      return false;
    }
    if (at == lines.size() || page[from] != lines[at]) return false;
  }
  return at == lines.size();
}

std::string with_all(std::string text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

struct Command {
  int line = 0;  // in the page
  std::string text;
  std::string output;  // as the page has it
};

class Page {
 public:
  Page(const World& world, std::string path) : world_(world), path_(std::move(path)) {}

  std::vector<std::string> wrong() {
    std::ifstream page(path_);
    if (!page) return {"cannot read " + path_};
    for (std::string line; std::getline(page, line);) {
      ++line_;
      now_ += line + "\n";
      if (line.starts_with("```")) read_block(page, line.substr(3));
    }
    if (::getenv("SLUICE_REGENERATE") == nullptr) return std::move(wrong_);
    std::ofstream(path_) << now_;
    return {};
  }

 private:
  void read_block(std::ifstream& page, const std::string& info) {
    const std::size_t space = info.find(' ');
    const std::string language = info.substr(0, space);
    const std::string name = space == info.npos ? "" : info.substr(space + 1);
    const int begin = line_;
    std::vector<std::string> lines;
    for (std::string line; std::getline(page, line) && ++line_ && !line.starts_with("```");)
      lines.push_back(line);
    if (language == "console") {
      for (const Command& command : commands_of(lines, begin))
        now_ += "$ " + command.text + "\n" + run(command, name);
      now_ += "```\n";
      return;
    }
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    now_ += text + "```\n";
    if (!name.empty()) {
      std::filesystem::create_directories(std::filesystem::path(world_.path(name)).parent_path());
      world_.write(name, in_test(std::move(text)));
    }
  }

  static std::vector<Command> commands_of(const std::vector<std::string>& lines, int begin) {
    std::vector<Command> commands;
    bool open = false;  // the command goes on in the next line
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const bool first = lines[i].starts_with("$ ");
      if (first) {
        commands.push_back({begin + static_cast<int>(i) + 1, lines[i].substr(2), ""});
      } else if (open) {
        commands.back().text += "\n" + lines[i];
      } else if (!commands.empty()) {
        commands.back().output += lines[i] + "\n";
      }
      open = (first || open) && lines[i].ends_with("\\");
    }
    return commands;
  }

  // Gives what the page should have after the command.
  std::string run(const Command& command, const std::string& folder) {
    if (command.text.starts_with("sluice mock ") && command.text.ends_with("&")) {
      start_mock(command.text);
      return command.output;
    }
    const std::string text = in_test(command.text);
    const Shown shown =
        run_in_shell(world_, folder.empty() ? text : fmt::format("cd '{}'; {}", folder, text));
    const std::string output = in_page(shown.output);
    const bool same = same_lines(split_lines(without_moments(command.output)), 0,
                                 split_lines(without_moments(output)), 0);
    if (!same) {
      wrong_.push_back(fmt::format("{}:{}: $ {}\nthe page has\n{}\nit prints\n{}", path_,
                                   command.line, command.text, command.output, output));
    } else if (shown.status != 0) {
      wrong_.push_back(fmt::format("{}:{}: $ {}\nends with exit status {}", path_, command.line,
                                   command.text, shown.status.value_or(-1)));
    }
    return same ? command.output : output;
  }

  void start_mock(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> arguments;
    std::string port;
    for (std::string word; in >> word;) {
      if (word == "--port")
        in >> port;
      else if (word != "sluice" && word != "mock" && word != "&")
        arguments.push_back(word);
    }
    mocks_.push_back(std::make_unique<World>());
    mocks_.back()->start_mock(arguments);
    const std::string& url = mocks_.back()->base_url();  // http://HOST:PORT/v1
    addresses_.push_back({"127.0.0.1:" + port, url.substr(7, url.find('/', 7) - 7)});
  }

  std::string in_test(std::string text) const {
    for (const Address& address : addresses_)
      text = with_all(std::move(text), address.in_page, address.in_test);
    return text;
  }
  std::string in_page(std::string text) const {
    for (const Address& address : addresses_)
      text = with_all(std::move(text), address.in_test, address.in_page);
    text = with_all(std::move(text), "\r\n", "\n");  // a page is a text; CSV ends its lines so
    return with_all(std::move(text), world_.path(""), "/home/me/");
  }

  struct Address {
    std::string in_page, in_test;
  };

  const World& world_;
  std::string path_;
  int line_ = 0;
  std::string now_;  // the page, with what its commands print now
  std::vector<std::unique_ptr<World>> mocks_;
  std::vector<Address> addresses_;  // theirs
  std::vector<std::string> wrong_;
};

}  // namespace

std::string shell(const World& world, const std::string& command) {
  return run_in_shell(world, command).output;
}

std::vector<std::string> wrong_in_page(const World& world, const std::string& path) {
  return Page(world, path).wrong();
}

}  // namespace sluice::cli
