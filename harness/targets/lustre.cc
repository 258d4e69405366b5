#include "harness/targets/lustre.h"

#include <fmt/core.h>

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <span>

#include "reference/nid.h"

namespace harness {
namespace {

constexpr auto kVerbs = std::to_array<std::string_view>(
    {"crash", "start", "evict", "replay_barrier", "version"});
constexpr auto kKeys = std::to_array<std::string_view>(
    {"name", "dialect", "mgs", "mdt", "osts", "fsname", "can", "limits", "expect"});

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
    read_osts();
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

  void read_osts() {
    const toml::node* node = table_.get("osts");
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr) return fail(fmt::format("{}: osts is a list of NIDs", at(*node)));
    for (const toml::node& element : *list) {
      const auto value = element.value_exact<std::string>();
      const auto peer = value ? parse_peer(*value) : std::nullopt;
      if (!peer) return fail(fmt::format("{}: a NID like \"10.0.0.1@tcp\"", at(element)));
      target_.osts.push_back(*peer);
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
    constexpr auto kLimits = std::to_array<std::string_view>({"stripe_count"});
    refuse_unknown(*limits, kLimits, "limits.");
    const toml::node* node = limits->get("stripe_count");
    if (node == nullptr) return;
    const auto value = node->value_exact<int64_t>();
    if (!value || *value < 1 || *value > 160) {
      return fail(fmt::format("{}: stripe_count is a number from 1 to 160", at(*node)));
    }
    target_.stripe_count = static_cast<uint32_t>(*value);
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
  }
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
