#include "stages/sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <tuple>

namespace sluice::stages {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

// One file that is only appended to.
class AppendFile {
 public:
  explicit AppendFile(std::string path) : path_(std::move(path)) {}
  ~AppendFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  core::Result<std::uint64_t> open() {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::path(path_).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent, error);
    if (error)
      return core::fail_errno("cannot make the output folder", error.value(), parent.string());
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) return core::fail_errno("cannot open the output file", errno, path_);
    struct stat info{};
    if (::fstat(fd_, &info) != 0)
      return core::fail_errno("cannot look at the output file", errno, path_);
    if (!S_ISREG(info.st_mode)) {
      return core::fail(core::ErrorCode::io,
                        "the output must be a regular file: a resumed run cuts it back", path_);
    }
    return static_cast<std::uint64_t>(info.st_size);
  }
  core::Status cut(std::uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0)
      return core::fail_errno("cannot cut back", errno, path_);
    if (::lseek(fd_, static_cast<off_t>(size), SEEK_SET) < 0)
      return core::fail_errno("cannot seek", errno, path_);
    size_ = size;
    return {};
  }
  core::Status append(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() < kBufferBytes ? core::Status() : write_out();
  }
  core::Status write_out() {
    std::string_view left = buffer_;
    while (!left.empty()) {
      const ssize_t written = ::write(fd_, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("cannot write", errno);
      left.remove_prefix(static_cast<std::size_t>(written));
      size_ += static_cast<std::uint64_t>(written);
    }
    buffer_.clear();
    return {};
  }
  // Beside append() and write_out(): it looks at nothing that they change.
  core::Status sync() const {
    if (::fdatasync(fd_) != 0) return failed("cannot sync", errno);
    return {};
  }
  // What is written to a file without a name is lost with the process, and nobody notices.
  core::Status still_there() const {
    struct stat ours{};
    struct stat named{};
    if (::fstat(fd_, &ours) != 0) return failed("cannot look at the file", errno);
    if (::stat(path_.c_str(), &named) == 0 && named.st_dev == ours.st_dev &&
        named.st_ino == ours.st_ino)
      return {};
    return core::fail(
        core::ErrorCode::io,
        "was removed or replaced while the job ran: run again, and it is written anew "
        "from the checkpoint; nothing is asked twice",
        path_);
  }
  std::uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  core::Status failed(std::string_view what, int error) const {
    core::Error why = core::fail_errno(what, error, path_).error();
    why.message += ". Mend that and run again: what was committed is safe in the checkpoint";
    return std::unexpected(std::move(why));
  }

  const std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::string buffer_;
};

class JsonlSink final : public checkpoint::Projection {
 public:
  JsonlSink(std::string answers, std::string rejects)
      : answers_(std::move(answers)), rejects_(std::move(rejects)) {}

  core::Result<checkpoint::Position> open(checkpoint::Position recorded,
                                          checkpoint::Fresh fresh) override {
    const auto answers = answers_.open();
    if (!answers) return std::unexpected(answers.error());
    const auto rejects = rejects_.open();
    if (!rejects) return std::unexpected(rejects.error());
    for (const auto& [is_fresh, size, path] :
         {std::tuple(fresh.answers, *answers, answers_.path()),
          std::tuple(fresh.rejects, *rejects, rejects_.path())}) {
      if (!is_fresh || size == 0) continue;
      return core::fail(core::ErrorCode::io,
                        "already holds something that this job did not write; move it away, or "
                        "give the sink another path",
                        path);
    }
    const bool whole = *answers >= recorded.answers && *rejects >= recorded.rejects;
    const checkpoint::Position start = whole ? recorded : checkpoint::Position{};
    if (auto cut = answers_.cut(start.answers); !cut) return std::unexpected(cut.error());
    if (auto cut = rejects_.cut(start.rejects); !cut) return std::unexpected(cut.error());
    return start;
  }

  core::Status append(std::string_view answers, std::string_view rejects) override {
    if (auto done = answers_.append(answers); !done) return done;
    return rejects_.append(rejects);
  }

  core::Result<checkpoint::Position> write_out() override {
    for (AppendFile* file : {&answers_, &rejects_}) {
      if (auto done = file->write_out(); !done) return std::unexpected(done.error());
      if (auto there = file->still_there(); !there) return std::unexpected(there.error());
    }
    return checkpoint::Position{answers_.size(), rejects_.size()};
  }

  core::Status sync() override {
    if (auto done = answers_.sync(); !done) return done;
    return rejects_.sync();
  }

 private:
  AppendFile answers_;
  AppendFile rejects_;
};

}  // namespace

std::unique_ptr<checkpoint::Projection> make_jsonl_sink(std::string answers_path,
                                                        std::string rejects_path) {
  return std::make_unique<JsonlSink>(std::move(answers_path), std::move(rejects_path));
}

}  // namespace sluice::stages
