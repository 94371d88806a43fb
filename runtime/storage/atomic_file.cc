#include "storage/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>

#include "storage/directory.h"
#include "storage/file_lock.h"

namespace sluice::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTargetChunk = 64 * 1024;
constexpr int kZstdLevel = 3;
constexpr int kMostNames = 1000;

class PlainTarget final : public AtomicFile {
 public:
  explicit PlainTarget(std::string path)
      : path_(std::move(path)), folder_(fs::path(path_).parent_path()) {
    if (folder_.empty()) folder_ = ".";
  }
  ~PlainTarget() override {
    for (const int fd : {fd_, replaced_})
      if (fd >= 0) ::close(fd);
    if (!draft_.empty()) ::unlink(draft_.c_str());
  }
  core::Status open() {
    if (auto made = storage::make_directory(folder_); !made) return made;
    if (auto locked = lock_replaced(); !locked) return locked;
#ifdef O_TMPFILE
    fd_ = ::open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    // EISDIR: the kernel does not know O_TMPFILE. EOPNOTSUPP: the file system does not.
    if (fd_ >= 0) return {};
    if (errno != EISDIR && errno != EOPNOTSUPP)
      return core::fail_errno("cannot make the file", errno, path_);
#endif
    return take_name([this](const std::string& name) {
      return fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    });
  }
  core::Status write(std::string_view bytes) override {
    buffer_ += bytes;
    return buffer_.size() < kTargetChunk ? core::Status() : write_out();
  }
  core::Status finish() override {
    if (auto status = write_out(); !status) return status;
    if (::fsync(fd_) != 0) return core::fail_errno("cannot sync", errno, path_);
    if (draft_.empty()) {
      const std::string unnamed = "/proc/self/fd/" + std::to_string(fd_);
      auto named = take_name([&](const std::string& name) {
        return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
      });
      if (!named) return named;
    }
    if (std::rename(draft_.c_str(), path_.c_str()) != 0)
      return core::fail_errno("cannot rename into place", errno, path_);
    draft_.clear();
    return storage::sync_name(path_);
  }

 private:
  // A file that a run writes now is not to go away under it.
  core::Status lock_replaced() {
    replaced_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info{};
    if (replaced_ < 0 || ::fstat(replaced_, &info) != 0 || !S_ISREG(info.st_mode)) return {};
    return lock_for_writing(replaced_, path_);
  }

  // A name beside the target that nobody has: `make` fails with EEXIST for those that are taken.
  template <class Make>
  core::Status take_name(const Make& make) {
    std::string name = path_ + ".part";
    for (int i = 2; make(name) < 0; ++i) {
      if (errno != EEXIST || i > kMostNames)
        return core::fail_errno("cannot make the file", errno, name);
      name = path_ + ".part-" + std::to_string(i);
    }
    draft_ = std::move(name);
    return {};
  }

  core::Status write_out() {
    std::string_view left = buffer_;
    while (!left.empty()) {
      const ssize_t written = ::write(fd_, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return core::fail_errno("cannot write", errno, path_);
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
    return {};
  }

  const std::string path_;
  std::string folder_;
  std::string draft_;  // its name until it is whole; empty while it has none
  int fd_ = -1;
  int replaced_ = -1;  // what stood there before; holds its lock
  std::string buffer_;
};

class GzipTarget final : public AtomicFile {
 public:
  explicit GzipTarget(std::unique_ptr<AtomicFile> file) : file_(std::move(file)) {
    if (::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                       Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~GzipTarget() override { ::deflateEnd(&stream_); }
  core::Status write(std::string_view bytes) override { return put(bytes, Z_NO_FLUSH); }
  core::Status finish() override {
    if (auto status = put({}, Z_FINISH); !status) return status;
    return file_->finish();
  }

 private:
  core::Status put(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(chunk_.data());
      stream_.avail_out = static_cast<uInt>(chunk_.size());
      ::deflate(&stream_, flush);
      const std::string_view made(chunk_.data(), chunk_.size() - stream_.avail_out);
      if (auto status = file_->write(made); !status) return status;
    } while (stream_.avail_out == 0);
    return {};
  }
  std::unique_ptr<AtomicFile> file_;
  std::array<char, kTargetChunk> chunk_;
  z_stream stream_{};
};

class ZstdTarget final : public AtomicFile {
 public:
  explicit ZstdTarget(std::unique_ptr<AtomicFile> file)
      : file_(std::move(file)), stream_(::ZSTD_createCCtx()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ::ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, kZstdLevel);
    ::ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdTarget() override { ::ZSTD_freeCCtx(stream_); }
  core::Status write(std::string_view bytes) override { return put(bytes, ZSTD_e_continue); }
  core::Status finish() override {
    if (auto status = put({}, ZSTD_e_end); !status) return status;
    return file_->finish();
  }

 private:
  core::Status put(std::string_view bytes, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out{chunk_.data(), chunk_.size(), 0};
      const std::size_t left = ::ZSTD_compressStream2(stream_, &out, &in, how);
      if (::ZSTD_isError(left) != 0)
        return core::fail(core::ErrorCode::internal,
                          std::string("compressing failed: ") + ::ZSTD_getErrorName(left));
      if (auto status = file_->write({chunk_.data(), out.pos}); !status) return status;
      if (how == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }
  std::unique_ptr<AtomicFile> file_;
  std::array<char, kTargetChunk> chunk_;
  ZSTD_CCtx* stream_;
};

}  // namespace

core::Result<std::unique_ptr<AtomicFile>> AtomicFile::create(const std::string& path) {
  auto plain = std::make_unique<PlainTarget>(path);
  if (auto status = plain->open(); !status) return std::unexpected(status.error());
  return compressed(std::move(plain), path);
}

std::unique_ptr<AtomicFile> compressed(std::unique_ptr<AtomicFile> file, std::string_view name) {
  if (name.ends_with(".gz")) return std::make_unique<GzipTarget>(std::move(file));
  if (name.ends_with(".zst")) return std::make_unique<ZstdTarget>(std::move(file));
  return file;
}

}  // namespace sluice::storage
