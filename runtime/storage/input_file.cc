#include "storage/input_file.h"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

namespace sluice::storage {
namespace {

constexpr int kMostWaitMs = 20;
constexpr std::size_t kChunkBytes = 64 * 1024;

// The file's own bytes.
class PlainFile final : public InputFile {
 public:
  PlainFile(int fd, std::string path, std::atomic<std::uint64_t>& consumed)
      : fd_(fd), path_(std::move(path)), consumed_(consumed) {
    struct stat info{};
    may_wait_ = ::fstat(fd_, &info) == 0 && !S_ISREG(info.st_mode);
  }
  ~PlainFile() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  core::Result<Read> read(std::span<char> into) override {
    if (may_wait_) {
      pollfd wanted{fd_, POLLIN, 0};
      const int ready = ::poll(&wanted, 1, kMostWaitMs);
      if (ready == 0 || (ready < 0 && errno == EINTR)) return Read{State::waiting, 0};
    }
    while (true) {
      const ssize_t count = ::read(fd_, into.data(), into.size());
      if (count > 0) {
        consumed_.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
        return Read{State::bytes, static_cast<std::size_t>(count)};
      }
      if (count == 0) return Read{State::end, 0};
      if (errno == EAGAIN) return Read{State::waiting, 0};
      if (errno != EINTR) return core::fail_errno("cannot read the input", errno, path_);
    }
  }

 private:
  const int fd_;
  const std::string path_;
  std::atomic<std::uint64_t>& consumed_;
  bool may_wait_ = false;
};

// Compressed bytes come from `source`, in chunks.
class CompressedFile : public InputFile {
 public:
  CompressedFile(std::unique_ptr<InputFile> source, std::string path, std::string_view head)
      : path_(std::move(path)), source_(std::move(source)) {
    std::memcpy(chunk_.data(), head.data(), head.size());
    left_ = {chunk_.data(), head.size()};
  }
  core::Result<Read> read(std::span<char> into) override {
    while (true) {
      if (left_.empty() && !ended_) {
        const auto got = source_->read(chunk_);
        if (!got) return got;
        if (got->state == State::waiting) return got;
        ended_ = got->state == State::end;
        left_ = std::span(chunk_).first(got->count);
      }
      if (ended_ && left_.empty() && drained_) {
        if (at_frame_end_) return Read{State::end, 0};
        return core::fail(core::ErrorCode::io,
                          "the compressed file ends in the middle: it is cut off", path_);
      }
      std::size_t made = 0;
      if (const char* wrong = inflate(into, made)) {
        return core::fail(core::ErrorCode::io,
                          std::string("the compressed file is damaged: ") + wrong, path_);
      }
      if (made > 0) return Read{State::bytes, made};
      if (ended_) drained_ = true;
    }
  }

 protected:
  // Takes from left_, gives `made` bytes, sets at_frame_end_; returns what is wrong, or nullptr.
  virtual const char* inflate(std::span<char> into, std::size_t& made) = 0;
  std::span<char> left_;
  bool at_frame_end_ = false;

 private:
  const std::string path_;
  std::unique_ptr<InputFile> source_;
  std::array<char, kChunkBytes> chunk_;
  bool ended_ = false;
  bool drained_ = false;
};

class GzipFile final : public CompressedFile {
 public:
  GzipFile(std::unique_ptr<InputFile> source, std::string path, std::string_view head)
      : CompressedFile(std::move(source), std::move(path), head) {
    if (::inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipFile() override { ::inflateEnd(&stream_); }

 private:
  const char* inflate(std::span<char> into, std::size_t& made) override {
    if (at_frame_end_ && !left_.empty()) {  // another member follows: gzip files may be joined
      ::inflateReset(&stream_);
      at_frame_end_ = false;
    }
    if (left_.empty() && at_frame_end_) return nullptr;
    stream_.next_in = reinterpret_cast<Bytef*>(left_.data());
    stream_.avail_in = static_cast<uInt>(left_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = static_cast<uInt>(into.size());
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    left_ = left_.last(stream_.avail_in);
    made = into.size() - stream_.avail_out;
    at_frame_end_ = code == Z_STREAM_END;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) return nullptr;
    return stream_.msg != nullptr ? stream_.msg : "not gzip";
  }
  z_stream stream_{};
};

class ZstdFile final : public CompressedFile {
 public:
  ZstdFile(std::unique_ptr<InputFile> source, std::string path, std::string_view head)
      : CompressedFile(std::move(source), std::move(path), head), stream_(::ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~ZstdFile() override { ::ZSTD_freeDStream(stream_); }

 private:
  const char* inflate(std::span<char> into, std::size_t& made) override {
    ZSTD_inBuffer in{left_.data(), left_.size(), 0};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    const std::size_t code = ::ZSTD_decompressStream(stream_, &out, &in);
    if (::ZSTD_isError(code)) return ::ZSTD_getErrorName(code);
    if (in.pos > 0 || out.pos > 0) at_frame_end_ = code == 0;
    left_ = left_.subspan(in.pos);
    made = out.pos;
    return nullptr;
  }
  ZSTD_DStream* stream_;
};

// Looks at the first bytes to find out what it is. A pipe's bytes cannot be put back: they are
// handed on.
class DetectingFile final : public InputFile {
 public:
  DetectingFile(std::unique_ptr<InputFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  core::Result<Read> read(std::span<char> into) override {
    while (!detected_) {
      const auto got = file_->read(std::span(head_).subspan(have_));
      if (!got || got->state == State::waiting) return got;
      have_ += got->count;
      if (have_ == head_.size() || got->state == State::end) detect();
    }
    if (have_ == 0) return file_->read(into);
    const std::size_t count = std::min(into.size(), have_);
    std::memcpy(into.data(), head_.data(), count);
    std::memmove(head_.data(), head_.data() + count, have_ - count);
    have_ -= count;
    return Read{State::bytes, count};
  }

 private:
  void detect() {
    detected_ = true;
    const std::string_view start(head_.data(), have_);
    if (start.starts_with("\x1f\x8b")) {
      file_ = std::make_unique<GzipFile>(std::move(file_), path_, start);
      have_ = 0;
    } else if (start == "\x28\xb5\x2f\xfd") {
      file_ = std::make_unique<ZstdFile>(std::move(file_), path_, start);
      have_ = 0;
    }
  }
  std::unique_ptr<InputFile> file_;
  const std::string path_;
  std::array<char, 4> head_{};
  std::size_t have_ = 0;
  bool detected_ = false;
};

}  // namespace

core::Result<std::unique_ptr<InputFile>> InputFile::open(const std::string& path,
                                                         std::atomic<std::uint64_t>& consumed,
                                                         std::span<const FileId> written) {
  // A named pipe without a writer would hold up open() itself, where nothing can end it. Opened
  // like this it waits in poll() instead, for the first writer.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), kFlags);
  if (fd < 0) return core::fail_errno("cannot open the input", errno, path);
  auto file = std::make_unique<PlainFile>(fd, path, consumed);
  struct stat info{};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    return core::fail(core::ErrorCode::io,
                      "this input is a folder: name its files, as in \"folder/*.jsonl\"", path);
  }
  if (std::ranges::find(written, id_of(info)) != written.end()) {
    return core::fail(
        core::ErrorCode::io,
        "this input is a file that the job itself writes, under this or another name: "
        "give s.read the job's input alone",
        path == "-" ? "standard input" : path);
  }
  return inflated(std::move(file), path);
}

std::unique_ptr<InputFile> inflated(std::unique_ptr<InputFile> file, std::string name) {
  return std::make_unique<DetectingFile>(std::move(file), std::move(name));
}

core::Result<std::vector<std::string>> expand_paths(const std::vector<std::string>& patterns) {
  std::vector<std::string> paths;
  for (const std::string& pattern : patterns) {
    if (pattern == "-") {
      paths.push_back(pattern);
      continue;
    }
    glob_t found{};
    const int code = ::glob(pattern.c_str(), 0, nullptr, &found);
    if (code == 0) paths.insert(paths.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (code == 0) continue;
    const bool glob = pattern.find_first_of("*?[") != pattern.npos;
    return core::fail(core::ErrorCode::io,
                      glob ? "no input file matches this pattern" : "there is no such input file",
                      pattern);
  }
  return paths;
}

std::string first_bytes(const std::string& path) {
  std::array<char, 16> bytes;
  struct stat info{};
  if (path == "-" || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), 0);
  ::close(fd);
  return count <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(count));
}

std::optional<std::uint64_t> total_bytes(const std::vector<std::string>& paths) {
  std::uint64_t sum = 0;
  for (const std::string& path : paths) {
    struct stat info{};
    const int code = path == "-" ? ::fstat(STDIN_FILENO, &info) : ::stat(path.c_str(), &info);
    if (code != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    sum += static_cast<std::uint64_t>(info.st_size);
  }
  return sum;
}

}  // namespace sluice::storage
