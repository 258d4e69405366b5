// A history on disk (history.capnp): written record by record while a run goes on, and read back,
// also while it grows. Whatever a file holds, reading it is an error with a place, or a record.
#pragma once

#include <cstdint>
#include <cstdio>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "harness/record/record.h"

namespace harness::record {

inline constexpr uint32_t kHistoryVersion = 1;

class HistoryWriter {
 public:
  // Makes the file, or empties it.
  explicit HistoryWriter(const std::string& path);
  bool ok() const { return file_ != nullptr && std::ferror(file_.get()) == 0; }
  void write(const Record& record);
  // So that a reader sees all that was written.
  void flush();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

class HistoryReader {
 public:
  // Longer entries are taken for nonsense: a message is at most 1 MiB and its header.
  static constexpr size_t kEntryMax = size_t{16} << 20;

  // An error if the file cannot be read, is no history, or is of a later version than ours.
  static std::expected<HistoryReader, std::string> open(const std::string& path);
  // Likewise, of what `name` stands for.
  static std::expected<HistoryReader, std::string> over(std::shared_ptr<std::FILE> file,
                                                        const std::string& name);

  // The next record, or none: that is all so far. An error says what is wrong and where; reading
  // ends there.
  std::expected<std::optional<Record>, std::string> next();
  // Where the file ends in the middle of a record, if next() found it so: it is cut short, or
  // somebody is writing it.
  std::optional<uint64_t> cut_at() const { return cut_at_; }

 private:
  struct Entry;
  explicit HistoryReader(std::shared_ptr<std::FILE> file) : file_(std::move(file)) {}
  std::expected<std::shared_ptr<Entry>, std::string> read();
  std::string at(std::string_view what) const;

  std::shared_ptr<std::FILE> file_;
  uint64_t offset_ = 0;
  std::optional<uint64_t> cut_at_;
  // Messages that were sent, by number: what is received has the same bytes.
  std::map<uint64_t, Bytes> sent_;
};

}  // namespace harness::record
