#include "reference/mds_permission.h"

#include <cerrno>

namespace reference {

namespace {
constexpr uint32_t kSticky = 01000;
}

int32_t may_access(const Inode& inode, const Credentials& who, uint32_t how) {
  if (who.fsuid == 0) return 0;
  uint32_t granted = inode.mode;
  if (inode.uid == who.fsuid) {
    granted = inode.mode >> 6;
  } else if (who.in_group(inode.gid)) {
    granted = inode.mode >> 3;
  }
  return (granted & how) == how ? 0 : -EACCES;
}

int32_t may_add_name(const Inode& directory, const Credentials& who) {
  return may_access(directory, who, kMayWrite | kMayExecute);
}

int32_t may_remove_name(const Inode& directory, const Inode& child, const Credentials& who) {
  if (const int32_t status = may_add_name(directory, who); status != 0) return status;
  const bool restricted = (directory.mode & kSticky) != 0;
  if (restricted && who.fsuid != 0 && who.fsuid != child.uid && who.fsuid != directory.uid) {
    return -EPERM;
  }
  return 0;
}

int32_t may_own(const Inode& inode, const Credentials& who) {
  return who.fsuid == 0 || who.fsuid == inode.uid ? 0 : -EPERM;
}

}  // namespace reference
