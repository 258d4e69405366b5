// Who may do what with a file: mode bits, owner, groups, sticky directories. Capabilities count
// only as far as the file system user 0 may do everything; ACLs are kept but not judged.
#pragma once

#include <cstdint>

#include "reference/namespace.h"

namespace reference {

// Who asks. A supplementary group of kNoGroup is none.
inline constexpr uint32_t kNoGroup = 0xffff'ffff;
struct Credentials {
  uint32_t fsuid = 0, fsgid = 0;
  uint32_t suppgid1 = kNoGroup, suppgid2 = kNoGroup;
  bool in_group(uint32_t gid) const {
    return gid == fsgid || (suppgid1 != kNoGroup && gid == suppgid1) ||
           (suppgid2 != kNoGroup && gid == suppgid2);
  }
  void state(auto&& visit) const { visit(fsuid, fsgid, suppgid1, suppgid2); }
};

inline constexpr uint32_t kMayExecute = 1, kMayWrite = 2, kMayRead = 4;

// 0 or -EACCES.
int32_t may_access(const Inode& inode, const Credentials& who, uint32_t how);
// 0, or -EACCES or -EPERM: to add a name to the directory, to take one away (sticky bit).
int32_t may_add_name(const Inode& directory, const Credentials& who);
int32_t may_remove_name(const Inode& directory, const Inode& child, const Credentials& who);
// 0 or -EPERM: to change mode, owner or times as the owner does.
int32_t may_own(const Inode& inode, const Credentials& who);

}  // namespace reference
