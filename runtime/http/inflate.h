// Undoes the Content-Encoding of an answer while it comes, within a bound: a few kilobytes of gzip
// can stand for gigabytes.
//
// Threads: one.
#pragma once

#include <zlib.h>

#include <memory>
#include <string>
#include <string_view>

namespace sluice::http {

class Inflater {
 public:
  enum class Coding : std::uint8_t { identity, gzip, deflate, unknown };
  // Of a Content-Encoding value ("" = identity).
  static Coding coding(std::string_view name);

  // gzip or deflate.
  explicit Inflater(Coding coding);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  enum class Result : std::uint8_t { ok, damaged, too_large };
  // Appends what `bytes` hold to `out`, which must not grow past `limit`.
  Result add(std::string_view bytes, std::string& out, std::size_t limit);
  // All of the body was given: is it whole? (No body at all is.)
  bool whole() const { return !began_ || at_end_; }

 private:
  Result run(std::string_view bytes, std::string& out, std::size_t limit);

  z_stream stream_{};
  Coding coding_;
  std::string start_;  // the first bytes of a deflate body, until they show what it is
  bool began_ = false;
  bool open_ = false;    // stream_ is initialised
  bool at_end_ = false;  // behind the end of a gzip member
};

}  // namespace sluice::http
