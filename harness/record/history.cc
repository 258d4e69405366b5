#include "harness/record/history.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "harness/record/history_entry.h"

namespace harness::record {

namespace {

// Cap'n Proto's framing of one message: the number of segments less one, their sizes in words, each
// 32 bits, filled up to a whole word.
constexpr size_t kSegmentsMax = 64;

void write_entry(std::FILE* file, capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  std::fwrite(bytes.begin(), 1, bytes.size(), file);
}

}  // namespace

HistoryWriter::HistoryWriter(const std::string& path) : file_(std::fopen(path.c_str(), "wb")) {
  if (!file_) return;
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Entry>().initHeader().setVersion(kHistoryVersion);
  write_entry(file_.get(), message);
  flush();
}

void HistoryWriter::write(const Record& record) {
  if (!file_) return;
  capnp::MallocMessageBuilder message;
  encode(record, message.initRoot<schema::Entry>().initRecord());
  write_entry(file_.get(), message);
}

void HistoryWriter::flush() {
  if (file_) std::fflush(file_.get());
}

// One whole message: its words, and a reader over them.
struct HistoryReader::Entry {
  explicit Entry(std::vector<uint64_t> content)
      : words(std::move(content)),
        reader(kj::ArrayPtr(reinterpret_cast<const capnp::word*>(words.data()), words.size()),
               {.traversalLimitInWords = 4 * kEntryMax / sizeof(capnp::word), .nestingLimit = 16}) {
  }
  std::vector<uint64_t> words;
  capnp::FlatArrayMessageReader reader;
};

std::string HistoryReader::at(std::string_view what) const {
  return fmt::format("at byte {}: {}", offset_, what);
}

std::expected<HistoryReader, std::string> HistoryReader::open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  return over(std::shared_ptr<std::FILE>(file, [](std::FILE* f) { std::fclose(f); }), path);
}

std::expected<HistoryReader, std::string> HistoryReader::over(std::shared_ptr<std::FILE> file,
                                                              const std::string& name) {
  HistoryReader reader(std::move(file));
  const auto fail = [&](std::string_view why) {
    return std::unexpected(fmt::format("{}: {}", name, why));
  };
  const auto entry = reader.read();
  if (!entry) return fail("this is no history, or its beginning is damaged: " + entry.error());
  if (*entry == nullptr) return fail("this is no history: there is no header");
  try {
    const auto first = (*entry)->reader.getRoot<schema::Entry>();
    if (!first.isHeader()) return fail("this is no history: it begins with no header");
    const uint32_t version = first.getHeader().getVersion();
    if (version == 0) return fail("this is no history: its version is 0");
    if (version > kHistoryVersion) {
      return fail(fmt::format("a history of version {}, and this program reads up to {}", version,
                              kHistoryVersion));
    }
  } catch (const kj::Exception& exception) {
    return fail(fmt::format("this is no history: {}", exception.getDescription().cStr()));
  }
  return reader;
}

// Null when there is no further whole message.
std::expected<std::shared_ptr<HistoryReader::Entry>, std::string> HistoryReader::read() {
  cut_at_.reset();
  const auto so_far = [&] {
    if (std::fseek(file_.get(), 0, SEEK_END) == 0 &&
        std::ftell(file_.get()) > static_cast<long>(offset_)) {
      cut_at_ = offset_;
    }
    // What is there of it is read again when there is more.
    std::clearerr(file_.get());
    std::fseek(file_.get(), static_cast<long>(offset_), SEEK_SET);
    return nullptr;
  };
  std::array<uint32_t, 1 + kSegmentsMax + 1> head = {};  // their number, lengths, and padding
  if (std::fread(head.data(), 4, 1, file_.get()) != 1) return so_far();
  const uint64_t segments = uint64_t{head[0]} + 1;
  if (segments > kSegmentsMax) {
    return std::unexpected(at(fmt::format("a message of {} segments", segments)));
  }
  const size_t rest = segments + (segments % 2 == 0 ? 1 : 0);
  if (std::fread(head.data() + 1, 4, rest, file_.get()) != rest) return so_far();
  uint64_t words = (1 + rest) / 2;
  for (size_t i = 0; i < segments; ++i) words += head[1 + i];
  if (words * sizeof(uint64_t) > kEntryMax) {
    return std::unexpected(at(fmt::format("a message of {} bytes", words * sizeof(uint64_t))));
  }
  std::vector<uint64_t> content(words);
  const size_t head_words = (1 + rest) / 2;
  std::memcpy(content.data(), head.data(), head_words * sizeof(uint64_t));
  const size_t body = words - head_words;
  if (std::fread(content.data() + head_words, sizeof(uint64_t), body, file_.get()) != body) {
    return so_far();
  }
  std::shared_ptr<Entry> entry;
  try {
    entry = std::make_shared<Entry>(std::move(content));
  } catch (const kj::Exception& exception) {
    return std::unexpected(at(exception.getDescription().cStr()));
  }
  offset_ += words * sizeof(uint64_t);
  return entry;
}

std::expected<std::optional<Record>, std::string> HistoryReader::next() {
  const uint64_t begin = offset_;
  const auto entry = read();
  if (!entry) return std::unexpected(entry.error());
  if (*entry == nullptr) return std::nullopt;
  const auto fail = [&](std::string_view why) {
    offset_ = begin;
    return std::unexpected(at(why));
  };
  try {
    const auto root = (*entry)->reader.getRoot<schema::Entry>();
    if (!root.isRecord()) return fail("a second header");
    std::optional<Record> record = decode(root.getRecord());
    if (!record) return fail("a record with a number that has no meaning");
    if (const auto* sent = std::get_if<Sent>(&record->what)) {
      sent_[sent->message] = sent->bytes;
    } else if (auto* received = std::get_if<Received>(&record->what);
               received != nullptr && received->message != 0) {
      const auto known = sent_.find(received->message);
      if (known == sent_.end()) return fail("a message that was received and never sent");
      received->bytes = known->second;
      received->envelope = read_envelope(received->bytes);
    }
    return record;
  } catch (const kj::Exception& exception) {
    return fail(exception.getDescription().cStr());
  }
}

}  // namespace harness::record
