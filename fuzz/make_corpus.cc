// make_corpus TARGET DIRECTORY [CAPTURE…]: writes the seeds of a fuzz target. They are made from
// the schema, from the captures in the tree (and those named), and from simulated runs; the same
// every time.
#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "fuzz/captured.h"
#include "fuzz/file_seeds.h"
#include "fuzz/used_world.h"
#include "fuzz/wire_input.h"
#include "harness/fuzzing/script_mutator.h"
#include "protocol/check.h"
#include "reference/config_records.h"
#include "reference/layout.h"
#include "reference/llog_file.h"

namespace fuzz {
namespace {

using harness::Role;
using harness::fuzzing::append_step;
using harness::fuzzing::Buffer;
using harness::fuzzing::Mutator;
using harness::fuzzing::Script;
using harness::fuzzing::Step;
using protocol::ByteView;
using protocol::Dialect;
using protocol::Direction;

constexpr size_t kInputMax = 16384;  // fuzz.options
constexpr uint64_t kSeed = 1;
// Of each operation and direction, drawn differently.
constexpr int kVariants = 4;

class Seeds {
 public:
  explicit Seeds(std::filesystem::path directory) : directory_(std::move(directory)) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void add(ByteView bytes) {
    bytes = bytes.first(std::min(bytes.size(), kInputMax));
    const std::string name = fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
    std::ofstream file(directory_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    CHECK(file.flush(), "a seed cannot be written");
  }

 private:
  std::filesystem::path directory_;
};

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file, "a capture cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::vector<std::string>& pcaps_of_the_tree() {
  static const std::string kData = ASSAY_SOURCE_DIR "/harness/decode/testdata/";
  static const std::vector<std::string> kFiles = {kData + "client-1.8.9.pcap",
                                                  kData + "client-2.0.0.pcap"};
  return kFiles;
}

// What simulated runs of both dialects sent.
std::vector<std::string> simulated_captures(const std::string& directory) {
  std::vector<std::string> paths;
  for (const reference::Dialect dialect : {reference::Dialect::v1_8, reference::Dialect::v2_0}) {
    paths.push_back(fmt::format("{}.sim-{}.pcapng", directory, static_cast<int>(dialect)));
    used_world(dialect, paths.back());
  }
  return paths;
}

// --- decode, roundtrip ---

Form form_of(Dialect dialect, bool reply) {
  if (dialect == Dialect::v1_8) return reply ? Form::reply_1_8 : Form::request_1_8;
  return reply ? Form::reply_2_0 : Form::request_2_0;
}

uint16_t number_of(const protocol::OperationInfo* operation) {
  const auto all = protocol::operations(operation->dialect);
  return static_cast<uint16_t>(std::ranges::find(all, operation) - all.begin());
}

void structs(Seeds& seeds, Mutator& mutator) {
  const auto all = protocol::mutation_structs();
  for (uint16_t which = 0; which < all.size(); ++which) {
    Buffer value(all[which].info->size);
    for (int i = 0; i < 4; ++i) {
      mutator.mangle_struct(all[which], value, protocol::ByteOrder::little);
    }
    seeds.add(wire_input(Form::little_struct, which, value));
    seeds.add(wire_input(Form::big_struct, which, value));
    value.pop_back();
    seeds.add(wire_input(Form::big_struct, which, value));
  }
}

void messages(Seeds& seeds, Mutator& mutator) {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    uint16_t which = 0;
    for (const protocol::MutationOperation& operation : protocol::mutation_operations(dialect)) {
      for (const Direction direction : {Direction::request, Direction::reply}) {
        const Form form = form_of(dialect, direction == Direction::reply);
        for (int variant = 0; variant < kVariants; ++variant) {
          Buffer message = mutator.make(operation, direction);
          seeds.add(wire_input(form, which, message));
          mutator.mangle(dialect, message, direction);
          seeds.add(wire_input(form, which, message));
        }
      }
      ++which;
    }
  }
}

void wire(Seeds& seeds, const std::vector<std::string>& captures) {
  faults::Random random(kSeed);
  Mutator mutator(random);
  structs(seeds, mutator);
  messages(seeds, mutator);
  seeds.add(wire_input(Form::lnet, 0, Buffer(72)));
  for (const std::string& path : captures) {
    std::map<std::pair<const protocol::OperationInfo*, bool>, int> seen;
    for (const CapturedMessage& message : read_captured(path).messages) {
      if (++seen[{message.operation, message.reply}] > 2) continue;
      seeds.add(wire_input(form_of(message.dialect, message.reply), number_of(message.operation),
                           message.bytes));
    }
  }
}

// --- service ---

// Cookies and FIDs of another run mean nothing: they become references.
void refer(Buffer& bytes, const protocol::OperationInfo* operation) {
  const auto message = protocol::Message::parse(protocol::Bytes(ByteView(bytes)));
  const protocol::MutationOperation* known = protocol::find_mutation(operation);
  if (!message || known == nullptr) return;
  for (uint32_t i = 1; i < message->buffer_count() && i <= known->request.size(); ++i) {
    if (known->request[i - 1] == nullptr) continue;
    for (const protocol::MutationLeaf& leaf : known->request[i - 1]->leaves) {
      const bool refers = leaf.role == protocol::LeafRole::handle ||
                          leaf.role == protocol::LeafRole::fid ||
                          leaf.role == protocol::LeafRole::resource;
      if (!refers || leaf.offset + leaf.width > message->buffer_length(i)) continue;
      uint8_t* at = bytes.data() + message->buffer_offset(i) + leaf.offset;
      uint64_t value = 0;
      std::memcpy(&value, at, sizeof(value));
      if (value == 0) continue;
      value = harness::fuzzing::kReference;
      std::memcpy(at, &value, sizeof(value));
    }
  }
}

constexpr size_t kScriptBytesMax = 8000;

void service(Seeds& seeds, const std::vector<std::string>& captures) {
  std::map<uint8_t, Buffer> scripts;
  const auto flush = [&](uint8_t server) {
    Buffer& script = scripts[server];
    if (script.size() > 1) seeds.add(script);
    script = {server};
  };
  for (const std::string& path : captures) {
    for (CapturedMessage& message : read_captured(path).messages) {
      if (message.reply || message.operation == nullptr) continue;
      const auto server = static_cast<uint8_t>((message.dialect == Dialect::v1_8 ? 0 : 3) +
                                               static_cast<int>(message.server));
      if (scripts[server].empty()) scripts[server] = {server};
      refer(message.bytes, message.operation);
      append_step(scripts[server], {.kind = Step::Kind::request, .bytes = message.bytes});
      append_step(scripts[server], {.kind = Step::Kind::bulk});
      append_step(scripts[server], {.kind = Step::Kind::commit, .place = 7});
      if (scripts[server].size() > kScriptBytesMax) flush(server);
    }
  }
  for (uint8_t server = 0; server < 6; ++server) flush(server);
  faults::Random random(kSeed);
  for (uint8_t server = 0; server < 6; ++server) {
    harness::fuzzing::ScriptMutator mutator(
        random, server < 3 ? reference::Dialect::v1_8 : reference::Dialect::v2_0,
        static_cast<Role>(server % 3));
    for (int i = 0; i < 16; ++i) {
      Buffer script = {server};
      for (int step = 0; step < 6; ++step) append_step(script, mutator.make_step());
      seeds.add(script);
    }
  }
}

// --- the others ---

void lnet(Seeds& seeds, const std::vector<std::string>& captures) {
  for (const std::string& path : captures) {
    for (const CapturedStream& stream : read_captured(path).streams) {
      for (const uint8_t chunk : {uint8_t{255}, uint8_t{6}}) {
        Buffer input = {static_cast<uint8_t>(stream.dialled ? 1 : 2), chunk};
        input.insert(input.end(), stream.bytes.begin(), stream.bytes.end());
        seeds.add(input);
      }
    }
  }
}

// llog_fuzz.cc: read as a layout; described in either dialect.
constexpr uint8_t kAttributeForms[] = {0, 3, 11};

void llog(Seeds& seeds) {
  const auto add = [&](uint8_t form, ByteView bytes) {
    Buffer input = {form};
    input.insert(input.end(), bytes.begin(), bytes.end());
    seeds.add(input);
  };
  for (const reference::Dialect dialect : {reference::Dialect::v1_8, reference::Dialect::v2_0}) {
    const uint8_t second = dialect == reference::Dialect::v1_8 ? 0 : 8;
    const reference::ConfigRecords records({.dialect = dialect}, 1'300'000'000);
    reference::LlogFile file("assay-client", 1'300'000'000);
    const std::vector<uint64_t> nids = {0x20000'7f00'000b, 0x20000'7f00'000c};
    records.begin_client_log(file, "assay");
    records.add_mdc(file, {"assay", "assay-MDT0000", 0, nids});
    records.add_osc(file, {"assay", "assay-OST0000", 0, nids});
    records.set_param(file, "assay-OST0000-osc", "osc.max_dirty_mb=32");
    const auto block = file.block(1);
    CHECK(block);
    const ByteView used = ByteView(block->data).first(block->end - block->offset);
    add(1 | second, used);
    add(2 | second, used);
    add(2 | second, protocol::bytes_of(file.header()));
  }
  reference::Layout layout{.object_id = 3, .stripe_size = 1 << 20};
  layout.stripes = {{.object_id = 2, .ost_index = 0}, {.object_id = 5, .ost_index = 1}};
  for (const std::string pool : {"", "fast"}) {
    layout.pool = pool;
    for (const uint8_t form : kAttributeForms) {
      add(form, reference::encode_layout(layout).view());
    }
    const auto wish =
        reference::encode_wish({.stripe_count = 2, .stripe_size = 65536, .pool = pool});
    for (const uint8_t form : kAttributeForms) add(form, wish.view());
  }
  faults::Random random(kSeed);
  Mutator mutator(random);
  for (const protocol::MutationStruct& type : protocol::mutation_structs()) {
    if (type.info->file != "llog" && type.info->file != "ost" && type.info->file != "mds") continue;
    Buffer value(type.info->size);
    mutator.mangle_struct(type, value, protocol::ByteOrder::little);
    add(static_cast<uint8_t>(mutator.draw(16)), value);
  }
}

void capture(Seeds& seeds, const std::vector<std::string>& simulated) {
  for (const std::string& path : pcaps_of_the_tree()) {
    const std::vector<uint8_t> pcap = read_file(path);
    for (const size_t first : {0, 3, 40, 90}) seeds.add(pcap_slice(pcap, first, kInputMax));
  }
  for (const std::string& path : simulated) seeds.add(read_file(path));
}

// Of files of ours: plans, histories, capsules.
bool of_our_files(const std::string& name, const std::string& directory, Seeds& seeds) {
  std::vector<std::string> files;
  if (name == "plan") files = plan_seeds();
  if (name == "history") files = history_seeds(directory);
  if (name == "capsule") files = capsule_seeds();
  for (const std::string& file : files) seeds.add(protocol::as_bytes(file));
  return !files.empty();
}

int make(const std::string& name, const std::string& directory, std::vector<std::string> more) {
  Seeds seeds(directory);
  if (of_our_files(name, directory, seeds)) return EXIT_SUCCESS;
  const std::vector<std::string> simulated = simulated_captures(directory);
  std::vector<std::string> captures = pcaps_of_the_tree();
  captures.insert(captures.end(), simulated.begin(), simulated.end());
  captures.insert(captures.end(), more.begin(), more.end());
  if (name == "decode" || name == "roundtrip") {
    wire(seeds, captures);
  } else if (name == "service") {
    service(seeds, captures);
  } else if (name == "lnet") {
    lnet(seeds, captures);
  } else if (name == "llog") {
    llog(seeds);
  } else if (name == "capture") {
    capture(seeds, simulated);
  } else {
    fmt::print(stderr, "make_corpus: no seeds are known for `{}`\n", name);
    return EXIT_FAILURE;
  }
  for (const std::string& path : simulated) std::filesystem::remove(path);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace fuzz

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: make_corpus TARGET DIRECTORY [CAPTURE…]\n");
    return EXIT_FAILURE;
  }
  return fuzz::make(argv[1], argv[2], {argv + 3, argv + argc});
}
