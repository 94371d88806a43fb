#include "wal/wal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/directory.h"
#include "storage/disk_error.h"
#include "storage/private_files.h"

namespace sluice::wal {
namespace {

std::string tail_path(const std::string& directory, std::size_t i) {
  return directory + "/tail-" + std::to_string(i);
}

core::Status write_at(int fd, std::string_view bytes, std::uint64_t at, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return storage::disk_failed("write", errno, path);
    bytes.remove_prefix(static_cast<std::size_t>(done));
    at += static_cast<std::uint64_t>(done);
  }
  return {};
}

core::Result<std::string> contents(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::string();
  if (fd < 0) return storage::disk_failed("open", errno, path);
  std::string bytes;
  ssize_t got = 0;
  do {
    const std::size_t size = bytes.size();
    bytes.resize(size + WriteAheadLog::kPreallocated);
    got = ::read(fd, bytes.data() + size, WriteAheadLog::kPreallocated);
    bytes.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  } while (got > 0 || (got < 0 && errno == EINTR));
  const int failed = got < 0 ? errno : 0;
  ::close(fd);
  if (failed != 0) return storage::disk_failed("read", failed, path);
  return bytes;
}

// The records that a file begins with, each one more than the one before.
std::vector<Record> records_of(std::string_view bytes) {
  std::vector<Record> records;
  while (auto record = take_record(bytes)) {
    if (!records.empty() && record->sequence != records.back().sequence + 1) break;
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace

core::Result<std::unique_ptr<WriteAheadLog>> WriteAheadLog::create(const std::string& directory,
                                                                   store::Durability durability,
                                                                   std::uint64_t last,
                                                                   SharedLog* shared) {
  std::unique_ptr<WriteAheadLog> log(new WriteAheadLog(last, shared));
  for (std::size_t i = 0; i < log->files_.size(); ++i) {
    File& file = log->files_[i];
    file.path = tail_path(directory, i);
    file.fd = ::open(file.path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
                     storage::file_mode(directory));
    if (file.fd < 0) return storage::disk_failed("open", errno, file.path);
    if (durability != store::Durability::power) continue;
    const std::string zeros(kPreallocated, '\0');
    if (auto status = write_at(file.fd, zeros, 0, file.path); !status)
      return std::unexpected(status.error());
    if (::fsync(file.fd) != 0) return storage::disk_failed("sync", errno, file.path);
  }
  if (durability == store::Durability::power) {
    if (auto status = storage::sync_directory(directory); !status)
      return std::unexpected(status.error());
  }
  return log;
}

WriteAheadLog::~WriteAheadLog() {
  for (const File& file : files_)
    if (file.fd >= 0) ::close(file.fd);
}

core::Status WriteAheadLog::append(std::string&& record) {
  File& file = files_[current_];
  seal(record, last_ + 1);
  if (auto status = write_at(file.fd, record, file.end, file.path); !status) return status;
  ++last_;
  file.end += record.size();
  file.unsynced = true;
  if (shared_ != nullptr) shared_->append(record);
  return {};
}

void WriteAheadLog::rotate() {
  current_ = 1 - current_;
  files_[current_].end = 0;
}

core::Status WriteAheadLog::sync() {
  // Both: a record in one promises that those before it, in the other, are there as well.
  for (File& file : files_) {
    if (!file.unsynced.exchange(false)) continue;
    if (::fdatasync(file.fd) != 0) return storage::disk_failed("sync", errno, file.path);
  }
  return {};
}

void WriteAheadLog::remove() {
  for (const File& file : files_) ::unlink(file.path.c_str());
}

core::Result<LogTail> read_log(const std::string& directory, std::uint64_t applied) {
  std::array<std::vector<Record>, 2> files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto bytes = contents(tail_path(directory, i));
    if (!bytes) return std::unexpected(bytes.error());
    files[i] = records_of(*bytes);
  }
  const auto first = [](const std::vector<Record>& records) {
    return records.empty() ? 0 : records.front().sequence;
  };
  if (first(files[1]) < first(files[0])) std::swap(files[0], files[1]);
  LogTail tail;
  std::uint64_t next = applied + 1;
  for (auto& records : files) {
    for (Record& record : records) {
      if (record.sequence < next) continue;
      tail.outrun = record.sequence > next;
      if (tail.outrun) return tail;
      tail.records.push_back(std::move(record));
      ++next;
    }
  }
  return tail;
}

}  // namespace sluice::wal
