// A disk under SQLite and under the projection that loses power: what was written and not synced is
// then there in part, or torn, or not at all. It can also be full.
//
// Install it before the first file is opened; it becomes SQLite's default VFS until it goes. Files
// are really written (so readers see them), but never really synced.
//
// Threads: any; a mutex guards the record.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::checkpoint {

class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // Steps are writes, truncations, syncs and deletions. Power is lost after step `n` from now.
  void lose_power_after(std::uint64_t n);
  bool has_power() const;
  std::uint64_t steps() const;
  // Every further write fails as on a full disk.
  void fill();

  // What stands on the disk when power is back, chosen by `random`. All files must be closed.
  void restore(std::mt19937& random);

  // For files that are not SQLite's.
  void write_at_end(const std::string& path, std::string_view bytes);
  void truncate(const std::string& path, std::uint64_t size);
  void sync(const std::string& path);

  // For the VFS.
  struct Change {
    std::int64_t at = 0;
    std::string bytes;
    bool truncates = false;  // to `at`
  };
  void opened(const std::string& path);
  void changed(const std::string& path, Change change);
  void synced(const std::string& path);
  void deleted(const std::string& path);
  bool full() const;

 private:
  struct File {
    std::string durable;
    std::vector<Change> pending;
    bool exists = true;
  };
  void step();  // with mutex_ held

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, File> files_;
  std::uint64_t steps_ = 0;
  std::uint64_t last_step_ = std::numeric_limits<std::uint64_t>::max();
  bool power_ = true;
  bool full_ = false;
};

}  // namespace sluice::checkpoint
