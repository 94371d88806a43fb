#include "tests/cli/transcript.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/process.h"

namespace sluice::cli {

std::string shell(const World& world, const std::string& command) {
  const std::string folder = std::filesystem::path(SLUICE_PROGRAM).parent_path();
  Process process(
      world.path(""), "sh",
      {"/bin/sh", "-c", fmt::format("exec 2>&1; export PATH='{}':\"$PATH\"; {}", folder, command)});
  process.wait();
  return process.output();
}

std::vector<std::string> wrong_in_page(const World& world, const std::string& path) {
  std::ifstream page(path);
  std::vector<std::string> wrong;
  if (!page) return {"cannot read " + path};
  std::string file;      // of the block, when it is one
  bool console = false;  // the block
  bool block = false;
  std::string text;
  std::vector<Command> commands;
  int number = 0;
  const auto run = [&] {
    for (const Command& command : commands) {
      const std::string output = shell(world, command.text);
      if (output != command.output)
        wrong.push_back(fmt::format("{}:{}: $ {}\nthe page has\n{}\nit prints\n{}", path,
                                    command.line, command.text, command.output, output));
    }
    commands.clear();
  };
  for (std::string line; std::getline(page, line);) {
    ++number;
    if (line.starts_with("```") && !block) {
      block = true;
      const std::size_t space = line.find(' ');
      file = space == line.npos ? "" : line.substr(space + 1);
      console = line == "```console";
    } else if (line.starts_with("```")) {
      if (!file.empty()) {
        std::filesystem::create_directories(std::filesystem::path(world.path(file)).parent_path());
        world.write(file, text);
      }
      run();
      text.clear();
      block = false;
    } else if (block && console && line.starts_with("$ ")) {
      commands.push_back({number, line.substr(2), ""});
    } else if (block && console && !commands.empty()) {
      commands.back().output += line + "\n";
    } else if (block) {
      text += line + "\n";
    }
  }
  return wrong;
}

}  // namespace sluice::cli
