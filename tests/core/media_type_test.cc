#include "core/media_type.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

using namespace std::literals;

TEST(MediaType, IsKnownByTheFirstBytesAlone) {
  EXPECT_EQ(media_type_of("\x89PNG\r\n\x1a\n…"), "image/png");
  EXPECT_EQ(media_type_of("\xff\xd8\xff\xe0…"), "image/jpeg");
  EXPECT_EQ(media_type_of("GIF89a…"), "image/gif");
  EXPECT_EQ(media_type_of("GIF87a…"), "image/gif");
  EXPECT_EQ(media_type_of("RIFF\x10\0\0\0WEBPVP8 "sv), "image/webp");
  EXPECT_EQ(media_type_of("%PDF-1.7\n"), "application/pdf");
  for (const std::string_view other :
       {""sv, "x"sv, "\x89PNG"sv, "RIFF\x10\0\0\0WAVE"sv, "12345678WEBP"sv})
    EXPECT_EQ(media_type_of(other), "") << other;
}

TEST(MediaType, OfAnAddressIsItsEndings) {
  EXPECT_EQ(media_type_by_ending("https://h/a/b.PNG?width=3#x"), "image/png");
  EXPECT_EQ(media_type_by_ending("https://h/b.jpeg"), "image/jpeg");
  EXPECT_EQ(media_type_by_ending("https://h/b.pdf?a=b.png"), "application/pdf");
  EXPECT_EQ(media_type_by_ending("https://h/b"), "");
  EXPECT_EQ(media_type_by_ending("png"), "");
}

TEST(MediaType, SaysWhatAFileIsThatNoModelIsShown) {
  EXPECT_EQ(other_kind_of("\0\0\0\x18"
                          "ftypheic"sv),
            "an HEIC image");
  EXPECT_EQ(other_kind_of("II*\0…"sv), "a TIFF image");
  EXPECT_EQ(other_kind_of("<!DOCTYPE html>"), "a web page");
  EXPECT_EQ(other_kind_of("plain words"), "");
}

}  // namespace
}  // namespace sluice::core
