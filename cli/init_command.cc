// sluice init: a first job with sample rows and a test.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "core/printable.h"
#include "pipelines/embedded.h"
#include "shell/help_text.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kFolder = "init/";

struct NewFile {
  std::string path;
  std::string_view text;
};

std::vector<NewFile> files_in(const std::string& folder) {
  std::vector<NewFile> files;
  for (const pipelines::EmbeddedFile& file : pipelines::embedded_files()) {
    if (!file.path.starts_with(kFolder)) continue;
    files.push_back(
        {(std::filesystem::path(folder) / file.path.substr(kFolder.size())).lexically_normal(),
         file.text});
  }
  return files;
}

// Fails where there is something of that name already.
core::Status write_new(const NewFile& file) {
  const int fd = ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return core::fail_errno("cannot write", errno, file.path);
  std::string_view rest = file.text;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int why = errno;
      ::close(fd);
      return core::fail_errno("cannot write", why, file.path);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(fd) != 0) return core::fail_errno("cannot write", errno, file.path);
  return {};
}

std::string next_steps(const std::string& folder) {
  const std::string enter = folder == "." ? "" : fmt::format("  cd {}\n", core::printable(folder));
  return fmt::format(
      "\nNext:\n{}"
      "  sluice test tickets.lua                # its tests: no network, no key\n"
      "  sluice mock --port 8080 &              # a provider to practise on\n"
      "  sluice run tickets.lua --set at=mock   # answers in out/mock.jsonl\n"
      "  export OPENAI_API_KEY=…                # then ask the model:\n"
      "  sluice run tickets.lua                 # answers in out/openai.jsonl\n",
      enter);
}

int init(const std::string& folder) {
  const std::vector<NewFile> files = files_in(folder);
  std::error_code wrong;
  for (const NewFile& file : files) {
    if (std::filesystem::exists(std::filesystem::symlink_status(file.path, wrong)))
      return report({core::ErrorCode::io,
                     "is there already, and sluice init writes over nothing; give another folder: "
                     "sluice init DIR",
                     file.path});
  }
  std::filesystem::create_directories(folder, wrong);
  if (!std::filesystem::is_directory(folder))
    return report(
        {core::ErrorCode::io, fmt::format("cannot make this folder: {}", wrong.message()), folder});
  for (const NewFile& file : files) {
    if (const auto written = write_new(file); !written) return report(written.error());
    fmt::print("wrote {}\n", core::printable(file.path));
  }
  fmt::print("{}", next_steps(folder));
  return 0;
}

}  // namespace

void add_init_command(CLI::App& app, int& exit_status) {
  auto folder = std::make_shared<std::string>(".");
  CLI::App* command = app.add_subcommand("init", "Write a first job, with sample rows and a test");
  command->add_option("DIR", *folder, "The folder, which may be new")
      ->type_name("DIR")
      ->capture_default_str();
  command->footer(shell::help_footer(
      "Writes tickets.lua, tickets_test.lua and tickets.jsonl, and over no file. Then says what to "
      "run.",
      {{"sluice init my-job", "into a folder of its own"}}));
  command->callback([folder, &exit_status] { exit_status = init(*folder); });
}

}  // namespace sluice::cli
