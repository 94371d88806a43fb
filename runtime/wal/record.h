// A record of the write-ahead log (wal.h) as bytes. Decoding is safe on any bytes.
//
// Format (integers little-endian):
//
//   record      := length:u64 kind:u8 sequence:u64 checksum:u64 payload
//   length      of the payload; kind 1: intents, 2: results, 3: results with batches
//   checksum    the low 64 bits of hash128(payload) + kind + sequence * 0x9E3779B97F4A7C15
//   intents     := (attempt:u64 endpoint:u32 picodollars:i64 input:u64 output:u64)*
//   results with batches := batches:u32 (length:u32 batch)* results, where batch is as in
//                  store/batch_record.h
//   results     := settlements:u32 settlement* entry*
//   settlement  := attempt:u64 endpoint:u32 flags:u8 cost:i64 estimate:i64 charged:i64
//                  input:u64 cached:u64 output:u64 reasoning:u64
//   flags       := answered | billing << 1 | has a charge << 3
//   entry       := row:16 question:16 kind:u8 answer_at:u32 model:u32 line:u32, model's and line's
//   text; kind: 0 answer, 1 reject, and 2 more where the two names are not those of formats 1 to 4
//
// An endpoint is Ledger::number(), which stays when the pipeline's endpoints change; in memory it
// is an index into Options::endpoints.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace sluice::wal {

struct Record {
  std::uint64_t sequence = 0;
  // One of the two; `endpoint` in them is Ledger::number().
  std::vector<store::Intent> intents = {};
  store::Results results = {};
};

// Number of each endpoint, by its index. Indices beyond it are the caller's error.
using EndpointNumbers = std::span<const std::uint32_t>;

// A record without its sequence, which seal() gives it.
std::string encode(std::span<const store::Intent> intents, EndpointNumbers numbers);
std::string encode(const store::Results& results, EndpointNumbers numbers);
void seal(std::string& record, std::uint64_t sequence);

// The record that `bytes` begin with; they then begin behind it. nullopt when that is none.
std::optional<Record> take_record(std::string_view& bytes);

}  // namespace sluice::wal
