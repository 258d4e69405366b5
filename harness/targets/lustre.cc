#include "harness/targets/lustre.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <span>
#include <sstream>

#include "reference/lnet.h"
#include "reference/nid.h"

namespace harness {
namespace {

constexpr auto kVerbs = std::to_array<std::string_view>(
    {"crash", "stop", "start", "evict", "abort_recovery", "replay_barrier", "version"});
constexpr auto kKeys =
    std::to_array<std::string_view>({"name", "dialect", "mgs", "mdt", "osts", "fsname", "port",
                                     "clients", "timing", "can", "limits", "expect"});

// Servers answer at LNet's own pid.
std::optional<PeerId> parse_peer(std::string_view text) {
  const std::optional<uint64_t> nid = reference::parse_nid(text);
  if (!nid) return std::nullopt;
  return PeerId{.nid = *nid, .pid = reference::kLnetPid};
}

std::string at(const toml::node& node) {
  const toml::source_position place = node.source().begin;
  return fmt::format("line {}, column {}", place.line, place.column);
}

// Reads one file; the first mistake ends it.
class Reader {
 public:
  explicit Reader(const toml::table& table) : table_(table) {}

  std::expected<TargetFile, std::string> read() {
    refuse_unknown(table_, kKeys, "");
    target_.name = text(table_, "name", "unnamed");
    target_.fsname = text(table_, "fsname", "lustre");
    read_dialect();
    target_.mgs = nid(table_, "mgs");
    target_.mdt = nid(table_, "mdt");
    target_.osts = nids(table_, "osts");
    target_.clients = nids(table_, "clients");
    target_.port = number<uint16_t>(table_, "port", 1, 65535).value_or(reference::kLnetPort);
    read_timing();
    read_can();
    read_limits();
    read_expect();
    if (!target_.mgs && !(target_.mdt && !target_.osts.empty())) {
      fail("neither mgs nor mdt and osts: how is the target reached?");
    }
    if (!error_.empty()) return std::unexpected(error_);
    return target_;
  }

 private:
  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

  void refuse_unknown(const toml::table& table, std::span<const std::string_view> known,
                      std::string_view where) {
    for (const auto& [key, value] : table) {
      if (std::ranges::find(known, key.str()) == known.end()) {
        fail(fmt::format("{}: no such key: {}{}", at(value), where, key.str()));
      }
    }
  }

  std::string text(const toml::table& table, std::string_view key, std::string_view otherwise) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::string(otherwise);
    if (const auto value = node->value_exact<std::string>()) return *value;
    fail(fmt::format("{}: {} is a text in quotes", at(*node), key));
    return {};
  }

  void read_dialect() {
    const std::string name = text(table_, "dialect", "2.0");
    if (name == "1.8") {
      target_.dialect = Dialect::v1_8;
    } else if (name != "2.0") {
      fail(fmt::format("dialect: \"{}\" is neither 1.8 nor 2.0", name));
    }
  }

  std::optional<PeerId> nid(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const auto peer = parse_peer(text(table, key, ""));
    if (!peer) fail(fmt::format("{}: {} is a NID like \"10.0.0.1@tcp\"", at(*node), key));
    return peer;
  }

  std::vector<PeerId> nids(const toml::table& table, std::string_view key) {
    std::vector<PeerId> peers;
    const toml::node* node = table.get(key);
    if (node == nullptr) return peers;
    const toml::array* list = node->as_array();
    if (list == nullptr) {
      fail(fmt::format("{}: {} is a list of NIDs", at(*node), key));
      return peers;
    }
    for (const toml::node& element : *list) {
      const auto value = element.value_exact<std::string>();
      const auto peer = value ? parse_peer(*value) : std::nullopt;
      if (!peer) fail(fmt::format("{}: a NID like \"10.0.0.1@tcp\"", at(element)));
      peers.push_back(peer.value_or(PeerId{}));
    }
    return peers;
  }

  template <class T>
  std::optional<T> number(const toml::table& table, std::string_view key, int64_t least,
                          int64_t most) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const auto value = node->value_exact<int64_t>();
    if (value && *value >= least && *value <= most) return static_cast<T>(*value);
    fail(fmt::format("{}: {} is a number from {} to {}", at(*node), key, least, most));
    return std::nullopt;
  }

  void read_timing() {
    const std::string name = text(table_, "timing", "lustre");
    if (name == "short") {
      target_.timing = reference::short_timing();
    } else if (name != "lustre") {
      fail(fmt::format("timing: \"{}\" is neither lustre nor short", name));
    }
  }

  const toml::table* section(std::string_view name) {
    const toml::node* node = table_.get(name);
    if (node == nullptr) return nullptr;
    if (node->as_table() == nullptr) fail(fmt::format("{}: [{}] is a section", at(*node), name));
    return node->as_table();
  }

  void read_can() {
    const toml::table* can = section("can");
    if (can == nullptr) return;
    refuse_unknown(*can, kVerbs, "can.");
    for (const auto& [verb, node] : *can) {
      if (verb.str() != "version") {
        target_.can.emplace(verb.str(), text(*can, verb.str(), ""));
        continue;
      }
      const toml::table* versions = node.as_table();
      if (versions == nullptr) {
        return fail(fmt::format("{}: version is a table of commands", at(node)));
      }
      for (const auto& [version, command] : *versions) {
        target_.versions.emplace(version.str(), text(*versions, version.str(), ""));
      }
    }
  }

  void read_limits() {
    const toml::table* limits = section("limits");
    if (limits == nullptr) return;
    constexpr auto kLimits = std::to_array<std::string_view>({"stripe_count", "patience_s", "som"});
    refuse_unknown(*limits, kLimits, "limits.");
    target_.som = (*limits)["som"].value_or(false);
    target_.stripe_count = number<uint32_t>(*limits, "stripe_count", 1, 160);
    const auto patience = number<Time>(*limits, "patience_s", 1, 86400);
    if (patience) target_.patience = *patience * reference::kSecond;
  }

  void read_expect() {
    const toml::table* expect = section("expect");
    if (expect == nullptr) return;
    for (const auto& [id, node] : *expect) {
      const std::string issue = text(*expect, id.str(), "");
      if (issue.empty()) fail(fmt::format("{}: {} needs the id of an issue", at(node), id.str()));
      target_.expect.emplace(id.str(), issue);
    }
  }

  const toml::table& table_;
  TargetFile target_;
  std::string error_;
};

}  // namespace

std::expected<TargetFile, std::string> parse_target_file(std::string_view content) {
  try {
    const toml::table table = toml::parse(content);
    return Reader(table).read();
  } catch (const toml::parse_error& error) {
    return std::unexpected(fmt::format("line {}, column {}: {}", error.source().begin.line,
                                       error.source().begin.column, error.description()));
  } catch (const TomlAssertion&) {
    return std::unexpected("this is not TOML");
  }
}

std::expected<TargetFile, std::string> read_target_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file || !content) {
    return std::unexpected(fmt::format("{}: the target file cannot be read", path));
  }
  auto target = parse_target_file(content.str());
  if (!target) return std::unexpected(fmt::format("{}: {}", path, target.error()));
  return target;
}

std::optional<std::string> command_for(const TargetFile& target, std::string_view verb,
                                       const std::map<std::string, std::string>& values) {
  const auto command = target.can.find(std::string(verb));
  if (command == target.can.end()) return std::nullopt;
  std::string filled = command->second;
  for (const auto& [name, value] : values) {
    const std::string place = fmt::format("{{{}}}", name);
    for (size_t found = filled.find(place); found != std::string::npos;
         found = filled.find(place, found + value.size())) {
      filled.replace(found, place.size(), value);
    }
  }
  return filled;
}

}  // namespace harness
