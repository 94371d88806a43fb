// An SQLite file for a test.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

namespace sluice::table {

class SqliteDatabase {
 public:
  explicit SqliteDatabase(const std::string& path) : path_(path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK);
  }
  ~SqliteDatabase() { sqlite3_close(db_); }
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  const std::string& path() const { return path_; }
  void run(const std::string& sql) const {
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
  }
  // The first column of each row.
  std::vector<std::string> column(const std::string& sql) const {
    std::vector<std::string> values;
    const auto take = [](void* to, int, char** row, char**) {
      static_cast<std::vector<std::string>*>(to)->emplace_back(row[0] == nullptr ? "NULL" : row[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), take, &values, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
    return values;
  }

 private:
  std::string path_;
  sqlite3* db_ = nullptr;
};

}  // namespace sluice::table
