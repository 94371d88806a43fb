// The makers that formats.cc lists, one a file.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "format/format_options.h"
#include "format/record_source.h"
#include "storage/file_lock.h"

namespace sluice::format {

std::unique_ptr<RecordReader> make_csv_reader(const FormatOptions& options, std::string path);
std::unique_ptr<RecordReader> make_tsv_reader(const FormatOptions& options, std::string path);
std::unique_ptr<RecordReader> make_file_reader(const FormatOptions& options, std::string path);
std::unique_ptr<RecordReader> make_json_reader(const FormatOptions& options, std::string path);
std::unique_ptr<RecordReader> make_jsonl_reader(const FormatOptions& options, std::string path);
std::unique_ptr<RecordReader> make_lines_reader(const FormatOptions& options, std::string path);

core::Result<std::unique_ptr<RecordSource>> open_parquet(const FormatOptions& options,
                                                         const std::string& path,
                                                         std::span<const storage::FileId> written);

}  // namespace sluice::format
