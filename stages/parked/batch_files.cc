#include "parked/batch_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "storage/directory.h"
#include "storage/private_files.h"
#include "store/bytes.h"

namespace sluice::parked {
namespace {

constexpr std::array<std::string_view, 4> kEndings = {"upload", "rows", "replies", "index"};
constexpr std::string_view kRowsEnd = "SLRW";
constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr std::size_t kHashBytes = 16;
constexpr std::string_view kCancelFile = "/cancel";
constexpr std::size_t kPlaceBytes = 16;

std::string folder_of(const std::string& directory) {
  return directory + "/batches";
}

std::unexpected<core::Error> damaged(const std::string& path) {
  return core::fail(core::ErrorCode::corrupt, "the checkpoint is damaged: a batch's file", path);
}

}  // namespace

std::string file_of(const std::string& directory, std::string_view nonce, FileKind kind,
                    bool part) {
  return fmt::format("{}/{}.{}{}", folder_of(directory), nonce,
                     kEndings[static_cast<std::size_t>(kind)], part ? ".part" : "");
}

std::optional<std::string> path_in(const std::string& directory, std::string_view name) {
  const std::size_t dot = name.find('.');
  const std::string_view nonce = name.substr(0, dot);
  if (dot == name.npos || nonce.empty()) return std::nullopt;
  if (nonce.find_first_not_of("0123456789abcdef") != nonce.npos) return std::nullopt;
  if (std::ranges::find(kEndings, name.substr(dot + 1)) == kEndings.end()) return std::nullopt;
  return fmt::format("{}/{}", folder_of(directory), name);
}

void remove_file(const std::string& directory, std::string_view nonce, FileKind kind) {
  std::error_code ignored;
  for (const bool part : {false, true})
    std::filesystem::remove(file_of(directory, nonce, kind, part), ignored);
}

void remove_files(const std::string& directory, std::string_view nonce) {
  for (std::size_t kind = 0; kind < kEndings.size(); ++kind)
    remove_file(directory, nonce, static_cast<FileKind>(kind));
}

void remove_others(const std::string& directory, std::span<const std::string> nonces) {
  std::error_code error;
  std::filesystem::directory_iterator at(folder_of(directory), error);
  if (error) return;
  std::vector<std::filesystem::path> left;
  for (const auto& entry : at) {
    const std::string name = entry.path().filename();
    if (name == kCancelFile.substr(1)) continue;
    if (std::ranges::find(nonces, name.substr(0, name.find('.'))) == nonces.end())
      left.push_back(entry.path());
  }
  for (const auto& path : left) std::filesystem::remove(path, error);
}

core::Status ask_to_cancel(const std::string& directory, std::span<const std::string> which) {
  if (auto made = storage::make_private_folder(folder_of(directory)); !made) return made;
  const std::string path = folder_of(directory) + std::string(kCancelFile);
  auto file = OutFile::create(path + ".part");
  if (!file) return std::unexpected(file.error());
  for (const std::string& one : which)
    if (auto written = file->write(one + "\n"); !written) return written;
  return file->finish(path);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<std::vector<std::string>> take_cancels(const std::string& directory) {
  const std::string path = folder_of(directory) + std::string(kCancelFile);
  if (::access(path.c_str(), R_OK) != 0) return std::nullopt;
  const auto file = InFile::open(path);
  const auto text = file ? file->piece(0, kBuffer) : core::Result<std::string>(std::string());
  ::unlink(path.c_str());
  return lines_of(text ? *text : std::string());
}

core::Result<OutFile> OutFile::create(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, storage::file_mode(folder));
  if (fd < 0) return core::fail_errno("cannot make a batch's file", errno, path);
  return OutFile(path, fd);
}

OutFile::OutFile(OutFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      size_(other.size_) {}

OutFile& OutFile::operator=(OutFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(buffer_, other.buffer_);
  std::swap(size_, other.size_);
  return *this;
}

OutFile::~OutFile() {
  if (fd_ >= 0) ::close(fd_);
}

core::Status OutFile::flush() {
  for (std::string_view rest = buffer_; !rest.empty();) {
    const ssize_t count = ::write(fd_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return core::fail_errno("cannot write a batch's file", errno, path_);
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
  return {};
}

core::Status OutFile::write(std::string_view bytes) {
  buffer_ += bytes;
  size_ += bytes.size();
  return buffer_.size() >= kBuffer ? flush() : core::Status();
}

core::Status OutFile::finish(const std::string& name) {
  if (auto flushed = flush(); !flushed) return flushed;
  if (::fdatasync(fd_) != 0) return core::fail_errno("cannot sync a batch's file", errno, path_);
  ::close(std::exchange(fd_, -1));
  if (name != path_ && std::rename(path_.c_str(), name.c_str()) != 0)
    return core::fail_errno("cannot name a batch's file", errno, name);
  return storage::sync_directory(name.substr(0, name.rfind('/')));
}

core::Result<InFile> InFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return core::fail_errno("cannot read a batch's file", errno, path);
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return core::fail_errno("cannot read a batch's file", error, path);
  }
  return InFile(path, fd, static_cast<std::uint64_t>(info.st_size));
}

InFile::InFile(InFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

InFile& InFile::operator=(InFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}

InFile::~InFile() {
  if (fd_ >= 0) ::close(fd_);
}

core::Status InFile::read(std::uint64_t offset, std::span<char> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count =
        ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return core::fail_errno("cannot read a batch's file", errno, path_);
    if (count == 0) return damaged(path_);
    done += static_cast<std::size_t>(count);
  }
  return {};
}

core::Result<std::string> InFile::piece(std::uint64_t offset, std::size_t most) const {
  std::string bytes(
      static_cast<std::size_t>(std::min<std::uint64_t>(most, size_ - std::min(offset, size_))),
      '\0');
  if (auto done = read(offset, bytes); !done) return std::unexpected(done.error());
  return bytes;
}

core::Result<BatchWriter> BatchWriter::create(const std::string& directory, std::string_view nonce,
                                              std::string_view between) {
  if (auto made = storage::make_private_folder(folder_of(directory)); !made)
    return std::unexpected(made.error());
  auto upload = OutFile::create(file_of(directory, nonce, FileKind::upload));
  if (!upload) return std::unexpected(upload.error());
  auto rows = OutFile::create(file_of(directory, nonce, FileKind::rows));
  if (!rows) return std::unexpected(rows.error());
  return BatchWriter(directory, std::string(nonce), std::string(between), std::move(*upload),
                     std::move(*rows));
}

BatchWriter::BatchWriter(std::string directory, std::string nonce, std::string between,
                         OutFile upload, OutFile rows)
    : directory_(std::move(directory)),
      nonce_(std::move(nonce)),
      between_(std::move(between)),
      upload_(std::move(upload)),
      rows_file_(std::move(rows)) {}

core::Status BatchWriter::add(std::string_view item, std::span<const core::Hash128> questions) {
  if (!offsets_.empty())
    if (auto written = upload_.write(between_); !written) return written;
  if (auto written = upload_.write(item); !written) return written;
  offsets_.push_back(rows_file_.size());
  std::string line;
  store::put(line, static_cast<std::uint32_t>(questions.size()));
  for (const core::Hash128& question : questions) store::put(line, question);
  rows_ += static_cast<std::uint32_t>(questions.size());
  return rows_file_.write(line);
}

core::Status BatchWriter::finish() {
  std::string end;
  for (const std::uint64_t offset : offsets_) store::put(end, offset);
  store::put(end, lines());
  end += kRowsEnd;
  if (auto written = rows_file_.write(end); !written) return written;
  // A file of lines ends with one.
  if (between_ == "\n")
    if (auto written = upload_.write(between_); !written) return written;
  if (auto done = upload_.finish(file_of(directory_, nonce_, FileKind::upload)); !done) return done;
  return rows_file_.finish(file_of(directory_, nonce_, FileKind::rows));
}

core::Result<RowsFile> RowsFile::open(const std::string& directory, std::string_view nonce) {
  auto file = InFile::open(file_of(directory, nonce, FileKind::rows));
  if (!file) return std::unexpected(file.error());
  std::array<char, 8> end;
  if (file->size() < end.size()) return damaged(file->path());
  if (auto done = file->read(file->size() - end.size(), end); !done)
    return std::unexpected(done.error());
  const auto lines = store::get<std::uint32_t>(end.data());
  if (std::string_view(end.data() + 4, 4) != kRowsEnd ||
      file->size() < end.size() + std::uint64_t{lines} * 8)
    return damaged(file->path());
  return RowsFile(std::move(*file), lines);
}

core::Result<std::vector<core::Hash128>> RowsFile::questions(std::uint32_t line) const {
  std::array<char, 8> offset;
  const std::uint64_t table = file_.size() - 8 - std::uint64_t{lines_} * 8;
  if (line >= lines_) return damaged(file_.path());
  if (auto done = file_.read(table + std::uint64_t{line} * 8, offset); !done)
    return std::unexpected(done.error());
  const auto at = store::get<std::uint64_t>(offset.data());
  std::array<char, 4> count;
  if (auto done = file_.read(at, count); !done) return std::unexpected(done.error());
  const std::size_t questions = store::get<std::uint32_t>(count.data());
  if (questions > table / kHashBytes) return damaged(file_.path());
  std::string bytes(questions * kHashBytes, '\0');
  if (auto done = file_.read(at + 4, bytes); !done) return std::unexpected(done.error());
  std::vector<core::Hash128> all;
  for (std::size_t i = 0; i < questions; ++i)
    all.push_back(store::get_hash(bytes.data() + i * kHashBytes));
  return all;
}

core::Result<RepliesFile> RepliesFile::open(const std::string& directory, std::string_view nonce) {
  auto replies = InFile::open(file_of(directory, nonce, FileKind::replies));
  if (!replies) return std::unexpected(replies.error());
  auto index = InFile::open(file_of(directory, nonce, FileKind::index));
  if (!index) return std::unexpected(index.error());
  return RepliesFile(std::move(*replies), std::move(*index));
}

core::Status RepliesFile::write_index(const std::string& directory, std::string_view nonce,
                                      std::span<const Place> places) {
  auto file = OutFile::create(file_of(directory, nonce, FileKind::index, true));
  if (!file) return std::unexpected(file.error());
  std::string bytes;
  for (const Place& place : places) {
    store::put(bytes, place.offset);
    store::put(bytes, place.length);
  }
  if (auto written = file->write(bytes); !written) return written;
  return file->finish(file_of(directory, nonce, FileKind::index));
}

core::Result<std::optional<std::string>> RepliesFile::line(std::uint32_t line) const {
  std::array<char, kPlaceBytes> place;
  if (std::uint64_t{line} * kPlaceBytes >= index_.size()) return damaged(index_.path());
  if (auto done = index_.read(std::uint64_t{line} * kPlaceBytes, place); !done)
    return std::unexpected(done.error());
  const auto length = store::get<std::uint64_t>(place.data() + 8);
  if (length == 0) return std::nullopt;
  const auto offset = store::get<std::uint64_t>(place.data());
  if (offset > replies_.size() || length > replies_.size() - offset)
    return damaged(replies_.path());
  std::string bytes(static_cast<std::size_t>(length), '\0');
  if (auto done = replies_.read(offset, bytes); !done) return std::unexpected(done.error());
  return bytes;
}

}  // namespace sluice::parked
