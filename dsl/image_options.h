// The options of s.pack about images. For dsl/job_options.cc, which joins them into its list.
//
// Threads: constant data.
#pragma once

#include "dsl/options.h"

namespace sluice::dsl {

inline constexpr Option kImages = {
    .name = "images",
    .type = ValueType::names,
    .meaning =
        "images and PDFs of one row, shown before its prompt: templates as user's, each of which "
        "gives a path relative to the pipeline file, an https:// address that the provider "
        "fetches, or \"data:image/png;base64,…\"; an empty field gives none, and one that is "
        "a list one for each of its texts. PNG, JPEG, GIF, WebP and PDF, by the content; at most "
        "20 of a row and 15 MB together. A row whose file changed is asked again. With images a "
        "request has one row: docs/reference.md, Images",
    .example = "{ \"photos/{{photo}}\" }",
    .fallback = "none"};

inline constexpr Option kImageBytes = {
    .name = "image_bytes",
    .type = ValueType::whole,
    .meaning = "bytes of one file of images, at most; a row with a larger one is rejected",
    .example = "10000000",
    .fallback = "3750000 of an image and 4500000 of a PDF, which all providers take",
    .min = 1,
    .max = 15e6};

inline constexpr Option kImageTokens = {
    .name = "image_tokens",
    .type = ValueType::whole,
    .meaning =
        "input tokens of one image, at most, by which budget and quotas are reserved until "
        "the answer counts them; a page of a PDF has 3000 more",
    .example = "50000",
    .fallback = "6500, which current models stay below; gpt-4o-mini takes up to 48000",
    .min = 1,
    .max = 1e6};

}  // namespace sluice::dsl
