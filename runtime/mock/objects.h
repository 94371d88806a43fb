// Buckets of objects, as Amazon's S3 and Google's XML API serve them: where Vertex AI and Bedrock have the
// requests and results of their batches. For the buckets of BatchOptions::buckets, by paths alone.
//
//   PUT    /BUCKET/KEY                     an object (if-none-match: * and x-goog-if-generation-match: 0 heeded)
//   POST   /BUCKET/KEY?uploads             begins one in parts: PUT ?partNumber&uploadId, POST ?uploadId
//                                          puts them together, DELETE ?uploadId takes them back
//   GET    /BUCKET/KEY                     also by range, with if-match; HEAD
//   DELETE /BUCKET/KEY
//   GET    /BUCKET?list-type=2             prefix, delimiter, start-after, continuation-token, max-keys
//
// Threads: one. No clock.
//
// Bounds: those of the files; kMostUploads uploads in parts, then the oldest goes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "http/server.h"
#include "mock/batch_files.h"
#include "mock/options.h"

namespace sluice::mock {

class Objects {
 public:
  Objects(const Options& options, BatchFiles& files) : options_(options), files_(files) {}

  // Whether a path is that of a bucket or of an object.
  bool serves(std::string_view target) const;
  http::ServerResponse handle(const http::ServerRequest& request, core::WallTime wall_now);

  static constexpr std::size_t kMostUploads = 1000;

 private:
  struct Upload {
    std::string name;
    std::map<int, Blob> parts;
  };
  http::ServerResponse list(const std::string& bucket, const http::ServerRequest& request) const;
  http::ServerResponse read(const http::ServerRequest& request, const std::string& name) const;
  http::ServerResponse write(const http::ServerRequest& request, const std::string& name,
                             core::WallTime wall_now);
  http::ServerResponse upload(const http::ServerRequest& request, const std::string& name,
                              core::WallTime wall_now);
  http::ServerResponse put_together(const http::ServerRequest& request, std::uint64_t id,
                                    core::WallTime wall_now);
  http::ServerResponse keep(const std::string& name, Blob blob, core::WallTime wall_now);

  const Options& options_;
  BatchFiles& files_;
  std::map<std::uint64_t, Upload> uploads_;
  std::uint64_t uploads_made_ = 0;
};

}  // namespace sluice::mock
