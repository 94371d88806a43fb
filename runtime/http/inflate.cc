#include "http/inflate.h"

#include <array>
#include <new>

namespace sluice::http {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzip = 16;  // added to the window bits: a gzip header is expected

// "deflate" means the zlib format (RFC 9110 §8.4.1.2), but some servers send it without the header.
bool has_zlib_header(std::string_view start) {
  const auto first = static_cast<unsigned char>(start[0]);
  const auto second = static_cast<unsigned char>(start[1]);
  return (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
}

}  // namespace

Inflater::Coding Inflater::coding(std::string_view name) {
  std::string lower;
  for (char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (lower.empty() || lower == "identity") return Coding::identity;
  if (lower == "gzip" || lower == "x-gzip") return Coding::gzip;
  if (lower == "deflate") return Coding::deflate;
  return Coding::unknown;
}

Inflater::Inflater(Coding coding) : coding_(coding) {}

Inflater::~Inflater() {
  if (open_) inflateEnd(&stream_);
}

Inflater::Result Inflater::add(std::string_view bytes, std::string& out, std::size_t limit) {
  if (bytes.empty()) return Result::ok;
  began_ = true;
  if (open_) return run(bytes, out, limit);

  int window = kWindowBits + kGzip;
  if (coding_ == Coding::deflate) {
    start_ += bytes;
    if (start_.size() < 2) return Result::ok;
    window = has_zlib_header(start_) ? kWindowBits : -kWindowBits;
    bytes = start_;
  }
  if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc();
  open_ = true;
  const Result result = run(bytes, out, limit);
  start_.clear();
  return result;
}

Inflater::Result Inflater::run(std::string_view bytes, std::string& out, std::size_t limit) {
  std::array<char, 16 * 1024> piece;
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_.avail_in = static_cast<uInt>(bytes.size());
  do {
    if (at_end_) {
      // A gzip file may be several, one behind the other; nothing else may follow.
      if (stream_.avail_in == 0) return Result::ok;
      if (coding_ != Coding::gzip || inflateReset(&stream_) != Z_OK) return Result::damaged;
      at_end_ = false;
    }
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = piece.size();
    const int status = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream_.avail_out;
    if (made > limit - out.size()) return Result::too_large;
    out.append(piece.data(), made);
    if (status == Z_BUF_ERROR) return Result::ok;  // needs more input
    if (status != Z_OK && status != Z_STREAM_END) return Result::damaged;
    at_end_ = status == Z_STREAM_END;
  } while (stream_.avail_in > 0 || stream_.avail_out == 0);
  return Result::ok;
}

}  // namespace sluice::http
