#include "core/media_type.h"

#include <array>
#include <cstddef>

namespace sluice::core {
namespace {

using namespace std::literals;

struct Magic {
  std::size_t at = 0;  // its place in the file
  std::string_view bytes;
  std::string_view kind;
};

constexpr std::array kKnown = {Magic{0, "\x89PNG\r\n\x1a\n"sv, "image/png"},
                               Magic{0, "\xff\xd8\xff"sv, "image/jpeg"},
                               Magic{0, "GIF87a"sv, "image/gif"},
                               Magic{0, "GIF89a"sv, "image/gif"},
                               Magic{8, "WEBP"sv, "image/webp"},
                               Magic{0, "%PDF-"sv, kPdf}};

constexpr std::array kOther = {Magic{4, "ftypavif"sv, "an AVIF image"},
                               Magic{4, "ftyphei"sv, "an HEIC image"},
                               Magic{4, "ftypmif1"sv, "an HEIC image"},
                               Magic{4, "ftyp"sv, "a video"},
                               Magic{0, "II*\0"sv, "a TIFF image"},
                               Magic{0, "MM\0*"sv, "a TIFF image"},
                               Magic{0, "BM"sv, "a BMP image"},
                               Magic{0, "<svg"sv, "an SVG drawing"},
                               Magic{0, "<?xml"sv, "XML"},
                               Magic{0, "<!DOCTYPE"sv, "a web page"},
                               Magic{0, "<!doctype"sv, "a web page"},
                               Magic{0, "<html"sv, "a web page"},
                               Magic{0, "PK\x03\x04"sv, "an archive or an office document"},
                               Magic{0, "\x1f\x8b"sv, "compressed by gzip"},
                               Magic{0, "\xd0\xcf\x11\xe0"sv, "an old office document"}};

struct Ending {
  std::string_view ending;
  std::string_view kind;
};
constexpr std::array kEndings = {Ending{".png", "image/png"},   Ending{".jpg", "image/jpeg"},
                                 Ending{".jpeg", "image/jpeg"}, Ending{".gif", "image/gif"},
                                 Ending{".webp", "image/webp"}, Ending{".pdf", kPdf}};

template <std::size_t N>
std::string_view first_match(const std::array<Magic, N>& table, std::string_view bytes) {
  for (const Magic& magic : table) {
    if (bytes.size() >= magic.at && bytes.substr(magic.at).starts_with(magic.bytes))
      return magic.kind;
  }
  return {};
}

bool ends_with(std::string_view path, std::string_view ending) {
  if (path.size() < ending.size()) return false;
  path.remove_prefix(path.size() - ending.size());
  for (std::size_t i = 0; i < ending.size(); ++i) {
    const char c = path[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != ending[i]) return false;
  }
  return true;
}

}  // namespace

std::string_view media_type_of(std::string_view bytes) {
  const std::string_view kind = first_match(kKnown, bytes);
  return kind == "image/webp" && !bytes.starts_with("RIFF") ? std::string_view() : kind;
}

std::string_view media_type_by_ending(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  for (const auto& [ending, kind] : kEndings)
    if (ends_with(path, ending)) return kind;
  return {};
}

std::string_view other_kind_of(std::string_view bytes) {
  return first_match(kOther, bytes);
}

}  // namespace sluice::core
