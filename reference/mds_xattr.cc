// Extended attributes, SYNC, PIN, SET_INFO.

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/mds.h"
#include "reference/mds.h"

namespace reference {

namespace {

namespace bit = protocol::ldlm::inodebit;
namespace valid = protocol::mds::valid;

constexpr std::string_view kLayoutName = "trusted.lov";
constexpr std::string_view kTrusted = "trusted.";
constexpr uint32_t kXattrCreate = 1, kXattrReplace = 2;
constexpr size_t kValueMax = 65536;

std::optional<Bytes> value_of(const Inode& inode, std::string_view name) {
  if (name == kLayoutName) {
    return inode.layout.empty() ? std::nullopt : std::optional(inode.layout);
  }
  const auto place = std::ranges::find(inode.xattrs, name, &Xattr::name);
  return place == inode.xattrs.end() ? std::nullopt : std::optional(place->value);
}

Bytes names_of(const Inode& inode) {
  std::vector<uint8_t> names;
  const auto add = [&](std::string_view name) {
    names.insert(names.end(), name.begin(), name.end());
    names.push_back(0);
  };
  if (!inode.layout.empty()) add(kLayoutName);
  for (const Xattr& xattr : inode.xattrs) add(xattr.name);
  return Bytes(std::move(names));
}

}  // namespace

void Mds::on_getxattr(Call& call) {
  const auto asked = dialect().getxattr(call.message());
  if (!asked) return malformed(call);

  int32_t status = 0;
  const Inode* inode = find_file(asked->fid, status);
  std::optional<Bytes> value;
  if (inode != nullptr) {
    const bool list = (asked->valid & valid::kXattrLs) != 0;
    value = list ? std::optional(names_of(*inode)) : value_of(*inode, asked->name);
    if (!value) status = -ENODATA;
  }
  if (value && asked->room != 0 && value->size() > asked->room) status = -ERANGE;
  if (status != 0) return answer(call, status, dialect().put_getxattr, {});

  FileReply reply;
  reply.md_size = static_cast<uint32_t>(value->size());
  if (asked->room != 0) reply.md = *value;
  answer(call, 0, dialect().put_getxattr, reply);
}

// 0, or why not. Changes the inode.
int32_t Mds::change_xattr(const operation::Setxattr& asked, Inode& inode) const {
  if (asked.name == kLayoutName) {
    const bool remove = (asked.valid & valid::kXattrRm) != 0;
    if (!inode.is_directory()) return remove ? -EPERM : 0;  // a file's stripes do not change so
    if (!remove && !decode_wish(asked.value)) return -EINVAL;
    inode.layout = remove ? Bytes() : Bytes(asked.value);
    return 0;
  }
  const auto place = std::ranges::lower_bound(inode.xattrs, asked.name, {}, &Xattr::name);
  const bool there = place != inode.xattrs.end() && place->name == asked.name;
  if ((asked.valid & valid::kXattrRm) != 0) {
    if (!there) return -ENODATA;
    inode.xattrs.erase(place);
    return 0;
  }
  if (there && (asked.flags & kXattrCreate) != 0) return -EEXIST;
  if (!there && (asked.flags & kXattrReplace) != 0) return -ENODATA;
  if (there) {
    place->value = Bytes(asked.value);
  } else {
    inode.xattrs.insert(place, {std::string(asked.name), Bytes(asked.value)});
  }
  return 0;
}

void Mds::on_setxattr(Call& call) {
  const auto asked = dialect().setxattr(call.message());
  if (!asked) return malformed(call);
  const ReplyForm form = dialect().put_setxattr;
  int32_t status = 0;
  const Inode* inode = find_file(asked->fid, status);
  if (call.request.reconstruct) return answer_again(call, form, {.inode = inode});

  const std::array versions = {version_of(inode)};
  if (const int32_t other = check_versions(call, versions)) status = other;
  const bool named = !asked->name.empty() && asked->name.size() <= kNameLengthMax;
  if (status == 0 && !named) status = -ERANGE;
  if (status == 0 && asked->value.size() > kValueMax) status = -E2BIG;
  if (status == 0 && asked->name.starts_with(kTrusted) && asked->who.fsuid != 0) status = -EPERM;
  if (status == 0) status = may_access(*inode, asked->who, kMayWrite);
  if (status != 0) return refuse_change(call, status, form);
  if (!hold(call, {whole(*inode, bit::kUpdate | bit::kLookup)})) return;
  Inode changed = *inode;
  status = change_xattr(*asked, changed);
  if (status != 0) return refuse_change(call, status, form);

  Transaction transaction = service_.begin(call.request);
  changed.version = transaction.transno();
  if (!call.request.replay) changed.ctime = wall_clock(call.now());
  Inode& stored = files_.change(inode->number);
  stored = std::move(changed);

  answer_change(call, std::move(transaction), form, attributes(call, stored, 0, 0), versions);
}

void Mds::on_sync(Call& call) {
  const auto asked = dialect().sync(call.message());
  if (!asked) return malformed(call);

  int32_t status = 0;
  FileReply file;
  if (!is_zero(asked->fid)) file.inode = find_file(asked->fid, status);
  if (status != 0) return answer(call, status, dialect().put_body, {});

  Reply reply = service_.reply(call.request);
  reply.after_commit = true;
  dialect().put_body(file, reply.message);
  service_.finish(call.turn, call.request, reply);
}

void Mds::on_pin(Call& call) { answer(call, 0, dialect().put_body, {}); }

// Keys that this server has nothing to do for are answered with success (read-only, mds_conn).
void Mds::on_set_info(Call& call) {
  Reply reply = service_.reply(call.request);
  service_.finish(call.turn, call.request, reply);
}

void Mds::on_not_supported(Call& call) { service_.refuse(call.turn, call.request, -EOPNOTSUPP); }

}  // namespace reference
