// DuckDB's C interface, as much of it as is used here: declared by us, so that nothing of DuckDB is
// needed to build, and found in its library at run time (duckdb.h). The layout of what passes through
// it is DuckDB's promise for all of 1.x (https://duckdb.org/docs/stable/clients/c/api).
//
// Threads: constant data once it is loaded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::format::duckdb {

// Handles, each made by one function and given back by another.
using Database = struct DatabaseHandle*;
using Session = struct SessionHandle*;  // duckdb_connection
using Config = struct ConfigHandle*;
using Statement = struct StatementHandle*;  // duckdb_prepared_statement
using Pending = struct PendingHandle*;      // duckdb_pending_result
using Chunk = struct ChunkHandle*;          // duckdb_data_chunk: up to 2048 rows
using Vector = struct VectorHandle*;        // a column of a chunk; not given back
using Type = struct TypeHandle*;            // duckdb_logical_type
using TableFunction = struct TableFunctionHandle*;
using Info = struct InfoHandle*;  // what a table function's callbacks are called with
using Count = std::uint64_t;      // idx_t
using State = int;                // duckdb_state: 0 is success
using Delete = void (*)(void*);
using Callback = void (*)(Info);
using Fill = void (*)(Info, Chunk);

// duckdb_result: passed by value to some functions.
struct Result {
  Count deprecated[5];
  void* internal;
};

// A text or bytes in a vector: up to 12 bytes stand in place.
struct String {
  static constexpr std::uint32_t kInPlace = 12;
  std::uint32_t length;
  char start[4];
  const char* text;
  const char* data() const { return length <= kInPlace ? start : text; }
};
static_assert(sizeof(String) == 16 && offsetof(String, text) == 8);

// Where a row's list stands in the vector of all elements.
struct ListEntry {
  Count offset;
  Count length;
};

enum class TypeId : int {
  boolean = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  uint8 = 6,
  uint16 = 7,
  uint32 = 8,
  uint64 = 9,
  float32 = 10,
  float64 = 11,
  timestamp = 12,
  date = 13,
  time = 14,
  interval = 15,
  int128 = 16,
  text = 17,
  blob = 18,
  decimal = 19,
  timestamp_s = 20,
  timestamp_ms = 21,
  timestamp_ns = 22,
  enumeration = 23,
  list = 24,
  record = 25,  // STRUCT
  map = 26,
  uuid = 27,
  bits = 29,
  time_zone = 30,
  timestamp_zone = 31,
  uint128 = 32,
  array = 33,
  null = 36,
  time_ns = 39,
};

// X(what it returns, its name without "duckdb_", what it takes)
#define SLUICE_DUCKDB_FUNCTIONS(X)                                                               \
  X(const char*, library_version, ())                                                            \
  X(void, free, (void*))                                                                         \
  X(State, create_config, (Config*))                                                             \
  X(State, set_config, (Config, const char* name, const char* value))                            \
  X(void, destroy_config, (Config*))                                                             \
  X(State, open_ext, (const char* path, Database*, Config, char** error))                        \
  X(State, connect, (Database, Session*))                                                        \
  X(void, disconnect, (Session*))                                                                \
  X(State, query, (Session, const char* sql, Result*))                                           \
  X(void, destroy_result, (Result*))                                                             \
  X(const char*, result_error, (Result*))                                                        \
  X(State, prepare, (Session, const char* sql, Statement*))                                      \
  X(const char*, prepare_error, (Statement))                                                     \
  X(void, destroy_prepare, (Statement*))                                                         \
  X(State, pending_prepared_streaming, (Statement, Pending*))                                    \
  X(const char*, pending_error, (Pending))                                                       \
  X(void, destroy_pending, (Pending*))                                                           \
  X(State, execute_pending, (Pending, Result*))                                                  \
  X(Chunk, fetch_chunk, (Result))                                                                \
  X(void, destroy_data_chunk, (Chunk*))                                                          \
  X(Count, data_chunk_get_size, (Chunk))                                                         \
  X(void, data_chunk_set_size, (Chunk, Count))                                                   \
  X(Vector, data_chunk_get_vector, (Chunk, Count column))                                        \
  X(void*, vector_get_data, (Vector))                                                            \
  X(std::uint64_t*, vector_get_validity, (Vector))                                               \
  X(void, vector_ensure_validity_writable, (Vector))                                             \
  X(void, vector_assign_string_element_len, (Vector, Count row, const char* text, Count length)) \
  X(Vector, list_vector_get_child, (Vector))                                                     \
  X(Count, list_vector_get_size, (Vector))                                                       \
  X(State, list_vector_set_size, (Vector, Count))                                                \
  X(State, list_vector_reserve, (Vector, Count))                                                 \
  X(Vector, array_vector_get_child, (Vector))                                                    \
  X(Vector, struct_vector_get_child, (Vector, Count index))                                      \
  X(Count, column_count, (Result*))                                                              \
  X(const char*, column_name, (Result*, Count column))                                           \
  X(Type, column_logical_type, (Result*, Count column))                                          \
  X(Type, create_logical_type, (TypeId))                                                         \
  X(Type, create_list_type, (Type element))                                                      \
  X(void, destroy_logical_type, (Type*))                                                         \
  X(TypeId, get_type_id, (Type))                                                                 \
  X(char*, logical_type_get_alias, (Type))                                                       \
  X(void, logical_type_set_alias, (Type, const char* alias))                                     \
  X(std::uint8_t, decimal_width, (Type))                                                         \
  X(std::uint8_t, decimal_scale, (Type))                                                         \
  X(Type, list_type_child_type, (Type))                                                          \
  X(Type, array_type_child_type, (Type))                                                         \
  X(Count, array_type_array_size, (Type))                                                        \
  X(Count, struct_type_child_count, (Type))                                                      \
  X(char*, struct_type_child_name, (Type, Count index))                                          \
  X(Type, struct_type_child_type, (Type, Count index))                                           \
  X(Type, map_type_key_type, (Type))                                                             \
  X(Type, map_type_value_type, (Type))                                                           \
  X(TableFunction, create_table_function, ())                                                    \
  X(void, destroy_table_function, (TableFunction*))                                              \
  X(void, table_function_set_name, (TableFunction, const char* name))                            \
  X(void, table_function_set_extra_info, (TableFunction, void* info, Delete))                    \
  X(void, table_function_set_bind, (TableFunction, Callback))                                    \
  X(void, table_function_set_init, (TableFunction, Callback))                                    \
  X(void, table_function_set_function, (TableFunction, Fill))                                    \
  X(State, register_table_function, (Session, TableFunction))                                    \
  X(void, bind_add_result_column, (Info, const char* name, Type))                                \
  X(void*, bind_get_extra_info, (Info))                                                          \
  X(void*, function_get_extra_info, (Info))                                                      \
  X(void, function_set_error, (Info, const char* error))

struct Api {
#define SLUICE_DUCKDB_MEMBER(Returned, name, Taken) Returned(*name) Taken = nullptr;
  SLUICE_DUCKDB_FUNCTIONS(SLUICE_DUCKDB_MEMBER)
#undef SLUICE_DUCKDB_MEMBER
};

}  // namespace sluice::format::duckdb
