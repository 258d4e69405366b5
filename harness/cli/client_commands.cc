#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

#include "harness/cli/client.h"
#include "reference/layout.h"

namespace harness {
namespace {

using protocol::Bytes;
using reference::Attributes;
using reference::Result;
using reference::Syscall;
using Kind = Syscall::Kind;
using Arguments = std::span<const std::string>;
using Json = nlohmann::ordered_json;

constexpr size_t kPiece = size_t{1} << 20;  // of file data, per call
constexpr uint32_t kFileMode = 0644;
constexpr uint32_t kDirectoryMode = 0755;

template <class T = uint64_t>
T number(std::string_view text, int base = 10) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
    throw BadArguments{fmt::format("no number: {}", text)};
  }
  return value;
}

// With a suffix k, m or g.
uint64_t size_argument(std::string_view text) {
  constexpr std::string_view kSuffixes = "kmg";
  if (text.empty()) throw BadArguments{"no number"};
  const size_t suffix = kSuffixes.find(static_cast<char>(text.back() | 0x20));
  if (suffix == std::string_view::npos) return number(text);
  text.remove_suffix(1);
  return number(text) << 10 * (suffix + 1);
}

Result simple(FileSystem& files, Kind kind, const std::string& path) {
  Syscall call;
  call.kind = kind;
  call.path = path;
  return files.call(call);
}

uint64_t open(FileSystem& files, const std::string& path, uint32_t flags) {
  Syscall call;
  call.kind = Kind::open;
  call.path = path;
  call.flags = flags;
  call.mode = kFileMode;
  return files.call(call).value;
}

void close(FileSystem& files, uint64_t fd) {
  Syscall call;
  call.kind = Kind::close;
  call.fd = fd;
  files.call(call);
}

// --- names and attributes ---

std::string mode_text(uint32_t mode) {
  constexpr std::string_view kTypes = "?pc?d?b?-?l?s???";
  constexpr std::string_view kBits = "rwxrwxrwx";
  std::string text(1, kTypes[mode >> 12 & 15]);
  for (int bit = 8; bit >= 0; --bit) {
    text += (mode >> bit & 1) != 0 ? kBits[static_cast<size_t>(8 - bit)] : '-';
  }
  return text;
}

std::string time_text(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(time));
}

std::string long_line(const Attributes& attributes, std::string_view name) {
  return fmt::format("{} {:3} {:5} {:5} {:12} {} {}\n", mode_text(attributes.mode),
                     attributes.nlink, attributes.uid, attributes.gid, attributes.size,
                     time_text(attributes.mtime), name);
}

Json attributes_json(const Attributes& a) {
  return {{"fid", fmt::format("[{:#x}:{:#x}:{:#x}]", a.fid_seq, a.fid_oid, a.fid_ver)},
          {"ino", a.ino},
          {"mode", fmt::format("{:o}", a.mode)},
          {"nlink", a.nlink},
          {"uid", a.uid},
          {"gid", a.gid},
          {"size", a.size},
          {"blocks", a.blocks},
          {"atime", a.atime},
          {"mtime", a.mtime},
          {"ctime", a.ctime}};
}

std::string joined(const std::string& directory, const std::string& name) {
  return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

Output ls(FileSystem& files, Arguments arguments) {
  const bool full = !arguments.empty() && arguments[0] == "-l";
  if (full) arguments = arguments.subspan(1);
  const std::string path = arguments.empty() ? "/" : arguments[0];
  Output output{.json = Json::array()};
  const auto add = [&](const std::string& name, const Attributes* attributes) {
    output.text += attributes != nullptr ? long_line(*attributes, name) : name + "\n";
    Json entry = {{"name", name}};
    if (attributes != nullptr) entry.update(attributes_json(*attributes));
    output.json.push_back(std::move(entry));
  };
  const Attributes own = simple(files, Kind::lstat, path).attributes;
  if (!S_ISDIR(own.mode)) {
    add(path, full ? &own : nullptr);
    return output;
  }
  auto entries = simple(files, Kind::readdir, path).entries;
  std::ranges::sort(entries, {}, &reference::DirectoryEntry::name);
  for (const auto& entry : entries) {
    if (entry.name == "." || entry.name == "..") continue;
    Attributes child;
    if (full) child = simple(files, Kind::lstat, joined(path, entry.name)).attributes;
    add(entry.name, full ? &child : nullptr);
  }
  return output;
}

Output stat_file(FileSystem& files, Arguments arguments) {
  const Attributes a = simple(files, Kind::lstat, arguments[0]).attributes;
  Output output{.json = {{"path", arguments[0]}}};
  output.json.update(attributes_json(a));
  output.text = fmt::format(
      "path {}\nfid [{:#x}:{:#x}:{:#x}]\nino {}\nmode {:o} {}\nnlink {}\nuid {}\ngid {}\n"
      "size {}\nblocks {}\natime {}\nmtime {}\nctime {}\n",
      arguments[0], a.fid_seq, a.fid_oid, a.fid_ver, a.ino, a.mode, mode_text(a.mode), a.nlink,
      a.uid, a.gid, a.size, a.blocks, time_text(a.atime), time_text(a.mtime), time_text(a.ctime));
  return output;
}

Output mkdir(FileSystem& files, Arguments arguments) {
  Syscall call;
  call.kind = Kind::mkdir;
  call.path = arguments[0];
  call.mode = kDirectoryMode;
  files.call(call);
  return {};
}

Output rmdir(FileSystem& files, Arguments arguments) {
  simple(files, Kind::rmdir, arguments[0]);
  return {};
}
Output rm(FileSystem& files, Arguments arguments) {
  for (const std::string& path : arguments) simple(files, Kind::unlink, path);
  return {};
}

Output two_names(FileSystem& files, Kind kind, const std::string& path, const std::string& target) {
  Syscall call;
  call.kind = kind;
  call.path = path;
  call.target = target;
  files.call(call);
  return {};
}

Output ln(FileSystem& files, Arguments arguments) {
  const bool symbolic = arguments[0] == "-s";
  if (symbolic) arguments = arguments.subspan(1);
  if (arguments.size() != 2) throw BadArguments{"ln [-s] TARGET NAME"};
  return symbolic ? two_names(files, Kind::symlink, arguments[1], arguments[0])
                  : two_names(files, Kind::link, arguments[0], arguments[1]);
}

Output mv(FileSystem& files, Arguments arguments) {
  return two_names(files, Kind::rename, arguments[0], arguments[1]);
}

Output readlink(FileSystem& files, Arguments arguments) {
  const Bytes target = simple(files, Kind::readlink, arguments[0]).data;
  const std::string text(protocol::as_text(target.view()));
  return {text + "\n", {{"path", arguments[0]}, {"target", text}}};
}

Output chmod(FileSystem& files, Arguments arguments) {
  Syscall call;
  call.kind = Kind::chmod;
  call.mode = number<uint32_t>(arguments[0], 8);
  call.path = arguments[1];
  files.call(call);
  return {};
}

Output chown(FileSystem& files, Arguments arguments) {
  Syscall call;
  call.kind = Kind::chown;
  const size_t colon = arguments[0].find(':');
  call.uid = number<uint32_t>(std::string_view(arguments[0]).substr(0, colon));
  call.gid = colon == std::string::npos
                 ? simple(files, Kind::stat, arguments[1]).attributes.gid
                 : number<uint32_t>(std::string_view(arguments[0]).substr(colon + 1));
  call.path = arguments[1];
  files.call(call);
  return {};
}

// --- data ---

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using LocalFile = std::unique_ptr<std::FILE, FileCloser>;

LocalFile open_local(const std::string& path, const char* mode) {
  LocalFile file(std::fopen(path.c_str(), mode));
  if (!file) throw BadArguments{fmt::format("{}: {}", path, std::strerror(errno))};
  return file;
}

void read_to(FileSystem& files, const std::string& path, std::FILE* out) {
  const uint64_t fd = open(files, path, O_RDONLY);
  Syscall call;
  call.kind = Kind::read;
  call.fd = fd;
  call.length = kPiece;
  while (true) {
    const Bytes data = files.call(call).data;
    if (std::fwrite(data.data(), 1, data.size(), out) != data.size()) {
      throw BadArguments{"the data cannot be written"};
    }
    call.offset += data.size();
    if (data.size() < kPiece) break;
  }
  close(files, fd);
}

Output cat(FileSystem& files, Arguments arguments) {
  read_to(files, arguments[0], stdout);
  std::fflush(stdout);
  return {};
}

Output get(FileSystem& files, Arguments arguments) {
  const LocalFile out = open_local(arguments[1], "wb");
  read_to(files, arguments[0], out.get());
  return {};
}

void write_from(FileSystem& files, uint64_t fd, std::FILE* in) {
  Syscall call;
  call.kind = Kind::write;
  call.fd = fd;
  while (true) {
    std::vector<uint8_t> piece(kPiece);
    const size_t count = std::fread(piece.data(), 1, piece.size(), in);
    if (count == 0) break;
    piece.resize(count);
    call.data = Bytes(std::move(piece));
    files.call(call);
    call.offset += count;
  }
  call = {};
  call.kind = Kind::fsync;
  call.fd = fd;
  files.call(call);
}

Output put(FileSystem& files, Arguments arguments) {
  const LocalFile in = arguments[0] == "-" ? nullptr : open_local(arguments[0], "rb");
  const uint64_t fd = open(files, arguments[1], O_WRONLY | O_CREAT | O_TRUNC);
  write_from(files, fd, in ? in.get() : stdin);
  close(files, fd);
  return {};
}

Output touch(FileSystem& files, Arguments arguments) {
  close(files, open(files, arguments[0], O_WRONLY | O_CREAT));
  return {};
}

Output truncate(FileSystem& files, Arguments arguments) {
  Syscall call;
  call.kind = Kind::truncate;
  call.offset = size_argument(arguments[0]);
  call.path = arguments[1];
  files.call(call);
  return {};
}

// --- layouts, attributes, the whole ---

Bytes attribute(FileSystem& files, const std::string& path, const std::string& name) {
  Syscall call;
  call.kind = Kind::getxattr;
  call.path = path;
  call.target = name;
  return files.call(call).data;
}

Output getstripe(FileSystem& files, Arguments arguments) {
  const Bytes bytes = attribute(files, arguments[0], "trusted.lov");
  const auto layout = reference::decode_layout(bytes.view());
  if (!layout) throw CallFailed{"getstripe " + arguments[0], layout.error()};
  Output output{fmt::format("{}\nstripe_count {}\nstripe_size {}\n", arguments[0],
                            layout->stripes.size(), layout->stripe_size),
                {{"path", arguments[0]},
                 {"stripe_count", layout->stripes.size()},
                 {"stripe_size", layout->stripe_size}}};
  if (!layout->pool.empty()) {
    output.text += fmt::format("pool {}\n", layout->pool);
    output.json["pool"] = layout->pool;
  }
  output.json["stripes"] = Json::array();
  for (const reference::Stripe& stripe : layout->stripes) {
    output.text += fmt::format("ost {} object {} seq {}\n", stripe.ost_index, stripe.object_id,
                               stripe.object_seq);
    output.json["stripes"].push_back(
        {{"ost", stripe.ost_index}, {"object", stripe.object_id}, {"seq", stripe.object_seq}});
  }
  return output;
}

Output setstripe(FileSystem& files, Arguments arguments) {
  Syscall call;
  call.kind = Kind::open;
  call.flags = O_WRONLY | O_CREAT | O_EXCL;
  call.mode = kFileMode;
  for (; arguments.size() > 2; arguments = arguments.subspan(2)) {
    if (arguments[0] == "-c") {
      call.stripe_count = number<uint32_t>(arguments[1]);
    } else if (arguments[0] == "-S") {
      call.stripe_size = static_cast<uint32_t>(size_argument(arguments[1]));
    } else {
      throw BadArguments{fmt::format("setstripe: what is {}?", arguments[0])};
    }
  }
  if (arguments.size() != 1) throw BadArguments{"setstripe [-c COUNT] [-S SIZE] PATH"};
  call.path = arguments[0];
  close(files, files.call(call).value);
  return {};
}

// Values are bytes: in JSON each as a character of the same number.
Output getxattr(FileSystem& files, Arguments arguments) {
  const Bytes value = attribute(files, arguments[1], arguments[0]);
  std::string characters;
  for (const uint8_t byte : value.view()) {
    if (byte < 0x80) {
      characters += static_cast<char>(byte);
    } else {
      characters += {static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f))};
    }
  }
  return {std::string(protocol::as_text(value.view())) + "\n",
          {{"path", arguments[1]}, {"name", arguments[0]}, {"value", characters}}};
}

Output setxattr(FileSystem& files, Arguments arguments) {
  Syscall call;
  call.kind = Kind::setxattr;
  call.target = arguments[0];
  call.data = Bytes(protocol::as_bytes(arguments[1]));
  call.path = arguments[2];
  files.call(call);
  return {};
}

Output listxattr(FileSystem& files, Arguments arguments) {
  const Bytes names = simple(files, Kind::listxattr, arguments[0]).data;
  std::string_view rest = protocol::as_text(names.view());
  Output output{.json = Json::array()};
  while (!rest.empty()) {
    const std::string name(rest.substr(0, rest.find('\0')));
    output.text += name + "\n";
    output.json.push_back(name);
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  return output;
}

Output rmxattr(FileSystem& files, Arguments arguments) {
  return two_names(files, Kind::removexattr, arguments[1], arguments[0]);
}

Output df(FileSystem& files, Arguments) {
  const reference::FileSystemStatus s = simple(files, Kind::statfs, "/").file_system;
  const auto kib = [&](uint64_t blocks) { return blocks * s.block_size / 1024; };
  return {fmt::format("KiB {} used {} free {} available {}\nfiles {} free {}\n", kib(s.blocks),
                      kib(s.blocks - s.free), kib(s.free), kib(s.available), s.files, s.files_free),
          {{"kib", kib(s.blocks)},
           {"used", kib(s.blocks - s.free)},
           {"free", kib(s.free)},
           {"available", kib(s.available)},
           {"files", s.files},
           {"files_free", s.files_free}}};
}

constexpr size_t kMany = 64;
constexpr auto kCommands = std::to_array<ClientCommand>({
    {"ls", "[-l] [PATH]", 0, 2, ls, "names of a directory"},
    {"stat", "PATH", 1, 1, stat_file, "attributes"},
    {"cat", "PATH", 1, 1, cat, "a file's data to standard output"},
    {"get", "PATH LOCAL", 2, 2, get, "a file's data to a local file"},
    {"put", "LOCAL|- PATH", 2, 2, put, "a local file's data to a file"},
    {"touch", "PATH", 1, 1, touch, "makes a file"},
    {"mkdir", "PATH", 1, 1, mkdir, "makes a directory"},
    {"rmdir", "PATH", 1, 1, rmdir, "removes an empty directory"},
    {"rm", "PATH…", 1, kMany, rm, "removes files"},
    {"ln", "[-s] TARGET NAME", 2, 3, ln, "another name, or a symbolic link"},
    {"readlink", "PATH", 1, 1, readlink, "where a symbolic link points"},
    {"mv", "FROM TO", 2, 2, mv, "renames"},
    {"chmod", "MODE PATH", 2, 2, chmod, "octal permission bits"},
    {"chown", "UID[:GID] PATH", 2, 2, chown, "owner and group"},
    {"truncate", "SIZE PATH", 2, 2, truncate, "sets the size (suffixes k, m, g)"},
    {"getstripe", "PATH", 1, 1, getstripe, "the objects of a file"},
    {"setstripe", "[-c COUNT] [-S SIZE] PATH", 1, 5, setstripe, "makes a file striped so"},
    {"getxattr", "NAME PATH", 2, 2, getxattr, "an extended attribute"},
    {"setxattr", "NAME VALUE PATH", 3, 3, setxattr, "sets one"},
    {"listxattr", "PATH", 1, 1, listxattr, "their names"},
    {"rmxattr", "NAME PATH", 2, 2, rmxattr, "removes one"},
    {"df", "", 0, 0, df, "space and files"},
});

}  // namespace

std::span<const ClientCommand> client_commands() { return kCommands; }

}  // namespace harness
