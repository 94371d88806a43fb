// Where files are, by the scheme of their names: the one list of places. Names without a scheme are files of this machine
// (storage).
//
// Threads: any. What it opens is used by one thread, and may outlive it.
//
// A name never holds what a web address has behind its '?', which may be a signature: name() takes it off and keeps it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "http/proxy_environment.h"
#include "place/local_copy.h"
#include "place/servers.h"
#include "place/settings.h"
#include "place/upload.h"
#include "place/uri.h"
#include "place/web.h"
#include "storage/atomic_file.h"
#include "storage/input_file.h"

namespace sluice::place {

class Places {
 public:
  explicit Places(Settings settings, http::Environment environment = http::process_environment);
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  // For looks at files that nobody waits long for: one try of 3 s, parts of 256 KiB, of a pattern the first 1,000 objects.
  // The same each time.
  std::shared_ptr<Places> hasty();
  // All that is asked from now on fails with this: so that what waits for a server waits once.
  void give_up(const core::Error& why);

  // The address that `name` is asked at, for people; none where it says so itself, or cannot be used.
  std::optional<std::string> server_of(const std::string& name);

  // What a pipeline file calls a remote file, as all others shall know it. ErrorCode::pipeline for a name that cannot be
  // used.
  core::Result<std::string> name(const std::string& written);

  // The files that a pattern names now, in order. ErrorCode::io for a pattern that names nothing. A name that is no
  // pattern is not looked for.
  core::Result<std::vector<std::string>> expand(const std::string& pattern);
  // The same of a remote pattern, and nothing for one that names nothing.
  core::Result<std::vector<std::string>> objects(const std::string& pattern);
  // The size together of what the last expand() of these patterns has found, or of at most 16 single files, which are asked
  // for; nullopt where it is not known.
  std::optional<std::uint64_t> total_bytes(const std::vector<std::string>& patterns);

  // Inflated, as InputFile::open(); `consumed` likewise.
  core::Result<std::unique_ptr<storage::InputFile>> open(const std::string& name,
                                                         std::atomic<std::uint64_t>& consumed);
  // These will be opened next: the first MiB of each is asked for, of at most 8 that are not opened yet, so that many small
  // files do not wait for one another. Does nothing for files of this machine.
  void expect(std::span<const std::string> names);
  // All of the file, as it lies there (not inflated).
  core::Result<LocalCopy> local_copy(const std::string& name);

  // By what a file is known again that nobody has written since: of this machine its size and when it was written, elsewhere
  // what its server says. nullopt: it is not there.
  core::Result<std::optional<std::string>> tag_of(const std::string& name);

  // As AtomicFile::create(), which it is for files of this machine: compressed by its ending. `begun`: place/upload.h,
  // of an object that goes in parts.
  core::Result<std::unique_ptr<storage::AtomicFile>> create(const std::string& name,
                                                            UploadBegun begun = {});
  // Of an object: what an upload of it left that `begun` was told of and whose process was killed.
  core::Status take_back(const std::string& name, const std::string& upload);
  // Whether create() could succeed now, without anybody seeing anything of it. Nothing is asked for files of this machine.
  core::Status may_create(const std::string& name);

 private:
  struct Found {
    Uri uri;
    Service service;
  };
  core::Result<Found> find(const std::string& name);
  core::Result<std::unique_ptr<storage::InputFile>> open_plain(
      const std::string& name, std::atomic<std::uint64_t>& consumed);
  core::Result<Found> find_writable(const std::string& name);

  const Settings settings_;
  const http::Environment environment_;
  const std::shared_ptr<Web> web_;
  std::mutex mutex_;                            // guards all below
  std::map<std::string, std::string> full_;     // web addresses with a query, by their names
  std::map<std::string, Service> services_;     // by scheme and bucket, or base URL
  std::map<std::string, std::uint64_t> sizes_;  // of the patterns that were expanded, together
  std::map<std::string, std::shared_ptr<Pending>> expected_;
  std::shared_ptr<Places> hasty_;
  std::optional<core::Error> given_up_;
};

}  // namespace sluice::place
