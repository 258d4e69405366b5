// The part of a body that the dialects share: mds_body and mdt_body agree but for the identities.
#pragma once

#include <cstdint>

#include "protocol/mds.h"
#include "reference/mds_operations.h"

namespace reference {

// Fills in everything but fids, io epoch, inode number and generation.
template <class Body>
void put_attributes(Body& body, const FileReply& reply) {
  using namespace protocol::mds;
  body.valid = reply.valid;
  body.handle.cookie = reply.handle;
  if (const Inode* inode = reply.inode) {
    body.valid |= valid::kCtime | valid::kAtime | valid::kMtime | valid::kUid | valid::kGid |
                  valid::kFlags | valid::kType | valid::kMode | valid::kNlink;
    if (!inode->is_regular()) body.valid |= valid::kRdev;
    if (!inode->is_regular() || reply.size_known) {
      body.valid |= valid::kSize | valid::kBlocks;
      body.size = inode->size;
      body.blocks = inode->blocks;
    }
    if (reply.told) {
      body.valid |= valid::kSize | valid::kBlocks;
      body.size = reply.told->size;
      body.blocks = reply.told->blocks;
    }
    body.mtime = static_cast<uint64_t>(inode->mtime);
    body.atime = static_cast<uint64_t>(inode->atime);
    body.ctime = static_cast<uint64_t>(inode->ctime);
    body.mode = inode->mode;
    body.uid = inode->uid;
    body.gid = inode->gid;
    body.flags = inode->flags;
    body.rdev = inode->rdev;
    body.nlink = inode->nlink;
  }
  body.eadatasize = reply.md.empty() ? reply.md_size : static_cast<uint32_t>(reply.md.size());
  body.aclsize = static_cast<uint32_t>(reply.acl.size());
  body.max_mdsize = reply.md_size_max;
  body.max_cookiesize = reply.cookie_size_max;
}

// The handles in an early lock cancel buffer.
template <class Elc, class More>
operation::Cancels cancels_of(const Elc& elc, const More& more) {
  operation::Cancels handles;
  if (!elc) return handles;
  for (uint32_t i = 0; i < elc->lock_count; ++i) {
    if (i < elc->lock_handle.size()) {
      handles.push_back(elc->lock_handle[i].cookie);
    } else if (i - elc->lock_handle.size() < more.size()) {
      handles.push_back(more[i - elc->lock_handle.size()].cookie);
    } else {
      break;
    }
  }
  return handles;
}

}  // namespace reference
