#include "faulty_disk.h"

#include <cstring>
#include <filesystem>
#include <new>

#include "support.h"

namespace sluice::checkpoint {
namespace {

FaultyDisk* g_disk = nullptr;
sqlite3_vfs* g_real_vfs = nullptr;
sqlite3_vfs g_vfs;

// SQLite allocates szOsFile bytes: this, and the real file's own behind it.
struct DiskFile {
  sqlite3_file base;
  std::string* path;
  bool recorded;  // the shared-memory file and temporary files are not
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

DiskFile* self(sqlite3_file* file) {
  return reinterpret_cast<DiskFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return self(file)->real();
}

int disk_close(sqlite3_file* file) {
  delete self(file)->path;
  return real(file)->pMethods->xClose(real(file));
}
int disk_read(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), to, n, at);
}
int disk_write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
  if (g_disk->full()) return SQLITE_FULL;
  if (self(file)->recorded)
    g_disk->changed(*self(file)->path,
                    {at, std::string(static_cast<const char*>(from), static_cast<std::size_t>(n))});
  return real(file)->pMethods->xWrite(real(file), from, n, at);
}
int disk_truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (self(file)->recorded) g_disk->changed(*self(file)->path, {size, "", true});
  return real(file)->pMethods->xTruncate(real(file), size);
}
int disk_sync(sqlite3_file* file, int) {
  if (self(file)->recorded) g_disk->synced(*self(file)->path);
  return SQLITE_OK;
}
int disk_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int disk_lock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int disk_unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int disk_check_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int disk_control(sqlite3_file* file, int op, void* arg) {
  return real(file)->pMethods->xFileControl(real(file), op, arg);
}
int disk_sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
// None of the promises a real disk may make: writes are neither atomic nor in order.
int disk_characteristics(sqlite3_file*) {
  return 0;
}
int disk_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int disk_shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}
void disk_shm_barrier(sqlite3_file* file) {
  real(file)->pMethods->xShmBarrier(real(file));
}
int disk_shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

const sqlite3_io_methods kMethods = {2,
                                     disk_close,
                                     disk_read,
                                     disk_write,
                                     disk_truncate,
                                     disk_sync,
                                     disk_size,
                                     disk_lock,
                                     disk_unlock,
                                     disk_check_lock,
                                     disk_control,
                                     disk_sector_size,
                                     disk_characteristics,
                                     disk_shm_map,
                                     disk_shm_lock,
                                     disk_shm_barrier,
                                     disk_shm_unmap,
                                     nullptr,
                                     nullptr};

int disk_open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  auto* opened = new (file) DiskFile{};
  const int code = g_real_vfs->xOpen(g_real_vfs, name, opened->real(), flags, out);
  if (code != SQLITE_OK) return code;  // base.pMethods stays null: SQLite will not close it
  opened->path = new std::string(name != nullptr ? name : "");
  opened->recorded = name != nullptr && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0;
  opened->base.pMethods = &kMethods;
  if (opened->recorded) g_disk->opened(*opened->path);
  return SQLITE_OK;
}
int disk_delete(sqlite3_vfs*, const char* name, int sync) {
  g_disk->deleted(name);
  return g_real_vfs->xDelete(g_real_vfs, name, sync);
}

void apply(std::string& image, const FaultyDisk::Change& change, std::size_t length) {
  const auto at = static_cast<std::size_t>(change.at);
  if (change.truncates) {
    image.resize(at);
    return;
  }
  if (image.size() < at + length) image.resize(at + length);
  image.replace(at, length, change.bytes, 0, length);
}

}  // namespace

FaultyDisk::FaultyDisk() {
  g_disk = this;
  g_real_vfs = sqlite3_vfs_find(nullptr);
  g_vfs = *g_real_vfs;
  g_vfs.zName = "faulty";
  g_vfs.szOsFile = static_cast<int>(sizeof(DiskFile)) + g_real_vfs->szOsFile;
  g_vfs.xOpen = disk_open;
  g_vfs.xDelete = disk_delete;
  sqlite3_vfs_register(&g_vfs, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&g_vfs);
  sqlite3_vfs_register(g_real_vfs, 1);
  g_disk = nullptr;
}

void FaultyDisk::lose_power_after(std::uint64_t n) {
  const std::lock_guard lock(mutex_);
  last_step_ = steps_ + n;
}

bool FaultyDisk::has_power() const {
  const std::lock_guard lock(mutex_);
  return power_;
}

std::uint64_t FaultyDisk::steps() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

void FaultyDisk::fill() {
  const std::lock_guard lock(mutex_);
  full_ = true;
}

bool FaultyDisk::full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

void FaultyDisk::step() {
  if (steps_ >= last_step_) power_ = false;
  ++steps_;
}

void FaultyDisk::opened(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!power_) return;
  File& file = files_[path];
  // What was there before the disk was installed, or before the file was renamed, is durable.
  if (file.durable.empty() && file.pending.empty()) file.durable = read_file(path);
  file.exists = true;
}

void FaultyDisk::changed(const std::string& path, Change change) {
  const std::lock_guard lock(mutex_);
  step();
  if (power_) files_[path].pending.push_back(std::move(change));
}

void FaultyDisk::synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  step();
  if (!power_) return;
  File& file = files_[path];
  for (const Change& change : file.pending) apply(file.durable, change, change.bytes.size());
  file.pending.clear();
}

void FaultyDisk::deleted(const std::string& path) {
  const std::lock_guard lock(mutex_);
  step();
  if (power_) files_[path] = {.durable = {}, .pending = {}, .exists = false};
}

void FaultyDisk::restore(std::mt19937& random) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    for (const Change& change : file.pending) {
      const std::uint32_t fate = random() % 4;  // lost, torn, or whole
      if (fate >= 2) apply(file.durable, change, change.bytes.size());
      if (fate == 1) apply(file.durable, change, random() % (change.bytes.size() + 1));
    }
    file.pending.clear();
    std::filesystem::remove(path + "-shm");
    if (file.exists) {
      write_file(path, file.durable);
    } else {
      std::filesystem::remove(path);
    }
  }
  power_ = true;
  last_step_ = std::numeric_limits<std::uint64_t>::max();
}

void FaultyDisk::write_at_end(const std::string& path, std::string_view bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  changed(path, {error ? 0 : static_cast<std::int64_t>(size), std::string(bytes)});
  std::ofstream(path, std::ios::binary | std::ios::app)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void FaultyDisk::truncate(const std::string& path, std::uint64_t size) {
  std::ofstream(path, std::ios::app);  // made when missing
  changed(path, {static_cast<std::int64_t>(size), "", true});
  std::filesystem::resize_file(path, size);
}

void FaultyDisk::sync(const std::string& path) {
  synced(path);
}

}  // namespace sluice::checkpoint
