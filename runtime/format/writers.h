// How each format of record_writer.h is written, for its list alone.
//
// Threads: one a writer.
#pragma once

#include <memory>
#include <vector>

#include "format/record_writer.h"

namespace sluice::format {

std::unique_ptr<RecordWriter> make_jsonl_writer(storage::AtomicFile& file,
                                                std::vector<Column> columns);
std::unique_ptr<RecordWriter> make_json_writer(storage::AtomicFile& file,
                                               std::vector<Column> columns);
std::unique_ptr<RecordWriter> make_csv_writer(storage::AtomicFile& file,
                                              std::vector<Column> columns);
std::unique_ptr<RecordWriter> make_tsv_writer(storage::AtomicFile& file,
                                              std::vector<Column> columns);
std::unique_ptr<RecordWriter> make_parquet_writer(storage::AtomicFile& file,
                                                  std::vector<Column> columns);
core::Status parquet_available();

}  // namespace sluice::format
